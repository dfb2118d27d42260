"""Other people: finding, blocking, and seeing whether they are here."""

from collections.abc import Callable
from dataclasses import dataclass

from protocol.errors import ErrorCode
from protocol.frames import Block, Blocks, Done, People, PeopleReply, Person, Unblock, Watch, WatchReply
from protocol.handles import HandleError, normalise
from protocol.ids import PersonId
from protocol.limits import BLOCKED_PEOPLE
from server.contacts import told
from server.outcomes import NOT_FOUND, Again, Answer, Ask, Caller, Commit, Decision, Part, Refuse, WatchFor
from server.store.writes import PutBlock

_MANY = Refuse(ErrorCode.TOO_MANY, f"one can block {BLOCKED_PEOPLE} people at most")
_ONESELF = Refuse(ErrorCode.BAD_REQUEST, "one cannot block oneself", field="person")


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """`is_here` says whether a person is signed in anywhere; `hidings`, how often somebody was hidden from watchers."""

    is_here: Callable[[PersonId], bool]
    hidings: Callable[[], int]

    def people(self, request: People, caller: Caller, at: int) -> Decision:
        """Return who has these ids, and who has these handles and lets one find them; the others are left out."""
        handles = [handle for handle in map(_normal, request.handles) if handle is not None]
        return Ask(
            lambda reader: reader.found(caller.person, handles, request.persons, at=at),
            lambda people: Answer(PeopleReply(people=people)),
        )

    def block(self, request: Block, caller: Caller, at: int) -> Decision:
        """Hide from oneself what a person writes to one from now on; they learn nothing of it."""
        return self._put(caller, request.person, at, blocked=True)

    def unblock(self, request: Unblock, caller: Caller, at: int) -> Decision:
        """Let a person reach one again; what was hidden stays hidden."""
        return self._put(caller, request.person, at, blocked=False)

    def _put(self, caller: Caller, other: PersonId, at: int, *, blocked: bool) -> Decision:
        if other == caller.person:
            return _ONESELF
        write = PutBlock(person=caller.person, other=other, blocked=blocked, at=at)
        effects = (Part(caller.person, other),) if blocked else ()

        def then(found: tuple[tuple[Person, ...], tuple[Person, ...]]) -> Decision:
            people, blocks = found
            if not people:
                return NOT_FOUND
            if blocked and len(blocks) >= BLOCKED_PEOPLE and people[0] not in blocks:
                return _MANY
            return Commit(write, lambda put: Answer(Done(), (*effects, *map(told, put.ended))))

        return Ask(lambda reader: (reader.people((), (other,)), reader.blocks(caller.person)), then)

    def blocks(self, request: Blocks, caller: Caller, at: int) -> Decision:
        """List whom one blocks."""
        return Ask(lambda reader: reader.blocks(caller.person), lambda people: Answer(PeopleReply(people=people)))

    def watch(self, request: Watch, caller: Caller, at: int) -> Decision:
        """Say who of these is here, as far as they let one see it, and tell when that changes."""
        hidings = self.hidings()

        def then(seen: tuple[PersonId, ...]) -> Decision:
            if self.hidings() != hidings:
                return Again(request)  # Somebody may not be seen any more who still was when this was read.
            online = tuple(person for person in seen if self.is_here(person))
            return Answer(WatchReply(online=online), (WatchFor(seen),))

        if not caller.preferences.presence:
            return then(())
        return Ask(lambda reader: reader.watchable(caller.person, request.persons), then)


def _normal(handle: str) -> str | None:
    try:
        return normalise(handle)
    except HandleError:
        return None
