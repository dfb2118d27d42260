"""What the fourth act showed: its facts, and a table of who saw what."""

from dataclasses import asdict, dataclass, field
from typing import Any

from rich.table import Table

from benchmarks.neighbours.verdict import Row
from benchmarks.playhouse import report
from benchmarks.playhouse.report import plain_table


@dataclass(slots=True)
class Report(report.Report):
    """The fourth act, when it is over."""

    sights: list[Row] = field(default_factory=list)

    def table(self) -> Table:
        """Return what was said, one a row."""
        table = plain_table("Who saw what", "said", "for", "told", "see", "comments", "likes", "wrong")
        table.caption = "came / due by the graph · told: as it was said · the rest: at the end, all readers added up"
        table.caption_justify = "left"
        for each in self.sights:
            counted = (
                (each.told, each.due),
                (each.seen, each.seen_due),
                (each.comments, each.comments_due),
                (each.likes, each.likes_due),
            )
            table.add_row(each.what, each.whom, *(f"{came}/{due}" for came, due in counted), str(each.wrong))
        return table

    def rows(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {"said": [asdict(each) for each in self.sights]}
