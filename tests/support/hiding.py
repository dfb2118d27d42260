"""Twin worlds in which bob hides something from ann, eve and sam, or never had it; and the ways in which he may.

A world says what there is in it and where bob publishes; here is how something comes not to appear, and how what the
three receive in both worlds is put side by side.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any, TypeVar

import msgspec

from compliance.verdicts import Allow, Failure, OnError
from protocol.ids import CommentId, SubmissionId, TopicId, new_id
from protocol.public import Publish, Submissions, TakeBack
from protocol.publications import Surface
from protocol.staff import OfficerAct, OfficerDecide
from tests.support.asks import ASKS, HIDDEN
from tests.support.inline import Caller, InlineServer, bench_under_test
from tests.support.panel import StaffedPanel
from tests.support.public import GROUND, HOLD, REJECT, officer
from tests.support.worlds import ids_in_order, view

WATCHERS = ("ann", "eve", "sam")
Script = Sequence[tuple[str, str, int]]
W = TypeVar("W", bound="World")


class World:
    """`hides`: whether this is the world in which something is hidden. `submission`, `cid`: of the last such thing.
    `surfaces`: what there is to publish on. `comments`: those under something public that everybody sees.
    """

    surfaces: tuple[Surface, ...]

    def __init__(self, *, hides: bool) -> None:
        bench = bench_under_test()
        often = msgspec.structs.replace(bench.pack.accounts, subscription_daily=1000)
        self.hides = hides
        self.panel = StaffedPanel(hook=lambda _: Allow())
        self.server = InlineServer(
            panel=self.panel, bench=replace(bench, pack=msgspec.structs.replace(bench.pack, accounts=often))
        )
        self.ann, self.bob, self.eve, self.sam = self.server.people("ann", "bob", "eve", "sam")
        self.submission = SubmissionId(new_id())
        self.cid = self.bob.cid()
        self.comments: list[CommentId] = []

    @property
    def places(self) -> tuple[TopicId, ...]:
        """Where something public is said."""
        raise NotImplementedError

    def fields(self, what: Any, words: str) -> dict[str, Any]:
        """Return the fields of a `publish` of `words`; `what`: a surface, or something else that the world has."""
        raise NotImplementedError

    def forget(self) -> None:
        """From now on it counts what everybody receives."""
        for caller in self.server.callers:
            caller.collect()

    def hide(self, how: str, *what: Any) -> None:
        """Have bob publish what does not appear, one after another, and let each come to that."""
        if self.hides:
            for each in what:
                HOWS[how](self, each)
        seen = [getattr(self, watcher).collect() for watcher in WATCHERS]
        assert seen == [[], [], []], "it has been pushed to somebody"
        self.bob.collect()

    def bob_publishes(self, what: Any, words: str = HIDDEN) -> None:
        """Have bob submit something; what becomes of it is the hooks' affair."""
        self.cid = self.bob.cid()
        self.bob.say(self.bob.request(Publish, cid=self.cid, **self.fields(what, words)))
        self.server.settle()
        known = self.bob.do(Submissions).submissions
        self.submission = known[0].submission if known else self.submission

    def step(self, who: Caller, operation: str, number: int) -> None:
        """Have `who` ask for something, reasonable or not."""
        for request in ASKS[operation](self, who, number):
            who.say(request)
        self.server.settle()


def waits(world: World, what: Any) -> None:
    world.panel.is_slow = True
    world.bob_publishes(what)
    world.panel.is_slow = False


def is_held(world: World, what: Any) -> None:
    judged_as(world, what, HOLD)


def is_rejected(world: World, what: Any) -> None:
    judged_as(world, what, REJECT)


def is_refused_for_a_failure(world: World, what: Any) -> None:
    world.panel.on_error = OnError.REJECT
    judged_as(world, what, Failure.LATE)
    world.panel.on_error = OnError.HOLD


def is_held_for_a_failure(world: World, what: Any) -> None:
    judged_as(world, what, Failure.CRASHED)


def is_rejected_by_an_officer(world: World, what: Any) -> None:
    is_held(world, what)
    officer(world.server).do(
        OfficerDecide, item=world.submission, act=OfficerAct.REJECT, ground=GROUND, facts="A fact."
    )


def is_taken_back_while_it_waits(world: World, what: Any) -> None:
    waits(world, what)
    world.bob.do(TakeBack, submission=world.submission)
    world.panel.answer()


def is_taken_back_while_it_is_held(world: World, what: Any) -> None:
    is_held(world, what)
    world.bob.do(TakeBack, submission=world.submission)


def judged_as(world: World, what: Any, outcome: Any) -> None:
    world.panel.hooks["hook"] = lambda _: outcome
    world.bob_publishes(what)
    world.panel.hooks["hook"] = lambda _: Allow()


HOWS: dict[str, Callable[[World, Any], None]] = {
    how.__name__: how
    for how in (
        waits,
        is_held,
        is_rejected,
        is_refused_for_a_failure,
        is_held_for_a_failure,
        is_rejected_by_an_officer,
        is_taken_back_while_it_waits,
        is_taken_back_while_it_is_held,
    )
}


def views(
    world_of: type[W], script: Script, hide: Callable[[W], None], *, watchers: Sequence[str] = WATCHERS, **how: Any
) -> list[dict[str, list[str]]]:
    """Return what the watchers receive in the world where something is hidden, and in the other."""
    seen = []
    for hides in (True, False):
        with ids_in_order():
            world = world_of(hides=hides, **how)
            with closing(world.server):
                hide(world)
                for who, operation, number in script:
                    world.step(getattr(world, who), operation, number)
                world.server.every_second()
                assert [who for who in watchers if getattr(world, who).peer.closed] == []
                seen.append({who: view(getattr(world, who).collect()) for who in watchers})
    return seen
