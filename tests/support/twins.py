"""Two lives of one server that differ in what is private alone; what each leaves behind can be compared byte by byte.

Both have the same people, the same clock and the same chance (tests/support/seeded.py). What is public is a list of
acts, the same in both; between any two of them people may do whatever is private, other things in each life.
"""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from compliance.publication import Publication
from protocol.codec import Refusal
from protocol.entries import Side, side_of
from protocol.frames import REQUESTS, Reply, Request
from protocol.ids import Cid, SubmissionId, TopicId, new_cid
from protocol.public import Publish, SubmissionReply, TakeBack
from protocol.publications import Content, Surface
from protocol.staff import OfficerAct, OfficerDecide, OfficerQueue, OfficerShow, QueueReply
from tests.support import records
from tests.support.asking import request_of
from tests.support.aviary import as_hooks_get_it
from tests.support.crowd import Crowd
from tests.support.hearsay import HANDLES
from tests.support.inline import Caller

PUBLIC_OPERATIONS = frozenset(
    {
        "register",  # Under some packs one signs the agreement by it, which is on record.
        "publish",
        "take_back",
        "agreement.sign",
        "group.found_public",
        "group.join",
        "group.settings",
        "staff.login",
        "officer.queue",
        "officer.show",
        "officer.decide",
    }
)
PRIVATE_OPERATIONS = tuple(sorted(REQUESTS.keys() - PUBLIC_OPERATIONS))  # Where they name a topic, a private one.

