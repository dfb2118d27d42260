"""A room whose server does not do as it should: what is lost is counted, and nobody waits for it for ever."""

import os
import select
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from random import Random

import pytest

from benchmarks.fanout import room
from benchmarks.fanout.pace import Closed, Open, Pace
from benchmarks.fanout.room import Room, Stretch
from benchmarks.servers import Running
from benchmarks.systems.base import BODY_BYTES, Seat, said_by
from benchmarks.systems.limit import Limit, Says, Stream

MEMBERS = 4
Pass = Callable[[int, int], int]  # How often a member gets what has a number.


class Once:
    """Says so many things at once, and that is all."""

    behind_s = 60.0

    def __init__(self, count: int) -> None:
        self._count = count

    def due(self, now: float, in_flight: int) -> list[float]:
        count, self._count = self._count, 0
        return [now] * count

    def next(self) -> float:
        return 0.0


def forward(near: Sequence[socket.socket], passes: Pass) -> None:
    """Be the server: pass on what the first one says, to each as often as `passes` says."""
    rest = b""
    while received := near[0].recv(1 << 16):
        rest += received
        while len(rest) >= BODY_BYTES:
            text, rest = rest[:BODY_BYTES], rest[BODY_BYTES:]
            for who, each in enumerate(near):
                each.sendall(text * passes(who, said_by(text)[1]))


@contextmanager
def served(passes: Pass) -> Iterator[Room]:
    pairs = [socket.socketpair() for _ in range(MEMBERS)]
    near, far = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    for each in far:
        each.settimeout(0)
    server = threading.Thread(target=forward, args=(near, passes))
    server.start()
    with select.epoll() as poll:
        yield Room(Limit(), Running("", os.getpid()), [Seat(each, Stream(), Says()) for each in far], poll)
        far[0].shutdown(socket.SHUT_WR)
        server.join()
        for each in (*near, *far):
            each.close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "PATIENCE_S", 0.1)


def say(passes: Pass, pace: Pace, seconds: float) -> Stretch:
    with served(passes) as there:
        return there.run(pace, seconds)


@pytest.mark.parametrize("pace", [Closed(1), Closed(16)])
def test_all_that_was_said_came_to_all(pace: Pace) -> None:
    found = say(lambda who, number: 1, pace, 0.05)
    assert found.said > 0
    assert found.deliveries == found.said * MEMBERS
    assert (found.lost, found.twice) == (0, 0)
    assert len(found.to_last) == found.said
    assert found.kept_up


def test_two_stretches_follow_each_other() -> None:
    with served(lambda who, number: 1) as there:
        first, second = there.run(Closed(4), 0.05), there.run(Closed(1), 0.05)
    assert first.lost == second.lost == 0
    assert second.deliveries == second.said * MEMBERS


@pytest.mark.parametrize("who", range(MEMBERS))
def test_what_one_member_never_got_is_lost_and_the_others_have_it(who: int) -> None:
    found = say(lambda member, number: not (member == who and number == 3), Once(5), 0.05)
    assert (found.said, found.lost, found.twice) == (5, 1, 0)
    assert found.deliveries == 5 * MEMBERS - 1


def test_the_last_thing_said_may_be_lost_too() -> None:
    found = say(lambda who, number: not (who == 2 and number == 5), Once(5), 0.05)
    assert (found.said, found.lost) == (5, 1)
    assert len(found.to_last) == 4


def test_who_gets_something_twice_has_it_once() -> None:
    found = say(lambda who, number: 1 + (who == 3 and number == 2), Once(5), 0.05)
    assert (found.lost, found.twice, found.odd) == (0, 1, 1)
    assert found.deliveries == 5 * MEMBERS


def test_a_server_that_falls_behind_is_given_up_in_an_open_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Open, "behind_s", 0.0)
    found = say(lambda who, number: 1, Open(1000, Random(3)), 60.0)
    assert not found.kept_up
    assert found.seconds < 60.0


def test_a_server_that_hangs_up_stops_the_benchmark() -> None:
    near, far = socket.socketpair()
    near.close()
    far.settimeout(0)
    with far, select.epoll() as poll:
        there = Room(Limit(), Running("", os.getpid()), [Seat(far, Stream(), Says())], poll)
        with pytest.raises(OSError, match=r"hung up|Broken pipe"):
            there.run(Closed(1), 0.05)
