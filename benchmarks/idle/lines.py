"""Many devices in one process, each on a socket of its own: they sign in, wait, and come back when they lose it.

They wait as our client does (client.backoff): as long as the server asks them to when it shuts down, and at random,
longer and longer, while nobody listens.
"""

import errno
import heapq
import os
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from itertools import count
from pathlib import Path
from random import Random
from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector
from urllib.parse import urlsplit

from benchmarks import grown_store
from benchmarks.idle.device import Device
from benchmarks.load.wire import ClosedError, now_cid
from benchmarks.systems.base import BODY_BYTES
from client.backoff import Backoff
from client.errors import ConnectionLostError, UnreachableError
from protocol.entries import Side
from protocol.errors import CloseCode

PER_ADDRESS = 1000  # So many come from one address: it has ports for 28,000, those of the last minute counted.
AT_ONCE = 100  # That sign in at a time, while nobody hurries.
PATIENCE_S = 60.0
_BROKEN = 1006  # RFC 6455 §7.1.5: without a close frame.


@dataclass(frozen=True, slots=True)
class Returned:
    """All are back. `last`: when the last one was (of time.perf_counter); `busy`: the part of one processor it took.

    `took_s`: of each, from its connecting to having everything. `tries`: connections that came to nothing.
    """

    last: float
    took_s: list[float]
    tries: int
    busy: float


@dataclass(frozen=True, slots=True)
class Had:
    """What all devices have got together since they came. `unheard`: what was acknowledged and is not stored."""

    taken: int
    lost: int
    duplicated: int
    unheard: int


@dataclass(slots=True, eq=False)
class _Line:
    device: Device
    address: str
    backoff: Backoff
    end: socket.socket | None = None
    begun: float = 0.0


