"""The days that readers are counted in: which one it is, and what is destroyed when one is over."""

from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from typing import Any

import structlog

from protocol.ids import PersonId, Seq, TopicId
from server.clock import Clock
from server.committer import Commits
from server.outcomes import Note, Result
from server.store.base import Failed
from server.store.follow_writes import CountOnce, DaysEnded, EndDays
from server.store.public_writes import Concluded

log = structlog.get_logger("hutong.days")


def day_of(at: int, zone: tzinfo, *, before: int = 0) -> str:
    """Return the day (`YYYY-MM-DD`) in which `at` (Unix ms) falls in `zone`, or the one so many days `before` it."""
    return (datetime.fromtimestamp(at / 1000, zone).date() - timedelta(days=before)).isoformat()


def read(account: TopicId, seq: Seq, person: PersonId, *, at: int, zone: tzinfo) -> Note:
    """Return what counts `person` among those who have read an article on the day of `at` (Unix ms)."""
    return Note(CountOnce(account=account, seq=seq, person=person, day=day_of(at, zone)))


class Days:
    """Counts who shares an article, and ends every day that is over; at a start, those that ended meanwhile."""

    def __init__(self, *, commits: Commits, clock: Clock, zone: tzinfo) -> None:
        self._commits = commits
        self._clock = clock
        self._zone = zone
        self._begun = ""  # The day before which nothing is left.
        self._is_ending = False

    def committed(self, result: Result) -> None:
        """Something may have appeared that shares an article in a public group."""
        if isinstance(result, Concluded) and result.shared is not None:
            source, day = result.shared, day_of(self._clock.wall_ms(), self._zone)
            self._commits.submit(
                CountOnce(account=source.account, seq=source.seq, person=result.author, day=day, shared=True), _done
            )

    def every_second(self) -> None:
        """End the days before today, until nothing is left of them."""
        today = day_of(self._clock.wall_ms(), self._zone)
        if today != self._begun and not self._is_ending:
            self._begun, self._is_ending = "", True
            self._commits.submit(EndDays(today=today), self._ended(today))

    def _ended(self, today: str) -> Callable[[Any], None]:
        def done(result: Any) -> None:
            self._is_ending = False
            if isinstance(result, Failed):
                log.error("write.failed", op="EndDays", error=result.error)
            elif isinstance(result, DaysEnded) and not result.traces:
                self._begun = today

        return done


def _done(result: Result) -> None:
    """A figure that could not be counted is a figure less: nobody waits for it."""
