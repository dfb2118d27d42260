"""Group commit: one thread writes; a commit covers all that arrived during the last one."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import islice
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Protocol

from protocol.entries import Side
from server.outcomes import NoRoom, Result
from server.store.base import StoreBrokenError, StoreFullError, Writer
from server.store.public_writes import AnyWrite, Conclude, side_of_write

ANSWERS = 32  # In one call: the poller takes a few calls a turn, and then looks at its sockets.
BATCH = 1024  # Writes in one transaction: past that, the first of them waits too long for its ack.

Done = Callable[[Result], None]
_Item = tuple[AnyWrite, Done]
_Items = list[_Item]


class Commits(Protocol):
    """Where writes go. `done` is called with what came of it, on the poller's thread, in the order of submission."""

    def submit(self, write: AnyWrite, done: Done) -> None:
        """Commit `write` soon; return at once."""


class BothSides:
    """The commits of both stores: each write goes to the one it is for."""

    def __init__(self, commits: Mapping[Side, Commits]) -> None:
        self._private, self._public = commits[Side.PRIVATE], commits[Side.PUBLIC]

    def submit(self, write: AnyWrite, done: Done) -> None:
        """Commit `write` soon; return at once."""
        side = side_of_write(write)
        (self._private if side is Side.PRIVATE else self._public).submit(write, done)


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
        self._queue: SimpleQueue[_Items | None] = SimpleQueue()
        self._submitted: _Items = []
        self._thread = Thread(target=self._run, name="committer", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def submit(self, write: AnyWrite, done: Done) -> None:
        """Commit `write` after the next `hand_over`; return at once."""
        self._submitted.append((write, done))

    def hand_over(self) -> None:
        """Give the thread what was submitted since the last time.

        Once a turn: woken by the first of many, the thread would fight the poller for the interpreter over each.
        """
        if self._submitted:
            self._queue.put(self._submitted)
            self._submitted = []

    def close(self) -> None:
        """Write what was submitted, then end the thread. Blocks."""
        self.hand_over()
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while self._write_down(self._queue.get()):
            pass  # What was said is not kept here until somebody says something again.

    def _write_down(self, items: _Items | None) -> bool:
        """Commit `items` and all that has come since; say whether there may be more."""
        batch: _Items = []
        while items is not None:
            batch += items
            try:
                items = self._queue.get_nowait()
            except Empty:
                break
        return all(self._commit(piece) for piece in _pieces(batch, BATCH)) and items is not None

    def _commit(self, batch: _Items) -> bool:
        results: list[Result]
        try:
            results = list(self._writer.commit([write for write, _ in batch]))
        except StoreFullError:
            results = [NoRoom()] * len(batch)
        except StoreBrokenError as error:
            return self._give_up(str(error))
        except Exception as error:  # Else the thread would die and the server live on, answering nobody.
            return self._give_up(type(error).__name__)
        coming = iter(results)
        for piece in _pieces(batch, ANSWERS):
            self._post(partial(_answer, piece, list(islice(coming, len(piece)))))
        return True

    def _give_up(self, reason: str) -> bool:
        self._post(lambda: self._broken(reason))
        return False


def _pieces(batch: _Items, most: int) -> Iterator[_Items]:
    """Cut `batch` into pieces of `most` writes or some more: a run counts for all that it concludes."""
    piece, weight = list[_Item](), 0
    for item in batch:
        piece.append(item)
        write = item[0]
        weight += len(write.run) if isinstance(write, Conclude) else 1
        if weight >= most:
            yield piece
            piece, weight = [], 0
    if piece:
        yield piece


def _answer(batch: _Items, results: list[Result]) -> None:
    for (_, done), result in zip(batch, results, strict=True):
        done(result)
