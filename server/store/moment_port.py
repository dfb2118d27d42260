"""The port by which moments are read: a part of `base.Reader`."""

from typing import Protocol

import msgspec

from protocol.ids import MomentId, PersonId
from protocol.moments import Moment
from server.positions import SortKey


class TimelinePage(msgspec.Struct, frozen=True, kw_only=True):
    """Moments of a timeline, newest first. `circle`: whose posts on squares come between them, oneself included."""

    moments: tuple[Moment, ...]
    circle: tuple[PersonId, ...]


class MomentReader(Protocol):
    """Reads of moments, as `viewer` sees them at `at` (Unix ms); only the private store has any. Each call is one
    snapshot, and costs as much as is shown: what is hidden from the viewer is not looked at.
    """

    def moment(self, viewer: PersonId, moment: MomentId, *, at: int) -> Moment | None:
        """Return one moment; None unless `viewer` sees it."""

    def moments(
        self, viewer: PersonId, author: PersonId, *, before: SortKey | None, limit: int, at: int
    ) -> tuple[Moment, ...] | None:
        """Return `limit` moments of `author`, newest first, those after the place `before`; by (at, moment).

        None: there is no such person.
        """

    def timeline(self, viewer: PersonId, *, before: SortKey | None, limit: int, at: int) -> TimelinePage:
        """Return likewise moments of `viewer`, and of those friends whose moments they want to be shown."""
