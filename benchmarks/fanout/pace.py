"""When the next thing is said: when there is room for it, or when its time has come."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import Protocol

BEHIND_S = 1.0  # In an open loop: a system that is so far behind will not catch up.


class Pace(Protocol):
    """Times are seconds since the stretch began. `behind_s`: how late the last to hear may be before one gives up."""

    @property
    def behind_s(self) -> float: ...

    def due(self, now: float, in_flight: int) -> list[float]:
        """Return when each of those things was to be said that are to be said now."""

    def next(self) -> float:
        """Return when the next one is to be said, whatever is heard until then."""


@dataclass(frozen=True, slots=True)
class Closed:
    """A closed loop: `window` things are in flight at all times."""

    window: int
    behind_s = math.inf

    def due(self, now: float, in_flight: int) -> list[float]:
        """Return as many as there is room for."""
        return [now] * (self.window - in_flight)

    def next(self) -> float:
        """Return infinity: only what is heard makes room."""
        return math.inf


class Open:
    """An open loop: `rate` things a second, at random intervals (Poisson), whether those before have come or not."""

    behind_s = BEHIND_S

    def __init__(self, rate: float, source: Random) -> None:
        self._times: Iterator[float] = accumulate(iter(lambda: source.expovariate(rate), None))
        self._next = next(self._times)

    def due(self, now: float, in_flight: int) -> list[float]:  # noqa: ARG002 - nobody waits for anybody.
        """Return those whose time has come."""
        due = []
        while self._next <= now:
            due.append(self._next)
            self._next = next(self._times)
        return due

    def next(self) -> float:
        """Return when the next one's time comes."""
        return self._next
