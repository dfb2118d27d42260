"""What only the public store writes and reads: submissions, signatures, staff, arrivals, the audit log."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from compliance.leaves import configuration
from compliance.ruling import Grounds, Holds, Publishes, Rejects, Unavailable
from compliance.tree import verify_consistency
from protocol.decisions import SubmissionState
from protocol.entries import Admission, Kind, Openness, Role, Side, Standing, TopicKind
from protocol.ids import Cid, PersonId, Seq, SubmissionId, TopicId, new_cid, new_id, new_public_topic_id
from protocol.publications import Content, Surface
from protocol.staff import OfficerAct, StaffRole
from server.store import public_writes as writes
from server.store.base import Failed
from server.store.public_reading import SqlitePublicReader
from server.store.sqlite import PublicSqliteStore, SqliteStore
from server.store.writes import Conflict, Done, Draft, Founding, Post, Posted, Taken, TargetGone
from server.topics import SetOpenness, Stand
from tests.contracts.desk import NOON, digest
from tests.support.inline import bench_under_test

BENCH = bench_under_test()
PLENTY = 1 << 20
WHY = Grounds(ground="spam", facts="Twice.", by="hook terms 1")


class Counter:
    """The public store with its writer and one reader, a group in it, and its owner, who has signed what there is."""

    def __init__(self, store: PublicSqliteStore) -> None:
        self.store, self.read = store, store.reader()
        self.ann = self.person("ann")
        self.topic = self.group(self.ann)

    def commit(self, *asked: writes.AnyWrite) -> list[Any]:
        return self.store.writer().commit(asked)

    def do(self, write: writes.AnyWrite) -> Any:
        (outcome,) = self.commit(write)
        return outcome

    def person(self, handle: str) -> PersonId:
        person = PersonId(new_id())
        self.do(writes.Introduce(person=person, handle=handle, skeleton=handle, at=NOON))
        if BENCH.agreement is not None:
            self.sign(person)
        return person

    def sign(self, person: PersonId, agreement: bytes | None = None, *, at: int = NOON) -> Any:
        if agreement is None:
            agreement = BENCH.agreement.digest if BENCH.agreement else bytes(32)
        return self.do(writes.SignAgreement(person=person, digest=agreement, version="1.0", at=at))

    def group(self, owner: PersonId, **openness: Any) -> TopicId:
        topic = new_public_topic_id()
        opened = SetOpenness(openness=Openness(**{"admission": Admission.OPEN} | openness))
        founded = Draft(kind=Kind.FOUNDED, sender=owner, cid=new_cid(NOON), digest=digest("f"), at=NOON)
        post = Post(
            topic=topic,
            generation=0,
            draft=founded,
            changes=(opened, Stand(person=owner, standing=Standing.MEMBER, role=Role.OWNER)),
            founding=Founding(kind=TopicKind.GROUP, side=Side.PUBLIC),
        )
        assert isinstance(self.do(post), Posted)
        return topic

    def comes(self, person: PersonId, *, topic: TopicId | None = None) -> None:
        topic = topic or self.topic
        state = self.read.topic(topic)
        assert state is not None
        stand = Stand(person=person, standing=Standing.MEMBER, unannounced=True)
        assert isinstance(self.do(Post(topic=topic, generation=state.generation, draft=None, changes=(stand,))), Posted)

    def submission(self, text: str = "hello", *, cid: Cid | None = None, **more: Any) -> writes.Submit:
        fields = {"surface": Surface.GROUP_MESSAGE, "topic": self.topic, "reply_to": None, "target": None, "base": None}
        return writes.Submit(
            submission=SubmissionId(new_id()),
            author=self.ann,
            handle="ann",
            skeleton="ann",
            cid=cid or new_cid(NOON),
            digest=digest(text),
            content=Content(text=text),
            at=NOON,
            bench=BENCH,
            **fields | more,
        )

    def submitted(self, text: str = "hello") -> SubmissionId:
        write = self.submission(text)
        assert isinstance(self.do(write), writes.Accepted)
        return write.submission

    def concluded(self, submission: SubmissionId, ruling: Any, *, at: int = NOON) -> Any:
        outcome = self.do(writes.Conclude((conclusion(submission, ruling, at=at),)))
        return outcome.outcomes[0] if isinstance(outcome, writes.Conclusions) else outcome

    def published(self, text: str = "hello") -> SubmissionId:
        submission = self.submitted(text)
        assert self.concluded(submission, Publishes(labels=())).submission.state is SubmissionState.PUBLISHED
        return submission

    def held(self, text: str = "hello", *, until: int = NOON + 1000) -> SubmissionId:
        submission = self.submitted(text)
        self.concluded(submission, Holds(why=WHY, length_ms=until - NOON, labels=()))
        return submission


def conclusion(submission: SubmissionId, ruling: Any, *, at: int = NOON) -> writes.Conclusion:
    return writes.Conclusion(submission=submission, version=1, ruling=ruling, answers=(), at=at, bench=BENCH)


@pytest.fixture(params=["on disk", "in memory"])
def counter(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Counter]:
    store = (
        PublicSqliteStore.open(tmp_path, Side.PUBLIC)
        if request.param == "on disk"
        else PublicSqliteStore.in_memory(Side.PUBLIC)
    )
    counter = Counter(store)
    yield counter
    counter.read.close()
    store.close()


# Submissions.


def waiting(counter: Counter) -> list[writes.Case]:
    cases, unreadable = counter.read.waiting()
    assert unreadable == ()
    return list(cases)


def test_what_is_submitted_waits_and_is_read_in_order(counter: Counter) -> None:
    submitted = [counter.submitted(text) for text in ("one", "two")]
    assert [case.submission for case in waiting(counter)] == submitted
    assert [case.content.text for case in waiting(counter)] == ["one", "two"]
    assert all((case.version, case.previous, case.topic) == (1, None, counter.topic) for case in waiting(counter))


def test_a_batch_sees_the_submissions_before_in_it(counter: Counter) -> None:
    write = counter.submission()
    again = counter.submission(cid=write.cid)
    other = counter.submission("other", cid=write.cid)
    accepted, repeated, conflict = counter.commit(write, again, other)
    assert isinstance(accepted, writes.Accepted)
    assert isinstance(repeated, writes.Resubmitted)
    assert repeated.submission.submission == write.submission
    assert conflict == Conflict()
    assert len(waiting(counter)) == 1


def test_a_conclusion_and_its_entry_are_one_commit(counter: Counter) -> None:
    submission = counter.submitted()
    outcome = counter.concluded(submission, Publishes(labels=("satire",), labelled_by="terms"))
    (posted,) = outcome.posted
    assert (outcome.submission.seq, posted.entry.seq) == (2, 2)
    assert outcome.author == counter.ann
    assert [decision.kind for decision in outcome.decisions] == ["label"]
    assert waiting(counter) == []
    before = counter.read.submitted(counter.ann, outcome.submission.cid)
    assert before is not None
    assert before.submission == outcome.submission


def test_a_conclusion_that_raises_leaves_no_trace_and_its_neighbours_stand(counter: Counter) -> None:
    one, two = counter.submitted("one"), counter.submitted("two")
    leaves = counter.read.audit(0)
    nowhere = Rejects(why=Grounds(ground="no such ground", facts="x", by="hook x 1"))
    broken = writes.Conclude((conclusion(one, nowhere),))
    sound = writes.Conclude((conclusion(two, Publishes(labels=())),))
    failed, concluded = counter.commit(broken, sound)
    assert isinstance(failed, Failed)
    assert isinstance(concluded, writes.Conclusions)
    assert [case.submission for case in waiting(counter)] == [one]
    after = counter.read.audit(0)
    assert leaves is not None
    assert after is not None
    assert after.size == leaves.size + 1


def test_a_run_is_concluded_in_order(counter: Counter) -> None:
    run = tuple(conclusion(counter.submitted(text), Publishes(labels=())) for text in ("one", "two", "three"))
    outcome = counter.do(writes.Conclude(run))
    assert [concluded.submission.content.text for concluded in outcome.outcomes] == ["one", "two", "three"]
    assert [concluded.submission.seq for concluded in outcome.outcomes] == [2, 3, 4]
    assert waiting(counter) == []


def test_of_a_run_in_which_one_raises_nothing_is_left_and_its_neighbours_stand(counter: Counter) -> None:
    before, one, two, three, after = (counter.submitted(text) for text in ("before", "one", "two", "three", "after"))
    before_them = counter.read.audit(0)
    publishes = Publishes(labels=())
    nowhere = Rejects(why=Grounds(ground="no such ground", facts="x", by="hook x 1"))
    run = (conclusion(one, publishes), conclusion(two, nowhere), conclusion(three, publishes))
    outcomes = counter.commit(
        writes.Conclude((conclusion(before, publishes),)),
        writes.Conclude(run),
        writes.Conclude((conclusion(after, publishes),)),
    )
    assert isinstance(outcomes[1], Failed)
    assert [outcomes[which].outcomes[0].submission.seq for which in (0, 2)] == [2, 3]
    assert [case.submission for case in waiting(counter)] == [one, two, three]
    audit = counter.read.audit(0)
    assert audit is not None
    assert audit.size - (before_them.size if before_them is not None else 0) == 2
    assert counter.concluded(one, publishes).submission.seq == 4


def test_what_is_unjudged_or_rejected_in_a_run_leaves_the_others_alone(counter: Counter) -> None:
    one, two, three = (counter.submission(text) for text in ("one", "two", "three"))
    counter.commit(one, two, three)
    rulings = (Unavailable(2000), Rejects(why=WHY), Publishes(labels=()))
    submitted = zip((one, two, three), rulings, strict=True)
    outcome = counter.do(writes.Conclude(tuple(conclusion(write.submission, ruling) for write, ruling in submitted)))
    unjudged, rejected, published = outcome.outcomes
    assert unjudged == writes.Unjudged(2000)
    assert rejected.submission.state is SubmissionState.REJECTED
    assert (published.submission.state, published.submission.seq) == (SubmissionState.PUBLISHED, 2)
    assert counter.read.submitted(counter.ann, one.cid) is None


def test_what_is_held_counts_for_what_comes_behind_it_in_the_same_run(counter: Counter) -> None:
    most = BENCH.pack.holds.per_author
    for _ in range(most - 1):
        counter.held()
    holds = Holds(why=WHY, length_ms=1000, labels=())
    last, over = counter.submitted("the last"), counter.submitted("one too many")
    held, refused = counter.do(writes.Conclude((conclusion(last, holds), conclusion(over, holds)))).outcomes
    assert held.submission.state is SubmissionState.HELD
    assert refused == writes.TooManyHeld(most)


def test_what_is_dropped_is_as_if_it_had_never_been_submitted(counter: Counter) -> None:
    write = counter.submission()
    counter.do(write)
    assert counter.concluded(write.submission, Unavailable(2000)) == writes.Unjudged(2000)
    assert counter.read.submitted(counter.ann, write.cid) is None
    assert isinstance(counter.do(counter.submission(cid=write.cid)), writes.Accepted)


def test_of_nobody_nothing_is_concluded(counter: Counter) -> None:
    outcome = counter.concluded(SubmissionId(new_id()), Publishes(labels=()))
    assert isinstance(outcome, Failed)


def test_holds_that_are_over_are_due_the_oldest_first(counter: Counter) -> None:
    late, early = counter.held("late", until=NOON + 2000), counter.held("early", until=NOON + 1000)
    assert counter.read.due(NOON + 999) == ()
    assert counter.read.due(NOON + 1000) == (early,)
    assert counter.read.due(NOON + 2000) == (early, late)


def test_ones_own_come_by_pages_and_nobody_elses(counter: Counter) -> None:
    submissions = [counter.published(str(number)) for number in range(3)]
    own = counter.read.own(counter.ann, before=None, limit=2, reply_bytes=PLENTY)
    assert ([said.submission for said in own.submissions], own.complete) == (submissions[:0:-1], False)
    rest = counter.read.own(counter.ann, before=own.submissions[-1].submission, limit=2, reply_bytes=PLENTY)
    assert ([said.submission for said in rest.submissions], rest.complete) == (submissions[:1], True)
    assert counter.read.own(PersonId(new_id()), before=None, limit=9, reply_bytes=PLENTY).submissions == ()


def test_a_receipt_is_its_authors(counter: Counter) -> None:
    submission = counter.published()
    mine = counter.read.receipt(counter.ann, submission)
    assert mine is not None
    assert len(mine.verdicts) == 1
    assert counter.read.receipt(PersonId(new_id()), submission) is None


def test_an_item_is_found_by_its_entry(counter: Counter) -> None:
    submission = counter.published()
    found = counter.read.item(None, topic=counter.topic, seq=Seq(2))
    assert found is not None
    assert found.submission.submission == submission
    assert counter.read.item(None, topic=counter.topic, seq=Seq(1)) is None
    assert counter.read.item(SubmissionId(new_id())) is None
    assert counter.read.item(None) is None


def test_a_target_is_there_with_its_version_until_it_is_gone(counter: Counter) -> None:
    counter.published()
    found = counter.read.target(counter.topic, Seq(2))
    assert found is not None
    assert (found.author, found.kind, found.version) == (counter.ann, Kind.MESSAGE, 1)
    assert counter.read.target(counter.topic, Seq(9)) is None


# Signatures.


def test_the_last_signature_counts_but_one_to_the_agreement_in_force_always_does(counter: Counter) -> None:
    bo = PersonId(new_id())
    assert counter.read.signed_by(bo, b"1" * 32) is None
    counter.sign(bo, b"1" * 32, at=NOON)
    counter.sign(bo, b"2" * 32, at=NOON + 1)
    assert counter.read.signed_by(bo, b"1" * 32) == b"1" * 32
    assert counter.read.signed_by(bo, b"3" * 32) == b"2" * 32


def test_a_signature_is_one_leaf_however_often_it_is_given(counter: Counter) -> None:
    bo = PersonId(new_id())
    sizes = []
    for _ in range(2):
        counter.sign(bo, b"1" * 32)
        audit = counter.read.audit(0)
        assert audit is not None
        sizes.append(audit.size)
    assert sizes[0] == sizes[1]


def test_who_only_signs_is_not_known_by_handle(counter: Counter) -> None:
    bo = PersonId(new_id())
    counter.sign(bo, b"1" * 32)
    assert counter.read.people((), (bo,)) == ()


# Introductions.


def test_who_is_introduced_again_stays_who_they_are(counter: Counter) -> None:
    assert isinstance(counter.do(writes.Introduce(person=counter.ann, handle="other", skeleton="other", at=NOON)), Done)
    assert [person.handle for person in counter.read.people((), (counter.ann,))] == ["ann"]


# Arrivals.


def test_those_who_came_are_counted_until_it_is_said(counter: Counter) -> None:
    assert counter.read.unannounced() == ()
    for handle in ("bo", "cy"):
        counter.comes(counter.person(handle))
    assert counter.read.unannounced() == (counter.topic,)
    said = counter.do(writes.Announce(topic=counter.topic, at=NOON))
    assert isinstance(said, Posted)
    assert said.entry is not None
    assert (said.entry.kind, said.entry.count, said.entry.seq) == (Kind.JOINED, 2, 2)
    assert counter.read.unannounced() == ()
    assert counter.do(writes.Announce(topic=counter.topic, at=NOON)) == Done()


def test_who_came_sees_from_the_next_entry_on(counter: Counter) -> None:
    bo = counter.person("bo")
    counter.comes(bo)
    state = counter.read.topic(counter.topic)
    assert state is not None
    assert (state.members[bo].start, state.head) == (2, 1)


# Groups as anybody sees them.


def test_listed_groups_are_found_and_the_others_only_looked_at(counter: Counter) -> None:
    listed = counter.group(counter.ann, listed=True)
    assert [listing.topic for listing in counter.read.find("", limit=9)] == [listed]
    assert counter.read.find("nothing", limit=9) == ()
    looked_at = counter.read.listing(counter.topic)
    assert looked_at is not None
    assert (looked_at.members, looked_at.listed) == (1, False)
    assert counter.read.listing(new_public_topic_id()) is None


# Staff.


def test_a_code_is_given_out_once(counter: Counter) -> None:
    add = writes.AddStaff(code="K7", role=StaffRole.REVIEWER, digest=digest("token"), at=NOON)
    assert counter.do(add) == Done()
    assert counter.do(writes.AddStaff(code="K7", role=StaffRole.CHIEF, digest=digest("x"), at=NOON)) == Taken()
    officer = counter.read.officer("K7")
    assert officer is not None
    assert (officer.role, officer.digest) == (StaffRole.REVIEWER, digest("token"))
    assert counter.do(writes.RemoveStaff(code="K7", at=NOON + 1)) == Done()
    assert counter.read.officer("K7") is None
    assert counter.do(writes.RemoveStaff(code="K7", at=NOON + 1)) == TargetGone()
    assert counter.do(add) == Taken()
    assert counter.read.staff() == [("K7", "reviewer", NOON, NOON + 1)]


@pytest.mark.parametrize(
    ("act", "role", "may"),
    [
        (act, role, role is StaffRole.CHIEF or act in {OfficerAct.RELEASE, OfficerAct.REJECT})
        for act in OfficerAct
        for role in StaffRole
    ],
)
def test_that_an_officer_may_is_asked_in_the_transaction_itself(
    counter: Counter, act: OfficerAct, role: StaffRole, may: bool
) -> None:
    counter.do(writes.AddStaff(code="K7", role=role, digest=digest("token"), at=NOON))
    submission = counter.held() if act in {OfficerAct.RELEASE, OfficerAct.REJECT} else counter.published()
    decide = writes.Decide(
        submission=submission,
        act=act,
        officer="K7",
        ground="spam",
        facts="Twice.",
        where=(),
        at=NOON,
        bench=BENCH,
    )
    outcome = counter.do(decide)
    if not may:
        assert outcome == writes.OffDuty()
    elif act is OfficerAct.RESTORE:
        assert isinstance(outcome, writes.NotPossible)
    else:
        assert isinstance(outcome, writes.Concluded)
    counter.do(writes.RemoveStaff(code="K7", at=NOON))
    assert counter.do(decide) == writes.OffDuty()


def test_about_what_is_not_there_nothing_is_decided(counter: Counter) -> None:
    counter.do(writes.AddStaff(code="K7", role=StaffRole.CHIEF, digest=digest("token"), at=NOON))
    decide = writes.Decide(
        submission=SubmissionId(new_id()),
        act=OfficerAct.RELEASE,
        officer="K7",
        ground="spam",
        facts="x",
        where=(),
        at=NOON,
        bench=BENCH,
    )
    assert counter.do(decide) == writes.NoSuchSubmission()


# The audit log.


def test_what_is_in_force_is_recorded_when_it_is_not_what_the_last_record_says(counter: Counter) -> None:
    def recorded(what: dict[str, str], at: int) -> int:
        assert counter.do(writes.Record(leaf=configuration(at=at, what=what), once=True)) == Done()
        audit = counter.read.audit(0)
        assert audit is not None
        return audit.size

    sizes = [recorded({"pack": pack}, NOON + number) for number, pack in enumerate(("a", "a", "b", "a"))]
    assert [size - sizes[0] for size in sizes] == [0, 0, 1, 2]


def test_the_log_proves_that_it_only_grew(counter: Counter) -> None:
    counter.published("one")
    before = counter.read.audit(0)
    counter.published("two")
    assert before is not None
    after = counter.read.audit(before.size)
    assert after is not None
    assert verify_consistency(
        since=before.size, since_root=before.root, size=after.size, root=after.root, proof=after.consistency
    )
    assert counter.read.audit(after.size + 1) is None


# Whose writes these are.


def test_the_private_store_executes_nothing_of_the_public_side() -> None:
    store = SqliteStore.in_memory(Side.PRIVATE)
    write = writes.Introduce(person=PersonId(new_id()), handle="ann", skeleton="ann", at=NOON)
    (outcome,) = store.writer().commit([write])
    assert isinstance(outcome, Failed)
    assert not isinstance(store.reader(), SqlitePublicReader)
    store.close()


def test_a_reader_writes_nothing(counter: Counter) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        counter.read._connection.execute("DELETE FROM staff")
