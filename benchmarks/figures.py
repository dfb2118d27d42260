"""What a benchmark found: tables on stdout, the same for programs in a file; progress goes to stderr."""

import json
import math
import os
import platform
import sqlite3
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks.measurement import KEYS, Measurement

Cell = str | int | float | tuple[float, float] | None
Row = Mapping[str, Cell]
HEADINGS = {
    "window": "in flight",
    "deliveries_per_s": "deliveries\na second",
    "cpu_us_per_delivery": "CPU µs a\ndelivery",
    "p50_ms": "p50 ms",
    "p99_ms": "p99 ms",
    "duplicated": "twice",
    "stores": "stored",
    "rate": "said a\nsecond",
    "sustained": "kept up",
    "beside_limit": "beside\nlimit",
    "beside_base": "beside\nbase",
    "beside_empty": "beside\nempty",
    "beside_echo": "beside\necho",
    "any_p50_ms": "any\np50 ms",
    "any_p99_ms": "any\np99 ms",
    "memory_kib": "memory\nKiB",
    "pss_kib": "PSS\nKiB",
    "anonymous_kib": "anonymous\nKiB",
    "memory_kib_per_connection": "KiB a\nconnection",
    "memory_kib_per_further_connection": "KiB a further\nconnection",
    "away_s": "away\ns",
    "resume_s": "all back\nafter s",
    "tries_that_failed": "tries that\nfailed",
    "cpu_s": "CPU s",
    "cpu_ms_per_connection": "CPU ms a\nconnection",
    "server_busy": "server\nbusy",
    "driver_busy": "driver\nbusy",
}
_PROGRESS = Console(stderr=True, highlight=False)


def on_stdout() -> Console:
    """Return the console for what is found; where there is no terminal, it is as wide as tables are."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 180
    return console


def progress(text: str) -> None:
    """Say how far it is."""
    _PROGRESS.print(f"[dim]{text}[/dim]", soft_wrap=True)


@contextmanager
def advancing(steps: int) -> Iterator[Callable[[str], None]]:
    """Yield what is called with a name when each of so many steps begins: a bar in a terminal, else a line a step."""
    done = 0
    with Progress(
        *(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()),
        console=_PROGRESS,
        transient=True,
        disable=not _PROGRESS.is_terminal,
    ) as bars:
        bar = bars.add_task("", total=steps)

        def begin(name: str) -> None:
            nonlocal done
            bars.update(bar, description=name, completed=done)
            if not _PROGRESS.is_terminal:
                progress(f"{name} ({done + 1} of {steps})")
            done += 1

        yield begin


def quantile(values: Sequence[float], part: float) -> float:
    """Return the value below which `part` of `values` lie; NaN of none."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))] if values else float("nan")


def spread(values: Sequence[float]) -> tuple[float, float]:
    """Return the smallest and the largest of `values`, rounded to what can be told from noise."""
    return round(min(values), 3), round(max(values), 3)


class Report:
    """The tables and notes of one run of hutong, with the machine, its load before and after, and what was asked for.

    For programs it is a list of objects, one a row: the figures that every benchmark has are under the keys of
    `Measurement`, null where there is none, the others under their columns'.
    """

    def __init__(self, name: str, **asked: Any) -> None:
        self._about = {"benchmark": name, "system": "hutong", "version": version("hutong")}
        self._asked = asked
        self._load_before = os.getloadavg()[0]
        self._found: list[dict[str, Any]] = []
        self._notes: list[str] = []
        self._console = on_stdout()

    def table(self, title: str, rows: Sequence[Row]) -> None:
        """Show `rows`, which have the same keys; the first one names the row. None: it does not apply.

        What applies to none of them is not shown. NaN is nothing as well: JSON has no such number.
        """
        rows = [{key: None if _is_nan(value) else value for key, value in row.items()} for row in rows]
        self._show(title, rows)
        always = {**dict.fromkeys(KEYS), "window": self._asked.get("window"), **self._about, "table": title}
        self._found += [{**always, **row} for row in rows]

    def measurements(self, title: str, found: Sequence[Measurement], columns: Sequence[str]) -> None:
        """Show these columns of measurements; for programs there is all of each."""
        rows = [measurement.as_json() for measurement in found]
        self._show(title, [{column: row.get(column) for column in columns} for row in rows])
        self._found += [{**row, "table": title} for row in rows]

    def note(self, text: str) -> None:
        """Add one sentence."""
        self._console.print(text)
        self._notes.append(text)

    def finish(self, file: Path | None) -> None:
        """Say which machine it was and how busy, and write everything to `file`, if there is one.

        Raises:
            ClickException: Nothing was found.
        """
        if not self._found:
            raise click.ClickException("nothing was measured")
        loads = {"load_before": self._load_before, "load_after": os.getloadavg()[0]}
        machine = machine_here()
        self._console.print(
            f"[dim]{described(machine)}. Load: {loads['load_before']:.1f} before, {loads['load_after']:.1f} after;"
            " this load's own processes count, too.[/dim]"
        )
        if file is not None:
            common = {"notes": self._notes, "asked": self._asked, "machine": machine | loads}
            found = [row | common for row in self._found]
            file.write_text(
                json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False, default=str) + "\n", encoding="utf-8"
            )

    def _show(self, title: str, rows: Sequence[Row]) -> None:
        if not rows:
            return
        table = Table(title=title)
        keys = [key for key in rows[0] if any(row[key] is not None for row in rows)]
        for number, key in enumerate(keys):
            whole = isinstance(rows[0][key], str)
            table.add_column(HEADINGS.get(key, key), justify="right" if number else "left", no_wrap=whole)
        for row in rows:
            table.add_row(*(_shown(row[key]) for key in keys))
        self._console.print(table)


def middle(values: Sequence[float]) -> float:
    """Return the median, rounded to what can be told from noise."""
    return round(statistics.median(values), 3)


def _is_nan(value: Cell) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _shown(value: Cell) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case str():
            return value
        case int():
            return f"{value:,}"
        case (least, most):
            return f"{least:.3f}-{most:.3f}"
        case _:
            return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.3f}"


def machine_here() -> dict[str, str | int]:
    """Return what machine this is, and what runs on it."""
    return {
        "processor": _processor(),
        "processors": os.cpu_count() or 1,
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }


def described(machine: Mapping[str, str | int]) -> str:
    """Return what `machine_here` found, in one line."""
    return "{processors} × {processor}, {kernel}, Python {python}, SQLite {sqlite}".format_map(machine)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
