"""Submissions as rows: keeping them, finding them, and how their author sees them. Both writer and readers need it."""

import secrets
import sqlite3
from typing import Any

import msgspec
from blake3 import blake3

from compliance.bench import Bench
from compliance.stages import Stopped
from protocol.decisions import Decision, DecisionKind, Span, Submission, SubmissionState
from protocol.entries import Kind
from protocol.ids import Cid, PersonId, Seq, SubmissionId, TopicId
from protocol.publications import Content, PublishedError, Surface, decode_content, encode_content
from server.store import people
from server.store.public_writes import Accepted, Case, Forget, Resubmitted, Submit, Superseded
from server.store.writes import Conflict, Done, Draft

SALT_BYTES = 32
KINDS: dict[Surface, Kind] = {
    Surface.GROUP_MESSAGE: Kind.MESSAGE,
    Surface.GROUP_NAME: Kind.NAMED,
    Surface.GROUP_NOTICE: Kind.NOTICE,
    Surface.GROUP_LISTING: Kind.LISTING,
    Surface.GROUP_SCREEN_NAME: Kind.SCREEN_NAME,
    Surface.CARD: Kind.CARD,
}

COLUMNS = (
    "submission, author, cid, digest, surface, topic, reply_to, target, base, content, salt, state, at, labels, seq,"
    " version, until, withdrawn, decision"
)
_DECISION = (
    "decision, kind, ground, clause, bottom_line, agreement, places, facts, by, automated, at, until, appeal, leaf"
)
_BY_ID = f"SELECT {COLUMNS} FROM submissions WHERE submission = ?"
_BY_CID = f"SELECT {COLUMNS} FROM submissions WHERE cid = ? AND author = ?"
_BY_ENTRY = f"SELECT {COLUMNS} FROM submissions WHERE topic = ? AND seq = ?"
_INSERT = f"INSERT INTO submissions ({COLUMNS}) VALUES ({', '.join('?' * 19)})"
_HELD = "SELECT count(*) FROM submissions WHERE author = ? AND state = 'held'"
_CLAIMED = "SELECT 1 FROM cids WHERE cid = ? AND sender = ?"
_CARD = "SELECT topic FROM topics WHERE one_peer = ? AND other_peer = one_peer AND kind = 'card'"
_DECIDED = f"SELECT {_DECISION} FROM decisions WHERE decision = ?"
DECISIONS_SHOWN = 50  # The last ones: one item can be withdrawn and restored without end.
_ABOUT = f"SELECT {_DECISION} FROM decisions WHERE submission = ? ORDER BY number DESC LIMIT {DECISIONS_SHOWN}"
# The last text of its kind: of a group's name and the like, of one member's screen name, of a card.
# `kind <> 'message'` adds nothing but the index on the texts of a place, which messages are not in.
_LATEST = "SELECT count(*), max(seq) FROM entries WHERE topic = ? AND kind = ? AND kind <> 'message'"
_LATEST_OF_ONE = _LATEST + " AND sender = ?"
_EDITS = "SELECT count(*), max(seq) FROM entries WHERE topic = ? AND target = ? AND kind = 'edit'"
FORGOTTEN = 500  # At a time: the writer has others to serve.
_FORGET = f"""
UPDATE submissions SET content = NULL, salt = NULL WHERE number IN (
    SELECT number FROM submissions WHERE state IN ('rejected', 'lapsed') AND content IS NOT NULL AND decided_at < ?
    ORDER BY decided_at LIMIT {FORGOTTEN})
"""
_SIGNED = "SELECT digest FROM signatures WHERE person = ? ORDER BY digest = ? DESC, at DESC LIMIT 1"
_BODY = "SELECT body FROM entries WHERE topic = ? AND seq = ?"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `submissions`."""

    submission: SubmissionId
    author: PersonId
    cid: Cid
    digest: bytes
    surface: Surface
    topic: TopicId | None
    reply_to: Seq | None
    target: Seq | None
    base: int | None
    content: bytes | None
    salt: bytes | None
    state: SubmissionState
    at: int
    labels: tuple[str, ...]
    seq: Seq | None
    version: int | None
    until: int | None
    withdrawn: bool
    decision: str | None


def submit(connection: sqlite3.Connection, submit: Submit) -> Accepted | Resubmitted | Superseded | Stopped | Conflict:
    """Keep what somebody wants to publish. A repeat gets what it has become, never a second judgement."""
    row = by_cid(connection, submit.author, submit.cid)
    if row is not None:
        same = row.digest == submit.digest and submit.topic in {None, row.topic}
        return Resubmitted(view(connection, row)) if same else Conflict()
    if connection.execute(_CLAIMED, (submit.cid, submit.author)).fetchone():
        return Conflict()
    stage = stopped(connection, submit.surface, submit.author, at=submit.at, bench=submit.bench)
    if stage is not None:
        return stage
    people.introduce(connection, submit.author, submit.handle, submit.skeleton, at=submit.at)
    topic = submit.topic or card_of(connection, submit.author)
    count, _ = versions(connection, submit.surface, submit.author, topic, submit.target)
    if submit.base is not None and submit.base != count:
        return Superseded()
    connection.execute(
        _INSERT,
        (
            submit.submission,
            submit.author,
            submit.cid,
            submit.digest,
            submit.surface.value,
            topic,
            submit.reply_to,
            submit.target,
            submit.base,
            encode_content(submit.content),
            secrets.token_bytes(SALT_BYTES),
            SubmissionState.WAITING.value,
            submit.at,
            "[]",
            None,
            None,
            None,
            0,
            None,
        ),
    )
    found = by_id(connection, submit.submission)
    assert found is not None
    return Accepted(case_of(connection, found))


def case_of(connection: sqlite3.Connection, row: Row) -> Case:
    """Return what the gate takes up of a submission."""
    assert row.content is not None
    version, previous = succession(connection, row)
    return Case(
        submission=row.submission,
        author=row.author,
        surface=row.surface,
        topic=row.topic,
        content=decode_content(row.content),
        version=version,
        previous=previous,
    )


def succession(connection: sqlite3.Connection, row: Row) -> tuple[int, bytes | None]:
    """Return which version of its text a submission would be now, and the digest of the one it would replace."""
    topic = row.topic or card_of(connection, row.author)  # Another card may have come first.
    count, last = versions(connection, row.surface, row.author, topic, row.target)
    return count + 1, None if topic is None or last is None else _digest(connection, topic, last)


def versions(
    connection: sqlite3.Connection, surface: Surface, author: PersonId, topic: TopicId | None, target: Seq | None
) -> tuple[int, Seq | None]:
    """Return how many versions there are of the text that this would be the next one of, and the entry of the last."""
    if topic is None:
        return 0, None
    if target is not None:
        count, last = connection.execute(_EDITS, (topic, target)).fetchone()
        return count + 1, last or target
    if surface is Surface.GROUP_MESSAGE:
        return 0, None
    kind = KINDS[surface].value
    if surface is Surface.GROUP_SCREEN_NAME:
        found = connection.execute(_LATEST_OF_ONE, (topic, kind, author)).fetchone()
    else:
        found = connection.execute(_LATEST, (topic, kind)).fetchone()
    return found[0], found[1]


def root_of(connection: sqlite3.Connection, row: Row) -> Row:
    """Return the submission of the message that `row` is a published edit of; `row` itself if it is none."""
    if row.target is None or row.topic is None or row.state is not SubmissionState.PUBLISHED:
        return row
    return by_entry(connection, row.topic, row.target) or row


def newest_of(connection: sqlite3.Connection, row: Row) -> Row:
    """Return the last published version of what `row` is the first one of."""
    if row.topic is None or row.seq is None:
        return row
    last = connection.execute(_EDITS, (row.topic, row.seq)).fetchone()[1]
    return (by_entry(connection, row.topic, last) if last is not None else None) or row


def held_by(connection: sqlite3.Connection, author: PersonId) -> int:
    """Return how many items of `author` are held."""
    found: int = connection.execute(_HELD, (author,)).fetchone()[0]
    return found


def card_of(connection: sqlite3.Connection, person: PersonId) -> TopicId | None:
    """Return the topic that is the card of `person`, if they have one."""
    row = connection.execute(_CARD, (person,)).fetchone()
    return None if row is None else TopicId(row[0])


def signed_by(connection: sqlite3.Connection, person: PersonId, agreement: bytes) -> bytes | None:
    """Return the digest of what `person` has signed: of `agreement`, if that is among it; else of the last."""
    row = connection.execute(_SIGNED, (person, agreement)).fetchone()
    return None if row is None else row[0]


def stopped(
    connection: sqlite3.Connection, surface: Surface, author: PersonId, *, at: int, bench: Bench
) -> Stopped | None:
    """Return the stage that stops what `author` would publish on `surface` at `at` (Unix ms); None: there is none."""
    signed = signed_by(connection, author, bench.to_sign) if bench.to_sign else None
    return bench.stopped(surface, signed, at=at)


def has_claimed(connection: sqlite3.Connection, draft: Draft | None) -> bool:
    """Say whether the cid of `draft` is that of something its sender submitted: it is unique over all they do."""
    return draft is not None and by_cid(connection, draft.sender, draft.cid) is not None


def forget(connection: sqlite3.Connection, forget: Forget) -> Done:
    """Erase the words that nobody can object about any more; their decisions and leaves stay."""
    connection.execute(_FORGET, (forget.before,))
    return Done()


def by_id(connection: sqlite3.Connection, submission: SubmissionId) -> Row | None:
    """Return one submission."""
    return row_of(connection.execute(_BY_ID, (submission,)).fetchone())


def by_cid(connection: sqlite3.Connection, author: PersonId, cid: Cid) -> Row | None:
    """Return what `author` submitted as `cid`."""
    return row_of(connection.execute(_BY_CID, (cid, author)).fetchone())


def by_entry(connection: sqlite3.Connection, topic: TopicId, seq: Seq) -> Row | None:
    """Return what became the entry `seq` of `topic`."""
    return row_of(connection.execute(_BY_ENTRY, (topic, seq)).fetchone())


def row_of(values: tuple[Any, ...] | None) -> Row | None:
    """Return a row of COLUMNS, if it is one."""
    if values is None:
        return None
    fields = dict(zip(COLUMNS.replace(" ", "").split(","), values, strict=True))
    fields["surface"] = Surface(fields["surface"])
    fields["state"] = SubmissionState(fields["state"])
    fields["labels"] = tuple(msgspec.json.decode(fields["labels"]))
    fields["withdrawn"] = bool(fields["withdrawn"])
    return Row(**fields)


def view(connection: sqlite3.Connection, row: Row) -> Submission:
    """Return a submission as its author sees it."""
    decided = connection.execute(_DECIDED, (row.decision,)).fetchone() if row.decision else None
    return Submission(
        submission=row.submission,
        cid=row.cid,
        surface=row.surface,
        state=row.state,
        at=row.at,
        topic=row.topic,
        target=row.target,
        content=readable(row.content),
        labels=row.labels,
        seq=row.seq,
        version=row.version,
        until=row.until,
        withdrawn=row.withdrawn,
        decision=_decision(decided) if decided else None,
    )


def readable(content: bytes | None) -> Content | None:
    """Return what was submitted; None when it is erased, or of a schema that this version cannot read."""
    try:
        return None if content is None else decode_content(content)
    except PublishedError:
        return None


def decisions_about(connection: sqlite3.Connection, submission: SubmissionId) -> tuple[Decision, ...]:
    """Return the last decisions about a submission, oldest first."""
    return tuple(_decision(row) for row in reversed(connection.execute(_ABOUT, (submission,)).fetchall()))


def _decision(row: tuple[Any, ...]) -> Decision:
    decision, kind, ground, clause, line, agreement, places, facts, by, automated, at, until, appeal, leaf = row
    return Decision(
        decision=decision,
        kind=DecisionKind(kind),
        ground=ground,
        clause=clause,
        bottom_line=line,
        agreement=agreement,
        where=tuple(msgspec.json.decode(places, type=list[Span])),
        facts=facts,
        by=by,
        automated=bool(automated),
        at=at,
        until=until,
        appeal=appeal,
        leaf=leaf,
    )


def _digest(connection: sqlite3.Connection, topic: TopicId, seq: Seq) -> bytes | None:
    row = connection.execute(_BODY, (topic, seq)).fetchone()
    return blake3(row[0]).digest() if row and row[0] else None
