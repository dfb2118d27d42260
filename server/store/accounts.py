"""Public accounts as rows: applying, review, who runs them, and the authority's approvals (Art. 7).

No text of an account is here, for those are published: this is whose it is, and what it may do.
"""

import secrets
import sqlite3
from typing import Any

import msgpack
import msgspec

from compliance import leaves
from compliance.accounts import DRAFTED, FOUNDED, Move, after, due, name_key
from compliance.bench import Bench
from compliance.pack import IN_ORDER, Stage
from compliance.rights import label_of
from compliance.ruling import Grounds
from compliance.stages import Stopped
from protocol.account_states import AccountState, AccountType, ActKind, NewsRight
from protocol.accounts import Application, OwnAccount
from protocol.decisions import DecisionKind
from protocol.entries import Role, Side, Standing, TopicKind
from protocol.ids import DecisionId, PersonId, Seq, SubmissionId, TopicId
from protocol.publications import Surface
from protocol.staff import ApplicationReply, ReviewAct
from server.store import acts, articles, people, standings, submissions
from server.store.account_facts import approval_of, approvals_of, facts_of, said_in
from server.store.account_writes import (
    AddApproval,
    Applied,
    Apply,
    EndApproval,
    NameTaken,
    NoSuchAccount,
    NotNow,
    OutOfPack,
    Recorded,
    Review,
    Reviewed,
    SetOperator,
    SubmitApplication,
    TakeApplicationBack,
)
from server.store.audit import AuditLog
from server.store.log import Log
from server.store.records import Records
from server.store.writes import Conflict, Done, Founding, MarkRead, Post, Posted, Stale, Taken, TargetGone, TooMany
from server.topics import Stand

SALT_BYTES = 32
COLUMNS = "topic, owner, state, application, salt, type, body, category, news, encouraged, at, due, decision"
_BY_TOPIC = f"SELECT {COLUMNS} FROM accounts WHERE topic = ?"
_OWNED = "SELECT count(*) FROM accounts WHERE owner = ?"
_INSERT = """
INSERT INTO accounts (topic, owner, state, application, salt, name_key, type, body, category, at)
VALUES (?, ?, 'draft', ?, ?, ?, ?, ?, ?, ?)
"""
_REPLACE = "UPDATE accounts SET application = ?, name_key = ?, type = ?, body = ?, category = ? WHERE topic = ?"
_SUBMITTED = "UPDATE accounts SET state = ?, encouraged = ?, due = ? WHERE topic = ?"
_MOVE = "UPDATE accounts SET state = ?, due = NULL, decision = ?, news = ? WHERE topic = ?"
_NAMED = "SELECT 1 FROM accounts WHERE name_key = ? AND state IN ('approved', 'active') AND topic <> ?"
_CLAIMED = "SELECT topic, digest FROM cids WHERE cid = ? AND sender = ?"
_CLAIM = "INSERT INTO cids (cid, sender, topic, seq, digest) VALUES (?, ?, ?, 0, ?)"  # No entry: an application's.
_APPROVE = """
INSERT INTO approvals (topic, issuer, reference, issued_on, until, item, added_at, leaf) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
_END_APPROVAL = """
UPDATE approvals SET ended_at = ? WHERE number = ? AND ended_at IS NULL
RETURNING topic, issuer, reference, issued_on, until, item
"""
_BEFORE_REVIEW = frozenset({Stage.LICENCE, Stage.AGREEMENT})
_APPROVED = "An officer reviewed the application and approved it."
_DID = {Role.EDITOR: ActKind.MADE_EDITOR, Role.ANALYST: ActKind.MADE_ANALYST}


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `accounts`. `application`: MessagePack of protocol.accounts.Application; `name`: what it asks for."""

    topic: TopicId
    owner: PersonId
    state: AccountState
    application: bytes
    salt: bytes
    type: AccountType
    body: str
    category: str
    news: NewsRight
    encouraged: bool
    at: int
    due: int | None
    decision: DecisionId | None

    @property
    def said(self) -> Application:
        """What one applied with."""
        return said_in(self.application)

    # What a decision is about, as it is written down.

    @property
    def submission(self) -> SubmissionId:
        """What the decision is filed under: the account."""
        return SubmissionId(self.topic)

    @property
    def content(self) -> bytes:
        """What its leaf is bound to."""
        return self.application

    @property
    def told(self) -> tuple[TopicId, None]:
        """Where it is; there is no entry."""
        return self.topic, None


