"""Group commit: one thread writes; a commit covers all that arrived during the last one."""

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Protocol

from server.outcomes import NoRoom, Result
from server.store.base import StoreBrokenError, StoreFullError, Writer
from server.store.writes import Write

BATCH = 1024  # Writes in one transaction: past that, the first of them waits too long for its ack.

Done = Callable[[Result], None]
_Item = tuple[Write, Done]


class Commits(Protocol):
    """Where writes go. `done` is called with what came of it, on the poller's thread, in the order of submission."""

    def submit(self, write: Write, done: Done) -> None:
        """Commit `write` soon; return at once."""


class Committer:
    """The writer thread of one store.

    `post` schedules a call on the poller's thread. `broken` is called there, once, when the disk failed while
    committing: nobody gets an answer then, because nobody knows what is durable.
    """

    def __init__(
        self, writer: Writer, *, post: Callable[[Callable[[], None]], None], broken: Callable[[str], None]
    ) -> None:
        self._writer = writer
        self._post = post
        self._broken = broken
        self._queue: SimpleQueue[_Item | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="committer", daemon=True)
        self.waiting = 0  # Submitted and not yet answered; the poller's thread only.
        self.commits = 0

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def submit(self, write: Write, done: Done) -> None:
        """Commit `write` soon; return at once."""
        self.waiting += 1
        self._queue.put((write, done))

    def close(self) -> None:
        """Write what is queued, then end the thread. Blocks."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        ending = False
        while not ending:
            batch: list[_Item] = []
            item = self._queue.get()
            while True:
                if item is None:
                    ending = True
                    break
                batch.append(item)
                if len(batch) == BATCH:
                    break
                try:
                    item = self._queue.get_nowait()
                except Empty:
                    break
            if batch and not self._commit(batch):
                return

    def _commit(self, batch: list[_Item]) -> bool:
        results: list[Result]
        try:
            results = list(self._writer.commit([write for write, _ in batch]))
        except StoreFullError:
            results = [NoRoom()] * len(batch)
        except StoreBrokenError as error:
            reason = str(error)
            self._post(lambda: self._broken(reason))
            return False
        self._post(lambda: self._answer(batch, results))
        return True

    def _answer(self, batch: list[_Item], results: list[Result]) -> None:
        self.commits += 1
        self.waiting -= len(batch)
        for (_, done), result in zip(batch, results, strict=True):
            done(result)
