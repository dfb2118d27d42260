"""Reading and what one's own devices share of it: sync, history, read marks, settings of a topic, typing."""

from collections.abc import Mapping
from dataclasses import dataclass

from protocol.entries import Role, Side, Standing, TopicKind, side_of
from protocol.errors import ErrorCode
from protocol.frames import (
    Clear,
    Done,
    History,
    HistoryReply,
    Read,
    ReadPush,
    Receipts,
    ReceiptsReply,
    SetTopic,
    ShowTopic,
    Sync,
    TopicPush,
    TopicReply,
    Typing,
    TypingPush,
)
from protocol.ids import Epoch, PersonId, Seq
from protocol.limits import RECEIPTS_BY_PERSON_MEMBERS
from server.outcomes import (
    NOT_FOUND,
    RESYNC,
    WRONG_SIDE,
    Again,
    Answer,
    Ask,
    Caller,
    CatchUp,
    Commit,
    Decision,
    Refuse,
    Tell,
)
from server.store.base import Header, HistoryPage
from server.store.writes import Marked, MarkRead, Post, Posted, SetTopicSettings, Stale
from server.topics import Stand, TopicState

_ONE_DIRECTION = Refuse(ErrorCode.BAD_REQUEST, "say at most one of `before`, `after` and `around`", field="around")
_FOR_EVERYBODY = Refuse(ErrorCode.NOT_ALLOWED, "an account's page is the same for everybody: nothing of it is cleared")
_AUTHOR_ONLY = Refuse(ErrorCode.NOT_ALLOWED, "only its author may ask who has read a message")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """`epochs`: of the stores that are open. `slice_bytes`: bound of one reply."""

    epochs: Mapping[Side, Epoch]
    slice_bytes: int

    def sync(self, request: Sync, caller: Caller, at: int) -> Decision:
        """Bring the caller's topics up to date and make them live."""
        if any(side_of(topic) is not request.side for topic in request.heads):
            return WRONG_SIDE
        if request.epoch not in {None, self.epochs[request.side]}:
            return RESYNC
        return CatchUp(request.heads, request.marks, lambda reply: reply, RESYNC, side=request.side)

    def history(self, request: History, caller: Caller, at: int) -> Decision:
        """Return a page of one topic."""
        if [request.before, request.after, request.around].count(None) < 2:
            return _ONE_DIRECTION

        def then(page: HistoryPage | None) -> Decision:
            if page is None:
                return NOT_FOUND
            return Answer(
                HistoryReply(
                    entries=page.entries,
                    complete=page.complete,
                    related=page.related,
                    related_complete=page.related_complete,
                )
            )

        return Ask(
            lambda reader: reader.history(
                request.topic,
                caller.person,
                before=request.before,
                after=request.after,
                around=request.around,
                limit=request.limit,
                slice_bytes=self.slice_bytes,
            ),
            then,
            side_of(request.topic),
        )

    def topic(self, request: ShowTopic, caller: Caller, topic: TopicState, at: int) -> Decision:
        """Return how the caller stands to a topic, and its members."""
        member = topic.members[caller.person]
        everyone = member.standing is Standing.MEMBER and member.role is not Role.MEMBER

        def then(reply: TopicReply | None) -> Decision:
            return NOT_FOUND if reply is None else Answer(reply)

        return Ask(lambda reader: reader.view(topic.topic, caller.person, everyone=everyone), then, topic.side)

    def set_topic(self, request: SetTopic, caller: Caller, topic: TopicState, at: int) -> Decision:
        """Mute or pin a topic, for oneself."""

        def then(outcome: Marked | Stale) -> Decision:
            if isinstance(outcome, Stale):
                return NOT_FOUND
            return Answer(
                Done(), (Tell(persons=(caller.person,), push=TopicPush(summary=outcome.summary), not_here=True),)
            )

        write = SetTopicSettings(topic=topic.topic, person=caller.person, muted=request.muted, pinned=request.pinned)
        return Commit(write, then)

    def clear(self, request: Clear, caller: Caller, topic: TopicState, at: int) -> Decision:
        """Hide all up to an entry from oneself, on all devices, for good."""
        member = topic.members[caller.person]
        if topic.kind is TopicKind.ACCOUNT:
            return _FOR_EVERYBODY
        if request.seq > topic.head:
            return NOT_FOUND
        if request.seq < member.start:
            return Answer(Done())
        stand = Stand(person=caller.person, standing=Standing.MEMBER, role=member.role, start=Seq(request.seq + 1))

        def then(outcome: Posted | Stale) -> Decision:
            return Again(request) if isinstance(outcome, Stale) else Answer(Done())

        return Commit(Post(topic=topic.topic, generation=topic.generation, draft=None, changes=(stand,)), then)

    def read(self, request: Read, caller: Caller, topic: TopicState, at: int) -> Decision:
        """Move one's read mark forward; tell one's devices, and the others where receipts go to persons."""

        def then(outcome: Marked | Stale) -> Decision:
            if isinstance(outcome, Stale):
                return NOT_FOUND
            if not outcome.moved:
                return Answer(Done())
            push = ReadPush(topic=topic.topic, person=caller.person, seq=outcome.summary.read)
            mine = Tell(persons=(caller.person,), push=push, not_here=True)
            if topic.side is Side.PUBLIC:  # How far one has read there is nobody else's business.
                return Answer(Done(), (mine,))
            others = others_at_hand(topic, caller.person) if caller.preferences.receipts else ()
            return Answer(Done(), (mine, Tell(persons=others, push=push, receipts=True)))

        return Commit(MarkRead(topic=topic.topic, person=caller.person, seq=request.seq), then)

    def receipts(self, request: Receipts, caller: Caller, topic: TopicState, at: int) -> Decision:
        """Tell the author of a message who has read it; in a larger group, how many."""
        by_person = len(topic.seated()) <= RECEIPTS_BY_PERSON_MEMBERS

        def count(readers: tuple[PersonId, ...]) -> Decision:
            return Answer(ReceiptsReply(count=len(readers), readers=readers if by_person else None))

        def then(header: Header | None) -> Decision:
            if header is None or header.seq < topic.members[caller.person].start:
                return NOT_FOUND
            if header.sender != caller.person:
                return NOT_FOUND if header.hidden_from == caller.person else _AUTHOR_ONLY
            if not caller.preferences.receipts:
                return count(())
            return Ask(lambda reader: reader.readers(topic.topic, request.seq), count)

        return Ask(lambda reader: reader.header(topic.topic, request.seq), then)

    def typing(self, request: Typing, caller: Caller, topic: TopicState, at: int) -> Decision:
        """Tell the others that one is writing. Never stored; dropped first under pressure."""
        push = TypingPush(topic=topic.topic, person=caller.person)
        others = others_at_hand(topic, caller.person)
        return Answer(Done(), (Tell(persons=others, push=push, ephemeral=True),))


def others_at_hand(topic: TopicState, person: PersonId) -> tuple[PersonId, ...]:
    """Return those who learn at once that `person` reads or types: the peer of a chat, unless one of the two blocks
    the other; the others of a small group; nobody in a larger one, and of those who run an account nobody.
    """
    if (topic.kind is TopicKind.CHAT and topic.blockers) or topic.kind is TopicKind.ACCOUNT:
        return ()
    seated = topic.seated()
    if len(seated) > RECEIPTS_BY_PERSON_MEMBERS:
        return ()
    return tuple(other for other in seated if other != person)
