"""The gate in motion, on its own: what it asks, in which order, and what it does when something fails under it."""

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from compliance.publication import Publication
from compliance.ruling import Holds, Publishes, Unavailable
from compliance.verdicts import Allow, Failure, Hold, OnError
from protocol.decisions import Submission, SubmissionState
from protocol.entries import Side
from protocol.ids import Cid, PersonId, Seq, SubmissionId, TopicId, new_cid, new_id, new_public_topic_id
from protocol.public import SubmissionPush
from protocol.publications import Content, Surface
from server.arrivals import EVERY_S, Arrivals
from server.committer import BothSides
from server.gatekeeper import FORGET_EVERY_MS, RUN, TRIES, Gatekeeper
from server.outcomes import NoRoom, Tell
from server.panel import Answered
from server.readers import Found, Sources
from server.store.base import Failed
from server.store.public_writes import (
    Announce,
    AnyWrite,
    Case,
    Conclude,
    Concluded,
    Conclusion,
    Conclusions,
    Expire,
    Forget,
    Introduce,
    Unjudged,
)
from server.store.writes import Draft, MarkRead, Post
from tests.support.adapters import HandClock, came_of
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
        self.asked: list[Callable[[Found[Any]], None]] = []

    def ask(self, query: Callable[[Any], Any], done: Callable[[Found[Any]], None]) -> None:
        self.asked.append(done)

    def give(self, found: Any) -> None:
        self.asked.pop(0)(came_of(found))


class Gatehouse:
    """A gatekeeper with everything around it in the hands of the test."""

    def __init__(self) -> None:
        self.panel, self.slips, self.shelf, self.clock = StaffedPanel(), Slips(), Shelf(), HandClock()
        self.at_the_end: list[Callable[[], None]] | None = None  # Of the turn; None: everything is done at once.
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
            soon=self.soon,
        )

    def soon(self, call: Callable[[], None]) -> None:
        if self.at_the_end is None:
            call()
        else:
            self.at_the_end.append(call)

    def turn(self, *cases: Case) -> None:
        """Let `cases` come in one turn."""
        self.at_the_end = []
        for item in cases:
            self.gatekeeper.judge(item, lambda _: None)
        calls, self.at_the_end = self.at_the_end, None
        for call in calls:
            call()

    def second(self) -> None:
        self.clock.pass_time(1)
        self.gatekeeper.every_second()

    def conclude(self, *outcomes: Any) -> tuple[Conclusion, ...]:
        """Say what came of the run that is being written down; return that."""
        write = self.slips.come_back(Conclusions(outcomes))
        assert isinstance(write, Conclude)
        return write.run

    def fail(self, result: Any) -> tuple[Conclusion, ...]:
        """Say why the run that is being written down could not be, and let a second pass; return the run."""
        write = self.slips.come_back(result)
        assert isinstance(write, Conclude)
        self.second()
        self.shelf.asked.clear()
        return write.run

    def run(self) -> tuple[Conclusion, ...]:
        """Return what is being written down: of one line there is never more than one write under way."""
        runs = [write.run for write in self.slips.writes if isinstance(write, Conclude)]
        assert len(runs) <= 1
        return runs[0] if runs else ()


@pytest.fixture
def gatehouse() -> Gatehouse:
    gatehouse = Gatehouse()
    gatehouse.gatekeeper.every_second()  # The first second looks for what is due, and for what is to be forgotten.
    assert isinstance(gatehouse.slips.come_back(None), Forget)
    gatehouse.shelf.give(())
    gatehouse.committed.clear()
    return gatehouse


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


def test_what_came_of_it_is_told_to_who_asked_and_to_nobody_else(gatehouse: Gatehouse) -> None:
    came: list[Any] = []
    gatehouse.gatekeeper.judge(case(), came.append)
    result = concluded()
    gatehouse.conclude(result)
    assert (came, gatehouse.committed, gatehouse.told) == ([result], [result], [])


