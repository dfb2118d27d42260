"""The moments of the fake server, and what is said under them, and under a post of a square. Everybody is a friend.

Whom a moment is for is kept, and given back to its author; who sees what is the real server's to decide. `hidden` is
the switch: what is in it is there for nobody. Positions are numbers, as a server that seals nothing has them.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import msgspec

from protocol import frames, moments, publications
from protocol.decisions import Submission
from protocol.entries import Side
from protocol.errors import ErrorCode
from protocol.frames import Done, Person, Push, Reply, Request
from protocol.ids import CommentId, MomentId, PersonId, Seq, TopicId, new_id, new_public_comment_id, new_public_topic_id
from protocol.moments import Audience, Choice, Comment, Moment, Notice, NoticeKind
from protocol.publications import Content, Published, Surface
from tests.client.fake_public import NOW, FakePublic, RefusingError

T = TypeVar("T")
Root = tuple[MomentId | None, TopicId | None, Seq | None]


class FakeMoments:
    """`tell` pushes to people; `people` are all there are; what is public passes the gate of `lane`."""

    def __init__(
        self,
        tell: Callable[[tuple[PersonId, ...], Push], Awaitable[None]],
        people: dict[str, PersonId],
        lane: FakePublic,
    ) -> None:
        self._tell, self._people = tell, people
        lane.posted = self._appear
        self.known: dict[Root, Moment] = {}
        self.cids: dict[bytes, Root | CommentId] = {}
        self.comments: dict[Root, list[Comment]] = {}
        self.likes: dict[Root, list[PersonId]] = {}
        self.choices: dict[Root, Choice] = {}
        self.squares: dict[PersonId, TopicId] = {}
        self.notices: dict[PersonId, list[Notice]] = {}
        self.read: dict[PersonId, int] = {}
        self.live: set[Root] = set()
        self.hidden: set[Root] = set()
        self.page = 50
        self.refusals: list[RefusingError] = []  # For what is said next, in order.
        self._clock = NOW

    def concerns(self, request: Request[Any]) -> bool:
        recalls = isinstance(request, frames.Recall) and (None, request.topic, request.target) in self.known
        return recalls or type(request).__module__ == "protocol.moments"

    def now(self) -> int:
        self._clock += 1000
        return self._clock

    async def says(self, author: PersonId, body: bytes, *, told: bool = True) -> Moment:
        """A friend says something."""
        request = moments.PostMoment(id=0, cid=new_id().encode(), body=body)  # type: ignore[arg-type]
        moment = self._post(author, request)
        seen = msgspec.structs.replace(moment, audience=None)
        if told:
            await self._tell(tuple(self._people.values()), moments.MomentPush(moment=seen))
        return seen

    async def comments_on(self, author: PersonId, root: Root, body: bytes, **more: Any) -> Comment:
        """A friend says something under a moment, or publishes it under a post."""
        comment = self._comment(author, root, body, **more)
        await self._stir(root)
        return comment

    async def answer(self, me: PersonId, request: Request[Any]) -> Reply:
        if self.refusals and isinstance(request, moments.PostMoment | moments.SayComment):
            raise self.refusals.pop(0)
        match request:
            case moments.PostMoment():
                return moments.MomentReply(moment=self._seen(me, _root(self._post(me, request))))
            case moments.NarrowMoment(moment=moment):
                own = self._own(me, (moment, None, None))
                audience = own.audience or Audience()
                only = request.only
                if only is not None and audience.only is not None:
                    only = tuple(each for each in audience.only if each in only)
                without = (*audience.without, *request.without)
                kept = Audience(only=audience.only if only is None else only, without=without)
                self.known[_root(own)] = msgspec.structs.replace(own, audience=kept)
                return moments.MomentReply(moment=self._seen(me, _root(own)))
            case moments.DeleteMoment(moment=moment):
                self._own(me, (moment, None, None))
                del self.known[moment, None, None]
                return Done()
            case frames.Recall(topic=topic, target=seq):
                own = self._own(me, (None, topic, seq))
                del self.known[None, topic, seq]
                return frames.Appended(topic=topic, seq=Seq(seq + 1), nth=1, at=self.now())
            case moments.ShowMoment():
                return moments.MomentReply(moment=self._seen(me, self._there(request)))
            case moments.Timeline(before=before, limit=limit):
                return self._list(me, list(self.known), before, limit)
            case moments.Moments(person=person, before=before, limit=limit):
                theirs = [root for root, moment in self.known.items() if moment.author == person]
                return self._list(me, theirs, before, limit)
            case moments.Like(liked=liked):
                root = self._there(request)
                likers = [liker for liker in self.likes.get(root, []) if liker != me]
                self.likes[root] = [*likers, me] if liked else likers
                await self._stir(root)
                return moments.LikeReply(likes=len(self.likes[root]))
            case moments.SayComment(moment=moment, body=body):
                if request.cid not in self.cids:
                    made = self._comment(me, self._there(request), body, answers=request.answers)
                    self.cids[request.cid] = made.comment
                    await self._stir((moment, None, None))
                return moments.CommentReply(comment=self._said(self.cids[request.cid]))  # type: ignore[arg-type]
            case moments.DeleteComment(comment=comment):
                root = self._under(comment)
                gone = {comment} | {each.comment for each in self.comments[root] if each.answers == comment}
                self.comments[root] = [each for each in self.comments[root] if each.comment not in gone]
                await self._stir(root)
                return Done()
            case moments.SelectComment(comment=comment, selected=selected):
                root = self._under(comment)
                now = msgspec.structs.replace(self._said(comment), selected=selected)
                self.comments[root] = [now if each.comment == comment else each for each in self.comments[root]]
                return moments.CommentReply(comment=now)
            case moments.ShowThread(before=before, limit=limit):
                return self._thread(me, self._there(request), before, limit, live=request.live)
            case moments.CloseThread():
                self.live.discard((request.moment, request.topic, request.seq))
                return Done()
            case moments.ChooseComments(topic=topic, seq=seq, choice=choice):
                self._own(me, (None, topic, seq))
                self.choices[None, topic, seq] = choice
                return Done()
            case moments.Notices(before=before, limit=limit):
                mine = sorted(self.notices.get(me, []), key=lambda notice: -notice.at)
                page, complete, after = self._page(mine, before, limit)
                unread = sum(notice.at > self.read.get(me, 0) for notice in mine)
                return moments.NoticesReply(notices=page, complete=complete, unread=unread, before=after)
            case moments.ReadNotices(at=at):
                self.read[me] = at
                return Done()
            case _:
                raise RefusingError(ErrorCode.UNKNOWN_OP)

    # What the lane publishes here.

    async def _appear(self, author: PersonId, submission: Submission) -> Submission:
        """Put what the gate lets through on a square, or under something, and return the submission as it is then."""
        body = publications.encode(Published(content=submission.content or Content(), labels=submission.labels))
        if submission.surface is Surface.COMMENT:
            root = (None, submission.topic, submission.root)
            comment = await self.comments_on(author, root, body, answers=submission.answers)
            return msgspec.structs.replace(submission, comment=comment.comment)
        topic = self.squares.setdefault(author, new_public_topic_id())
        seq = Seq(1 + sum(each.topic == topic for each in self.known.values()))
        handle, at = self._handle(author), self.now()
        post = Moment(side=Side.PUBLIC, author=author, handle=handle, at=at, body=body, topic=topic, seq=seq)
        self.known[_root(post)] = post
        self.choices[_root(post)] = Choice.EVERYONE
        return msgspec.structs.replace(submission, topic=topic, seq=seq)

    # What it knows.

    def _post(self, author: PersonId, request: moments.PostMoment) -> Moment:
        if request.cid not in self.cids:
            moment = Moment(
                side=Side.PRIVATE, author=author, handle=self._handle(author), at=self.now(), body=request.body,
                moment=MomentId(new_id()), audience=Audience(only=request.only, without=request.without),
            )  # fmt: skip
            self.known[_root(moment)] = moment
            self.cids[request.cid] = _root(moment)
        return self.known[self.cids[request.cid]]  # type: ignore[index]

    def _comment(self, author: PersonId, root: Root, body: bytes, *, answers: CommentId | None = None) -> Comment:
        name = CommentId(new_id()) if root[0] is not None else new_public_comment_id()
        handle, at = self._handle(author), self.now()
        comment = Comment(comment=name, author=author, handle=handle, at=at, body=body, answers=answers)
        self.comments.setdefault(root, []).append(comment)
        whose = self.known[root].author if root in self.known else author
        if whose != author:
            notice = Notice(
                kind=NoticeKind.COMMENT, at=at, by=author, handle=handle, moment=root[0], topic=root[1], seq=root[2],
                comment=comment,
            )  # fmt: skip
            self.notices.setdefault(whose, []).append(notice)
        return comment

    async def _stir(self, root: Root) -> None:
        if root in self.live:
            push = moments.ThreadPush(moment=root[0], topic=root[1], seq=root[2])
            await self._tell(tuple(self._people.values()), push)

    def _handle(self, person: PersonId) -> str:
        return next(handle for handle, known in self._people.items() if known == person)

    def _there(self, request: Any) -> Root:
        root = (request.moment, getattr(request, "topic", None), getattr(request, "seq", None))
        if root in self.hidden or (root not in self.known and root not in self.choices):
            raise RefusingError(ErrorCode.NOT_FOUND)
        return root

    def _own(self, me: PersonId, root: Root) -> Moment:
        if root not in self.known or self.known[root].author != me:
            raise RefusingError(ErrorCode.NOT_FOUND)
        return self.known[root]

    def _under(self, comment: CommentId) -> Root:
        for root, comments in self.comments.items():
            if any(each.comment == comment for each in comments):
                return root
        raise RefusingError(ErrorCode.NOT_FOUND)

    def _said(self, comment: CommentId) -> Comment:
        return next(each for each in self.comments[self._under(comment)] if each.comment == comment)

    def _seen(self, me: PersonId, root: Root) -> Moment:
        moment, likers = self.known[root], self.likes.get(root, [])
        return msgspec.structs.replace(
            moment, audience=moment.audience if moment.author == me else None, likes=len(likers), liked=me in likers,
            comments=len(self.comments.get(root, [])),
        )  # fmt: skip

    def _list(self, me: PersonId, roots: list[Root], before: str, limit: int) -> moments.MomentsReply:
        newest = sorted((self._seen(me, root) for root in roots if root not in self.hidden), key=lambda each: -each.at)
        page, complete, after = self._page(newest, before, limit)
        return moments.MomentsReply(moments=page, complete=complete, before=after)

    def _thread(self, me: PersonId, root: Root, before: str, limit: int, *, live: bool) -> moments.ThreadReply:
        self.live |= {root} if live else set()
        likers = self.likes.get(root, [])
        page, complete, after = self._page(self.comments.get(root, [])[::-1], before, limit)
        people = [Person(person=liker, handle=self._handle(liker)) for liker in reversed(likers)]
        return moments.ThreadReply(
            comments=page, complete=complete, before=after, likes=len(likers), liked=me in likers,
            likers=tuple(people) if root[0] is not None else (), choice=self.choices.get(root),
        )  # fmt: skip

    def _page(self, found: Sequence[T], before: str, limit: int) -> tuple[tuple[T, ...], bool, str]:
        first = int(before or 0)
        last = first + min(limit, self.page)
        return tuple(found[first:last]), last >= len(found), "" if last >= len(found) else str(last)


def _root(moment: Moment) -> Root:
    return moment.moment, moment.topic, moment.seq
