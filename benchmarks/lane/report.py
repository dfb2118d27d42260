"""What the second act showed: facts that hold or do not, and a table of who got to see the sentence."""

from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that was to be shown. `holds`: whether it was seen."""

    what: str
    holds: bool
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One place in which the sentence was said. `hooks`: who judged it there, and what each said."""

    name: str
    side: str
    verb: str
    heard: int
    hooks: tuple[str, ...]


@dataclass(slots=True)
class Report:
    """The second act, when it is over. `seconds`: all of it."""

    places: list[Place] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, what: str, holds: bool, detail: str = "") -> None:  # noqa: FBT001 - a fact, not an option.
        """Take in one fact."""
        self.facts.append(Fact(what, holds, detail))

    @property
    def faults(self) -> list[str]:
        """What was to be shown and was not."""
        return [f"{fact.what}: {fact.detail}" if fact.detail else fact.what for fact in self.facts if not fact.holds]

    def fields(self) -> dict[str, Any]:
        """Return everything as JSON has it."""
        return {
            "holds": not self.faults,
            "faults": self.faults,
            "seconds": round(self.seconds, 2),
            "places": [
                {
                    "place": place.name,
                    "side": place.side,
                    "verb": place.verb,
                    "heard_by": place.heard,
                    "hooks": list(place.hooks),
                }
                for place in self.places
            ],
            "facts": [{"fact": fact.what, "holds": fact.holds, "detail": fact.detail} for fact in self.facts],
        }

    def show(self, console: Console) -> None:
        """Print both."""
        table = Table(title="The same sentence, three times", title_justify="left", box=None, padding=(0, 2))
        for column in ("place", "side", "verb", "heard by", "judged by"):
            table.add_column(column, overflow="fold")
        for place in self.places:
            judged = ", ".join(place.hooks) or "nobody"
            table.add_row(place.name, place.side, place.verb, str(place.heard), judged)
        console.print()
        console.print(table)
        console.print()
        for fact in self.facts:
            mark = Text("  ✓ ", "green") if fact.holds else Text("  ✗ ", "bold red")
            detail = Text(f"  {fact.detail}", "dim") if fact.detail else Text("")
            console.print(Text.assemble(mark, fact.what, detail), soft_wrap=True)
        console.print()
