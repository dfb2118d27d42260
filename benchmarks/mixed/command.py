"""`hutong-bench mixed`."""

from pathlib import Path
from typing import Any

import click

from benchmarks.mixed import day
from benchmarks.mixed.plan import LEAST_PEOPLE
from benchmarks.options import common, option, quick, reported, terms_option


@click.command(epilog="Example: hutong-bench mixed --people 1000 --rate-scale 2")
@option("--people", 5000, "In the town, all online, those apart who chat.", least=LEAST_PEOPLE)
@option("--rate-scale", 1.0, "How much more the crowd says than some hundred things a second.")
@option("--pairs", 100, "Small chats.")
@option("--pace", 200.0, "Messages a second in the chats together.")
@terms_option(10_000)
@quick(people=60, rate_scale=3.0, pairs=2, pace=100.0, terms=100, rounds=1, seconds=1.0)
@common(rounds=5, seconds=5.0)
def main(file: Path | None, **asked: Any) -> None:
    """A day in the town: small chats alone, and in the middle of groups, moments and broadcasts."""
    reported("mixed", day.measure, file, **asked)
