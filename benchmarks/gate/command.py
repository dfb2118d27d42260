"""The benchmarks of the gate, one a command. All on this machine, each within a minute unless asked for more."""

from pathlib import Path
from typing import Any

import click

from benchmarks.gate import crowds, poisoned, private, publications
from benchmarks.options import common, option, reported, several, terms_option


@click.group(epilog="Example: hutong-bench gate crowd --json crowd.json")
def main() -> None:
    """Measure what the gate costs, and whom."""


@main.command("private", epilog="Example: hutong-bench gate private --rounds 12")
@option("--pairs", 50, "Chats on each server; each has two busy connections.")
@option("--window", 1, "Messages that each connection keeps under way.")
@terms_option(10_000)
@common(rounds=6, seconds=1.8)
def measure_private(file: Path | None, pairs: int, **asked: Any) -> None:
    """Private messages on servers without hooks and with ten."""
    reported("gate private", private.measure, file, pair_count=pairs, **asked)


@main.command("publish", epilog="Example: hutong-bench gate publish --characters 500")
@option("--authors", 20, "People who publish, each in a public group with one reader.")
@option("--characters", 2000, "Of each text.")
@terms_option(100_000)
@option("--window", 1, "Publications that each author keeps under way.")
@common(rounds=3, seconds=2.0)
def measure_publish(file: Path | None, **asked: Any) -> None:
    """A publication end to end, beside a private message."""
    reported("gate publish", publications.measure, file, **asked)


@main.command("beside", epilog="Example: hutong-bench gate beside --rate 50 --every 1")
@option("--authors", 5, "People who publish, each in a public group with one reader.")
@option("--rate", 100.0, "Publications a second, of all authors together.")
@option("--chats", 5, "Small private groups.")
@option("--pace", 200.0, "Private messages a second, in all of them together.")
@click.option("--every", "poison_s", default=0.5, show_default=True, help="Seconds from one hanging text to the next.")
@common(rounds=3, seconds=2.5)
def measure_beside(file: Path | None, **asked: Any) -> None:
    """Everybody else while a hook hangs."""
    reported("gate beside", poisoned.measure, file, **asked)


@main.command("crowd", epilog="Example: hutong-bench gate crowd --private 100 --public 200 --public 1000")
@option("--private", 500, "Members of the private group.")
@several("--public", "publics", (500, 1000, 5000), "Members of a public group. May be repeated.")
@terms_option(100_000)
@common(rounds=3, seconds=1.2)
def measure_crowd(file: Path | None, **asked: Any) -> None:
    """Fan-out to public groups beside a private one."""
    reported("gate crowd", crowds.measure, file, **asked)
