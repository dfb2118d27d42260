"""An entry of a topic's log as clients see it, and its kinds."""

from enum import StrEnum

import msgspec

from protocol.ids import PUBLIC_MARK, Cid, PersonId, Seq, TopicId


class Kind(StrEnum):
    """What an entry is. Adding a feature means adding a kind."""

    MESSAGE = "message"
    EDIT = "edit"
    RECALL = "recall"
    REACTION = "reaction"
    FOUNDED = "founded"
    JOINED = "joined"
    LEFT = "left"
    REMOVED = "removed"
    ROLE = "role"
    HANDED_OVER = "handed_over"
    MUTED = "muted"
    NAMED = "named"
    NOTICE = "notice"
    LISTING = "listing"
    SCREEN_NAME = "screen_name"
    SETTINGS = "settings"
    CARD = "card"
    PROFILE = "profile"
    MENU = "menu"
    WELCOME = "welcome"
    REPLIES = "replies"
    ARTICLE = "article"  # On the account's page.
    BROADCAST = "broadcast"  # There, and in the feeds of those it was for.
    POST = "post"  # On somebody's square.
    COMMENT = "comment"
    SOURCE_WITHDRAWN = "source_withdrawn"
    SOURCE_RESTORED = "source_restored"
    WITHDRAWN = "withdrawn"
    RESTORED = "restored"
    UNKNOWN = "unknown"  # Never sent: what a client makes of a kind that came after it.

    @classmethod
    def _missing_(cls, value: object) -> "Kind":  # noqa: ARG003 - the enum module's signature.
        """Take a kind of a later version as UNKNOWN, so that an older client counts the entry and goes on."""
        return cls.UNKNOWN


COUNTABLE = frozenset({Kind.MESSAGE, Kind.ARTICLE, Kind.BROADCAST})  # What unread counts.


class Side(StrEnum):
    """Fixed when a topic is founded, never changed."""

    PRIVATE = "private"
    PUBLIC = "public"


def side_of(topic: TopicId) -> Side:
    """Return the side of `topic`: its id says it, so nobody has to look it up."""
    return Side.PUBLIC if topic.startswith(PUBLIC_MARK) else Side.PRIVATE


class TopicKind(StrEnum):
    """The shapes of topic this version has."""

    CHAT = "chat"
    GROUP = "group"
    CARD = "card"
    ACCOUNT = "account"
    DIALOGUE = "dialogue"
    SQUARE = "square"  # What one person says to everybody.
    THREAD = "thread"  # What is said under something public. No reader is told its id, or a number in it.


class Admission(StrEnum):
    """How one comes into a public group. A private one has no choice: every admission is a member's decision."""

    OPEN = "open"
    APPROVAL = "approval"


class Openness(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How a public group is open: who comes in, whether it can be found, whether anybody may read what was said."""

    admission: Admission
    listed: bool = False
    history_open: bool = False


class Role(StrEnum):
    """What a member may do in a group. In a chat both are members. A public account has owner, editors and analysts."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"
    EDITOR = "editor"
    ANALYST = "analyst"


class Standing(StrEnum):
    """How a person stands to a group. Only a `member` reads and writes."""

    MEMBER = "member"
    INVITED = "invited"  # A member asked them in; theirs to accept.
    ASKED = "asked"  # They asked to join; the admins' to approve.


class Entry(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One entry. `nth` counts the countable entries up to and including this one; `at` is in Unix milliseconds.

    `elided`: the reader sees the number only; every other field is absent.
    `erased`: recalled, or past its retention; the body is gone for good.
    `withdrawn`: taken out of the public by a decision, which may be overturned; the body is kept from readers.
    What an account says has the account as its sender, never one of its operators. `tag`: of a broadcast that is for
    those followers alone who chose it; the others get it elided, and may read it on the account's page.
    `count`: of a `joined` entry of a public group, how many have come. `openness`: what its settings are from here on.
    """

    topic: TopicId
    seq: Seq
    nth: int = 0
    at: int = 0
    kind: Kind | None = None
    sender: PersonId | None = None
    cid: Cid | None = None
    body: bytes | None = None
    reply_to: Seq | None = None
    target: Seq | None = None
    person: PersonId | None = None
    role: Role | None = None
    until: int | None = None
    count: int | None = None
    openness: Openness | None = None
    tag: str | None = None
    erased: bool = False
    withdrawn: bool = False
    elided: bool = False
