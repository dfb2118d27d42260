"""What a person does not have yet, in pieces of bounded size. Reads inside the caller's snapshot.

Two passes. First the topics that changed since the reader's marks, in the order they changed; one that the reader
does not hold comes with its newest entries at once, because the marks move past it. Then the topics the reader holds,
from where they hold them. The topics with nothing new are named in the last reply only: they cost few bytes each, but
there may be thousands.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field

from protocol.entries import Entry, Standing
from protocol.frames import Gap, Slice, Summary, SyncReply
from protocol.ids import PersonId, Seq, TopicId
from server.store.base import ResyncError
from server.store.rows import ENTRY_COLUMNS, LAST, SUMMARY, entry_bytes, seen_by, summary, summary_bytes, summary_of

_CHANGED = SUMMARY + "AND m.changed > ? ORDER BY m.changed"
_HELD = f"""
SELECT wanted.key, m.standing, m.start, ifnull(last.seq, 0) FROM json_each(?) AS wanted
LEFT JOIN members AS m ON m.topic = wanted.key AND m.person = ?
LEFT JOIN topics AS t ON t.topic = m.topic
{LAST}
"""
_ENTRIES = f"SELECT {ENTRY_COLUMNS} FROM entries WHERE topic = ? AND seq > ? ORDER BY seq"


@dataclass(slots=True)
class _Page:
    """The reply so far. `left`: bytes; what is begun while some are left is taken, so every page gets on."""

    left: int
    topics: list[Summary] = field(default_factory=list)
    slices: list[Slice] = field(default_factory=list)
    quiet: list[Slice] = field(default_factory=list)
    gone: list[TopicId] = field(default_factory=list)


def sync(
    connection: sqlite3.Connection,
    viewer: PersonId,
    heads: Mapping[TopicId, Seq],
    *,
    marks: int,
    slice_bytes: int,
    reach: int,
    newest: int,
) -> SyncReply:
    """Return what `viewer` does not have yet; see the port `TopicReader`.

    Raises:
        ResyncError: One of `heads` is beyond its topic's.
    """
    page = _Page(slice_bytes)
    reached = _changed(connection, page, viewer, heads, marks=marks, newest=newest)
    whole = _held(connection, page, viewer, heads, reach=reach, reading=reached is None)
    if reached is None:
        row = connection.execute("SELECT marks FROM people WHERE person = ?", (viewer,)).fetchone()
        reached = row[0] if row else 0
    return SyncReply(
        marks=reached,
        topics=tuple(page.topics),
        slices=tuple(page.slices + page.quiet) if whole else tuple(page.slices),
        gone=tuple(page.gone),
        more=not whole,
    )


def _changed(
    connection: sqlite3.Connection,
    page: _Page,
    viewer: PersonId,
    heads: Mapping[TopicId, Seq],
    *,
    marks: int,
    newest: int,
) -> int | None:
    """Take in what changed since `marks`; return the mark reached when the page was full, None when that was all."""
    reached = marks
    for row in connection.execute(_CHANGED, (viewer, marks)):
        if page.left <= 0:
            return reached
        changed, reached = summary_of(row), row[-1]
        page.topics.append(changed)
        page.left -= summary_bytes(changed)
        if changed.standing is Standing.MEMBER and changed.topic not in heads:
            first = max(changed.start, changed.head - newest + 1)
            gap = Gap(first=changed.start, last=Seq(first - 1)) if first > changed.start else None
            page.left = max(page.left, 1)  # Its first entry goes with it: the next page's marks are past it.
            _slice(connection, page, viewer, changed.topic, Seq(first), changed.start, changed.head, gap)
    return None


def _held(
    connection: sqlite3.Connection,
    page: _Page,
    viewer: PersonId,
    heads: Mapping[TopicId, Seq],
    *,
    reach: int,
    reading: bool,
) -> bool:
    """Take in what follows `heads`, unless only told to look which are gone; say whether that was all."""
    whole = reading and all(piece.live for piece in page.slices)
    for topic, standing, start, head in connection.execute(_HELD, (json.dumps(heads), viewer)).fetchall():
        if standing is None:
            page.gone.append(topic)
        elif standing == Standing.MEMBER:
            have = heads[topic]
            if have > head:
                raise ResyncError(topic)
            if have == head:
                page.quiet.append(Slice(topic=topic, entries=(), head=head, live=True))
            elif page.left <= 0 or not reading:
                whole = False
            else:
                first = max(have + 1, start, head - reach + 1)
                unseen = max(have + 1, start)
                gap = Gap(first=Seq(unseen), last=Seq(first - 1)) if first > unseen else None
                if gap and all(summary.topic != topic for summary in page.topics):
                    _resume(connection, page, viewer, topic)
                whole &= _slice(connection, page, viewer, topic, Seq(first), start, head, gap)
    return whole


def _resume(connection: sqlite3.Connection, page: _Page, viewer: PersonId, topic: TopicId) -> None:
    """Take in the summary of a topic, whose name or notice may have changed in the gap."""
    found = summary(connection, topic, viewer)
    if found is not None:
        page.topics.append(found)
        page.left -= summary_bytes(found)


def _slice(
    connection: sqlite3.Connection,
    page: _Page,
    viewer: PersonId,
    topic: TopicId,
    first: Seq,
    start: Seq,
    head: Seq,
    gap: Gap | None,
) -> bool:
    """Take in the log of `topic` from `first` on, as far as there is room; say whether it reached the head."""
    entries: list[Entry] = []
    reached = first - 1
    for row in connection.execute(_ENTRIES, (topic, first - 1)):
        if page.left <= 0:
            break
        entry = seen_by(viewer, start, row)
        entries.append(entry)
        reached = entry.seq
        page.left -= entry_bytes(entry)
    live = reached >= head
    page.slices.append(Slice(topic=topic, entries=tuple(entries), head=head, live=live, gap=gap))
    return live
