"""What was committed while syncs are being read, so that nothing falls between a snapshot and what comes after it."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count, islice

import msgspec

from protocol.frames import SyncReply
from protocol.ids import PersonId, TopicId
from server.fanout import Parcel


@dataclass(frozen=True, slots=True)
class Stood:
    """A person was told how they stand to a topic now."""

    topic: TopicId
    person: PersonId
    seated: bool


@dataclass(frozen=True, slots=True)
class Followed:
    """A person follows an account now, perhaps in another way than before; or does no longer."""

    account: TopicId
    person: PersonId
    follows: bool


Noted = Stood | Followed | tuple[TopicId, Parcel]


@dataclass(slots=True)
class Journal:
    """The notes since the oldest of the syncs under way began; numbered from `first` on.

    `begun`: for each sync the number of what came first after it began.
    """

    notes: deque[Noted] = field(default_factory=deque)
    first: int = 0
    begun: dict[int, int] = field(default_factory=dict)
    tickets: Iterator[int] = field(default_factory=count)

    def begin(self) -> int:
        """Keep what comes from now on. Return what names this sync."""
        ticket = next(self.tickets)
        self.begun[ticket] = self.first + len(self.notes)
        return ticket

    def end(self, ticket: int) -> None:
        """A sync that was begun is over: forget what no other one needs."""
        del self.begun[ticket]
        oldest = next(iter(self.begun.values()), self.first + len(self.notes))
        while self.first < oldest:
            self.notes.popleft()
            self.first += 1

    def add(self, note: Noted) -> None:
        """Note what happened, if a sync is under way."""
        if self.begun:
            self.notes.append(note)

    def parcels(self, ticket: int) -> Iterator[tuple[TopicId, Parcel]]:
        """Return what entered a log since the sync began, in order."""
        return (note for note in self._since(ticket) if isinstance(note, tuple))

    def followed(self, ticket: int, person: PersonId | None) -> dict[TopicId, bool]:
        """Return of which accounts it has changed since then how `person` follows them, and whether they do now."""
        notes = (note for note in self._since(ticket) if isinstance(note, Followed) and note.person == person)
        return {note.account: note.follows for note in notes}

    def amended(self, ticket: int, person: PersonId, reply: SyncReply) -> SyncReply:
        """Return `reply` without what `person` has been told otherwise since the sync began."""
        stood = [note for note in self._since(ticket) if isinstance(note, Stood) and note.person == person]
        followed = self.followed(ticket, person)
        if not stood and not followed:
            return reply
        told = {note.topic for note in stood}
        left = {note.topic for note in stood if not note.seated}
        left |= {account for account, follows in followed.items() if not follows}
        come = told | {account for account, follows in followed.items() if follows}
        return msgspec.structs.replace(
            reply,
            topics=tuple(summary for summary in reply.topics if summary.topic not in told),
            slices=tuple(piece for piece in reply.slices if piece.topic not in left),
            gone=tuple(topic for topic in reply.gone if topic not in come),
        )

    def _since(self, ticket: int) -> Iterator[Noted]:
        return islice(self.notes, self.begun[ticket] - self.first, None)
