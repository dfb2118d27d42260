"""The writer's and the reader's port: dialogues between people and a public account, and the inbox of it."""

from dataclasses import dataclass

import pytest

from protocol.accounts import Answered
from protocol.entries import Entry, Kind, Side, Standing, TopicKind
from protocol.ids import Cid, PersonId, Seq, TopicId, new_cid, new_id, new_public_topic_id
from server.store.base import Failed, PostedBefore
from server.store.dialogue_writes import ANSWER_MS, NotFollowing, Speak, TooLate
from server.store.doctor import findings
from server.store.follow_writes import DropFollow, PutFollow
from server.store.private_doctor import PRIVATE_INVARIANTS
from server.store.public_writes import AnyOutcome, AnyWrite
from server.store.writes import Conflict, Draft, Exists, Founding, Post, Posted, Repeated, Stale
from server.topics import Stand
from tests.contracts.desk import NOON, Desk, bodies, draft, seat

ANY_BYTES = 1 << 20


@dataclass
class Hall:
    """An account with a follower, `ann`, whose operators are `ed` and `eva`."""

    desk: Desk
    account: TopicId
    ann: PersonId
    ed: PersonId
    eva: PersonId

    def do(self, write: AnyWrite) -> AnyOutcome | Failed:
        (outcome,) = self.desk.store.writer().commit([write])
        return outcome

    def follow(self, person: PersonId) -> None:
        self.do(PutFollow(person=person, account=self.account, tag=None, muted=None, at=NOON, most=10))

    def found(self, person: PersonId, text: str = "hello", *, at: int = NOON) -> Posted:
        outcome = self.do(self.founding(person, at_time(draft(person, text), at)))
        assert isinstance(outcome, Posted), outcome
        return outcome

    def founding(self, person: PersonId, what: Draft) -> Speak:
        founding = Founding(kind=TopicKind.DIALOGUE, side=Side.PRIVATE, peers=in_order(person, PersonId(self.account)))
        post = Post(topic=TopicId(new_id()), generation=0, draft=what, changes=(seat(person),), founding=founding)
        return Speak(post=post, account=self.account, person=person)

    def says(self, topic: TopicId, person: PersonId, what: Draft, *, by: PersonId | None = None) -> Speak:
        post = Post(topic=topic, generation=self.desk.generation(topic), draft=what)
        return Speak(post=post, account=self.account, person=person, by=by)

    def ask(self, topic: TopicId, person: PersonId, text: str = "and?", *, at: int = NOON) -> AnyOutcome | Failed:
        return self.do(self.says(topic, person, at_time(draft(person, text), at)))

    def answer(
        self, topic: TopicId, person: PersonId, by: PersonId, *, at: int = NOON, cid: Cid | None = None
    ) -> AnyOutcome | Failed:
        what = at_time(draft(PersonId(self.account), "an answer", cid=cid), at)
        return self.do(self.says(topic, person, what, by=by))

    def inbox(self, *, offset: int = 0, slice_bytes: int = ANY_BYTES) -> tuple[list[PersonId], bool]:
        reply = self.desk.read.inbox(self.account, offset=offset, slice_bytes=slice_bytes)
        return [dialogue.person for dialogue in reply.dialogues], reply.complete

    def dialogue(self, topic: TopicId, before: int | None = None, limit: int = 50) -> tuple[Entry, ...]:
        seq = None if before is None else Seq(before)
        return self.desk.read.dialogue(topic, before=seq, limit=limit, slice_bytes=ANY_BYTES).entries


def at_time(what: Draft, at: int) -> Draft:
    return Draft(kind=what.kind, sender=what.sender, cid=what.cid, digest=what.digest, at=at, body=what.body)


def by(seq: int, person: PersonId) -> Answered:
    return Answered(seq=Seq(seq), by=person)


def in_order(one: PersonId, other: PersonId) -> tuple[PersonId, PersonId]:
    return min(one, other), max(one, other)


