"""What can be written about public accounts and who runs them, as values, and what comes of it: to the public store."""

import msgspec

from compliance.bench import Bench
from compliance.rights import Approval
from compliance.stages import Stopped
from protocol.account_states import AccountState
from protocol.accounts import Application, OwnAccount
from protocol.entries import Role
from protocol.ids import Cid, PersonId, TopicId
from protocol.staff import ApplicationReply, ReviewAct
from server.store.writes import Conflict, Done, Posted, Stale, Taken, TargetGone, TooMany


class Apply(msgspec.Struct, frozen=True, kw_only=True):
    """Draft an application for a `new` account, or replace what that of `topic` says.

    `digest`: keyed, of all that the request says. `most`: accounts that one person may own, applications counted.
    Outcomes: Applied | Conflict | TooMany | NoSuchAccount | NotNow.
    """

    topic: TopicId
    new: bool
    owner: PersonId
    cid: Cid
    digest: bytes
    application: Application
    most: int
    at: int
    bench: Bench


class SubmitApplication(msgspec.Struct, frozen=True, kw_only=True):
    """Have an application reviewed. `handle`, `skeleton`: of the owner, whom the public side knows from now on.

    Outcomes: Applied | Stopped (by a stage of the gate) | NameTaken | OutOfPack | NoSuchAccount | NotNow.
    """

    topic: TopicId
    owner: PersonId
    handle: str
    skeleton: str
    at: int
    bench: Bench


class TakeApplicationBack(msgspec.Struct, frozen=True, kw_only=True):
    """The applicant does not want it reviewed any more. Outcomes: Applied | NoSuchAccount | NotNow."""

    topic: TopicId
    owner: PersonId
    at: int
    bench: Bench


class Applied(msgspec.Struct, frozen=True):
    """Where the account stands now, as its owner sees it."""

    account: OwnAccount


class NoSuchAccount(msgspec.Struct, frozen=True):
    """There is none, or it is not this person's."""


class NotNow(msgspec.Struct, frozen=True):
    """The state it is in does not allow that."""

    state: AccountState


class NameTaken(msgspec.Struct, frozen=True):
    """Another account has this name, or one that is compared like it."""


class OutOfPack(msgspec.Struct, frozen=True):
    """The pack has no such code (any more): of the application's field `field`."""

    field: str


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """An officer decides an application.

    Outcomes: Reviewed | NameTaken | OutOfPack | NoSuchAccount | NotNow | OffDuty.
    """

    topic: TopicId
    act: ReviewAct
    officer: str
    ground: str
    facts: str
    at: int
    bench: Bench


class Reviewed(msgspec.Struct, frozen=True, kw_only=True):
    """It is decided. `account`: as its `owner` sees it, `application`: as officers do; `posted`: that founded it."""

    owner: PersonId
    account: OwnAccount
    application: ApplicationReply
    posted: tuple[Posted, ...] = ()


class SetOperator(msgspec.Struct, frozen=True, kw_only=True):
    """Make somebody an operator of an account, or give them another role; without `role` they are none any more.

    `generation`: of the account, that it was decided for. `handle`, `skeleton`: of `person`, where they are new.
    Outcomes: Posted | Stale.
    """

    topic: TopicId
    generation: int
    by: PersonId
    person: PersonId
    role: Role | None
    handle: str
    skeleton: str
    at: int


class AddApproval(msgspec.Struct, frozen=True, kw_only=True):
    """Put an approval of current-affairs news by the authority on record (Art. 7 ¶2).

    Outcomes: Recorded | Taken (it is on record already) | NoSuchAccount.
    """

    topic: TopicId
    approval: Approval
    at: int


class Recorded(msgspec.Struct, frozen=True):
    """It is on record under `number`."""

    number: int


class EndApproval(msgspec.Struct, frozen=True, kw_only=True):
    """The authority has taken an approval back. Outcomes: Done | TargetGone (there is none in force with it)."""

    number: int
    at: int


AccountWrite = Apply | SubmitApplication | TakeApplicationBack | Review | SetOperator | AddApproval | EndApproval
AccountOutcome = (
    Applied
    | NoSuchAccount
    | NotNow
    | NameTaken
    | OutOfPack
    | Stopped
    | Conflict
    | TooMany
    | Reviewed
    | Posted
    | Stale
    | Recorded
    | Taken
    | TargetGone
    | Done
)
