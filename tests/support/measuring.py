"""A benchmark, run as a user would run it, and what it wrote for programs."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.daemon import ROOT

Row = dict[str, Any]


def measured(folder: Path, *arguments: str) -> list[Row]:
    """Run `hutong-bench` with these arguments, and return what it wrote: an object for each measurement."""
    file = folder / "found.json"
    command = [sys.executable, "-m", "benchmarks.command", *arguments, "--json", str(file)]
    done = subprocess.run(command, cwd=ROOT, check=False, timeout=120, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found: list[Row] = json.loads(file.read_text(encoding="utf-8"))
    return found


def tables(found: list[Row]) -> list[list[Row]]:
    """Return the measurements of each table, in order."""
    titles = dict.fromkeys(each["table"] for each in found)
    return [[each for each in found if each["table"] == title] for title in titles]


def notes(found: list[Row]) -> list[str]:
    """Return what was said besides, which is the same in all of them."""
    (first, *others) = [each["notes"] for each in found]
    assert all(other == first for other in others)
    said: list[str] = first
    return said
