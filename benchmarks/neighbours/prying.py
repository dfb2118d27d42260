"""Who cannot see something asks for it by name all the same, in every way there is, and for something that never was.

The two answers have to be the same. Whoever does that has learnt the id, however that may have been.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from benchmarks.neighbours.neighbour import Neighbour
from benchmarks.press.desk import refusal
from client.errors import RefusedError
from client.moments import Root
from protocol.content import Text, encode
from protocol.entries import Side
from protocol.ids import Cid, CommentId, MomentId, new_id, new_public_comment_id
from protocol.moments import (
    DeleteComment,
    DeleteMoment,
    Like,
    NarrowMoment,
    SayComment,
    SelectComment,
    ShowMoment,
    ShowThread,
)
from protocol.public import Publish
from protocol.publications import Content, Surface
from protocol.shapes import Request

BODY = encode(Text(text="?"))
Asking = Callable[[Any, Any], Request[Any]]
# All that names a moment, and all that names a comment: each asked with one, and with a cid. A like is taken back from
# what is hidden, too, and from what never was.
OF_MOMENTS: Mapping[str, Asking] = {
    "look at it": lambda moment, _: ShowMoment(id=0, moment=moment),
    "read its thread": lambda moment, _: ShowThread(id=0, moment=moment),
    "have its thread open": lambda moment, _: ShowThread(id=0, moment=moment, live=True),
    "like it": lambda moment, _: Like(id=0, moment=moment),
    "comment it": lambda moment, cid: SayComment(id=0, cid=cid, moment=moment, body=BODY),
    "narrow it": lambda moment, _: NarrowMoment(id=0, moment=moment, without=()),
    "delete it": lambda moment, _: DeleteMoment(id=0, moment=moment),
}


class Prying:
    """What one person asks. Of an id that never was they ask once in each way: the answer is the same ever after."""

    def __init__(self, viewer: Neighbour) -> None:
        self._viewer = viewer
        self._never: dict[tuple[Root | None, str], RefusedError | None] = {}  # Of a comment by what it is under, too.
        self.asked = 0

    async def moment(self, hidden: MomentId) -> list[str]:
        """Return the ways of asking that tell that `hidden` is there: the answer is another than if it never was."""
        return await self._telling(None, OF_MOMENTS, hidden, MomentId(new_id()))

    async def comment(self, hidden: CommentId, under: Root) -> list[str]:
        """Return the same of a comment; `under`: what it is said under, or anything else that they may comment."""
        if under.side is Side.PUBLIC:
            return await self._telling(under, _of_public_comments(under), hidden, new_public_comment_id())
        return await self._telling(under, _of_comments(under), hidden, CommentId(new_id()))

    async def _telling(self, under: Root | None, ways: Mapping[str, Asking], hidden: str, never: str) -> list[str]:
        telling = []
        for way, asking in ways.items():
            if (under, way) not in self._never:
                self._never[under, way] = await self._answer(asking, never)
            due, answer = self._never[under, way], await self._answer(asking, hidden)
            self.asked += 1
            if due is None or answer is None or _whole(answer) != _whole(due):
                telling.append(way)
        return telling

    async def _answer(self, asking: Asking, name: str) -> RefusedError | None:
        session = self._viewer.session
        return await refusal(session.request(asking(name, session.new_cid())))


def _of_comments(under: Root) -> Mapping[str, Asking]:
    moment = under.moment
    assert moment is not None
    return {
        "delete it": lambda comment, _: DeleteComment(id=0, comment=comment),
        "answer it": lambda comment, cid: SayComment(id=0, cid=cid, moment=moment, body=BODY, answers=comment),
    }


def _of_public_comments(under: Root) -> Mapping[str, Asking]:
    answer = Publish(
        id=0, cid=Cid(b""), surface=Surface.COMMENT, topic=under.topic, root=under.seq, content=Content(text="?")
    )
    return {
        "delete it": lambda comment, _: DeleteComment(id=0, comment=comment),
        "select it": lambda comment, _: SelectComment(id=0, comment=comment),
        "answer it": lambda comment, cid: msgspec.structs.replace(answer, cid=cid, answers=comment),
    }


def _whole(refused: RefusedError) -> tuple[object, ...]:
    return refused.code, refused.message, refused.retry_after_ms, refused.field
