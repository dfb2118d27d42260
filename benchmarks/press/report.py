"""What the third act showed: its facts, and a table of who got what."""

from dataclasses import dataclass, field
from typing import Any

from rich.table import Table

from benchmarks.playhouse import report
from benchmarks.playhouse.report import plain_table
from benchmarks.press.verdict import Delivery


@dataclass(slots=True)
class Report(report.Report):
    """The third act, when it is over."""

    deliveries: list[Delivery] = field(default_factory=list)

    def table(self) -> Table:
        """Return the broadcasts, one a row."""
        table = plain_table("Who got what", "broadcast", "to", "due", "live", "back", "blank", "wrong")
        table.caption = "due: by the graph · back: when they were back · blank: its number only"
        table.caption_justify = "left"
        for each in self.deliveries:
            counts = (each.due, each.live, each.later, each.blank, each.wrong)
            table.add_row(each.what, each.tag or "all", *map(str, counts))
        return table

    def rows(self) -> dict[str, Any]:
        """Return the broadcasts as JSON has them."""
        return {
            "broadcasts": [
                {
                    "broadcast": each.what,
                    "tag": each.tag,
                    "due": each.due,
                    "live": each.live,
                    "when_back": each.later,
                    "number_only": each.blank,
                    "wrong": each.wrong,
                }
                for each in self.deliveries
            ]
        }
