"""What came of it: the same figures as a table for people and as an object for programs."""

import math
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmarks.town.ledger import Ledger, Times, percentile
from benchmarks.town.troubles import Troubles
from benchmarks.town.verdict import Verdict
from protocol.errors import CloseCode

FAULTS_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One run, when it is over. `seconds`: all of it."""

    people: int
    seed: int
    seconds: float
    ledger: Ledger
    troubles: Troubles
    verdict: Verdict

    @property
    def faults(self) -> tuple[str, ...]:
        """Everything that is not as it has to be, troubles that did not come about among it."""
        found = list(self.verdict.faults)
        if self.troubles.slow_close != CloseCode.SLOW:
            found.append("the slow reader was not closed as slow")
        if self.troubles.answers_lost == 0:
            found.append("no answer was lost, so no retry was seen")
        if len(self.troubles.returns) < self.people:
            found.append("not everybody came back after the server was killed")
        return tuple(found)

    def fields(self) -> dict[str, Any]:
        """Return everything as JSON has it; times in milliseconds, null where there were none."""
        verdict, troubles = self.verdict, self.troubles
        return {
            "holds": not self.faults,
            "faults": list(self.faults),
            "people": self.people,
            "topics": verdict.topics,
            "seed": self.seed,
            "seconds": round(self.seconds, 2),
            "acked": verdict.acked,
            "entries": verdict.entries,
            "numbered_without_a_gap": verdict.dense,
            "lost": verdict.lost,
            "duplicated": verdict.duplicated,
            "devices": verdict.views,
            "devices_equal_to_the_log": verdict.equal_views,
            "ack": _figures(self.ledger.acks),
            "delivery": _figures(self.ledger.deliveries),
            "reconnects": self.ledger.reconnects,
            "journeys": troubles.journeys,
            "answers_lost": troubles.answers_lost,
            "slow_reader_close_code": troubles.slow_close,
            "under_way_at_kill": troubles.under_way_at_kill,
            "listening_again_ms": _ms(_span(troubles.killed_at, troubles.listening_at)),
            "half_back_ms": _ms(percentile(troubles.returns, 0.5)),
            "everybody_back_ms": _ms(percentile(troubles.returns, 1)),
        }

    def show(self, console: Console) -> None:
        """Print the table, and on failure the first faults."""
        table = Table(title=self._title(), title_justify="left", show_header=False, box=None, padding=(0, 2))
        for name, value, holds in self._rows():
            mark = Text("") if holds is None else Text("✓", "green") if holds else Text("✗", "bold red")
            table.add_row(mark, name, Text(value))
        console.print()
        console.print(table)
        console.print()
        faults = self.faults
        for fault in faults[:FAULTS_SHOWN]:
            console.print(Text(f"✗ {fault}", "red"), soft_wrap=True)
        if len(faults) > FAULTS_SHOWN:
            console.print(f"… and {len(faults) - FAULTS_SHOWN} more")
        word = Text("It held.", "bold green") if not faults else Text("It did not hold.", "bold red")
        console.print(word)

    def _title(self) -> Text:
        text = f"{self.people} people, {self.verdict.topics} topics, seed {self.seed}: {self.seconds:.1f} s in all"
        return Text(text, "bold")

    def _rows(self) -> list[tuple[str, str, bool | None]]:
        verdict, ledger, troubles = self.verdict, self.ledger, self.troubles
        up = _span(troubles.killed_at, troubles.listening_at)
        returns = troubles.returns
        half, last = percentile(returns, 0.5), percentile(returns, 1)
        back = f"{len(returns)} of {self.people}: half after {half:.1f} s, all after {last:.1f} s"
        return [
            ("acked", f"{verdict.acked} of {len(ledger.said)}", verdict.acked == len(ledger.said)),
            ("lost", str(verdict.lost), verdict.lost == 0),
            ("duplicated", str(verdict.duplicated), verdict.duplicated == 0),
            ("in the log", f"{verdict.entries} entries", verdict.entries == verdict.acked),
            ("numbered without a gap", f"{verdict.topics} topics", verdict.dense),
            (
                "views equal to the log",
                f"{verdict.equal_views} of {verdict.views} devices",
                verdict.equal_views == verdict.views,
            ),
            ("ack", _words(ledger.acks.steady), None),
            ("  after a break", _late(ledger.acks.broken), None),
            ("delivery", _words(ledger.deliveries.steady), None),
            ("  after a break", _late(ledger.deliveries.broken), None),
            ("went away, came back", f"{troubles.journeys} times; {ledger.reconnects} reconnects in all", None),
            ("answers lost", f"{troubles.answers_lost}, sent again with the same cid", troubles.answers_lost > 0),
            ("slow reader", _closed(troubles.slow_close), troubles.slow_close == CloseCode.SLOW),
            ("killed with SIGKILL", f"{troubles.under_way_at_kill} requests under way", None),
            ("  listening again", _seconds(up), up is not None),
            ("  people back", back, len(returns) == self.people),
        ]


def _span(first: float | None, last: float | None) -> float | None:
    return None if first is None or last is None else last - first


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None or math.isnan(seconds) else round(seconds * 1000, 1)


def _figures(times: Times) -> dict[str, Any]:
    return {
        "count": len(times.steady),
        "median_ms": _ms(percentile(times.steady, 0.5)),
        "p99_ms": _ms(percentile(times.steady, 0.99)),
        "after_a_break": {"count": len(times.broken), "longest_ms": _ms(percentile(times.broken, 1))},
    }


def _words(times: list[float]) -> str:
    if not times:
        return "none"
    median, most = percentile(times, 0.5) * 1000, percentile(times, 0.99) * 1000
    return f"median {median:.1f} ms, p99 {most:.1f} ms ({len(times)})"


def _late(times: list[float]) -> str:
    return f"longest {percentile(times, 1):.1f} s ({len(times)})" if times else "none"


def _seconds(span: float | None) -> str:
    return "never" if span is None else f"after {span:.1f} s"


def _closed(code: int | None) -> str:
    return "was not found out" if code is None else f"closed with {code}, resumed from the log"
