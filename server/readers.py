"""The reader pool: a few threads, each with a read-only connection, so that no history page holds up a message."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import Any, Generic, Protocol, TypeVar

from protocol.entries import Side
from server.store.base import PublicReader, Reader

AT_ONCE = 8  # Queries that one thread takes together at most: the last of them waits for the others.

T_co = TypeVar("T_co", covariant=True)
R = TypeVar("R", bound=Reader)
R_co = TypeVar("R_co", bound=Reader, covariant=True)


class Found(Generic[T_co]):
    """What came of a query: a value, or the error it raised."""

    __slots__ = ("_error", "_value")

    def __init__(self, query: Callable[[Any], T_co], reader: Any) -> None:
        self._error: Exception | None = None
        try:
            self._value = query(reader)
        except Exception as error:  # It is raised where somebody asks for the value.
            self._error = error

    def result(self) -> T_co:
        """Return the value, or raise what the query raised."""
        if self._error is not None:
            raise self._error
        return self._value

    def exception(self) -> Exception | None:
        """Return what the query raised, None if it did not."""
        return self._error


Done = Callable[[Found[Any]], None]
_Questions = list[tuple[Callable[[Any], Any], Done]]


class Reads(Protocol[R_co]):
    """Where queries of one store go. `done` is called with what came of it, on the poller's thread."""

    def ask(self, query: Callable[[R_co], Any], done: Done) -> None:
        """Run `query` soon; return at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where is read from: the two stores, which never meet."""

    private: Reads[Reader]
    public: Reads[PublicReader]

    def of(self, side: Side) -> Reads[Reader]:
        """Return where the store of `side` is read."""
        return self.private if side is Side.PRIVATE else self.public


class Readers(Generic[R]):
    """`threads` readers of one store, open from the start. `post` schedules a call on the poller's thread."""

    def __init__(self, reader: Callable[[], R], *, threads: int, post: Callable[[Callable[[], None]], None]) -> None:
        self._post = post
        self._asked: _Questions = []
        self._queue: SimpleQueue[_Questions | None] = SimpleQueue()
        readers = [reader() for _ in range(threads)]
        self._threads = [Thread(target=self._run, args=(each,), name="reader", daemon=True) for each in readers]
        for thread in self._threads:
            thread.start()

    def ask(self, query: Callable[[R], Any], done: Done) -> None:
        """Run `query` after the next `hand_over`; return at once."""
        self._asked.append((query, done))

    def hand_over(self) -> None:
        """Give the threads what was asked since the last time, a fair part each.

        Once a turn, as with what is written: every thread that is woken fights the poller for the interpreter, and so
        does every answer that comes alone.
        """
        if not self._asked:
            return
        asked, self._asked = self._asked, []
        part = min(-(-len(asked) // len(self._threads)), AT_ONCE)
        for begin in range(0, len(asked), part):
            self._queue.put(asked[begin : begin + part])

    def close(self) -> None:
        """Finish what was asked, then close the readers. Blocks."""
        self.hand_over()
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()

    def _run(self, reader: R) -> None:
        while (questions := self._queue.get()) is not None:
            self._post(partial(_answer, [(done, Found(query, reader)) for query, done in questions]))
            del questions  # Else they, and who asked, would be kept until somebody asks again.
        reader.close()


def _answer(found: list[tuple[Done, Found[Any]]]) -> None:
    for done, value in found:
        done(value)
