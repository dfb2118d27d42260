"""What this device knows, in SQLite: entries, how one stands to topics, people, gaps, and the outbox beside them.

The server's two stores are known apart, each with its own epoch and marks: one may be forgotten, the other stays.

All but the outbox can be had from the server again. Several processes may use one cache at a time: every change is
one transaction, repeats change nothing, and what only rises never falls.
"""

import os
import sqlite3
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
from sqlite_utils import Database

from client.contacts import Contacts
from client.follows import FEED, Follows, is_followed, is_for
from client.outbox import Outbox
from client.references import References
from client.submissions import Submissions
from client.tables import ENTRY_FIELDS, create
from client.tally import Tally
from client.withdrawal import DECISIONS, settle
from protocol import limits
from protocol.entries import Entry, Kind, Side, Standing, TopicKind, side_of
from protocol.frames import Appended, Gap, Person, Preferences, Summary
from protocol.ids import PUBLIC_MARK, Cid, PersonId, Seq, TopicId

Line = tuple[Seq, PersonId | None, Kind | None, bytes | None]
BUSY_SECONDS = 10.0
_NAMES = ", ".join(ENTRY_FIELDS)
_FEED = ", ".join(f"'{kind}'" for kind in FEED)
_ON_SIDE = {side: f"(topic LIKE '{PUBLIC_MARK}%') = {int(side is Side.PUBLIC)}" for side in Side}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A stretch of a topic, ascending. `complete`: nothing is before it. `missing`: some is, but not on this device."""

    entries: tuple[Entry, ...]
    complete: bool
    missing: bool


class Cache:
    """One person's cache; `path` None keeps it in memory. Used from one thread."""

    def __init__(self, path: Path | None = None) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite gives its other files the same mode.
        # Used from one thread, but let go by whichever happens to collect it.
        self._database = sqlite3.connect(
            path or ":memory:", isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False
        )
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.execute("PRAGMA secure_delete = ON")  # A recalled body is gone from the file too.
        with self.transaction():
            create(Database(self._database))
            self.outbox = Outbox(self._database)
        self.submissions = Submissions(self._database)
        self.contacts = Contacts(self._database)
        self.follows = Follows(self._database)
        self.references = References(self._database)
        self._summaries = msgspec.msgpack.Decoder(Summary)
        self._closing = weakref.finalize(self, self._database.close)

    def close(self) -> None:
        """Let go of the file; a cache that nobody holds any more does so by itself."""
        self._closing()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make what is done inside one change; inside another transaction, part of that one."""
        if self._database.in_transaction:
            yield
            return
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    # Where the cache stands.

    def epoch(self, side: Side) -> str | None:
        """Return the epoch of the server's store that this side was made from."""
        return self.note(_key(side, "epoch"))

    def marks(self, side: Side) -> int:
        """Return up to where changes of this side's topics are known."""
        return int(self.note(_key(side, "marks")) or 0)

    def mark(self, side: Side, marks: int) -> None:
        """Changes of this side's topics are known up to `marks`, if they were not known further."""
        if marks > self.marks(side):
            self.write_note(_key(side, "marks"), str(marks))

    @property
    def owner(self) -> PersonId | None:
        """Whose cache this is."""
        note = self.note("owner")
        return PersonId(note) if note else None

    def belongs_to(self, person: PersonId) -> None:
        """From now on this is the cache of `person`; what it held of anybody else, outbox included, is forgotten."""
        with self.transaction():
            if self.owner not in {None, person}:
                for side in Side:
                    self.forget(side, epoch=None)
                for table in ("people", "outbox", "notes"):
                    self._database.execute(f"DELETE FROM {table}")
            self.write_note("owner", person)

    def forget(self, side: Side, *, epoch: str | None) -> None:
        """Forget all that the server told of `side`, people and outbox aside; what comes from now on is of `epoch`.

        Contacts, and whom one follows, are told by the private side, what accounts say by the public one.
        """
        with self.transaction():
            for table in ("topics", "entries", "gaps"):
                self._database.execute(f"DELETE FROM {table} WHERE {_ON_SIDE[side]}")
            self.references.forget(side)
            if side is Side.PRIVATE:
                self.contacts.forget()
                self.follows.forget()
            else:
                self.follows.forget_accounts()
                self._database.execute("DELETE FROM submissions")
                self._database.execute("DELETE FROM notes WHERE key LIKE 'agreed:%'")
            self._database.execute("DELETE FROM notes WHERE key IN (?, ?)", (_key(side, "epoch"), _key(side, "marks")))
            if epoch is not None:
                self.write_note(_key(side, "epoch"), epoch)

    def heads(self, side: Side | None = None) -> dict[TopicId, Seq]:
        """Return up to where each topic one is a member of is known, those that moved last first; of one side only,
        if one is named.
        """
        rows = self._database.execute("SELECT topic, have FROM topics WHERE seated ORDER BY moved_at DESC, topic")
        return {topic: have for topic, have in rows if side in {None, side_of(topic)}}

    def outside(self, side: Side) -> list[TopicId]:
        """Return the topics of `side` one is invited to or has asked to join."""
        rows = self._database.execute("SELECT topic FROM topics WHERE NOT seated ORDER BY topic")
        return [topic for (topic,) in rows if side_of(topic) is side]

    # Topics.

    def put_topic(self, summary: Summary) -> None:
        """Take in how one stands to a topic. What is before a risen `start` is forgotten."""
        seated = summary.standing is Standing.MEMBER
        have = max(summary.start - 1, 0)
        with self.transaction():
            before = self.topic(summary.topic)
            self._database.execute(
                "INSERT INTO topics (topic, have, seated, moved_at, summary) VALUES (?, ?, ?, 0, ?)"
                " ON CONFLICT (topic) DO UPDATE SET summary = excluded.summary, seated = excluded.seated,"
                " have = CASE seated WHEN 1 THEN max(have, excluded.have) ELSE excluded.have END",
                (summary.topic, have, seated, msgspec.msgpack.encode(summary)),
            )
            self._reach_back(before, summary)
            if summary.peer is not None:
                self.learn([summary.peer])

    def drop_topic(self, topic: TopicId) -> None:
        """Forget `topic`."""
        with self.transaction():
            for table in ("topics", "entries", "gaps"):
                self._database.execute(f"DELETE FROM {table} WHERE topic = ?", (topic,))
            self.follows.forget_page(topic)

    def topic(self, topic: TopicId) -> Summary | None:
        """Return how one stands to `topic`, with head, unread and read mark as of the last entry known."""
        row = self._database.execute("SELECT summary FROM topics WHERE topic = ?", (topic,)).fetchone()
        return self._summaries.decode(row[0]) if row else None

    def topics(self) -> list[Summary]:
        """Return all topics, pinned ones first, then those that moved last."""
        rows = self._database.execute("SELECT summary FROM topics ORDER BY moved_at DESC, topic")
        return sorted((self._summaries.decode(row[0]) for row in rows), key=lambda summary: not summary.pinned)

    def chat_with(self, person: PersonId) -> Summary | None:
        """Return the chat with `person`, if there is one; of an account, one's dialogue with it."""
        for summary in self.topics():
            if (summary.peer is not None and summary.peer.person == person) or summary.account == TopicId(person):
                return summary
        return None

    def read(self, topic: TopicId, person: PersonId, seq: Seq) -> None:
        """`person` has read up to `seq`."""
        with self.transaction():
            summary = self.topic(topic)
            if summary is None:
                return
            if person == self.owner:
                if seq > summary.read:
                    unread = 0 if seq >= summary.head else self._unread(summary, seq)
                    self._save(msgspec.structs.replace(summary, read=seq, unread=max(unread, 0)))
            elif summary.kind is TopicKind.CHAT:
                self._save(msgspec.structs.replace(summary, peer_read=max(seq, summary.peer_read or seq)))

    # Entries.

    def append(self, topic: TopicId, entries: Iterable[Entry], *, have: Seq) -> None:
        """Store entries that came in order; all up to `have` is now known, or known as a gap."""
        with self.transaction():
            summary = self.topic(topic)
            tally = Tally(summary) if summary else None
            moved_at = 0
            for entry in entries:
                about = self._entry(topic, entry.target) if entry.kind in DECISIONS else None
                self._put_entry(entry)
                self.follows.leaf(entry, about=about)
                moved_at = max(moved_at, entry.at)
                if tally is not None:
                    tally.count(entry, about=about)
            if summary is not None and tally is not None and tally.summary is not summary:
                self._save(tally.summary)
                self._reach_back(summary, tally.summary)
            self._database.execute(
                "UPDATE topics SET have = max(have, ?), moved_at = max(moved_at, ?) WHERE topic = ?",
                (have, moved_at, topic),
            )

    def add_gap(self, topic: TopicId, first: Seq, last: Seq) -> None:
        """Entries `first` to `last` exist and are not here."""
        if first <= last:
            self._database.execute("INSERT OR REPLACE INTO gaps VALUES (?, ?, ?)", (topic, first, last))

    def fill(self, topic: TopicId, entries: Iterable[Entry], *, first: Seq, last: Seq) -> None:
        """Store entries from history: all there is from `first` to `last`, and perhaps some more."""
        with self.transaction():
            for entry in entries:
                self._put_entry(entry)
            self._close_gap(topic, first, last)

    def gap_before(self, topic: TopicId, before: Seq) -> Gap | None:
        """Return the nearest gap that begins before `before`."""
        row = self._database.execute(
            "SELECT first, min(last, ?) FROM gaps WHERE topic = ? AND first < ? ORDER BY first DESC LIMIT 1",
            (before - 1, topic, before),
        ).fetchone()
        return Gap(first=row[0], last=row[1]) if row else None

    def entries(
        self, topic: TopicId, *, before: Seq | None = None, after: int = 0, limit: int | None = None
    ) -> list[Entry]:
        """Return the newest `limit` entries in between, ascending."""
        rows = self._database.execute(
            f"SELECT {_NAMES} FROM entries WHERE topic = ? AND seq > ? AND seq < ? ORDER BY seq DESC LIMIT ?",
            (topic, after, before or limits.SEQ_MAX, -1 if limit is None else limit),
        )
        return [_entry(row) for row in rows][::-1]

    def page(self, topic: TopicId, *, before: Seq | None, limit: int) -> Page:
        """Return the `limit` entries before `before` (None: the newest), as far as they are here without a gap."""
        end = Seq(limits.SEQ_MAX) if before is None else before
        gap = self.gap_before(topic, end)
        entries = self.entries(topic, before=end, after=gap.last if gap else 0, limit=limit)
        missing = gap is not None and len(entries) < limit
        first = entries[0].seq if entries else end
        complete = gap is None and not self.entries(topic, before=first, limit=1)
        return Page(entries=tuple(entries), complete=complete, missing=missing)

    def appended(self, cid: Cid) -> Appended | None:
        """Return where the entry with `cid` is, if it has come."""
        row = self._database.execute("SELECT topic, seq, nth, at FROM entries WHERE cid = ?", (cid,)).fetchone()
        return Appended(topic=row[0], seq=row[1], nth=row[2], at=row[3]) if row else None

    def about(self, topic: TopicId, first: Seq, last: Seq) -> list[Entry]:
        """Return the edits, recalls and reactions of the entries `first` to `last`, ascending."""
        rows = self._database.execute(
            f"SELECT {_NAMES} FROM entries WHERE topic = ? AND target BETWEEN ? AND ? ORDER BY seq",
            (topic, first, last),
        )
        return [_entry(row) for row in rows]

    def feed(self, limit: int) -> list[Entry]:
        """Return the newest of what accounts have broadcast to oneself since one follows them, the newest first."""
        rows = self._database.execute(
            f"SELECT {_NAMES} FROM entries WHERE topic IN (SELECT topic FROM follows) AND kind IN ({_FEED})"
            " AND body IS NOT NULL ORDER BY at DESC, topic, seq DESC"
        )
        follows = {follow.topic: follow for follow in self.follows.all()}
        return list(islice((entry for entry in map(_entry, rows) if is_for(follows[entry.topic], entry)), limit))

    def log(self, topic: TopicId) -> tuple[Line, ...]:
        """Return everything known of `topic`, as (seq, sender, kind, body)."""
        rows = self._database.execute(
            "SELECT seq, sender, kind, body FROM entries WHERE topic = ? ORDER BY seq", (topic,)
        )
        return tuple((seq, sender, Kind(kind) if kind else None, body) for seq, sender, kind, body in rows)

    def _put_entry(self, entry: Entry) -> None:
        values = msgspec.structs.asdict(entry)
        if entry.openness is not None:
            values["openness"] = msgspec.msgpack.encode(entry.openness)
        self._database.execute(
            f"INSERT INTO entries ({_NAMES}) VALUES ({', '.join(f':{name}' for name in ENTRY_FIELDS)})"
            f" ON CONFLICT DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in ENTRY_FIELDS)}"
            # An older answer that comes late brings no body back that was recalled or withdrawn.
            " WHERE NOT erased AND NOT coalesce(withdrawn, 0)",
            values,
        )
        if entry.kind in DECISIONS and entry.target is not None:
            settle(self._database, entry.topic, entry.target)
        if entry.kind is Kind.RECALL:
            self._database.execute(
                "UPDATE entries SET body = NULL, erased = 1 WHERE topic = :topic AND (seq = :target"
                " OR (target = :target AND kind IN ('edit', 'reaction')))",
                values,
            )

    def _entry(self, topic: TopicId, seq: Seq | None) -> Entry | None:
        query = f"SELECT {_NAMES} FROM entries WHERE topic = ? AND seq = ?"
        row = self._database.execute(query, (topic, seq)).fetchone()
        return _entry(row) if row else None

    def _reach_back(self, before: Summary | None, now: Summary) -> None:
        """Forget what is before the start of `now`; or know that it is there to be had, where anybody may read it."""
        earlier = Seq(now.start - 1)
        is_in, was_in = (each is not None and each.standing is Standing.MEMBER for each in (now, before))
        was_open = before is not None and was_in and before.history_open and before.start == now.start
        if is_in and now.history_open and (before is None or not was_in or not before.history_open):
            self.add_gap(now.topic, Seq(1), earlier)
        elif not (now.history_open and was_open):
            self._database.execute("DELETE FROM entries WHERE topic = ? AND seq <= ?", (now.topic, earlier))
            self._close_gap(now.topic, Seq(1), earlier)

    def _close_gap(self, topic: TopicId, first: Seq, last: Seq) -> None:
        touched = self._database.execute(
            "DELETE FROM gaps WHERE topic = ? AND first <= ? AND last >= ? RETURNING first, last", (topic, last, first)
        ).fetchall()
        for gap_first, gap_last in touched:
            self.add_gap(topic, gap_first, Seq(first - 1))
            self.add_gap(topic, Seq(last + 1), gap_last)

    def _unread(self, summary: Summary, read: Seq) -> int:
        if is_followed(summary):  # What others get is numbered along, and is no business of this follower's.
            query = f"SELECT count(*) FROM entries WHERE topic = ? AND seq > ? AND kind IN ({_FEED})"
            unread: int = self._database.execute(query, (summary.topic, read)).fetchone()[0]
            return unread
        return self._nth(summary.topic, summary.head) - self._nth(summary.topic, read)

    def _nth(self, topic: TopicId, seq: Seq) -> int:
        query = "SELECT coalesce(max(nth), 0) FROM entries WHERE topic = ? AND seq <= ?"
        nth: int = self._database.execute(query, (topic, seq)).fetchone()[0]
        return nth

    def _save(self, summary: Summary) -> None:
        encoded = msgspec.msgpack.encode(summary)
        self._database.execute("UPDATE topics SET summary = ? WHERE topic = ?", (encoded, summary.topic))

    # People.

    def learn(self, people: Iterable[Person]) -> None:
        """Remember who has which handle."""
        self._database.executemany(
            "INSERT OR REPLACE INTO people (person, handle) VALUES (?, ?)",
            [(person.person, person.handle) for person in people],
        )

    def handle(self, person: PersonId) -> str | None:
        """Return the handle of `person`, if known."""
        row = self._database.execute("SELECT handle FROM people WHERE person = ?", (person,)).fetchone()
        return row[0] if row else None

    def person(self, handle: str) -> PersonId | None:
        """Return who has `handle`, if known."""
        row = self._database.execute("SELECT person FROM people WHERE handle = ?", (handle,)).fetchone()
        return row[0] if row else None

    # Notes.

    @property
    def preferences(self) -> Preferences | None:
        """What one prefers, as the server said last; None: it has not."""
        note = self.note("preferences")
        return msgspec.json.decode(note, type=Preferences) if note else None

    @preferences.setter
    def preferences(self, now: Preferences) -> None:
        self.write_note("preferences", msgspec.json.encode(now).decode())

    def note(self, key: str) -> str | None:
        """Return what was noted under `key`."""
        row = self._database.execute("SELECT value FROM notes WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def write_note(self, key: str, value: str) -> None:
        """Note `value` under `key`."""
        self._database.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (key, value))


def _key(side: Side, what: str) -> str:
    """Return under which key `what` of `side` is noted; the private ones are called as before there was another."""
    return what if side is Side.PRIVATE else f"{side}.{what}"


def _entry(row: tuple[Any, ...]) -> Entry:
    fields: dict[str, Any] = {name: value for name, value in zip(ENTRY_FIELDS, row, strict=True) if value is not None}
    if "openness" in fields:
        fields["openness"] = msgspec.msgpack.decode(fields["openness"])
    return msgspec.convert(fields, Entry, strict=False)
