"""What a room is put to, in one run of a server, and the measurement that several runs give."""

import math
import statistics
from collections.abc import Callable, Generator, Hashable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from random import Random
from typing import Protocol, TypeVar

from benchmarks.fanout.pace import Closed, Open, Pace
from benchmarks.fanout.room import Stretch, gathered
from benchmarks.figures import Report, advancing, quantile
from benchmarks.measurement import Measurement
from benchmarks.servers import raise_limit
from benchmarks.systems.base import System

WARM_UP_S = 0.5
FILES_EACH, SPARE_FILES = 2, 200  # A member may have a file at the server and one here.
DONE = 0.95  # Of the rate that is offered: who gets less done does not keep up.

# Of a stretch. Busy: of one processor, the part that was computed; the server may have more than one.
FIGURES: Mapping[str, Callable[[Stretch], float]] = {
    "deliveries_per_s": lambda each: each.deliveries / each.seconds,
    "cpu_us_per_delivery": lambda each: 1e6 * each.cpu_s / each.deliveries,
    "p50_ms": lambda each: 1000 * quantile(each.to_last, 0.5),
    "p99_ms": lambda each: 1000 * quantile(each.to_last, 0.99),
    "any_p50_ms": lambda each: 1000 * quantile(each.to_any, 0.5),
    "any_p99_ms": lambda each: 1000 * quantile(each.to_any, 0.99),
    "ack_p50_ms": lambda each: 1000 * quantile(each.to_ack, 0.5),
    "ack_p99_ms": lambda each: 1000 * quantile(each.to_ack, 0.99),
    "messages_per_s": lambda each: each.said / each.seconds,
    "memory_kib": lambda each: each.memory_kib,
    "server_busy": lambda each: each.cpu_s / each.seconds,
    "driver_busy": lambda each: each.busy,
}


@dataclass(frozen=True, slots=True)
class Load:
    """`window` things in flight or, in an open loop, `rate` a second."""

    window: int | None = None
    rate: float | None = None

    def pace(self, seed: str) -> Pace:
        """Return it as a pace; the same `seed` gives the same one."""
        if self.window is not None:
            return Closed(self.window)
        assert self.rate is not None
        return Open(self.rate, Random(f"{seed} {self.rate}"))

    def sustained(self, stretch: Stretch, seconds: float) -> bool | None:
        """Say whether it was, in so many seconds, with nothing lost; None in a closed loop, which waits for all.

        What a message usually takes is no sign of falling behind: the last one may take as long.
        """
        if self.rate is None:
            return None
        took = stretch.seconds - quantile(stretch.to_last, 0.5)
        return stretch.kept_up and not stretch.lost and took * DONE <= seconds