def test_when_nobody_asked_its_author_is_told(gatehouse: Gatehouse) -> None:
    gatehouse.gatekeeper.judge(case(), None)
    result = concluded()
    gatehouse.conclude(result)
    assert gatehouse.told == [Tell(persons=(ANN,), push=SubmissionPush(submission=result.submission))]


def test_only_what_has_appeared_is_learned(gatehouse: Gatehouse) -> None:
    for result in (concluded(SubmissionState.HELD), Unjudged(1), concluded()):
        gatehouse.gatekeeper.judge(case(), lambda _: None)
        gatehouse.conclude(result)
    assert len(gatehouse.panel.learned) == 1
    assert gatehouse.panel.learned[0] is gatehouse.panel.seen[2]


def test_every_answer_goes_with_the_conclusion(gatehouse: Gatehouse) -> None:
    gatehouse.panel.hooks = {"a": lambda _: Allow(), "b": lambda _: Hold(ground="spam", text="Perhaps.")}
    gatehouse.gatekeeper.judge(case(), None)
    (conclusion,) = gatehouse.run()
    assert [answer.hook for answer in conclusion.answers] == ["a", "b"]
    assert isinstance(conclusion.ruling, Holds)
    assert conclusion.ruling.why.ground == "spam"


def test_a_ruling_that_cannot_be_written_down_is_tried_again_and_then_held(gatehouse: Gatehouse) -> None:
    came: list[Any] = []
    gatehouse.gatekeeper.judge(case(), came.append)
    with capture_logs() as logs:
        for _ in range(TRIES):
            (conclusion,) = gatehouse.fail(Failed("ValueError"))
            assert isinstance(conclusion.ruling, Publishes)
    assert [(event["event"], event["error"]) for event in logs] == [("gate.failed", "ValueError")] * TRIES
    assert came == [Failed("ValueError")]
    (conclusion,) = gatehouse.run()
    assert isinstance(conclusion.ruling, Holds)


def test_what_fails_whatever_is_tried_is_left_to_the_next_start_and_holds_up_nothing(gatehouse: Gatehouse) -> None:
    gatehouse.gatekeeper.judge(case("one"), lambda _: None)
    gatehouse.gatekeeper.judge(case("two"), lambda _: None)
    with capture_logs():
        for _ in range(2 * TRIES):
            gatehouse.fail(Failed("ValueError"))
    (conclusion,) = gatehouse.run()
    assert isinstance(conclusion.ruling, Publishes)


def test_what_has_a_ruling_while_another_is_written_down_is_written_down_in_one_go_after_it(
    gatehouse: Gatehouse,
) -> None:
    cases = [case(text) for text in ("one", "two", "three")]
    came: list[Any] = []
    for item in cases:
        gatehouse.gatekeeper.judge(item, came.append)
    results = [concluded(), concluded(SubmissionState.HELD), Unjudged(1)]
    assert [conclusion.submission for conclusion in gatehouse.conclude(results[0])] == [cases[0].submission]
    run = gatehouse.conclude(*results[1:])
    assert [conclusion.submission for conclusion in run] == [item.submission for item in cases[1:]]
    assert came == results
    assert gatehouse.committed == results[:2]
    assert len(gatehouse.panel.learned) == 1
    assert gatehouse.run() == ()


def test_what_is_judged_in_one_turn_is_one_run_for_each_place(gatehouse: Gatehouse) -> None:
    gatehouse.turn(case("one"), case("elsewhere", topic=None), case("two"), case("three"))
    runs = [write.run for write in gatehouse.slips.writes]
    assert [len(run) for run in runs] == [3, 1]


def test_a_run_ends_before_what_has_no_ruling_yet(gatehouse: Gatehouse) -> None:
    gatehouse.panel.is_slow = True
    for text in ("one", "two", "three"):
        gatehouse.gatekeeper.judge(case(text), lambda _: None)
    gatehouse.panel.answer(1)
    assert gatehouse.run() == ()
    gatehouse.panel.answer(0)
    assert len(gatehouse.run()) == 2
    gatehouse.panel.answer()
    assert len(gatehouse.run()) == 2
    gatehouse.conclude(concluded(), concluded())
    assert len(gatehouse.run()) == 1


