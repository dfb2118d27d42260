"""Submissions as rows: keeping them, finding them, and how their author sees them. Both writer and readers need it."""

import secrets
import sqlite3
from typing import Any

import msgpack
import msgspec
from blake3 import blake3

from compliance.bench import Bench
from compliance.stages import Stopped
from protocol.decisions import Decision, DecisionKind, Span, Submission, SubmissionState
from protocol.entries import Kind, TopicKind
from protocol.ids import Cid, CommentId, PersonId, Seq, SubmissionId, TopicId
from protocol.public import Submitted
from protocol.publications import (
    OF_ACCOUNTS,
    TEXTS,
    Content,
    PublishedError,
    Source,
    Surface,
    decode_content,
    digest_of,
    encode_content,
)
from server.store import people, public_threads, reprints
from server.store.account_facts import facts_of, shown_to_hooks, unfit
from server.store.public_writes import Accepted, Case, Forget, Resubmitted, Submit, Superseded, Unfit
from server.store.writes import Conflict, Done, Draft

SALT_BYTES = 32
KINDS: dict[Surface, Kind] = {
    Surface.GROUP_MESSAGE: Kind.MESSAGE,
    Surface.GROUP_NAME: Kind.NAMED,
    Surface.GROUP_NOTICE: Kind.NOTICE,
    Surface.GROUP_LISTING: Kind.LISTING,
    Surface.GROUP_SCREEN_NAME: Kind.SCREEN_NAME,
    Surface.CARD: Kind.CARD,
    Surface.ARTICLE: Kind.ARTICLE,
    Surface.BROADCAST: Kind.BROADCAST,
    Surface.REPRINT: Kind.BROADCAST,
    Surface.ACCOUNT_PROFILE: Kind.PROFILE,
    Surface.ACCOUNT_MENU: Kind.MENU,
    Surface.ACCOUNT_WELCOME: Kind.WELCOME,
    Surface.ACCOUNT_REPLIES: Kind.REPLIES,
    Surface.SQUARE: Kind.POST,
    Surface.COMMENT: Kind.COMMENT,
}
PLACES: dict[Surface, TopicKind] = {Surface.CARD: TopicKind.CARD, Surface.SQUARE: TopicKind.SQUARE}  # Of PERSONAL.

