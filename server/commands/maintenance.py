"""`hutongd backup`, `restore`, `stats` and `doctor`: look after the data of a server, running or not."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from server.commands.options import config_option, data_option, effective, json_option
from server.store import upkeep

Report = Callable[[int, int], None]


@contextmanager
def progress(doing: str) -> Iterator[Report]:
    """Show how far `doing` is, on stderr and only on a terminal; the report takes pages done and pages in all."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(doing, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