def test_a_run_is_no_longer_than_others_may_wait_for_it(gatehouse: Gatehouse) -> None:
    for number in range(RUN + 2):
        gatehouse.gatekeeper.judge(case(str(number)), None)
    gatehouse.conclude(concluded())
    assert len(gatehouse.conclude(*[concluded()] * RUN)) == RUN
    assert len(gatehouse.run()) == 1


def test_when_a_run_fails_its_rulings_are_written_down_one_by_one_and_the_guilty_one_alone_is_held(
    gatehouse: Gatehouse,
) -> None:
    cases = [case(text) for text in ("first", "one", "guilty", "three", "four", "five")]
    came: dict[SubmissionId, Any] = {}
    for item in cases[:-1]:
        gatehouse.gatekeeper.judge(item, partial(came.__setitem__, item.submission))
    gatehouse.conclude(concluded())
    wrote: list[tuple[Conclusion, ...]] = []
    with capture_logs() as logs:
        while run := gatehouse.run():
            wrote.append(run)
            guilty = any(one.submission == cases[2].submission and isinstance(one.ruling, Publishes) for one in run)
            if guilty:
                gatehouse.fail(Failed("ValueError"))
            else:
                if len(wrote) == 2:
                    gatehouse.gatekeeper.judge(cases[-1], partial(came.__setitem__, cases[-1].submission))
                gatehouse.conclude(*[concluded()] * len(run))
    assert [[item.submission for item in cases].index(run[0].submission) for run in wrote] == [1, 1, *[2] * 4, 3, 4, 5]
    assert [len(run) for run in wrote] == [4, *[1] * 8]
    assert [isinstance(run[0].ruling, Holds) for run in wrote] == [*[False] * 5, True, *[False] * 3]
    assert [event["event"] for event in logs] == ["gate.failed"] * (1 + TRIES)
    failed = [submission for submission, result in came.items() if isinstance(result, Failed)]
    assert failed == [cases[2].submission]
    assert len(came) == len(cases)


def test_after_those_of_a_run_that_failed_there_are_runs_again(gatehouse: Gatehouse) -> None:
    for text in ("one", "two", "three"):
        gatehouse.gatekeeper.judge(case(text), lambda _: None)
    gatehouse.conclude(concluded())
    with capture_logs():
        gatehouse.slips.come_back(Failed("ValueError"))  # Tried again at once: nobody is known to be guilty.
    for text in ("four", "five"):
        gatehouse.gatekeeper.judge(case(text), lambda _: None)
    for expected in (1, 1, 2):
        assert len(gatehouse.conclude(*[concluded()] * expected)) == expected


def test_a_run_there_was_no_room_for_waits_whole_and_is_answered_at_once(gatehouse: Gatehouse) -> None:
    came: list[Any] = []
    for text in ("one", "two", "three"):
        gatehouse.gatekeeper.judge(case(text), came.append)
    gatehouse.conclude(concluded())
    came.clear()
    run = gatehouse.fail(NoRoom())
    assert came == [NoRoom()] * 2
    again = gatehouse.conclude(concluded(), concluded())
    assert [one.submission for one in again] == [one.submission for one in run]
    assert [one.unwaited for one in (*run, *again)] == [False, False, True, True]
    assert (len(came), len(gatehouse.told), len(gatehouse.panel.learned)) == (2, 2, 3)


def test_what_there_was_no_room_for_is_tried_every_second_and_asked_for_once(gatehouse: Gatehouse) -> None:
    came: list[Any] = []
    item = case()
    gatehouse.gatekeeper.judge(item, came.append)
    gatehouse.slips.come_back(NoRoom())
    assert came == [NoRoom()]
    for _ in range(2):
        gatehouse.second()
        (conclusion,) = gatehouse.run()
        assert conclusion.submission == item.submission
        gatehouse.slips.come_back(NoRoom())
    gatehouse.second()
    gatehouse.conclude(concluded())
    assert len(came) == 1
    assert len(gatehouse.told) == 1
    assert len(gatehouse.panel.seen) == 1


