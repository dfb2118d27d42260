"""The port by which is read what is said under moments, and one's notices: a part of `base.Reader`."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from protocol.ids import CommentId, MomentId, PersonId
from protocol.moments import Notice, ThreadReply
from server.positions import SortKey


class NoticePage(msgspec.Struct, frozen=True, kw_only=True):
    """Some of somebody's notices, newest first. `read`: up to when they have read them all, Unix ms; `unread`: how many
    came after that.
    """

    notices: tuple[Notice, ...]
    read: int
    unread: int


class ThreadReader(Protocol):
    """Reads of comments and likes under moments, and of notices, as one may see them at `at` (Unix ms). Only the
    private store has any. Each call is one snapshot.
    """

    def thread(
        self, viewer: PersonId, moment: MomentId, *, before: SortKey | None, limit: int, at: int
    ) -> ThreadReply | None:
        """Return `limit` comments on a moment, newest first, those after the place `before`; by (at, comment).

        And how many like it, and who, the newest `limits.MOMENTS_SHOWN` of them. None: `viewer` does not see it.
        """

    def likes(self, viewer: PersonId, moment: MomentId) -> int:
        """Return how many like a moment that `viewer` sees, as far as `viewer` sees that, too."""

    def seeing_comment(self, comment: CommentId, persons: Sequence[PersonId], *, at: int) -> tuple[PersonId, ...]:
        """Return those of `persons` who see a comment; of one that is deleted, who would see it otherwise."""

    def seeing_like(
        self, moment: MomentId, by: PersonId, persons: Sequence[PersonId], *, at: int
    ) -> tuple[PersonId, ...]:
        """Return those of `persons` who see that `by` likes a moment, or would if it were so."""

    def notices(self, person: PersonId, *, before: SortKey | None, limit: int, most: int, at: int) -> NoticePage:
        """Return `limit` notices of `person`, newest first, those after the place `before`, as `place_of` says.

        Each is of what `person` may see; of those that are unread `most` are counted.
        """


def place_of(notice: Notice) -> SortKey:
    """Return the place of a notice among all those of a person, of what is private and of what is public alike."""
    under, about = notice.moment, notice.comment.comment if notice.comment is not None else notice.by
    return SortKey(notice.at, about if under is None else f"{notice.kind[0]}{under}{about}")