COLUMNS = (
    "submission, author, cid, digest, surface, topic, reply_to, target, base, content, salt, state, at, labels, seq,"
    " version, until, withdrawn, decision, tag, reprintable, source, root_topic, root_seq, answers"
)
_NAMES = tuple(COLUMNS.replace(" ", "").split(","))
_DECISION = (
    "decision, kind, ground, clause, bottom_line, agreement, places, facts, by, automated, at, until, appeal, leaf"
)
_BY_ID = f"SELECT {COLUMNS} FROM submissions WHERE submission = ?"
_BY_CID = f"SELECT {COLUMNS} FROM submissions WHERE cid = ? AND author = ?"
_BY_ENTRY = f"SELECT {COLUMNS} FROM submissions WHERE topic = ? AND seq = ?"
_SUBMITTED = "SELECT 1 FROM submissions WHERE cid = ?1 AND (author = ?2 OR topic = ?2)"
_INSERT = f"""
INSERT INTO submissions (submission, author, cid, digest, surface, topic, reply_to, target, base, content, salt, state,
    at, tag, reprintable, source, root_topic, root_seq, answers)
VALUES (:submission, :author, :cid, :digest, :surface, :topic, :reply_to, :target, :base, :content, :salt, :state,
    :at, :tag, :reprintable, :source, :root_topic, :root_seq, :answers)
RETURNING {COLUMNS}
"""
_HELD = "SELECT count(*) FROM submissions WHERE author = ? AND state = 'held'"
# The operators of an account share its cids: what one has used is used, published or not.
_CLAIMED = """
SELECT 1 FROM cids WHERE cid = :cid AND sender = :sender
UNION ALL SELECT 1 FROM submissions WHERE cid = :cid AND topic = :sender
"""
_OWN_PLACE = "SELECT topic FROM topics WHERE one_peer = ? AND other_peer = one_peer AND kind = ?"
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
# Of an article, whole; its entry has the card.
_BODY = """
SELECT ifnull(a.body, e.body) FROM entries AS e LEFT JOIN articles AS a ON a.topic = e.topic AND a.seq = e.seq
WHERE e.topic = ? AND e.seq = ?
"""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `submissions`. Of a comment `topic` and `seq` are its entry in a thread, which is told to nobody."""

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
    tag: str
    reprintable: bool
    source: Source | None
    root_topic: TopicId | None
    root_seq: Seq | None
    answers: CommentId | None

    @property
    def root(self) -> tuple[TopicId, Seq] | None:
        """What a comment is under; None: it is no comment."""
        return None if self.root_topic is None or self.root_seq is None else (self.root_topic, self.root_seq)

    @property
    def told(self) -> tuple[TopicId | None, Seq | None]:
        """Topic and entry by which one is told where it is: of a comment those it is under."""
        return self.root or (self.topic, self.seq)


def speaker(surface: Surface, author: PersonId, topic: TopicId | None) -> PersonId:
    """Return whom readers take for the sender: of what is said for a public account, the account itself."""
    return PersonId(topic) if surface in OF_ACCOUNTS and topic is not None else author


def submit(
    connection: sqlite3.Connection, submit: Submit
) -> Accepted | Resubmitted | Superseded | Stopped | Unfit | Conflict:
    """Keep what somebody wants to publish. A repeat gets what it has become, never a second judgement."""
    row = by_cid(connection, submit.author, submit.cid)
    if row is not None:
        same = row.digest == submit.digest and submit.topic in {None, row.told[0]}
        return Resubmitted(view(connection, row)) if same else Conflict()
    sender = speaker(submit.surface, submit.author, submit.topic)
    if connection.execute(_CLAIMED, {"cid": submit.cid, "sender": sender}).fetchone():
        return Conflict()
    topic = None if submit.root is not None else submit.topic or own_place(connection, submit.surface, submit.author)
    stage = stopped(connection, submit.surface, submit.author, topic, submit.content, at=submit.at, bench=submit.bench)
    if stage is not None:
        return stage
    source = _source(connection, submit, topic)
    if isinstance(source, Unfit):
        return source
    misfit = _misfit(connection, submit, topic)  # The quota is asked last: what can never be does not wait for it.
    if misfit is not None:
        return misfit
    people.introduce(connection, submit.author, submit.handle, submit.skeleton, at=submit.at)
    count, _ = versions(connection, submit.surface, submit.author, topic, submit.target)
    if submit.base is not None and submit.base != count:
        return Superseded()
    return Accepted(case_of(connection, _keep(connection, submit, topic, source)))


def _misfit(connection: sqlite3.Connection, submit: Submit, topic: TopicId | None) -> Unfit | None:
    if submit.topic is not None and submit.root is not None:
        return public_threads.unfit(connection, submit.topic, submit.root, submit.author, answers=submit.answers)
    if topic is None or submit.surface not in OF_ACCOUNTS:
        return None
    return unfit(
        connection,
        topic,
        submit.surface,
        submit.content,
        target=submit.target,
        tag=submit.tag,
        at=submit.at,
        bench=submit.bench,
    )


def _source(connection: sqlite3.Connection, submit: Submit, topic: TopicId | None) -> Source | Unfit | None:
    """Return where it comes from, if it says something again, and may."""
    source = reprints.source_of(connection, submit.source) if submit.source is not None else None
    if not isinstance(source, Source):
        return source
    return reprints.unfit(connection, source, surface=submit.surface, topic=topic, content=submit.content) or source


def _keep(connection: sqlite3.Connection, submit: Submit, topic: TopicId | None, source: Source | None) -> Row:
    root_topic, root_seq = None, None
    if submit.topic is not None and submit.root is not None:
        root_topic, root_seq = submit.topic, public_threads.root_of(connection, submit.topic, submit.root)
    row = {
        "submission": submit.submission,
        "author": submit.author,
        "cid": submit.cid,
        "digest": submit.digest,
        "surface": submit.surface.value,
        "topic": topic,
        "reply_to": submit.reply_to,
        "target": submit.target,
        "base": submit.base,
        "content": encode_content(submit.content),
        "salt": secrets.token_bytes(SALT_BYTES),
        "state": SubmissionState.WAITING.value,
        "at": submit.at,
        "tag": submit.tag,
        "reprintable": submit.reprintable,
        "source": source and msgpack.packb(msgspec.to_builtins(source, builtin_types=(bytes,))),
        "root_topic": root_topic,
        "root_seq": root_seq,
        "answers": submit.answers,
    }
    kept = row_of(connection.execute(_INSERT, row).fetchone())
    assert kept is not None
    return kept


def case_of(connection: sqlite3.Connection, row: Row) -> Case:
    """Return what the gate takes up of a submission."""
    assert row.content is not None
    version, previous = succession(connection, row)
    content, account = decode_content(row.content), None
    if row.topic is not None and row.surface in OF_ACCOUNTS:
        account = shown_to_hooks(connection, row.topic, digest_of(content), at=row.at)
    return Case(
        submission=row.submission,
        author=row.author,
        surface=row.surface,
        topic=row.told[0],
        content=content,
        version=version,
        previous=previous,
        account=account,
        source=row.source,
    )


def succession(connection: sqlite3.Connection, row: Row) -> tuple[int, bytes | None]:
    """Return which version of its text a submission would be now, and the digest of the one it would replace."""
    topic = row.topic or own_place(connection, row.surface, row.author)  # Another card may have come first.
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
    if surface in TEXTS:
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


def own_place(connection: sqlite3.Connection, surface: Surface, person: PersonId) -> TopicId | None:
    """Return the topic that is the card, or the square, of `person`; None: they have none yet, or it is neither."""
    kind = PLACES.get(surface)
    row = connection.execute(_OWN_PLACE, (person, kind.value)).fetchone() if kind is not None else None
    return None if row is None else TopicId(row[0])


def signed_by(connection: sqlite3.Connection, person: PersonId, agreement: bytes) -> bytes | None:
    """Return the digest of what `person` has signed: of `agreement`, if that is among it; else of the last."""
    row = connection.execute(_SIGNED, (person, agreement)).fetchone()
    return None if row is None else row[0]


def stopped(
    connection: sqlite3.Connection,
    surface: Surface,
    author: PersonId,
    topic: TopicId | None,
    content: Content,
    *,
    at: int,
    bench: Bench,
) -> Stopped | None:
    """Return the stage that stops what `author` would publish on `surface` at `at` (Unix ms); None: there is none."""
    signed = signed_by(connection, author, bench.to_sign) if bench.to_sign else None
    account = None
    if topic is not None and surface in OF_ACCOUNTS:
        account = facts_of(connection, topic, digest_of(content), at=at)
    return bench.stopped(surface, signed, at=at, account=account, category=content.category)


def has_claimed(connection: sqlite3.Connection, draft: Draft | None) -> bool:
    """Say whether the cid of `draft` is that of something its sender submitted, or that was submitted for the account
    it is: it is unique over all they do.
    """
    return draft is not None and connection.execute(_SUBMITTED, (draft.cid, draft.sender)).fetchone() is not None


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
    fields = dict(zip(_NAMES, values, strict=True))
    fields["surface"] = Surface(fields["surface"])
    fields["state"] = SubmissionState(fields["state"])
    fields["labels"] = tuple(msgspec.json.decode(fields["labels"]))
    fields["withdrawn"] = bool(fields["withdrawn"])
    fields["reprintable"] = bool(fields["reprintable"])
    source = fields["source"]
    fields["source"] = None if source is None else msgspec.convert(msgpack.unpackb(source), Source)
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
        topic=row.told[0],
        target=row.target,
        content=readable(row.content),
        labels=row.labels,
        seq=None if row.root is not None else row.seq,
        version=row.version,
        until=row.until,
        withdrawn=row.withdrawn,
        decision=_decision(decided) if decided else None,
        root=row.root_seq,
        answers=row.answers,
        comment=public_threads.name_of(connection, row.topic, row.seq) if row.root is not None else None,
    )


def listed(connection: sqlite3.Connection, row: Row, *, named: bool) -> Submitted:
    """Return a submission as it is listed. `named`: for the operators of the account, who are told whose it is."""
    fields = msgspec.structs.asdict(view(connection, row))
    return Submitted(**fields, by=row.author if named else None)


def readable(content: bytes | None) -> Content | None:
    """Return what was submitted; None when it is erased, or of a schema that this version cannot read."""
    try:
        return None if content is None else decode_content(content)
    except PublishedError:
        return None


def decided(connection: sqlite3.Connection, decision: str) -> Decision | None:
    """Return one decision."""
    row = connection.execute(_DECIDED, (decision,)).fetchone()
    return None if row is None else _decision(row)


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
