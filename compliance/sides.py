"""The closed table of sides: every kind of text a server handles, and whether it is private or public.

Who decides admission is the test, not size, and never what a text says: the side is known before anybody reads.
A kind that is not here is handled nowhere; a field of a request that people's words come in by is in CARRIERS, and
every other one is in NO_TEXT, with what it is instead. A test compares both with the wire.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from protocol.entries import Side, TopicKind
from protocol.publications import Surface


class TextKind(StrEnum):
    """Everything that anybody can say, once each."""

    CHAT_MESSAGE = "chat message"
    DIALOGUE_MESSAGE = "message between a person and a public account"
    PRIVATE_GROUP_MESSAGE = "private group: message"
    PRIVATE_GROUP_NAME = "private group: name"
    PRIVATE_GROUP_NOTICE = "private group: notice"
    PRIVATE_PIN = "private group: pin"
    PRIVATE_NICKNAME = "private group: nickname in it"
    REACTION = "reaction"
    MOMENT = "moment for oneself, a list or friends"
    MOMENT_COMMENT = "comment on a moment"
    CONTACT_GREETING = "greeting to somebody new"
    JOIN_REQUEST = "request to join: its greeting"
    INVITATION = "invitation: its text"
    REMARK = "remark about a contact"
    TAG = "tag on a contact"
    PRIVATE_CARD = "private card: nickname, avatar, status, cover"
    DRAFT = "draft"
    SCHEDULED_ITEM = "scheduled item, until it is due"
    REJECTED_ITEM = "rejected or lapsed item"
    TAKEN_BACK_ITEM = "item taken back"
    POLL_VOTE = "poll vote"
    SEARCH_QUERY = "search"
    READ_MARK = "read mark"
    FOLLOW = "follow"
    PRESENCE = "presence and typing"
    EXPORT = "export of one's own"
    DEVICE_NAME = "name of a device"
    SHARED_REFERENCE = "card of a public entry, shared privately"
    REPORT = "report of a private message"

    PUBLIC_GROUP_MESSAGE = "public group: message"
    PUBLIC_GROUP_NAME = "public group: name"
    PUBLIC_GROUP_AVATAR = "public group: avatar"
    PUBLIC_GROUP_NOTICE = "public group: notice"
    PUBLIC_GROUP_LISTING = "public group: listing text"
    PUBLIC_GROUP_SCREEN_NAME = "public group: screen name in it"
    SQUARE_POST = "square post"
    PUBLIC_COMMENT = "comment on a square post or an article"
    ACCOUNT_ARTICLE = "public account: article"
    ACCOUNT_BROADCAST = "public account: broadcast, to a subset too"
    ACCOUNT_PROFILE = "public account: profile"
    ACCOUNT_MENU = "public account: menu"
    ACCOUNT_WELCOME = "public account: welcome"
    ACCOUNT_AUTO_REPLY = "public account: table of automatic replies"
    REPRINT = "reprint between public accounts"
    PUBLIC_CARD = "public card: screen name, avatar, bio"

    EDIT = "edit"
    FORWARD = "forward"
    QUOTE = "quote"
    LOCATION = "location"
    STICKER = "sticker"
    FILE_NAME = "file name"
    CAPTION = "caption"
    LINK_PREVIEW = "link preview"
    BOT_TEXT = "what a bot says"

    ACCOUNT_APPLICATION = "application for a public account"
    HANDLE = "handle"
    OFFICER_FACTS = "an officer's reasons"


class Leader(StrEnum):
    """What a text follows that has no side of its own."""

    TARGET = "target"  # What it changes.
    PLACE = "place"  # Where it is put.
    ENTRY = "entry"  # What it is a part of.


@dataclass(frozen=True, slots=True, kw_only=True)
class Private:
    """Nobody judges it. `topic`: of kinds that come in by one field, the kind of topic that tells them apart.

    `here`: whether this version has it.
    """

    why: str
    here: bool
    topic: TopicKind | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """It appears when the gate has let it through. `surface`: as what; None: in a later version."""

    why: str
    surface: Surface | None = None

    @property
    def here(self) -> bool:
        """Whether this version has it."""
        return self.surface is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Follows:
    """It has the side of its `leader`."""

    why: str
    here: bool
    leader: Leader


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """It is on the public side and is no publication: no hook is asked. This version has all there are."""

    why: str
    here: bool = True


Row = Private | Published | Follows | Apart


class UnknownFieldError(LookupError):
    """The field, or the field there, carries no text that this table knows."""


_K = TextKind
_PERSON = "between people who chose each other"
_MEMBERS = "every admission is a member's decision"
_OWN = "its owner's alone"
_ADDRESSED = "from one person to those who decide about it"
_ANYONE = "anyone may come in, be shown it, or read it"
_SAID = "said to the public by an account"
_NEW = "part of a new publication by who forwards it; names, ids and times are left out"
_PART = "a part of its entry; the server never fetches a link"
_TAG = "one of those that the account's profile offers"

SIDES: Mapping[TextKind, Row] = {
    _K.CHAT_MESSAGE: Private(why=_PERSON, here=True, topic=TopicKind.CHAT),
    _K.DIALOGUE_MESSAGE: Private(
        why="between one person and an account's operators, their answers too", here=True, topic=TopicKind.DIALOGUE
    ),
    _K.PRIVATE_GROUP_MESSAGE: Private(why=_MEMBERS, here=True, topic=TopicKind.GROUP),
    _K.PRIVATE_GROUP_NAME: Private(why="members alone see it", here=True),
    _K.PRIVATE_GROUP_NOTICE: Private(why="members alone see it", here=True),
    _K.PRIVATE_PIN: Private(why="members alone see it", here=False),
    _K.PRIVATE_NICKNAME: Private(why="members alone see it", here=False),
    _K.REACTION: Private(why="a sign under a private message; public entries have none in this version", here=True),
    _K.MOMENT: Private(why="its owner chooses who sees it", here=True),
    _K.MOMENT_COMMENT: Private(why="its readers are those of the moment who know who says it", here=True),
    _K.CONTACT_GREETING: Private(why=_ADDRESSED, here=True),
    _K.JOIN_REQUEST: Private(why=_ADDRESSED + ", towards a public group too", here=True),
    _K.INVITATION: Private(why="from one person to another, into a public group too", here=False),
    _K.REMARK: Private(why=_OWN, here=True),
    _K.TAG: Private(why=_OWN + "; a part of the remark, and no word of it reaches the server", here=True),
    _K.PRIVATE_CARD: Private(why="contacts and private groups see it", here=True),
    _K.DRAFT: Private(why="not said yet; for an account's operators, opaque to the server", here=True),
    _K.SCHEDULED_ITEM: Private(why="not said yet; when it is due it is published, and judged then", here=True),
    _K.REJECTED_ITEM: Private(why="was never published: no reader, no search, no ground for a measure", here=True),
    _K.TAKEN_BACK_ITEM: Private(why="was never published; its author does not want it any more", here=True),
    _K.POLL_VOTE: Private(why=_OWN, here=False),
    _K.SEARCH_QUERY: Private(why="what one looks for is one's own, on the public side too", here=True),
    _K.READ_MARK: Private(why="for those one gives receipts to", here=True),
    _K.FOLLOW: Private(why="whom one reads is one's own; an account's operators see how many they are", here=True),
    _K.PRESENCE: Private(why="for those one is seen by; never stored", here=True),
    _K.EXPORT: Private(why=_OWN, here=False),
    _K.DEVICE_NAME: Private(why=_OWN, here=True),
    _K.SHARED_REFERENCE: Private(why="a reference in a private message, resolved by whoever reads it", here=True),
    _K.REPORT: Private(why="evidence for a ruling of the report, never of an entry", here=False),
    _K.PUBLIC_GROUP_MESSAGE: Published(why=_ANYONE, surface=Surface.GROUP_MESSAGE),
    _K.PUBLIC_GROUP_NAME: Published(why=_ANYONE, surface=Surface.GROUP_NAME),
    _K.PUBLIC_GROUP_AVATAR: Published(why=_ANYONE),
    _K.PUBLIC_GROUP_NOTICE: Published(why=_ANYONE, surface=Surface.GROUP_NOTICE),
    _K.PUBLIC_GROUP_LISTING: Published(why="made to be found by anyone", surface=Surface.GROUP_LISTING),
    _K.PUBLIC_GROUP_SCREEN_NAME: Published(why=_ANYONE, surface=Surface.GROUP_SCREEN_NAME),
    _K.SQUARE_POST: Published(why="a moment for everyone", surface=Surface.SQUARE),
    _K.PUBLIC_COMMENT: Published(why="whoever sees what it is under may see it", surface=Surface.COMMENT),
    _K.ACCOUNT_ARTICLE: Published(why=_SAID, surface=Surface.ARTICLE),
    _K.ACCOUNT_BROADCAST: Published(why=_SAID, surface=Surface.BROADCAST),
    _K.ACCOUNT_PROFILE: Published(why=_SAID, surface=Surface.ACCOUNT_PROFILE),
    _K.ACCOUNT_MENU: Published(why=_SAID, surface=Surface.ACCOUNT_MENU),
    _K.ACCOUNT_WELCOME: Published(why=_SAID, surface=Surface.ACCOUNT_WELCOME),
    _K.ACCOUNT_AUTO_REPLY: Published(why=_SAID, surface=Surface.ACCOUNT_REPLIES),
    _K.REPRINT: Published(
        why="the right is asked of who reprints; source and author travel along", surface=Surface.REPRINT
    ),
    _K.PUBLIC_CARD: Published(why="made at one's first public act, or to be found", surface=Surface.CARD),
    _K.EDIT: Follows(
        why="a public one is a `publish` with a target, and passes the gate", here=True, leader=Leader.TARGET
    ),
    _K.FORWARD: Follows(why=_NEW, here=True, leader=Leader.PLACE),
    _K.QUOTE: Follows(why=_NEW, here=True, leader=Leader.PLACE),
    _K.LOCATION: Follows(why=_PART, here=False, leader=Leader.ENTRY),
    _K.STICKER: Follows(why=_PART, here=False, leader=Leader.ENTRY),
    _K.FILE_NAME: Follows(why=_PART, here=False, leader=Leader.ENTRY),
    _K.CAPTION: Follows(why=_PART, here=False, leader=Leader.ENTRY),
    _K.LINK_PREVIEW: Follows(why=_PART, here=False, leader=Leader.ENTRY),
    _K.BOT_TEXT: Follows(why="no exemption for programs", here=True, leader=Leader.PLACE),
    _K.ACCOUNT_APPLICATION: Apart(why="for those who review it; no reader and no search sees it"),
    _K.HANDLE: Apart(why="a spelling: syntax and a reserved list, when one registers"),
    _K.OFFICER_FACTS: Apart(why="part of a decision about something public, told to its author and in the audit log"),
}

# Where people's words come in: a field of a request, by operation. With several kinds, the surface or the topic tells.
CARRIERS: Mapping[tuple[str, str], tuple[TextKind, ...]] = {
    ("publish", "content"): tuple(kind for kind, row in SIDES.items() if isinstance(row, Published) and row.surface),
    ("send", "body"): (_K.CHAT_MESSAGE, _K.DIALOGUE_MESSAGE, _K.PRIVATE_GROUP_MESSAGE),
    ("inbox.answer", "body"): (_K.DIALOGUE_MESSAGE,),
    ("edit", "body"): (_K.EDIT,),
    ("react", "body"): (_K.REACTION,),
    ("group.found", "name"): (_K.PRIVATE_GROUP_NAME,),
    ("group.name", "name"): (_K.PRIVATE_GROUP_NAME,),
    ("group.notice", "notice"): (_K.PRIVATE_GROUP_NOTICE,),
    ("group.ask", "greeting"): (_K.JOIN_REQUEST,),
    ("contact.ask", "greeting"): (_K.CONTACT_GREETING,),
    ("contact.remark", "remark"): (_K.REMARK,),
    ("private_card", "card"): (_K.PRIVATE_CARD,),
    ("moment.post", "body"): (_K.MOMENT,),
    ("comment", "body"): (_K.MOMENT_COMMENT,),
    ("group.find", "query"): (_K.SEARCH_QUERY,),
    ("search", "query"): (_K.SEARCH_QUERY,),
    ("draft.save", "body"): (_K.DRAFT,),
    ("schedule", "content"): (_K.SCHEDULED_ITEM,),
    ("account.apply", "application"): (_K.ACCOUNT_APPLICATION,),
    ("register", "device"): (_K.DEVICE_NAME,),
    ("login", "device"): (_K.DEVICE_NAME,),
    ("register", "handle"): (_K.HANDLE,),
    ("login", "handle"): (_K.HANDLE,),
    ("people", "handles"): (_K.HANDLE,),
    ("officer.decide", "facts"): (_K.OFFICER_FACTS,),
    ("officer.review", "facts"): (_K.OFFICER_FACTS,),
}

# Every other field that could hold words, and what it is. Fields that hold the id of a person, topic, device, moment,
# comment or submission, or a cid, are of types of their own and of one length, and are not listed.
NO_TEXT: Mapping[tuple[str, str], str] = {
    ("hello", "client"): "the name of a program",
    ("register", "password"): "a secret, kept as a hash",
    ("login", "password"): "a secret, compared with a hash",
    ("change_password", "old"): "a secret, compared with a hash",
    ("change_password", "new"): "a secret, kept as a hash",
    ("register", "answers"): "codes that the server gave out",
    ("register", "signature.digest"): "a digest",
    ("register", "signature.lines"): "codes of the pack",
    ("agreement.sign", "signature.digest"): "a digest",
    ("agreement.sign", "signature.lines"): "codes of the pack",
    ("resume", "token"): "a secret that the server gave out",
    ("resume", "epoch"): "a name that the server gave out",
    ("sync", "epoch"): "a name that the server gave out",
    ("group.ask", "link"): "a secret that the server gave out",
    ("timeline", "before"): "a place that the server gave out",
    ("moments", "before"): "a place that the server gave out",
    ("thread", "before"): "a place that the server gave out",
    ("notices", "before"): "a place that the server gave out",
    ("staff.login", "code"): "a code that the operator gave out",
    ("staff.login", "token"): "a secret that the server gave out",
    ("officer.decide", "ground"): "a code of the pack",
    ("officer.decide", "where.path"): "the path of a field",
    ("officer.review", "ground"): "a code of the pack",
    ("publish", "source.digest"): "a digest",
    ("publish", "tag"): _TAG,
    ("schedule", "tag"): _TAG,
    ("follow", "tag"): _TAG,
}


def side_of_text(kind: TextKind, *, leader: Side | None = None) -> Side:
    """Return the side of a text of this `kind`.

    `leader`: the side of what it follows; needed by kinds that have none of their own, and of no account to others.

    Raises:
        ValueError: The kind follows something whose side was not said.
    """
    row = SIDES[kind]
    if not isinstance(row, Follows):
        return Side.PRIVATE if isinstance(row, Private) else Side.PUBLIC
    if leader is None:
        raise ValueError(f"{kind}: has the side of its {row.leader}; say which that is")
    return leader


def carried(operation: str, field: str, *, surface: Surface | None = None, topic: TopicKind | None = None) -> TextKind:
    """Return which kind of text comes in by `field` of `operation`, on `surface` or into a `topic` of this kind.

    Raises:
        UnknownFieldError: No text does, or what is needed to tell was not said.
    """
    kinds = CARRIERS.get((operation, field), ())
    fitting = [kind for kind in kinds if len(kinds) == 1 or _tells(SIDES[kind], surface, topic)]
    if len(fitting) != 1:
        raise UnknownFieldError(f"{operation}.{field} (surface {surface}, topic {topic}) carries no text that is known")
    return fitting[0]


def _tells(row: Row, surface: Surface | None, topic: TopicKind | None) -> bool:
    if isinstance(row, Published):
        return row.surface is surface
    return isinstance(row, Private) and row.topic is topic
