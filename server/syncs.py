"""Bringing a connection up to date: what is read for a sync, what is left out of its reply, what is live after it.

On the public side two stores are asked, one after the other. Whom a person follows is in the private one alone; the
public one is told it, and is the same file whoever follows whom.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from protocol.entries import Side
from protocol.frames import SyncReply
from protocol.ids import PersonId, TopicId
from server.hub import Hub
from server.outcomes import Answer, CatchUp, Decision, Subscriber
from server.readers import Found, Sources
from server.store.base import ResyncError

Step = Callable[[Callable[[], Decision]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncBounds:
    """Bounds of a sync: bytes of a reply, entries it goes back, entries of each topic that a new device gets."""

    slice_bytes: int
    reach: int
    newest: int


class Waiter(Subscriber, Protocol):
    """A connection whose later requests can be kept waiting. `gone`: it is."""

    gone: bool

    def wait(self) -> None:
        """Let the connection's later requests wait until `go_on`."""

    def go_on(self) -> None:
        """Undo `wait`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sync:
    """One under way. `step` carries out what is decided when it is over; `ticket`: the hub's, for it."""

    asker: Waiter
    person: PersonId
    decision: CatchUp
    step: Step
    ticket: int


class Syncs:
    """Reads what a connection does not have yet. Its later requests wait."""

    def __init__(self, hub: Hub, reads: Sources, bounds: SyncBounds) -> None:
        self._hub = hub
        self._reads = reads
        self._bounds = bounds

    def begin(self, asker: Waiter, person: PersonId, decision: CatchUp, step: Step) -> None:
        """Carry out `decision` for `person`, and call `step` with what gives the answer."""
        asker.wait()
        # The hub keeps what is committed from before the first reading on: what one follows may change meanwhile, too.
        sync = _Sync(asker=asker, person=person, decision=decision, step=step, ticket=self._hub.begin_sync())
        if decision.side is Side.PRIVATE:
            self._read(sync, {})
        else:
            self._reads.private.ask(lambda reader: reader.followed(person), partial(self._followed, sync))

    def _followed(self, sync: _Sync, found: Found[dict[TopicId, str]]) -> None:
        if found.exception() is not None:
            self._give_up(sync, found)
        else:
            self._read(sync, found.result())

    def _read(self, sync: _Sync, follows: Mapping[TopicId, str]) -> None:
        decision, bounds = sync.decision, self._bounds
        self._reads.of(decision.side).ask(
            lambda reader: reader.sync(
                sync.person,
                decision.heads,
                marks=decision.marks,
                slice_bytes=bounds.slice_bytes,
                reach=bounds.reach,
                newest=bounds.newest,
                follows=follows,
            ),
            partial(self._caught_up, sync, follows),
        )

    def _caught_up(self, sync: _Sync, follows: Mapping[TopicId, str], found: Found[SyncReply]) -> None:
        if found.exception() is not None:
            self._give_up(sync, found)
            return
        sync.asker.go_on()
        reply = self._hub.amended(sync.ticket, sync.person, found.result())
        sync.step(lambda: Answer(sync.decision.reply(reply), sync.decision.effects))
        if not sync.asker.gone:
            self._hub.release(sync.ticket, sync.asker, reply, follows)
        self._hub.end_sync(sync.ticket)

    def _give_up(self, sync: _Sync, found: Found[Any]) -> None:
        sync.asker.go_on()
        self._hub.end_sync(sync.ticket)
        otherwise = isinstance(found.exception(), ResyncError)
        sync.step(lambda: sync.decision.otherwise if otherwise else found.result())
