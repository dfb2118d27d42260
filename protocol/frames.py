"""The messages of hutong.v1: requests with their replies, and pushes.

Shapes and bounds only; docs/PROTOCOL.md says what they do. Those of the public side and of staff are in rooms of
their own; REQUESTS, REPLIES and PUSHES have all of them.
"""

from enum import IntEnum
from typing import Annotated, get_args

import msgspec
from msgspec import Meta
from typing_extensions import get_original_bases  # In typing from Python 3.12 on.

from protocol import accounts as _accounts  # noqa: F401
from protocol import contacts as _contacts  # noqa: F401
from protocol import following as _following  # noqa: F401
from protocol import limits
from protocol import moments as _moments  # noqa: F401
from protocol import public as _public  # noqa: F401 - REQUESTS below counts its shapes in.
from protocol import staff as _staff  # noqa: F401
from protocol.entries import Admission, Entry, Role, Side, Standing, TopicKind
from protocol.ids import DeviceId, Epoch, PersonId, Seq, TopicId
from protocol.public import Agreement, Signature
from protocol.shapes import Appended as Appended
from protocol.shapes import (
    Body,
    CidRef,
    Code,
    DeviceName,
    DeviceRef,
    Greeting,
    HandleText,
    Have,
    Heads,
    Link,
    Name,
    Notice,
    Number,
    Password,
    PersonRef,
    Position,
    Sign,
    Token,
)
from protocol.shapes import Done as Done
from protocol.shapes import Person as Person
from protocol.shapes import Push as Push
from protocol.shapes import Reply as Reply
from protocol.shapes import Request as Request
from protocol.shapes import TopicRef as TopicRef

VERSION = 1
SUBPROTOCOL = "hutong.v1"

# Values inside replies.


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A signed-in device of one's own; times in Unix milliseconds."""

    device: DeviceId
    name: str
    created_at: int
    seen_at: int
    current: bool


class Preferences(msgspec.Struct, frozen=True, kw_only=True):
    """Whether others get one's read receipts, and whether they see one online. Off works both ways.

    `findable`: by one's handle. `moments_days`: for so many days friends are shown one's moments; 0: for good.
    """

    receipts: bool
    presence: bool
    findable: bool = True
    moments_days: int = 0


class MomentsDays(IntEnum):
    """For how many days friends are shown one's moments."""

    FOR_GOOD = 0
    THREE_DAYS = 3
    A_MONTH = 30
    HALF_A_YEAR = 180


