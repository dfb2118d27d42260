"""What the commands of benchmarks have in common: their options, and a report of the run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from benchmarks.figures import Report

Decorator = Callable[[Any], Any]


def option(name: str, default: float, text: str) -> Decorator:
    """Return an option that is a number."""
    return click.option(name, default=default, show_default=True, help=text)


def rounds_option(rounds: int) -> Decorator:
    """Return the option that says how often everything is done."""
    return option("--rounds", rounds, "Each round has one stretch of every kind, in another order.")


json_option = click.option(
    "--json", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write everything there, too."
)
seed_option = option("--seed", 3, "Of the texts, the terms and the order of the stretches.")


def common(rounds: int, seconds: float) -> Decorator:
    """Add the options that all commands have which are busy for a while."""

    def add(command: Any) -> Any:
        seconds_option = option("--seconds", seconds, "Of each stretch.")
        return rounds_option(rounds)(seconds_option(seed_option(json_option(command))))

    return add


def reported(name: str, measure: Callable[..., None], file: Path | None, **asked: Any) -> None:
    """Measure, with what was asked for, and report it: on stdout, and in `file` if there is one."""
    report = Report(name, **asked)
    measure(report, **asked)
    report.finish(file)
