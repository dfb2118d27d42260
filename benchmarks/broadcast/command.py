"""The benchmarks of public accounts, one a command. `--quick` shows that they work, and no figure."""

from pathlib import Path
from typing import Any

import click

from benchmarks.broadcast import deliver, publishing, signing
from benchmarks.options import common, json_option, option, quick, reported, rounds_option, seed_option, terms_option


@click.group(epilog="Example: hutong-bench broadcast deliver --quick")
def main() -> None:
    """Measure what a public account with a million followers costs."""


@main.command("deliver", epilog="Example: hutong-bench broadcast deliver --followers 100000 --online 1000")
@option("--followers", 1_000_000, "Of the account, those online counted; the others are rows.")
@option("--online", 5000, "Who hear the account, and a public group.")
@option("--window", 1, "Things said that are under way at a time.")
@terms_option(100_000)
@quick(followers=2000, online=20, terms=100, rounds=1, seconds=0.3)
@common(rounds=3, seconds=1.2)
def measure_delivery(file: Path | None, **asked: Any) -> None:
    """Broadcasting to followers online, beside a public group of as many."""
    reported("broadcast deliver", deliver.measure, file, **asked)


@main.command("publish", epilog="Example: hutong-bench broadcast publish --many 100000")
@option("--few", 1000, "Followers of the first account, and of another.")
@option("--many", 1_000_000, "Followers of the last one.")
@option("--online", 10, "People online who follow all three.")
@option("--publications", 20, "In each round, by each account.")
@terms_option(100_000)
@quick(few=10, many=2000, online=2, publications=5, terms=100, rounds=2)
@seed_option
@rounds_option(20)
@json_option
def measure_publishing(file: Path | None, **asked: Any) -> None:
    """The time it takes to publish, to few followers and to many."""
    reported("broadcast publish", publishing.measure, file, **asked)


@main.command("sign-in", epilog="Example: hutong-bench broadcast sign-in --follows 500")
@option("--follows", 2000, "Accounts that each reader follows.")
@option("--people", 10, "Readers, who sign in one after the other.")
@option("--news", 100, "Accounts that have something new, in one kind of sign-in.")
@quick(follows=12, people=2, news=3, rounds=2)
@seed_option
@rounds_option(20)
@json_option
def measure_signing_in(file: Path | None, **asked: Any) -> None:
    """Signing in, following thousands."""
    reported("broadcast sign-in", signing.measure, file, **asked)
