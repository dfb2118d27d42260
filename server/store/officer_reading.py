"""Reading what staff see: who is on duty, what is to be decided, and one item or application of it. All of it public
side: of authors and applicants not even who they are.
"""

import sqlite3
from collections.abc import Iterable

import msgspec

from protocol.account_states import AccountState
from protocol.ids import CommentId, Seq, SubmissionId, TopicId
from protocol.publications import fields_of
from protocol.staff import ApplicationReply, ItemReply, QueueItem, QueueReply, StaffRole
from server.store import accounts, public_threads, submissions
from server.store.base import Officer
from server.store.snapshots import Snapshots

EXCERPT_CHARS = 120
_STAFF = "SELECT code, role, digest FROM staff WHERE code = ? AND removed_at IS NULL"
_HELD = "SELECT until AS due, number AS came, submission, NULL AS account FROM submissions WHERE state = 'held'"
_APPLIED = "SELECT due, at AS came, NULL AS submission, topic AS account FROM accounts WHERE state = 'submitted'"
# Each part by its own index as far as the limit goes, and then the two as one: by the deadline, whatever it is of.
_QUEUE = f"""
SELECT submission, account FROM (
    SELECT * FROM ({_HELD} ORDER BY until, number LIMIT :limit)
    UNION ALL SELECT * FROM ({_APPLIED} ORDER BY due, at LIMIT :limit)
) ORDER BY due, account IS NOT NULL, came LIMIT :limit
"""
_TOTAL = """
SELECT (SELECT count(*) FROM submissions WHERE state = 'held') + (
    SELECT count(*) FROM accounts WHERE state = 'submitted')
"""


class OfficerReads(Snapshots):
    """A part of a public reader; see the port `OfficerReader`."""

    def officer(self, code: str) -> Officer | None:
        """Return the officer on duty with this code."""
        row = self._row(_STAFF, (code,))
        return None if row is None else Officer(code=row[0], role=StaffRole(row[1]), digest=row[2])

    def staff(self) -> list[tuple[str, str, int, int | None]]:
        """Return code, role, and when they were added and removed (Unix ms), of all staff, by code."""
        rows = self._rows("SELECT code, role, added_at, removed_at FROM staff ORDER BY code", ())
        return [(row[0], row[1], row[2], row[3]) for row in rows]

    def queue(self, limit: int) -> QueueReply:
        """Return what is to be decided, held items and applications, the oldest deadline first."""
        with self._snapshot() as connection:
            rows = connection.execute(_QUEUE, {"limit": limit}).fetchall()
            items = tuple(_held(connection, item) if item else _applied(connection, account) for item, account in rows)
            total = connection.execute(_TOTAL).fetchone()[0]
        return QueueReply(items=items, total=total)

    def item(
        self,
        item: SubmissionId | None,
        *,
        comment: CommentId | None = None,
        topic: TopicId | None = None,
        seq: Seq | None = None,
    ) -> ItemReply | None:
        """Return one submission, by its id or by the entry or comment it became, with all decisions about it.

        Of an edit that is published: the message it is of, with the words of its last version, for all versions are
        decided together.
        """
        with self._snapshot() as connection:
            facts = public_threads.facts_of(connection, comment) if comment is not None else None
            if facts is not None:
                topic, seq = facts.topic, facts.seq
            if item is not None:
                row = submissions.by_id(connection, item)
            else:
                row = submissions.by_entry(connection, topic, seq) if topic and seq else None
            if row is None:
                return None
            root = submissions.root_of(connection, row)
            newest = submissions.newest_of(connection, root)
            seen = submissions.view(connection, root)
            words = submissions.readable(newest.content)
            if newest is not root and words is not None:
                seen = msgspec.structs.replace(seen, content=words, version=newest.version, labels=newest.labels)
            return ItemReply(submission=seen, decisions=submissions.decisions_about(connection, root.submission))

    def application(self, account: TopicId) -> ApplicationReply | None:
        """Return one application; a draft is not for officers."""
        with self._snapshot() as connection:
            row = accounts.by_topic(connection, account)
            if row is None or row.state is AccountState.DRAFT:
                return None
            return accounts.application(connection, row)


def _held(connection: sqlite3.Connection, submission: SubmissionId) -> QueueItem:
    row = submissions.by_id(connection, submission)
    assert row is not None
    held = submissions.decided(connection, row.decision) if row.decision else None
    words = submissions.readable(row.content)
    return QueueItem(
        item=row.submission,
        surface=row.surface,
        state=row.state,
        at=row.at,
        due=row.until,
        ground=held.ground if held else "",
        by=held.by if held else "",
        excerpt=_excerpt(fields_of(words).values() if words else ()),
    )


def _applied(connection: sqlite3.Connection, account: TopicId) -> QueueItem:
    row = accounts.by_topic(connection, account)
    assert row is not None
    said = row.said
    return QueueItem(
        account=row.topic,
        encouraged=row.encouraged,
        at=row.at,
        due=row.due,
        excerpt=_excerpt((said.name, said.subject, said.scope)),
    )


def _excerpt(texts: Iterable[str]) -> str:
    return " ".join(" · ".join(texts).split())[:EXCERPT_CHARS]
