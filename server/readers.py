"""The reader pool: a few threads, each with a read-only connection, so that no history page holds up a message."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, Protocol

from server.store.base import Reader, Store

Done = Callable[["Future[Any]"], None]


class Reads(Protocol):
    """Where queries go. `done` is called with the finished future, on the poller's thread."""

    def ask(self, query: Callable[[Reader], Any], done: Done) -> None:
        """Run `query` soon; return at once."""


class Readers:
    """`threads` readers of one store, open from the start. `post` schedules a call on the poller's thread."""

    def __init__(self, store: Store, *, threads: int, post: Callable[[Callable[[], None]], None]) -> None:
        self._post = post
        self._free: SimpleQueue[Reader] = SimpleQueue()
        for _ in range(threads):
            self._free.put(store.reader())
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="reader")

    def ask(self, query: Callable[[Reader], Any], done: Done) -> None:
        """Run `query` soon; return at once."""
        self._pool.submit(self._run, query).add_done_callback(lambda future: self._post(lambda: done(future)))

    def close(self) -> None:
        """Finish what is queued, then close the readers. Blocks."""
        self._pool.shutdown(wait=True)
        while not self._free.empty():
            self._free.get().close()

    def _run(self, query: Callable[[Reader], Any]) -> Any:
        reader = self._free.get()  # There is one for each thread.
        try:
            return query(reader)
        finally:
            self._free.put(reader)
