"""Public groups: founded public, for good. Who comes in is decided by the group's openness, or by its admins.

Their texts are published elsewhere; here is only who is in, and how they come in.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from compliance.bench import Bench
from protocol.entries import Kind, Openness, Role, Side, Standing, TopicKind
from protocol.errors import ErrorCode
from protocol.handles import skeleton
from protocol.ids import new_public_topic_id
from protocol.public import (
    GroupFind,
    GroupFoundPublic,
    GroupJoin,
    GroupListing,
    GroupSettings,
    JoinReply,
    Listing,
    ListingReply,
    ListingsReply,
)
from server.membership import CROWDED, FULL, NOT_ALLOWED, requests_changed
from server.outcomes import (
    NOT_FOUND,
    Answer,
    AskPublic,
    Caller,
    Came,
    Commit,
    Decision,
    Refuse,
    With,
)
from server.posting import Drafts, post
from server.store.public_writes import GroupFull, Introduce, Join, Joined
from server.store.writes import Founding, Post
from server.topics import Act, SetOpenness, Stand, TopicState, may

WAITING = 1000  # People who wait to be approved, at a time.


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicGroups:
    """`cap`: members of a public group at most."""

    drafts: Drafts
    bench: Bench
    cap: int

    def found(self, request: GroupFoundPublic, caller: Caller, at: int) -> Decision:
        """Begin a public group, as its owner. It has no name until one is published."""
        closed = self.bench.closed(at=at)
        if closed:
            return Refuse(ErrorCode.PUBLIC_CLOSED, closed)
        openness = Openness(admission=request.admission, listed=request.listed, history_open=request.history_open)
        draft = self.drafts.draft(request, caller, at=at, kind=Kind.FOUNDED, openness=openness)
        owner = Stand(person=caller.person, standing=Standing.MEMBER, role=Role.OWNER)
        write = Post(
            topic=new_public_topic_id(),
            generation=0,
            draft=draft,
            changes=(SetOpenness(openness=openness), owner),
            founding=Founding(kind=TopicKind.GROUP, side=Side.PUBLIC),
        )
        return self._introduced(caller, at, lambda: post(request, write))

    def join(self, request: GroupJoin, caller: Caller, at: int) -> Decision:
        """Come in, or ask to, as the group has it. Nobody else is told at once: many may come at a time."""
        closed = self.bench.closed(at=at)
        if closed:
            return Refuse(ErrorCode.PUBLIC_CLOSED, closed)
        write = Join(
            topic=request.topic,
            person=caller.person,
            handle=caller.handle,
            skeleton=skeleton(caller.handle),
            cap=self.cap,
            waiting=WAITING,
            at=at,
        )

        def then(outcome: Any) -> Decision:
            match outcome:
                case Joined():
                    reply = JoinReply(topic=request.topic, standing=outcome.standing)
                    if outcome.posted is None:
                        return Answer(reply)
                    if outcome.standing is Standing.MEMBER:
                        return Answer(reply, (Came(request.topic),))
                    return With(request.topic, lambda topic: Answer(reply, requests_changed(topic)))
                case GroupFull(asking):
                    return CROWDED if asking else FULL
                case _:
                    return NOT_FOUND

        return Commit(write, then)

    def settings(self, request: GroupSettings, caller: Caller, topic: TopicState, at: int) -> Decision:
        """Change how open the group is."""
        if topic.openness is None:
            return NOT_FOUND
        if not may(topic.members[caller.person].role, Act.SETTINGS):
            return NOT_ALLOWED
        before = topic.openness
        openness = Openness(
            admission=before.admission if request.admission is None else request.admission,
            listed=before.listed if request.listed is None else request.listed,
            history_open=before.history_open if request.history_open is None else request.history_open,
        )
        draft = self.drafts.draft(request, caller, at=at, kind=Kind.SETTINGS, openness=openness)
        write = Post(
            topic=topic.topic, generation=topic.generation, draft=draft, changes=(SetOpenness(openness=openness),)
        )
        return post(request, write)

    def find(self, request: GroupFind, caller: Caller, at: int) -> Decision:
        """Find listed groups. What was looked for is kept nowhere."""

        def then(listings: tuple[Listing, ...]) -> Decision:
            return Answer(ListingsReply(listings=listings))

        return AskPublic(lambda reader: reader.find(request.query.strip(), limit=request.limit), then)

    def listing(self, request: GroupListing, caller: Caller, at: int) -> Decision:
        """Show one public group as anybody sees it."""

        def then(listing: Listing | None) -> Decision:
            return NOT_FOUND if listing is None else Answer(ListingReply(listing=listing))

        return AskPublic(lambda reader: reader.listing(request.topic), then)

    def _introduced(self, caller: Caller, at: int, then: "Callable[[], Decision]") -> Decision:
        """Go on once the public side knows the caller's handle."""
        write = Introduce(person=caller.person, handle=caller.handle, skeleton=skeleton(caller.handle), at=at)
        return Commit(write, lambda _: then())
