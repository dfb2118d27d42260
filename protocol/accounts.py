"""The messages of who runs public accounts: applying for one, its operators, what they publish when due, its inbox.

Shapes and bounds only; docs/PROTOCOL.md says what they do. `topic` is the account throughout: its page is its log.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from protocol import limits
from protocol.account_states import AccountState, AccountType, NewsRight
from protocol.decisions import Decision
from protocol.entries import Entry, Role
from protocol.ids import PersonId, Seq, TopicId
from protocol.publications import Content
from protocol.shapes import (
    Appended,
    Body,
    CidRef,
    Done,
    Number,
    PackCode,
    PersonRef,
    Position,
    Push,
    Reply,
    Request,
    Tag,
    TopicRef,
)

Draft = Annotated[bytes, Meta(min_length=1, max_length=limits.DRAFT_BYTES)]
ItemRef = CidRef  # Drafts and scheduled items go by the cid they were made with.
Line = Annotated[str, Meta(min_length=1, max_length=limits.SUBJECT_CHARS)]


# Values inside requests and replies.


class Qualification(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A paper that an applicant names: what it is, its number, and who issued it."""

    kind: Annotated[str, Meta(min_length=1, max_length=limits.QUALIFICATION_CHARS)]
    number: Annotated[str, Meta(min_length=1, max_length=limits.QUALIFICATION_CHARS)]
    issuer: Annotated[str, Meta(max_length=limits.QUALIFICATION_CHARS)] = ""


