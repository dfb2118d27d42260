"""A crowd that asks a whole server for everything there is, in any order, with a canary wherever words can stand.

A state machine for Hypothesis: a promise is a subclass that looks, after each step, where nothing may ever be.
"""

import random
from collections.abc import Sequence
from contextlib import ExitStack, nullcontext
from itertools import count
from typing import Any, ClassVar, NoReturn, TypeVar
from unittest.mock import patch

from hypothesis import Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from compliance.verdicts import Allow, Failure, Hold, Label, OnError, Reject, Verdict
from protocol.codec import Refusal, decode_reply, encode_request
from protocol.decisions import SubmissionState
from protocol.entries import Admission, Side, side_of
from protocol.errors import ErrorCode
from protocol.frames import REQUESTS, Reply, Request, Resume, Send, SignedIn, Sync
from protocol.ids import new_cid
from protocol.public import Publish, Submissions
from protocol.publications import ARTICLES, Surface
from protocol.staff import QueueItem, StaffRole
from server.dispatch import Dispatch
from server.passwords import token_digest
from server.store.public_writes import AddStaff
from tests.support.asking import request_of
from tests.support.aviary import PRIVATE_CARRIERS, Aviary
from tests.support.hearsay import CODE, HANDLES, TOKEN, Hearsay
from tests.support.inline import Caller, InlineServer
from tests.support.kiosk import LATE_MS, TAG
from tests.support.panel import StaffedPanel
from tests.support.records import Records, heard
from tests.support.seeded import seeded

