"""What is said and liked under what is public: the public half of threads. Comments themselves are published.

Anybody may read, and like. Which comments others are shown is for those to say who run what they are under.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from protocol.errors import ErrorCode
from protocol.ids import Seq, TopicId
from protocol.moments import (
    ChooseComments,
    CloseThread,
    CommentReply,
    DeleteComment,
    Like,
    LikeReply,
    Moment,
    MomentReply,
    SelectComment,
    ShowMoment,
    ShowThread,
    ThreadPush,
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
    OpenThread,
    Refuse,
    Stir,
)
from server.positions import PositionError, Positions, SortKey
from server.roots import Root, public_root_of
from server.store.public_like_writes import PublicLikePut, PutPublicLike
from server.store.square_port import Likes, PublicRoot, PublicThread
from server.store.square_writes import (
    Choose,
    Chosen,
    DropPublicComment,
    NoSuchThing,
    NotTheirs,
    PublicCommentDropped,
    Select,
    Selected,
)

_NOT_YOURS = Refuse(ErrorCode.NOT_ALLOWED, "this is not yours to delete")
_NO_SAY = Refuse(ErrorCode.NOT_ALLOWED, "who published it says which comments there are to be")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicThreads:
    """`slice_bytes`: of a reply. Who has a thread open is told of changes by others."""

    positions: Positions
    slice_bytes: int

    def show(self, request: ShowThread, caller: Caller, at: int) -> Decision:
        """Read what is said there, and perhaps hear of it when that changes."""
        topic, seq = _entry_of(request)

        def then(root: Seq | None) -> Decision:
            return NOT_FOUND if root is None else self._show(request, caller, public_root_of(topic, root))

        return AskPublic(lambda reader: reader.thread_root(topic, seq), then)

    def close(self, request: CloseThread, caller: Caller, at: int) -> Decision:
        """Hear of it no more, whether or not it is there."""
        topic, seq = _entry_of(request)

        def then(root: Seq | None) -> Decision:
            return Answer(Done(), (outcomes.CloseThread(public_root_of(topic, root or seq)),))

        return AskPublic(lambda reader: reader.thread_root(topic, seq), then)

    def like(self, request: Like, caller: Caller, at: int) -> Decision:
        """Like it, or no longer. Who does is told to nobody."""
        topic, seq = _entry_of(request)

        def then(found: PublicRoot | None) -> Decision:
            if found is None and request.liked:
                return NOT_FOUND
            first = seq if found is None else found.seq
            root, push = public_root_of(topic, first), ThreadPush(topic=topic, seq=first)

            def liked(outcome: PublicLikePut) -> Decision:
                if found is None:
                    return Answer(LikeReply(likes=0))
                return Answer(LikeReply(likes=outcome.likes), (Stir(root, push, None),) if outcome.changed else ())

            return Commit(PutPublicLike(root=root, person=caller.person, liked=request.liked, at=at), liked)

        return AskPublic(lambda reader: reader.public_root(topic, seq, viewer=caller.person), then)

    def delete(self, request: DeleteComment, caller: Caller, at: int) -> Decision:
        """Erase a comment, and what answers it. This is never judged."""

        def then(outcome: PublicCommentDropped | NoSuchThing | NotTheirs) -> Decision:
            match outcome:
                case PublicCommentDropped():
                    return Answer(Done())
                case NotTheirs():
                    return _NOT_YOURS
                case NoSuchThing():
                    return NOT_FOUND

        return Commit(DropPublicComment(comment=request.comment, person=caller.person, at=at), then)

    def select(self, request: SelectComment, caller: Caller, at: int) -> Decision:
        """Select a comment for others to be shown, or no longer."""

        def then(outcome: Selected | NoSuchThing | NotTheirs) -> Decision:
            match outcome:
                case Selected(comment=comment):
                    return Answer(CommentReply(comment=comment))
                case NotTheirs():
                    return _NO_SAY
                case NoSuchThing():
                    return NOT_FOUND

        write = Select(comment=request.comment, selected=request.selected, person=caller.person, at=at)
        return Commit(write, then)

    def choose(self, request: ChooseComments, caller: Caller, at: int) -> Decision:
        """Say which comments there are to be."""

        def then(outcome: Chosen | NoSuchThing | NotTheirs) -> Decision:
            match outcome:
                case Chosen():
                    return Answer(Done())
                case NotTheirs():
                    return _NO_SAY
                case NoSuchThing():
                    return NOT_FOUND

        write = Choose(topic=request.topic, seq=request.seq, choice=request.choice, person=caller.person, at=at)
        return Commit(write, then)

    def post(self, request: ShowMoment, caller: Caller, at: int) -> Decision:
        """Look at one post of a square."""
        topic, seq = _entry_of(request)
        root = public_root_of(topic, seq)

        def then(post: Moment | None) -> Decision:
            if post is None:
                return NOT_FOUND

            def answer(likes: Likes) -> Decision:
                return Answer(MomentReply(moment=msgspec.structs.replace(post, likes=likes.likes, liked=likes.liked)))

            return _with_likes(root, caller, answer)

        return AskPublic(lambda reader: reader.post(topic, seq, viewer=caller.person), then)

    def _show(self, request: ShowThread, caller: Caller, root: Root) -> Decision:
        try:
            before = self.positions.open(caller.person, root, request.before)
        except PositionError:
            return NO_PLACE
        read = self._read(request, caller, root, before)
        return OpenThread(root, read) if request.live else read

    def _read(self, request: ShowThread, caller: Caller, root: Root, before: SortKey | None) -> Decision:
        topic, seq = _entry_of(request)

        def then(thread: PublicThread | None) -> Decision:
            if thread is None:
                return NOT_FOUND
            place = ""
            if not thread.complete and thread.last is not None:
                place = self.positions.seal(caller.person, root, thread.last)

            def answer(likes: Likes) -> Decision:
                return Answer(
                    ThreadReply(
                        comments=thread.comments,
                        complete=thread.complete,
                        likes=likes.likes,
                        liked=likes.liked,
                        before=place,
                        choice=thread.root.choice,
                    )
                )

            return _with_likes(root, caller, answer)

        return AskPublic(
            lambda reader: reader.public_thread(
                topic,
                seq,
                viewer=caller.person,
                before=before,
                limit=request.limit,
                slice_bytes=self.slice_bytes,
            ),
            then,
        )


def _with_likes(root: Root, caller: Caller, then: Callable[[Likes], Decision]) -> Decision:
    return Ask(lambda reader: reader.public_likes((root,), caller.person), lambda found: then(found[root]))


def _entry_of(request: Any) -> tuple[TopicId, Seq]:
    """Return what a request is about: those that come to this half name an entry."""
    return request.topic, request.seq
