"""What is said and liked under moments, and one's notices: the private half of threads.

Whom a moment is hidden from it is not there for, in what they ask and in what they are told.
"""

from dataclasses import dataclass
from typing import Any

import msgspec

from protocol.errors import ErrorCode
from protocol.ids import CommentId, MomentId, PersonId, new_id
from protocol.limits import NOTICES_COUNTED
from protocol.moments import (
    CloseThread,
    Comment,
    CommentReply,
    DeleteComment,
    Like,
    LikeReply,
    Notice,
    NoticePush,
    Notices,
    NoticesReply,
    ReadNotices,
    SayComment,
    ShowThread,
    ThreadReply,
)
from protocol.shapes import Done
from server import outcomes
from server.outcomes import (
    NO_PLACE,
    NOT_FOUND,
    Answer,
    Ask,
    AskPublic,
    Caller,
    Commit,
    Decision,
    Effect,
    OpenThread,
    Refuse,
    Tell,
)
from server.positions import PositionError, Positions, SortKey, fitting
from server.posting import CONFLICT, Drafts
from server.roots import root_of
from server.stirring import Listening, stirred
from server.store.comment_writes import (
    CommentDropped,
    CommentPut,
    DropComment,
    LikePut,
    MarkNotices,
    NoticesMarked,
    PutComment,
    PutLike,
)
from server.store.thread_port import NoticePage, place_of
from server.store.writes import Conflict, TargetGone

AHEAD_MS = 60_000  # What answers something at once is dated a little later than that, and so than the clock.

ITEM_BYTES = 256  # What a comment, or a notice of one, takes on the wire besides its body.

_NOTICES = "notices"
_TO_COME = Refuse(ErrorCode.BAD_REQUEST, "`at` is in the future", field="at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Threads:
    """`listening` says who has the thread of a root open. `slice_bytes`: of a reply."""

    drafts: Drafts
    positions: Positions
    listening: Listening
    slice_bytes: int

    def comment(self, request: SayComment, caller: Caller, at: int) -> Decision:
        """Say something under a moment."""
        write = PutComment(
            comment=CommentId(new_id()),
            moment=request.moment,
            author=caller.person,
            cid=request.cid,
            digest=self.drafts.digest(request),
            at=at,
            body=request.body,
            answers=request.answers,
        )

        def then(outcome: CommentPut | Conflict | TargetGone) -> Decision:
            match outcome:
                case CommentPut(comment=said):
                    answer = Answer(CommentReply(comment=said), _told(outcome.told))
                    if not outcome.new:
                        return answer
                    return stirred(
                        request.moment,
                        self.listening,
                        lambda reader, persons: reader.seeing_comment(said.comment, persons, at=at),
                        answer,
                    )
                case Conflict():
                    return CONFLICT
                case TargetGone():
                    return NOT_FOUND

        return Commit(write, then)

    def delete(self, request: DeleteComment, caller: Caller, at: int) -> Decision:
        """Delete a comment, and what answers it."""

        def then(outcome: CommentDropped | TargetGone) -> Decision:
            if isinstance(outcome, TargetGone):
                return NOT_FOUND
            if not outcome.erased:
                return Answer(Done())
            return stirred(
                outcome.moment,
                self.listening,
                lambda reader, persons: reader.seeing_comment(request.comment, persons, at=at),
                Answer(Done()),
            )

        return Commit(DropComment(comment=request.comment, person=caller.person), then)

    def like(self, request: Like, caller: Caller, at: int) -> Decision:
        """Like a moment, or no longer."""
        moment = _moment_of(request)

        def then(outcome: LikePut | TargetGone) -> Decision:
            if isinstance(outcome, TargetGone):
                return NOT_FOUND
            if not outcome.seen:
                return count(outcome, 0)
            return Ask(lambda reader: reader.likes(caller.person, moment), lambda likes: count(outcome, likes))

        def count(outcome: LikePut, likes: int) -> Decision:
            answer = Answer(LikeReply(likes=likes), _told(outcome.told))
            if not outcome.changed:
                return answer
            return stirred(
                moment,
                self.listening,
                lambda reader, persons: reader.seeing_like(moment, caller.person, persons, at=at),
                answer,
            )

        return Commit(PutLike(moment=moment, person=caller.person, liked=request.liked, at=at), then)

    def show(self, request: ShowThread, caller: Caller, at: int) -> Decision:
        """Read what is said under a moment, and perhaps hear of it when that changes."""
        moment = _moment_of(request)
        root = root_of(moment)
        try:
            before = self.positions.open(caller.person, root, request.before)
        except PositionError:
            return NO_PLACE

        def then(found: ThreadReply | None) -> Decision:
            if found is None:
                return NOT_FOUND
            shown = tuple(fitting(found.comments, _bytes, slice_bytes=self.slice_bytes))
            if found.complete and len(shown) == len(found.comments):
                return Answer(found)
            last = shown[-1]
            place = self.positions.seal(caller.person, root, SortKey(last.at, last.comment))
            return Answer(msgspec.structs.replace(found, comments=shown, complete=False, before=place))

        asked = Ask(
            lambda reader: reader.thread(caller.person, moment, before=before, limit=request.limit, at=at), then
        )
        return OpenThread(root, asked) if request.live else asked

    def close(self, request: CloseThread, caller: Caller, at: int) -> Decision:
        """Hear of it no more, whether or not it is there."""
        return Answer(Done(), (outcomes.CloseThread(root_of(_moment_of(request))),))

    def notices(self, request: Notices, caller: Caller, at: int) -> Decision:
        """List what others have liked and commented of one's own."""
        try:
            before = self.positions.open(caller.person, _NOTICES, request.before)
        except PositionError:
            return NO_PLACE

        person, limit, most = caller.person, request.limit + 1, NOTICES_COUNTED

        def merge(private: NoticePage, public: tuple[Notice, ...], unread: int) -> Decision:
            found = sorted((*private.notices, *public), key=place_of, reverse=True)
            fits = fitting(found[: request.limit], lambda notice: _bytes(notice.comment), slice_bytes=self.slice_bytes)
            shown = tuple(fits)
            complete = len(shown) == len(found)
            place = "" if complete else self.positions.seal(person, _NOTICES, place_of(shown[-1]))
            unread = min(private.unread + unread, most)
            return Answer(NoticesReply(notices=shown, complete=complete, unread=unread, before=place))

        def ask_public(private: NoticePage) -> Decision:
            return AskPublic(
                lambda reader: (
                    reader.public_notices(person, before=before, limit=limit),
                    reader.public_unread(person, since=private.read, most=most),
                ),
                lambda public: merge(private, *public),
            )

        return Ask(lambda reader: reader.notices(person, before=before, limit=limit, most=most, at=at), ask_public)

    def read(self, request: ReadNotices, caller: Caller, at: int) -> Decision:
        """Note how far one has read them. Nobody has read what is not there yet."""
        if request.at > at + AHEAD_MS:
            return _TO_COME

        def then(outcome: NoticesMarked) -> Decision:
            told = Tell(persons=(caller.person,), push=NoticePush(), not_here=True)
            return Answer(Done(), (told,) if outcome.moved else ())

        return Commit(MarkNotices(person=caller.person, at=request.at), then)


def _bytes(comment: Comment | None) -> int:
    return ITEM_BYTES + (len(comment.body) if comment is not None else 0)


def _told(persons: tuple[PersonId, ...]) -> tuple[Effect, ...]:
    return (Tell(persons=persons, push=NoticePush()),) if persons else ()


def _moment_of(request: Any) -> MomentId:
    moment: MomentId = request.moment  # The requests that come to this half name one.
    return moment
