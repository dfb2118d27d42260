"""What an act showed: facts that hold or do not, under a table of the act's own."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text


class ActError(Exception):
    """What the rest of an act stands on did not happen; the message says what."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that was to be shown. `holds`: whether it was seen."""

    what: str
    holds: bool
    detail: str = ""


@dataclass(slots=True)
class Report(ABC):
    """An act, when it is over. `seconds`: all of it."""

    facts: list[Fact] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, what: str, holds: bool, detail: str = "") -> None:  # noqa: FBT001 - a fact, not an option.
        """Take in one fact."""
        self.facts.append(Fact(what, holds, detail))

    @property
    def faults(self) -> list[str]:
        """What was to be shown and was not."""
        return [f"{fact.what}: {fact.detail}" if fact.detail else fact.what for fact in self.facts if not fact.holds]

    @abstractmethod
    def table(self) -> Table:
        """Return the act's own table."""

    @abstractmethod
    def rows(self) -> dict[str, Any]:
        """Return the same as JSON has it."""

    def fields(self) -> dict[str, Any]:
        """Return everything as JSON has it."""
        return {
            "holds": not self.faults,
            "faults": self.faults,
            "seconds": round(self.seconds, 2),
            **self.rows(),
            "facts": [{"fact": fact.what, "holds": fact.holds, "detail": fact.detail} for fact in self.facts],
        }

    def show(self, console: Console) -> None:
        """Print the table, and every fact."""
        console.print()
        console.print(self.table())
        console.print()
        for fact in self.facts:
            mark = Text("  ✓ ", "green") if fact.holds else Text("  ✗ ", "bold red")
            detail = Text(f"  {fact.detail}", "dim") if fact.detail else Text("")
            console.print(Text.assemble(mark, fact.what, detail), soft_wrap=True)
        console.print()


def plain_table(title: str, *columns: str) -> Table:
    """Return an empty table that looks like the others of the demo."""
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2))
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
