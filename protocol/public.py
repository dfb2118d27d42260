"""The messages of the public side: publishing and what becomes of it, public groups, cards, the agreement, the audit.

Shapes and bounds only; docs/PROTOCOL.md says what they do.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from protocol import limits
from protocol.decisions import Submission
from protocol.entries import Admission, Standing
from protocol.ids import PersonId, Seq, TopicId
from protocol.publications import Content, Surface
from protocol.shapes import (
    Appended,
    CidRef,
    CommentRef,
    Digest,
    Done,
    Number,
    PackCode,
    PersonRef,
    Position,
    Push,
    Reply,
    Request,
    SubmissionRef,
    Tag,
    TopicRef,
)

# Values inside replies.


class Listing(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A public group as anybody sees it. `name` and `listing` are published bodies."""

    topic: TopicId
    members: int
    admission: Admission
    listed: bool = False
    history_open: bool = False
    name: bytes | None = None
    listing: bytes | None = None


class Card(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A person's public card: an entry of the topic that is the card. `body` is a published body."""

    person: PersonId
    handle: str
    topic: TopicId
    seq: Seq
    body: bytes


class BottomLine(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One of the lines of the agreement, each acknowledged apart. `titles` by language."""

    code: str
    titles: dict[str, str]


class Agreement(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What one signs before one publishes. `texts` by language; `digest` is that of version, lines and texts."""

    version: str
    digest: bytes
    lines: tuple[BottomLine, ...]
    texts: dict[str, str]


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """One's signature to an agreement: its digest, and the code of every line, each acknowledged."""

    digest: Digest
    lines: Annotated[tuple[PackCode, ...], Meta(max_length=limits.BOTTOM_LINES)]


class InstalledHook(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A hook that sees what is published on `surfaces`. `kind`: `check`, `plugin` or `webhook`."""

    name: str
    kind: str
    version: str
    surfaces: tuple[Surface, ...]


class Verdict(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A leaf of the audit log about one submission, and the proof that it is in it (RFC 6962 §2.1.1).

    `leaf` is hashed as it stands; `path` leads from it to the root of a tree of ReceiptReply.size leaves.
    """

    number: int
    leaf: bytes
    path: tuple[bytes, ...]


class Submitted(Submission, frozen=True, omit_defaults=True, kw_only=True):
    """A submission in a list. `by`: of what was submitted for an account, the operator, told to the other operators."""

    by: PersonId | None = None


# Requests.


class AgreementReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    """`agreement` None: this server asks for none. `signed`: whether who asks has signed this one."""

    agreement: Agreement | None = None
    signed: bool = False


class ShowAgreement(Request[AgreementReply], frozen=True, omit_defaults=True, kw_only=True, tag="agreement"):
    pass


class SignAgreement(Request[Done], frozen=True, omit_defaults=True, kw_only=True, tag="agreement.sign"):
    signature: Signature


class GateReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    """What publishing meets here. `closed`: why nothing can be published, empty when it can.

    `stages`: by surface, in order. `grounds`, `categories`, `bodies` (whose accounts there may be): the pack's codes
    with their titles.
    """

    pack: str
    version: str
    closed: str = ""
    stages: dict[Surface, tuple[str, ...]]
    hooks: tuple[InstalledHook, ...] = ()
    grounds: dict[str, str] = {}  # noqa: RUF012
    categories: dict[str, str] = {}  # noqa: RUF012
    bodies: dict[str, str] = {}  # noqa: RUF012


class ShowGate(Request[GateReply], frozen=True, omit_defaults=True, kw_only=True, tag="gate"):
    pass


class SubmissionReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    """What has become of it so far. A repeat of the same `cid` gets the state it has by then."""

    submission: Submission


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """An article that is public, by its account, its entry, and the digest of its content (protocol.publications)."""

    account: TopicRef
    seq: Position
    digest: Digest


class Publish(Request[SubmissionReply], frozen=True, omit_defaults=True, kw_only=True, tag="publish"):
    """Say something public. `topic`: the group, or the account one is an operator of; none for a card or one's square.
    Of a comment: the square or account it is under, `root`, the post or article there, and the comment it `answers`.

    An edit names its `target` and, as `base`, the version it was made from. `source`: what a reprint reprints, or a
    message forwards. `tag`: of a broadcast or reprint, for those followers alone. `reprintable`: of an article.
    """

    cid: CidRef
    surface: Surface
    content: Content
    topic: TopicRef | None = None
    reply_to: Position | None = None
    target: Position | None = None
    base: Number | None = None
    source: Origin | None = None
    tag: Tag = ""
    reprintable: bool = False
    root: Position | None = None
    answers: CommentRef | None = None


class TakeBack(Request[SubmissionReply], frozen=True, omit_defaults=True, kw_only=True, tag="take_back"):
    submission: SubmissionRef


class SubmissionsReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    """Newest first. `complete`: there are none before."""

    submissions: tuple[Submitted, ...]
    complete: bool


class Submissions(Request[SubmissionsReply], frozen=True, omit_defaults=True, kw_only=True, tag="submissions"):
    """One's own, those from before the one named; with `topic`, those of an account one is an operator of."""

    topic: TopicRef | None = None
    before: SubmissionRef | None = None
    limit: Annotated[int, Meta(ge=1, le=limits.SUBMISSIONS)] = 20


class ReceiptReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    """Every leaf about a submission, in order, with its proof in the tree of `size` leaves with this `root`.

    `salt` and `content`: what the commitment in the leaves is made of; `content` as the server encoded it.
    """

    size: int
    root: bytes
    verdicts: tuple[Verdict, ...]
    salt: bytes | None = None
    content: bytes | None = None


class ShowReceipt(Request[ReceiptReply], frozen=True, omit_defaults=True, kw_only=True, tag="receipt"):
    submission: SubmissionRef


class AuditReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    """The audit log now. `consistency`: proof that the first `since` leaves are still the same (RFC 6962 §2.1.2)."""

    size: int
    root: bytes
    consistency: tuple[bytes, ...] = ()


class ShowAudit(Request[AuditReply], frozen=True, omit_defaults=True, kw_only=True, tag="audit"):
    since: Number = 0


class CardsReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    cards: tuple[Card, ...]


class Cards(Request[CardsReply], frozen=True, omit_defaults=True, kw_only=True, tag="cards"):
    persons: Annotated[tuple[PersonRef, ...], Meta(max_length=limits.LOOKUP_PEOPLE)]


class GroupFoundPublic(Request[Appended], frozen=True, omit_defaults=True, kw_only=True, tag="group.found_public"):
    """Found a group on the public side, for good. Its name is published afterwards."""

    cid: CidRef
    admission: Admission = Admission.OPEN
    listed: bool = False
    history_open: bool = False


class GroupSettings(Request[Appended], frozen=True, omit_defaults=True, kw_only=True, tag="group.settings"):
    """Change who comes in, whether the group is listed, and whether anybody may read its history."""

    cid: CidRef
    topic: TopicRef
    admission: Admission | None = None
    listed: bool | None = None
    history_open: bool | None = None


class JoinReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    """`asked`: an admin has to approve it first."""

    topic: TopicId
    standing: Standing


class GroupJoin(Request[JoinReply], frozen=True, omit_defaults=True, kw_only=True, tag="group.join"):
    """Come into a public group, or ask to."""

    topic: TopicRef


class ListingsReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    listings: tuple[Listing, ...]


class GroupFind(Request[ListingsReply], frozen=True, omit_defaults=True, kw_only=True, tag="group.find"):
    """Find listed groups by what their name or listing says; the largest first."""

    query: Annotated[str, Meta(max_length=limits.QUERY_CHARS)] = ""
    limit: Annotated[int, Meta(ge=1, le=limits.LISTINGS)] = 20


class ListingReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    listing: Listing


class GroupListing(Request[ListingReply], frozen=True, omit_defaults=True, kw_only=True, tag="group.listing"):
    """Look at one public group, listed or not."""

    topic: TopicRef


class SubmissionPush(Push, frozen=True, omit_defaults=True, kw_only=True, tag="submission"):
    """Something has become of what one submitted: on all devices of its author."""

    submission: Submission
