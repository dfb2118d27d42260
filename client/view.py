"""A topic as people see it: edits, recalls and reactions folded into what they are about. Values in, values out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from protocol.content import ContentError, decode
from protocol.entries import Entry, Kind
from protocol.ids import PersonId, Seq

FOLDED = frozenset({Kind.EDIT, Kind.RECALL, Kind.REACTION})


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One line of a topic. `text` None: recalled, or (with `unreadable` set) not of a schema this client knows.

    `reactions`: each sign with those who gave it, in the order they came.
    """

    entry: Entry
    text: str | None
    unreadable: int = 0
    edited: bool = False
    reactions: dict[str, tuple[PersonId, ...]] = field(default_factory=dict)


def fold(entries: Iterable[Entry], about: Iterable[Entry] = ()) -> list[Shown]:
    """Return the lines that `entries` make; `about` are edits, recalls and reactions from outside of them.

    Only the author edits; the newest edit counts. What is recalled is erased already: the cache sees to that. What is
    elided is not shown.
    """
    known = {entry.seq: entry for entry in (*entries, *about) if not entry.elided}
    targeting: dict[Seq, list[Entry]] = {}
    for seq in sorted(known):
        target = known[seq].target
        if target is not None:
            targeting.setdefault(target, []).append(known[seq])
    shown = (entry for entry in entries if not entry.elided and entry.kind not in FOLDED)
    return [_line(entry, targeting.get(entry.seq, [])) for entry in shown]


def read_text(body: bytes | None) -> tuple[str | None, int]:
    """Return the text of `body`, or None and how many unreadable bytes it has."""
    if body is None:
        return None, 0
    try:
        return decode(body).text, 0
    except ContentError as error:
        return None, error.size


def _line(entry: Entry, targeting: Sequence[Entry]) -> Shown:
    recalled = entry.erased or any(other.kind is Kind.RECALL for other in targeting)
    edits = [
        other.body
        for other in targeting
        if other.kind is Kind.EDIT and other.sender == entry.sender and not other.erased
    ]
    text, unreadable = (None, 0) if recalled else read_text(edits[-1] if edits else entry.body)
    reactions: dict[str, tuple[PersonId, ...]] = {}
    for other in targeting:
        sign, _ = read_text(other.body) if other.kind is Kind.REACTION and not other.erased else (None, 0)
        if sign is not None and other.sender is not None and other.sender not in reactions.get(sign, ()):
            reactions[sign] = (*reactions.get(sign, ()), other.sender)
    return Shown(
        entry=entry,
        text=text,
        unreadable=unreadable,
        edited=bool(edits) and not recalled,
        reactions={} if recalled else reactions,
    )