MEMBERS_PUBLISH = (Surface.GROUP_MESSAGE, Surface.GROUP_MESSAGE, Surface.GROUP_SCREEN_NAME, Surface.CARD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something public: `verb` is a method of Life, `who` one of the people, `which` tells one thing from another."""

    verb: str
    who: int
    which: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """What is private between two public acts: so many requests, by chance of this seed."""

    seed: int
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What a life has left behind: on the public side, and, to tell that the lives differed, on the private one."""

    publications: tuple[Publication, ...]
    as_hooks_got_it: bytes
    learned: tuple[Publication, ...]
    leaves: tuple[bytes, ...]
    public_store: bytes
    answers: tuple[object, ...]
    staff: tuple[bytes, ...]
    log: tuple[object, ...]
    private_store: tuple[str, ...]


class Life(Crowd):
    """One life, from `settle` on."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[object] = []
        self.acts = 0

    def begin(self) -> None:
        """Have the people there, with their groups."""
        for connection in (records.public(self.server), records.private(self.server)):
            connection.execute("UPDATE _sqlite_migrations SET applied_at = 'then'")  # A real clock wrote it.
        self.settle()
        self.public = [topic for topic in self.topics if side_of(topic) is Side.PUBLIC]
        self.staff_heard.clear()

    def pass_by(self, gap: Gap) -> None:
        """Have people do what is private."""
        chance = random.Random(gap.seed)
        for _ in range(gap.requests):
            operation = chance.choice(PRIVATE_OPERATIONS)
            self.asking = self._whoever_asks(operation, chance)
            if self.asking is self.officer:
                continue
            self._number += 1
            self.carry_out(self.asking, request_of(operation, chance, self, number=self._number))
            self._tidy()

    def act(self, act: Act) -> None:
        """Do something public."""
        self.acts += 1
        self.server.clock.pass_time(1)
        self.server.every_second()
        getattr(self, act.verb)(act)

    def leave(self) -> Left:
        """Say what is left behind, and end."""
        queue = self.ask_as_staff(OfficerQueue(id=self._next()))
        assert isinstance(queue, QueueReply)
        for item in queue.items:
            self.ask_as_staff(OfficerShow(id=self._next(), item=item.item))
        left = Left(
            publications=tuple(self.panel.seen),
            as_hooks_got_it=b"\n".join(as_hooks_get_it(publication) for publication in self.panel.seen),
            learned=tuple(self.panel.learned),
            leaves=tuple(records.leaves_of(self.server)),
            public_store=records.raw(records.public(self.server)),
            answers=tuple(self.answers),
            staff=tuple(self.staff_heard),
            log=tuple(_untimed(line) for line in self.records.log.splitlines()),
            private_store=tuple(records.private(self.server).iterdump()),
        )
        self.teardown()
        return left

    # Public acts.

    def publishes(self, act: Act) -> None:
        bobs = HANDLES[act.who] == HANDLES[1]
        surfaces = tuple(Surface) if bobs else MEMBERS_PUBLISH
        surface = surfaces[act.which % len(surfaces)]
        topic = None if surface is Surface.CARD else self.public[act.which % 2 if bobs else 0]
        title = "somebody" if surface is Surface.CARD else ""
        content = Content(title=title, text=f"said as the {self.acts}th")
        self._ask(act, Publish(id=0, cid=self._cid(), surface=surface, topic=topic, content=content))

    def edits(self, act: Act) -> None:
        topic = self.public[0]
        own = [seq for person, seq in self.messages.get(topic, []) if person == self.persons[act.who]]
        if own:
            target = own[act.which % len(own)]
            content = Content(text=f"changed as the {self.acts}th")
            fields = {"surface": Surface.GROUP_MESSAGE, "topic": topic, "target": target, "base": 1 + act.which % 2}
            self._ask(act, Publish(id=0, cid=self._cid(), content=content, **fields))  # type: ignore[arg-type]

    def takes_back(self, act: Act) -> None:
        if self.submissions:
            submission: SubmissionId = self.submissions[act.which % len(self.submissions)]
            self._ask(act, TakeBack(id=0, submission=submission))

    def decides(self, act: Act) -> None:
        queue = self.ask_as_staff(OfficerQueue(id=self._next(), limit=1))
        assert isinstance(queue, QueueReply)
        for item in queue.items:
            fields: dict[str, Any] = {"act": OfficerAct.RELEASE}
            if act.which % 2:
                fields = {"act": OfficerAct.REJECT, "ground": self.ground, "facts": "It was looked at."}
            self.ask_as_staff(OfficerShow(id=self._next(), item=item.item))
            self.ask_as_staff(OfficerDecide(id=self._next(), item=item.item, **fields))
        self.ask_as_staff(OfficerQueue(id=self._next()))

    def waits(self, act: Act) -> None:
        self.server.clock.pass_time([60, 3600, 100 * 3600][act.which % 3])
        self.server.every_second()

    def changes_the_hooks(self, act: Act) -> None:
        says = ["allow", "label", "hold", "reject", "late"][act.which % 5]
        self.panel.hooks = {"one": lambda _: self._verdict(says), "two": lambda _: self._verdict("allow")}

    def ask_as_staff(self, request: Request[Reply]) -> Reply | Refusal | None:
        """Ask as the officer; what comes is kept as it comes."""
        return self.carry_out(self.officer, request)

    def _ask(self, act: Act, request: Request[Reply]) -> None:
        handle = HANDLES[act.who]
        caller: Caller = next(each for each in self.callers if self.handles[each] == handle)
        answer = self.carry_out(caller, request)
        self.answers.append(answer.submission if isinstance(answer, SubmissionReply) else answer)

    def _next(self) -> int:
        return 1_000_000 + len(self.staff_heard)

    def _cid(self) -> Cid:
        return new_cid(self.server.clock.wall_ms())  # Seeded by this function, which nothing private asks.

    def _topics(self, operation: str) -> Sequence[TopicId]:
        return [topic for topic in super()._topics(operation) if side_of(topic) is Side.PRIVATE]


def lived(acts: Sequence[Act], gaps: Sequence[Gap]) -> Left:
    """Live through `acts`, with `gaps` before each and after the last, as far as there are any; return what is left."""
    life = Life()
    life.begin()
    for number, act in enumerate(acts):
        life.pass_by(gaps[number % len(gaps)])
        life.act(act)
    life.pass_by(gaps[len(acts) % len(gaps)])
    return life.leave()


def difference(one: Sequence[object], other: Sequence[object]) -> str:
    """Say where `other` begins to be another than `one`, empty if nowhere: what they hold is too much to be printed."""
    for number, (each, its_twin) in enumerate(zip(one, other, strict=False)):
        if each != its_twin:
            return f"at {number}: {each!r:.2000} and {its_twin!r:.2000}"
    return "" if len(one) == len(other) else f"{len(one)} and {len(other)}"


def _untimed(line: str) -> object:
    try:
        said = json.loads(line)
    except ValueError:
        return line
    said.pop("timestamp", None)
    return said
