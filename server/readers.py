"""The reader pool: a few threads, each with a read-only connection, so that no history page holds up a message."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, Generic, Protocol, TypeVar

from protocol.entries import Side
from server.store.base import PublicReader, Reader

Done = Callable[["Future[Any]"], None]
R = TypeVar("R", bound=Reader)
R_co = TypeVar("R_co", bound=Reader, covariant=True)


class Reads(Protocol[R_co]):
    """Where queries of one store go. `done` is called with the finished future, on the poller's thread."""

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
        self._free: SimpleQueue[R] = SimpleQueue()
        for _ in range(threads):
            self._free.put(reader())
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="reader")

    def ask(self, query: Callable[[R], Any], done: Done) -> None:
        """Run `query` soon; return at once."""
        self._pool.submit(self._run, query).add_done_callback(lambda future: self._post(lambda: done(future)))

    def close(self) -> None:
        """Finish what is queued, then close the readers. Blocks."""
        self._pool.shutdown(wait=True)
        while not self._free.empty():
            self._free.get().close()

    def _run(self, query: Callable[[R], Any]) -> Any:
        reader = self._free.get()  # There is one for each thread.
        try:
            return query(reader)
        finally:
            self._free.put(reader)