class Application(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What one says when one applies for an account; reviewers read it, and nobody else.

    `body`: what kind of subject it is, `category`: what it is to be about: codes of the pack. `subject`: whose account
    it is to be. `operator`: who answers for it. `name` becomes the account's name.
    """

    type: AccountType = AccountType.SUBSCRIPTION
    body: PackCode
    subject: Line
    name: Annotated[str, Meta(min_length=1, max_length=limits.ACCOUNT_NAME_CHARS)]
    category: PackCode
    scope: Annotated[str, Meta(min_length=1, max_length=limits.ACCOUNT_SCOPE_CHARS)]
    operator: Line
    qualifications: Annotated[tuple[Qualification, ...], Meta(max_length=limits.QUALIFICATIONS)] = ()


class OwnAccount(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An account as its operators see it. Unix ms: `at`, when one first applied; `due`, when that is to be decided.

    `application`: for the owner. `broadcasts_left`: to all followers, in the period that is running.
    """

    topic: TopicId
    state: AccountState
    role: Role
    name: str
    type: AccountType
    category: str
    news: NewsRight = NewsRight.NONE
    at: int
    due: int | None = None
    application: Application | None = None
    decision: Decision | None = None
    broadcasts_left: int | None = None


class Operator(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who runs an account."""

    person: PersonId
    handle: str
    role: Role


class Act(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What an operator did with the account, for the other operators. `number`: 1, 2, 3, ... of each account; `seq`: of
    the entry; `person`: done to whom.
    """

    number: int
    at: int
    by: PersonId
    act: str
    seq: Seq | None = None
    person: PersonId | None = None


class DraftItem(msgspec.Struct, frozen=True, kw_only=True):
    """A draft that the operators share: opaque to the server. `by`: who saved it last."""

    draft: bytes
    body: bytes
    by: PersonId
    at: int


class ScheduledItem(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What is to be published at `due` (Unix ms), and judged then. `failed`: the code it was refused with when due."""

    item: bytes
    due: int
    broadcast: bool
    content: Content
    by: PersonId
    tag: str = ""
    reprintable: bool = False
    failed: str = ""


class DayFigures(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How often an article was read, and shared publicly, on one day (`YYYY-MM-DD`): each person counted once."""

    seq: Seq
    day: str
    reads: int = 0
    shares: int = 0


class Dialogue(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A dialogue in an account's inbox. `answer_until`: operators may answer until then (Unix ms).

    `last`: its last entry. `waiting`: the follower wrote last.
    """

    dialogue: TopicId
    person: PersonId
    handle: str
    answer_until: int
    waiting: bool
    last: Entry


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """Which operator wrote an answer. `seq`: of its entry in the dialogue."""

    seq: Seq
    by: PersonId


# Applying for an account, and who runs it.


class AccountReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    account: OwnAccount


class AccountApply(Request[AccountReply], frozen=True, omit_defaults=True, kw_only=True, tag="account.apply"):
    """Draft an application, or, with `topic`, replace what a draft or a refused one says."""

    cid: CidRef
    application: Application
    topic: TopicRef | None = None


class AccountSubmit(Request[AccountReply], frozen=True, omit_defaults=True, kw_only=True, tag="account.submit"):
    """Have it reviewed."""

    topic: TopicRef


class AccountTakeBack(Request[AccountReply], frozen=True, omit_defaults=True, kw_only=True, tag="account.take_back"):
    """Take an application back that is not decided yet: it is a draft again."""

    topic: TopicRef


class OwnAccountsReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    accounts: tuple[OwnAccount, ...]


class OwnAccounts(Request[OwnAccountsReply], frozen=True, omit_defaults=True, kw_only=True, tag="accounts"):
    """Those one owns, has applied for, or is an operator of."""


class OperatorsReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    operators: tuple[Operator, ...]


class Operators(Request[OperatorsReply], frozen=True, omit_defaults=True, kw_only=True, tag="account.operators"):
    topic: TopicRef


class SetOperator(Request[OperatorsReply], frozen=True, omit_defaults=True, kw_only=True, tag="account.operator"):
    """Make somebody an editor or an analyst; without `role`, none any more. Operators may end it for themselves."""

    topic: TopicRef
    person: PersonRef
    role: Role | None = None


class ActsReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    """Newest first."""

    acts: tuple[Act, ...]
    complete: bool


class Acts(Request[ActsReply], frozen=True, omit_defaults=True, kw_only=True, tag="account.acts"):
    topic: TopicRef
    before: Number | None = None
    limit: Annotated[int, Meta(ge=1, le=limits.ACTS)] = 50


# Running an account.


class DraftsReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    """The one begun last first, as its cid has it, and as many as there is room for. `complete`: that is all."""

    drafts: tuple[DraftItem, ...]
    complete: bool


class Drafts(Request[DraftsReply], frozen=True, omit_defaults=True, kw_only=True, tag="drafts"):
    topic: TopicRef
    before: ItemRef | None = None


class SaveDraft(Request[Done], frozen=True, omit_defaults=True, kw_only=True, tag="draft.save"):
    """Keep a draft under `draft`, a cid, in the place of what was there."""

    topic: TopicRef
    draft: ItemRef
    body: Draft


class DropDraft(Request[Done], frozen=True, omit_defaults=True, kw_only=True, tag="draft.drop"):
    topic: TopicRef
    draft: ItemRef


class ScheduleReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    item: ScheduledItem


class Schedule(Request[ScheduleReply], frozen=True, omit_defaults=True, kw_only=True, tag="schedule"):
    """Publish an article, or broadcast one, at `due` (Unix ms). Nobody looks at it before; it is judged then."""

    cid: CidRef
    topic: TopicRef
    due: Number
    content: Content
    broadcast: bool = True
    tag: Tag = ""
    reprintable: bool = False


class ScheduledReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    """The next one due first, as many as there is room for. `complete`: that is all."""

    items: tuple[ScheduledItem, ...]
    complete: bool


class Scheduled(Request[ScheduledReply], frozen=True, omit_defaults=True, kw_only=True, tag="scheduled"):
    """What is to be published, from after the item named; from the first, when that is not there any more."""

    topic: TopicRef
    after: ItemRef | None = None


class Unschedule(Request[Done], frozen=True, omit_defaults=True, kw_only=True, tag="unschedule"):
    topic: TopicRef
    item: ItemRef


class FiguresReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    """`followers`: now, in all and by tag. The newest day first; days without a figure are left out.

    `complete`: there are no more days; otherwise ask for fewer, or for one article.
    """

    followers: int
    tags: dict[str, int]
    days: tuple[DayFigures, ...]
    complete: bool


class Figures(Request[FiguresReply], frozen=True, omit_defaults=True, kw_only=True, tag="account.figures"):
    """Numbers of the last `days` days, of one article or of all. Nobody can ask who."""

    topic: TopicRef
    seq: Position | None = None
    days: Annotated[int, Meta(ge=1, le=limits.FIGURE_DAYS)] = 30


class InboxReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    """Those that wait longest first, then the others, the newest first."""

    dialogues: tuple[Dialogue, ...]
    complete: bool


class Inbox(Request[InboxReply], frozen=True, omit_defaults=True, kw_only=True, tag="inbox"):
    topic: TopicRef
    offset: Annotated[int, Meta(ge=0, le=100_000)] = 0


class InboxShowReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    """Entries ascending. `answered`: which operator wrote those of the account, for operators only."""

    entries: tuple[Entry, ...]
    complete: bool
    answered: tuple[Answered, ...] = ()


class InboxShow(Request[InboxShowReply], frozen=True, omit_defaults=True, kw_only=True, tag="inbox.show"):
    """Read one dialogue as an operator: a page before `before`, or the newest."""

    topic: TopicRef
    dialogue: TopicRef
    before: Position | None = None
    limit: Annotated[int, Meta(ge=1, le=limits.HISTORY_ENTRIES)] = 50


class InboxAnswer(Request[Appended], frozen=True, omit_defaults=True, kw_only=True, tag="inbox.answer"):
    """Answer in the account's name, within 48 hours of the follower's last message."""

    cid: CidRef
    topic: TopicRef
    dialogue: TopicRef
    body: Body


# Pushes.


class AccountPush(Push, frozen=True, omit_defaults=True, kw_only=True, tag="account"):
    """For the owner: an application has been decided."""

    account: OwnAccount


class ActPush(Push, frozen=True, omit_defaults=True, kw_only=True, tag="account.act"):
    """For the other operators: one of them did something."""

    topic: TopicId
    act: Act


class InboxPush(Push, frozen=True, omit_defaults=True, kw_only=True, tag="inbox"):
    """For operators: something is new in a dialogue of the account."""

    topic: TopicId
    dialogue: TopicId
