"""The reader pool: a few threads, each with a read-only connection, so that no history page holds up a message."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol

from server.store.base import Reader, Store

Done = Callable[["Future[Any]"], None]


class Reads(Protocol):
    """Where queries go. `done` is called with the finished future, on the poller's thread."""

    def ask(self, query: Callable[[Reader], Any], done: Done) -> None:
        """Run `query` soon; return at once."""


class Readers:
    """`threads` readers of one store. `post` schedules a call on the poller's thread."""

    def __init__(self, store: Store, *, threads: int, post: Callable[[Callable[[], None]], None]) -> None:
        self._store = store
        self._post = post
        self._mine = threading.local()
        self._opened: list[Reader] = []
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="reader")

    def ask(self, query: Callable[[Reader], Any], done: Done) -> None:
        """Run `query` soon; return at once."""
        self._pool.submit(self._run, query).add_done_callback(lambda future: self._post(lambda: done(future)))

    def close(self) -> None:
        """Finish what is queued, then close the readers. Blocks."""
        self._pool.shutdown(wait=True)
        for reader in self._opened:
            reader.close()

    def _run(self, query: Callable[[Reader], Any]) -> Any:
        reader: Reader | None = getattr(self._mine, "reader", None)
        if reader is None:
            reader = self._mine.reader = self._store.reader()
            self._opened.append(reader)
        return query(reader)
