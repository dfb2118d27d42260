"""What a benchmark found: tables on stdout, the same for programs in a file; progress goes to stderr."""

import json
import os
import platform
import sqlite3
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

Row = Mapping[str, str | int | float]
_PROGRESS = Console(stderr=True, highlight=False)


def progress(text: str) -> None:
    """Say how far it is."""
    _PROGRESS.print(f"[dim]{text}[/dim]")


def quantile(values: Sequence[float], part: float) -> float:
    """Return the value below which `part` of `values` lie; NaN of none."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))] if values else float("nan")


def spread(values: Sequence[float]) -> str:
    """Return the smallest and the largest of `values`, as text."""
    return f"{min(values):.3f}-{max(values):.3f}"


class Report:
    """The tables and notes of one run, with the machine, its load before and after, and what was asked for."""

    def __init__(self, name: str, **asked: Any) -> None:
        self._found: dict[str, Any] = {
            "benchmark": name,
            "asked": asked,
            "machine": _machine(),
            "load_before": os.getloadavg()[0],
            "tables": {},
            "notes": [],
        }
        self._console = Console(highlight=False)
        if not self._console.is_terminal:
            self._console.width = 180

    def table(self, title: str, rows: Sequence[Row]) -> None:
        """Show `rows`, which have the same columns; the first one names the row."""
        table = Table(title=title)
        for number, column in enumerate(rows[0]):
            table.add_column(column, justify="right" if number else "left")
        for row in rows:
            table.add_row(*map(_shown, row.values()))
        self._console.print(table)
        self._found["tables"][title] = [dict(row) for row in rows]

    def note(self, text: str) -> None:
        """Add one sentence."""
        self._console.print(text)
        self._found["notes"].append(text)

    def finish(self, file: Path | None) -> None:
        """Say which machine it was and how busy, and write everything to `file`, if there is one."""
        self._found["load_after"] = os.getloadavg()[0]
        machine = ", ".join(str(value) for value in self._found["machine"].values())
        loads = f"{self._found['load_before']:.1f} before, {self._found['load_after']:.1f} after"
        self._console.print(f"[dim]{machine}. Load: {loads}; this load's own processes count, too.[/dim]")
        if file is not None:
            file.write_text(json.dumps(self._found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def middle(values: Sequence[float]) -> float:
    """Return the median, rounded to what can be told from noise."""
    return round(statistics.median(values), 3)


def _shown(value: str | float) -> str:
    match value:
        case str():
            return value
        case int():
            return f"{value:,}"
        case _:
            return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.3f}"


def _machine() -> dict[str, str]:
    return {
        "processor": _processor(),
        "processors": f"{os.cpu_count()} of them",
        "system": f"{platform.system()} {platform.release()}",
        "python": f"Python {platform.python_version()}",
        "sqlite": f"SQLite {sqlite3.sqlite_version}",
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
