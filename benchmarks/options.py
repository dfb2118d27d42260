"""What the commands of benchmarks have in common: their options, and a report of the run."""

from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import click

from benchmarks.figures import Report

Decorator = Callable[[Any], Any]


def option(name: str, default: float, text: str, *, least: int = 1) -> Decorator:
    """Return an option that is a number: a whole one of at least `least`, or, if its default is a float, above 0."""
    numbers = click.IntRange(least) if isinstance(default, int) else click.FloatRange(0, min_open=True)
    return click.option(name, type=numbers, default=default, show_default=True, help=text)


def several(name: str, parameter: str, numbers: Sequence[float], text: str) -> Decorator:
    """Return an option that is a number, or several: it may be given more than once."""
    whole = all(isinstance(number, int) for number in numbers) and bool(numbers)
    kind = click.IntRange(1) if whole else click.FloatRange(0, min_open=True)
    return click.option(
        name, parameter, multiple=True, type=kind, default=tuple(numbers), show_default=bool(numbers), help=text
    )


def members_option(members: int) -> Decorator:
    """Return the option that says how many are in the room."""
    return option("--members", members, "Who hear what one of them says, the speaker included.", least=2)


def window_option(*windows: int) -> Decorator:
    """Return the option that says how much is in flight."""
    return several("--window", "windows", windows, "Things said that are in flight at a time. May be repeated.")


def rate_option(*rates: float) -> Decorator:
    """Return the option that says how much is said in an open loop."""
    return several("--rate", "rates", rates, "Things said a second in an open loop. May be repeated.")


def systems_option(systems: Sequence[str]) -> Decorator:
    """Return the option that says which of `systems` are measured: their names, with commas between them."""

    def named(_: click.Context, __: click.Parameter, value: str | None) -> tuple[str, ...]:
        names = tuple(systems) if value is None else tuple(name.strip() for name in value.split(",") if name.strip())
        if unknown := [name for name in names if name not in systems]:
            raise click.BadParameter(f"there is no {', '.join(unknown)}; there are {', '.join(systems)}")
        if not names:
            raise click.BadParameter(f"name one; there are {', '.join(systems)}")
        return tuple(name for name in systems if name in names)

    return click.option("--systems", metavar="A,B,C", callback=named, help="Which ones; all of them by default.")


def rounds_option(rounds: int) -> Decorator:
    """Return the option that says how often everything is done."""
    return option("--rounds", rounds, "Each round has one stretch of every kind, in another order.")


def _writable(_: click.Context, __: click.Parameter, file: Path | None) -> Path | None:
    """Try it before anything is measured; what is there stays as it is until then."""
    if file is not None:
        is_new = not file.exists()
        try:
            file.open("a").close()
        except OSError as error:
            raise click.BadParameter(f"{file}: {error.strerror}") from error
        if is_new:
            file.unlink()
    return file


json_option = click.option(
    "--json", "file", type=click.Path(dir_okay=False, path_type=Path), callback=_writable,
    help="Write everything there, too: a list of objects, one a measurement.",
)  # fmt: skip


def terms_option(terms: int) -> Decorator:
    """Return the option that says how many terms the built-in check looks for."""
    return option("--terms", terms, "Terms on the list of the built-in check.")


quick_option = click.option("--quick", is_flag=True, help="So small that it is over soon; the figures say nothing.")
seed_option = option("--seed", 3, "Of the texts, the terms and the order of the stretches.", least=0)


def common(rounds: int, seconds: float) -> Decorator:
    """Add the options that all commands have which are busy for a while."""

    def add(command: Any) -> Any:
        seconds_option = option("--seconds", seconds, "How long each stretch is.")
        return rounds_option(rounds)(seconds_option(seed_option(json_option(command))))

    return add


def quick(**sizes: Any) -> Decorator:
    """Add the option that takes these sizes instead of what was asked for; it goes above the options it is about."""

    def add(command: Any) -> Any:
        @wraps(command)
        def sized(*, quick: bool, **asked: Any) -> None:
            command(**(asked | sizes if quick else asked))

        return quick_option(sized)

    return add


def reported(name: str, measure: Callable[..., None], file: Path | None, **asked: Any) -> None:
    """Measure, with what was asked for, and report it: on stdout, and in `file` if there is one."""
    report = Report(name, **asked)
    measure(report, **asked)
    report.finish(file)
