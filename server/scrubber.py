"""Has what was erased leave the search index, too: every second a piece of it is written anew, while it has to be.

What there is to do stands in the store, so a restart goes on with it.
"""

import structlog

from server.committer import Commits
from server.outcomes import Result
from server.store.base import Failed
from server.store.public_writes import Scrub, Scrubbed

LOOK_EVERY_S = 60  # Whether something has been erased.

log = structlog.get_logger("hutong.scrubber")


class Scrubber:
    """One piece at a time, so that publishing does not wait for it."""

    def __init__(self, commits: Commits) -> None:
        self._commits = commits
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
        self._commits.submit(Scrub(), self._scrubbed)

    def _scrubbed(self, result: Result) -> None:
        self._is_under_way = False
        more = isinstance(result, Scrubbed) and result.more
        self._seconds_left = 0 if more else LOOK_EVERY_S - 1
        if isinstance(result, Failed):
            log.error("write.failed", op="Scrub", error=result.error)
