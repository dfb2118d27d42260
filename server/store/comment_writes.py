"""What is written about what people say and like under moments, and about their notices; and what comes of it.

Who may do it, and who is told of it, is found out in the same transaction, as of `at` (Unix ms).
"""

import msgspec

from protocol.ids import Cid, CommentId, MomentId, PersonId
from protocol.moments import Comment


class PutComment(msgspec.Struct, frozen=True, kw_only=True):
    """`author` says something under a moment, perhaps in answer to another comment there.

    `digest`: keyed, of all that the request said; tells a repeat of `cid` from a conflict.
    Outcomes: CommentPut | Conflict | TargetGone (the author does not see the moment, or what it answers; or, of a
    repeat, the comment itself).
    """

    comment: CommentId
    moment: MomentId
    author: PersonId
    cid: Cid
    digest: bytes
    at: int
    body: bytes
    answers: CommentId | None = None


class CommentPut(msgspec.Struct, frozen=True, kw_only=True):
    """It is said. `new`: not by a repeat. `told`: who has a notice of it now that they may see."""

    comment: Comment
    new: bool
    told: tuple[PersonId, ...] = ()


class DropComment(msgspec.Struct, frozen=True, kw_only=True):
    """Delete a comment and all that answers it. By its author, or by the moment's, whether or not they see it still.

    Outcomes: CommentDropped | TargetGone (there never was such a comment, or `person` is neither).
    """

    comment: CommentId
    person: PersonId


class CommentDropped(msgspec.Struct, frozen=True):
    """It is under `moment` no more. `erased`: it was until now."""

    moment: MomentId
    erased: bool


class PutLike(msgspec.Struct, frozen=True, kw_only=True):
    """`person` likes a moment (`liked`), or no longer. A like may be taken back whether or not they see it still.

    Outcomes: LikePut | TargetGone (they would like it, and do not see it).
    """

    moment: MomentId
    person: PersonId
    liked: bool
    at: int


class LikePut(msgspec.Struct, frozen=True, kw_only=True):
    """It is so. `changed`: whether it was otherwise before. `seen`: whether they see it. `told`: as of a comment."""

    changed: bool
    seen: bool
    told: tuple[PersonId, ...] = ()


class MarkNotices(msgspec.Struct, frozen=True, kw_only=True):
    """`person` has read their notices up to `at`; never back. Outcome: NoticesMarked."""

    person: PersonId
    at: int


class NoticesMarked(msgspec.Struct, frozen=True):
    """`moved`: whether they had not read so far before."""

    moved: bool


CommentWrite = PutComment | DropComment | PutLike | MarkNotices
CommentOutcome = CommentPut | CommentDropped | LikePut | NoticesMarked  # Besides those that other writes have, too.