class Summary(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A topic as one person stands to it. `unread` = nth(head) - nth(read)."""

    topic: TopicId
    kind: TopicKind
    side: Side
    standing: Standing
    role: Role
    head: Seq
    start: Seq  # The first entry this person may see.
    read: Seq
    unread: int
    muted: bool = False  # One's own choice: do not alert me.
    pinned: bool = False
    peer: Person | None = None  # In a chat.
    account: TopicId | None = None  # In a dialogue: the public account that it is with.
    peer_read: Seq | None = None  # In a chat, where both give receipts.
    name: bytes | None = None  # In a group.
    notice: bytes | None = None
    members: int | None = None
    silenced_until: int | None = None  # In a group: until then (Unix ms) only owner and admins may write.
    admission: Admission | None = None  # In a public group, and what follows likewise.
    listed: bool = False
    history_open: bool = False
    listing: bytes | None = None


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """Entries `first` to `last` exist and were left out; `history` has them."""

    first: Seq
    last: Seq


class Slice(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A stretch of one topic's log, ascending. When `live`, it reaches the head and pushes follow from here."""

    topic: TopicId
    entries: tuple[Entry, ...]
    head: Seq
    live: bool
    gap: Gap | None = None


class GroupMember(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A person in a group, invited to it, or asking to join (only admins see the last two)."""

    person: PersonId
    handle: str
    standing: Standing
    role: Role
    since: Seq
    read: Seq | None = None
    muted_until: int | None = None
    greeting: bytes | None = None
    screen_name: bytes | None = None


class Announced(msgspec.Struct, frozen=True, kw_only=True):
    """Limits a server may configure."""

    message_bytes: int
    body_bytes: int
    slice_bytes: int
    requests_in_flight: int
    group_members: int
    recall_ms: int
    edit_ms: int


# Session.


class HelloReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    version: int
    server: str
    now: int
    heartbeat_ms: int
    limits: Announced
    epochs: dict[Side, Epoch]


class Hello(Request[HelloReply], frozen=True, omit_defaults=True, kw_only=True, tag="hello"):
    versions: tuple[int, ...]
    client: Annotated[str, Meta(max_length=64)] = ""


class SyncReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    marks: int
    topics: tuple[Summary, ...] = ()
    slices: tuple[Slice, ...] = ()
    gone: tuple[TopicId, ...] = ()
    more: bool = False


class SignedIn(Reply, frozen=True, omit_defaults=True, kw_only=True):
    """`token` only when a new one was made; `needs` instead of all else when `register` wants answers first.

    `agreement`: what is to be signed, when `needs` has "agreement".
    `resync` in the place of `sync` when `resume` brought heads of another log: sync from nothing.
    """

    person: PersonId | None = None
    handle: str | None = None
    device: DeviceId | None = None
    token: str | None = None
    preferences: Preferences | None = None
    needs: tuple[str, ...] = ()
    agreement: Agreement | None = None
    sync: SyncReply | None = None
    resync: bool = False


class Register(Request[SignedIn], frozen=True, omit_defaults=True, kw_only=True, tag="register"):
    handle: HandleText
    password: Password
    device: DeviceName = ""
    answers: Annotated[dict[str, Code], Meta(max_length=16)] = {}  # noqa: RUF012 - msgspec copies it.
    signature: Signature | None = None


class Login(Request[SignedIn], frozen=True, omit_defaults=True, kw_only=True, tag="login"):
    handle: HandleText
    password: Password
    device: DeviceName = ""


class Resume(Request[SignedIn], frozen=True, omit_defaults=True, kw_only=True, tag="resume"):
    token: Token
    epoch: str | None = None
    marks: Number = 0
    heads: Heads | None = None


class Logout(Request[Done], frozen=True, omit_defaults=True, kw_only=True, tag="logout"):
    pass


class TokenReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    device: DeviceId
    token: str


class ChangePassword(Request[TokenReply], frozen=True, omit_defaults=True, kw_only=True, tag="change_password"):
    old: Password
    new: Password


class DevicesReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    devices: tuple[Device, ...]


class Devices(Request[DevicesReply], frozen=True, omit_defaults=True, kw_only=True, tag="devices"):
    pass


class RevokeDevice(Request[Done], frozen=True, omit_defaults=True, kw_only=True, tag="revoke_device"):
    device: DeviceRef


class SetPreferences(Request[Done], frozen=True, omit_defaults=True, kw_only=True, tag="set_preferences"):
    receipts: bool | None = None
    presence: bool | None = None
    findable: bool | None = None
    moments_days: MomentsDays | None = None


# People.


class PeopleReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    people: tuple[Person, ...]


class People(Request[PeopleReply], frozen=True, omit_defaults=True, kw_only=True, tag="people"):
    handles: Annotated[tuple[HandleText, ...], Meta(max_length=limits.LOOKUP_PEOPLE)] = ()
    persons: Annotated[tuple[PersonRef, ...], Meta(max_length=limits.LOOKUP_PEOPLE)] = ()


class Block(Request[Done], frozen=True, omit_defaults=True, kw_only=True, tag="block"):
    person: PersonRef


class Unblock(Request[Done], frozen=True, omit_defaults=True, kw_only=True, tag="unblock"):
    person: PersonRef


class Blocks(Request[PeopleReply], frozen=True, omit_defaults=True, kw_only=True, tag="blocks"):
    pass


class WatchReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    online: tuple[PersonId, ...] = ()


class Watch(Request[WatchReply], frozen=True, omit_defaults=True, kw_only=True, tag="watch"):
    persons: Annotated[tuple[PersonRef, ...], Meta(max_length=limits.WATCHED_PEOPLE)]


# Topics.


class TopicReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    summary: Summary
    members: tuple[GroupMember, ...] = ()


class ShowTopic(Request[TopicReply], frozen=True, omit_defaults=True, kw_only=True, tag="topic"):
    topic: TopicRef


class SetTopic(Request[Done], frozen=True, omit_defaults=True, kw_only=True, tag="set_topic"):
    topic: TopicRef
    muted: bool | None = None
    pinned: bool | None = None


class Clear(Request[Done], frozen=True, omit_defaults=True, kw_only=True, tag="clear"):
    topic: TopicRef
    seq: Position


class Sync(Request[SyncReply], frozen=True, omit_defaults=True, kw_only=True, tag="sync"):
    """The two sides have each their own epoch, marks and topics, and are synced apart."""

    heads: Heads
    marks: Number = 0
    epoch: str | None = None
    side: Side = Side.PRIVATE


class HistoryReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    entries: tuple[Entry, ...]
    complete: bool
    related: tuple[Entry, ...] = ()
    related_complete: bool = True


class History(Request[HistoryReply], frozen=True, omit_defaults=True, kw_only=True, tag="history"):
    topic: TopicRef
    before: Position | None = None
    after: Have | None = None
    around: Position | None = None
    limit: Annotated[int, Meta(ge=1, le=limits.HISTORY_ENTRIES)] = 50


# Messages.


class Send(Request[Appended], frozen=True, omit_defaults=True, kw_only=True, tag="send"):
    cid: CidRef
    body: Body
    topic: TopicRef | None = None
    to: PersonRef | None = None
    reply_to: Position | None = None


class Edit(Request[Appended], frozen=True, omit_defaults=True, kw_only=True, tag="edit"):
    cid: CidRef
    topic: TopicRef
    target: Position
    body: Body


class Recall(Request[Appended], frozen=True, omit_defaults=True, kw_only=True, tag="recall"):
    cid: CidRef
    topic: TopicRef
    target: Position


class React(Request[Appended], frozen=True, omit_defaults=True, kw_only=True, tag="react"):
    cid: CidRef
    topic: TopicRef
    target: Position
    body: Sign


class Read(Request[Done], frozen=True, omit_defaults=True, kw_only=True, tag="read"):
    topic: TopicRef
    seq: Position


class ReceiptsReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    count: int
    readers: tuple[PersonId, ...] | None = None


class Receipts(Request[ReceiptsReply], frozen=True, omit_defaults=True, kw_only=True, tag="receipts"):
    topic: TopicRef
    seq: Position


class Typing(Request[Done], frozen=True, omit_defaults=True, kw_only=True, tag="typing"):
    topic: TopicRef


# Groups.


class GroupFound(Request[Appended], frozen=True, omit_defaults=True, kw_only=True, tag="group.found"):
    cid: CidRef
    name: Name = b""
    invite: Annotated[tuple[PersonRef, ...], Meta(max_length=limits.INVITED_AT_FOUNDING)] = ()


class GroupInvite(Request[Done], frozen=True, omit_defaults=True, kw_only=True, tag="group.invite"):
    topic: TopicRef
    person: PersonRef


class GroupAccept(Request[Appended], frozen=True, omit_defaults=True, kw_only=True, tag="group.accept"):
    cid: CidRef
    topic: TopicRef


class GroupDecline(Request[Done], frozen=True, omit_defaults=True, kw_only=True, tag="group.decline"):
    """Turn an invitation down, or take one's own request to join back."""

    topic: TopicRef


class LinkReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    link: str


class GroupLink(Request[LinkReply], frozen=True, omit_defaults=True, kw_only=True, tag="group.link"):
    """Make a link; an earlier one stops working."""

    topic: TopicRef


class GroupUnlink(Request[Done], frozen=True, omit_defaults=True, kw_only=True, tag="group.unlink"):
    topic: TopicRef


class AskReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    topic: TopicId


class GroupAsk(Request[AskReply], frozen=True, omit_defaults=True, kw_only=True, tag="group.ask"):
    link: Link
    greeting: Greeting = b""


class GroupApprove(Request[Appended], frozen=True, omit_defaults=True, kw_only=True, tag="group.approve"):
    cid: CidRef
    topic: TopicRef
    person: PersonRef


class GroupRefuse(Request[Done], frozen=True, omit_defaults=True, kw_only=True, tag="group.refuse"):
    """Refuse a request to join, or take an invitation back."""

    topic: TopicRef
    person: PersonRef


class GroupLeave(Request[Appended], frozen=True, omit_defaults=True, kw_only=True, tag="group.leave"):
    cid: CidRef
    topic: TopicRef


class GroupRemove(Request[Appended], frozen=True, omit_defaults=True, kw_only=True, tag="group.remove"):
    cid: CidRef
    topic: TopicRef
    person: PersonRef


class GroupRole(Request[Appended], frozen=True, omit_defaults=True, kw_only=True, tag="group.role"):
    """Make a member an admin, or an admin a member."""

    cid: CidRef
    topic: TopicRef
    person: PersonRef
    role: Role


class GroupHandOver(Request[Appended], frozen=True, omit_defaults=True, kw_only=True, tag="group.hand_over"):
    """Make another member the owner; the old one stays as an admin."""

    cid: CidRef
    topic: TopicRef
    person: PersonRef


class GroupMute(Request[Appended], frozen=True, omit_defaults=True, kw_only=True, tag="group.mute"):
    """Mute one member until `until` (Unix ms), or, without `person`, all but owner and admins; `until` 0 ends it."""

    cid: CidRef
    topic: TopicRef
    until: Number
    person: PersonRef | None = None


class GroupName(Request[Appended], frozen=True, omit_defaults=True, kw_only=True, tag="group.name"):
    cid: CidRef
    topic: TopicRef
    name: Name


class GroupNotice(Request[Appended], frozen=True, omit_defaults=True, kw_only=True, tag="group.notice"):
    cid: CidRef
    topic: TopicRef
    notice: Notice


# Pushes.


class EntryPush(Push, frozen=True, omit_defaults=True, kw_only=True, tag="entry"):
    """A new entry of a topic that is live on this connection."""

    entry: Entry


class TopicPush(Push, frozen=True, omit_defaults=True, kw_only=True, tag="topic"):
    """How one stands to a topic has changed, or a topic is new."""

    summary: Summary


class GonePush(Push, frozen=True, omit_defaults=True, kw_only=True, tag="gone"):
    """One is no longer a member of the topic, or the invitation or request has ended."""

    topic: TopicId


class ReadPush(Push, frozen=True, omit_defaults=True, kw_only=True, tag="read"):
    """`person` has read up to `seq`; one's own marks come too, from one's other devices."""

    topic: TopicId
    person: PersonId
    seq: Seq


class TypingPush(Push, frozen=True, omit_defaults=True, kw_only=True, tag="typing"):
    topic: TopicId
    person: PersonId


class PresencePush(Push, frozen=True, omit_defaults=True, kw_only=True, tag="presence"):
    online: tuple[PersonId, ...] = ()
    offline: tuple[PersonId, ...] = ()


class RequestsPush(Push, frozen=True, omit_defaults=True, kw_only=True, tag="requests"):
    """For owner and admins: the people invited or asking in `topic` have changed; `topic` shows them."""

    topic: TopicId


class PreferencesPush(Push, frozen=True, omit_defaults=True, kw_only=True, tag="preferences"):
    preferences: Preferences


REQUESTS: dict[str, type[Request[Reply]]] = {
    str(request.__struct_config__.tag): request for request in Request.__subclasses__()
}
REPLIES: dict[type[Request[Reply]], type[Reply]] = {
    request: get_args(get_original_bases(request)[0])[0] for request in REQUESTS.values()
}
PUSHES: dict[str, type[Push]] = {str(push.__struct_config__.tag): push for push in Push.__subclasses__()}
