"""What has to be done from time to time is done a piece at a time, and nobody looks oftener than has to be."""

from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from protocol.contacts import Contact, ContactPush, ContactState
from protocol.ids import PersonId
from server.chores import ENDED_AT_ONCE, LOOK_EVERY_S, Chore, ending_requests, scrubbing
from server.outcomes import NoRoom, Result, Tell
from server.store.base import Failed
from server.store.contact_writes import EndRequests, RequestsEnded, Stands
from server.store.public_writes import Scrub, Scrubbed
from tests.support.adapters import HandClock

ANN, BEN = PersonId("a" * 16), PersonId("b" * 16)


class Commits:
    """Keeps what is submitted until it is answered."""

    def __init__(self) -> None:
        self.writes: list[Any] = []
        self.waiting: list[Callable[[Result], None]] = []

    def submit(self, write: Any, done: Any) -> None:
        self.writes.append(write)
        self.waiting.append(done)

    def answer(self, result: Result) -> None:
        self.waiting.pop()(result)


@pytest.fixture
def commits() -> Commits:
    return Commits()


@pytest.fixture
def chore(commits: Commits) -> Chore:
    return scrubbing(commits)


def pass_seconds(chore: Chore, seconds: int) -> None:
    for _ in range(seconds):
        chore.every_second()


def test_it_looks_at_once_and_then_once_a_minute(chore: Chore, commits: Commits) -> None:
    chore.every_second()
    commits.answer(Scrubbed(more=False))
    pass_seconds(chore, LOOK_EVERY_S - 1)
    assert commits.writes == [Scrub()]
    chore.every_second()
    assert len(commits.writes) == 2


def test_while_there_is_more_it_goes_on_every_second(chore: Chore, commits: Commits) -> None:
    for _ in range(5):
        chore.every_second()
        commits.answer(Scrubbed(more=True))
    assert len(commits.writes) == 5


def test_one_piece_is_written_at_a_time(chore: Chore, commits: Commits) -> None:
    pass_seconds(chore, 5)
    assert len(commits.writes) == 1


@pytest.mark.parametrize("result", [NoRoom(), Failed("OperationalError: no")])
def test_what_cannot_be_written_is_tried_again_later(chore: Chore, commits: Commits, result: Result) -> None:
    with capture_logs() as logs:
        chore.every_second()
        commits.answer(result)
        pass_seconds(chore, LOOK_EVERY_S)
    assert len(commits.writes) == 2
    assert [(entry["event"], entry["op"]) for entry in logs] == [("write.failed", "Scrub")] * isinstance(result, Failed)


def test_requests_end_some_at_a_time_and_whoever_has_waited_or_was_asked_is_told(commits: Commits) -> None:
    told: list[Tell] = []
    clock = HandClock()
    chore = ending_requests(commits, clock=clock, tell=told.append)
    ended = Contact(person=BEN, handle="ben", state=ContactState.NONE, at=7)
    chore.every_second()
    commits.answer(RequestsEnded(ended=(Stands(person=ANN, contact=ended, mark=3),), more=True))
    assert told == [Tell(persons=(ANN,), push=ContactPush(contact=ended, mark=3), not_here=True)]
    chore.every_second()
    assert commits.writes == [EndRequests(at=clock.wall_ms(), most=ENDED_AT_ONCE)] * 2
