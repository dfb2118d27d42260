"""Moments, and what is said under them and under what is public: as one sees it now, and kept nowhere on this device.

    moments = Moments(session)
    said = await moments.post("hello")                           # private, to one's friends
    await moments.post("hello, Bob", only=(bob,))                # to some of them; `only=()`: to oneself
    said = await moments.narrow(said.moment, without=(carol,))   # to fewer; never to more
    page = await moments.timeline()                              # friends' moments and squares, newest first
    thread = await moments.thread(Root.of(page.moments[0]))      # comments, newest first; likes
    await moments.like(root), await moments.comment(root.moment, "well said")

What is said privately goes by way of the outbox, and is said once, whatever breaks. What is to be public is published:
`session.publish`, on the surface `square` or `comment`. Every list is as long as is asked for, in as many pages as it
takes; `complete` says whether that was all.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypedDict, TypeVar

import msgspec

from client.session import Session
from protocol import limits
from protocol.content import Text, encode
from protocol.entries import Side
from protocol.ids import CommentId, MomentId, PersonId, Seq, TopicId
from protocol.moments import (
    Choice,
    ChooseComments,
    CloseThread,
    Comment,
    CommentReply,
    DeleteComment,
    DeleteMoment,
    Like,
    Moment,
    MomentReply,
    MomentsReply,
    NarrowMoment,
    Notice,
    Notices,
    NoticesReply,
    PostMoment,
    ReadNotices,
    SayComment,
    SelectComment,
    ShowMoment,
    ShowThread,
    ThreadReply,
    Timeline,
)
from protocol.moments import Moments as MomentsOf

R = TypeVar("R", MomentsReply, ThreadReply, NoticesReply)
SHOWN = 20  # Of a list, unless more or fewer are asked for.


class Where(TypedDict):
    """How a request names a root."""

    moment: MomentId | None
    topic: TopicId | None
    seq: Seq | None


@dataclass(frozen=True, slots=True)
class Root:
    """What is liked and commented: a moment; or a post of a square, or an article, by `topic` and `seq`."""

    moment: MomentId | None = None
    topic: TopicId | None = None
    seq: Seq | None = None

    @classmethod
    def of(cls, what: Moment | Notice) -> "Root":
        """Return what names `what`, or what a notice is of."""
        return cls(what.moment, what.topic, what.seq)

    @property
    def side(self) -> Side:
        """Whether it is private, or public."""
        return Side.PUBLIC if self.moment is None else Side.PRIVATE

    @property
    def where(self) -> Where:
        """What a request names it by."""
        return {"moment": self.moment, "topic": self.topic, "seq": self.seq}


class Moments:
    """The moments one may see, by way of a session. Refused requests raise RefusedError; `not_found` may be any of:
    it is deleted, it was never there, one may not see it.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    # Moments.

    async def post(
        self, text: str | bytes, *, only: tuple[PersonId, ...] | None = None, without: tuple[PersonId, ...] = ()
    ) -> Moment:
        """Say something (bytes: a body already encoded) to one's friends; `only` to some, or `without` some.

        Raises:
            RefusedError: The server would not have it.
            ProtocolError: It is out of bounds.
        """
        body, cid = _encoded(text), self._session.new_cid()
        request = PostMoment(id=0, cid=cid, body=body, only=only, without=without)
        answer = await self._session.carried(request)
        if isinstance(answer, MomentReply):
            return answer.moment
        return (await self._session.request(request)).moment

    async def narrow(
        self, moment: MomentId, *, only: tuple[PersonId, ...] | None = None, without: tuple[PersonId, ...] = ()
    ) -> Moment:
        """Show it to those alone, of whom it is shown to, who are in `only` and not in `without`."""
        asked = NarrowMoment(id=0, moment=moment, only=only, without=without)
        return (await self._session.request(asked)).moment

    async def delete(self, moment: MomentId) -> None:
        """Delete a moment of one's own, with all that is said under it."""
        await self._session.request(DeleteMoment(id=0, moment=moment))

    async def show(self, root: Root) -> Moment:
        """Return one moment, or one post of a square, as it is now."""
        return (await self._session.request(ShowMoment(id=0, **root.where))).moment

    async def timeline(self, limit: int = SHOWN) -> MomentsReply:
        """Return what one's friends have said lately, to some or to everyone, and oneself; newest first."""
        return await _collected(
            "moments", limit, lambda before, few: self._session.request(Timeline(id=0, before=before, limit=few))
        )

    async def of(self, person: PersonId, limit: int = SHOWN) -> MomentsReply:
        """Return what one may see of one person, newest first."""
        return await _collected(
            "moments",
            limit,
            lambda before, few: self._session.request(MomentsOf(id=0, person=person, before=before, limit=few)),
        )

    # What is said under them.

    async def like(self, root: Root, *, liked: bool = True) -> int:
        """Like it, or no longer, and return how many likes one sees there."""
        return (await self._session.request(Like(id=0, liked=liked, **root.where))).likes

    async def comment(self, moment: MomentId, text: str | bytes, *, answers: CommentId | None = None) -> Comment:
        """Say something under a moment; raises as `post`."""
        body, cid = _encoded(text), self._session.new_cid()
        request = SayComment(id=0, cid=cid, moment=moment, body=body, answers=answers)
        answer = await self._session.carried(request)
        if isinstance(answer, CommentReply):
            return answer.comment
        return (await self._session.request(request)).comment

    async def delete_comment(self, comment: CommentId) -> None:
        """Delete a comment of one's own, or one under something of one's own; with it go its answers."""
        await self._session.request(DeleteComment(id=0, comment=comment))

    async def thread(self, root: Root, limit: int = SHOWN, *, live: bool = False) -> ThreadReply:
        """Return what is said under it, newest first.

        `live`: events tell when that changes, until `close`, or until the connection breaks: ask again after that.
        """
        return await _collected(
            "comments",
            limit,
            lambda before, few: self._session.request(
                ShowThread(id=0, before=before, limit=few, live=live and not before, **root.where)
            ),
        )

    async def close(self, root: Root) -> None:
        """Be told no more of it."""
        await self._session.request(CloseThread(id=0, **root.where))

    async def choose(self, topic: TopicId, seq: Seq, choice: Choice) -> None:
        """Say which comments there are to be under a post of one's square, or under an article."""
        await self._session.request(ChooseComments(id=0, topic=topic, seq=seq, choice=choice))

    async def select(self, comment: CommentId, *, selected: bool = True) -> Comment:
        """Show others a comment under something of one's own that is public, or no longer."""
        return (await self._session.request(SelectComment(id=0, comment=comment, selected=selected))).comment

    # Notices.

    async def notices(self, limit: int = SHOWN) -> NoticesReply:
        """Return who liked, commented or answered something of one's own, newest first."""
        return await _collected(
            "notices", limit, lambda before, few: self._session.request(Notices(id=0, before=before, limit=few))
        )

    async def read_notices(self, at: int) -> None:
        """One has read those up to `at`, Unix ms."""
        await self._session.request(ReadNotices(id=0, at=at))


async def _collected(field: str, limit: int, ask: Callable[[str, int], Awaitable[R]]) -> R:
    """Return pages as one, with `limit` of what is in `field`, or all there are; the rest is of the first page."""
    got: R = await ask("", min(limit, limits.MOMENTS_SHOWN))
    while not got.complete and len(getattr(got, field)) < limit:
        page: R = await ask(got.before, min(limit - len(getattr(got, field)), limits.MOMENTS_SHOWN))
        items = (*getattr(got, field), *getattr(page, field))
        got = msgspec.structs.replace(got, **{field: items}, complete=page.complete, before=page.before)
    return got


def _encoded(text: str | bytes) -> bytes:
    return encode(Text(text=text)) if isinstance(text, str) else text
