"""`hutong-bench growth`: what a delivery costs in rooms of every size, private and public, beside the bare loop."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from benchmarks.fanout.command import LIMIT, beside_limit
from benchmarks.fanout.loads import Case, Load, measure, raise_limit_for
from benchmarks.figures import Report
from benchmarks.options import common, option, reported, several
from benchmarks.systems.hutong import Hutong, HutongPublic
from benchmarks.systems.limit import Limit

LOAD = Load(window=1)
COLUMNS = (
    *("system", "version", "members", "deliveries", "deliveries_per_s", "cpu_us_per_delivery"),
    *("beside_base", "beside_limit", "p50_ms", "p99_ms", "lost", "duplicated", "server_busy", "driver_busy"),
)


@click.command("growth", epilog="Example: hutong-bench growth --public 1000 --public 5000")
@several("--private", "privates", (10, 100, 500), "Members of a private group. May be repeated.")
@several(
    "--public", "publics", (1000, 10_000), "Members of a public group, the gate and its checks on. May be repeated."
)
@option("--base", 100, "Members of the private group that the others are set beside.")
@common(rounds=3, seconds=2.0)
def main(file: Path | None, **asked: Any) -> None:
    """What a delivery costs in rooms of ten to ten thousand."""
    if asked["base"] not in asked["privates"]:
        raise click.UsageError(f"--base is one of the private groups, not {asked['base']}")
    reported("growth", tell, file, **asked)


def tell(
    report: Report,
    *,
    privates: Sequence[int],
    publics: Sequence[int],
    base: int,
    rounds: int,
    seconds: float,
    seed: int,
) -> None:
    """Measure each size, and show it beside the base and beside the bare loop of the same size."""
    raise_limit_for(max(*privates, *publics))
    private = [Case(Hutong(), members) for members in sorted({*privates})]
    public = [Case(HutongPublic(), members) for members in sorted({*publics})]
    limits = {members: Case(Limit(), members) for members in sorted({*privates, *publics})}
    cases = [*private, *public, *limits.values()]
    found = {
        case: by_load[LOAD]
        for case, by_load in measure(report, cases, [LOAD], rounds=rounds, seconds=seconds, seed=seed).items()
    }
    measured = []
    base_room = next(case for case in private if case.members == base)
    for case in cases:
        if (rounds_of := found.get(case)) is not None:
            base_of = found.get(limits[base] if case.system.name == LIMIT else base_room)
            beside = rounds_of.beside(base_of) if base_of is not None else None
            measured.append(beside_limit("growth", rounds_of, found.get(limits[case.members]), beside_base=beside))
    report.measurements(f"One message in flight; beside a room of {base:,}, and beside the limit", measured, COLUMNS)
