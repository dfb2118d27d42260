"""Adapters that do at once, or when told to, what threads, sockets and clocks do in the server."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from server.committer import Done
from server.errors import BusyError
from server.outcomes import NoRoom
from server.readers import Found
from server.store.base import Failed, Reader, StoreFullError, Writer
from server.store.public_writes import AnyWrite

R = TypeVar("R", bound=Reader)


class HandClock:
    """Both clocks, moved by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.ms = 1_700_000_000_000

    def monotonic(self) -> float:
        return self.seconds

    def wall_ms(self) -> int:
        return self.ms

    def pass_time(self, seconds: float) -> None:
        self.seconds += seconds
        self.ms += int(seconds * 1000)


class InlineCommits:
    """Commits each write at once; after `gather`, several in one batch, as the writer thread would."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self._waiting: list[tuple[AnyWrite, Done]] = []
        self._gathering = False
        self._busy = False
        self.batches = 0

    def submit(self, write: AnyWrite, done: Done) -> None:
        self._waiting.append((write, done))
        if not self._gathering:
            self.commit()

    def gather(self) -> None:
        """Let writes wait until `commit`."""
        self._gathering = True

    def commit(self) -> None:
        """Commit what was gathered in one batch, then what its answers led to; gather no more."""
        self._gathering = False
        if self._busy:
            return  # The commit under way goes on with what is waiting: batches are answered in order.
        self._busy = True
        while self._waiting:
            batch, self._waiting = self._waiting, []
            self._commit(batch)
        self._busy = False

    def _commit(self, batch: list[tuple[AnyWrite, Done]]) -> None:
        self.batches += 1
        try:
            results: list[Any] = list(self.writer.commit([write for write, _ in batch]))
        except StoreFullError:
            results = [NoRoom()] * len(batch)
        for (_, done), result in zip(batch, results, strict=True):
            done(result)


@dataclass(slots=True)
class _Question:
    query: Callable[[Any], Any]
    done: Callable[[Found[Any]], None]
    found: Found[Any] | None = None


class InlineReads(Generic[R]):
    """Reads at once; after `delay`, when told to: what is asked, what is found and what is handed out lie apart."""

    def __init__(self, reader: R) -> None:
        self.reader = reader
        self._waiting: list[_Question] = []
        self._delayed = False

    def ask(self, query: Callable[[Any], Any], done: Callable[[Found[Any]], None]) -> None:
        self._waiting.append(_Question(query, done))
        if not self._delayed:
            self.hand_out(len(self._waiting) - 1)

    def delay(self) -> None:
        """Let questions wait."""
        self._delayed = True

    def look(self, which: int = -1) -> None:
        """Read the answer to a waiting question, and keep it."""
        if self._waiting:
            question = self._waiting[which % len(self._waiting)]
            question.found = question.found or Found(question.query, self.reader)

    def hand_out(self, which: int = 0) -> None:
        """Answer one waiting question, with what was read for it or is there now."""
        if self._waiting:
            question = self._waiting.pop(which % len(self._waiting))
            question.done(question.found or Found(question.query, self.reader))

    def catch_up(self) -> None:
        """Answer all that wait, and delay no more."""
        self._delayed = False
        while self._waiting:
            self.hand_out()


def came_of(what: Any) -> Found[Any]:
    """Return `what` as what came of a query; an error as one that it raised."""

    def query(_: object) -> Any:
        if isinstance(what, Exception):
            raise what
        return what

    return Found(query, None)


class PlainPasswords:
    """Passwords as they are: what they cost is tested elsewhere. `busy`: too many are waiting. `broken`: they fail."""

    def __init__(self) -> None:
        self.busy = False
        self.broken = False

    def hash(self, password: str, done: Callable[[Any], None]) -> None:
        self._work(lambda: done(Failed("OSError") if self.broken else f"plain:{password}"))

    def verify(self, encoded: str | None, password: str, done: Callable[[Any], None]) -> None:
        self._work(lambda: done(Failed("OSError") if self.broken else encoded == f"plain:{password}"))

    def _work(self, work: Callable[[], None]) -> None:
        if self.busy:
            raise BusyError(retry_after_ms=1000)
        work()


class FakePeer:
    """The far end of a connection: collects frames, takes no bytes, and keeps messages back while it is held."""

    address = "192.0.2.1"

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.coming: deque[bytes] = deque()
        self.closed: tuple[int, str] | None = None
        self.held = False
        self.behind = False

    def send(self, frame: bytes) -> None:
        if self.closed is None:
            self.frames.append(frame)

    def send_ephemeral(self, frame: bytes) -> None:
        if not self.behind:
            self.send(frame)

    def close(self, code: int, reason: str) -> None:
        if self.closed is None:
            self.closed = (code, reason)

    def hold(self) -> None:
        self.held = True

    def release(self) -> None:
        self.held = False


def payloads(data: bytes) -> Iterable[bytes]:
    """Return the payloads of unmasked binary frames, one after another in `data`."""
    while data:
        assert data[0] == 0x82
        length, header = data[1], 2
        if length == 126:
            length, header = int.from_bytes(data[2:4], "big"), 4
        elif length == 127:
            length, header = int.from_bytes(data[2:10], "big"), 10
        yield data[header : header + length]
        data = data[header + length :]
