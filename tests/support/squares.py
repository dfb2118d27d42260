"""A square to play with: a post of ann's on it, and people who say something about that.

For a test on `InlineServer`. Whoever is not named may ask, too: what is public anybody may read.
"""

from typing import Any

from protocol.decisions import Submission, SubmissionState
from protocol.ids import CommentId, Seq, TopicId
from protocol.moments import Choice, ChooseComments, Comment, SelectComment, ShowThread, ThreadReply
from protocol.publications import Surface, decode
from tests.support.inline import Caller, InlineServer


class Square:
    """ann's square with a post on it; or, with `topic` and `seq`, what else one can say something about."""

    def __init__(self, server: InlineServer, *, topic: TopicId | None = None, seq: Seq | None = None) -> None:
        self.server = server
        self.ann, self.ben, self.cyd, self.eve = server.people("ann", "ben", "cyd", "eve")
        self.topic, self.seq = (topic, seq) if topic is not None and seq is not None else self.posts("hello")
        self.quiet()

    def posts(self, text: str) -> tuple[TopicId, Seq]:
        """Have ann post something, and return where it is."""
        said = self.ann.publish(text, surface=Surface.SQUARE)
        assert said.topic is not None
        assert said.seq is not None, said
        return said.topic, said.seq

    def submits(self, caller: Caller, text: str, *, answers: CommentId | None = None, **more: Any) -> Submission:
        """Have somebody comment on the post, and return what becomes of it."""
        fields: dict[str, Any] = {"topic": self.topic, "root": self.seq, "answers": answers} | more
        return caller.publish(text, surface=Surface.COMMENT, **fields)

    def says(self, caller: Caller, text: str, *, answers: CommentId | None = None) -> CommentId:
        """Have somebody comment on the post, and return the comment."""
        said = self.submits(caller, text, answers=answers)
        assert (said.state, said.comment is None) == (SubmissionState.PUBLISHED, False), said
        assert said.comment is not None
        return said.comment

    def chooses(self, choice: Choice, *, by: Caller | None = None) -> None:
        """Have ann say which comments there are to be."""
        (by or self.ann).do(ChooseComments, topic=self.topic, seq=self.seq, choice=choice)

    def selects(self, comment: CommentId, *, selected: bool = True) -> None:
        self.ann.do(SelectComment, comment=comment, selected=selected)

    def thread(self, caller: Caller, **more: Any) -> ThreadReply:
        return caller.do(ShowThread, **{"topic": self.topic, "seq": self.seq} | more)

    def comments(self, caller: Caller) -> dict[str, Comment]:
        """Return what `caller` sees under the post, newest first, by what it says."""
        return {text_of(comment): comment for comment in self.thread(caller).comments}

    def seen(self, caller: Caller) -> list[str]:
        """Return what it says, the oldest first."""
        return list(self.comments(caller))[::-1]

    def quiet(self) -> None:
        """Forget what was pushed so far."""
        for caller in self.server.callers:
            caller.collect()


def text_of(comment: Comment) -> str:
    """Return what a public comment says."""
    return decode(comment.body).content.text
