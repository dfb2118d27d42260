"""The benchmarks of the gate, one a command. All on this machine, each within a minute unless asked for more."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from benchmarks.gate import crowds, poisoned, private, publications
from benchmarks.gate.figures import Report


def _option(name: str, default: float, text: str) -> Callable[[Any], Any]:
    return click.option(name, default=default, show_default=True, help=text)


def _common(rounds: int, seconds: float) -> Callable[[Any], Any]:
    """Add the options that all commands have."""

    def add(command: Any) -> Any:
        for option in (
            click.option(
                "--json", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write everything there, too."
            ),
            _option("--seed", 3, "Of the texts, the terms and the order of the stretches."),
            _option("--seconds", seconds, "Of each stretch."),
            _option("--rounds", rounds, "Each round has one stretch of every kind, in another order."),
        ):
            command = option(command)
        return command

    return add


def _measure(name: str, measure: Callable[..., None], file: Path | None, **asked: Any) -> None:
    report = Report(name, **asked)
    measure(report, **asked)
    report.finish(file)


@click.group()
def main() -> None:
    """Measure what the gate costs, and whom."""


@main.command("private")
@_option("--pairs", 50, "Chats on each server; each has two busy connections.")
@_option("--window", 1, "Messages that each connection keeps under way.")
@_option("--terms", 10_000, "Terms on the list of the built-in check.")
@_common(rounds=6, seconds=1.8)
def measure_private(file: Path | None, pairs: int, **asked: Any) -> None:
    """Private messages on servers without hooks and with ten."""
    _measure("gate private", private.measure, file, pair_count=pairs, **asked)


@main.command("publish")
@_option("--authors", 20, "People who publish, each in a public group with one reader.")
@_option("--characters", 2000, "Of each text.")
@_option("--terms", 100_000, "Terms on the list of the built-in check.")
@_option("--window", 1, "Publications that each author keeps under way.")
@_common(rounds=3, seconds=2.0)
def measure_publish(file: Path | None, **asked: Any) -> None:
    """A publication end to end, beside a private message."""
    _measure("gate publish", publications.measure, file, **asked)


@main.command("beside")
@_option("--authors", 5, "People who publish, each in a public group with one reader.")
@_option("--rate", 100.0, "Publications a second, of all authors together.")
@_option("--chats", 5, "Small private groups.")
@_option("--pace", 200.0, "Private messages a second, in all of them together.")
@click.option("--every", "poison_s", default=0.5, show_default=True, help="Seconds from one hanging text to the next.")
@_common(rounds=3, seconds=2.5)
def measure_beside(file: Path | None, **asked: Any) -> None:
    """Everybody else while a hook hangs."""
    _measure("gate beside", poisoned.measure, file, **asked)


@main.command("crowd")
@_option("--private", 500, "Members of the private group.")
@click.option("--public", "publics", multiple=True, type=int, default=(500, 1000, 5000), show_default=True)
@_option("--terms", 100_000, "Terms on the list of the built-in check.")
@_common(rounds=3, seconds=1.2)
def measure_crowd(file: Path | None, **asked: Any) -> None:
    """Fan-out to public groups beside a private one."""
    _measure("gate crowd", crowds.measure, file, **asked)


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.gate")
