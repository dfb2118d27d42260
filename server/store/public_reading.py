"""Reading the public side: what authors, staff and everybody may ask. No road leads from here to the private store."""

from collections.abc import Sequence
from json import dumps
from typing import Any

import msgspec

from protocol.decisions import Submission, SubmissionState
from protocol.entries import Admission
from protocol.ids import Cid, PersonId, Seq, SubmissionId, TopicId
from protocol.limits import COLLECTION_ITEMS
from protocol.public import AuditReply, Card, Listing, ReceiptReply, SubmissionsReply
from protocol.publications import PublishedError, Surface, decode, fields_of
from protocol.staff import ItemReply, QueueItem, QueueReply, StaffRole
from server.store import audit, submissions
from server.store.base import Officer, SubmittedBefore, TargetVersion
from server.store.public_writes import Case
from server.store.reading import SqliteReader

EXCERPT_CHARS = 120
SUBMISSION_BYTES = 4096  # About what a submission takes on the wire without its content, its decision counted.
SCANNED = 10_000  # Listed groups looked at in one search; an index comes with the search of the public side.

_OWN = f"""
SELECT {submissions.COLUMNS} FROM submissions WHERE author = :author
    AND (:before IS NULL OR number < (SELECT number FROM submissions WHERE submission = :before AND author = :author))
ORDER BY number DESC LIMIT :limit
"""
_WAITING = f"SELECT {submissions.COLUMNS} FROM submissions WHERE state = 'waiting' ORDER BY number"
_DUE = "SELECT submission FROM submissions WHERE state = 'held' AND until <= ? ORDER BY until, number LIMIT 100"
_QUEUE = """
SELECT s.submission, s.surface, s.state, s.at, s.until, d.ground, d.by, s.content
FROM submissions AS s LEFT JOIN decisions AS d ON d.decision = s.decision
WHERE s.state = 'held' ORDER BY s.until, s.number LIMIT ?
"""
_LISTING = """
SELECT topic, seats, admission, listed, history_open, name, listing FROM topics
WHERE kind = 'group' AND admission IS NOT NULL AND seats > 0
"""
_CARDS = """
SELECT p.person, p.handle, t.topic, e.seq, e.body FROM json_each(?) AS wanted
JOIN topics AS t ON t.one_peer = wanted.value AND t.other_peer = wanted.value AND t.kind = 'card'
JOIN people AS p ON p.person = wanted.value
JOIN entries AS e ON e.topic = t.topic AND e.seq = (
    SELECT max(seq) FROM entries WHERE topic = t.topic AND kind = 'card') AND NOT e.withdrawn AND e.body IS NOT NULL
"""
_TARGET = "SELECT sender, kind, erased OR withdrawn FROM entries WHERE topic = ? AND seq = ?"
_VERSIONS = "SELECT count(*) + 1 FROM entries WHERE topic = ? AND target = ? AND kind = 'edit'"
_STAFF = "SELECT code, role, digest FROM staff WHERE code = ? AND removed_at IS NULL"


