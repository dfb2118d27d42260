"""The state of a topic: who stands how to it, who may do what. A fold over changes; no clock, no store, no socket.

The store applies the same changes to its rows, so memory and disk cannot tell different stories.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, auto

from protocol.entries import Openness, Role, Side, Standing, TopicKind
from protocol.ids import PersonId, Seq, TopicId
from protocol.publications import Surface


@dataclass(slots=True)
class Member:
    """One person's standing. `start`: the first entry they may see. `muted_until`: Unix ms, 0 when free to write."""

    standing: Standing
    role: Role
    start: Seq
    muted_until: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """`person` stands to the topic as `standing` from now on; None: no longer at all.

    `start` None keeps the start of someone who has one, and is the seq of the entry stored with it for a newcomer; or,
    `unannounced`, when they come without an entry, that of the next one.
    `by`: who invited them; somebody who blocks that person is not shown the invitation.
    """

    person: PersonId
    standing: Standing | None
    role: Role = Role.MEMBER
    start: Seq | None = None
    greeting: bytes | None = None
    by: PersonId | None = None
    unannounced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """`person` (None: everybody but owner and admins) may not write until `until`, Unix ms; 0 ends it."""

    person: PersonId | None
    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SetBlock:
    """In a chat, `person` blocks the other one, or no longer does."""

    person: PersonId
    blocked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLink:
    """`digest` is that of the one link by which people may ask to join; None: there is none."""

    digest: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetName:
    """The group's name: opaque bytes."""

    name: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SetNotice:
    """The group's notice: opaque bytes."""

    notice: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SetListing:
    """What a public group's listing says: a published body."""

    listing: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SetScreenName:
    """What `person` is called in a public group: a published body."""

    person: PersonId
    name: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SetOpenness:
    """How a public group is open from now on."""

    openness: Openness


Change = Stand | Mute | SetBlock | SetLink | SetName | SetNotice | SetListing | SetScreenName | SetOpenness


@dataclass(slots=True, kw_only=True)
class TopicState:
    """A topic as decisions see it.

    `generation` rises by one with every commit that has changes; a decision made for an older one is stale.
    `peers`: in a chat, the two people, whether or not both have rows yet. `blockers`: those who block the other.
    """

    topic: TopicId
    kind: TopicKind
    side: Side
    generation: int
    head: Seq
    nth: int
    members: dict[PersonId, Member]
    peers: tuple[PersonId, ...] = ()
    blockers: frozenset[PersonId] = frozenset()
    silenced_until: int = 0
    link: bytes | None = field(default=None, repr=False)
    openness: Openness | None = None  # Of a public group.
    absent: dict[PersonId, int] = field(default_factory=dict)  # There: until when those who left were muted.

    def apply(self, changes: Iterable[Change], *, seq: Seq) -> None:
        """Take `changes` in; `seq` is that of the entry stored with them, or the head when there was none."""
        for change in changes:
            match change:
                case Stand(standing=None):
                    member = self.members.pop(change.person, None)
                    if member is not None and member.muted_until and self.side is Side.PUBLIC:
                        self.absent[change.person] = member.muted_until  # Or to come back would be to be free.
                case Stand(standing=Standing() as standing):
                    self._stand(change, standing, seq)
                case Mute(person=None):
                    self.silenced_until = change.until
                case Mute(person=str() as person):
                    if person in self.members:
                        self.members[person].muted_until = change.until
                case SetBlock():
                    others = self.blockers - {change.person}
                    self.blockers = others | {change.person} if change.blocked else others
                case SetLink():
                    self.link = change.digest
                case SetOpenness():
                    self.openness = change.openness
                case SetName() | SetNotice() | SetListing() | SetScreenName():
                    pass  # Nothing is decided by them.

    def _stand(self, change: Stand, standing: Standing, seq: Seq) -> None:
        before = self.members.get(change.person)
        if before is None or before.standing is not Standing.MEMBER:
            start = Seq(seq + change.unannounced) if change.start is None else change.start
            kept = before.muted_until if before is not None and self.side is Side.PUBLIC else 0
            muted_until = self.absent.pop(change.person, kept)
            self.members[change.person] = Member(standing, change.role, start, muted_until)
        else:
            before.standing, before.role = standing, change.role
            if change.start is not None:
                before.start = change.start

    def seated(self) -> list[PersonId]:
        """Return the people who are members, in the order they came."""
        return [person for person, member in self.members.items() if member.standing is Standing.MEMBER]

    def peer_of(self, person: PersonId) -> PersonId:
        """Return the other one of a chat (oneself, in a chat with oneself)."""
        first, second = self.peers
        return second if first == person else first


class Act(Enum):
    """What one member of a group may do to the group or to another person."""

    INVITE = auto()
    LINK = auto()
    ADMIT = auto()
    REMOVE = auto()
    MUTE = auto()
    NAME = auto()
    NOTICE = auto()
    LISTING = auto()
    SETTINGS = auto()
    RECALL = auto()
    APPOINT = auto()
    HAND_OVER = auto()


_STEWARDS = frozenset(Act) - {Act.APPOINT, Act.HAND_OVER}
MAY: dict[Role, frozenset[Act]] = {
    Role.OWNER: frozenset(Act),
    Role.ADMIN: _STEWARDS,
    Role.MEMBER: frozenset({Act.INVITE}),
}
_NOTHING: frozenset[Act] = frozenset()  # What the operators of a public account may do: an account is no group.
_RANK = {Role.MEMBER: 0, Role.ADMIN: 1, Role.OWNER: 2}


def may(actor: Role, act: Act, *, towards: Role | None = None) -> bool:
    """Say whether `actor` may do `act`; towards somebody, only from a higher rank."""
    return act in MAY.get(actor, _NOTHING) and (towards is None or _RANK[actor] > _RANK.get(towards, 0))


_ACT_OF = {
    Surface.GROUP_NAME: Act.NAME,
    Surface.GROUP_NOTICE: Act.NOTICE,
    Surface.GROUP_LISTING: Act.LISTING,
}


class Bar(Enum):
    """Why a member may not publish on a surface of their group."""

    MUTED = auto()
    NOT_ALLOWED = auto()


def free_to_write(role: Role, *, muted_until: int, silenced_until: int, at: int) -> bool:
    """Say whether a member with `role` may write at `at`; all times in Unix ms."""
    return muted_until <= at and (role is not Role.MEMBER or silenced_until <= at)


def barred(surface: Surface, role: Role, *, muted_until: int, silenced_until: int, at: int) -> Bar | None:
    """Return what keeps a member of a public group from publishing on `surface` at `at`; all times in Unix ms.

    Asked when something is submitted, and again in the transaction that would publish it.
    """
    act = _ACT_OF.get(surface)
    if act is not None:
        return None if may(role, act) else Bar.NOT_ALLOWED
    free = free_to_write(role, muted_until=muted_until, silenced_until=silenced_until, at=at)
    return None if free else Bar.MUTED
