"""The gate in motion, on its own: what it asks, in which order, and what it does when something fails under it."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest
from structlog.testing import capture_logs

from compliance.verdicts import Allow, Hold
from protocol.decisions import Submission, SubmissionState
from protocol.entries import Side
from protocol.ids import Cid, PersonId, Seq, SubmissionId, TopicId, new_cid, new_id, new_public_topic_id
from protocol.public import SubmissionPush
from protocol.publications import Content, Surface
from server.arrivals import EVERY_S, Arrivals
from server.committer import BothSides
from server.gatekeeper import FORGET_EVERY_MS, Gatekeeper
from server.outcomes import NoRoom, Tell
from server.readers import Sources
from server.store.base import Failed
from server.store.public_writes import Announce, Case, Conclude, Concluded, Dropped, Expire, Forget, Introduce
from server.store.writes import Draft, MarkRead, Post
from tests.support.adapters import HandClock
from tests.support.inline import bench_under_test
from tests.support.panel import StaffedPanel

ANN, TOPIC = PersonId("ann"), new_public_topic_id()


class Slips:
    """Commits that wait until a test says what came of them."""

    def __init__(self) -> None:
        self.writes: list[Any] = []
        self._done: list[Callable[[Any], None]] = []

    def submit(self, write: Any, done: Callable[[Any], None]) -> None:
        self.writes.append(write)
        self._done.append(done)

    def come_back(self, result: Any) -> Any:
        """Answer the oldest write with `result`; return the write."""
        write, done = self.writes.pop(0), self._done.pop(0)
        done(result)
        return write


class Shelf:
    """Reads that are answered when a test says so."""

    def __init__(self) -> None:
        self.asked: list[Callable[[Future[Any]], None]] = []

    def ask(self, query: Callable[[Any], Any], done: Callable[[Future[Any]], None]) -> None:
        self.asked.append(done)

    def give(self, found: Any) -> None:
        future: Future[Any] = Future()
        if isinstance(found, Exception):
            future.set_exception(found)
        else:
            future.set_result(found)
        self.asked.pop(0)(future)


class Gatehouse:
    """A gatekeeper with everything around it in the hands of the test."""

    def __init__(self) -> None:
        self.panel, self.slips, self.shelf, self.clock = StaffedPanel(), Slips(), Shelf(), HandClock()
        self.committed: list[Any] = []
        self.told: list[Tell] = []
        self.gatekeeper = Gatekeeper(
            panel=self.panel,
            commits=self.slips,
            reads=self.shelf,
            bench=bench_under_test(),
            clock=self.clock,
            committed=self.committed.append,
            tell=self.told.append,
        )

    def second(self) -> None:
        self.clock.pass_time(1)
        self.gatekeeper.every_second()


@pytest.fixture
def post() -> Gatehouse:
    post = Gatehouse()
    post.gatekeeper.every_second()  # The first second looks for what is due, and for what is to be forgotten.
    assert isinstance(post.slips.come_back(None), Forget)
    post.shelf.give(())
    post.committed.clear()
    return post


def case(text: str = "hello", *, topic: TopicId | None = TOPIC) -> Case:
    surface = Surface.GROUP_MESSAGE if topic else Surface.CARD
    return Case(
        submission=SubmissionId(new_id()),
        author=ANN,
        surface=surface,
        topic=topic,
        content=Content(text=text),
        version=1,
        previous=None,
    )


def concluded(state: SubmissionState = SubmissionState.PUBLISHED) -> Concluded:
    submission = Submission(
        submission=SubmissionId(new_id()), cid=new_cid(0), surface=Surface.GROUP_MESSAGE, state=state, at=0
    )
    return Concluded(submission=submission, author=ANN)


def test_what_came_of_it_is_told_to_who_asked_and_to_nobody_else(post: Gatehouse) -> None:
    came: list[Any] = []
    post.gatekeeper.judge(case(), came.append)
    result = concluded()
    assert isinstance(post.slips.come_back(result), Conclude)
    assert (came, post.committed, post.told) == ([result], [result], [])


def test_when_nobody_asked_its_author_is_told(post: Gatehouse) -> None:
    post.gatekeeper.judge(case(), None)
    result = concluded()
    post.slips.come_back(result)
    assert post.told == [Tell(persons=(ANN,), push=SubmissionPush(submission=result.submission))]


def test_only_what_has_appeared_is_learned(post: Gatehouse) -> None:
    for result in (concluded(SubmissionState.HELD), Dropped(retry_after_ms=1), concluded()):
        post.gatekeeper.judge(case(), lambda _: None)
        post.slips.come_back(result)
    assert len(post.panel.learned) == 1
    assert post.panel.learned[0] is post.panel.seen[2]


def test_every_answer_goes_with_the_conclusion(post: Gatehouse) -> None:
    post.panel.hooks = {"a": lambda _: Allow(), "b": lambda _: Hold(ground="spam", text="Perhaps.")}
    post.gatekeeper.judge(case(), None)
    (write,) = post.slips.writes
    assert [answer.hook for answer in write.answers] == ["a", "b"]
    assert write.ruling.why.ground == "spam"


def test_a_write_that_failed_is_logged_and_told_and_forgotten(post: Gatehouse) -> None:
    came: list[Any] = []
    post.gatekeeper.judge(case(), came.append)
    with capture_logs() as logs:
        post.slips.come_back(Failed("ValueError"))
    assert [(event["event"], event["error"]) for event in logs] == [("gate.failed", "ValueError")]
    assert came == [Failed("ValueError")]
    post.second()
    assert [write for write in post.slips.writes if isinstance(write, Conclude)] == []


def test_what_there_was_no_room_for_is_tried_every_second_and_asked_for_once(post: Gatehouse) -> None:
    came: list[Any] = []
    item = case()
    post.gatekeeper.judge(item, came.append)
    post.slips.come_back(NoRoom())
    assert came == [NoRoom()]
    for _ in range(2):
        post.second()
        (write,) = [write for write in post.slips.writes if isinstance(write, Conclude)]
        assert write.submission == item.submission
        post.slips.come_back(NoRoom())
    post.second()
    post.slips.come_back(concluded())
    assert len(came) == 1
    assert len(post.told) == 1
    assert len(post.panel.seen) == 1


def test_what_is_recovered_is_judged_in_order_and_nobody_is_told_but_its_author(post: Gatehouse) -> None:
    post.gatekeeper.recover()
    with capture_logs() as logs:
        post.shelf.give((case("one"), case("two")))
    assert logs == [{"event": "gate.recovered", "submissions": 2, "log_level": "info"}]
    assert [seen.content.text for seen in post.panel.seen] == ["one", "two"]
    assert len(post.slips.writes) == 2


def test_when_nothing_waited_nothing_is_said(post: Gatehouse) -> None:
    post.gatekeeper.recover()
    with capture_logs() as logs:
        post.shelf.give(())
    assert logs == []


def test_what_is_under_judgement_is_not_recovered_a_second_time(post: Gatehouse) -> None:
    post.panel.is_slow = True
    item = case()
    post.gatekeeper.recover()
    post.gatekeeper.judge(item, lambda _: None)
    post.shelf.give((item,))
    assert len(post.panel.seen) == 1


def test_one_looks_for_holds_that_are_over_once_at_a_time(post: Gatehouse) -> None:
    for _ in range(3):
        post.second()
    assert len(post.shelf.asked) == 1
    post.shelf.give(())
    post.second()
    assert len(post.shelf.asked) == 1


def test_a_hold_that_is_being_ended_is_not_ended_twice(post: Gatehouse) -> None:
    submission = SubmissionId(new_id())
    for _ in range(2):
        post.second()
        post.shelf.give((submission,))
    assert [write.submission for write in post.slips.writes if isinstance(write, Expire)] == [submission]
    post.slips.come_back(NoRoom())
    post.second()
    post.shelf.give((submission,))
    assert len([write for write in post.slips.writes if isinstance(write, Expire)]) == 1
    result = concluded()
    post.slips.come_back(result)
    assert post.told == [Tell(persons=(ANN,), push=SubmissionPush(submission=result.submission))]


def test_when_one_cannot_look_that_is_logged_and_one_looks_again(post: Gatehouse) -> None:
    post.second()
    with capture_logs() as logs:
        post.shelf.give(OSError("a path"))
    assert [(event["event"], event["error"]) for event in logs] == [("gate.failed", "OSError")]
    post.second()
    assert len(post.shelf.asked) == 1


def test_an_end_that_failed_is_logged(post: Gatehouse) -> None:
    post.second()
    post.shelf.give((SubmissionId(new_id()),))
    with capture_logs() as logs:
        post.slips.come_back(Failed("KeyError"))
    assert [event["event"] for event in logs] == ["gate.failed"]
    assert post.told == []


def test_what_is_past_its_time_is_forgotten_every_minute(post: Gatehouse) -> None:
    for _ in range(FORGET_EVERY_MS // 1000 + 1):
        post.second()
    (write,) = [write for write in post.slips.writes if isinstance(write, Forget)]
    keep_ms = int(bench_under_test().pack.holds.keep_d * 86_400_000)
    assert write.before <= post.clock.ms - keep_ms


# Those who have come.


@pytest.fixture
def arrivals() -> tuple[Arrivals, Slips, Shelf, HandClock]:
    slips, shelf, clock = Slips(), Shelf(), HandClock()
    return Arrivals(commits=slips, reads=shelf, clock=clock, committed=lambda _: None), slips, shelf, clock


def test_a_group_is_announced_once_some_time_after_the_first_who_came(
    arrivals: tuple[Arrivals, Slips, Shelf, HandClock],
) -> None:
    room, slips, _, clock = arrivals
    room.came(TOPIC)
    clock.pass_time(EVERY_S - 1)
    room.came(TOPIC)
    room.every_second()
    assert slips.writes == []
    clock.pass_time(1)
    room.every_second()
    room.every_second()
    assert slips.writes == [Announce(topic=TOPIC, at=clock.ms)]


def test_groups_that_were_not_announced_before_a_restart_are_announced_after_it(
    arrivals: tuple[Arrivals, Slips, Shelf, HandClock],
) -> None:
    room, slips, shelf, clock = arrivals
    room.recover()
    shelf.give((TOPIC,))
    clock.pass_time(EVERY_S)
    room.every_second()
    assert [write.topic for write in slips.writes] == [TOPIC]


# Two stores.


def test_every_write_goes_to_the_store_it_is_for() -> None:
    private, public = Slips(), Slips()
    both = BothSides({Side.PRIVATE: private, Side.PUBLIC: public})
    draft = Draft(kind="message", sender=ANN, cid=Cid(b""), digest=b"", at=0)  # type: ignore[arg-type]
    chat = TopicId(new_id())
    of_private = [
        Post(topic=chat, generation=0, draft=draft),
        MarkRead(topic=chat, person=ANN, seq=Seq(1)),
    ]
    of_public = [
        Post(topic=TOPIC, generation=0, draft=draft),
        MarkRead(topic=TOPIC, person=ANN, seq=Seq(1)),
        Introduce(person=ANN, handle="ann", skeleton="ann", at=0),
        Forget(before=0),
        Announce(topic=TOPIC, at=0),
    ]
    for write in (*of_private, *of_public):
        both.submit(write, lambda _: None)
    assert (private.writes, public.writes) == (of_private, of_public)


def test_each_side_is_read_from_its_own_store() -> None:
    private, public = Shelf(), Shelf()
    sources = Sources(private=private, public=public)
    assert (sources.of(Side.PRIVATE), sources.of(Side.PUBLIC)) == (private, public)
