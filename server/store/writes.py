"""What can be written to a store, as values, and what comes of it. The writer executes many in one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from protocol.entries import Entry, Kind, Role, Side, TopicKind
from protocol.frames import Preferences, Summary
from protocol.ids import Cid, DeviceId, PersonId, Seq, TopicId
from server.topics import Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An entry without its number.

    `digest`: keyed, of all that the request said; tells a repeat of `cid` from a conflict.
    `hidden_from`: in a chat, the one who blocks the sender; they get the entry elided.
    A `target` must still be there, not erased, when the draft is stored. Storing a RECALL erases its target and the
    edits and reactions of it.
    """

    kind: Kind
    sender: PersonId
    cid: Cid
    digest: bytes
    at: int
    body: bytes | None = None
    reply_to: Seq | None = None
    target: Seq | None = None
    person: PersonId | None = None
    role: Role | None = None
    until: int | None = None
    hidden_from: PersonId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Founding:
    """A topic that begins with this post; `peers` (sorted) when it is a chat, of which there is one for two people."""

    kind: TopicKind
    side: Side
    peers: tuple[PersonId, PersonId] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """An entry, changes of standing, or both, to one topic. The only way anything enters a log.

    Outcomes: Posted | Repeated | Conflict | Stale | TargetGone | Exists.
    """

    topic: TopicId
    generation: int  # That the decision was made for; 0 with a founding.
    draft: Draft | None
    changes: tuple[Change, ...] = ()
    founding: Founding | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """It is committed. `generation` is the topic's after it; `standings` has the new summary of each person whose
    standing changed, None for those who no longer have one. `post` repeats what was asked, for whoever applies it.
    """

    post: Post
    entry: Entry | None
    generation: int
    standings: Mapping[PersonId, Summary | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Repeated:
    """The sender used this cid before, for the same thing: `entry` is what it became."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class Conflict:
    """The sender used this cid before, for something else."""


@dataclass(frozen=True, slots=True)
class Stale:
    """The topic has another generation by now (or is not there): decide again."""


@dataclass(frozen=True, slots=True)
class TargetGone:
    """The entry it refers to is not there any more."""


@dataclass(frozen=True, slots=True)
class Exists:
    """The chat of these two people had begun already, as `topic`."""

    topic: TopicId


PostOutcome = Posted | Repeated | Conflict | Stale | TargetGone | Exists


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDevice:
    """A device that signs in. `digest` is that of its token; the token itself is never stored."""

    device: DeviceId
    name: str
    digest: bytes
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AddPerson:
    """Outcomes: Done | Taken (the handle, or one that looks like it)."""

    person: PersonId
    handle: str
    skeleton: str
    password: str  # The argon2 encoding of it.
    device: NewDevice


@dataclass(frozen=True, slots=True, kw_only=True)
class AddDevice:
    """Outcomes: Done | Stale (the password is no longer `password`) | TooMany (devices; the limit is the writer's)."""

    person: PersonId
    password: str
    device: NewDevice
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePassword:
    """Replace `old` by `new`, remove every device, and add `device` under the name of the one it `replaces`.

    Outcomes: DevicesRevoked | Stale.
    """

    person: PersonId
    old: str
    new: str
    device: NewDevice
    replaces: DeviceId


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeDevice:
    """Outcomes: DevicesRevoked | TargetGone (no such device of this person)."""

    person: PersonId
    device: DeviceId


@dataclass(frozen=True, slots=True, kw_only=True)
class SeeDevice:
    """Note when a device was last seen. Outcome: Done."""

    device: DeviceId
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPreferences:
    """None leaves a preference as it is. Outcome: Preferences."""

    person: PersonId
    receipts: bool | None
    presence: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PutBlock:
    """`person` blocks `other` (`blocked`), or no longer. Outcome: BlockPut."""

    person: PersonId
    other: PersonId
    blocked: bool
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkRead:
    """Move a read mark forward, never back, never past the head. Outcomes: Marked | Stale (not a member)."""

    topic: TopicId
    person: PersonId
    seq: Seq


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTopicSettings:
    """One's own settings of a topic; None leaves one as it is. Outcomes: Marked | Stale (not a member)."""

    topic: TopicId
    person: PersonId
    muted: bool | None
    pinned: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Erase:
    """Blank the bodies of these entries for good; the numbers stay. Outcome: Done."""

    topic: TopicId
    seqs: tuple[Seq, ...]


Write = (
    Post
    | AddPerson
    | AddDevice
    | ChangePassword
    | RevokeDevice
    | SeeDevice
    | SetPreferences
    | PutBlock
    | MarkRead
    | SetTopicSettings
    | Erase
)


@dataclass(frozen=True, slots=True)
class Done:
    """It is written."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Somebody has this handle, or one that looks like it."""


@dataclass(frozen=True, slots=True)
class TooMany:
    """A limit would be passed."""


@dataclass(frozen=True, slots=True)
class DevicesRevoked:
    """The tokens of these devices are worthless now."""

    devices: tuple[DeviceId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockPut:
    """`topic`: the chat of the two, if they have one; its generation has risen to `generation`."""

    topic: TopicId | None
    generation: int
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """`summary` is the person's view of the topic now; `moved`: whether anything changed."""

    summary: Summary
    moved: bool


Outcome = PostOutcome | Done | Taken | TooMany | DevicesRevoked | Preferences | BlockPut | Marked
