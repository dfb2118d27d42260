"""The benchmarks of public accounts, one a command. `--quick` shows that they work, and no figure."""

from pathlib import Path
from typing import Any

import click

from benchmarks.broadcast import deliver, publishing, signing
from benchmarks.options import common, json_option, option, reported, rounds_option, seed_option

QUICK: dict[str, dict[str, Any]] = {
    "deliver": {"followers": 2000, "online": 20, "terms": 100, "rounds": 1, "seconds": 0.3},
    "publish": {"few": 10, "many": 2000, "online": 2, "publications": 5, "terms": 100, "rounds": 2},
    "sign-in": {"follows": 12, "people": 2, "news": 3, "rounds": 2},
}
_quick = click.option("--quick", is_flag=True, help="So small that it is over in seconds; the figures say nothing.")


@click.group()
def main() -> None:
    """Measure what a public account with a million followers costs."""


@main.command("deliver")
@option("--followers", 1_000_000, "Of the account, those online counted; the others are rows.")
@option("--online", 5000, "Who hear the account, and a public group.")
@option("--window", 1, "Things said that are under way at a time.")
@option("--terms", 100_000, "Terms on the list of the built-in check.")
@_quick
@common(rounds=3, seconds=1.2)
def measure_delivery(file: Path | None, *, quick: bool, **asked: Any) -> None:
    """Broadcasting to followers online, beside a public group of as many."""
    reported("broadcast deliver", deliver.measure, file, **_sizes("deliver", asked, quick=quick))


@main.command("publish")
@option("--few", 1000, "Followers of the first account, and of another.")
@option("--many", 1_000_000, "Followers of the last one.")
@option("--online", 10, "People online who follow all three.")
@option("--publications", 20, "In each round, by each account.")
@option("--terms", 100_000, "Terms on the list of the built-in check.")
@_quick
@seed_option
@rounds_option(20)
@json_option
def measure_publishing(file: Path | None, *, quick: bool, **asked: Any) -> None:
    """The time it takes to publish, to few followers and to many."""
    reported("broadcast publish", publishing.measure, file, **_sizes("publish", asked, quick=quick))


@main.command("sign-in")
@option("--follows", 2000, "Accounts that each reader follows.")
@option("--people", 10, "Readers, who sign in one after the other.")
@option("--news", 100, "Accounts that have something new, in one kind of sign-in.")
@_quick
@seed_option
@rounds_option(20)
@json_option
def measure_signing_in(file: Path | None, *, quick: bool, **asked: Any) -> None:
    """Signing in, following thousands."""
    reported("broadcast sign-in", signing.measure, file, **_sizes("sign-in", asked, quick=quick))


def _sizes(command: str, asked: dict[str, Any], *, quick: bool) -> dict[str, Any]:
    return asked | QUICK[command] if quick else asked


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.broadcast")