@pytest.fixture
def hall(private_desk: Desk) -> Hall:
    ann, ed, eva = (private_desk.person(handle) for handle in ("ann", "ed", "eva"))
    hall = Hall(private_desk, new_public_topic_id(), ann, ed, eva)
    hall.follow(ann)
    return hall


def topic_of(outcome: AnyOutcome | Failed) -> TopicId:
    assert isinstance(outcome, Posted), outcome
    return outcome.post.topic


# The dialogue.


def test_the_first_message_founds_a_dialogue_of_which_the_person_alone_is_a_member(hall: Hall) -> None:
    topic = topic_of(hall.found(hall.ann))
    state = hall.desk.read.topic(topic)
    assert state is not None
    assert (state.kind, list(state.members)) == (TopicKind.DIALOGUE, [hall.ann])
    assert state.peers == in_order(hall.ann, PersonId(hall.account))


def test_there_is_one_dialogue_of_a_person_with_an_account(hall: Hall) -> None:
    topic = topic_of(hall.found(hall.ann))
    assert hall.do(hall.founding(hall.ann, draft(hall.ann, "again"))) == Exists(topic)
    assert hall.desk.read.chat(hall.ann, PersonId(hall.account)).topic == topic


def test_its_summary_names_the_account_and_nobody_else(hall: Hall) -> None:
    topic = topic_of(hall.found(hall.ann))
    hall.answer(topic, hall.ann, hall.ed)
    view = hall.desk.read.view(topic, hall.ann, everyone=True)
    assert view is not None
    assert (view.summary.account, view.summary.peer, view.summary.members) == (hall.account, None, None)
    assert (view.members, view.summary.unread) == ((), 2)


def test_other_summaries_name_no_account(hall: Hall) -> None:
    chat = hall.desk.chat(hall.ann, hall.ed)
    group = hall.desk.group(hall.ann)
    for topic in (chat, group):
        view = hall.desk.read.view(topic, hall.ann, everyone=False)
        assert view is not None
        assert view.summary.account is None


def test_an_answer_is_the_accounts_and_is_read_like_any_message(hall: Hall) -> None:
    topic = topic_of(hall.found(hall.ann))
    outcome = hall.answer(topic, hall.ann, hall.ed)
    assert isinstance(outcome, Posted)
    assert outcome.entry == hall.desk.log(topic, hall.ann)[-1]
    assert (str(outcome.entry.sender), outcome.entry.seq, outcome.entry.nth) == (hall.account, 2, 2)
    (piece,) = hall.desk.sync(hall.ann, {topic: Seq(1)}).slices
    assert piece.entries == (outcome.entry,)


def test_only_who_follows_the_account_writes_to_it(hall: Hall) -> None:
    assert hall.do(hall.founding(hall.eva, draft(hall.eva))) == NotFollowing()
    assert hall.desk.read.chat(hall.eva, PersonId(hall.account)).topic is None
    topic = topic_of(hall.found(hall.ann))
    hall.do(DropFollow(person=hall.ann, account=hall.account))
    assert hall.ask(topic, hall.ann) == NotFollowing()
    assert hall.desk.head(topic) == 1
    hall.follow(hall.ann)
    assert isinstance(hall.ask(topic, hall.ann), Posted)


def test_an_account_answers_who_does_not_follow_it_any_more(hall: Hall) -> None:
    topic = topic_of(hall.found(hall.ann))
    hall.do(DropFollow(person=hall.ann, account=hall.account))
    assert isinstance(hall.answer(topic, hall.ann, hall.ed), Posted)


def test_an_account_answers_until_the_last_moment_and_not_after_it(hall: Hall) -> None:
    topic = topic_of(hall.found(hall.ann))
    assert isinstance(hall.answer(topic, hall.ann, hall.ed, at=NOON + ANSWER_MS), Posted)
    assert hall.answer(topic, hall.ann, hall.ed, at=NOON + ANSWER_MS + 1) == TooLate()
    assert hall.desk.head(topic) == 2