def test_where_there_is_no_room_who_comes_behind_is_answered_too_as_soon_as_the_hooks_have_spoken(
    gatehouse: Gatehouse,
) -> None:
    came: list[str] = []
    gatehouse.gatekeeper.judge(case("one"), lambda _: came.append("one"))
    gatehouse.gatekeeper.judge(case("two"), lambda _: came.append("two"))
    gatehouse.panel.is_slow = True
    gatehouse.gatekeeper.judge(case("three"), lambda _: came.append("three"))
    gatehouse.slips.come_back(NoRoom())
    assert came == ["one", "two"]
    gatehouse.panel.answer()
    gatehouse.slips.come_back(NoRoom())
    assert came == ["one", "two", "three"]
    gatehouse.second()
    assert len(gatehouse.conclude(*[concluded()] * 3)) == 3
    assert (len(gatehouse.told), len(came)) == (3, 3)


def test_what_is_recovered_is_judged_in_order_and_its_author_is_told(gatehouse: Gatehouse) -> None:
    cases = (case("one"), case("two"))
    with capture_logs() as logs:
        gatehouse.gatekeeper.recover(cases)
    assert logs == [{"event": "gate.recovered", "submissions": 2, "log_level": "info"}]
    assert [seen.content.text for seen in gatehouse.panel.seen] == ["one", "two"]
    written = [*gatehouse.conclude(concluded()), *gatehouse.conclude(concluded())]
    assert [one.submission for one in written] == [one.submission for one in cases]
    assert len(gatehouse.told) == 2


def test_when_nothing_waited_nothing_is_said(gatehouse: Gatehouse) -> None:
    with capture_logs() as logs:
        gatehouse.gatekeeper.recover(())
    assert logs == []


def test_what_nobody_waits_for_is_held_where_others_are_told_to_try_again(gatehouse: Gatehouse) -> None:
    gatehouse.panel.hooks = {"terms": lambda _: Failure.CRASHED}
    gatehouse.panel.on_error = OnError.REJECT
    gatehouse.gatekeeper.judge(case(), lambda _: None)
    (told,) = gatehouse.conclude(Unjudged(1))
    assert isinstance(told.ruling, Unavailable)
    gatehouse.gatekeeper.recover((case(),))
    (conclusion,) = gatehouse.run()
    assert isinstance(conclusion.ruling, Holds)
    assert conclusion.unwaited


def test_one_authors_rulings_are_written_down_one_after_the_other(gatehouse: Gatehouse) -> None:
    for text in ("one", "two"):
        gatehouse.gatekeeper.judge(case(text), lambda _: None)
    assert len(gatehouse.run()) == 1
    gatehouse.conclude(concluded())
    assert len(gatehouse.run()) == 1