class Accounts:
    """Executes these writes, through the writer's connection, in the writer's transaction."""

    def __init__(self, connection: sqlite3.Connection, log: Log, audit: AuditLog) -> None:
        self._connection = connection
        self._log = log
        self._audit = audit
        self._records = Records(connection, audit)

    # The applicant's.

    def apply(self, apply: Apply) -> Applied | Conflict | TooMany | NoSuchAccount | NotNow:
        """Keep what somebody applies with. A repeat gets what has become of it, and changes nothing."""
        before = self._connection.execute(_CLAIMED, (apply.cid, apply.owner)).fetchone()
        if before is not None:
            topic, digest = before
            same = digest == apply.digest and (apply.new or topic == apply.topic)
            row = by_topic(self._connection, topic) if same else None
            return Conflict() if row is None else self._applied(row, apply.at, apply.bench)
        if submissions.by_cid(self._connection, apply.owner, apply.cid) is not None:
            return Conflict()
        row = by_topic(self._connection, apply.topic)
        if apply.new:
            if self._connection.execute(_OWNED, (apply.owner,)).fetchone()[0] >= apply.most:
                return TooMany()
        elif row is None or row.owner != apply.owner:
            return NoSuchAccount()
        elif row.state not in DRAFTED:
            return NotNow(row.state)
        said = apply.application
        packed: bytes = msgpack.packb(msgspec.to_builtins(said))
        texts = (name_key(said.name), said.type.value, said.body, said.category)
        if apply.new:
            salt = secrets.token_bytes(SALT_BYTES)
            self._connection.execute(_INSERT, (apply.topic, apply.owner, packed, salt, *texts, apply.at))
        else:
            self._connection.execute(_REPLACE, (packed, *texts, apply.topic))
        self._connection.execute(_CLAIM, (apply.cid, apply.owner, apply.topic, apply.digest))
        return self._applied(self._row(apply.topic), apply.at, apply.bench)

    def submit(self, submit: SubmitApplication) -> Applied | Stopped | NameTaken | OutOfPack | NoSuchAccount | NotNow:
        """Have it reviewed, by when the pack says. Once it is submitted, to submit it again changes nothing."""
        row = by_topic(self._connection, submit.topic)
        if row is None or row.owner != submit.owner:
            return NoSuchAccount()
        if row.state is AccountState.SUBMITTED:
            return self._applied(row, submit.at, submit.bench)
        state = after(row.state, Move.SUBMIT)
        if state is None:
            return NotNow(row.state)
        stage = self._stopped(row, submit.bench, submit.at)
        if stage is not None:
            return stage
        pack = submit.bench.pack
        body = pack.bodies.get(row.body)
        if body is None:
            return OutOfPack("body")
        if row.category not in pack.categories:
            return OutOfPack("category")
        if self._is_taken(row):
            return NameTaken()
        people.introduce(self._connection, submit.owner, submit.handle, submit.skeleton, at=submit.at)
        until = due(submit.at, pack.accounts, encouraged=body.encouraged)
        self._connection.execute(_SUBMITTED, (state.value, body.encouraged, until, row.topic))
        return self._applied(self._row(row.topic), submit.at, submit.bench)

    def take_back(self, take: TakeApplicationBack) -> Applied | NoSuchAccount | NotNow:
        """Make it a draft again. That is never judged."""
        row = by_topic(self._connection, take.topic)
        if row is None or row.owner != take.owner:
            return NoSuchAccount()
        if row.state is AccountState.DRAFT:
            return self._applied(row, take.at, take.bench)
        state = after(row.state, Move.TAKE_BACK)
        if state is None:
            return NotNow(row.state)
        self._connection.execute(_MOVE, (state.value, row.decision, row.news.value, row.topic))
        return self._applied(self._row(row.topic), take.at, take.bench)

    # The officers'.

    def review(self, review: Review) -> Reviewed | NameTaken | OutOfPack | NoSuchAccount | NotNow:
        """Carry out what an officer decided; that they are on duty has been asked in this transaction."""
        row = by_topic(self._connection, review.topic)
        if row is None or row.state is AccountState.DRAFT:
            return NoSuchAccount()
        move = Move.APPROVE if review.act is ReviewAct.APPROVE else Move.REFUSE
        state = after(row.state, move)
        if state is None:
            return NotNow(row.state)
        news = row.news
        if move is Move.APPROVE:
            body = review.bench.pack.bodies.get(row.body)
            if body is None:
                return OutOfPack("body")
            if self._is_taken(row):
                return NameTaken()
            news = body.news
        kind = DecisionKind.APPROVE if move is Move.APPROVE else DecisionKind.REFUSE
        why = Grounds(ground=review.ground or IN_ORDER, facts=review.facts or _APPROVED, by=f"officer {review.officer}")
        decision = self._records.decide(row, kind, why, review.at, review.bench, automated=False)
        self._connection.execute(_MOVE, (state.value, decision, news.value, row.topic))
        posted = (self._found(row, review.at),) if move is Move.APPROVE else ()
        now = self._row(row.topic)
        return Reviewed(
            owner=now.owner,
            account=own(self._connection, now, Role.OWNER, at=review.at, bench=review.bench),
            application=application(self._connection, now),
            posted=posted,
        )

    def _found(self, row: Row, at: int) -> Posted:
        """Give the account its log, which anybody may read, and its owner a seat in it."""
        seat = Stand(person=row.owner, standing=Standing.MEMBER, role=Role.OWNER, start=Seq(1))
        founding = Founding(kind=TopicKind.ACCOUNT, side=Side.PUBLIC, at=at)
        return self._log.add(Post(topic=row.topic, generation=0, draft=None, changes=(seat,), founding=founding))

    # The operators'.

    def set_operator(self, set_: SetOperator) -> Posted | Stale:
        """Give somebody a role, or take it away, with a record of who did it, for the other operators."""
        if set_.handle:
            people.introduce(self._connection, set_.person, set_.handle, set_.skeleton, at=set_.at)
        standing = None if set_.role is None else Standing.MEMBER
        role = Role.MEMBER if set_.role is None else set_.role
        stand = Stand(person=set_.person, standing=standing, role=role, start=Seq(1))
        outcome = self._log.post(Post(topic=set_.topic, generation=set_.generation, draft=None, changes=(stand,)))
        if not isinstance(outcome, Posted):
            return Stale()
        if set_.handle:
            outcome = self._read_all(outcome, set_.person)
        did = _DID.get(role, ActKind.LEFT if set_.by == set_.person else ActKind.REMOVED)
        acted = acts.acted(self._connection, set_.topic, set_.by, did, set_.at, person=set_.person)
        return msgspec.structs.replace(outcome, acted=acted)

    def _read_all(self, posted: Posted, person: PersonId) -> Posted:
        """Let nothing be unread that was said before they came: they may see it, as anybody may."""
        topic = posted.post.topic
        self._log.settle()
        marked = standings.mark_read(self._connection, MarkRead(topic=topic, person=person, seq=self._log.head(topic)))
        assert not isinstance(marked, Stale)
        return msgspec.structs.replace(posted, standings={person: marked.summary})

    # The authority's.

    def add_approval(self, add: AddApproval) -> Recorded | Taken | NoSuchAccount:
        """Put on record what the authority has approved, with its leaf."""
        if by_topic(self._connection, add.topic) is None:
            return NoSuchAccount()
        if add.approval in approvals_of(self._connection, add.topic):
            return Taken()
        leaf = leaves.approval(at=add.at, account=add.topic, approval=add.approval, act=leaves.ApprovalAct.ADDED)
        found = add.approval
        row = (
            *(add.topic, found.issuer, found.reference, found.issued_on.isoformat()),
            *(found.until and found.until.isoformat(), found.item, add.at, self._audit.append(leaf)),
        )
        number = self._connection.execute(_APPROVE, row).lastrowid
        assert number is not None
        return Recorded(number)

    def end_approval(self, end: EndApproval) -> Done | TargetGone:
        """End an approval, with its leaf; what was published by it stays."""
        row = self._connection.execute(_END_APPROVAL, (end.at, end.number)).fetchone()
        if row is None:
            return TargetGone()
        topic, *rest = row
        ended = leaves.ApprovalAct.ENDED
        self._audit.append(leaves.approval(at=end.at, account=topic, approval=approval_of(rest), act=ended))
        return Done()

    # What is asked on the way.

    def _stopped(self, row: Row, bench: Bench, at: int) -> Stopped | None:
        """Return what stops the applicant from publishing at all: of the gate's stages those that come before."""
        signed = submissions.signed_by(self._connection, row.owner, bench.to_sign) if bench.to_sign else None
        stage = bench.stopped(Surface.ACCOUNT_PROFILE, signed, at=at)
        return stage if stage is not None and stage.stage in _BEFORE_REVIEW else None

    def _is_taken(self, row: Row) -> bool:
        named = (name_key(row.said.name), row.topic)
        return self._connection.execute(_NAMED, named).fetchone() is not None

    def _row(self, topic: TopicId) -> Row:
        row = by_topic(self._connection, topic)
        assert row is not None
        return row

    def _applied(self, row: Row, at: int, bench: Bench) -> Applied:
        return Applied(own(self._connection, row, Role.OWNER, at=at, bench=bench))


