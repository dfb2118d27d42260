"""The writer: many writes in one transaction, the fast way first, and apart when one of them raises."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, cast

from protocol.entries import Side
from server.store import (
    comments,
    contacts,
    dialogues,
    drafts,
    follows,
    moments,
    people,
    public_posts,
    search,
    square_circle,
    standings,
    submissions,
)
from server.store.account_writes import (
    AddApproval,
    Apply,
    EndApproval,
    Review,
    SetOperator,
    SubmitApplication,
    TakeApplicationBack,
)
from server.store.accounts import Accounts
from server.store.audit import AuditLog
from server.store.backstage_writes import CloseItem, DropDraft, Plan, PutDraft, TakeUp, Unplan
from server.store.base import Failed, StoreBrokenError, StoreFullError
from server.store.comment_writes import DropComment, MarkNotices, PutComment, PutLike
from server.store.contact_writes import (
    AcceptRequest,
    DropContact,
    EndRequests,
    PutHiding,
    PutPrivateCard,
    PutRemark,
    PutRequest,
    RefuseRequest,
    WithdrawRequest,
)
from server.store.dialogue_writes import Speak
from server.store.figures import Tally
from server.store.follow_writes import CountOnce, DropFollow, EndDays, PutFollow
from server.store.gate import Gate
from server.store.institutions import Institutions
from server.store.log import Log
from server.store.moment_writes import DropMoment, Narrow, PutMoment
from server.store.public_comments import PublicComments
from server.store.public_like_writes import PutPublicLike
from server.store.public_writes import (
    AddStaff,
    Announce,
    AnyOutcome,
    AnyWrite,
    Conclude,
    Decide,
    Expire,
    Forget,
    Introduce,
    Join,
    OffDuty,
    Record,
    RemoveStaff,
    Scrub,
    Scrubbed,
    SignAgreement,
    Submit,
    TakeBack,
)
from server.store.search import Index
from server.store.square_writes import Choose, DropPublicComment, Select
from server.store.writes import (
    AddDevice,
    AddPerson,
    ChangePassword,
    Erase,
    MarkRead,
    Outcome,
    Post,
    PutBlock,
    RevokeDevice,
    SeeDevice,
    SetPreferences,
    SetTopicSettings,
)

# Nothing was stored and a later try may do better: no room, or another program holds the file.
_LATER = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_BROKEN = frozenset(
    {
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_NOMEM,
    }
)


class SqliteWriter:
    """The one writing connection of a store, used by one thread at a time."""

    def __init__(self, connection: sqlite3.Connection, side: Side) -> None:
        self._connection = connection
        self._log = log = Log(connection, side)
        self._audit = AuditLog(connection) if side is Side.PUBLIC else None
        self._index = Index(connection) if side is Side.PUBLIC else None
        self._tally = Tally(connection) if side is Side.PRIVATE else None
        self._execute: dict[type, Callable[[Any], AnyOutcome]] = {
            Post: log.post,
            Erase: log.erase,
            PutBlock: lambda put: people.put_block(connection, log, put),
            AddPerson: lambda add: people.add_person(connection, add),
            AddDevice: lambda add: people.add_device(connection, add),
            ChangePassword: lambda change: people.change_password(connection, change),
            RevokeDevice: lambda revoke: people.revoke_device(connection, revoke),
            SeeDevice: lambda see: people.see_device(connection, see),
            SetPreferences: lambda prefer: people.set_preferences(connection, prefer),
            MarkRead: self._mark_read,
            SetTopicSettings: self._set_settings,
        }
        if self._audit is not None:
            self._execute |= _public(connection, log, self._audit)
        if self._tally is not None:
            self._execute |= _private(connection, log, self._tally)

    def commit(self, writes: Sequence[AnyWrite]) -> list[AnyOutcome | Failed]:
        """Execute `writes` in order in one transaction; see the port `Writer`."""
        outcomes = self._committed(writes)
        if self._tally is not None:
            self._tally.fold()
        return outcomes

    def close(self) -> None:
        """Fold the write-ahead log in and let go of the file."""
        self._connection.close()

    def _committed(self, writes: Sequence[AnyWrite]) -> list[AnyOutcome | Failed]:
        try:
            return cast("list[AnyOutcome | Failed]", self._together(writes))
        except Exception as error:  # Whatever one write raises must not reach its neighbours.
            self._undo(error)
        try:
            return self._apart(writes)
        except sqlite3.Error as error:
            self._undo(error)
            raise StoreBrokenError(_reason(error)) from error

    def _together(self, writes: Sequence[AnyWrite]) -> list[AnyOutcome]:
        self._begin()
        execute = self._execute
        outcomes = [execute[type(write)](write) for write in writes]
        self._settle()
        self._connection.execute("COMMIT")
        return outcomes

    def _apart(self, writes: Sequence[AnyWrite]) -> list[AnyOutcome | Failed]:
        self._begin()
        outcomes = [self._alone(write) for write in writes]
        self._connection.execute("COMMIT")
        return outcomes

    def _alone(self, write: AnyWrite) -> AnyOutcome | Failed:
        self._connection.execute("SAVEPOINT alone")
        outcome: AnyOutcome | Failed
        try:
            outcome = self._execute[type(write)](write)
            self._settle()
        except Exception as error:
            if _code(error) in _LATER | _BROKEN:
                raise
            self._connection.execute("ROLLBACK TO alone")
            self._forget()
            outcome = Failed(_reason(error))
        self._connection.execute("RELEASE alone")
        return outcome

    def _settle(self) -> None:
        """Have the tables say all that was written, before it is committed."""
        self._log.settle()
        if self._index is not None:
            self._index.follow()

    def _begin(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        self._log.begin()
        if self._audit is not None:
            self._audit.begin()

    def _undo(self, error: Exception) -> None:
        """Roll back; raise unless the writes may be tried one by one."""
        self._forget()
        code = _code(error)
        if code in _BROKEN:
            raise StoreBrokenError(_reason(error)) from error
        if self._connection.in_transaction:  # SQLite ends it by itself after some errors.
            self._connection.execute("ROLLBACK")
        if code in _LATER:
            raise StoreFullError(_reason(error)) from error

    def _forget(self) -> None:
        self._log.forget()
        if self._audit is not None:
            self._audit.forget()

    def _mark_read(self, mark: MarkRead) -> Outcome:
        self._log.settle()  # The head is read, and nth of entries that posts before it may have brought.
        return standings.mark_read(self._connection, mark)

    def _set_settings(self, settings: SetTopicSettings) -> Outcome:
        self._log.settle()
        return standings.set_settings(self._connection, settings)


def _public(connection: sqlite3.Connection, log: Log, audit: AuditLog) -> dict[type, Callable[[Any], AnyOutcome]]:
    """Return what executes the writes that only the public store knows."""
    gate, institutions = Gate(connection, log, audit), Institutions(connection, log, audit)
    accounts, said_there = Accounts(connection, log, audit), PublicComments(connection, log)
    return {
        Post: lambda post: public_posts.post(connection, log, post),
        Submit: lambda submit: submissions.submit(connection, submit),
        Conclude: gate.conclude,
        TakeBack: gate.take_back,
        Expire: gate.expire,
        Forget: lambda forget: submissions.forget(connection, forget),
        Decide: lambda decide: gate.decide(decide) if institutions.may(decide) else OffDuty(),
        SignAgreement: institutions.sign,
        Introduce: institutions.introduce,
        Join: institutions.join,
        Announce: institutions.announce,
        Record: institutions.record,
        AddStaff: institutions.add_staff,
        RemoveStaff: institutions.remove_staff,
        Scrub: lambda _: Scrubbed(search.scrub(connection)),
        Apply: accounts.apply,
        SubmitApplication: accounts.submit,
        TakeApplicationBack: accounts.take_back,
        Review: lambda review: accounts.review(review) if institutions.may(review) else OffDuty(),
        SetOperator: accounts.set_operator,
        AddApproval: accounts.add_approval,
        EndApproval: accounts.end_approval,
        Choose: said_there.choose,
        Select: said_there.select,
        DropPublicComment: said_there.drop,
    }


def _private(connection: sqlite3.Connection, log: Log, tally: Tally) -> dict[type, Callable[[Any], AnyOutcome]]:
    """Return what executes the writes that only the private store knows."""
    return {
        PutFollow: lambda put: follows.put_follow(connection, put),
        DropFollow: lambda drop: follows.drop_follow(connection, drop),
        PutRequest: lambda put: contacts.put_request(connection, put),
        WithdrawRequest: lambda withdraw: contacts.withdraw_request(connection, withdraw),
        AcceptRequest: lambda accept: contacts.accept_request(connection, accept),
        RefuseRequest: lambda refuse: contacts.refuse_request(connection, refuse),
        DropContact: lambda drop: contacts.drop_contact(connection, drop),
        PutRemark: lambda put: contacts.put_remark(connection, put),
        PutHiding: lambda put: contacts.put_hiding(connection, put),
        PutPrivateCard: lambda put: contacts.put_card(connection, put),
        EndRequests: lambda end: contacts.end_requests(connection, end),
        PutBlock: lambda put: contacts.put_block(connection, log, put),
        PutDraft: lambda put: drafts.put_draft(connection, put),
        DropDraft: lambda drop: drafts.drop_draft(connection, drop),
        Plan: lambda plan: drafts.plan(connection, plan),
        TakeUp: lambda take: drafts.take_up(connection, take),
        Unplan: lambda unplan: drafts.unplan(connection, unplan),
        CloseItem: lambda close: drafts.close_item(connection, close),
        CountOnce: tally.count,
        EndDays: tally.end_days,
        Speak: lambda speak: dialogues.speak(connection, log, speak),
        PutMoment: lambda put: moments.put_moment(connection, put),
        Narrow: lambda narrow: moments.narrow(connection, narrow),
        DropMoment: lambda drop: moments.drop_moment(connection, drop),
        PutComment: lambda put: comments.put_comment(connection, put),
        DropComment: lambda drop: comments.drop_comment(connection, drop),
        PutLike: lambda put: comments.put_like(connection, put),
        PutPublicLike: lambda put: square_circle.put_public_like(connection, put),
        MarkNotices: lambda mark: comments.mark_notices(connection, mark),
    }


def _code(error: Exception) -> int | None:
    """Return SQLite's primary result code, if `error` has one."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _reason(error: Exception) -> str:
    """Return what may be logged: SQLite names tables and columns, other errors may quote what was to be written."""
    return f"{type(error).__name__}: {error}" if isinstance(error, sqlite3.Error) else type(error).__name__
