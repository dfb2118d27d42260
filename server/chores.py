"""What a store has to have done from time to time, a piece at a time, so that nobody's writes wait for it.

What there is to do stands in the store, so a restart goes on with it.
"""

from collections.abc import Callable
from typing import Any

import structlog

from server.clock import Clock
from server.committer import Commits
from server.contacts import told
from server.outcomes import NoRoom, Result, Tell
from server.store.base import Failed
from server.store.contact_writes import EndRequests, RequestsEnded
from server.store.public_writes import AnyWrite, Scrub, Scrubbed

LOOK_EVERY_S = 60  # Whether there is something to do.
ENDED_AT_ONCE = 200

log = structlog.get_logger("hutong.chores")


class Chore:
    """`piece` says what to write; `took_in` takes what came of it, and says whether there is more to do at once."""

    def __init__(self, commits: Commits, piece: Callable[[], AnyWrite], took_in: Callable[[Any], bool]) -> None:
        self._commits = commits
        self._piece = piece
        self._took_in = took_in
        self._is_under_way = False
        self._seconds_left = 0

    def every_second(self) -> None:
        """Go on, or look whether there is something to do."""
        if self._is_under_way:
            return
        if self._seconds_left:
            self._seconds_left -= 1
            return
        self._is_under_way = True
        piece = self._piece()
        self._commits.submit(piece, lambda result: self._done(piece, result))

    def _done(self, piece: AnyWrite, result: Result) -> None:
        self._is_under_way = False
        self._seconds_left = LOOK_EVERY_S - 1
        if isinstance(result, Failed):
            log.error("write.failed", op=type(piece).__name__, error=result.error)
        elif not isinstance(result, NoRoom) and self._took_in(result):
            self._seconds_left = 0


def scrubbing(commits: Commits) -> Chore:
    """Return what has what was erased leave the search index, too."""

    def took_in(scrubbed: Scrubbed) -> bool:
        return scrubbed.more

    return Chore(commits, Scrub, took_in)


def ending_requests(commits: Commits, *, clock: Clock, tell: Callable[[Tell], None]) -> Chore:
    """Return what ends requests to be a contact that nobody has answered, and tells those who asked or were asked."""

    def took_in(outcome: RequestsEnded) -> bool:
        for stands in outcome.ended:
            tell(told(stands))
        return outcome.more

    return Chore(commits, lambda: EndRequests(at=clock.wall_ms(), most=ENDED_AT_ONCE), took_in)
