"""Who is woken, and how often. A thread that is woken fights the poller for the interpreter: once a turn is enough."""

import math

import pytest

from protocol.frames import History
from server.committer import ANSWERS
from server.readers import AT_ONCE
from tests.guards.works import Works

SECONDS = 5


def test_all_that_is_said_in_a_turn_wakes_the_committer_once(works: Works) -> None:
    topic, members = works.group()
    for member in members:
        member.says(topic, b"x")
    works.poller.tick()
    assert works.writes.puts == [len(members)]


def test_a_turn_in_which_nobody_says_anything_wakes_nobody(works: Works) -> None:
    works.group()
    works.poller.tick()
    assert works.writes.puts == works.reads.puts == []


def test_a_batch_is_answered_in_a_few_calls_and_not_in_one_a_message(works: Works) -> None:
    """80 answers are three calls: the poller takes up to eight of them a turn, so what it takes a turn is bounded."""
    topic, members = works.group()
    for member in members:
        member.says(topic, b"x")
    works.turns()
    works.commit()
    assert len(works.poller._posted) == math.ceil(len(members) / ANSWERS) == 3


@pytest.mark.parametrize(("asked", "parts"), [(1, [1]), (3, [2, 1]), (16, [8, 8]), (40, [8] * 5)])
def test_what_is_asked_in_a_turn_wakes_no_more_readers_than_it_takes(
    works: Works, asked: int, parts: list[int]
) -> None:
    """Two take eight each at a time: 16 questions wake each of them once and are answered in two calls."""
    topic, members = works.group()
    for member in members[:asked]:
        member.asks(History(id=0, topic=topic, limit=1))
    works.poller.tick()
    assert works.reads.puts == parts
    assert len(parts) <= max(2, math.ceil(asked / AT_ONCE))
    works.until(lambda: all(member.messages for member in members[:asked]))


def test_a_second_in_which_nothing_happens_wakes_no_committer_and_asks_a_store_one_question_at_most(
    works: Works,
) -> None:
    """What is scheduled is looked for, and what the gate holds; with ten thousand idle people that is all, too."""
    works.group()
    services = works.service
    committers = [works.writes, services.committers[1]._queue]
    readers = [works.reads, services.readers[1]._queue]
    for _ in range(3):  # The first seconds of a server are not quiet.
        works.clock.pass_time(1)
        works.poller.sweep()
        works.rest()
    for queue in (*committers, *readers):
        queue.puts.clear()  # type: ignore[attr-defined]
    for _ in range(SECONDS):
        works.clock.pass_time(1)
        works.poller.sweep()
        works.rest()
    assert [queue.puts for queue in committers] == [[], []]  # type: ignore[attr-defined]
    assert all(len(queue.puts) <= SECONDS for queue in readers)  # type: ignore[attr-defined]
    assert all(size == 1 for queue in readers for size in queue.puts)  # type: ignore[attr-defined]
