"""A topic as people see it: edits, recalls and reactions folded into what they are about. Values in, values out.

What is public has versions and labels, and may be withdrawn and restored; `Shown` says so, whichever side it is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from protocol import content, publications
from protocol.content import ContentError
from protocol.entries import Entry, Kind, Side, side_of
from protocol.ids import PersonId, Seq, TopicId
from protocol.publications import Content, Published, PublishedError

_SOURCE = frozenset({Kind.SOURCE_WITHDRAWN, Kind.SOURCE_RESTORED})
FOLDED = _SOURCE | {Kind.EDIT, Kind.RECALL, Kind.REACTION, Kind.WITHDRAWN, Kind.RESTORED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One line of a topic. `text` None: recalled or withdrawn, or (with `unreadable` set) of another schema.

    `reactions`: each sign with those who gave it, in the order they came. `places`: the public topics it points to.
    `labels`, `version`: of what is public, what the gate put beside it, and which version of it this is; `published`:
    all of it. `source_withdrawn`: what it says again is not public any more.
    """

    entry: Entry
    text: str | None
    unreadable: int = 0
    edited: bool = False
    reactions: dict[str, tuple[PersonId, ...]] = field(default_factory=dict)
    places: tuple[TopicId, ...] = ()
    labels: tuple[str, ...] = ()
    version: int | None = None
    withdrawn: bool = False
    published: Published | None = None
    source_withdrawn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a body says, whichever side it is of."""

    text: str | None
    unreadable: int = 0
    places: tuple[TopicId, ...] = ()
    labels: tuple[str, ...] = ()
    version: int | None = None
    published: Published | None = None


def fold(entries: Iterable[Entry], about: Iterable[Entry] = ()) -> list[Shown]:
    """Return the lines that `entries` make; `about` are edits, recalls, reactions and decisions from outside of them.

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


def said(body: bytes | None, side: Side = Side.PRIVATE) -> Said:
    """Return what `body` says, of whichever side it is."""
    if body is None:
        return Said(text=None)
    try:
        if side is Side.PUBLIC:
            published = publications.decode(body)
            return Said(
                text=plain(published.content), labels=published.labels, version=published.version, published=published
            )
        private = content.decode(body)
        return Said(text=private.text, places=private.places)
    except (ContentError, PublishedError) as error:
        return Said(text=None, unreadable=error.size)


def read_text(body: bytes | None, side: Side = Side.PRIVATE) -> tuple[str | None, int]:
    """Return the text of `body`, or None and how many unreadable bytes it has."""
    read = said(body, side)
    return read.text, read.unreadable


def content_of(body: bytes | None) -> Content:
    """Return the content of a published body; an empty one, if there is none or it cannot be read."""
    published = said(body, Side.PUBLIC).published
    return published.content if published is not None else Content()


def account_name(profile: bytes | None) -> str:
    """Return what an account is called in its `profile`, a published body."""
    return content_of(profile).title


def plain(published: Content) -> str:
    """Return `published` as one text: title, text and parts, each on lines of their own."""
    return "\n".join(text for path, text in publications.fields_of(published).items() if path != "category")


def in_force(entry: Entry, about: Sequence[Entry]) -> Published | None:
    """Return the version of the public `entry` that is in force, given what targets it; None: there is none to read.

    Its number is the `base` of an edit.
    """
    body = _in_force(entry, about)[0]
    try:
        return None if body is None else publications.decode(body)
    except PublishedError:
        return None


def _in_force(entry: Entry, targeting: Sequence[Entry]) -> tuple[bytes | None, bool, bool]:
    """Return the body that counts, whether it is an edit's, and whether it is withdrawn."""
    if entry.erased or any(other.kind is Kind.RECALL for other in targeting):
        return None, False, False
    body, edited, withdrawn = entry.body, False, entry.withdrawn
    for other in targeting:
        match other.kind:
            case Kind.EDIT if other.sender == entry.sender and not other.erased and other.body is not None:
                body, edited = other.body, True
            case Kind.WITHDRAWN:
                withdrawn = True
            case Kind.RESTORED:
                body, withdrawn = other.body, False
            case _:
                pass
    return None if withdrawn else body, edited and not withdrawn, withdrawn


def _line(entry: Entry, targeting: Sequence[Entry]) -> Shown:
    body, edited, withdrawn = _in_force(entry, targeting)
    read = said(body, side_of(entry.topic))
    is_gone = entry.erased or any(other.kind is Kind.RECALL for other in targeting)
    return Shown(
        entry=entry,
        text=read.text,
        unreadable=read.unreadable,
        edited=edited or (read.version or 1) > 1,
        reactions={} if is_gone else _reactions(targeting),
        places=read.places,
        labels=read.labels,
        version=read.version,
        withdrawn=withdrawn,
        published=read.published,
        source_withdrawn=[other.kind for other in targeting if other.kind in _SOURCE][-1:] == [Kind.SOURCE_WITHDRAWN],
    )


def _reactions(targeting: Sequence[Entry]) -> dict[str, tuple[PersonId, ...]]:
    reactions: dict[str, tuple[PersonId, ...]] = {}
    for other in targeting:
        sign = read_text(other.body)[0] if other.kind is Kind.REACTION and not other.erased else None
        if sign is not None and other.sender is not None and other.sender not in reactions.get(sign, ()):
            reactions[sign] = (*reactions.get(sign, ()), other.sender)
    return reactions
