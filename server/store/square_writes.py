"""What is written about threads under what is public, beside what is published there; and what comes of it."""

import msgspec

from protocol.ids import CommentId, PersonId, Seq, TopicId
from protocol.moments import Choice, Comment
from server.store.writes import Acted


class Stirred(msgspec.Struct, frozen=True, kw_only=True):
    """What is said under the entry `seq` of `topic` has changed. `seen_by`: who may see that; None: everybody.

    `noticed`: who has a notice of it now.
    """

    topic: TopicId
    seq: Seq
    seen_by: tuple[PersonId, ...] | None
    noticed: tuple[PersonId, ...] = ()


class Choose(msgspec.Struct, frozen=True, kw_only=True):
    """`person` says which comments there are to be under a public entry. Outcomes: Chosen | NoSuchThing | NotTheirs."""

    topic: TopicId
    seq: Seq
    choice: Choice
    person: PersonId
    at: int


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """It is so. `stirred`: None, it was so before. `acted`: of an account's operator, what the others are told."""

    stirred: Stirred | None = None
    acted: Acted | None = None


class Select(msgspec.Struct, frozen=True, kw_only=True):
    """`person` selects a comment under something public (`selected`), or no longer.

    Outcomes: Selected | NoSuchThing (as far as they may see) | NotTheirs.
    """

    comment: CommentId
    selected: bool
    person: PersonId
    at: int


class Selected(msgspec.Struct, frozen=True, kw_only=True):
    """It is so: `comment`, as `person` sees it now. The others as of `Chosen`."""

    comment: Comment
    stirred: Stirred | None = None
    acted: Acted | None = None


class DropPublicComment(msgspec.Struct, frozen=True, kw_only=True):
    """Erase a public comment and all that answers it: by its author, or by who runs what it is under, and may see it.

    Outcomes: PublicCommentDropped | NoSuchThing | NotTheirs.
    """

    comment: CommentId
    person: PersonId
    at: int


class PublicCommentDropped(msgspec.Struct, frozen=True, kw_only=True):
    """It is there no more. The others as of `Chosen`."""

    stirred: Stirred | None = None
    acted: Acted | None = None


class NoSuchThing(msgspec.Struct, frozen=True):
    """There is none, as far as they may see."""


class NotTheirs(msgspec.Struct, frozen=True):
    """They may see it, and have no say about it."""


SquareWrite = Choose | Select | DropPublicComment
SquareOutcome = Chosen | Selected | PublicCommentDropped | NoSuchThing | NotTheirs
