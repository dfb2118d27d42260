"""How one stands to a topic after each further entry: head, unread, name, members. Values in, values out.

A summary holds for its `head`. An entry up to there is counted in it already and changes nothing.
"""

from typing import Any

import msgspec

from client.follows import countable
from protocol.entries import Entry, Kind
from protocol.frames import Summary


class Tally:
    """A summary that follows its topic's entries."""

    def __init__(self, summary: Summary) -> None:
        self.summary = summary

    def count(self, entry: Entry, *, about: Entry | None = None) -> None:
        """Take `entry` in, if the summary does not have it yet. `about`: what it withdraws or restores, as it was."""
        summary = self.summary
        if entry.seq > summary.head:
            unread = summary.unread + (entry.kind in countable(summary) and entry.seq > summary.read)
            self.summary = msgspec.structs.replace(
                summary, head=entry.seq, unread=unread, **_changes(summary, entry, about)
            )


_SHOWN = {Kind.NAMED: "name", Kind.NOTICE: "notice", Kind.LISTING: "listing"}


def _changes(summary: Summary, entry: Entry, about: Entry | None) -> dict[str, Any]:
    members = summary.members
    match entry.kind:
        case Kind.NAMED | Kind.FOUNDED:
            return {"name": entry.body}
        case Kind.NOTICE | Kind.LISTING:
            return {_SHOWN[entry.kind]: entry.body}
        case Kind.WITHDRAWN | Kind.RESTORED if about is not None and about.kind in _SHOWN:
            field = _SHOWN[about.kind]
            now = getattr(summary, field)
            if entry.kind is Kind.WITHDRAWN:
                return {field: None if now == about.body else now}
            return {field: entry.body if now is None else now}
        case Kind.JOINED if members is not None:
            return {"members": members + (entry.count or 1)}
        case Kind.LEFT | Kind.REMOVED if members is not None:
            return {"members": members - 1}
        case Kind.SETTINGS if entry.openness is not None:
            return msgspec.structs.asdict(entry.openness)
        case Kind.MUTED if entry.person is None:
            return {"silenced_until": entry.until or None}
        case _:
            return {}
