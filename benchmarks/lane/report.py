"""What the second act showed: its facts, and a table of who got to see the sentence."""

from dataclasses import dataclass, field
from typing import Any

from rich.table import Table

from benchmarks.playhouse import report
from benchmarks.playhouse.report import plain_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One place in which the sentence was said. `hooks`: who judged it there, and what each said."""

    name: str
    side: str
    verb: str
    heard: int
    hooks: tuple[str, ...]


@dataclass(slots=True)
class Report(report.Report):
    """The second act, when it is over."""

    places: list[Place] = field(default_factory=list)

    def table(self) -> Table:
        """Return the places, one a row."""
        table = plain_table("The same sentence, three times", "place", "side", "verb", "heard by", "judged by")
        for place in self.places:
            table.add_row(place.name, place.side, place.verb, str(place.heard), ", ".join(place.hooks) or "nobody")
        return table

    def rows(self) -> dict[str, Any]:
        """Return the places as JSON has them."""
        return {
            "places": [
                {
                    "place": place.name,
                    "side": place.side,
                    "verb": place.verb,
                    "heard_by": place.heard,
                    "hooks": list(place.hooks),
                }
                for place in self.places
            ]
        }
