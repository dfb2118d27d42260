"""`hutong-bench chat`: one to one, on an empty store and on a grown one, and the same in other systems."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from benchmarks.chat.stores import EMPTY, grown
from benchmarks.chat.talk import talking
from benchmarks.fanout.loads import Load, Rounds, measure, raise_limit_for
from benchmarks.fanout.room import Stretch
from benchmarks.figures import Report
from benchmarks.measurement import Measurement
from benchmarks.options import common, reported, several, systems_option, window_option
from benchmarks.systems.base import System
from benchmarks.systems.registry import installed

HUTONG, ECHO = "hutong", "echo"
PAIRED = (HUTONG, "nats-server", "mosquitto", "ejabberd", "prosody", ECHO)
WARM_UP_S = 0.5
_COLUMNS = (
    *("system", "version", "entries", "deliveries", "deliveries_per_s", "cpu_us_per_delivery"),
    *("beside_empty", "beside_echo", "p50_ms", "p99_ms", "lost", "duplicated", "server_busy", "driver_busy"),
)


class _Size(click.ParamType[int]):
    """A number of entries, or `empty`."""

    name = "entries"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number."""
        return EMPTY if value in {"empty", EMPTY} else click.IntRange(1000).convert(value, param, ctx)


@dataclass(frozen=True, slots=True)
class Case:
    """A system whose store has so many entries at first, and how many pairs talk."""

    system: System
    entries: int | None  # None: it has no store.
    pairs: int
    members = 1  # Who hear each message.

    def __str__(self) -> str:
        return f"{self.system.name}, {self.pairs:,} pairs" + (f" on {self.entries:,} entries" if self.entries else "")

    def run(self, loads: Sequence[Load], *, seconds: float, seed: str) -> Generator[Stretch]:  # noqa: ARG002
        """Run one server and have the pairs talk as `loads` say; nothing in it is random."""
        with self.system.serve() as server, talking(self.system, server, self.pairs) as talk:
            for load in loads:
                assert load.window is not None
                talk.warm_up(load.window, min(WARM_UP_S, seconds))
                yield talk.run(load.window, seconds)


@click.command("chat", epilog="Example: hutong-bench chat --pairs 20 --window 1")
@several("--pairs", "pairs", (200, 2000), "Chats; each has two connections, both busy. May be repeated.")
@window_option(1, 8)
@click.option(
    "--store", "stores", type=_Size(), multiple=True, default=("empty", "5000000"), show_default=True,
    help="What hutong has stored before: `empty`, or a number of entries. May be repeated.",
)  # fmt: skip
@click.option(
    "--keep", type=click.Path(file_okay=False, path_type=Path), help="Where grown stores are kept for the next time."
)
@systems_option(PAIRED)
@common(rounds=3, seconds=3.0)
def main(file: Path | None, **asked: Any) -> None:
    """Messages between two people: durable and delivered, beside systems that keep nothing."""
    reported("chat", compare, file, **asked)


def compare(
    report: Report,
    *,
    pairs: Sequence[int],
    windows: Sequence[int],
    stores: Sequence[int],
    keep: Path | None,
    systems: Sequence[str],
    rounds: int,
    seconds: float,
    seed: int,
) -> None:
    """Measure each system with each number of pairs, hutong on each store."""
    raise_limit_for(2 * max(pairs))
    there, missing = installed(name for name in systems if name != HUTONG)
    with grown(stores if HUTONG in systems else (), keep, seed) as ours:
        kinds = [(ours[entries], entries) for entries in ours] + [(system, None) for system in there]
        cases = [Case(system, entries, count) for count in pairs for system, entries in kinds]
        loads = [Load(window=window) for window in windows]
        found = measure(report, cases, loads, rounds=rounds, seconds=seconds, seed=seed)
    for count in pairs:
        of_count = {case: by_load for case, by_load in found.items() if case.pairs == count}
        for load in loads:
            rows = [_measured(case, load, of_count) for case in of_count]
            report.measurements(
                f"One to one, {2 * count:,} busy connections, {load.window} in flight at each; {seconds:g} s a stretch,"
                f" median of {rounds}",
                rows,
                _COLUMNS,
            )
    report.note(
        "A message counts once the other side has it and, where the system acknowledges, its sender knows. A grown"
        " store has just been copied, so its pages are in the system's cache as far as there is room."
    )
    for reason in missing:
        report.note(f"Left out: {reason}")


def _measured(case: Case, load: Load, found: dict[Case, dict[Load, Rounds]]) -> Measurement:
    """Return the measurement of `case`, with its cost beside that on an empty store, and beside those of others."""
    others = {(other.system.name, other.entries): by_load[load] for other, by_load in found.items()}
    mine, name = found[case][load], case.system.name
    empty = others.get((HUTONG, EMPTY)) if case.entries else None
    foreign = {other: rounds for (other, entries), rounds in others.items() if entries is None}
    return mine.measurement(
        "chat",
        pairs=case.pairs,
        entries=case.entries,
        beside_empty=mine.beside(empty) if empty else None,
        **{f"beside_{other}": mine.beside(rounds) if other != name else None for other, rounds in foreign.items()},
    )
