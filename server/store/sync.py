"""What a person does not have yet, in pieces of bounded size. Reads inside the caller's snapshot.

Two passes. First the topics that changed since the reader's marks, in the order they changed; one that the reader
does not hold comes with its newest entries at once, because the marks move past it. Then the topics the reader holds,
from where they hold them: those they are a member of, and the accounts they follow, of which this store knows nothing.
The topics with nothing new are named in the last reply only: they cost few bytes each, but there may be thousands.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field

from protocol.entries import Entry, Standing
from protocol.frames import Gap, Slice, Summary, SyncReply
from protocol.ids import PersonId, Seq, TopicId
from server.store.base import ResyncError
from server.store.rows import ENTRY_COLUMNS, SUMMARY, entry_bytes, seen_by, summary, summary_bytes, summary_of

_CHANGED = SUMMARY + "AND m.changed > ? ORDER BY m.changed"
_HELD = """
SELECT wanted.key, m.standing, m.start,
       CASE WHEN m.standing = 'member' THEN ifnull((SELECT max(seq) FROM entries WHERE topic = wanted.key), 0) END
FROM json_each(?) AS wanted LEFT JOIN members AS m ON m.topic = wanted.key AND m.person = ?
"""
# An account has no messages, so all of its entries are in the index on what is none: a few numbers a page, where the
# table has a few cards. Two thousand heads are looked up seven times as fast.
_FOLLOWED = """
SELECT wanted.value, ifnull((SELECT max(seq) FROM entries INDEXED BY heads
    WHERE topic = wanted.value AND kind <> 'message'), 0) FROM json_each(?) AS wanted
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
    follows: Mapping[TopicId, str],
) -> SyncReply:
    """Return what `viewer` does not have yet; see the port `TopicReader`.

    Raises:
        ResyncError: One of `heads` is beyond its topic's.
    """
    page = _Page(slice_bytes)
    reached = _changed(connection, page, viewer, heads, marks=marks, newest=newest)
    reading = reached is None
    whole = _held(connection, page, viewer, heads, follows, reach=reach, newest=newest, reading=reading)
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
    follows: Mapping[TopicId, str],
    *,
    reach: int,
    newest: int,
    reading: bool,
) -> bool:
    """Take in what follows `heads`, unless only told to look which are gone; say whether that was all."""
    whole = reading and all(piece.live for piece in page.slices)
    followed = _heads(connection, [topic for topic in heads if topic in follows])
    for topic, standing, start, last in connection.execute(_HELD, (json.dumps(heads), viewer)).fetchall():
        is_member = standing == Standing.MEMBER
        if not is_member and topic not in followed:
            if standing is None:
                page.gone.append(topic)
            continue
        have, head = heads[topic], last if is_member else followed[topic]
        if have > head:
            raise ResyncError(topic)
        if have == head:
            page.quiet.append(Slice(topic=topic, entries=(), head=head, live=True))
        elif page.left <= 0 or not reading:
            whole = False
        elif is_member:
            first = max(have + 1, start, head - reach + 1)
            unseen = max(have + 1, start)
            gap = Gap(first=Seq(unseen), last=Seq(first - 1)) if first > unseen else None
            if gap and all(summary.topic != topic for summary in page.topics):
                _resume(connection, page, viewer, topic)
            whole &= _slice(connection, page, viewer, topic, Seq(first), start, head, gap)
        else:
            first = max(have + 1, head - (reach if have else newest) + 1)
            gap = Gap(first=Seq(have + 1), last=Seq(first - 1)) if first > have + 1 else None
            whole &= _slice(connection, page, viewer, topic, Seq(first), Seq(1), head, gap, tag=follows[topic])
    return whole


def _heads(connection: sqlite3.Connection, accounts: list[TopicId]) -> dict[TopicId, Seq]:
    """Return where the logs of `accounts` end."""
    return dict(connection.execute(_FOLLOWED, (json.dumps(accounts),)).fetchall()) if accounts else {}


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
    *,
    tag: str | None = None,
) -> bool:
    """Take in the log of `topic` from `first` on, as far as there is room; say whether it reached the head.

    `tag`: the viewer's, of an account they follow; what is for another one is elided.
    """
    entries: list[Entry] = []
    reached = first - 1
    for row in connection.execute(_ENTRIES, (topic, first - 1)):
        if page.left <= 0:
            break
        entry = seen_by(viewer, start, row)
        if tag is not None and entry.tag not in {None, tag}:
            entry = Entry(topic=topic, seq=entry.seq, elided=True)
        entries.append(entry)
        reached = entry.seq
        page.left -= entry_bytes(entry)
    live = reached >= head
    page.slices.append(Slice(topic=topic, entries=tuple(entries), head=head, live=live, gap=gap))
    return live
