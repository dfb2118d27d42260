"""`hutongd backup`, `restore`, `stats` and `doctor`: look after the data of a server."""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from server.commands.options import config_option, data_option, effective, json_option
from server.hooks.isolation import isolation
from server.store import upkeep
from server.store.base import StoreError

FOUND = 1  # The exit code when `doctor` finds something.


@click.command()
@click.argument("dest", type=click.Path(path_type=Path))
@config_option
@data_option
def backup(dest: Path, config_file: Path | None, data: str | None) -> None:
    """Copy the data to DEST, also while a server runs on it.

    DEST is a directory that is not there yet. It will hold people's messages and password hashes: guard it as the data
    itself.
    """
    source = effective(config_file, data=data).server.data
    with damage_told(source), progress(f"backing up {source}") as report:
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
    target = effective(config_file, data=data).server.data
    with damage_told(source), progress(f"restoring {source}") as report:
        upkeep.restore(source, target, force=force, progress=report)
    click.echo(f"restored {source} to {target}; start the server with --data {target}", err=True)


@click.command()
@config_option
@data_option
@json_option
def stats(config_file: Path | None, data: str | None, *, as_json: bool) -> None:
    """Count what the data holds, also while a server runs on it."""
    directory = effective(config_file, data=data).server.data
    with damage_told(directory):
        figures = upkeep.stats(directory, at=time.time_ns() // 1_000_000)
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
    """Check the data against what must always hold; 1 when something does not. Say how plugins are kept apart, too.

    It reads everything once. It changes nothing, and a server may run meanwhile.
    """
    settings = effective(config_file, data=data)
    directory = settings.server.data
    findings = []
    with damage_told(directory):
        for finding in upkeep.doctor(directory):
            findings.append(finding)
            if not as_json:
                click.echo(finding)  # As they come: to read a large store takes a while.
    apart = isolation(settings.compliance.hook_user)
    if as_json:
        told = {"data": str(directory), "findings": findings, "isolation": apart}
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        for sentence in apart:
            click.echo(sentence, err=True)
        click.echo(f"{directory}: {len(findings) or 'nothing'} found", err=True)
    return FOUND if findings else 0


@contextmanager
def damage_told(directory: Path) -> Iterator[None]:
    """Say of a file in `directory` that SQLite cannot read what it says of it, and what to do."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{directory} cannot be read ({error}); if it is damaged, restore a backup") from error


@contextmanager
def progress(doing: str) -> Iterator[upkeep.Report]:
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
