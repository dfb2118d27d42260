"""Reading the public side: what authors, staff and everybody may ask. No road leads from here to the private store."""

import sqlite3
from collections.abc import Sequence
from json import dumps
from typing import Any

from protocol.entries import Admission
from protocol.following import AccountPage, ArticleReply, SearchKind, SearchReply
from protocol.ids import Cid, PersonId, Seq, SubmissionId, TopicId
from protocol.limits import COLLECTION_ITEMS
from protocol.public import AuditReply, Card, Listing, ReceiptReply, SubmissionsReply, Submitted
from protocol.publications import PublishedError
from server.store import account_facts, account_reading, accounts, audit, search, submissions
from server.store.base import PostedBefore, SubmittedBefore, TargetVersion
from server.store.officer_reading import OfficerReads
from server.store.operator_reading import OperatorReads
from server.store.public_writes import Case
from server.store.reading import SqliteReader
from server.store.square_reading import SquareReads

SUBMISSION_BYTES = 4096  # About what a submission takes on the wire without its content, its decision counted.

_OWN = f"""
SELECT {submissions.COLUMNS} FROM submissions WHERE author = :whose
    AND (:before IS NULL OR number < (SELECT number FROM submissions WHERE submission = :before AND author = :whose))
ORDER BY number DESC LIMIT :limit
"""
_FOR_ACCOUNT = f"""
SELECT {submissions.COLUMNS} FROM submissions INDEXED BY submissions_for
WHERE topic = :whose AND surface NOT LIKE 'group%' AND surface <> 'card'
    AND (:before IS NULL OR number < (SELECT number FROM submissions WHERE submission = :before AND topic = :whose))
ORDER BY number DESC LIMIT :limit
"""
_OPERATES = """
SELECT 1 FROM topics AS t JOIN members AS m ON m.topic = t.topic
WHERE t.topic = ? AND t.kind = 'account' AND m.person = ? AND m.standing = 'member'
"""
_WAITING = f"SELECT {submissions.COLUMNS} FROM submissions WHERE state = 'waiting' ORDER BY number"
_DUE = "SELECT submission FROM submissions WHERE state = 'held' AND until <= ? ORDER BY until, number LIMIT 100"
_LISTING = """
SELECT topic, seats, admission, listed, history_open, name, listing FROM topics
WHERE kind = 'group' AND admission IS NOT NULL AND seats > 0
"""
_BY_SIZE = "ORDER BY seats DESC, topic"
_CARDS = """
SELECT p.person, p.handle, t.topic, e.seq, e.body FROM json_each(?) AS wanted
JOIN topics AS t ON t.one_peer = wanted.value AND t.other_peer = wanted.value AND t.kind = 'card'
JOIN people AS p ON p.person = wanted.value
JOIN entries AS e ON e.topic = t.topic AND e.seq = (
    SELECT max(seq) FROM entries WHERE topic = t.topic AND kind = 'card') AND NOT e.withdrawn AND e.body IS NOT NULL
"""
_TARGET = "SELECT sender, kind, erased OR withdrawn FROM entries WHERE topic = ? AND seq = ?"
_VERSIONS = "SELECT count(*) + 1 FROM entries WHERE topic = ? AND target = ? AND kind = 'edit'"


