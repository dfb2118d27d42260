"""Publishes what is scheduled when it is due: as if its operator asked for it then, so that it is judged then.

An item is taken up first, so that nobody unschedules what is being published. It keeps the cid it was scheduled with:
after a crash anywhere on its way it is taken up again, and what has become of it by then is the answer.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog

from protocol.errors import ErrorCode
from protocol.frames import Preferences, Reply, Request
from protocol.ids import Cid, DeviceId, TopicId
from server.clock import Clock
from server.committer import Commits
from server.engine import Asker
from server.outcomes import Caller, OnDuty, Refuse
from server.readers import Found, Reads
from server.scheduling import publication_of, unpacked
from server.store.backstage_port import Item
from server.store.backstage_writes import CloseItem, TakeUp
from server.store.base import Failed, Reader
from server.store.writes import Done

AT_ONCE = 100  # Looked up at a time.
AGAIN_S = 60.0  # After what will pass; a gate that is out of order must not be asked every second.
PATIENCE_S = 3600.0  # So long what might pass is waited for.
PASSING = frozenset({ErrorCode.UNAVAILABLE, ErrorCode.GATE_UNAVAILABLE})

log = structlog.get_logger("hutong.scheduler")

_Key = tuple[TopicId, Cid]


@dataclass(slots=True)
class _Attempt:
    """An item since it was first taken up. `again_at` None: it is on its way. Monotonic seconds."""

    since: float
    again_at: float | None = None


class Scheduler:
    """What is due and on its way. `begin` has a request decided and carried out, as for a connection."""

    def __init__(
        self,
        *,
        commits: Commits,
        reads: Reads[Reader],
        begin: Callable[[Asker, Request[Reply]], None],
        clock: Clock,
    ) -> None:
        self._commits = commits
        self._reads = reads
        self._begin = begin
        self._clock = clock
        self._attempts: dict[_Key, _Attempt] = {}
        self._is_looking = False

    def every_second(self) -> None:
        """Look for what is due; after a start, that is what has become due meanwhile, too."""
        if not self._is_looking:
            self._is_looking = True
            at, most = self._clock.wall_ms(), AT_ONCE + len(self._attempts)  # Those on their way are due still.
            self._reads.ask(lambda reader: reader.due_items(at, most), self._found)

    def _found(self, found: Found[tuple[Item, ...]]) -> None:
        self._is_looking = False
        if found.exception() is not None:
            log.error("schedule.failed", error=type(found.exception()).__name__)
            return
        now = self._clock.monotonic()
        for item in found.result():
            attempt = self._attempts.setdefault((item.account, item.item), _Attempt(now, now))
            if attempt.again_at is not None and attempt.again_at <= now:
                attempt.again_at = None
                take = TakeUp(account=item.account, item=item.item)
                self._commits.submit(take, partial(self._taken_up, item))

    def _taken_up(self, item: Item, result: Any) -> None:
        if not isinstance(result, Done):
            self._leave(item, result)  # Somebody has unscheduled it; or there was no room, and it is looked up again.
            return
        request = unpacked(item)
        if request is None:
            self._close(item, ErrorCode.BAD_REQUEST)
        else:
            self._begin(_Errand(item, partial(self._over, item)), publication_of(request))

    def _over(self, item: Item, refusal: Refuse | None) -> None:
        attempt, now = self._attempts[item.account, item.item], self._clock.monotonic()
        if refusal is None:
            self._close(item)
        elif refusal.code in PASSING and now < attempt.since + PATIENCE_S:
            attempt.again_at = now + max(AGAIN_S, (refusal.retry_after_ms or 0) / 1000)
        elif refusal.code is ErrorCode.NOT_FOUND:  # So it looks to who is no operator any more.
            self._close(item, ErrorCode.NOT_ALLOWED)
        else:
            self._close(item, refusal.code)

    def _close(self, item: Item, failed: str = "") -> None:
        close = CloseItem(account=item.account, item=item.item, failed=failed)
        self._commits.submit(close, partial(self._leave, item))

    def _leave(self, item: Item, result: Any) -> None:
        if isinstance(result, Failed):
            log.error("schedule.failed", error=result.error)
        del self._attempts[item.account, item.item]


@dataclass(slots=True, eq=False)
class _Errand:
    """Nobody's connection: what asks for an item in its operator's name. `over`: told how it was refused, or not."""

    item: Item
    over: Callable[[Refuse | None], None]
    caller: Caller | None = field(init=False)
    officer: OnDuty | None = None
    live: list[TopicId] = field(default_factory=list)
    gone: bool = False

    def __post_init__(self) -> None:
        preferences = Preferences(receipts=True, presence=True)
        self.caller = Caller(person=self.item.by, handle=self.item.handle, device=DeviceId(""), preferences=preferences)

    def reply(self, request: Request[Reply], reply: Reply) -> None:  # noqa: ARG002 - the signature of a session.
        """It is submitted, whatever becomes of it: its author is told like of any other."""
        self.over(None)

    def refuse(self, request: Request[Reply], refusal: Refuse) -> None:  # noqa: ARG002
        """It is not."""
        self.over(refusal)

    def enter(self, caller: Caller) -> bool:  # noqa: ARG002
        return False

    def go_on_duty(self, officer: OnDuty) -> None: ...

    def push(self, frame: bytes) -> None: ...

    def push_ephemeral(self, frame: bytes) -> None: ...

    def prefer(self, preferences: Preferences) -> None: ...

    def sign_out(self) -> None: ...

    def wait(self) -> None: ...

    def go_on(self) -> None: ...

    def close(self, code: int, reason: str) -> None: ...
