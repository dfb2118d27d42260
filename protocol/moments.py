"""The messages of moments: a friends' feed, and what is said under it and under what is public.

Shapes and bounds only; docs/PROTOCOL.md says what they do, and who sees what as one formula. A moment is private, and
its body opaque; what is for everyone is published on one's square. Both come in one timeline. These are lists that are
read in pages, as of now: nothing in them is numbered, and what is hidden from a reader leaves no hole.
"""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from protocol import limits
from protocol.entries import Side
from protocol.ids import CommentId, MomentId, PersonId, Seq, TopicId
from protocol.shapes import (
    Body,
    CidRef,
    CommentBody,
    CommentRef,
    Done,
    MomentRef,
    Number,
    Person,
    PersonRef,
    Place,
    Position,
    Push,
    Reply,
    Request,
    TopicRef,
)

People = Annotated[tuple[PersonRef, ...], Meta(max_length=limits.AUDIENCE_PEOPLE)]
Shown = Annotated[int, Meta(ge=1, le=limits.MOMENTS_SHOWN)]


class Audience(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Whom a moment is for: one's friends, `only` those of them that are named (none: oneself), `without` some."""

    only: tuple[PersonId, ...] | None = None
    without: tuple[PersonId, ...] = ()


class Moment(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A moment, or a post on somebody's square, as its reader sees it now.

    A moment has an id as `moment`, and an opaque `body`; a post is an entry `seq` of the square `topic`, and its `body`
    a published one. `audience`: of one's own moments. `likes`, `comments`: how many the reader sees.
    """

    side: Side
    author: PersonId
    handle: str
    at: int
    body: bytes
    moment: MomentId | None = None
    topic: TopicId | None = None
    seq: Seq | None = None
    audience: Audience | None = None
    likes: int = 0
    liked: bool = False
    comments: int = 0


class Comment(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What somebody says under something, as its reader sees it. `answers`: another comment there.

    `body`: opaque under a moment; under what is public a published one. `selected`: by the author of what it is under,
    where only what they select is shown to others.
    """

    comment: CommentId
    author: PersonId
    handle: str
    at: int
    body: bytes
    answers: CommentId | None = None
    selected: bool = False


class Choice(StrEnum):
    """Which comments an author wants under something public."""

    OFF = "off"  # No more of them; of those that are there others are shown their own.
    EVERYONE = "everyone"
    SELECTED = "selected"  # Others are shown those that the author has selected.


class NoticeKind(StrEnum):
    """What a notice is of."""

    LIKE = "like"
    COMMENT = "comment"
    ANSWER = "answer"


class Notice(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """That somebody liked or commented something of one's own, or answered one. What it refers to is shown as of now.

    `moment`, or `topic` and `seq`: what it is under.
    """

    kind: NoticeKind
    at: int
    by: PersonId
    handle: str
    moment: MomentId | None = None
    topic: TopicId | None = None
    seq: Seq | None = None
    comment: Comment | None = None


# Moments.


class MomentReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    moment: Moment


class PostMoment(Request[MomentReply], frozen=True, omit_defaults=True, kw_only=True, tag="moment.post"):
    """Say something to one's friends; `only` to some, or `without` some. Whoever it was for it may be taken from later,
    and nobody is added.
    """

    cid: CidRef
    body: Body
    only: People | None = None
    without: People = ()


class NarrowMoment(Request[MomentReply], frozen=True, omit_defaults=True, kw_only=True, tag="moment.narrow"):
    """Show a moment of one's own to those alone, of whom it is shown to, who are in `only` and not in `without`."""

    moment: MomentRef
    only: People | None = None
    without: People = ()


class DeleteMoment(Request[Done], frozen=True, omit_defaults=True, kw_only=True, tag="moment.delete"):
    """Delete a moment of one's own for good, with all that is said under it."""

    moment: MomentRef


class ShowMoment(Request[MomentReply], frozen=True, omit_defaults=True, kw_only=True, tag="moment"):
    """Look at one moment, or at one post of a square."""

    moment: MomentRef | None = None
    topic: TopicRef | None = None
    seq: Position | None = None


class MomentsReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    """Newest first. `complete`: there are none before that one may see; else `before` asks on."""

    moments: tuple[Moment, ...]
    complete: bool
    before: str = ""


class Moments(Request[MomentsReply], frozen=True, omit_defaults=True, kw_only=True, tag="moments"):
    """What one may see of one person: moments, and what is on their square."""

    person: PersonRef
    before: Place = ""
    limit: Shown = 20


class Timeline(Request[MomentsReply], frozen=True, omit_defaults=True, kw_only=True, tag="timeline"):
    """What one's friends have said lately, to some or to everyone, and oneself."""

    before: Place = ""
    limit: Shown = 20


# What is said under something: `moment`, or a post of a square or an article by `topic` and `seq`.


class LikeReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    """How many likes one sees there now."""

    likes: int


class Like(Request[LikeReply], frozen=True, omit_defaults=True, kw_only=True, tag="like"):
    """Like something, or (`liked` false) no longer."""

    moment: MomentRef | None = None
    topic: TopicRef | None = None
    seq: Position | None = None
    liked: bool = True


class CommentReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    comment: Comment


class SayComment(Request[CommentReply], frozen=True, omit_defaults=True, kw_only=True, tag="comment"):
    """Say something under a moment. Under what is public one publishes: `publish` on the surface `comment`."""

    cid: CidRef
    moment: MomentRef
    body: CommentBody
    answers: CommentRef | None = None


class DeleteComment(Request[Done], frozen=True, omit_defaults=True, kw_only=True, tag="comment.delete"):
    """Delete a comment of one's own, or one under something of one's own, for good; with it go its answers."""

    comment: CommentRef


class SelectComment(Request[CommentReply], frozen=True, omit_defaults=True, kw_only=True, tag="comment.select"):
    """Show others a comment under something of one's own that is public; or (`selected` false) no longer."""

    comment: CommentRef
    selected: bool = True


class ThreadReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    """What is said there, newest first, as far as one may see it. `before`: asks on, unless it is `complete`.

    `likes`: how many; under a moment, `likers` says who, the newest of them. `choice`: under what is public.
    """

    comments: tuple[Comment, ...]
    complete: bool
    likes: int
    liked: bool = False
    likers: tuple[Person, ...] = ()
    before: str = ""
    choice: Choice | None = None


class ShowThread(Request[ThreadReply], frozen=True, omit_defaults=True, kw_only=True, tag="thread"):
    """Read what is said there. `live`: tell this connection when that changes, until it says `thread.close`."""

    moment: MomentRef | None = None
    topic: TopicRef | None = None
    seq: Position | None = None
    before: Place = ""
    limit: Shown = 20
    live: bool = False


class CloseThread(Request[Done], frozen=True, omit_defaults=True, kw_only=True, tag="thread.close"):
    """Tell this connection no more of it."""

    moment: MomentRef | None = None
    topic: TopicRef | None = None
    seq: Position | None = None


class ChooseComments(Request[Done], frozen=True, omit_defaults=True, kw_only=True, tag="thread.choose"):
    """Say which comments there are to be under a post of one's square, or under an article."""

    topic: TopicRef
    seq: Position
    choice: Choice


# Notices.


class NoticesReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    """Newest first. `unread`: how many of all of them came after those that have been read; 100 are counted at most."""

    notices: tuple[Notice, ...]
    complete: bool
    unread: int
    before: str = ""


class Notices(Request[NoticesReply], frozen=True, omit_defaults=True, kw_only=True, tag="notices"):
    before: Place = ""
    limit: Shown = 20


class ReadNotices(Request[Done], frozen=True, omit_defaults=True, kw_only=True, tag="notices.read"):
    """One has read those up to `at`, Unix ms; on all one's devices."""

    at: Number


# Pushes: hints, since what they tell of may have changed by the time they come.


class MomentPush(Push, frozen=True, omit_defaults=True, kw_only=True, tag="moment"):
    """A friend has said something one may see; or oneself: a moment on another device, a post on any."""

    moment: Moment


class ThreadPush(Push, frozen=True, omit_defaults=True, kw_only=True, tag="thread"):
    """What one sees there has changed: read it again."""

    moment: MomentId | None = None
    topic: TopicId | None = None
    seq: Seq | None = None


class NoticePush(Push, frozen=True, omit_defaults=True, kw_only=True, tag="notice"):
    """There is something new among one's notices; or, on another device, they have been read."""
