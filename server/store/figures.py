"""How often articles are read and shared: each person counted once a day, and after the day nobody can tell who.

A person who was counted is known by a digest, keyed with the day's key. Key and digests are destroyed when the day is
over: the rows are overwritten, and so is the log in which they stood.
"""

import secrets
import sqlite3

from blake3 import blake3

from protocol.accounts import DayFigures, FiguresReply
from protocol.ids import Seq, TopicId
from protocol.limits import FIGURES
from server.store.follow_writes import CountOnce, DaysEnded, EndDays
from server.store.writes import Done

KEY_BYTES = 32

_KEY = "SELECT key FROM day_keys WHERE day = ?"
_NEW_KEY = "INSERT INTO day_keys (day, key) VALUES (?, ?)"
_OTHER_KEYS = "DELETE FROM day_keys WHERE day <> ?"
_DIGESTS = "DELETE FROM counted"
_COUNTED = "INSERT OR IGNORE INTO counted (digest) VALUES (?)"
_ONE_MORE = """
INSERT INTO figures (account, day, seq, reads, shares) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (account, day, seq) DO UPDATE SET reads = reads + excluded.reads, shares = shares + excluded.shares
"""
_FOLLOWERS = "SELECT ifnull(sum(people), 0) FROM followers WHERE account = ?"
_TAGS = "SELECT tag, people FROM followers WHERE account = ? AND tag <> '' ORDER BY people DESC, tag LIMIT ?"
_FIGURES = """
SELECT seq, day, reads, shares FROM figures
WHERE account = :account AND day >= :since AND (:seq IS NULL OR seq = :seq) ORDER BY day DESC, seq DESC LIMIT :limit
"""


class Tally:
    """Counts through the writer's connection, in the writer's transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._today = ""
        self._has_traces = True  # Of an earlier run, perhaps, in the log of the file.
        self._is_folding = False

    def count(self, count: CountOnce) -> Done:
        """Count a person who was not counted that day for that."""
        day = max(count.day, self._today)
        said = f"{'share' if count.shared else 'read'} {count.account} {count.seq} {count.person}"
        digest = blake3(said.encode(), key=self._key(day)).digest()
        if self._connection.execute(_COUNTED, (digest,)).rowcount:
            self._connection.execute(_ONE_MORE, (count.account, day, count.seq, not count.shared, count.shared))
        return Done()

    def end_days(self, end: EndDays) -> DaysEnded:
        """Destroy the key and the digests of any day but today."""
        self._today = end.today
        self._end_all_but(end.today)
        self._is_folding = self._has_traces
        return DaysEnded(traces=self._has_traces)

    def fold(self) -> None:
        """After a commit: overwrite what the log had of days that have ended, unless somebody is reading in it now."""
        if not self._is_folding:
            return
        self._is_folding = False
        patience = self._connection.execute("PRAGMA busy_timeout").fetchone()[0]
        self._connection.execute("PRAGMA busy_timeout = 0")  # Writers must not wait for a long reader.
        try:
            self._has_traces = bool(self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])
        except sqlite3.Error:
            pass  # The traces are still there, and whoever ended the days comes again.
        finally:
            self._connection.execute(f"PRAGMA busy_timeout = {patience}")

    def _key(self, day: str) -> bytes:
        row = self._connection.execute(_KEY, (day,)).fetchone()
        if row is not None:
            key: bytes = row[0]
            return key
        self._end_all_but(day)
        key = secrets.token_bytes(KEY_BYTES)
        self._connection.execute(_NEW_KEY, (day, key))
        return key

    def _end_all_but(self, day: str) -> None:
        if self._connection.execute(_OTHER_KEYS, (day,)).rowcount:
            self._connection.execute(_DIGESTS)  # There is one key at a time, and all digests are of its day.
            self._has_traces = True


def figures_of(connection: sqlite3.Connection, account: TopicId, *, seq: Seq | None, since: str) -> FiguresReply:
    """Return the numbers of an account; see the port `BackstageReader`."""
    followers = connection.execute(_FOLLOWERS, (account,)).fetchone()[0]
    tags = dict(connection.execute(_TAGS, (account, FIGURES)).fetchall())
    asked = {"account": account, "since": since, "seq": seq, "limit": FIGURES + 1}
    rows = connection.execute(_FIGURES, asked).fetchall()
    days = tuple(DayFigures(seq=seq, day=day, reads=reads, shares=shares) for seq, day, reads, shares in rows[:FIGURES])
    return FiguresReply(followers=followers, tags=tags, days=days, complete=len(rows) <= FIGURES)
