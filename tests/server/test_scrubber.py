"""What was erased leaves the search index piece by piece, a piece a second, and nobody looks oftener than has to be."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from server.outcomes import NoRoom, Result
from server.scrubber import LOOK_EVERY_S, Scrubber
from server.store.base import Failed
from server.store.public_writes import Scrub, Scrubbed


class Commits:
    """Keeps what is submitted until it is answered."""

    def __init__(self) -> None:
        self.waiting: list[Any] = []
        self.count = 0

    def submit(self, write: Any, done: Any) -> None:
        assert write == Scrub()
        self.waiting.append(done)
        self.count += 1

    def answer(self, result: Result) -> None:
        self.waiting.pop()(result)


@pytest.fixture
def commits() -> Commits:
    return Commits()


@pytest.fixture
def scrubber(commits: Commits) -> Scrubber:
    return Scrubber(commits)


def pass_seconds(scrubber: Scrubber, seconds: int) -> None:
    for _ in range(seconds):
        scrubber.every_second()


def test_it_looks_at_once_and_then_once_a_minute(scrubber: Scrubber, commits: Commits) -> None:
    scrubber.every_second()
    commits.answer(Scrubbed(more=False))
    pass_seconds(scrubber, LOOK_EVERY_S - 1)
    assert commits.count == 1
    scrubber.every_second()
    assert commits.count == 2


def test_while_there_is_more_it_goes_on_every_second(scrubber: Scrubber, commits: Commits) -> None:
    for _ in range(5):
        scrubber.every_second()
        commits.answer(Scrubbed(more=True))
    assert commits.count == 5


def test_one_piece_is_written_at_a_time(scrubber: Scrubber, commits: Commits) -> None:
    pass_seconds(scrubber, 5)
    assert commits.count == 1


@pytest.mark.parametrize("result", [NoRoom(), Failed("OperationalError: no")])
def test_what_cannot_be_written_is_tried_again_later(scrubber: Scrubber, commits: Commits, result: Result) -> None:
    with capture_logs() as logs:
        scrubber.every_second()
        commits.answer(result)
        pass_seconds(scrubber, LOOK_EVERY_S)
    assert commits.count == 2
    assert [entry["event"] for entry in logs] == ["write.failed"] * isinstance(result, Failed)