def test_a_message_begins_the_time_anew_and_an_edit_of_one_does_not(hall: Hall) -> None:
    topic = topic_of(hall.found(hall.ann))
    edit = at_time(draft(hall.ann, "better", Kind.EDIT), NOON + ANSWER_MS)
    hall.do(hall.says(topic, hall.ann, Draft(**{name: getattr(edit, name) for name in FIELDS}, target=Seq(1))))
    assert hall.answer(topic, hall.ann, hall.ed, at=NOON + ANSWER_MS + 1) == TooLate()
    hall.ask(topic, hall.ann, at=NOON + ANSWER_MS + 1)
    assert isinstance(hall.answer(topic, hall.ann, hall.ed, at=NOON + 2 * ANSWER_MS + 1), Posted)


FIELDS = ("kind", "sender", "cid", "digest", "at", "body")


def test_nobody_is_answered_who_never_wrote(hall: Hall) -> None:
    topic = topic_of(hall.found(hall.ann))
    assert hall.answer(topic, hall.eva, hall.ed) == TooLate()


def test_repeats_conflicts_and_stale_decisions_come_back_as_of_any_post(hall: Hall) -> None:
    topic = topic_of(hall.found(hall.ann))
    question = hall.says(topic, hall.ann, draft(hall.ann, "and?"))
    posted = hall.do(question)
    assert isinstance(posted, Posted)
    assert hall.do(question) == Repeated(posted.entry or Entry(topic=topic, seq=Seq(0)))
    assert question.post.draft is not None
    other = hall.says(topic, hall.ann, draft(hall.ann, "something else", cid=question.post.draft.cid))
    assert hall.do(other) == Conflict()
    later = hall.says(topic, hall.ann, draft(hall.ann, "late"))
    hall.desk.post(topic, None, Stand(person=hall.ann, standing=Standing.MEMBER, start=Seq(2)))
    assert hall.do(later) == Stale()


def test_a_repeat_says_nothing_new_in_the_inbox(hall: Hall) -> None:
    topic = topic_of(hall.found(hall.ann))
    question = hall.says(topic, hall.ann, draft(hall.ann, "and?"))
    hall.do(question)
    hall.answer(topic, hall.ann, hall.ed)
    hall.do(question)
    (dialogue,) = hall.desk.read.inbox(hall.account, offset=0, slice_bytes=ANY_BYTES).dialogues
    assert not dialogue.waiting


# The inbox.


def test_the_inbox_shows_who_writes_what_was_said_last_and_until_when_to_answer(hall: Hall) -> None:
    topic = topic_of(hall.found(hall.ann, "soup?"))
    (dialogue,) = hall.desk.read.inbox(hall.account, offset=0, slice_bytes=ANY_BYTES).dialogues
    assert (dialogue.dialogue, dialogue.person, dialogue.handle) == (topic, hall.ann, "ann")
    assert (dialogue.answer_until, dialogue.waiting) == (NOON + ANSWER_MS, True)
    assert dialogue.last == hall.desk.log(topic, hall.ann)[0]


def test_those_who_wait_longest_come_first_then_those_who_wrote_last(hall: Hall) -> None:
    people = [hall.desk.person(handle) for handle in ("p0", "p1", "p2", "p3", "p4")]
    for number, person in enumerate(people):
        hall.follow(person)
        topic = topic_of(hall.found(person, at=NOON + number))
        if number in {1, 3, 4}:
            hall.answer(topic, person, hall.ed, at=NOON + 10)
    assert hall.inbox() == ([people[0], people[2], people[4], people[3], people[1]], True)
    assert hall.inbox(offset=3) == ([people[3], people[1]], True)
    assert hall.inbox(offset=5) == ([], True)


def test_an_inbox_without_room_or_with_more_than_a_page_goes_on(hall: Hall) -> None:
    people = [hall.desk.person(f"p{number}") for number in range(52)]
    for number, person in enumerate(people):
        hall.follow(person)
        hall.found(person, at=NOON + number)
    assert hall.inbox() == (people[:50], False)
    assert hall.inbox(offset=50) == (people[50:], True)
    assert hall.inbox(slice_bytes=1) == (people[:1], False)


