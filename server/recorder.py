"""Leaves of what is in force: nobody waits for them, but none may be missing."""

from functools import partial
from typing import Any

import structlog

from server.committer import Commits
from server.outcomes import NoRoom
from server.store.base import Failed
from server.store.public_writes import Record

log = structlog.get_logger("hutong.audit")


class Recorder:
    """Has leaves written; what there is no room for just now is tried again every second, in order."""

    def __init__(self, commits: Commits) -> None:
        self._commits = commits
        self._waiting: list[Record] = []

    def record(self, record: Record) -> None:
        """Have `record` written soon."""
        self._commits.submit(record, partial(self._recorded, record))

    def every_second(self) -> None:
        """Try again what could not be written."""
        waiting, self._waiting = self._waiting, []
        for record in waiting:
            self.record(record)

    def _recorded(self, record: Record, result: Any) -> None:
        if isinstance(result, NoRoom):
            self._waiting.append(record)
        elif isinstance(result, Failed):
            log.error("write.failed", op="Record", error=result.error)
