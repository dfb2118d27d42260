"""The port by which squares are read, and what is said under what is public, and by how many that is liked.

What comments are under is their root: a post of a square, or an article by its first version.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from protocol.ids import PersonId, Seq, TopicId
from protocol.moments import Choice, Comment, Moment, Notice
from server.positions import SortKey
from server.roots import Root


class PublicRoot(msgspec.Struct, frozen=True, kw_only=True):
    """Something public that is in force and has a thread. `has_say`: whether who asks has the say there."""

    topic: TopicId
    seq: Seq
    choice: Choice
    has_say: bool


class PublicThread(msgspec.Struct, frozen=True, kw_only=True):
    """A page of what is said under `root`, newest first. `last`: where it ends, None when it is empty."""

    root: PublicRoot
    comments: tuple[Comment, ...]
    last: SortKey | None
    complete: bool


class SquareReader(Protocol):
    """Reads of squares and public threads, as `viewer` may see them. Each call is one snapshot.

    A comment is in force while it is neither erased nor withdrawn, and its root and all that it answers are in force.
    Who runs the square or the account sees all that are. Others see one where the choice is `everyone`; where it is
    `selected`, if it and each that it answers is selected or their own; where it is `off`, if all of these are their
    own.
    """

    def posts(
        self, persons: Sequence[PersonId], *, viewer: PersonId, before: SortKey | None, limit: int
    ) -> tuple[Moment, ...]:
        """Return posts in force on the squares of `persons`, newest first, those after the place `before`; each with
        how many comments `viewer` sees. By (at, topic, seq); of one author no two have the same time.
        """

    def post(self, topic: TopicId, seq: Seq, *, viewer: PersonId) -> Moment | None:
        """Return one post of a square likewise; None: there is none in force."""

    def public_root(self, topic: TopicId, seq: Seq, *, viewer: PersonId) -> PublicRoot | None:
        """Return what comments on an entry, of an article on any of its versions, are under; None: it is not in force,
        or nothing that has a thread.
        """

    def thread_root(self, topic: TopicId, seq: Seq) -> Seq | None:
        """Return what comments on an entry are under, in force or not; None: it is nothing that has a thread."""

    def public_thread(
        self, topic: TopicId, seq: Seq, *, viewer: PersonId, before: SortKey | None, limit: int, slice_bytes: int
    ) -> PublicThread | None:
        """Return a page of what is said under an entry, from after the place `before`, in `slice_bytes` or one comment
        more; None: as `public_root`.
        """

    def public_notices(self, person: PersonId, *, before: SortKey | None, limit: int) -> tuple[Notice, ...]:
        """Return what others have said on the square of `person`, or in answer to a comment of theirs, as far as
        `person` may see it: newest first, those after the place `before`. By (at, comment).
        """

    def public_unread(self, person: PersonId, *, since: int, most: int) -> int:
        """Return how many of those came after `since` (Unix ms); `most` if there are more."""


class Likes(msgspec.Struct, frozen=True, kw_only=True):
    """How many like something public, and whether who asks does. Who they are is told to nobody."""

    likes: int
    liked: bool


class SquareCircleReader(Protocol):
    """Reads of what only the private store knows of squares. Each call is one snapshot."""

    def public_likes(self, roots: Sequence[Root], person: PersonId) -> Mapping[Root, Likes]:
        """Return for each of `roots` how many like it, and whether `person` does."""

    def around(self, author: PersonId) -> tuple[PersonId, ...]:
        """Return in whose timelines the posts of `author` are: friends of theirs, who want to be shown them."""
