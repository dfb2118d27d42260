"""`hutong-bench fanout`: one sender, many members, every system in turn in one run."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from benchmarks.fanout.loads import Case, Load, Rounds, loads_of, measure, raise_limit_for
from benchmarks.figures import Report
from benchmarks.measurement import Measurement
from benchmarks.options import common, members_option, rate_option, reported, systems_option, window_option
from benchmarks.systems.registry import NO_ROOMS, SYSTEMS, installed
from protocol.limits import PRIVATE_GROUP_MEMBERS

LIMIT = "limit"
MOST_MEMBERS = {"hutong": PRIVATE_GROUP_MEMBERS}
_ALL = ("deliveries", "deliveries_per_s", "cpu_us_per_delivery", "beside_limit", "p50_ms", "p99_ms", "any_p99_ms")
CLOSED = ("system", "version", "stores", "window", *_ALL, "lost", "duplicated", "server_busy", "driver_busy")
OPEN = ("system", "version", "stores", "rate", "sustained", *_ALL, "lost", "duplicated", "server_busy", "driver_busy")
BUSY = (
    "Busy: processors' worth of computing. Where the driver is near 1, rate and latencies are its doing as much as"
    " the system's; CPU per delivery is not."
)


@click.command("fanout", epilog="Example: hutong-bench fanout --members 100 --rate 100 --systems limit,hutong")
@members_option(500)
@window_option(1, 16)
@rate_option()
@systems_option([name for name in SYSTEMS if name not in NO_ROOMS])
@common(rounds=3, seconds=2.0)
def main(file: Path | None, **asked: Any) -> None:
    """One speaks in a room, all hear it: hutong beside every peer."""
    reported("fanout", compare, file, **asked)


def compare(
    report: Report,
    *,
    members: int,
    windows: Sequence[int],
    rates: Sequence[float],
    systems: Sequence[str],
    rounds: int,
    seconds: float,
    seed: int,
) -> None:
    """Measure each system, and show them beside the bare loop."""
    fitting = [name for name in systems if members <= MOST_MEMBERS.get(name, members)]
    there, missing = installed(fitting)
    missing += [f"{name}: it has rooms of {MOST_MEMBERS[name]} at most" for name in systems if name not in fitting]
    raise_limit_for(members)
    cases = [Case(system, members) for system in there]
    found = measure(report, cases, loads_of(windows, rates), rounds=rounds, seconds=seconds, seed=seed)
    measured: dict[Load, list[Measurement]] = {}
    limits = next((by_load for case, by_load in found.items() if case.system.name == LIMIT), {})
    for by_load in found.values():
        for load, each in by_load.items():
            measured.setdefault(load, []).append(beside_limit("fanout", each, limits.get(load)))
    title = f"One speaks, {members:,} hear it; {seconds:g} s a stretch, median of {rounds}"
    for name, columns, is_open in (("in flight", CLOSED, False), ("open loop", OPEN, True)):
        if rows := [
            each for load, each_of in measured.items() if (load.rate is not None) is is_open for each in each_of
        ]:
            report.measurements(f"{title} ({name})", rows, columns)
    report.note(BUSY)
    for reason in missing:
        report.note(f"Left out: {reason}")


def beside_limit(benchmark: str, rounds: Rounds, limit: Rounds | None, **more: object) -> Measurement:
    """Return a measurement with its cost beside that of the bare loop, in the same rounds."""
    return rounds.measurement(benchmark, beside_limit=rounds.beside(limit) if limit is not None else None, **more)