T = TypeVar("T")
# Not made smaller when it fails: what a step does hangs on all before it, and to try for minutes finds little.
LONG = settings(stateful_step_count=50, max_examples=settings().max_examples // 2, phases=[Phase.generate])
FIRST = "0th"  # Names the canaries of those who were there before anything was asked.
LABELS = ("soup",)
CHANCES = st.integers(0, 1 << 32)
TIMES = st.sampled_from([1, 6, 6, 12])
STRANGERS = frozenset({"hello", "register", "login", "resume", "staff.login"})
UNPUBLISHED = frozenset({ErrorCode.GATE_UNAVAILABLE, ErrorCode.TOO_MANY})  # Refused by the gate itself, after it asked.


class Crowd(Hearsay, RuleBasedStateMachine):
    """`asked`, `answered`: the operations that were, so far; `carried`: the private fields that went in."""

    asked: ClassVar[set[str]]
    answered: ClassVar[set[str]]
    carried: ClassVar[set[tuple[str, str]]]
    crowds: ClassVar["count[int]"]
    deck: ClassVar[list[str]]  # The operations that have yet to be asked for until all are asked for again.

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.asked, cls.answered, cls.carried = set(), set(), set()
        cls.crowds, cls.deck = count(), []

    def __init__(self) -> None:
        RuleBasedStateMachine.__init__(self)
        self.opened = ExitStack()
        self.opened.enter_context(seeded("crowd"))
        self.records = self.opened.enter_context(Records())
        self.panel = StaffedPanel()
        Hearsay.__init__(self, InlineServer(panel=self.panel), Aviary("crowd"))
        self.opened.callback(self.server.close)
        self.staff_heard: list[bytes] = []
        self.submitted: list[Publish] = []  # What the gate has taken in.
        self.officer = self.server.connect()
        self._number = 10_000
        # What Hypothesis draws is mostly what it has drawn before, and no two crowds are to do the same. One that fails
        # does something else when it is tried again, so the failure comes as the cause of a FlakyFailure.
        self._which = next(self.crowds)

    # How it begins.

    @initialize()
    def settle(self) -> None:
        for handle in HANDLES:
            caller = self.server.connect()
            self.passwords[handle] = self.fresh("register", "password")
            fields = {"handle": handle, "password": self.passwords[handle], "device": self.fresh("register", "device")}
            self.carry_out(caller, caller.request(REQUESTS["register"], **fields, signature=self.server.signature()))
            caller.sync()
            caller.do(Sync, heads={}, side=Side.PUBLIC)
        alice, bob, carol, dora, _ = self.callers  # The last one does nothing public.
        write = AddStaff(code=CODE, role=StaffRole.CHIEF, digest=token_digest(TOKEN), at=self.server.clock.wall_ms())
        self.server.public_commits.writer.commit([write])
        self.ask(self.officer, "staff.login", code=CODE, token=TOKEN)
        self._talk(alice, bob, carol, dora)
        self._publish(alice, bob, carol, dora)
        self._run_an_account(alice, bob, carol, dora)

    def _talk(self, alice: Caller, bob: Caller, carol: Caller, dora: Caller) -> None:
        """Have each private text said once, and one more to a server that fails of it."""
        said = self.ask(alice, "send", to=bob.person, body=self._bytes("send", "body"))
        at = {"topic": said.topic, "target": said.seq}
        self.ask(alice, "edit", **at, body=self._bytes("edit", "body"))
        self.ask(bob, "react", **at, body=self._bytes("react", "body"))
        self.ask(bob, "send", to=carol.person, body=self._bytes("send", "body"))
        name = self._bytes("group.found", "name")
        group = self.ask(alice, "group.found", name=name, invite=(carol.person,)).topic
        self.ask(carol, "group.accept", topic=group)
        self.ask(alice, "group.name", topic=group, name=self._bytes("group.name", "name"))
        self.ask(alice, "group.notice", topic=group, notice=self._bytes("group.notice", "notice"))
        self.ask(alice, "group.link", topic=group)
        self.ask(dora, "group.ask", link=self.links[-1], greeting=self._bytes("group.ask", "greeting"))
        self.ask(dora, "group.find", query=self.fresh("group.find", "query"))
        self._make_friends(alice, bob, carol)
        fields = {"handle": HANDLES[3], "password": self.passwords[HANDLES[3]]}
        self.ask(self.server.connect(), "login", **fields, device=self.fresh("login", "device"))
        stranger = self.server.connect()
        with patch.object(Dispatch, "decide", _failing):
            self.carry_out(stranger, stranger.request(Send, to=bob.person, body=self._bytes("send", "body")))
        self._tidy()

    def _make_friends(self, alice: Caller, bob: Caller, carol: Caller) -> None:
        """Have alice be friends with bob and with carol, and each say something to friends alone."""
        for friend in (bob, carol):
            self.ask(alice, "contact.ask", person=friend.person, greeting=self._bytes("contact.ask", "greeting"))
            self.ask(friend, "contact.accept", person=alice.person)
        self.ask(alice, "contact.remark", person=bob.person, remark=self._bytes("contact.remark", "remark"))
        self.ask(alice, "private_card", card=self._bytes("private_card", "card"))
        for author, friend in ((alice, bob), (bob, alice), (carol, alice)):
            moment = self.ask(author, "moment.post", body=self._bytes("moment.post", "body")).moment.moment
            said = self.ask(friend, "comment", moment=moment, body=self._bytes("comment", "body")).comment
            answer = self._bytes("comment", "body")
            self.ask(author, "comment", moment=moment, body=answer, answers=said.comment)
            self.ask(friend, "like", moment=moment)
            self.ask(author, "thread", moment=moment, live=True)
        self.ask(alice, "moment.narrow", moment=self.moments[0], without=(carol.person,))
        self.ask(bob, "notices")

    def _publish(self, alice: Caller, bob: Caller, carol: Caller, dora: Caller) -> None:
        """Have public groups founded, one thing published there, and another held and looked at."""
        opened = self.ask(bob, "group.found_public").topic
        guarded = self.ask(
            bob, "group.found_public", admission=Admission.APPROVAL, listed=True, history_open=True
        ).topic
        for caller in (alice, carol):
            self.ask(caller, "group.join", topic=opened)
        self.ask(dora, "group.join", topic=guarded)
        for says in ("allow", "hold"):
            self._install(says, hooks=1)
            self.asking = bob
            content = self._content(Surface.GROUP_MESSAGE)
            self.ask(bob, "publish", surface=Surface.GROUP_MESSAGE, topic=opened, content=content)
            self.ask(bob, "publish", surface=Surface.SQUARE, content=self._content(Surface.SQUARE))
            topic, seq = self.on_squares[0]
            said = self._content(Surface.COMMENT)
            self.ask(alice, "publish", surface=Surface.COMMENT, topic=topic, root=seq, content=said)
        self.officer_looks_at_everything()
        self._install("allow", hooks=1)

    def _run_an_account(self, alice: Caller, bob: Caller, carol: Caller, dora: Caller) -> None:
        """Have bob and carol run an account, which alice follows; what she applies with herself is not decided."""
        account = self.ask(bob, "account.apply", application=self.kiosk.application()).account.topic
        self.ask(bob, "account.submit", topic=account)
        self.ask(self.officer, "officer.review", topic=account, act="approve")
        for surface in (Surface.ACCOUNT_PROFILE, Surface.ARTICLE):
            content = self.kiosk.content(surface, "publish", bob.person)
            self.ask(bob, "publish", surface=surface, topic=account, content=content, reprintable=surface in ARTICLES)
        self.ask(bob, "account.operator", topic=account, person=carol.person, role="editor")
        self.ask(alice, "follow", topic=account, tag=TAG)
        dialogue = self.ask(alice, "send", to=account, body=self._bytes("send", "body")).topic
        answer = self._bytes("inbox.answer", "body")
        self.ask(carol, "inbox.answer", topic=account, dialogue=dialogue, body=answer)
        draft = new_cid(self.server.clock.wall_ms())
        self.ask(carol, "draft.save", topic=account, draft=draft, body=self._bytes("draft.save", "body"))
        due = self.server.clock.wall_ms() + LATE_MS
        content = self.kiosk.content(Surface.ARTICLE, "schedule", carol.person)
        self.ask(carol, "schedule", topic=account, due=due, content=content)
        self.ask(dora, "search", query=self.fresh("search", "query"))
        applied = self.ask(alice, "account.apply", application=self.kiosk.application()).account.topic
        self.ask(alice, "account.submit", topic=applied)

    def _bytes(self, operation: str, field: str) -> bytes:
        return self.fresh(operation, field).encode()

    # What happens.

    @rule(chance=CHANCES, times=TIMES)
    def people_ask_for_anything(self, chance: int, times: int) -> None:
        for _ in range(times):
            self._somebody_asks(self._any_operation(), chance)

    @rule(chance=CHANCES, times=TIMES)
    def people_say_something_private(self, chance: int, times: int) -> None:
        for _ in range(times):
            self._somebody_asks(self._any_of(sorted(PRIVATE_CARRIERS), chance)[0], chance)

    @rule(chance=CHANCES, times=TIMES)
    def people_publish(self, chance: int, times: int) -> None:
        for _ in range(times):
            self._somebody_asks("publish", chance)

    @rule(release=st.booleans())
    def an_officer_decides_what_is_due_first(self, release: bool) -> None:
        for item in self.ask(self.officer, "officer.queue", limit=1).items:
            self._looks_at(item)
            operation = "officer.decide" if item.account is None else "officer.review"
            against = {} if release else {"ground": self.ground, "facts": self.fresh(operation, "facts")}
            if item.account is None:
                act = "release" if release else "reject"
                self.ask(self.officer, operation, item=item.item, act=act, **against)
            else:
                act = "approve" if release else "refuse"
                self.ask(self.officer, operation, topic=item.account, act=act, **against)

    @rule(chance=CHANCES)
    def somebody_takes_something_back(self, chance: int) -> None:
        caller = self.callers[chance % len(self.callers)]
        for submission in caller.do(Submissions).submissions:
            if submission.state is SubmissionState.HELD:
                self.ask(caller, "take_back", submission=submission.submission)

    @rule(
        says=st.sampled_from(["allow", "allow", "label", "hold", "reject", *Failure]),
        on_error=st.sampled_from(OnError),
        hooks=st.integers(0, 2),
    )
    def hooks_change_their_minds(self, says: str, on_error: OnError, hooks: int) -> None:
        self.panel.on_error = on_error
        self._install(says, hooks=hooks)

    def _install(self, says: str, *, hooks: int) -> None:
        self.panel.hooks = {f"hook{number}": lambda _: self._verdict(says) for number in range(hooks)}

    @rule(slow=st.booleans())
    def hooks_fall_silent_or_speak_again(self, slow: bool) -> None:
        self.panel.is_slow = slow
        while self.panel.waiting and not slow:
            self.panel.answer()
        self.server.settle()

    @rule(chance=CHANCES)
    def a_room_of_the_server_fails(self, chance: int) -> None:
        """Have whatever is asked next fail, with all that was asked and by whom in the words of the exception."""
        self._somebody_asks(self._any_operation(), chance, failing=True)

    @rule(seconds=st.sampled_from([1, 6, 90, 100 * 3600]))
    def time_passes(self, seconds: int) -> None:
        self.server.clock.pass_time(seconds)
        self.server.every_second()

    def _verdict(self, says: str) -> Verdict | Failure:
        match says:
            case "allow":
                return Allow()
            case "label":
                return Label(labels=LABELS)
            case "hold":
                return Hold(ground=self.ground, text="Somebody should look at this first.")
            case "reject":
                return Reject(ground=self.ground, text="This is not published here.")
            case _:
                return Failure(says)

    # How it is asked.

    def _any_operation(self) -> str:
        if not self.deck:
            self.deck.extend(random.Random(self._number).sample(sorted(REQUESTS), len(REQUESTS)))
        return self.deck.pop()

    def _any_of(self, choices: Sequence[T], seed: int) -> T:
        return random.Random(f"{seed} {self._number} {self._which}").choice(choices)

    def _somebody_asks(self, operation: str, seed: int, *, failing: bool = False) -> None:
        chance = random.Random(f"{operation} {seed} {self._number} {self._which}")
        caller = self._whoever_asks(operation, chance)
        self.asking = caller
        self._number += 1
        request = request_of(operation, chance, self, number=self._number)
        note(f"{self.handles.get(caller, 'a stranger or an officer')}: {request}")
        with patch.object(Dispatch, "decide", _failing) if failing else nullcontext():
            self.carry_out(caller, request)
        self._tidy()

    def _whoever_asks(self, operation: str, chance: random.Random) -> Caller:
        others = 1 if operation in STRANGERS or operation.startswith("officer.") else 15
        able = [caller for caller in self.callers if self.is_able(caller, operation)]
        if able and chance.randrange(4):
            likely = able
        elif chance.randrange(16) < others:
            likely = self.callers
        elif operation in STRANGERS:
            likely = [self.server.connect()]
        else:
            likely = [self.officer]
        return chance.choice(likely)

    def ask(self, caller: Caller, operation: str, **fields: Any) -> Any:
        """Ask for something that is not refused, and return what is answered."""
        self.asking = caller
        self._number += 1
        shape = REQUESTS[operation]
        if "cid" in shape.__struct_fields__:
            fields.setdefault("cid", caller.cid())
        answer = self.carry_out(caller, shape(id=self._number, **fields))
        assert not isinstance(answer, Refusal), answer
        return answer

    def carry_out(self, caller: Caller, request: Request[Reply]) -> Reply | Refusal | None:
        """Ask, take in what was answered, and return it; None: it waits for hooks, or the line was closed."""
        before = len(self.panel.seen)
        caller.say(encode_request(request))
        self.server.settle()
        answer: Reply | Refusal | None = None
        for payload, said in heard(caller):
            if caller is self.officer:
                self.staff_heard.append(payload)
            if isinstance(said, dict) and said["re"] == request.id:
                answer = decode_reply(said, request)
        operation = str(type(request).__struct_config__.tag)
        self.asked.add(operation)
        if isinstance(request, Publish) and self._may_have_reached_a_hook(request, answer):
            self.submitted.append(request)
        else:
            assert len(self.panel.seen) == before, f"{operation} was shown to hooks"
        if answer is not None and not isinstance(answer, Refusal):
            self.answered.add(operation)
            self.carried.update(field for field in PRIVATE_CARRIERS if field[0] == operation and _says(request, field))
            self.learn(caller, request, answer)
        return answer

    def _may_have_reached_a_hook(self, request: Publish, answer: Reply | Refusal | None) -> bool:
        if isinstance(answer, Refusal) and answer.code not in UNPUBLISHED:
            return False
        return request.topic is None or side_of(request.topic) is Side.PUBLIC

    def _tidy(self) -> None:
        """Let go of lines that were closed, and have nobody gone for good."""
        if self.officer.peer.closed is not None:
            self.officer = self.server.connect()
            self.ask(self.officer, "staff.login", code=CODE, token=TOKEN)
        for caller in [*self.callers, *self.server.callers]:
            if caller.peer.closed is not None or (caller not in self.callers and caller is not self.officer):
                caller.session.disconnected()
                self.callers = [each for each in self.callers if each is not caller]
                self.server.callers = [each for each in self.server.callers if each is not caller]
        while len(self.callers) > 8:  # Those who came first have seen most.
            self.callers.pop().hang_up()
        for handle in HANDLES:
            if handle not in {self.handles[caller] for caller in self.callers}:
                self._come_back(handle)
        for caller in self.callers:
            caller.collect()

    def _come_back(self, handle: str) -> None:
        """Have somebody connect again, with a device that they had, if one is still good: nobody may have too many."""
        for lost in reversed([caller for caller in self.handles if self.handles[caller] == handle]):
            caller = self.server.connect()
            caller.token = lost.token
            self._number += 1
            if isinstance(self.carry_out(caller, Resume(id=self._number, token=lost.token)), SignedIn):
                return
        self.ask(self.server.connect(), "login", handle=handle, password=self.passwords[handle])

    def officer_looks_at_everything(self) -> None:
        """Have an officer shown whatever waits for one."""
        for item in self.ask(self.officer, "officer.queue").items:
            self._looks_at(item)

    def _looks_at(self, item: QueueItem) -> None:
        if item.account is None:
            self.ask(self.officer, "officer.show", item=item.item)
        else:
            self.ask(self.officer, "officer.application", topic=item.account)

    def teardown(self) -> None:
        self.opened.close()


def _failing(*asked: Any) -> NoReturn:
    raise ValueError(f"{asked}")


def _says(request: Request[Reply], field: tuple[str, str]) -> bool:
    return bool(getattr(request, field[1]))
