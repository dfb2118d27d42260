"""What can be written to a store, as values, and what comes of it. The writer executes many in one transaction.

They are structs of msgspec because frozen dataclasses take ten times as long to make, and some are made per message.
"""

from collections.abc import Mapping

import msgspec

from protocol.accounts import Act
from protocol.entries import Entry, Kind, Openness, Role, Side, TopicKind
from protocol.frames import Preferences, Summary
from protocol.ids import Cid, DeviceId, PersonId, Seq, TopicId
from server.store.backstage_writes import BackstageOutcome, BackstageWrite
from server.store.comment_writes import CommentOutcome, CommentWrite
from server.store.contact_writes import ContactOutcome, ContactWrite, Stands
from server.store.follow_writes import FollowOutcome, FollowWrite
from server.store.moment_writes import MomentOutcome, MomentWrite
from server.store.public_like_writes import PublicLikePut, PutPublicLike
from server.topics import Change

NO_DIGEST = bytes(16)  # Of what the server says by itself: nobody repeats that.


class Draft(msgspec.Struct, frozen=True, kw_only=True):
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
    count: int | None = None
    openness: Openness | None = None
    tag: str | None = None
    hidden_from: PersonId | None = None


class Founding(msgspec.Struct, frozen=True, kw_only=True):
    """A topic that begins with this post; `peers` (sorted) when it is a chat, of which there is one for two people.

    `at`: when, Unix ms, of one that begins without an entry.
    """

    kind: TopicKind
    side: Side
    peers: tuple[PersonId, PersonId] | None = None
    at: int = 0


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """An entry, changes of standing, or both, to one topic. The only way anything enters a log.

    Outcomes: Posted | Repeated | Conflict | Stale | TargetGone | Exists.
    """

    topic: TopicId
    # That the decision was made for; 0 with a founding. None: somebody leaves, which holds for any, as long as they are
    # a member and not the owner: a crowd may leave at once.
    generation: int | None
    draft: Draft | None
    changes: tuple[Change, ...] = ()
    founding: Founding | None = None
    by: PersonId | None = None  # Of what is said in the name of a public account: its operator.


class Acted(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator of the public account `topic` did; `others`: its other operators, who are told."""

    topic: TopicId
    act: Act
    others: tuple[PersonId, ...]


class Posted(msgspec.Struct, frozen=True, kw_only=True):
    """It is committed. `generation` is the topic's after it; `standings` has the new summary of each person whose
    standing changed, None for those who no longer have one. `post` repeats what was asked, for whoever applies it.
    `besides`: what entered other logs because of it. `acted`: of what an operator did. `whole_for`: of an entry with a
    tag, who runs the account, and gets it whole whatever they follow.
    """

    post: Post
    entry: Entry | None
    generation: int
    standings: Mapping[PersonId, Summary | None] = msgspec.field(default_factory=dict)
    besides: tuple["Posted", ...] = ()
    acted: Acted | None = None
    whole_for: tuple[PersonId, ...] = ()


class Repeated(msgspec.Struct, frozen=True):
    """The sender used this cid before, for the same thing: `entry` is what it became."""

    entry: Entry


class Conflict(msgspec.Struct, frozen=True):
    """The sender used this cid before, for something else."""


class Stale(msgspec.Struct, frozen=True):
    """The topic has another generation by now (or is not there): decide again."""


class TargetGone(msgspec.Struct, frozen=True):
    """The entry it refers to is not there any more."""


class Exists(msgspec.Struct, frozen=True):
    """The chat of these two people had begun already, as `topic`."""

    topic: TopicId


PostOutcome = Posted | Repeated | Conflict | Stale | TargetGone | Exists


class NewDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A device that signs in. `digest` is that of its token; the token itself is never stored."""

    device: DeviceId
    name: str
    digest: bytes
    at: int


class AddPerson(msgspec.Struct, frozen=True, kw_only=True):
    """Outcomes: Done | Taken (the handle, or one that looks like it)."""

    person: PersonId
    handle: str
    skeleton: str
    password: str  # The argon2 encoding of it.
    device: NewDevice


class AddDevice(msgspec.Struct, frozen=True, kw_only=True):
    """Outcomes: Done | Stale (the password is no longer `password`) | TooMany (devices; the limit is the writer's)."""

    person: PersonId
    password: str
    device: NewDevice
    most: int


class ChangePassword(msgspec.Struct, frozen=True, kw_only=True):
    """Replace `old` by `new`, remove every device, and add `device` under the name of the one it `replaces`.

    Outcomes: DevicesRevoked | Stale.
    """

    person: PersonId
    old: str
    new: str
    device: NewDevice
    replaces: DeviceId


class RevokeDevice(msgspec.Struct, frozen=True, kw_only=True):
    """Outcomes: DevicesRevoked | TargetGone (no such device of this person)."""

    person: PersonId
    device: DeviceId


class SeeDevice(msgspec.Struct, frozen=True, kw_only=True):
    """Note when a device was last seen. Outcome: Done."""

    device: DeviceId
    at: int


class SetPreferences(msgspec.Struct, frozen=True, kw_only=True):
    """None leaves a preference as it is. Outcome: Preferences."""

    person: PersonId
    receipts: bool | None = None
    presence: bool | None = None
    findable: bool | None = None
    moments_days: int | None = None


class PutBlock(msgspec.Struct, frozen=True, kw_only=True):
    """`person` blocks `other` (`blocked`), or no longer. Outcome: BlockPut."""

    person: PersonId
    other: PersonId
    blocked: bool
    at: int


class MarkRead(msgspec.Struct, frozen=True, kw_only=True):
    """Move a read mark forward, never back, never past the head. Outcomes: Marked | Stale (not a member)."""

    topic: TopicId
    person: PersonId
    seq: Seq


class SetTopicSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One's own settings of a topic; None leaves one as it is. Outcomes: Marked | Stale (not a member)."""

    topic: TopicId
    person: PersonId
    muted: bool | None
    pinned: bool | None


class Erase(msgspec.Struct, frozen=True, kw_only=True):
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
    | FollowWrite
    | ContactWrite
    | MomentWrite
    | PutPublicLike
    | CommentWrite
    | BackstageWrite
)


class Done(msgspec.Struct, frozen=True):
    """It is written."""


class Taken(msgspec.Struct, frozen=True):
    """Somebody has this handle, or one that looks like it."""


class TooMany(msgspec.Struct, frozen=True):
    """A limit would be passed."""


class DevicesRevoked(msgspec.Struct, frozen=True):
    """The tokens of these devices are worthless now."""

    devices: tuple[DeviceId, ...]


class BlockPut(msgspec.Struct, frozen=True, kw_only=True):
    """`topic`: the chat of the two, its generation risen to `generation`; None: there is none, or it was so before.

    `ended`: what the blocked one asked of who blocks them.
    """

    topic: TopicId | None
    generation: int
    changes: tuple[Change, ...]
    ended: tuple[Stands, ...] = ()


class Marked(msgspec.Struct, frozen=True, kw_only=True):
    """`summary` is the person's view of the topic now; `moved`: whether anything changed."""

    summary: Summary
    moved: bool


Outcome = (
    PostOutcome
    | Done
    | Taken
    | TooMany
    | DevicesRevoked
    | Preferences
    | BlockPut
    | Marked
    | FollowOutcome
    | ContactOutcome
    | MomentOutcome
    | PublicLikePut
    | CommentOutcome
    | BackstageOutcome
)
