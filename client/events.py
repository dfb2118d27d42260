"""What a session tells its user. Values only; everything lasting in them is in the cache before they are told."""

from dataclasses import dataclass

from client.errors import ClientError
from protocol.accounts import Act, OwnAccount
from protocol.contacts import Contact
from protocol.decisions import Submission
from protocol.entries import Entry, Side
from protocol.following import Follow
from protocol.frames import Preferences, Summary
from protocol.ids import Cid, MomentId, PersonId, Seq, TopicId
from protocol.moments import Moment


@dataclass(frozen=True, slots=True)
class Online:
    """Connected and signed in."""


@dataclass(frozen=True, slots=True)
class Offline:
    """Not connected, because of `error`; the next try is in `retry_in` seconds."""

    error: ClientError
    retry_in: float


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """Everything the server had at the time of connecting is in the cache."""


@dataclass(frozen=True, slots=True)
class Resynced:
    """The server's store of `side` is not the one the cache was made from: what was cached of it comes anew."""

    side: Side = Side.PRIVATE


@dataclass(frozen=True, slots=True)
class Arrived:
    """The next entry of a topic, in order and once: a message, or what an account says that one follows or runs."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class TopicChanged:
    """A topic is new, or one stands to it in another way."""

    summary: Summary


@dataclass(frozen=True, slots=True)
class Gone:
    """The topic is none of one's own any more; its entries have left the cache."""

    topic: TopicId


@dataclass(frozen=True, slots=True)
class ReadUpTo:
    """`person` (maybe oneself, on another device) has read up to `seq`."""

    topic: TopicId
    person: PersonId
    seq: Seq


@dataclass(frozen=True, slots=True)
class IsTyping:
    """`person` is writing something right now."""

    topic: TopicId
    person: PersonId


@dataclass(frozen=True, slots=True)
class PresenceChanged:
    """People one watches came or went."""

    online: tuple[PersonId, ...]
    offline: tuple[PersonId, ...]


@dataclass(frozen=True, slots=True)
class RequestsChanged:
    """For owner and admins: the people invited to `topic`, or asking to join it, have changed."""

    topic: TopicId


@dataclass(frozen=True, slots=True)
class PreferencesChanged:
    """One's preferences were changed on some device of one's own."""

    preferences: Preferences


@dataclass(frozen=True, slots=True)
class Sent:
    """What waited in the outbox as `cid` is durable on the server."""

    cid: Cid
    topic: TopicId
    seq: Seq


@dataclass(frozen=True, slots=True)
class NotSent:
    """The server refused what waited in the outbox as `cid`; it is kept there, marked, and not tried again."""

    cid: Cid
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Postponed:
    """What waits as `cid` cannot be taken now; it stays in the outbox, and is tried again in `retry_in` seconds."""

    cid: Cid
    code: str
    message: str
    retry_in: float


@dataclass(frozen=True, slots=True)
class Held:
    """What one submitted is held until somebody decides about it, or until its time is over."""

    submission: Submission


@dataclass(frozen=True, slots=True)
class Judged:
    """What one submitted is decided: rejected, lapsed, labelled, released, taken back; or withdrawn, or restored."""

    submission: Submission


@dataclass(frozen=True, slots=True)
class Followed:
    """One follows an account, or in another way than before; its next entries arrive."""

    follow: Follow


@dataclass(frozen=True, slots=True)
class Unfollowed:
    """One follows `topic` no more; `Gone` says that its entries have left the cache, unless one runs that account."""

    topic: TopicId


@dataclass(frozen=True, slots=True)
class ContactChanged:
    """Somebody stands to one in another way than `before`, or one notes something else about them."""

    contact: Contact
    before: Contact | None


@dataclass(frozen=True, slots=True)
class AccountChanged:
    """What one applied for is decided."""

    account: OwnAccount


@dataclass(frozen=True, slots=True)
class OperatorActed:
    """Another operator of one's account `topic` did something."""

    topic: TopicId
    act: Act


@dataclass(frozen=True, slots=True)
class InboxChanged:
    """Something is new in a dialogue of one's account `topic`."""

    topic: TopicId
    dialogue: TopicId


@dataclass(frozen=True, slots=True)
class MomentSaid:
    """A friend has said something that one may see, or oneself, on another device."""

    moment: Moment


@dataclass(frozen=True, slots=True)
class ThreadChanged:
    """What is said under a moment, or under `topic` and `seq`, is not what it was; one had asked to be told."""

    moment: MomentId | None
    topic: TopicId | None
    seq: Seq | None


@dataclass(frozen=True, slots=True)
class NoticesChanged:
    """There is something new among one's notices, or they were read on another device."""


Event = (
    Online
    | Offline
    | CaughtUp
    | Resynced
    | Arrived
    | TopicChanged
    | Gone
    | ReadUpTo
    | IsTyping
    | PresenceChanged
    | RequestsChanged
    | PreferencesChanged
    | Sent
    | NotSent
    | Postponed
    | Held
    | Judged
    | Followed
    | Unfollowed
    | ContactChanged
    | AccountChanged
    | OperatorActed
    | InboxChanged
    | MomentSaid
    | ThreadChanged
    | NoticesChanged
)
