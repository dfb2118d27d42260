"""Brings submissions through the gate: asks the hooks, keeps each author's order, has the rulings written down.

It decides nothing: what the answers amount to is compliance.ruling's, what becomes of it the store's. The poller's
thread only. What waits here is durable already; after a restart it is taken up again from the store.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice, takewhile
from typing import Any

import structlog

from compliance.bench import Bench
from compliance.publication import Publication, publication
from compliance.ruling import Ruling, Unavailable, rule, unjudged
from compliance.verdicts import Answer, Failure, Hold, Reject
from protocol.decisions import Submission, SubmissionState
from protocol.ids import PersonId, SubmissionId, TopicId
from protocol.public import SubmissionPush
from protocol.publications import PERSONAL, Surface
from server.clock import Clock
from server.committer import Commits
from server.outcomes import NoRoom, Result, Tell
from server.panel import Panel
from server.readers import Found, Reads
from server.store.base import Failed, PublicReader
from server.store.public_writes import (
    Case,
    Conclude,
    Concluded,
    Conclusion,
    Conclusions,
    Expire,
    Forget,
    TooManyHeld,
    Unjudged,
)

DAY_MS = 86_400_000
FORGET_EVERY_MS = 60_000
RUN = 32  # Rulings of one line that are written down together; those of other lines wait while they are.
TRIES = 3  # To write a ruling down that fails for another reason than room; then the item is held.

log = structlog.get_logger("hutong.gate")

Outcome = Concluded | Unjudged | TooManyHeld | NoRoom | Failed
Judged = Callable[[Outcome], None]
_Line = tuple[PersonId, TopicId | Surface]  # One author's submissions to one place come in order.


@dataclass(slots=True)
class _Item:
    case: Case
    publication: Publication
    done: Judged | None  # None: nobody waits for an answer any more; the author is told by a push.
    answers: tuple[Answer, ...] = ()
    ruling: Ruling | None = None
    is_under_way: bool = False  # Its ruling is, or is about to be, written down, perhaps with some behind it.
    is_alone: bool = False  # It has failed, or others with it: its ruling is written down by itself.
    failures: int = 0

    def answer(self, outcome: Outcome) -> bool:
        """Say what came of it to who waits for that; return whether somebody did."""
        done, self.done = self.done, None
        if done is None:
            return False
        done(outcome)
        return True


class Gatekeeper:
    """The gate in motion. `committed` takes in what a commit did; `tell` pushes to people.

    `soon` calls what it is given at the end of the turn, when all that was judged in it is known.
    """

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
        soon: Callable[[Callable[[], None]], None],
    ) -> None:
        self._panel = panel
        self._commits = commits
        self._reads = reads
        self._bench = bench
        self._clock = clock
        self._committed = committed
        self._tell = tell
        self._soon = soon
        self._lines: dict[_Line, deque[_Item]] = {}
        self._stuck: set[_Line] = set()  # The ruling on the first of each could not be written down just now.
        self._expiring: set[SubmissionId] = set()
        self._is_looking = False
        self._forgets_at = 0

    def judge(self, case: Case, done: Judged | None) -> None:
        """Have `case` judged and concluded; call `done` with what became of it."""
        published = publication(
            case.content,
            surface=case.surface,
            version=case.version,
            previous=case.previous,
            at=self._clock.wall_ms(),
            account=case.account,
            source=case.source,
        )
        item = _Item(case, published, done)
        # A card or a square has no topic before its first text; in one line it is all the same.
        line = (case.author, case.topic if case.topic and case.surface not in PERSONAL else case.surface)
        self._lines.setdefault(line, deque()).append(item)
        try:
            self._panel.ask(published, partial(self._answered, line, item))
        except Exception as error:  # A mistake in the panel must not hold up what this author says next.
            log.error("gate.failed", error=type(error).__name__)  # noqa: TRY400 - messages may quote what was said.
            item.ruling = unjudged(self._bench.pack, "The hooks could not be asked.", by="server")
            self._advance(line)

    def recover(self, cases: Iterable[Case]) -> None:
        """Take up what was submitted before a restart and not judged, in order, before anything new comes."""
        recovered = 0
        for case in cases:
            recovered += 1
            self.judge(case, None)
        if recovered:
            log.info("gate.recovered", submissions=recovered)

    def appeared(self, submission: Submission) -> None:
        """Something that was held is public now: the checks that learn from what is public learn it, too."""
        if submission.content is not None and submission.version is not None:
            at = self._clock.wall_ms()
            surface, version = submission.surface, submission.version
            self._panel.published(
                publication(submission.content, surface=surface, version=version, previous=None, at=at)
            )

    def every_second(self) -> None:
        """End the holds whose time is over, write what could not be written, and forget what is past its time."""
        stuck, self._stuck = self._stuck, set()
        for line in stuck & self._lines.keys():  # What came behind may have set it going again meanwhile.
            self._advance(line)
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
        case = item.case
        item.ruling = rule(item.answers, self._bench.pack, surface=case.surface, category=case.content.category)
        self._advance(line)

    def _sound(self, answer: Answer) -> Answer:
        """Return `answer`; as a failure, if it stands on a ground that the pack does not have."""
        outcome = answer.outcome
        if isinstance(outcome, Hold | Reject) and outcome.ground not in self._bench.pack.grounds:
            return replace(answer, outcome=Failure.MALFORMED)
        return answer

    def _advance(self, line: _Line) -> None:
        """Have the rulings at the head of a line written down, if any: one run at a time, or order is lost."""
        item = self._lines[line][0]
        if item.ruling is not None and not item.is_under_way:
            item.is_under_way = True
            self._soon(partial(self._write_down, line))

    def _write_down(self, line: _Line) -> None:
        """Write down those at the head of a line that have a ruling; where a run has failed, the first only."""
        waiting = self._lines[line]
        most = 1 if waiting[0].is_alone else RUN
        run = list(islice(takewhile(lambda item: item.ruling is not None, waiting), most))
        self._commits.submit(Conclude(tuple(map(self._conclusion, run))), partial(self._concluded, line, run))

    def _conclusion(self, item: _Item) -> Conclusion:
        if item.done is None and isinstance(item.ruling, Unavailable):
            facts = "A hook gave no verdict, and you were not there to try again; nothing was found against it."
            item.ruling = unjudged(self._bench.pack, facts, by="server")
        assert item.ruling is not None
        return Conclusion(
            submission=item.case.submission,
            version=item.case.version,
            ruling=item.ruling,
            answers=item.answers,
            at=self._clock.wall_ms(),
            bench=self._bench,
            unwaited=item.done is None,
        )

    def _concluded(self, line: _Line, run: list[_Item], result: Any) -> None:
        run[0].is_under_way = False
        match result:
            case Conclusions(outcomes):
                self._leave(line, run)
                for item, outcome in zip(run, outcomes, strict=True):
                    self._came(item, outcome)
            case NoRoom():
                self._stuck.add(line)
                self._answer_all(line, result)
            case Failed(error):
                log.error("gate.failed", error=error)
                self._failed(line, run, result)

    def _came(self, item: _Item, outcome: Concluded | Unjudged | TooManyHeld) -> None:
        """What became of `item` is durable."""
        if isinstance(outcome, Concluded):
            self._committed(outcome)
            if outcome.submission.state is SubmissionState.PUBLISHED:
                self._panel.published(item.publication)
        if not item.answer(outcome) and isinstance(outcome, Concluded):
            self._notify(outcome)

    def _failed(self, line: _Line, run: list[_Item], result: Failed) -> None:
        """Nothing of `run` was done. One by one, all but the guilty one get through."""
        for item in run:
            item.is_alone = True
        if len(run) > 1:
            self._advance(line)
            return
        (item,) = run
        item.failures += 1
        if item.failures == TRIES:
            facts = "The server failed to conclude it; nothing was found against it."
            item.ruling = unjudged(self._bench.pack, facts, by="server")
        if item.failures < 2 * TRIES:
            self._stuck.add(line)
        else:
            self._leave(line, run)
        item.answer(result)

    def _answer_all(self, line: _Line, result: NoRoom) -> None:
        """Nobody waits for an answer until there is room: what has a ruling is kept, and will be concluded."""
        for item in tuple(self._lines[line]):
            if item.ruling is not None:
                item.answer(result)

    def _leave(self, line: _Line, run: list[_Item]) -> None:
        """The first of a line are done with."""
        waiting = self._lines[line]
        for _ in run:
            waiting.popleft()
        if waiting:
            self._advance(line)
        else:
            del self._lines[line]

    def _due(self, at: int, found: Found[tuple[SubmissionId, ...]]) -> None:
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
            if result.submission.state is SubmissionState.PUBLISHED:
                self.appeared(result.submission)
            self._notify(result)

    def _notify(self, concluded: Concluded) -> None:
        self._tell(Tell(persons=(concluded.author,), push=SubmissionPush(submission=concluded.submission)))
