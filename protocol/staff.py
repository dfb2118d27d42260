"""The messages of staff, who decide about what is public and have no operation that reads anything private."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from protocol import limits
from protocol.account_states import AccountState
from protocol.accounts import Application
from protocol.decisions import Decision, Span, Submission, SubmissionState
from protocol.ids import SubmissionId, TopicId
from protocol.publications import Surface
from protocol.shapes import (
    CommentRef,
    PackCode,
    Position,
    Reply,
    Request,
    StaffCode,
    SubmissionRef,
    Token,
    TopicRef,
    Words,
)


class QueueItem(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Something for an officer: a held submission, or, with `account`, the application for one.

    `due`: when the hold ends, or the application is to be decided, Unix ms. Nothing says who the author is.
    """

    at: int
    item: SubmissionId | None = None
    surface: Surface | None = None
    state: SubmissionState | None = None
    account: TopicId | None = None
    encouraged: bool = False
    due: int | None = None
    ground: str = ""
    by: str = ""
    excerpt: str = ""


class StaffRole(StrEnum):
    """A reviewer decides what is held; a chief also withdraws and restores what is published."""

    REVIEWER = "reviewer"
    CHIEF = "chief"


class OfficerAct(StrEnum):
    """What an officer may decide about an item."""

    RELEASE = "release"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    RESTORE = "restore"


class ReviewAct(StrEnum):
    """What an officer may decide about an application."""

    APPROVE = "approve"
    REFUSE = "refuse"


FOR_CHIEFS = frozenset({OfficerAct.WITHDRAW, OfficerAct.RESTORE})


class OnDutyReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    code: str
    role: StaffRole


class StaffLogin(Request[OnDutyReply], frozen=True, omit_defaults=True, kw_only=True, tag="staff.login"):
    code: StaffCode
    token: Token


class QueueReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    """The oldest deadline first. `total`: how many there are."""

    items: tuple[QueueItem, ...]
    total: int


class OfficerQueue(Request[QueueReply], frozen=True, omit_defaults=True, kw_only=True, tag="officer.queue"):
    limit: Annotated[int, Meta(ge=1, le=limits.SUBMISSIONS)] = 50


class ItemReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    """An item as an officer sees it: the submission with its content, its decisions oldest first."""

    submission: Submission
    decisions: tuple[Decision, ...] = ()


class OfficerShow(Request[ItemReply], frozen=True, omit_defaults=True, kw_only=True, tag="officer.show"):
    """By the submission's id, or by the entry or the comment it became."""

    item: SubmissionRef | None = None
    comment: CommentRef | None = None
    topic: TopicRef | None = None
    seq: Position | None = None


class OfficerDecide(Request[ItemReply], frozen=True, omit_defaults=True, kw_only=True, tag="officer.decide"):
    """Decide an item. `ground` is one of the pack's codes, and needed for what goes against the author."""

    item: SubmissionRef
    act: OfficerAct
    ground: PackCode = ""
    facts: Words = ""
    where: Annotated[tuple[Span, ...], Meta(max_length=limits.PLACES_FOUND)] = ()


class ApplicationReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    """An application as an officer sees it, its decisions oldest first. Nothing says which person it is of."""

    account: TopicId
    state: AccountState
    application: Application
    at: int
    due: int | None = None
    decisions: tuple[Decision, ...] = ()


class OfficerApplication(
    Request[ApplicationReply], frozen=True, omit_defaults=True, kw_only=True, tag="officer.application"
):
    topic: TopicRef


class OfficerReview(Request[ApplicationReply], frozen=True, omit_defaults=True, kw_only=True, tag="officer.review"):
    """Decide an application. `ground` and `facts` are needed for a refusal."""

    topic: TopicRef
    act: ReviewAct
    ground: PackCode = ""
    facts: Words = ""