class SqlitePublicReader(SqliteReader, OperatorReads, OfficerReads, SquareReads):
    """One read-only connection to the public store; see the port `PublicReader`."""

    def posted(self, sender: PersonId, cid: Cid) -> PostedBefore | None:
        """Return what `sender` used `cid` for, by themselves or in the name of an account."""
        return super().posted(sender, cid) or account_reading.recalled_by(self._connection, sender, cid)

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
            submission = submissions.by_entry(connection, topic, seq)
        if submission is None:
            return None
        return TargetVersion(author=row[0], kind=row[1], version=version, surface=submission.surface)

    def own(self, author: PersonId, *, before: SubmissionId | None, limit: int, reply_bytes: int) -> SubmissionsReply:
        """Return what `author` submitted, newest first, as far as there is room for."""
        asked = {"whose": author, "before": before, "limit": limit + 1}
        return self._submissions(_OWN, asked, reply_bytes, named=False)

    def submitted_for(
        self, account: TopicId, *, before: SubmissionId | None, limit: int, reply_bytes: int
    ) -> SubmissionsReply:
        """Return what was submitted for a public account, likewise, and by whom."""
        asked = {"whose": account, "before": before, "limit": limit + 1}
        return self._submissions(_FOR_ACCOUNT, asked, reply_bytes, named=True)

    def _submissions(self, query: str, asked: dict[str, Any], room: int, *, named: bool) -> SubmissionsReply:
        views: list[Submitted] = []
        with self._snapshot() as connection:
            rows = [submissions.row_of(row) for row in connection.execute(query, asked).fetchall()]
            for row in rows[: asked["limit"] - 1]:
                if row is not None and room > 0:
                    views.append(submissions.listed(connection, row, named=named))
                    room -= SUBMISSION_BYTES + len(row.content or b"")
        return SubmissionsReply(submissions=tuple(views), complete=len(views) == len(rows))

    def receipt(self, person: PersonId, submission: SubmissionId) -> ReceiptReply | None:
        """Return all that the audit log says of what `person` submitted, or a fellow operator, with its proofs.

        An application for an account is its owner's, by the id of the account.
        """
        with self._snapshot() as connection:
            row = submissions.by_id(connection, submission) or accounts.by_topic(connection, TopicId(submission))
            if row is None or not _may_know(connection, row, person):
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

    def pages(self, topics: Sequence[TopicId], *, at: int) -> tuple[AccountPage, ...]:
        """Return those of `topics` that are active public accounts, as anybody sees them at `at`."""
        with self._snapshot() as connection:
            return account_reading.pages(connection, topics, at=at)

    def article(self, topic: TopicId, seq: Seq) -> ArticleReply | None:
        """Return the article that an entry is a version of, as it stands."""
        with self._snapshot() as connection:
            return account_reading.article(connection, topic, seq)

    def is_active(self, account: TopicId) -> bool:
        """Say whether there is such a public account, and it is active."""
        return account_facts.is_active(self._connection, account)

    def offered(self, account: TopicId) -> tuple[str, ...] | None:
        """Return the tags that an active public account offers its followers."""
        with self._snapshot() as connection:
            return account_facts.offered(connection, account) if account_facts.is_active(connection, account) else None

    def listing(self, topic: TopicId) -> Listing | None:
        """Return one public group as anybody sees it."""
        row = self._row(_LISTING + "AND topic = ?", (topic,))
        return None if row is None else _listing(row)

    def find(self, query: str, *, limit: int) -> tuple[Listing, ...]:
        """Return listed groups whose name or listing has all words of `query` in it, the largest first."""
        if not query:
            return tuple(map(_listing, self._rows(f"{_LISTING} AND listed {_BY_SIZE} LIMIT ?", (limit,))))
        with self._snapshot() as connection:
            found = dumps(search.groups(connection, query, limit=limit))
            rows = connection.execute(f"{_LISTING} AND topic IN (SELECT value FROM json_each(?)) {_BY_SIZE}", (found,))
            return tuple(map(_listing, rows.fetchall()))

    def search(self, query: str, *, kinds: Sequence[SearchKind], offset: int, limit: int) -> SearchReply:
        """Return accounts, articles and listed groups that have all words of `query` in them, the best first."""
        with self._snapshot() as connection:
            return search.search(connection, query, kinds=kinds, offset=offset, limit=limit)

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


def _may_know(connection: sqlite3.Connection, row: submissions.Row | accounts.Row, person: PersonId) -> bool:
    if isinstance(row, accounts.Row):
        return row.owner == person
    return row.author == person or connection.execute(_OPERATES, (row.topic, person)).fetchone() is not None


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
