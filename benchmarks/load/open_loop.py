"""What people say at its time, whether or not what was said before has come to all: an open loop.

The times are random (Poisson), and places are more or less busy. Each thing said is timed from when it was due, until
the last one has it who is to have it. Whoever says something gets it as well, which does not count.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from random import Random
from selectors import EVENT_READ, DefaultSelector
from typing import Any

import msgpack

from benchmarks.load.closed_loop import PATIENCE_S, Ear, Way, request
from benchmarks.load.wire import Wire, now_cid

_NUMBER = "{:012d} "  # A moment has no cid: it begins with its number.
_NUMBER_CHARS = len(_NUMBER.format(0))
_FIRST = 10**6  # Of the requests: those of the setting-up are below.


def arrivals(source: Random, *, rate: float, seconds: float) -> list[float]:
    """Return the times, from 0 to `seconds`, of things that happen independently of each other, `rate` a second."""
    times, at = [], source.expovariate(rate)
    while at < seconds:
        times.append(at)
        at += source.expovariate(rate)
    return times


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where people say things in one way. `topic`: as of a `Speaker`; `kind`: what its figures are counted under.

    `mouths`: who say something there, now one, now another; `hearers`: how many have it then, who says it not counted.
    `share`: how often, beside other places.
    """

    kind: str
    way: Way
    topic: str
    mouths: Sequence[Wire]
    hearers: int
    share: float


@dataclass(slots=True)
class Flow:
    """What was said in places of one kind, and who got it: `last_ms` until all had it, `any_ms` until each of them had.

    `held`: published, but not let through at once; nobody hears it.
    """

    said: int = 0
    held: int = 0
    deliveries: int = 0
    lost: int = 0
    duplicated: int = 0
    last_ms: list[float] = field(default_factory=list, repr=False)
    any_ms: list[float] = field(default_factory=list, repr=False)

    def add(self, other: "Flow") -> None:
        """Count what is in `other`, too."""
        self.said += other.said
        self.held += other.held
        self.deliveries += other.deliveries
        self.lost += other.lost
        self.duplicated += other.duplicated
        self.last_ms += other.last_ms
        self.any_ms += other.any_ms


@dataclass(slots=True)
class _Said:
    """Something that is under way. `missing`: how many do not have it yet."""

    place: Place
    mouth: Wire
    due: float
    missing: int


class OpenLoop:
    """The places, and all connections: `hearing` are those that only listen."""

    def __init__(self, places: Sequence[Place], *, hearing: Sequence[Wire] = ()) -> None:
        self._places = places
        self._shares = list(accumulate(place.share for place in places))
        self._kinds = {place.topic: place.kind for place in places}
        self._ear = Ear()
        self._number = _FIRST
        self._flows: dict[str, Flow] = {}
        self._under_way: dict[bytes, _Said] = {}  # By its cid, or how it begins.
        self._asked: dict[int, bytes] = {}
        self._wires = {*hearing, *(wire for place in places for wire in place.mouths)}
        self._selector = DefaultSelector()
        for wire in self._wires:
            self._selector.register(wire, EVENT_READ, wire)

    def close(self) -> None:
        """Hang up all connections."""
        self._selector.close()
        for wire in self._wires:
            wire.close()

    def stretch(self, *, rate: float, seconds: float, source: Random, text: Callable[[str], str]) -> dict[str, Flow]:
        """Have `rate` things a second be said for so long, and wait for the last; return what each kind gave.

        `text` makes up what is said in a place of a kind. The same `source` makes the same people speak at the same
        times. What has not come after `PATIENCE_S` is lost.

        Raises:
            RuntimeError: Something was refused, or never acknowledged though it came.
        """
        self._flows = {place.kind: Flow() for place in self._places}
        times = arrivals(source, rate=rate, seconds=seconds)
        begun = time.perf_counter()
        dues, ends = (begun + at for at in times), begun + seconds
        due = next(dues, math.inf)
        while True:
            now = time.perf_counter()
            while due <= now:
                self._say(due, source, text)
                due = next(dues, math.inf)
            if now >= ends and not (self._under_way or self._asked):
                break
            if now > ends + PATIENCE_S:
                self._give_up()
                break
            wait = min(due, ends) - now
            for key, _ in self._selector.select(wait if wait > 0 else 0.05):
                self._take(key.data)
                if due <= time.perf_counter():  # It is not to wait until everybody was listened to.
                    self._say(due, source, text)
                    due = next(dues, math.inf)
        return self._flows

    def _say(self, due: float, source: Random, text: Callable[[str], str]) -> None:
        (place,) = source.choices(self._places, cum_weights=self._shares)
        mouth, said, cid = source.choice(place.mouths), text(place.kind), now_cid()
        self._number += 1
        key = cid
        if place.way == "moment":
            said = _NUMBER.format(self._number) + said
            key = said[:_NUMBER_CHARS].encode()
        self._flows[place.kind].said += 1
        self._under_way[key] = _Said(place, mouth, due, place.hearers)
        self._asked[self._number] = key
        mouth.socket.sendall(request(place.way, place.topic, self._number, said, cid))

    def _take(self, wire: Wire) -> None:
        for payload in wire.poll():
            match msgpack.unpackb(payload):
                case {"entry": entry}:
                    is_new, topic, key = self._ear.entry(wire, entry), entry["topic"], entry.get("cid", b"")
                case {"ev": "moment", "moment": moment}:
                    is_new, topic = self._ear.moment(wire, moment), moment["author"]
                    key = moment["body"][:_NUMBER_CHARS]
                case message:
                    self._answered(message)
                    continue
            if topic in self._kinds:
                flow = self._flows[self._kinds[topic]]
                flow.lost, flow.duplicated = flow.lost + self._ear.lost, flow.duplicated + self._ear.twice
                self._ear.lost = self._ear.twice = 0
                said = self._under_way.get(key)
                if is_new and said is not None and wire is not said.mouth:
                    self._came(key, said, flow)

    def _came(self, key: bytes, said: _Said, flow: Flow) -> None:
        took_ms = (time.perf_counter() - said.due) * 1000
        flow.deliveries += 1
        flow.any_ms.append(took_ms)
        said.missing -= 1
        if not said.missing:
            flow.last_ms.append(took_ms)
            del self._under_way[key]

    def _answered(self, message: dict[str, Any]) -> None:
        key = self._asked.pop(message.get("re", 0), None)
        if key is None:
            return
        if message.get("submission", {}).get("state") == "held":
            self._flows[self._under_way.pop(key).place.kind].held += 1
        else:
            self._ear.reply(message)

    def _give_up(self) -> None:
        if unanswered := set(self._asked.values()) - self._under_way.keys():
            raise RuntimeError(f"{len(unanswered)} things said came to all and were never acknowledged")
        missing = dict.fromkeys(self._flows, 0)
        for said in self._under_way.values():
            missing[said.place.kind] += said.missing
        for kind, count in missing.items():  # Gaps have told of some of it.
            self._flows[kind].lost = max(self._flows[kind].lost, count)
        self._under_way.clear()
        self._asked.clear()
