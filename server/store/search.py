"""Finding what is public: accounts, articles, and groups that are listed. Only what is in force now can be found.

The file itself notes what may have changed (server.store.search_schema). What it notes is looked at here before every
commit of the writer: what is found is worked out anew from the rows, so it does not matter who changed them, or why.
"""

import sqlite3
from collections.abc import Sequence

from protocol.following import Found, SearchKind, SearchReply
from protocol.ids import Seq, TopicId
from protocol.limits import SEARCH_OFFSET, SEARCH_RESULTS
from server.store.findable import findable
from server.store.trigrams import excerpt, matching, normal, trigrams, words_of

# The newest that fit a query, and no more, are put in order: as far as anybody can turn pages.
CANDIDATES = SEARCH_OFFSET + SEARCH_RESULTS + 1
GROUPS = 10_000  # Of listed groups that fit: those are put in order by their size.
SCRUB_PAGES = 250  # Of the index, rewritten at a time: some 20 ms.

_CHANGED = "SELECT kind, topic, seq FROM unsearched"
_LOOKED_AT = "DELETE FROM unsearched"
_BEFORE = "SELECT doc, name, words FROM searched WHERE topic = ? AND kind = ? AND seq = ?"
_DROP = "DELETE FROM searched WHERE doc = ?"
_KEEP = "INSERT INTO searched (kind, topic, seq, name, words) VALUES (?, ?, ?, ?, ?)"
_TAKE_OUT = "INSERT INTO trigrams (trigrams, rowid, name, words, kind) VALUES ('delete', ?, ?, ?, ?)"
_PUT_IN = "INSERT INTO trigrams (rowid, name, words, kind) VALUES (?, ?, ?, ?)"
_REWRITE = "INSERT INTO trigrams (trigrams, rank) VALUES ('merge', ?)"

# Hits in names first, and of those the one of whose name they are the most. Of either sort the newest are looked at.
_FIND = f"""
SELECT s.kind, s.topic, s.seq, s.words FROM (
    SELECT doc, min(tier) AS tier, place FROM (
        SELECT * FROM (
            SELECT rowid AS doc, 0 AS tier, (SELECT length(name) FROM searched WHERE doc = trigrams.rowid) AS place
            FROM trigrams WHERE trigrams MATCH :named ORDER BY rowid DESC LIMIT {CANDIDATES})
        UNION ALL SELECT * FROM (
            SELECT rowid AS doc, 1 AS tier, bm25(trigrams, 2, 1, 0) AS place
            FROM trigrams WHERE trigrams MATCH :said ORDER BY rowid DESC LIMIT {CANDIDATES})
    ) GROUP BY doc ORDER BY tier, place, doc DESC LIMIT :limit OFFSET :offset
) AS hit JOIN searched AS s ON s.doc = hit.doc ORDER BY hit.tier, hit.place, hit.doc DESC
"""
_FIND_GROUPS = f"""
SELECT t.topic FROM (
    SELECT rowid AS doc FROM trigrams WHERE trigrams MATCH ? ORDER BY rowid DESC LIMIT {GROUPS}
) AS hit JOIN searched AS s ON s.doc = hit.doc JOIN topics AS t ON t.topic = s.topic
ORDER BY t.seats DESC, t.topic LIMIT ?
"""


class Index:
    """Keeps the index of what can be found, through the writer's connection, in the writer's transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def follow(self) -> None:
        """Bring the index to what the rows say now. To be called before every commit."""
        changed = self._connection.execute(_CHANGED).fetchall()
        if changed:
            for kind, topic, seq in changed:
                self._look_at(SearchKind(kind), topic, seq)
            self._connection.execute(_LOOKED_AT)

    def _look_at(self, kind: SearchKind, topic: TopicId, seq: Seq) -> None:
        said = findable(self._connection, kind, topic, seq)
        now = None if said is None else (normal(said.name), normal(said.text))
        before = self._connection.execute(_BEFORE, (topic, kind.value, seq)).fetchone()
        if before is not None and before[1:] == now:
            return
        if before is not None:
            doc, name, words = before
            self._connection.execute(_TAKE_OUT, (doc, trigrams(name), trigrams(words), kind.value))
            self._connection.execute(_DROP, (doc,))
        if now is not None:
            doc = self._connection.execute(_KEEP, (kind.value, topic, seq, *now)).lastrowid
            self._connection.execute(_PUT_IN, (doc, *map(trigrams, now), kind.value))


def scrub(connection: sqlite3.Connection) -> bool:
    """Rewrite a piece of the index if there is still something in it of what has been erased; say whether there is.

    FTS5 only notes that something is deleted, until it writes the pages anew on which it stands; and what it is told in
    a transaction it writes at the end of it. So the rewriting begins in a later one.
    """
    states = {row[0] for row in connection.execute("SELECT state FROM scrubbing")}
    if "under way" in states:
        if not _rewrite(connection, SCRUB_PAGES):
            connection.execute("DELETE FROM scrubbing WHERE state = 'under way'")
            return states != {"under way"}
    elif "due" in states:
        _move(connection, "due", "under way")
        _rewrite(connection, -SCRUB_PAGES)  # The sign says that all of it shall be.
    elif "erased" in states:
        _move(connection, "erased", "due")
    return bool(states)


def search(
    connection: sqlite3.Connection, query: str, *, kinds: Sequence[SearchKind], offset: int, limit: int
) -> SearchReply:
    """Return what has all words of `query` in it, the best first; see the port `PublicReader`."""
    words = words_of(query)
    if not words:
        return SearchReply(found=(), complete=True)
    asked = {
        "named": _expression("name", words, kinds),
        "said": _expression("name words", words, kinds),
        "limit": limit + 1,
        "offset": offset,
    }
    rows = connection.execute(_FIND, asked).fetchall()
    found = tuple(_found(connection, *row, looked_for=words) for row in rows[:limit])
    return SearchReply(found=found, complete=len(rows) <= limit)


def groups(connection: sqlite3.Connection, query: str, *, limit: int) -> tuple[TopicId, ...]:
    """Return the listed groups whose name or listing has all words of `query`, the largest first."""
    words = words_of(query)
    if not words:
        return ()
    expression = _expression("name words", words, (SearchKind.GROUP,))
    return tuple(TopicId(row[0]) for row in connection.execute(_FIND_GROUPS, (expression, limit)))


def _expression(columns: str, words: Sequence[str], kinds: Sequence[SearchKind]) -> str:
    said = f"{{{columns}}} : ({matching(words)})"
    return f"{said} AND kind : ({' OR '.join(kind.value for kind in kinds)})" if kinds else said


def _found(
    connection: sqlite3.Connection, kind: str, topic: TopicId, seq: Seq, words: str, *, looked_for: Sequence[str]
) -> Found:
    said = findable(connection, SearchKind(kind), topic, seq)
    assert said is not None  # The index is of the same snapshot.
    return Found(kind=kind, topic=topic, seq=seq or None, body=said.body, excerpt=excerpt(said.text, words, looked_for))


def _rewrite(connection: sqlite3.Connection, pages: int) -> bool:
    before = connection.total_changes
    connection.execute(_REWRITE, (pages,))
    return connection.total_changes - before >= 2  # So FTS5 says that there is more.


def _move(connection: sqlite3.Connection, state: str, to: str) -> None:
    connection.execute("UPDATE scrubbing SET state = ? WHERE state = ?", (to, state))
