"""Many pairs whose two sides are busy, all connections in this process, looked after by one selector.

Each side keeps so many messages in flight. A message is complete when the other side has it and, where the system
acknowledges, its acknowledgement has come.
"""

import select
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from benchmarks.fanout.order import Order
from benchmarks.fanout.room import Stretch
from benchmarks.servers import Running
from benchmarks.systems.base import Seat, System, body, said_by
from benchmarks.systems.registry import NO_ROOMS

PATIENCE_S = 20.0  # Without anything complete; what has not come by then is lost.
STEADY = 0.05  # Rates that differ by less are the same.
WARM_UP_S = 5.0  # Until it is steady, at most; what is said then is waited for.
_RECEIVED_BYTES = 1 << 18


@dataclass(slots=True, eq=False)
class _Direction:
    """What one side says and another hears. `number`: who speaks, in what is said."""

    number: int
    mouth: Seat
    acked: int
    said: int = 0
    complete: int = 0
    begun: deque[float] = field(default_factory=deque)
    heard: Order = field(default_factory=lambda: Order(0))
    own: Order = field(default_factory=lambda: Order(0))  # What came of it to who said it.


class Talk:
    """Use `talking` to get one. Between two stretches nothing is under way."""

    def __init__(self, system: System, server: Running, pairs: Sequence[tuple[Seat, Seat]], poll: select.epoll) -> None:
        self._system, self._server, self._poll = system, server, poll
        self._buffer = memoryview(bytearray(_RECEIVED_BYTES))
        self._directions: list[_Direction] = []
        # By descriptor: the seat, what is said there, and what is heard there, which an echo says itself.
        self._sides: dict[int, tuple[Seat, _Direction, _Direction]] = {}
        alone = system.name in NO_ROOMS
        for pair in pairs:
            both = [_Direction(len(self._directions) + n, seat, seat.heard.acks) for n, seat in enumerate(pair, 1)]
            self._directions += both
            for seat, said, other in zip(pair, both, reversed(both), strict=True):
                self._sides[seat.fileno()] = (seat, said, said if alone else other)
                poll.register(seat.fileno(), select.EPOLLIN)

    def warm_up(self, window: int, seconds: float) -> None:
        """Talk in stretches of so many seconds until it has become steady."""
        before, ends = 0.0, time.perf_counter() + WARM_UP_S
        while time.perf_counter() < ends:
            stretch = self.run(window, seconds)
            rate = stretch.said / stretch.seconds
            if abs(rate - before) < STEADY * rate:
                return
            before = rate

    def run(self, window: int, seconds: float) -> Stretch:
        """Keep `window` messages of each side in flight for `seconds`, then wait for the last of them.

        Raises:
            ConnectionError: The server refused something, or hung up.
        """
        directions, latencies = self._directions, list[float]()
        before = [direction.said for direction in directions]
        faults = self._faults()
        cpu, busy = self._server.whole_cpu_s(), time.process_time()
        begun = last = time.perf_counter()
        self._go_on(directions, window)
        while True:
            now = time.perf_counter()
            saying = now - begun < seconds
            if not saying and (not any(each.begun for each in directions) or now - last > PATIENCE_S):
                break
            moved = self._hear()
            if self._complete(moved, latencies):
                last = time.perf_counter()
                if saying:
                    self._go_on(moved, window)
        said = sum(each.said for each in directions) - sum(before)
        lost, twice, late = (after - there for after, there in zip(self._faults(), faults, strict=True))
        for each in directions:
            each.begun.clear()
            each.complete = each.said
        return Stretch(
            said=said,
            members=1,
            seconds=last - begun,
            cpu_s=self._server.whole_cpu_s() - cpu,
            busy=(time.process_time() - busy) / (time.perf_counter() - begun),
            memory_kib=self._server.whole_memory_kib(),
            lost=lost,
            twice=twice,
            late=late,
            odd=0,
            kept_up=True,
            to_last=latencies,
            to_any=[],
            to_ack=[],
        )

    def _go_on(self, directions: Sequence[_Direction], window: int) -> None:
        """Say as much as there is room for."""
        for each in directions:
            room = window - each.said + each.complete
            if room <= 0:
                continue
            frames = b""
            for _ in range(room):
                each.said += 1
                frames += each.mouth.speech.say(each.said, body(each.number, each.said))
            each.begun.extend([time.perf_counter()] * room)
            self._send(each.mouth, frames)

    def _send(self, mouth: Seat, frames: bytes) -> None:
        """Send them; a system that takes so little is waited for."""
        while frames:
            try:
                frames = frames[mouth.socket.send(frames) :]
            except BlockingIOError:
                waiting = select.poll()
                waiting.register(mouth, select.POLLOUT)
                if not waiting.poll(PATIENCE_S * 1000):
                    raise ConnectionError(f"{self._system.name} takes nothing any more") from None

    def _hear(self) -> list[_Direction]:
        """Take in what is there, and wait for something if there is nothing; return whose things moved on."""
        moved: dict[_Direction, None] = {}
        buffer = self._buffer
        for fd, _ in self._poll.poll(1):
            seat, mine, theirs = self._sides[fd]
            count = seat.socket.recv_into(buffer)
            if not count:
                raise ConnectionError(f"{self._system.name} hung up")
            for text in seat.heard.feed(bytes(buffer[:count])):
                speaker, number = said_by(text)
                if speaker == theirs.number:
                    theirs.heard.take(number)
                    moved[theirs] = None
                elif speaker == mine.number:
                    mine.own.take(number)
                else:
                    raise ConnectionError(f"{self._system.name} delivered something to a third one")
            moved[mine] = None  # Of which something may be acknowledged.
        return list(moved)

    def _complete(self, moved: Sequence[_Direction], latencies: list[float]) -> bool:
        """Note what is complete of what has moved on; say whether anything is."""
        now, acks, complete = time.perf_counter(), self._system.acks, False
        for each in moved:
            upto = each.heard.head
            if acks:
                upto = min(upto, each.mouth.heard.acks - each.acked)
            while each.complete < upto:
                each.complete += 1
                latencies.append(now - each.begun.popleft())
                complete = True
        return complete

    def _faults(self) -> tuple[int, int, int]:
        """Return how many deliveries are missing, and how many came again or late, since the first stretch."""
        lost = twice = late = 0
        for each in self._directions:
            lost += each.said - each.heard.head + len(each.heard.missing)
            twice += each.heard.twice + each.own.twice
            late += each.heard.late + each.own.late
        return lost, twice, late


@contextmanager
def talking(system: System, server: Running, pairs: int) -> Iterator[Talk]:
    """Begin so many chats, and have both sides hang up in the end: a server that stops may wait for who does not."""
    seats = system.pairs(server, pairs)
    with select.epoll() as poll:
        try:
            yield Talk(system, server, seats, poll)
        finally:
            for pair in seats:
                for seat in pair:
                    seat.socket.close()