def test_an_empty_inbox_is_complete(hall: Hall) -> None:
    assert hall.inbox() == ([], True)


def test_an_inbox_is_of_one_account(hall: Hall) -> None:
    hall.found(hall.ann)
    other = Hall(hall.desk, new_public_topic_id(), hall.ann, hall.ed, hall.eva)
    other.follow(hall.ann)
    topic = topic_of(other.found(hall.ann))
    (dialogue,) = hall.desk.read.inbox(other.account, offset=0, slice_bytes=ANY_BYTES).dialogues
    assert dialogue.dialogue == topic


def test_pages_of_a_dialogue_say_which_operator_wrote_what(hall: Hall) -> None:
    topic = topic_of(hall.found(hall.ann, "one"))
    hall.answer(topic, hall.ann, hall.ed)
    hall.ask(topic, hall.ann, "three")
    hall.answer(topic, hall.ann, hall.eva)
    page = hall.desk.read.dialogue(topic, before=None, limit=2, slice_bytes=ANY_BYTES)
    assert (bodies(page.entries), page.complete, page.answered) == (
        ["three", "an answer"],
        False,
        (Answered(seq=Seq(4), by=hall.eva),),
    )
    page = hall.desk.read.dialogue(topic, before=Seq(3), limit=2, slice_bytes=ANY_BYTES)
    assert (bodies(page.entries), page.complete, page.answered) == (
        ["one", "an answer"],
        True,
        (Answered(seq=Seq(2), by=hall.ed),),
    )
    assert hall.dialogue(topic, before=1) == ()
    short = hall.desk.read.dialogue(topic, before=None, limit=50, slice_bytes=1)
    assert (len(short.entries), short.complete) == (1, False)


def test_what_the_person_has_cleared_from_themselves_the_operators_still_see(hall: Hall) -> None:
    topic = topic_of(hall.found(hall.ann, "one"))
    hall.desk.post(topic, None, Stand(person=hall.ann, standing=Standing.MEMBER, start=Seq(2)))
    assert hall.desk.log(topic, hall.ann) == ()
    assert bodies(hall.dialogue(topic)) == ["one"]


def test_what_the_person_has_recalled_nobody_sees(hall: Hall) -> None:
    topic = topic_of(hall.found(hall.ann, "one"))
    hall.desk.post(topic, draft(hall.ann, b"", Kind.RECALL, target=Seq(1)))
    assert bodies(hall.dialogue(topic)) == [None, None]


def test_a_cid_of_an_answer_is_found_by_the_operator_who_used_it_alone(hall: Hall) -> None:
    topic = topic_of(hall.found(hall.ann))
    cid = new_cid(NOON)
    posted = hall.answer(topic, hall.ann, hall.ed, cid=cid)
    assert isinstance(posted, Posted)
    assert posted.entry is not None
    assert posted.post.draft is not None
    found = PostedBefore(entry=posted.entry, digest=posted.post.draft.digest)
    assert hall.desk.read.answered(hall.account, hall.ed, cid) == found
    assert hall.desk.read.answered(hall.account, hall.eva, cid) is None
    assert hall.desk.read.answered(new_public_topic_id(), hall.ed, cid) is None


# The doctor.


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        ("UPDATE dialogues SET person = 'somebody'", "is not between these two"),
        ("DELETE FROM dialogues", "in no account's inbox"),
        ("UPDATE entries SET sender = 'somebody' WHERE seq = 2", "is not the account's"),
        ("DELETE FROM answers", "but no operator's"),
    ],
)
def test_the_doctor_finds_an_inbox_that_does_not_fit_its_dialogues(hall: Hall, damage: str, sentence: str) -> None:
    hall.answer(topic_of(hall.found(hall.ann)), hall.ann, hall.ed)
    connection = hall.desk.store.writer()._connection  # type: ignore[attr-defined]
    assert list(findings(connection, *PRIVATE_INVARIANTS)) == []
    connection.execute("COMMIT")
    connection.execute(damage)
    assert any(sentence in finding for finding in findings(connection, *PRIVATE_INVARIANTS))
