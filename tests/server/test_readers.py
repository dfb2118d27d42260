"""The reader pool: fair parts of what was asked in a turn, errors where the value is asked for, nothing unanswered."""

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import pytest

from server.readers import AT_ONCE, Found, Readers
from server.store.base import Reader


class Desk:
    """A poller's end: the calls that were posted, each run when a test says so."""

    def __init__(self) -> None:
        self.posted: deque[Callable[[], None]] = deque()
        self.readers: list[FakeReader] = []
        self.found: list[tuple[int, Found[Any]]] = []

    def pool(self, threads: int) -> Readers[Reader]:
        return Readers(self._reader, threads=threads, post=self.posted.append)

    def ask(self, pool: Readers[Reader], numbers: range, query: Callable[[Any], Any] = str) -> None:
        for number in numbers:
            pool.ask(query, partial(self._answered, number))

    def close(self, pool: Readers[Reader]) -> None:
        """Close, which waits for the answers, and take them."""
        pool.close()
        while self.posted:
            self.posted.popleft()()

    def _answered(self, number: int, found: Found[Any]) -> None:
        self.found.append((number, found))

    def _reader(self) -> Reader:
        self.readers.append(FakeReader())
        return cast("Reader", self.readers[-1])


class FakeReader:
    closed = False

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(("asked", "parts"), [(1, 1), (2, 2), (3, 2), (16, 2), (17, 3), (100, 13)])
def test_what_is_asked_in_a_turn_goes_to_the_threads_in_parts_and_is_answered_in_them(asked: int, parts: int) -> None:
    desk = Desk()
    pool = desk.pool(2)
    desk.ask(pool, range(asked))
    pool.hand_over()
    pool.close()
    assert len(desk.posted) == parts
    desk.close(pool)
    assert sorted(number for number, _ in desk.found) == list(range(asked))
    assert -(-asked // AT_ONCE) <= parts


def test_questions_of_one_part_are_answered_in_order() -> None:
    desk = Desk()
    pool = desk.pool(1)
    desk.ask(pool, range(AT_ONCE))
    desk.close(pool)
    assert [number for number, _ in desk.found] == list(range(AT_ONCE))


def test_an_error_is_raised_where_the_value_is_asked_for_and_the_others_are_answered() -> None:
    desk = Desk()
    pool = desk.pool(1)
    desk.ask(pool, range(1), lambda _: 1 // 0)
    desk.ask(pool, range(1, 2), lambda _: "fine")
    desk.close(pool)
    (_, failed), (_, fine) = desk.found
    assert isinstance(failed.exception(), ZeroDivisionError)
    with pytest.raises(ZeroDivisionError):
        failed.result()
    assert (fine.exception(), fine.result()) == (None, "fine")


def test_what_was_asked_is_answered_before_the_readers_are_closed() -> None:
    desk = Desk()
    pool = desk.pool(2)
    desk.ask(pool, range(20))
    desk.close(pool)
    assert len(desk.found) == 20
    assert [reader.closed for reader in desk.readers] == [True, True]


def test_nothing_asked_wakes_nobody() -> None:
    desk = Desk()
    pool = desk.pool(2)
    pool.hand_over()
    desk.close(pool)
    assert not desk.found
