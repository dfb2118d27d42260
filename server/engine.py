"""Carries out what handlers decide: replies, commits, reads, effects. Decides nothing; the poller's thread only."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import msgspec
import structlog

from protocol.decisions import Submission
from protocol.frames import Reply, Request
from protocol.ids import TopicId
from server.clock import Clock
from server.committer import Commits
from server.dispatch import Dispatch
from server.errors import BusyError
from server.hub import Hub
from server.outcomes import (
    INTERNAL,
    MANY_THREADS,
    UNAVAILABLE,
    Again,
    Answer,
    Appeared,
    Ask,
    AskPublic,
    Caller,
    Came,
    CatchUp,
    CloseThread,
    Commit,
    Compute,
    Decision,
    Effect,
    Enter,
    GoOnDuty,
    NoRoom,
    Note,
    OnDuty,
    OpenThread,
    Part,
    Prefer,
    Refuse,
    Result,
    SignOut,
    Stir,
    Tell,
    WatchFor,
    With,
)
from server.presence import Presence
from server.readers import Found, Sources
from server.rooms import Rooms
from server.roots import Root
from server.store.base import Failed
from server.store.dialogue_writes import Speak
from server.store.follow_writes import DropFollow, PutFollow
from server.store.public_writes import AnyWrite
from server.store.writes import Post
from server.syncs import SyncBounds, Syncs, Waiter
from server.threads import OpenThreads
from server.topics import TopicState

ATTEMPTS = 8  # Decisions on one request whose topic changes each time; past that, the topic is too busy changing.

log = structlog.get_logger("hutong.engine")


class Asker(Waiter, Protocol):
    """The session a request came from."""

    officer: OnDuty | None

    def reply(self, request: Request[Reply], reply: Reply) -> None:
        """Send the reply; the request is over."""

    def refuse(self, request: Request[Reply], refusal: Refuse) -> None:
        """Send the refusal; the request is over."""

    def enter(self, caller: Caller) -> bool:
        """Sign `caller` in, unless the connection is gone; say whether it is done."""

    def go_on_duty(self, officer: OnDuty) -> None:
        """Sign `officer` in."""

    def close(self, code: int, reason: str) -> None:
        """Close the connection after what is queued."""


@dataclass(slots=True)
class _Turn:
    """One request under way."""

    asker: Asker
    request: Request[Reply]
    attempts: int = 0
    reconsidered: bool = False
    topic: TopicId | None = None  # By whose state it is decided.
    opened: Root | None = None  # Whose thread stays open if it is not refused.


class Engine:
    """The one place where decisions become deeds."""

    def __init__(
        self,
        *,
        dispatch: Dispatch,
        rooms: Rooms,
        hub: Hub,
        presence: Presence,
        threads: OpenThreads,
        commits: Commits,
        reads: Sources,
        bounds: SyncBounds,
        clock: Clock,
        committed: Callable[[Result], None],
        came: Callable[[TopicId], None],
        appeared: Callable[[Submission], None],
    ) -> None:
        self._dispatch = dispatch
        self._took_in = committed
        self._came = came
        self._appeared = appeared
        self._rooms = rooms
        self._hub = hub
        self._presence = presence
        self._threads = threads
        self._commits = commits
        self._reads = reads
        self._syncs = Syncs(hub, reads, bounds)
        self._clock = clock
        self._when_idle: Callable[[], None] | None = None
        self.under_way = 0

    def stop(self, when_idle: Callable[[], None]) -> None:
        """Begin nothing more: requests that come now are answered by the close of their connection.

        `when_idle` is called once all that was begun has been answered.
        """
        self._when_idle = when_idle
        self._look_idle()

    def begin(self, asker: Asker, request: Request[Reply]) -> None:
        """Decide `request` and carry the decision out; the answer may come later."""
        if self._when_idle is not None:
            return
        self.under_way += 1
        turn = _Turn(asker, request)
        self._step(turn, self._decide, turn)

    def depart(self, asker: Asker) -> None:
        """The connection is gone."""
        self._presence.unwatch(asker)
        self._threads.forget(asker)
        self._hub.depart(asker)

    def _decide(self, turn: _Turn) -> Decision:
        return self._dispatch.decide(turn.request, turn.asker.caller, turn.asker.officer, self._clock.wall_ms())

    def _step(self, turn: _Turn, then: Any, *found: Any) -> None:
        """Call `then`, which gives a decision, and carry it out: the one edge where any failure is caught.

        It is logged without its message and without values, which might be somebody's words.
        """
        try:
            self._carry_out(turn, then(*found))
        except Exception as error:
            places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
            log.error(  # noqa: TRY400 - a traceback with messages might quote a body.
                "request.failed", op=type(turn.request).__name__, error=type(error).__name__, at=places
            )
            self._end(turn, INTERNAL)
            turn.asker.close(1011, "internal error")

    def _carry_out(self, turn: _Turn, decision: Decision) -> None:
        while True:
            match decision:
                case With():
                    state = self._rooms.get(decision.topic)
                    if state is None:
                        turn.asker.wait()
                        self._rooms.load(decision.topic, partial(self._loaded, turn, decision))
                        return
                    turn.topic = decision.topic
                    decision = decision.then(state)
                case Commit():
                    self._commit(turn, decision)
                    return
                case Answer():
                    self._answer(turn, decision)
                    return
                case Ask():
                    self._reads.of(decision.side).ask(decision.query, self._asking(turn, decision))
                    return
                case AskPublic():
                    self._reads.public.ask(decision.query, self._asking(turn, decision))
                    return
                case Refuse():
                    if turn.reconsidered:
                        self._end(turn, decision)
                        return
                    turn.reconsidered = True
                    decision = self._dispatch.reconsider(turn.request, turn.asker.caller, decision)
                case Again():
                    turn.attempts += 1
                    decision = UNAVAILABLE if turn.attempts == ATTEMPTS else self._decide(turn)
                case Compute():
                    refusal = self._compute(turn, decision)
                    if refusal is None:
                        return
                    decision = refusal
                case Enter():
                    if not self._enter(turn, decision):
                        return
                    decision = decision.after
                case GoOnDuty():
                    turn.asker.go_on_duty(decision.officer)
                    decision = decision.after
                case CatchUp():
                    caller = turn.asker.caller
                    assert caller is not None
                    self._syncs.begin(turn.asker, caller.person, decision, partial(self._step, turn))
                    return
                case OpenThread():
                    decision = decision.after if self._open(turn, decision.root) else MANY_THREADS

    def _open(self, turn: _Turn, root: Root) -> bool:
        if turn.asker.gone:
            return True  # Nobody will hear of it.
        is_open = self._threads.open(turn.asker, root)
        turn.opened = root if is_open else None
        return is_open

    def _end(self, turn: _Turn, refusal: Refuse) -> None:
        if turn.opened is not None:
            self._threads.close(turn.asker, turn.opened)
        turn.asker.refuse(turn.request, refusal)
        self._over()

    def _over(self) -> None:
        self.under_way -= 1
        self._look_idle()

    def _look_idle(self) -> None:
        if self._when_idle is not None and not self.under_way:
            self._when_idle()

    def _answer(self, turn: _Turn, answer: Answer) -> None:
        self._effects(turn.asker, answer)
        turn.asker.reply(turn.request, answer.reply)
        if answer.close is not None:
            turn.asker.close(*answer.close)
        self._over()

    def _loaded(self, turn: _Turn, decision: With, found: Found[TopicState | None]) -> None:
        turn.asker.go_on()
        turn.topic = decision.topic
        self._step(turn, lambda: decision.then(found.result()))

    def _asking(self, turn: _Turn, decision: Ask | AskPublic) -> Callable[[Found[Any]], None]:
        turn.asker.wait()
        if turn.topic is not None:
            self._rooms.pin(turn.topic)  # What comes of it is told by this state, too.
        return partial(self._asked, turn, decision, turn.topic)

    def _asked(self, turn: _Turn, decision: Ask | AskPublic, pinned: TopicId | None, found: Found[Any]) -> None:
        turn.asker.go_on()
        self._step(turn, lambda: decision.then(found.result()))
        if pinned is not None:
            self._rooms.unpin(pinned)

    def _commit(self, turn: _Turn, decision: Commit) -> None:
        write = decision.write.post if isinstance(decision.write, Speak) else decision.write
        topic = _told_by(write)
        if topic is not None:
            self._rooms.pin(topic)
            self._hub.expect(topic)
        # What comes behind a login is asked by who logs in; what comes behind a founding finds what is founded.
        waiting = turn.asker.caller is None or (isinstance(write, Post) and write.founding is not None)
        if waiting:
            turn.asker.wait()
        self._commits.submit(decision.write, partial(self._committed, turn, decision, topic, waiting))

    def _committed(self, turn: _Turn, decision: Commit, topic: TopicId | None, waiting: bool, result: Result) -> None:  # noqa: FBT001
        self._took_in(result)
        if topic is not None:
            self._rooms.unpin(topic)
            self._hub.expect_less(topic)
        if waiting:
            turn.asker.go_on()
        if isinstance(result, NoRoom):
            self._end(turn, UNAVAILABLE)
        elif isinstance(result, Failed):
            log.error("write.failed", op=type(decision.write).__name__, error=result.error)
            self._end(turn, INTERNAL)
        else:
            self._step(turn, decision.then, result)

    def _compute(self, turn: _Turn, decision: Compute) -> Refuse | None:
        def done(found: Any) -> None:
            if decision.alone:
                turn.asker.go_on()
            if isinstance(found, Failed):
                log.error("computation.failed", op=type(turn.request).__name__, error=found.error)
                self._end(turn, INTERNAL)
            else:
                self._step(turn, decision.then, found)

        if decision.alone:
            turn.asker.wait()
        try:
            decision.start(done)
        except BusyError as busy:
            if decision.alone:
                turn.asker.go_on()
            return msgspec.structs.replace(UNAVAILABLE, retry_after_ms=busy.retry_after_ms)
        return None

    def _enter(self, turn: _Turn, decision: Enter) -> bool:
        caller, first = decision.caller, turn.asker.caller is None
        if not turn.asker.enter(caller):
            if isinstance(decision.after, Answer):
                self._effects(turn.asker, decision.after)  # What others lose by it they lose, asker or no asker.
            self._over()
            return False
        preferences = self._hub.preferred(caller.person)
        if preferences is not None:  # `caller` was made before a password was checked, perhaps.
            turn.asker.prefer(preferences)
        if first:
            if self._hub.was_signed_out(caller.device):  # While its token was being looked up.
                turn.asker.sign_out()
            self._hub.arrive(turn.asker, caller.person)
        return True

    def _effects(self, asker: Asker, answer: Answer) -> None:
        for effect in answer.effects:
            self._effect(asker, effect)

    def _effect(self, asker: Asker, effect: Effect) -> None:
        match effect:
            case Tell():
                self._hub.tell(effect, asked=asker)
            case SignOut():
                self._hub.sign_out(effect.devices, asked=asker)
            case Prefer():
                self._hub.prefer(effect.person, effect.preferences)
                if not effect.preferences.presence:  # Off works both ways.
                    self._presence.hide(effect.person)
                    for subscriber in self._hub.connections(effect.person):
                        self._presence.unwatch(subscriber)
            case WatchFor():
                if not asker.gone:
                    self._presence.watch(asker, effect.persons)
            case Part():
                self._presence.hide(effect.one, only_from=effect.other)
                self._presence.hide(effect.other, only_from=effect.one)
            case Came():
                self._came(effect.topic)
            case Appeared():
                self._appeared(effect.submission)
            case Stir():
                self._threads.stir(effect, asked=asker)
            case CloseThread():
                self._threads.close(asker, effect.root)
            case Note():
                self._commits.submit(effect.write, self._took_in)


def _told_by(write: AnyWrite) -> TopicId | None:
    """Return the topic whose state is needed to tell what comes of `write`."""
    match write:
        case Post():
            return write.topic
        case PutFollow() | DropFollow():
            return write.account
        case _:
            return None
