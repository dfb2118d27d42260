"""The benchmarks of moments, one a command. `--quick` shows that they work, and no figure."""

from pathlib import Path
from typing import Any

import click

from benchmarks.circles import post, timeline
from benchmarks.options import common, option, quick, reported


@click.group(epilog="Example: hutong-bench circles post --quick")
def main() -> None:
    """Measure what moments cost."""


@main.command("timeline", epilog="Example: hutong-bench circles timeline --moments 20000")
@option("--friends", 1000, "Of each of the two who read.")
@option("--moments", 200_000, "In the store, all by these friends.")
@option("--one-in", 100, "Of so many moments one is for the second reader, too; the others are for the first alone.")
@option("--posts", 200, "On squares of some of the friends.")
@option("--reads", 100, "Of each kind of page, in each round.")
@option("--pairs", 5, "Small chats beside.")
@option("--pace", 200.0, "Messages a second in these chats together.")
@option("--rate", 40.0, "Pages a second that are read beside the chats.")
@quick(friends=30, moments=600, one_in=20, posts=20, reads=5, pairs=2, pace=100.0, rate=40.0, rounds=1, seconds=0.4)
@common(rounds=3, seconds=3.0)
def measure_timeline(file: Path | None, **asked: Any) -> None:
    """The pages of a timeline, and chats while they are read."""
    reported("circles timeline", timeline.measure, file, **asked)


@main.command("post", epilog="Example: hutong-bench circles post --friends 500 --group 100")
@option("--friends", 1000, "Of who posts, all online; so many are in a public group, too.")
@option("--group", 500, "Members of a private group; somebody else has so many friends.")
@option("--window", 1, "Things said that are under way at a time.")
@quick(friends=30, group=20, rounds=1, seconds=0.3)
@common(rounds=5, seconds=1.5)
def measure_post(file: Path | None, **asked: Any) -> None:
    """A moment to friends online, beside groups of as many."""
    reported("circles post", post.measure, file, **asked)
