"""Brings submissions through the gate: asks the hooks, keeps each author's order, has the rulings written down.

It decides nothing: what the answers amount to is compliance.ruling's, what becomes of it the store's. The poller's
thread only. What waits here is durable already; after a restart it is taken up again from the store.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import structlog

from compliance.bench import Bench
from compliance.publication import Publication, publication
from compliance.ruling import Ruling, rule
from compliance.verdicts import Answer, Failure, Hold, Reject
from protocol.decisions import SubmissionState
from protocol.ids import PersonId, SubmissionId, TopicId
from protocol.public import SubmissionPush
from protocol.publications import Surface
from server.clock import Clock
from server.committer import Commits
from server.outcomes import NoRoom, Result, Tell
from server.panel import Panel
from server.readers import Reads
from server.store.base import Failed, PublicReader
from server.store.public_writes import Case, Conclude, Concluded, Dropped, Expire, Forget

DAY_MS = 86_400_000
FORGET_EVERY_MS = 60_000

log = structlog.get_logger("hutong.gate")

Outcome = Concluded | Dropped | NoRoom | Failed
Judged = Callable[[Outcome], None]
_Line = tuple[PersonId, TopicId | Surface]  # One author's submissions to one place come in order.


@dataclass(slots=True)
class _Item:
    case: Case
    publication: Publication
    done: Judged | None  # None: nobody waits for an answer any more; the author is told by a push.
    answers: tuple[Answer, ...] = ()
    ruling: Ruling | None = None


class Gatekeeper:
    """The gate in motion. `committed` takes in what a commit did; `tell` pushes to people."""

    def __init__(
        self,
        *,
        panel: Panel,
        commits: Commits,
        reads: Reads[PublicReader],
        bench: Bench,
        clock: Clock,
        committed: Callable[[Result], None],
        tell: Callable[[Tell], None],
    ) -> None:
        self._panel = panel
        self._commits = commits
        self._reads = reads
        self._bench = bench
        self._clock = clock
        self._committed = committed
        self._tell = tell
        self._lines: dict[_Line, deque[_Item]] = {}
        self._under_way: set[SubmissionId] = set()
        self._unwritten: dict[_Line, list[_Item]] = {}  # Ruled on, but there was no room on the disk.
        self._expiring: set[SubmissionId] = set()
        self._is_looking = False
        self._forgets_at = 0

    def judge(self, case: Case, done: Judged | None) -> None:
        """Have `case` judged and concluded; call `done` with what became of it."""
        item = _Item(
            case,
            publication(
                case.content,
                surface=case.surface,
                version=case.version,
                previous=case.previous,
                at=self._clock.wall_ms(),
            ),
            done,
        )
        # A card has no topic before its first version; in one line it is all the same.
        line = (case.author, case.topic if case.topic and case.surface is not Surface.CARD else case.surface)
        self._under_way.add(case.submission)
        self._lines.setdefault(line, deque()).append(item)
        self._panel.ask(item.publication, partial(self._answered, line, item))

    def recover(self) -> None:
        """Take up what was submitted before a restart and not judged."""
        self._reads.ask(lambda reader: reader.waiting(), self._recovered)

    def every_second(self) -> None:
        """End the holds whose time is over, write what there was no room for, and forget what is past its time."""
        unwritten, self._unwritten = self._unwritten, {}
        for line, items in unwritten.items():
            for item in items:
                self._conclude(line, item)
        at = self._clock.wall_ms()
        if at >= self._forgets_at:
            self._forgets_at = at + FORGET_EVERY_MS
            keep_ms = int(self._bench.pack.holds.keep_d * DAY_MS)
            self._commits.submit(Forget(before=at - keep_ms), self._committed)
        if not self._is_looking:
            self._is_looking = True
            self._reads.ask(lambda reader: reader.due(at), partial(self._due, at))

    def _answered(self, line: _Line, item: _Item, answers: list[Answer]) -> None:
        item.answers = tuple(self._sound(answer) for answer in answers)
        item.ruling = rule(item.answers, self._bench.pack, at=self._clock.wall_ms())
        waiting = self._lines[line]
        while waiting and waiting[0].ruling is not None:
            self._conclude(line, waiting.popleft())
        if not waiting and self._lines.get(line) is waiting:
            del self._lines[line]

    def _sound(self, answer: Answer) -> Answer:
        """Return `answer`; as a failure, if it stands on a ground that the pack does not have."""
        outcome = answer.outcome
        if isinstance(outcome, Hold | Reject) and outcome.ground not in self._bench.pack.grounds:
            return replace(answer, outcome=Failure.MALFORMED)
        return answer

    def _conclude(self, line: _Line, item: _Item) -> None:
        assert item.ruling is not None
        if line in self._unwritten:  # Now there may be room, but what was said before comes first.
            self._unwritten[line].append(item)
            return
        write = Conclude(
            submission=item.case.submission,
            ruling=item.ruling,
            answers=item.answers,
            at=self._clock.wall_ms(),
            bench=self._bench,
        )
        self._commits.submit(write, partial(self._concluded, line, item))

    def _concluded(self, line: _Line, item: _Item, result: Any) -> None:
        self._committed(result)
        if isinstance(result, NoRoom):
            self._unwritten.setdefault(line, []).append(item)
        else:
            self._under_way.discard(item.case.submission)
        if isinstance(result, Failed):
            log.error("gate.failed", error=result.error)
        elif isinstance(result, Concluded) and result.submission.state is SubmissionState.PUBLISHED:
            self._panel.published(item.publication)
        done, item.done = item.done, None
        if done is not None:
            done(result)
        elif isinstance(result, Concluded):
            self._notify(result)

    def _recovered(self, found: "Future[tuple[Case, ...]]") -> None:
        cases = [case for case in found.result() if case.submission not in self._under_way]  # Submitted meanwhile.
        if cases:
            log.info("gate.recovered", submissions=len(cases))
        for case in cases:
            self.judge(case, None)

    def _due(self, at: int, found: "Future[tuple[SubmissionId, ...]]") -> None:
        self._is_looking = False
        if found.exception() is not None:
            log.error("gate.failed", error=type(found.exception()).__name__)
            return
        for submission in found.result():
            if submission not in self._expiring:
                self._expiring.add(submission)
                write = Expire(submission=submission, at=at, bench=self._bench)
                self._commits.submit(write, partial(self._expired, submission))

    def _expired(self, submission: SubmissionId, result: Any) -> None:
        self._expiring.discard(submission)
        self._committed(result)
        if isinstance(result, Failed):
            log.error("gate.failed", error=result.error)
        elif isinstance(result, Concluded):
            self._notify(result)

    def _notify(self, concluded: Concluded) -> None:
        self._tell(Tell(persons=(concluded.author,), push=SubmissionPush(submission=concluded.submission)))
