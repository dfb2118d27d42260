"""What can be written about publishing, as values, and what comes of it. All of it goes to the public store."""

from typing import get_args

import msgspec

from compliance.bench import Bench
from compliance.leaves import Leaf
from compliance.publication import Account
from compliance.ruling import Ruling
from compliance.stages import Stopped
from compliance.verdicts import Answer
from protocol.decisions import Decision, Span, Submission
from protocol.entries import Side, Standing, side_of
from protocol.errors import ErrorCode
from protocol.ids import Cid, CommentId, PersonId, Seq, SubmissionId, TopicId
from protocol.public import Origin
from protocol.publications import Content, Hop, Source, Surface
from protocol.staff import OfficerAct, StaffRole
from server.store.account_writes import AccountOutcome, AccountWrite
from server.store.dialogue_writes import Speak, SpeakOutcome
from server.store.square_writes import SquareOutcome, SquareWrite, Stirred
from server.store.writes import Acted, Outcome, Posted, Write


class Submit(msgspec.Struct, frozen=True, kw_only=True):
    """Keep what somebody wants to publish, before anybody judges it.

    `handle`, `skeleton`: for the first time that this author does anything public. `digest`: keyed, of all that the
    request says. `source`: the article that is said again, of a reprint, or of a message that forwards one. Of a
    comment: `root`, the entry of `topic` it is under; `answers`, the comment it answers.
    Outcomes: Accepted | Resubmitted | Conflict | Superseded (it is made from another version) | Stopped (by a stage of
    the gate) | Unfit (for the account, or for what it is under).
    """

    submission: SubmissionId
    author: PersonId
    handle: str
    skeleton: str
    cid: Cid
    digest: bytes
    surface: Surface
    content: Content
    topic: TopicId | None
    reply_to: Seq | None
    target: Seq | None
    base: int | None
    tag: str = ""
    reprintable: bool = False
    source: Origin | None = None
    root: Seq | None = None
    answers: CommentId | None = None
    at: int
    bench: Bench


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A submission as the gate takes it up. `previous`: digest of the version it would replace, if there is one.

    `topic`: where it is said; None: in a place of its author's own, which need not be there yet.

    `account`: what hooks are told of the public account that it is said for.
    """

    submission: SubmissionId
    author: PersonId
    surface: Surface
    topic: TopicId | None
    content: Content
    version: int
    previous: bytes | None
    account: Account | None = None
    source: Source | None = None


class Accepted(msgspec.Struct, frozen=True):
    """It is kept, and waits to be judged."""

    case: Case


class Superseded(msgspec.Struct, frozen=True):
    """The version it was made from is not the last one any more."""


class Unfit(msgspec.Struct, frozen=True, kw_only=True):
    """It does not fit the account, or what it is under, as that is now; `text` says why, as a clause.

    `retry_after_ms`: until it may.
    """

    code: ErrorCode
    field: str | None
    text: str
    retry_after_ms: int | None = None


class Resubmitted(msgspec.Struct, frozen=True):
    """The author submitted this before: here is what has become of it."""

    submission: Submission


class Conclusion(msgspec.Struct, frozen=True, kw_only=True):
    """A ruling to carry out, unless the author has taken the item back meanwhile, and record what each hook said.

    Publishing asks all stages but the hooks again, and whether the author may still publish there; what fails then
    lapses. `version`: of the text that was judged. `unwaited`: nobody would be told if it were dropped, so it is not.
    """

    submission: SubmissionId
    version: int
    ruling: Ruling
    answers: tuple[Answer, ...]
    at: int
    bench: Bench
    unwaited: bool = False


class Conclude(msgspec.Struct, frozen=True):
    """Carry rulings out, in order, all or none. Outcomes: Conclusions."""

    run: tuple[Conclusion, ...]


class Concluded(msgspec.Struct, frozen=True, kw_only=True):
    """Where the submission stands now. `posted`: what entered a log by it; `decisions`: all about it, oldest first.

    `acted`: whom of an account's operators to tell what its author did by it. `shared`: the article that it has just
    brought into a group. `stirred`: of a comment that has come, gone, or come back.
    """

    submission: Submission
    author: PersonId
    posted: tuple[Posted, ...] = ()
    decisions: tuple[Decision, ...] = ()
    acted: Acted | None = None
    shared: Hop | None = None
    stirred: Stirred | None = None


class Unjudged(msgspec.Struct, frozen=True):
    """A hook failed: nothing is kept but the record of that, and the cid may be used again."""

    retry_after_ms: int


class TooManyHeld(msgspec.Struct, frozen=True):
    """It would be held, and `most` items of this author are: nothing is kept, and the cid may be used again."""

    most: int


class Conclusions(msgspec.Struct, frozen=True):
    """What came of each ruling of a run, in order."""

    outcomes: tuple[Concluded | Unjudged | TooManyHeld, ...]


class TakeBack(msgspec.Struct, frozen=True, kw_only=True):
    """The author does not want it any more. Outcomes: Concluded | NotPossible | NoSuchSubmission."""

    submission: SubmissionId
    author: PersonId
    at: int


class Expire(msgspec.Struct, frozen=True, kw_only=True):
    """A hold has ended: release or reject, as the pack says. Outcomes: Concluded | NotPossible (nothing to do)."""

    submission: SubmissionId
    at: int
    bench: Bench


class Forget(msgspec.Struct, frozen=True, kw_only=True):
    """Erase the words of what was rejected, or lapsed, before `before` (Unix ms). Outcome: Done."""

    before: int


class Decide(msgspec.Struct, frozen=True, kw_only=True):
    """An officer decides. Outcomes: Concluded | NotPossible | NoSuchSubmission | Joined
    | NoSuchGroup
    | GroupFull
    | OffDuty.
    """

    submission: SubmissionId
    act: OfficerAct
    officer: str
    ground: str
    facts: str
    where: tuple[Span, ...]
    at: int
    bench: Bench


class NotPossible(msgspec.Struct, frozen=True):
    """Its state does not allow that move; `submission` is what it is."""

    submission: Submission


class NoSuchSubmission(msgspec.Struct, frozen=True):
    """There is none of this author with this id."""


class OffDuty(msgspec.Struct, frozen=True):
    """There is no such officer any more, or their role does not allow it."""


class SignAgreement(msgspec.Struct, frozen=True, kw_only=True):
    """A person signs an agreement (Art. 6). Outcome: Signed."""

    person: PersonId
    digest: bytes
    version: str
    at: int


class Signed(msgspec.Struct, frozen=True):
    """It is on record."""


class Introduce(msgspec.Struct, frozen=True, kw_only=True):
    """A person's first public act: from now on the public side knows their handle. Outcome: Done."""

    person: PersonId
    handle: str
    skeleton: str
    at: int


