"""`hutong-bench limit`: the bare loop of sends, one message at a time and many in one go. Less it cannot cost."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from benchmarks.fanout.loads import Case, loads_of, measure, raise_limit_for
from benchmarks.figures import Report
from benchmarks.options import common, members_option, reported, window_option
from benchmarks.systems.limit import Limit

COLUMNS = (
    *("system", "version", "window", "deliveries", "deliveries_per_s", "cpu_us_per_delivery"),
    *("p50_ms", "p99_ms", "any_p99_ms", "lost", "duplicated", "server_busy", "driver_busy"),
)


@click.command("limit", epilog="Example: hutong-bench limit --members 1000 --window 1")
@members_option(500)
@window_option(1, 16, 64)
@common(rounds=3, seconds=2.0)
def main(file: Path | None, **asked: Any) -> None:
    """What a delivery costs in a bare loop: the machine's limit."""
    reported("limit", tell, file, **asked)


def tell(report: Report, *, members: int, windows: Sequence[int], rounds: int, seconds: float, seed: int) -> None:
    """Measure it, single and coalesced."""
    raise_limit_for(members)
    case = Case(Limit(), members)
    found = measure(report, [case], loads_of(windows, ()), rounds=rounds, seconds=seconds, seed=seed)
    report.measurements(
        f"A bare loop over {members:,} sockets; what is read in one go is written in one go",
        [each.measurement("limit") for each in found.get(case, {}).values()],
        COLUMNS,
    )
