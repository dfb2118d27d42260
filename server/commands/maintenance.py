"""`hutongd backup`, `restore`, `stats` and `doctor`: look after the data of a server."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from server.commands.options import config_option, data_option, effective, json_option

Report = Callable[[int, int], None]
Figure = int | float | str
FINDINGS = 1


@click.command()
@click.argument("dest", type=click.Path(path_type=Path))
@config_option
@data_option
def backup(dest: Path, config_file: Path | None, data: str | None) -> None:
    """Copy the data to DEST, also while a server runs on it.

    DEST is a directory that is made; it holds password hashes and messages, so keep it as the data itself.
    """
    from server.store import upkeep

    source = effective(config_file, data=data).server.data
    with progress(f"backing up {source}") as report:
        upkeep.backup(source, dest, report)
    click.echo(f"backed up {source} to {dest}", err=True)


@click.command()
@click.argument("source", metavar="SRC", type=click.Path(path_type=Path))
@config_option
@data_option
@click.option("--force", is_flag=True, help="Replace the data that is there.")
def restore(source: Path, config_file: Path | None, data: str | None, *, force: bool) -> None:
    """Make the backup SRC the data, while no server runs on it.

    Clients notice that it is another life of the store, and fetch anew what they need.
    """
    from server.store import upkeep

    target = effective(config_file, data=data).server.data
    with progress(f"restoring {source}") as report:
        upkeep.restore(source, target, force=force, progress=report)
    click.echo(f"restored {source} to {target}; start the server with --data {target}", err=True)


@click.command()
@config_option
@data_option
@json_option
def stats(config_file: Path | None, data: str | None, *, as_json: bool) -> None:
    """Count what the data holds, also while a server runs on it."""
    from server.store import upkeep

    figures = upkeep.stats(effective(config_file, data=data).server.data)
    if as_json:
        click.echo(json.dumps(figures))
        return
    width = max(len(name) for name in figures)
    for name, figure in figures.items():
        click.echo(f"{name:<{width}}  {figure}")


@click.command()
@config_option
@data_option
@json_option
def doctor(config_file: Path | None, data: str | None, *, as_json: bool) -> int:
    """Check the data against what must always hold; 1 when something does not.

    It reads everything once. It changes nothing, and a server may run meanwhile.
    """
    from server.store import upkeep

    directory = effective(config_file, data=data).server.data
    findings = list(upkeep.doctor(directory))
    if as_json:
        click.echo(json.dumps({"data": str(directory), "findings": findings}, ensure_ascii=False))
    else:
        for finding in findings:
            click.echo(finding)
        click.echo(f"{directory}: {len(findings) or 'no'} findings", err=True)
    return FINDINGS if findings else 0


@contextmanager
def progress(doing: str) -> Iterator[Report]:
    """Show on stderr, if that is a terminal, how far `doing` is; the report takes how much is done and of how much."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(doing, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