def open_(connection: sqlite3.Connection, topic: TopicId) -> None:
    """Make an approved account active: its profile has just been published. One that is active stays so."""
    row = by_topic(connection, topic)
    state = after(row.state, Move.OPEN) if row is not None else None
    if row is not None and state is not None:
        connection.execute(_MOVE, (state.value, row.decision, row.news.value, topic))


def by_topic(connection: sqlite3.Connection, topic: TopicId) -> Row | None:
    """Return one account, in whatever state."""
    values = connection.execute(_BY_TOPIC, (topic,)).fetchone()
    return None if values is None else row_of(values)


def row_of(values: tuple[Any, ...]) -> Row:
    """Return a row of COLUMNS."""
    fields = dict(zip(COLUMNS.split(", "), values, strict=True))
    fields["state"] = AccountState(fields["state"])
    fields["type"] = AccountType(fields["type"])
    fields["news"] = NewsRight(fields["news"])
    fields["encouraged"] = bool(fields["encouraged"])
    return Row(**fields)


def own(connection: sqlite3.Connection, row: Row, role: Role, *, at: int, bench: Bench) -> OwnAccount:
    """Return an account as an operator with `role` sees it at `at` (Unix ms); the application is for its owner."""
    said, is_owner = row.said, role is Role.OWNER
    facts = facts_of(connection, row.topic, None, at=at)
    assert facts is not None
    left = articles.left(connection, row.topic, row.type, at=at, bench=bench)[0] if row.state in FOUNDED else None
    return OwnAccount(
        topic=row.topic,
        state=row.state,
        role=role,
        name=said.name,
        type=row.type,
        category=row.category,
        news=label_of(facts),
        at=row.at,
        due=row.due,
        application=said if is_owner else None,
        decision=submissions.decided(connection, row.decision) if is_owner and row.decision else None,
        broadcasts_left=left,
    )


def application(connection: sqlite3.Connection, row: Row) -> ApplicationReply:
    """Return an application as officers see it, with all decisions about it."""
    return ApplicationReply(
        account=row.topic,
        state=row.state,
        application=row.said,
        at=row.at,
        due=row.due,
        decisions=submissions.decisions_about(connection, row.submission),
    )
