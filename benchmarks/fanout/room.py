"""A room with all its members' connections in this process: one speaks, all hear, one selector looks after them."""

import select
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from benchmarks.fanout.ears import Ears
from benchmarks.fanout.pace import Pace
from benchmarks.servers import Running
from benchmarks.systems.base import Seat, System, body

PATIENCE_S = 20.0  # Without anything complete; what has not come by then is lost.
_RECEIVED_BYTES = 1 << 18
_EVENTS = 64  # Connections that are read between two looks at what is complete.
_COARSE_S = 0.002
_SPEAKER = 1  # In what is said.


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What some seconds gave. Times in seconds; latencies from the time at which something was to be said.

    `busy`: the part of the time that this process computed. `kept_up`: nothing was later than the pace allows.
    """

    said: int
    members: int
    seconds: float
    cpu_s: float
    busy: float
    memory_kib: int
    lost: int
    twice: int
    late: int
    odd: int
    kept_up: bool
    to_last: list[float] = field(repr=False)
    to_any: list[float] = field(repr=False)
    to_ack: list[float] = field(repr=False)

    @property
    def deliveries(self) -> int:
        """How many there were, each counted once."""
        return self.said * self.members - self.lost


class Room:
    """Use `gathered` to get one. Between two stretches nothing is under way."""

    def __init__(self, system: System, server: Running, seats: Sequence[Seat], poll: select.epoll) -> None:
        self._system = system
        self._server = server
        self._seats = seats
        self._poll = poll
        self._said = 0
        self._unsent = bytearray()
        self._buffer = memoryview(bytearray(_RECEIVED_BYTES))
        self._by_fd = {seat.fileno(): (who, seat.socket.recv_into) for who, seat in enumerate(seats)}
        for seat in seats:
            poll.register(seat.fileno(), select.EPOLLIN)

    def run(self, pace: Pace, seconds: float) -> Stretch:
        """Say things at `pace` for `seconds`, then wait for the last of them.

        Raises:
            ConnectionError: The server refused something, or hung up.
        """
        before, acked = self._said, self._seats[0].heard.acks
        ears = Ears([seat.heard for seat in self._seats], alike=self._system.alike, said=before)
        intended: list[float] = []
        to_last: list[float] = []
        to_ack: list[float] = []
        kept_up = True
        cpu, busy = self._server.whole_cpu_s(), time.process_time()
        begun = last = time.perf_counter()
        while True:
            now = time.perf_counter()
            if self._system.acks:
                acks = self._seats[0].heard.acks - acked
                to_ack += [now - begun - at for at in intended[len(to_ack) : acks]]
            complete = min(ears.advance.low - before, acks if self._system.acks else len(intended))
            if complete > len(to_last):
                last = now
                to_last += [now - begun - at for at in intended[len(to_last) : complete]]
            in_flight = len(intended) - complete
            if in_flight and now - begun - intended[complete] > pace.behind_s:
                kept_up = False
            saying = now - begun < seconds and kept_up
            if saying:
                intended += self._say(pace.due(now - begun, in_flight))
            elif (not in_flight and ears.quiet) or now - last > PATIENCE_S:
                break
            self._hear(ears, begun + pace.next() if saying else now + PATIENCE_S)
        said = len(intended)
        return Stretch(
            said=said,
            members=len(self._seats),
            seconds=last - begun,
            busy=(time.process_time() - busy) / (time.perf_counter() - begun),
            cpu_s=self._server.whole_cpu_s() - cpu,
            memory_kib=self._server.whole_memory_kib(),
            lost=ears.lost(self._said),
            twice=ears.twice,
            late=ears.late,
            odd=ears.odd,
            kept_up=kept_up,
            to_last=to_last,
            to_any=[
                at - begun - intended[number - before] for at, begin, end in ears.passed for number in range(begin, end)
            ],
            to_ack=to_ack,
        )

    def _say(self, due: list[float]) -> list[float]:
        if due:
            speech = self._seats[0].speech
            for number in range(self._said + 1, self._said + len(due) + 1):
                self._unsent += speech.say(number, body(_SPEAKER, number))
            self._said += len(due)
            self._flush()
        return due

    def _flush(self) -> None:
        mouth, wanted = self._seats[0], select.EPOLLIN
        with suppress(BlockingIOError):
            del self._unsent[: mouth.socket.send(self._unsent)]
        if self._unsent:
            wanted |= select.EPOLLOUT
        self._poll.modify(mouth.fileno(), wanted)

    def _hear(self, ears: Ears, until: float) -> None:
        """Take in what is there; if there is nothing, wait for something until `until`."""
        left = max(until - time.perf_counter(), 0)
        if left < _COARSE_S:  # The selector's own timeout is in milliseconds, and what is to be said is not.
            select.select([self._poll], [], [], left)
            left = 0
        ready = self._poll.poll(left and min(left - _COARSE_S, PATIENCE_S), _EVENTS)
        buffer, by_fd = self._buffer, self._by_fd
        for fd, event in ready:
            if event & ~select.EPOLLOUT:
                who, receive = by_fd[fd]
                count = receive(buffer)
                if not count:
                    raise ConnectionError(f"{self._system.name} hung up")
                ears.take(who, buffer[:count])
            if event & select.EPOLLOUT:
                self._flush()


@contextmanager
def gathered(system: System, server: Running, members: int) -> Iterator[Room]:
    """Gather so many members, and have them hang up in the end: a server that stops may wait for those who do not."""
    with select.epoll() as poll:  # Before all others, so that its own number is one that `select` takes.
        seats = system.room(server, members)
        try:
            yield Room(system, server, seats, poll)
        finally:
            for seat in seats:
                seat.socket.close()
