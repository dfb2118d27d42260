"""People on a whole server, with a model beside it, and what is to be pushed to whom: by what the model shows each of
them before something was done, and after.
"""

from collections.abc import Callable
from itertools import count
from typing import Any, ClassVar, TypeVar

from hypothesis.stateful import RuleBasedStateMachine

from protocol.codec import Refusal
from protocol.contacts import ContactPush, ContactState
from protocol.errors import ErrorCode
from protocol.frames import Push, Reply, Request
from protocol.ids import CommentId, MomentId, PersonId
from protocol.moments import MomentPush, NoticePush, ThreadPush
from protocol.public import SubmissionPush
from tests.support.circles import Circles, Moment
from tests.support.eyes import Eyes
from tests.support.inline import Caller, InlineServer

R = TypeVar("R", bound=Reply)
HANDLES = ("ann", "bob", "cyd", "dan", "eve")
WITH_TWO_DEVICES = HANDLES[:3]
Told = dict[Caller, set[tuple[Any, ...]]]


class Neighbours(RuleBasedStateMachine):
    """`done`: what was asked for and not refused, in any of the runs; `refused`: what was, and how."""

    done: ClassVar[set[str]]
    refused: ClassVar[set[tuple[str, str]]]
    told: ClassVar[set[str]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.done, cls.refused, cls.told = set(), set(), set()

    def __init__(self) -> None:
        super().__init__()
        self.server = InlineServer()
        self.model = Circles()
        self.first = self.server.people(*HANDLES)
        self.devices = [*self.first, *(self.server.login(handle) for handle in WITH_TWO_DEVICES)]
        self.people = [caller.person for caller in self.first]
        self.eyes = Eyes(self.model, dict(zip(self.people, HANDLES, strict=True)))
        self.opened: set[tuple[Caller, MomentId]] = set()
        self.gone_moments: list[MomentId] = []
        self.gone_comments: list[CommentId] = []
        self._steps = count()
        for caller in self.devices:
            caller.collect()

    def teardown(self) -> None:
        self.server.close()

    @property
    def now(self) -> int:
        """What time it is, Unix ms."""
        return self.server.clock.ms

    def words(self) -> bytes:
        """Return something to say that nobody has said before."""
        return f"the {next(self._steps)}th".encode()

    # Who and what a number means.

    def device_of(self, person: PersonId, which: int = 0) -> Caller:
        """Return one of somebody's connections."""
        own = [caller for caller in self.devices if caller.person == person]
        return own[which % len(own)]

    def a_moment(self, which: int) -> Moment | None:
        """Return one of those there are, the last ones first."""
        known = list(self.model.moments.values())
        return known[-1 - which % len(known)] if known else None

    def a_moment_for(self, viewer: PersonId, which: int) -> MomentId | None:
        """Return mostly one that `viewer` sees; at times one that they do not, or that there is no more."""
        known = list(self.model.moments)
        if which % 4:
            known = [moment for moment in known if self.model.sees(viewer, moment, self.now)]
        elif which % 8:
            known = self.gone_moments
        return known[-1 - which // 8 % len(known)] if known else None

    def a_comment(self, viewer: PersonId, which: int, moment: MomentId | None = None) -> CommentId | None:
        """Return mostly one that `viewer` sees, under `moment`; at times another."""
        known = list(self.model.comments)
        if which % 4:
            known = [
                said.comment
                for said in self.model.comments.values()
                if moment in {None, said.moment} and self.model.sees_comment(viewer, said.comment, self.now)
            ]
        elif which % 8:
            known = self.gone_comments
        return known[-1 - which // 8 % len(known)] if known else None

    # Asking, and what comes of it.

    def do(self, caller: Caller, shape: type[Request[R]], told: Told, **fields: Any) -> R:
        """Ask for something: it is done, and that is pushed to everybody."""
        reply = caller.do(shape, **fields)
        self.is_pushed(str(shape.__struct_config__.tag), told)
        return reply

    def is_refused(self, caller: Caller, shape: type[Request[Any]], code: ErrorCode, **fields: Any) -> None:
        """Ask for something that is refused: nobody is told."""
        answer = caller.try_(caller.request(shape, **fields))
        assert isinstance(answer, Refusal), answer
        assert answer.code == code, answer
        self.refused.add((str(shape.__struct_config__.tag), code))
        self.is_pushed("", {})

    def is_pushed(self, operation: str, told: Told) -> None:
        """To every connection has been pushed since the last time what `told` says, once each."""
        if operation:
            self.done.add(operation)
        for caller in self.devices:
            pushes = [self._named(push) for push in caller.pushes() if not isinstance(push, SubmissionPush)]
            assert len(pushes) == len(set(pushes)), pushes
            assert set(pushes) == told.get(caller, set()), (self.eyes.handles[caller.person], operation)
            self.told.update(push[0] for push in pushes)

    def _named(self, push: Push) -> tuple[Any, ...]:
        match push:
            case MomentPush(moment=shown):
                said = self.model.moments[shown.moment] if shown.moment is not None else None
                assert said is None or (shown.body, shown.at) == (said.body, said.at)
                return "moment", shown.moment or (shown.topic, shown.seq), shown.audience is not None
            case ThreadPush():
                return "thread", push.moment or (push.topic, push.seq)
            case ContactPush(contact=contact):
                return "contact", contact.person, contact.state
            case NoticePush():
                return ("notice",)
            case _:
                raise AssertionError(push)

    def of_contacts(self, acting: Caller | None, change: Callable[[], None]) -> Told:
        """Change the model; return what is to be told of it to those whose contacts it changes."""
        before = dict(self.model.rows)
        change()
        after = self.model.rows
        told: Told = {}
        for person, other in before.keys() | after.keys():
            if before.get((person, other)) != after.get((person, other)):
                state = after[person, other].state if (person, other) in after else ContactState.NONE
                for caller in self.devices:
                    if caller.person == person and caller is not acting:
                        told.setdefault(caller, set()).add(("contact", other, state))
        return told

    def of_threads(self, acting: Caller, change: Callable[[], None]) -> Told:
        """Change the model; return what is to be told of it to those who have open what it changes for them, and to
        those who have a notice more.
        """
        threads, notices = self._threads(), self._notices()
        change()
        told: Told = {}
        changed = self._threads()
        for caller, moment in self.opened:
            if caller is not acting and threads[caller, moment] != changed[caller, moment]:
                told.setdefault(caller, set()).add(("thread", moment))
        for person, known in self._notices().items():
            if known - notices[person]:
                for caller in self.devices:
                    if caller.person == person and caller is not acting:
                        told.setdefault(caller, set()).add(("notice",))
        return told

    def _threads(self) -> dict[tuple[Caller, MomentId], Any]:
        """Return what is seen of each thread that is open."""
        return {
            (caller, moment): (
                self.model.sees(caller.person, moment, self.now),
                self.model.thread(caller.person, moment, self.now),
                self.model.likers(caller.person, moment, self.now),
            )
            for caller, moment in self.opened
        }

    def _notices(self) -> dict[PersonId, set[Any]]:
        return {person: set(self.model.notices(person, self.now)) for person in self.people}
