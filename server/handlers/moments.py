"""Moments: said to one's friends or to some of them, and read, among what is on squares, newest first.

From whom a moment is hidden it does not exist for: they are answered as if it never had, and no list has a hole there.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from protocol.errors import ErrorCode
from protocol.ids import MomentId, PersonId, new_id
from protocol.limits import AUDIENCE_PEOPLE
from protocol.moments import (
    Audience,
    DeleteMoment,
    Moment,
    MomentPush,
    MomentReply,
    Moments,
    MomentsReply,
    NarrowMoment,
    PostMoment,
    ShowMoment,
    ThreadPush,
    Timeline,
)
from protocol.shapes import Done
from server.outcomes import NO_PLACE, NOT_FOUND, Answer, Ask, AskPublic, Caller, Commit, Decision, Refuse, Stir, Tell
from server.positions import PositionError, Positions, SortKey, fitting
from server.posting import CONFLICT, Drafts
from server.roots import Root, public_root_of, root_of
from server.stirring import Listening
from server.store.moment_port import TimelinePage
from server.store.moment_writes import DropMoment, MomentDropped, MomentNarrowed, MomentPut, Narrow, PutMoment
from server.store.square_port import Likes
from server.store.writes import Conflict, TargetGone, TooMany

_MANY = Refuse(ErrorCode.TOO_MANY, f"a moment can leave out {AUDIENCE_PEOPLE} people at most", field="without")
_TIMELINE = "timeline"
_MOMENT_BYTES = 192  # On the wire: all but the body and the people it is for, at their usual lengths.
_PERSON_BYTES = 17


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """`listening` says who has the thread of a root open. `slice_bytes`: of a reply."""

    drafts: Drafts
    positions: Positions
    listening: Listening
    slice_bytes: int

    def post(self, request: PostMoment, caller: Caller, at: int) -> Decision:
        """Say something to one's friends."""
        write = PutMoment(
            moment=MomentId(new_id()),
            author=caller.person,
            cid=request.cid,
            digest=self.drafts.digest(request),
            at=at,
            body=request.body,
            only=request.only,
            without=request.without,
        )

        def then(outcome: MomentPut | Conflict | TargetGone) -> Decision:
            match outcome:
                case MomentPut(moment=moment):  # Its readers are told by the hub.
                    told = Tell(persons=(caller.person,), push=MomentPush(moment=moment), not_here=True)
                    return Answer(MomentReply(moment=moment), (told,) if outcome.new else ())
                case Conflict():
                    return CONFLICT
                case TargetGone():
                    return NOT_FOUND

        return Commit(write, then)

    def narrow(self, request: NarrowMoment, caller: Caller, at: int) -> Decision:
        """Take a moment of one's own from some of those it is for. This is never judged, and nobody is told."""
        write = Narrow(
            moment=request.moment,
            author=caller.person,
            only=request.only,
            without=request.without,
            most=AUDIENCE_PEOPLE,
        )

        def then(outcome: MomentNarrowed | TargetGone | TooMany) -> Decision:
            match outcome:
                case MomentNarrowed(moment=moment):
                    return Answer(MomentReply(moment=moment))
                case TargetGone():
                    return NOT_FOUND
                case TooMany():
                    return _MANY

        return Commit(write, then)

    def delete(self, request: DeleteMoment, caller: Caller, at: int) -> Decision:
        """Delete a moment of one's own, and all that is said under it."""
        root = root_of(request.moment)
        write = DropMoment(moment=request.moment, author=caller.person, at=at, listening=self.listening(root))

        def then(outcome: MomentDropped | TargetGone) -> Decision:
            if isinstance(outcome, TargetGone):
                return NOT_FOUND
            return Answer(Done(), (Stir(root, ThreadPush(moment=request.moment), outcome.seen_by),))

        return Commit(write, then)

    def show(self, request: ShowMoment, caller: Caller, at: int) -> Decision:
        """Look at one moment."""
        moment = request.moment
        assert moment is not None  # What is public is looked at elsewhere.

        def then(found: Moment | None) -> Decision:
            return NOT_FOUND if found is None else Answer(MomentReply(moment=found))

        return Ask(lambda reader: reader.moment(caller.person, moment, at=at), then)

    def moments(self, request: Moments, caller: Caller, at: int) -> Decision:
        """List what one may see of one person."""
        author, limit = request.person, request.limit + 1
        turn = self._turn(request, caller, f"moments of {author}")
        if turn is None:
            return NO_PLACE

        def then(moments: tuple[Moment, ...] | None) -> Decision:
            return NOT_FOUND if moments is None else turn.among_posts(moments, (author,))

        return Ask(
            lambda reader: reader.moments(caller.person, author, before=turn.before, limit=limit, at=at),
            then,
        )

    def timeline(self, request: Timeline, caller: Caller, at: int) -> Decision:
        """List what oneself and one's friends have said."""
        limit = request.limit + 1
        turn = self._turn(request, caller, _TIMELINE)
        if turn is None:
            return NO_PLACE

        def then(page: TimelinePage) -> Decision:
            return turn.among_posts(page.moments, page.circle)

        return Ask(lambda reader: reader.timeline(caller.person, before=turn.before, limit=limit, at=at), then)

    def _turn(self, request: Moments | Timeline, caller: Caller, listing: str) -> "_Turn | None":
        """Return the page that is asked for; None: there is no such place."""
        try:
            before = self.positions.open(caller.person, listing, request.before)
        except PositionError:
            return None
        return _Turn(
            positions=self.positions,
            viewer=caller.person,
            listing=listing,
            before=before,
            limit=request.limit,
            slice_bytes=self.slice_bytes,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turn:
    """One page of a list of moments and posts: `limit` of them, in `slice_bytes` or one more."""

    positions: Positions
    viewer: PersonId
    listing: str
    before: SortKey | None
    limit: int
    slice_bytes: int

    def among_posts(self, moments: tuple[Moment, ...], persons: tuple[PersonId, ...]) -> Decision:
        """Show `moments`, of which there is one more than fits if there is, among the posts of `persons`."""

        def then(posts: tuple[Moment, ...]) -> Decision:
            found = sorted((*moments, *posts), key=_key, reverse=True)
            shown = tuple(fitting(found[: self.limit], _bytes, slice_bytes=self.slice_bytes))
            complete = len(shown) == len(found)
            roots = [_root(post) for post in shown if post.moment is None]
            if not roots:
                return self._answer(shown, complete=complete)
            return Ask(
                lambda reader: reader.public_likes(roots, self.viewer),
                lambda likes: self._answer(tuple(_liked(moment, likes) for moment in shown), complete=complete),
            )

        return AskPublic(
            lambda reader: reader.posts(persons, viewer=self.viewer, before=self.before, limit=self.limit + 1), then
        )

    def _answer(self, shown: tuple[Moment, ...], *, complete: bool) -> Answer:
        before = "" if complete else self.positions.seal(self.viewer, self.listing, _key(shown[-1]))
        return Answer(MomentsReply(moments=shown, complete=complete, before=before))


def _key(moment: Moment) -> SortKey:
    """Return the place of a moment, or of a post, among both: of the same time the moments are the newer ones."""
    if moment.moment is not None:
        return SortKey(moment.at, moment.moment)
    assert moment.topic is not None
    assert moment.seq is not None
    return SortKey(moment.at, moment.topic, moment.seq)


def _root(post: Moment) -> Root:
    assert post.topic is not None
    assert post.seq is not None
    return public_root_of(post.topic, post.seq)


def _liked(moment: Moment, likes: Mapping[Root, Likes]) -> Moment:
    """Return a post with what is known of who likes it; a moment as it is."""
    if moment.moment is not None:
        return moment
    found = likes[_root(moment)]
    return msgspec.structs.replace(moment, likes=found.likes, liked=found.liked)


def _bytes(moment: Moment) -> int:
    audience = moment.audience or Audience()
    return len(moment.body) + _MOMENT_BYTES + _PERSON_BYTES * (len(audience.only or ()) + len(audience.without))