class SqlitePublicReader(SqliteReader):
    """One read-only connection to the public store; see the port `PublicReader`."""

    def signed_by(self, person: PersonId, agreement: bytes) -> bytes | None:
        """Return the digest of what `person` has signed: of `agreement`, if that is among it; else of the last."""
        return submissions.signed_by(self._connection, person, agreement)

    def submitted(self, author: PersonId, cid: Cid) -> SubmittedBefore | None:
        """Return what `author` submitted as `cid`."""
        with self._snapshot() as connection:
            row = submissions.by_cid(connection, author, cid)
            if row is None:
                return None
            return SubmittedBefore(submission=submissions.view(connection, row), digest=row.digest)

    def target(self, topic: TopicId, seq: Seq) -> TargetVersion | None:
        """Return whose text an edit would change, and in which version it is."""
        with self._snapshot() as connection:
            row = connection.execute(_TARGET, (topic, seq)).fetchone()
            if row is None or row[2]:
                return None
            version = connection.execute(_VERSIONS, (topic, seq)).fetchone()[0]
        return TargetVersion(author=row[0], kind=row[1], version=version)

    def own(self, author: PersonId, *, before: SubmissionId | None, limit: int, reply_bytes: int) -> SubmissionsReply:
        """Return what `author` submitted, newest first, as far as there is room for."""
        asked = {"author": author, "before": before, "limit": limit + 1}
        views: list[Submission] = []
        with self._snapshot() as connection:
            rows = [submissions.row_of(row) for row in connection.execute(_OWN, asked).fetchall()]
            for row in rows[:limit]:
                if row is not None and reply_bytes > 0:
                    views.append(submissions.view(connection, row))
                    reply_bytes -= SUBMISSION_BYTES + len(row.content or b"")
        return SubmissionsReply(submissions=tuple(views), complete=len(views) == len(rows))

    def receipt(self, author: PersonId, submission: SubmissionId) -> ReceiptReply | None:
        """Return all that the audit log says of what `author` submitted, with its proofs."""
        with self._snapshot() as connection:
            row = submissions.by_id(connection, submission)
            if row is None or row.author != author:
                return None
            found = audit.receipt(connection, submission)
        return ReceiptReply(
            size=found.head.size,
            root=found.head.root,
            verdicts=found.verdicts[:COLLECTION_ITEMS],
            salt=row.salt,
            content=row.content,
        )

    def audit(self, since: int) -> AuditReply | None:
        """Return the audit log's size and root, with proof of its first `since` leaves; None: it never had so many."""
        with self._snapshot() as connection:
            try:
                found = audit.consistency(connection, since)
            except audit.NoSuchLeafError:
                return None
        return AuditReply(size=found.head.size, root=found.head.root, consistency=found.proof)

    def cards(self, persons: Sequence[PersonId]) -> tuple[Card, ...]:
        """Return the public cards of those of `persons` who have one."""
        rows = self._rows(_CARDS, (dumps(list(dict.fromkeys(persons))),))
        return tuple(Card(person=row[0], handle=row[1], topic=row[2], seq=row[3], body=row[4]) for row in rows)

    def listing(self, topic: TopicId) -> Listing | None:
        """Return one public group as anybody sees it."""
        row = self._row(_LISTING + "AND topic = ?", (topic,))
        return None if row is None else _listing(row)

    def find(self, query: str, *, limit: int) -> tuple[Listing, ...]:
        """Return listed groups whose name or listing has `query` in it, the largest first. Queries are not stored."""
        wanted = query.casefold()
        found: list[Listing] = []
        for row in self._connection.execute(_LISTING + f"AND listed ORDER BY seats DESC, topic LIMIT {SCANNED}"):
            if wanted not in _raw(row[5], row[6]):
                continue  # Without taking them apart: nearly all of them are.
            if not wanted or any(wanted in text.casefold() for text in (*_texts(row[5]), *_texts(row[6]))):
                found.append(_listing(row))
                if len(found) == limit:
                    break
        return tuple(found)

    def unannounced(self) -> tuple[TopicId, ...]:
        """Return the public groups into which people have come without an entry that says so."""
        return tuple(row[0] for row in self._rows("SELECT DISTINCT topic FROM members WHERE unannounced", ()))

    # The gate.

    def waiting(self) -> tuple[tuple[Case, ...], tuple[SubmissionId, ...]]:
        """Return what was submitted and has not been judged, in order; and what of that cannot be read."""
        cases: list[Case] = []
        unreadable: list[SubmissionId] = []
        with self._snapshot() as connection:
            for row in map(submissions.row_of, connection.execute(_WAITING).fetchall()):
                assert row is not None
                try:
                    cases.append(submissions.case_of(connection, row))
                except PublishedError:
                    unreadable.append(row.submission)
        return tuple(cases), tuple(unreadable)

    def due(self, at: int) -> tuple[SubmissionId, ...]:
        """Return some of the items whose hold has ended by `at` (Unix ms), the oldest first."""
        return tuple(row[0] for row in self._rows(_DUE, (at,)))

    # Staff.

    def officer(self, code: str) -> Officer | None:
        """Return the officer on duty with this code."""
        row = self._row(_STAFF, (code,))
        return None if row is None else Officer(code=row[0], role=StaffRole(row[1]), digest=row[2])

    def staff(self) -> list[tuple[str, str, int, int | None]]:
        """Return code, role, and when they were added and removed (Unix ms), of all staff, by code."""
        rows = self._rows("SELECT code, role, added_at, removed_at FROM staff ORDER BY code", ())
        return [(row[0], row[1], row[2], row[3]) for row in rows]

    def queue(self, limit: int) -> QueueReply:
        """Return what is held, the oldest deadline first."""
        with self._snapshot() as connection:
            rows = connection.execute(_QUEUE, (limit,)).fetchall()
            total = connection.execute("SELECT count(*) FROM submissions WHERE state = 'held'").fetchone()[0]
        items = tuple(
            QueueItem(
                item=item,
                surface=Surface(surface),
                state=SubmissionState(state),
                at=at,
                due=until,
                ground=ground or "",
                by=by or "",
                excerpt=_excerpt(content),
            )
            for item, surface, state, at, until, ground, by, content in rows
        )
        return QueueReply(items=items, total=total)

    def item(
        self, item: SubmissionId | None, *, topic: TopicId | None = None, seq: Seq | None = None
    ) -> ItemReply | None:
        """Return one submission, by its id or by the entry it became, with all decisions about it.

        Of an edit that is published: the message it is of, with the words of its last version, for all versions are
        decided together.
        """
        with self._snapshot() as connection:
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


def _excerpt(content: bytes | None) -> str:
    words = submissions.readable(content)
    return " ".join(" · ".join(fields_of(words).values() if words else ()).split())[:EXCERPT_CHARS]


def _raw(*bodies: bytes | None) -> str:
    """Return what stands in published bodies, with what is between; their texts are in them as they are, in UTF-8."""
    return b"".join(body for body in bodies if body).decode("utf-8", "ignore").casefold()


def _texts(body: bytes | None) -> tuple[str, ...]:
    return tuple(fields_of(decode(body).content).values()) if body else ()


def _listing(row: tuple[Any, ...]) -> Listing:
    topic, members, admission, listed, history_open, name, listing = row
    return Listing(
        topic=topic,
        members=members,
        admission=Admission(admission),
        listed=bool(listed),
        history_open=bool(history_open),
        name=name or None,
        listing=listing or None,
    )
