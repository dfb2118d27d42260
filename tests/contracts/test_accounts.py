"""Public accounts at the store's counter: applications, review, operators, approvals, and what is read of them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace as changed

from compliance.pack import HOUR_MS
from compliance.rights import Approval
from protocol.account_states import AccountState, ActKind
from protocol.accounts import Application
from protocol.decisions import DecisionKind
from protocol.entries import Role, Side, Standing, TopicKind
from protocol.ids import Cid, PersonId, TopicId, new_cid, new_id, new_public_topic_id
from protocol.staff import ReviewAct, StaffRole
from server.store import account_writes as writes
from server.store import public_writes
from server.store.base import Failed
from server.store.sqlite import PublicSqliteStore
from server.store.writes import Conflict, Done, Posted, Stale, Taken, TargetGone, TooMany
from tests.contracts.desk import NOON, digest
from tests.support.inline import bench_under_test

BENCH = bench_under_test()
PAPER = Approval(issuer="the authority", reference="No. 7", issued_on=date(2027, 1, 1))


class Counter:
    """The public store with its writer and one reader, an officer on duty, and somebody who has signed all there is."""

    def __init__(self, store: PublicSqliteStore) -> None:
        self.store, self.read = store, store.reader()
        self.do(public_writes.AddStaff(code="K7", role=StaffRole.REVIEWER, digest=digest("k"), at=NOON))
        self.ann = self.person()

    def commit(self, *asked: public_writes.AnyWrite) -> list[Any]:
        return self.store.writer().commit(asked)

    def do(self, write: public_writes.AnyWrite) -> Any:
        (outcome,) = self.commit(write)
        return outcome

    def person(self) -> PersonId:
        person = PersonId(new_id())
        agreement = BENCH.to_sign or bytes(32)
        self.do(public_writes.SignAgreement(person=person, digest=agreement, version="1.0", at=NOON))
        return person

    def application(
        self, name: str = "The Lane", *, topic: TopicId | None = None, cid: Cid | None = None, **more: Any
    ) -> writes.Apply:
        said = Application(
            body="person", subject="Ann", name=name, category="society", scope="The lane.", operator="Ann"
        )
        fields: dict[str, Any] = {"owner": self.ann, "most": 5, "at": NOON} | more
        return writes.Apply(
            topic=topic or new_public_topic_id(),
            new=topic is None,
            cid=cid or new_cid(NOON),
            digest=digest(name),
            application=said,
            bench=BENCH,
            **fields,
        )

    def submission(self, topic: TopicId, *, owner: PersonId | None = None, at: int = NOON) -> writes.SubmitApplication:
        whose = owner or self.ann
        return writes.SubmitApplication(topic=topic, owner=whose, handle=whose, skeleton=whose, at=at, bench=BENCH)

    def submitted(self, name: str = "The Lane", **more: Any) -> TopicId:
        write = self.application(name, **more)
        outcomes = self.commit(write, self.submission(write.topic, owner=write.owner))
        assert all(isinstance(outcome, writes.Applied) for outcome in outcomes)
        return write.topic

    def review(self, topic: TopicId, act: ReviewAct, *, officer: str = "K7") -> writes.Review:
        ground, facts = ("spam", "Twice.") if act is ReviewAct.REFUSE else ("", "")
        return writes.Review(
            topic=topic, act=act, officer=officer, ground=ground, facts=facts, at=NOON + 1, bench=BENCH
        )

    def approved(self, name: str = "The Lane") -> TopicId:
        topic = self.submitted(name)
        assert isinstance(self.do(self.review(topic, ReviewAct.APPROVE)), writes.Reviewed)
        return topic

    def operator(
        self, topic: TopicId, person: PersonId, role: Role | None = Role.EDITOR, *, generation: int | None = None
    ) -> writes.SetOperator:
        state = self.read.topic(topic)
        assert state is not None
        return writes.SetOperator(
            topic=topic,
            generation=state.generation if generation is None else generation,
            by=self.ann,
            person=person,
            role=role,
            handle="" if role is None else person,
            skeleton="" if role is None else person,
            at=NOON + 2,
        )


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


# Applying.


def test_a_batch_sees_the_applications_before_in_it(counter: Counter) -> None:
    write = counter.application()
    again = counter.application(cid=write.cid)
    other = counter.application("Other", cid=write.cid)
    applied, repeated, conflict = counter.commit(write, again, other)
    assert applied == repeated
    assert repeated.account.topic == write.topic
    assert isinstance(conflict, Conflict)


def test_at_most_so_many_are_applied_for(counter: Counter) -> None:
    outcomes = counter.commit(*(counter.application(str(number), most=2) for number in range(3)))
    assert [type(outcome) for outcome in outcomes] == [writes.Applied, writes.Applied, TooMany]


def test_one_cid_of_two_people_is_two_things(counter: Counter) -> None:
    cid = new_cid(NOON)
    outcomes = counter.commit(counter.application(cid=cid), counter.application(cid=cid, owner=counter.person()))
    assert all(isinstance(outcome, writes.Applied) for outcome in outcomes)


def test_a_draft_is_replaced_by_its_owner(counter: Counter) -> None:
    write = counter.application()
    counter.do(write)
    assert counter.do(counter.application("New", topic=write.topic)).account.name == "New"
    stranger = counter.application("Theirs", topic=write.topic, owner=counter.person())
    assert isinstance(counter.do(stranger), writes.NoSuchAccount)
    assert isinstance(counter.do(counter.application("X", topic=new_public_topic_id())), writes.NoSuchAccount)


def test_it_is_due_as_the_pack_says_from_when_it_is_submitted(counter: Counter) -> None:
    write = counter.application()
    counter.do(write)
    submitted = counter.do(counter.submission(write.topic, at=NOON + 5)).account
    assert submitted.due == NOON + 5 + BENCH.pack.accounts.review_h * HOUR_MS
    assert counter.do(counter.submission(write.topic, at=NOON + 9)).account == submitted


def test_what_is_taken_back_is_due_no_more(counter: Counter) -> None:
    topic = counter.submitted()
    take = writes.TakeApplicationBack(topic=topic, owner=counter.ann, at=NOON, bench=BENCH)
    assert counter.do(take).account.state is AccountState.DRAFT
    assert counter.read.queue(10).items == ()
    assert isinstance(counter.do(changed(take, owner=counter.person())), writes.NoSuchAccount)


# Review.


def test_an_approval_its_decision_and_the_account_are_one_commit(counter: Counter) -> None:
    topic = counter.submitted()
    outcome = counter.do(counter.review(topic, ReviewAct.APPROVE))
    (posted,) = outcome.posted
    assert posted.standings[counter.ann].role is Role.OWNER
    state = counter.read.topic(topic)
    assert state is not None
    assert (state.kind, state.side, state.head) == (TopicKind.ACCOUNT, Side.PUBLIC, 0)
    assert [member.standing for member in state.members.values()] == [Standing.MEMBER]
    shown = counter.read.application(topic)
    assert shown is not None
    assert shown == outcome.application
    assert [decision.kind for decision in shown.decisions] == [DecisionKind.APPROVE]
    assert outcome.account.decision == shown.decisions[-1]


def test_of_two_with_one_name_in_a_batch_the_first_has_it(counter: Counter) -> None:
    topics = [counter.submitted("The Lane"), counter.submitted("the lane")]
    first, second = counter.commit(*(counter.review(topic, ReviewAct.APPROVE) for topic in topics))
    assert isinstance(first, writes.Reviewed)
    assert isinstance(second, writes.NameTaken)


def test_that_an_officer_is_on_duty_is_asked_in_the_transaction_itself(counter: Counter) -> None:
    topic = counter.submitted()
    leaves = counter.read.audit(0)
    gone = public_writes.RemoveStaff(code="K7", at=NOON)
    _, outcome = counter.commit(gone, counter.review(topic, ReviewAct.APPROVE))
    assert isinstance(outcome, public_writes.OffDuty)
    assert isinstance(counter.do(counter.review(topic, ReviewAct.APPROVE, officer="X")), public_writes.OffDuty)
    after = counter.read.audit(0)
    assert leaves is not None
    assert after is not None
    assert after.size == leaves.size + 1  # That somebody left.


def test_what_does_not_exist_is_not_reviewed(counter: Counter) -> None:
    draft = counter.application()
    counter.do(draft)
    for topic in (new_public_topic_id(), draft.topic):
        assert isinstance(counter.do(counter.review(topic, ReviewAct.APPROVE)), writes.NoSuchAccount)
        assert counter.read.application(topic) is None


def test_a_review_that_raises_leaves_no_trace_and_its_neighbours_stand(counter: Counter) -> None:
    topics = [counter.submitted("One"), counter.submitted("Two")]
    bad = changed(counter.review(topics[0], ReviewAct.REFUSE), ground="nonsense")
    failed, fine = counter.commit(bad, counter.review(topics[1], ReviewAct.REFUSE))
    assert isinstance(failed, Failed)
    assert isinstance(fine, writes.Reviewed)
    shown = counter.read.application(topics[0])
    assert shown is not None
    assert (shown.state, shown.decisions) == (AccountState.SUBMITTED, ())


# Operators.


def test_an_operator_comes_with_the_record_of_it(counter: Counter) -> None:
    topic, ben = counter.approved(), counter.person()
    outcome = counter.do(counter.operator(topic, ben))
    assert isinstance(outcome, Posted)
    assert outcome.acted
    assert (outcome.acted.act.act, outcome.acted.act.person, outcome.acted.others) == (ActKind.MADE_EDITOR, ben, (ben,))
    assert [(each.person, each.role) for each in counter.read.operators(topic)] == [
        (counter.ann, Role.OWNER),
        (ben, Role.EDITOR),
    ]
    assert counter.read.acts(topic, before=None, limit=5).acts == (outcome.acted.act,)


def test_what_was_decided_for_an_older_generation_is_stale_and_leaves_no_record(counter: Counter) -> None:
    topic = counter.approved()
    write = counter.operator(topic, counter.person(), generation=0)
    assert isinstance(counter.do(write), Stale)
    assert counter.read.acts(topic, before=None, limit=5).acts == ()


def test_who_goes_has_no_seat_any_more(counter: Counter) -> None:
    topic, ben = counter.approved(), counter.person()
    counter.do(counter.operator(topic, ben))
    gone = counter.do(counter.operator(topic, ben, None))
    assert gone.standings == {ben: None}
    assert gone.acted.others == ()
    assert len(counter.read.operators(topic)) == 1


def test_acts_come_by_pages(counter: Counter) -> None:
    topic, ben = counter.approved(), counter.person()
    for role in (Role.EDITOR, Role.ANALYST, Role.EDITOR):
        counter.do(counter.operator(topic, ben, role))
    first = counter.read.acts(topic, before=None, limit=2)
    rest = counter.read.acts(topic, before=first.acts[-1].number, limit=2)
    assert (len(first.acts), first.complete, len(rest.acts), rest.complete) == (2, False, 1, True)
    numbers = [act.number for act in first.acts + rest.acts]
    assert numbers == sorted(numbers, reverse=True)


def test_ones_own_accounts_are_those_one_owns_and_those_one_runs(counter: Counter) -> None:
    topic, ben = counter.approved(), counter.person()
    counter.do(counter.operator(topic, ben, Role.ANALYST))
    draft = counter.application("Ben's", owner=ben, at=NOON + 1)
    counter.do(draft)
    own = counter.read.own_accounts(ben, at=NOON, bench=BENCH)
    assert [(account.topic, account.role) for account in own] == [(topic, Role.ANALYST), (draft.topic, Role.OWNER)]
    assert [account.application is not None for account in own] == [False, True]
    assert counter.read.own_accounts(counter.person(), at=NOON, bench=BENCH) == ()


# Approvals of the authority.


def test_an_approval_is_on_record_once_and_ends_once(counter: Counter) -> None:
    topic = counter.approved()
    add = writes.AddApproval(topic=topic, approval=PAPER, at=NOON)
    recorded, taken = counter.commit(add, add)
    assert isinstance(recorded, writes.Recorded)
    assert isinstance(taken, Taken)
    end = writes.EndApproval(number=recorded.number, at=NOON + 1)
    assert [type(outcome) for outcome in counter.commit(end, end)] == [Done, TargetGone]
    (found,) = counter.read.approvals(topic)
    assert (found.number, found.account, found.approval) == (recorded.number, topic, PAPER)
    assert (found.added_at, found.ended_at) == (NOON, NOON + 1)


def test_approvals_are_read_of_one_account_or_of_all(counter: Counter) -> None:
    topics = [counter.approved("One"), counter.approved("Two")]
    for topic in topics:
        counter.do(writes.AddApproval(topic=topic, approval=replace(PAPER, item=bytes(32)), at=NOON))
    assert [found.account for found in counter.read.approvals(None)] == topics
    assert [found.account for found in counter.read.approvals(topics[1])] == topics[1:]


def test_of_nothing_there_is_no_approval(counter: Counter) -> None:
    write = writes.AddApproval(topic=new_public_topic_id(), approval=PAPER, at=NOON)
    assert isinstance(counter.do(write), writes.NoSuchAccount)
    assert counter.read.approvals(None) == ()