class Lines:
    """`jitter`: whether they wait as long as a server that shuts down asks them to. `first`: the first one's number."""

    def __init__(self, url: str, devices: Sequence[Device], *, first: int, jitter: bool, seed: int) -> None:
        where = urlsplit(url)
        self._url, self._server = url, (where.hostname, where.port)
        self._jitter = jitter
        self._source = Random(seed + first)
        self._lines = [_Line(each, address(first + n), Backoff(self._source)) for n, each in enumerate(devices)]
        self._selector = DefaultSelector()
        self._due: list[tuple[float, int, _Line]] = []
        self._numbers = count()
        self._live = 0
        self._last = self._moved = 0.0
        self._took_s: list[float] = []
        self._tries = 0

    def watch(self, orders: object) -> None:
        """Let `turn` end when there is something to read from `orders`."""
        self._selector.register(orders, EVENT_READ)  # type: ignore[arg-type]

    def sign_in(self, count: int, quiet_s: float) -> None:
        """Have the first `count` devices signed in, a few at a time, and wait until nothing has come for so long."""
        waiting = [line for line in reversed(self._lines[:count]) if line.end is None]
        under_way = count - len(waiting)
        self._moved = time.perf_counter()
        while self._live < count:
            while waiting and under_way - self._live < AT_ONCE:
                self._connect(waiting.pop())
                under_way += 1
            self.turn(1.0)
            self._still_coming()
        while self.turn(quiet_s):
            pass

    def speak(self, count: int) -> None:
        """Have so many devices say something, each in one of their private topics; wait for nothing."""
        for line in self._source.sample(self._lines, count):
            topic = self._source.choice(list(line.device.heads[Side.PRIVATE]))
            assert line.end is not None
            line.end.sendall(line.device.say(topic, now_cid(), self._source.randbytes(BODY_BYTES)))

    def forget(self) -> None:
        """From now on those are counted that come back."""
        self._took_s, self._tries = [], 0

    def come_back(self) -> Returned:
        """Wait until all are back and have everything."""
        self._moved = begun = time.perf_counter()
        used = time.process_time()
        while self._live < len(self._lines):
            self.turn(1.0)
            self._still_coming()
        busy = (time.process_time() - used) / (time.perf_counter() - begun)
        return Returned(self._last, self._took_s, self._tries, busy)

    def had(self, data: Path) -> Had:
        """Compare what the devices have with what is in the stores in `data`."""
        heads = {**grown_store.heads(data, Side.PRIVATE), **grown_store.heads(data, Side.PUBLIC)}
        devices = [line.device for line in self._lines]
        said = {cid: place for device in devices for cid, place in device.said.items()}
        there = grown_store.places(data, said)
        return Had(
            taken=sum(device.taken for device in devices),
            lost=sum(device.lost + device.behind(heads) for device in devices),
            duplicated=sum(device.duplicated for device in devices),
            unheard=sum(there.get(cid) != place for cid, place in said.items()),
        )

    def turn(self, longest: float) -> bool:
        """Wait so long at most for something to do, and do it; say whether there was anything."""
        now = time.perf_counter()
        while self._due and self._due[0][0] <= now:
            self._connect(heapq.heappop(self._due)[2])
        soon = min(longest, self._due[0][0] - now) if self._due else longest
        ready = self._selector.select(soon)
        for key, _ in ready:
            if key.data is not None:
                try:
                    key.data[1](key.data[0])
                except OSError as error:
                    self._lose(key.data[0], error)
        return bool(ready) or soon < longest

    def _connect(self, line: _Line) -> None:
        line.end = end = socket.socket()
        line.begun = time.perf_counter()
        end.settimeout(0)
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        end.bind((line.address, 0))
        end.connect_ex(self._server)  # What became of it is said when it can be written to.
        self._watch(line, EVENT_WRITE, self._begin)

    def _begin(self, line: _Line) -> None:
        assert line.end is not None
        if failed := line.end.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(failed, os.strerror(failed))
        line.end.sendall(line.device.connected())
        self._selector.modify(line.end, EVENT_READ, (line, self._hear))

    def _hear(self, line: _Line) -> None:
        assert line.end is not None
        data = line.end.recv(1 << 16)
        if not data:
            raise ConnectionResetError(errno.ECONNRESET, "the server hung up")
        was_live = line.device.live
        if answer := line.device.feed(data):
            line.end.sendall(answer)
        if line.device.live and not was_live:
            self._last = self._moved = time.perf_counter()
            self._took_s.append(self._last - line.begun)
            self._live += 1
            line.backoff.succeeded()

    def _lose(self, line: _Line, error: OSError) -> None:
        assert line.end is not None
        self._selector.unregister(line.end)
        line.end.close()
        line.end = None
        if line.device.live:
            line.device.live = False
            self._live -= 1
        else:
            self._tries += 1
        seconds = self._wait(line, error)
        heapq.heappush(self._due, (time.perf_counter() + seconds, next(self._numbers), line))

    def _wait(self, line: _Line, error: OSError) -> float:
        match error:
            case ClosedError(code=CloseCode.SHUTDOWN) if not self._jitter:
                return 0.0
            case ClosedError(code=code, reason=reason):
                seconds = line.backoff.seconds(ConnectionLostError(code, reason))
            case _:
                seconds = line.backoff.seconds(UnreachableError(self._url, str(error)))
        if seconds is None:
            raise RuntimeError(f"the server sent a device away: {error}")
        return seconds

    def _watch(self, line: _Line, events: int, then: Callable[[_Line], None]) -> None:
        assert line.end is not None
        self._selector.register(line.end, events, (line, then))

    def _still_coming(self) -> None:
        if time.perf_counter() - self._moved > PATIENCE_S:
            raise RuntimeError(f"{self._live:,} of {len(self._lines):,} devices are signed in, and nobody else comes")


def address(number: int) -> str:
    """Return the loopback address from which device `number` comes."""
    return str(IPv4Address("127.0.0.2") + number // PER_ADDRESS)