def test_what_cannot_be_asked_about_is_held_and_holds_up_nothing(
    gatehouse: Gatehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(publication: Publication, done: Answered) -> None:
        raise KeyError("a mistake in the panel")

    with monkeypatch.context() as patch, capture_logs() as logs:
        patch.setattr(gatehouse.panel, "ask", ask)
        gatehouse.gatekeeper.judge(case("one"), lambda _: None)
    assert [(event["event"], event["error"]) for event in logs] == [("gate.failed", "KeyError")]
    gatehouse.gatekeeper.judge(case("two"), lambda _: None)
    (held,) = gatehouse.conclude(concluded(SubmissionState.HELD))
    (published,) = gatehouse.conclude(concluded())
    assert (type(held.ruling), type(published.ruling)) == (Holds, Publishes)


def test_what_was_held_and_appears_is_learned_too(gatehouse: Gatehouse) -> None:
    result = concluded()
    submission = msgspec.structs.replace(result.submission, content=Content(text="at last"), version=1)
    gatehouse.gatekeeper.appeared(submission)
    gatehouse.gatekeeper.appeared(result.submission)  # Recalled meanwhile: there is nothing to learn.
    assert [learned.content.text for learned in gatehouse.panel.learned] == ["at last"]


def test_one_looks_for_holds_that_are_over_once_at_a_time(gatehouse: Gatehouse) -> None:
    for _ in range(3):
        gatehouse.second()
    assert len(gatehouse.shelf.asked) == 1
    gatehouse.shelf.give(())
    gatehouse.second()
    assert len(gatehouse.shelf.asked) == 1


def test_a_hold_that_is_being_ended_is_not_ended_twice(gatehouse: Gatehouse) -> None:
    submission = SubmissionId(new_id())
    for _ in range(2):
        gatehouse.second()
        gatehouse.shelf.give((submission,))
    assert [write.submission for write in gatehouse.slips.writes if isinstance(write, Expire)] == [submission]
    gatehouse.slips.come_back(NoRoom())
    gatehouse.second()
    gatehouse.shelf.give((submission,))
    assert len([write for write in gatehouse.slips.writes if isinstance(write, Expire)]) == 1
    result = concluded()
    gatehouse.slips.come_back(result)
    assert gatehouse.told == [Tell(persons=(ANN,), push=SubmissionPush(submission=result.submission))]


def test_when_one_cannot_look_that_is_logged_and_one_looks_again(gatehouse: Gatehouse) -> None:
    gatehouse.second()
    with capture_logs() as logs:
        gatehouse.shelf.give(OSError("a path"))
    assert [(event["event"], event["error"]) for event in logs] == [("gate.failed", "OSError")]
    gatehouse.second()
    assert len(gatehouse.shelf.asked) == 1


def test_an_end_that_failed_is_logged(gatehouse: Gatehouse) -> None:
    gatehouse.second()
    gatehouse.shelf.give((SubmissionId(new_id()),))
    with capture_logs() as logs:
        gatehouse.slips.come_back(Failed("KeyError"))
    assert [event["event"] for event in logs] == ["gate.failed"]
    assert gatehouse.told == []


def test_what_is_past_its_time_is_forgotten_every_minute(gatehouse: Gatehouse) -> None:
    for _ in range(FORGET_EVERY_MS // 1000 + 1):
        gatehouse.second()
    (write,) = [write for write in gatehouse.slips.writes if isinstance(write, Forget)]
    keep_ms = int(bench_under_test().pack.holds.keep_d * 86_400_000)
    assert write.before <= gatehouse.clock.ms - keep_ms


# Those who have come.


@pytest.fixture
def arrivals() -> tuple[Arrivals, Slips, HandClock]:
    slips, clock = Slips(), HandClock()
    return Arrivals(commits=slips, clock=clock, committed=lambda _: None), slips, clock


def test_a_group_is_announced_once_some_time_after_the_first_who_came(
    arrivals: tuple[Arrivals, Slips, HandClock],
) -> None:
    room, slips, clock = arrivals
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
    arrivals: tuple[Arrivals, Slips, HandClock],
) -> None:
    room, slips, clock = arrivals
    room.recover((TOPIC,))
    clock.pass_time(EVERY_S)
    room.every_second()
    assert [write.topic for write in slips.writes] == [TOPIC]


def test_what_there_was_no_room_to_announce_is_announced_later(arrivals: tuple[Arrivals, Slips, HandClock]) -> None:
    room, slips, clock = arrivals
    room.came(TOPIC)
    clock.pass_time(EVERY_S)
    room.every_second()
    slips.come_back(NoRoom())
    clock.pass_time(EVERY_S)
    room.every_second()
    assert [write.topic for write in slips.writes] == [TOPIC]


# Two stores.


def test_every_write_goes_to_the_store_it_is_for() -> None:
    private, public = Slips(), Slips()
    both = BothSides({Side.PRIVATE: private, Side.PUBLIC: public})
    draft = Draft(kind="message", sender=ANN, cid=Cid(b""), digest=b"", at=0)  # type: ignore[arg-type]
    chat = TopicId(new_id())
    of_private: list[AnyWrite] = [
        Post(topic=chat, generation=0, draft=draft),
        MarkRead(topic=chat, person=ANN, seq=Seq(1)),
    ]
    of_public: list[AnyWrite] = [
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