class Join(msgspec.Struct, frozen=True, kw_only=True):
    """Come into a public group, or ask to, as the group has it when this is written: a crowd may come at once.

    `cap`, `waiting`: members, and people who ask, at most. Outcomes: Joined | NoSuchGroup | GroupFull.
    """

    topic: TopicId
    person: PersonId
    handle: str
    skeleton: str
    cap: int
    waiting: int
    at: int


class Joined(msgspec.Struct, frozen=True, kw_only=True):
    """How they stand to the group now. `posted`: None when they stood so before."""

    standing: Standing
    posted: Posted | None


class NoSuchGroup(msgspec.Struct, frozen=True):
    """There is no such public group, or nobody is in it any more."""


class GroupFull(msgspec.Struct, frozen=True):
    """There is no room: for members, or, `asking`, for one more who asks."""

    asking: bool


class Announce(msgspec.Struct, frozen=True, kw_only=True):
    """Say in a public group, in one entry, how many have come since the last time. Outcomes: Posted | Done (nobody)."""

    topic: TopicId
    at: int


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Add a leaf to the audit log, unless it says what the last one of its kind said (`once`). Outcome: Done."""

    leaf: Leaf
    once: bool = False


class Scrub(msgspec.Struct, frozen=True):
    """Write a piece of the search index anew if it still holds what has been erased. Outcome: Scrubbed."""


class Scrubbed(msgspec.Struct, frozen=True):
    """It is done. `more`: there is more of it."""

    more: bool


class AddStaff(msgspec.Struct, frozen=True, kw_only=True):
    """Outcomes: Done | Taken (there is, or was, somebody with this code)."""

    code: str
    role: StaffRole
    digest: bytes
    at: int


class RemoveStaff(msgspec.Struct, frozen=True, kw_only=True):
    """Outcomes: Done | TargetGone."""

    code: str
    at: int


PublicWrite = (
    Submit
    | Conclude
    | TakeBack
    | Expire
    | Forget
    | Decide
    | SignAgreement
    | Introduce
    | Join
    | Announce
    | Record
    | Scrub
    | AddStaff
    | RemoveStaff
    | AccountWrite
    | SquareWrite
)
PublicOutcome = (
    Accepted
    | Resubmitted
    | Superseded
    | Unfit
    | Stopped
    | Conclusions
    | Concluded
    | NotPossible
    | NoSuchSubmission
    | OffDuty
    | Signed
    | Scrubbed
    | Joined
    | NoSuchGroup
    | GroupFull
    | AccountOutcome
    | SquareOutcome
)
PUBLIC_WRITES: frozenset[type] = frozenset(get_args(PublicWrite))
AnyWrite = Write | Speak | PublicWrite
AnyOutcome = Outcome | SpeakOutcome | PublicOutcome


def side_of_write(write: AnyWrite) -> Side:
    """Return the side whose store `write` is for."""
    if type(write) in PUBLIC_WRITES:
        return Side.PUBLIC
    topic: TopicId | None = getattr(write, "topic", None)
    return Side.PRIVATE if topic is None else side_of(topic)
