"""What is written about moments, as values, and what comes of it. Who sees one is found out in the same transaction."""

import msgspec

from protocol.ids import Cid, MomentId, PersonId
from protocol.moments import Moment


class PutMoment(msgspec.Struct, frozen=True, kw_only=True):
    """`author` says something to their friends; to those in `only`, unless it is None, and to nobody in `without`.

    `digest`: keyed, of all that the request said; tells a repeat of `cid` from a conflict. `at`: now, Unix ms; the
    moments of one author get times that rise.
    Outcomes: MomentPut | Conflict | TargetGone (of a repeat: it was deleted since).
    """

    moment: MomentId
    author: PersonId
    cid: Cid
    digest: bytes
    at: int
    body: bytes
    only: tuple[PersonId, ...] | None = None
    without: tuple[PersonId, ...] = ()


class MomentPut(msgspec.Struct, frozen=True, kw_only=True):
    """It is said. `moment`: as its author sees it. `new`: not by a repeat. `told`: whose timelines have it now, the
    author's aside.
    """

    moment: Moment
    new: bool
    told: tuple[PersonId, ...] = ()


class Narrow(msgspec.Struct, frozen=True, kw_only=True):
    """Take a moment of `author` from all who are not in `only`, unless that is None, and from those in `without`.

    `most`: that may be named on either side.
    Outcomes: MomentNarrowed | TargetGone (they have no such moment) | TooMany.
    """

    moment: MomentId
    author: PersonId
    only: tuple[PersonId, ...] | None
    without: tuple[PersonId, ...]
    most: int


class MomentNarrowed(msgspec.Struct, frozen=True, kw_only=True):
    """It is for no more than that. `moment`: as its author sees it."""

    moment: Moment


class DropMoment(msgspec.Struct, frozen=True, kw_only=True):
    """Delete a moment of `author`, and all that is said under it. `listening`: who may have to be told that it is gone.

    Outcomes: MomentDropped | TargetGone (they never had such a moment).
    """

    moment: MomentId
    author: PersonId
    at: int
    listening: tuple[PersonId, ...] = ()


class MomentDropped(msgspec.Struct, frozen=True, kw_only=True):
    """It is there no more. `seen_by`: those of whom was asked who saw it until now."""

    seen_by: tuple[PersonId, ...]


MomentWrite = PutMoment | Narrow | DropMoment
MomentOutcome = MomentPut | MomentNarrowed | MomentDropped  # Besides those that other writes have, too.