def loads_of(windows: Sequence[int], rates: Sequence[float]) -> list[Load]:
    """Return them in the order in which a server gets them: the highest rate last."""
    return [*(Load(window=window) for window in windows), *(Load(rate=rate) for rate in sorted(rates))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """What all rounds gave of one system under one load. None: higher rates than one it could not keep up with."""

    system: System
    members: int
    load: Load
    seconds: float
    stretches: tuple[Stretch | None, ...]

    def by_round(self, figure: str) -> list[float]:
        """Return one of the `FIGURES` of each round; NaN of one that has none."""
        return [FIGURES[figure](each) if each is not None and each.deliveries else math.nan for each in self.stretches]

    def values(self, figure: str) -> list[float]:
        """Return one of the `FIGURES` of the rounds that have it."""
        return [value for value in self.by_round(figure) if not math.isnan(value)]

    def beside(self, other: "Rounds", figure: str = "cpu_us_per_delivery") -> float | None:
        """Return how many times another's figure its own is: of the ratios within each round the median."""
        pairs = zip(self.by_round(figure), other.by_round(figure), strict=True)
        ratios = [mine / theirs for mine, theirs in pairs if mine == mine and theirs > 0]  # noqa: PLR0124 - NaN.
        return statistics.median(ratios) if ratios else None

    def measurement(self, benchmark: str, **more: object) -> Measurement:
        """Return of each figure the median of the rounds, and in `more` between what they lie."""
        there = [each for each in self.stretches if each is not None]
        values = {name: self.values(name) for name in FIGURES}
        middle = {name: statistics.median(found) for name, found in values.items() if found}
        always = ("deliveries_per_s", "cpu_us_per_delivery", "p50_ms", "p99_ms")
        figures = {name: middle.pop(name, math.nan) for name in always}
        sustained = None
        if self.load.rate is not None:
            sustained = all(each and self.load.sustained(each, self.seconds) for each in self.stretches)
        return Measurement(
            benchmark=benchmark,
            system=self.system.name,
            version=self.system.version(),
            members=self.members,
            window=self.load.window,
            deliveries=sum(each.deliveries for each in there),
            **figures,
            lost=sum(each.lost for each in there),
            duplicated=sum(each.twice for each in there),
            more={
                "rate": self.load.rate,
                "sustained": sustained,
                "stores": self.system.stores,
                **middle,
                "late": sum(each.late for each in there),
                "compared_otherwise": sum(each.odd for each in there),
                "rounds": len(there),
                "spread": {name: [min(found), max(found)] for name, found in values.items() if found},
                **more,
            },
        )


@dataclass(frozen=True, slots=True)
class Case:
    """A system, and how many are in its room."""

    system: System
    members: int

    def __str__(self) -> str:
        return f"{self.system.name}, {self.members:,} members"

    def run(self, loads: Sequence[Load], *, seconds: float, seed: str) -> Generator[Stretch]:
        """Run one server and put so many members to `loads`, one after the other."""
        with self.system.serve() as server, gathered(self.system, server, self.members) as room:
            room.run(Closed(1), min(WARM_UP_S, seconds))
            for load in loads:
                yield room.run(load.pace(seed), seconds)


class Measured(Hashable, Protocol):
    """What is run once a round, on a server of its own; its text is what it is called.

    Running it raises OSError, RuntimeError or ValueError if the system does not start, refuses something, hangs up, or
    says what nobody said.
    """

    @property
    def system(self) -> System: ...

    @property
    def members(self) -> int: ...

    def run(self, loads: Sequence[Load], *, seconds: float, seed: str) -> Generator[Stretch]:
        """Yield what each of `loads` gives, in order."""


AnyCase = TypeVar("AnyCase", bound=Measured)


def measure(
    report: Report, cases: Sequence[AnyCase], loads: Sequence[Load], *, rounds: int, seconds: float, seed: int
) -> dict[AnyCase, dict[Load, Rounds]]:
    """Run each of `cases` once a round, in an order that the seed shuffles; what breaks is left out and noted.

    After a rate that is too high for it, higher ones are left out. `seconds`: of each stretch.
    """
    found: dict[AnyCase, list[dict[Load, Stretch]]] = {case: [] for case in cases}
    with advancing(rounds * len(cases)) as begin:
        for number in range(1, rounds + 1):
            for case in Random(f"{seed} {number}").sample(list(found), len(found)):
                begin(f"round {number}: {case}")
                try:
                    found[case].append(_run(case, loads, seconds=seconds, seed=f"{seed} {number}"))
                except (OSError, RuntimeError, ValueError) as error:
                    report.note(f"Left out: {case}: it broke in round {number}: {error}")
                    del found[case]
    return {
        case: {
            load: Rounds(
                system=case.system,
                members=case.members,
                load=load,
                seconds=seconds,
                stretches=tuple(stretches.get(load) for stretches in by_round),
            )
            for load in loads
        }
        for case, by_round in found.items()
    }


def _run(case: Measured, loads: Sequence[Load], *, seconds: float, seed: str) -> dict[Load, Stretch]:
    found: dict[Load, Stretch] = {}
    with closing(case.run(loads, seconds=seconds, seed=seed)) as stretches:
        for load, stretch in zip(loads, stretches, strict=True):
            found[load] = stretch
            if load.sustained(stretch, seconds) is False:
                break
    return found


def raise_limit_for(members: int) -> None:
    """Let so many connections be open, here and at a server that is started here."""
    raise_limit(FILES_EACH * members + SPARE_FILES)
