"""Pages of one topic's log, and what was said later about the entries of a page. Inside the caller's snapshot."""

import sqlite3

from protocol.entries import Entry
from protocol.ids import PersonId, Seq, TopicId
from protocol.limits import RELATED_ENTRIES
from server.store.base import HistoryPage
from server.store.rows import ENTRY_COLUMNS, entry_bytes, entry_of, seen_by

# Where the history is open, anybody may read it from its beginning, whether or not they are members; but what one has
# cleared (so that one's start is later than one's coming) one has cleared for good. Where nothing was said yet there is
# nothing to read: an account that is not open is not there.
_STANDING = """
SELECT CASE WHEN t.history_open AND ifnull(m.start <= m.since + 1, 1) THEN 1 ELSE m.start END,
    (SELECT max(seq) FROM entries WHERE topic = t.topic)
FROM topics AS t LEFT JOIN members AS m ON m.topic = t.topic AND m.person = ? AND m.standing = 'member'
WHERE t.topic = ?
    AND (m.person IS NOT NULL OR t.history_open AND EXISTS (SELECT 1 FROM entries WHERE topic = t.topic))
"""
_DOWN = f"""
SELECT {ENTRY_COLUMNS} FROM entries WHERE topic = ? AND seq BETWEEN ? AND ? ORDER BY seq DESC LIMIT ?
"""
_UP = f"SELECT {ENTRY_COLUMNS} FROM entries WHERE topic = ? AND seq BETWEEN ? AND ? ORDER BY seq LIMIT ?"
# A reaction taken back and an edit of what is gone say nothing any more: they are erased.
_RELATED = f"""
SELECT {ENTRY_COLUMNS} FROM entries
WHERE topic = ? AND target BETWEEN ? AND ? AND seq > ? AND NOT erased AND hidden_from IS NOT ?
ORDER BY seq DESC
"""


def history(
    connection: sqlite3.Connection,
    topic: TopicId,
    viewer: PersonId,
    *,
    before: Seq | None,
    after: Seq | None,
    around: Seq | None,
    limit: int,
    slice_bytes: int,
) -> HistoryPage | None:
    """Return a page; see the port `TopicReader`."""
    standing = connection.execute(_STANDING, (viewer, topic)).fetchone()
    if standing is None:
        return None
    start, head = standing[0], standing[1] or 0
    first = max(start, 1)
    reader = _Reader(connection, topic, viewer, start)
    room_for_related = slice_bytes // 4  # Or a page of long messages would leave none for what was made of them.
    slice_bytes -= room_for_related
    if after is not None:
        entries = reader.read(_UP, max(first, after + 1), head, limit, slice_bytes)
        complete = not entries or entries[-1].seq == head
    elif around is not None:
        middle = max(first, min(around, head))
        older = reader.read(_DOWN, first, middle - 1, limit // 2, slice_bytes // 2)[::-1]
        newer = reader.read(_UP, middle, head, limit - len(older), slice_bytes - sum(map(entry_bytes, older)))
        entries = older + newer
        complete = not entries or entries[0].seq == first
    else:
        last = head if before is None else min(head, before - 1)
        entries = reader.read(_DOWN, first, last, limit, slice_bytes)[::-1]
        complete = not entries or entries[0].seq == first
    left = max(0, slice_bytes - sum(map(entry_bytes, entries))) + room_for_related
    related, related_complete = reader.related(entries, left)
    return HistoryPage(entries=tuple(entries), related=related, related_complete=related_complete, complete=complete)


class _Reader:
    def __init__(self, connection: sqlite3.Connection, topic: TopicId, viewer: PersonId, start: Seq) -> None:
        self._connection = connection
        self._topic = topic
        self._viewer = viewer
        self._start = start

    def read(self, sql: str, first: int, last: int, limit: int, room: int) -> list[Entry]:
        """Return entries from `first` to `last` in the order of `sql`; the one that passes `room` bytes is the last."""
        entries: list[Entry] = []
        for row in self._connection.execute(sql, (self._topic, first, last, limit)):
            entry = seen_by(self._viewer, self._start, row)
            entries.append(entry)
            room -= entry_bytes(entry)
            if room <= 0:
                break
        return entries

    def related(self, entries: list[Entry], room: int) -> tuple[tuple[Entry, ...], bool]:
        """Return what came after `entries` about them, newest first, as far as there is room; and whether it is all."""
        related: list[Entry] = []
        if not entries:
            return (), True
        first, last = entries[0].seq, entries[-1].seq
        for row in self._connection.execute(_RELATED, (self._topic, first, last, last, self._viewer)):
            if room <= 0 or len(related) == RELATED_ENTRIES:
                return tuple(related), False
            entry = entry_of(row)
            related.append(entry)
            room -= entry_bytes(entry)
        return tuple(related), True
