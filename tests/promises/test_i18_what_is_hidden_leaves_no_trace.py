"""I18: what is hidden from a person leaves no trace in what they receive.

Twin worlds. In one of them somebody has something at the gate, or kept from there; in the other that never was. What
everybody else receives by every operation of public places is the same, byte for byte: answers, refusals, pushes,
numbers, counts. The audit log is the one exception, and is open to everybody for that: its leaves name nobody.
"""

from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.verdicts import Allow, Failure, OnError
from protocol.codec import Refusal
from protocol.entries import Admission, Role, Side
from protocol.frames import (
    REQUESTS,
    Block,
    Clear,
    GroupApprove,
    GroupDecline,
    GroupHandOver,
    GroupLeave,
    GroupMute,
    GroupRefuse,
    GroupRemove,
    GroupRole,
    History,
    Read,
    Recall,
    Reply,
    Request,
    SetTopic,
    ShowTopic,
    Sync,
    Typing,
)
from protocol.ids import PersonId, SubmissionId, TopicId, new_id, new_public_topic_id
from protocol.public import (
    Cards,
    GroupFind,
    GroupFoundPublic,
    GroupJoin,
    GroupListing,
    GroupSettings,
    Publish,
    ShowAgreement,
    ShowAudit,
    ShowGate,
    ShowReceipt,
    SignAgreement,
    Submissions,
    TakeBack,
)
from protocol.publications import Surface
from protocol.staff import OfficerAct, OfficerDecide
from server.manifest import ways, whole_table
from tests.support.inline import Caller, InlineServer
from tests.support.panel import StaffedPanel
from tests.support.public import GROUND, HOLD, REJECT, officer, public_group, publication_of, publish, shown_to
from tests.support.worlds import Names, ids_in_order, view

HIDDEN = "somethingnobodysees"
WAYS = {way.operation: way for way in ways(whole_table())}


class World:
    """A public group of ann, who owns it, bob, who may hide something, and eve; sam is a stranger to it.

    `hides`: whether this is the world in which something is hidden.
    """

    def __init__(
        self, *, hides: bool, eve_is_admin: bool = False, history_open: bool = True, listed: bool = True
    ) -> None:
        self.hides = hides
        self.panel = StaffedPanel(hook=lambda _: Allow())
        self.server = InlineServer(panel=self.panel)
        self.ann, self.bob, self.eve, self.sam = self.server.people("ann", "bob", "eve", "sam")
        self.topic = public_group(
            self.server, self.ann, *([] if eve_is_admin else [self.eve]),
            admins=[self.bob, *([self.eve] if eve_is_admin else [])], history_open=history_open, listed=listed,
        )  # fmt: skip
        publish(self.ann, self.topic, "hello")
        publish(self.eve, self.topic, "hello, ann")
        self.submission = SubmissionId(new_id())  # Of what is hidden.
        self.cid = self.bob.cid()
        self.forget()

    def forget(self) -> None:
        """From now on it counts what everybody receives."""
        for caller in self.server.callers:
            caller.collect()

    def hide(self, how: str, surface: Surface) -> None:
        """Have bob publish something that does not appear, and let it come to that."""
        if self.hides:
            HOWS[how](self, surface)
        seen = [self.ann.collect(), self.eve.collect(), self.sam.collect()]
        assert seen == [[], [], []], "it has been pushed to somebody"
        self.bob.collect()

    def let_lapse(self, surface: Surface) -> None:
        """Have bob lose, for a moment, what he needs to publish; where something is hidden, it is judged just then.

        A card needs nothing that could be lost, and is rejected.
        """
        if self.hides:
            waits(self, surface)
        steward = surface in {Surface.GROUP_NAME, Surface.GROUP_NOTICE, Surface.GROUP_LISTING}
        bob = {"topic": self.topic, "person": self.bob.person}
        if steward:
            self.ann.do(GroupRole, role=Role.MEMBER, **bob)
        else:
            self.ann.do(GroupMute, until=2**45, **bob)
        if self.hides:
            self.panel.hooks["hook"] = lambda _: REJECT if surface is Surface.CARD else Allow()
            self.panel.answer()
            self.panel.hooks["hook"] = lambda _: Allow()
            state = self.bob.do(Submissions).submissions[0].state
            assert state == ("rejected" if surface is Surface.CARD else "lapsed")
        if steward:
            self.ann.do(GroupRole, role=Role.ADMIN, **bob)
        else:
            self.ann.do(GroupMute, until=0, **bob)

    def bob_publishes(self, surface: Surface) -> None:
        fields = publication_of(surface, HIDDEN, self.topic)
        self.bob.say(self.bob.request(Publish, cid=self.cid, **fields))
        self.server.settle()
        known = self.bob.do(Submissions).submissions
        self.submission = known[0].submission if known else self.submission

    def step(self, who: Caller, operation: str, number: int) -> None:
        """Have `who` ask for something, reasonable or not."""
        for request in ASKS[operation](self, who, number):
            who.say(request)
        self.server.settle()


def waits(world: World, surface: Surface) -> None:
    world.panel.is_slow = True
    world.bob_publishes(surface)
    world.panel.is_slow = False


def is_held(world: World, surface: Surface) -> None:
    judged_as(world, surface, HOLD)


def is_rejected(world: World, surface: Surface) -> None:
    judged_as(world, surface, REJECT)


def is_refused_for_a_failure(world: World, surface: Surface) -> None:
    world.panel.on_error = OnError.REJECT
    judged_as(world, surface, Failure.LATE)
    world.panel.on_error = OnError.HOLD


def is_held_for_a_failure(world: World, surface: Surface) -> None:
    judged_as(world, surface, Failure.CRASHED)


def is_rejected_by_an_officer(world: World, surface: Surface) -> None:
    is_held(world, surface)
    officer(world.server).do(
        OfficerDecide, item=world.submission, act=OfficerAct.REJECT, ground=GROUND, facts="A fact."
    )


def is_taken_back_while_it_waits(world: World, surface: Surface) -> None:
    waits(world, surface)
    world.bob.do(TakeBack, submission=world.submission)
    world.panel.answer()


def is_taken_back_while_it_is_held(world: World, surface: Surface) -> None:
    is_held(world, surface)
    world.bob.do(TakeBack, submission=world.submission)


def judged_as(world: World, surface: Surface, outcome: Any) -> None:
    world.panel.hooks["hook"] = lambda _: outcome
    world.bob_publishes(surface)
    world.panel.hooks["hook"] = lambda _: Allow()


HOWS: dict[str, Callable[[World, Surface], None]] = {
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

# Everything that somebody may ask of a public place, in a few ways each.


def in_topic(shape: type[Request[Any]], **more: Any) -> Callable[[World, Caller, int], list[Request[Reply]]]:
    def asks(world: World, who: Caller, number: int) -> list[Request[Reply]]:
        fields = {key: value(world, number) if callable(value) else value for key, value in more.items()}
        return [who.request(shape, topic=world.topic, **fields)]

    return asks


def plain(shape: type[Request[Any]], **more: Any) -> Callable[[World, Caller, int], list[Request[Reply]]]:
    def asks(world: World, who: Caller, number: int) -> list[Request[Reply]]:
        fields = {key: value(world, number) if callable(value) else value for key, value in more.items()}
        return [who.request(shape, **fields)]

    return asks


def somebody(world: World, number: int) -> PersonId:
    return (world.bob, world.ann, world.eve, world.sam)[number % 4].person


def an_entry(world: World, number: int) -> int:
    return 1 + number


def an_item(world: World, number: int) -> SubmissionId:
    """That of what is hidden; where nothing is, one that there is not."""
    return world.submission


def histories(world: World, who: Caller, number: int) -> list[Request[Reply]]:
    pages: list[dict[str, Any]] = [{}, {"before": 1 + number}, {"after": number}, {"around": 1 + number}]
    return [who.request(History, topic=world.topic, limit=1 + number, **pages[number % 4])]


def syncs(world: World, who: Caller, number: int) -> list[Request[Reply]]:
    heads: list[dict[TopicId, int]] = [{}, {world.topic: 1}, {world.topic: number}]
    return [who.request(Sync, heads=heads[number % 3], side=Side.PUBLIC)]


def publishes(world: World, who: Caller, number: int) -> list[Request[Reply]]:
    surface = tuple(Surface)[number % len(Surface)]
    fields = publication_of(surface, f"w{number}", world.topic)
    if surface is Surface.GROUP_MESSAGE:
        fields |= [{}, {"reply_to": 4}, {"target": 3, "base": 1}, {"target": 2, "base": 1}][number % 4]
    cid = {"cid": world.cid} if number % 5 == 0 else {}  # A cid is its sender's own.
    return [who.request(Publish, **fields, **cid)]


def signs(world: World, who: Caller, number: int) -> list[Request[Reply]]:
    signature = world.server.signature()
    return [] if signature is None else [who.request(SignAgreement, signature=signature)]


Asks = Callable[[World, Caller, int], list[Request[Reply]]]
ASKS: dict[str, Asks] = {
    "agreement": plain(ShowAgreement),
    "agreement.sign": signs,
    "cards": plain(Cards, persons=lambda world, number: (somebody(world, number), world.bob.person)),
    "clear": in_topic(Clear, seq=an_entry),
    "gate": plain(ShowGate),
    "group.approve": in_topic(GroupApprove, person=somebody),
    "group.decline": in_topic(GroupDecline),
    "group.find": plain(GroupFind, query=lambda world, number: ("", HIDDEN, HIDDEN[:3], "w1")[number % 4]),
    "group.found_public": plain(GroupFoundPublic, listed=True),
    "group.hand_over": in_topic(GroupHandOver, person=somebody),
    "group.join": in_topic(GroupJoin),
    "group.leave": in_topic(GroupLeave),
    "group.listing": in_topic(GroupListing),
    "group.mute": in_topic(GroupMute, person=somebody, until=2**45),
    "group.refuse": in_topic(GroupRefuse, person=somebody),
    "group.remove": in_topic(GroupRemove, person=somebody),
    "group.role": in_topic(GroupRole, person=somebody, role=Role.ADMIN),
    "group.settings": in_topic(GroupSettings, listed=True),
    "history": histories,
    "publish": publishes,
    "read": in_topic(Read, seq=an_entry),
    "recall": in_topic(Recall, target=an_entry),
    "receipt": plain(ShowReceipt, submission=an_item),
    "set_topic": in_topic(SetTopic, pinned=True),
    "submissions": plain(Submissions, before=lambda world, number: world.submission if number % 2 else None),
    "sync": syncs,
    "take_back": plain(TakeBack, submission=an_item),
    "topic": in_topic(ShowTopic),
    "typing": in_topic(Typing),
}
APART = {"audit": "its size is how much the gate has done; that is for everybody to see, and names nobody"}


def test_every_operation_of_public_places_is_asked() -> None:
    asked = {
        operation
        for operation, way in WAYS.items()
        if Side.PUBLIC in way.sides and way.rule not in {"Anyone", "Staffed"}  # Signing in; and staff see what is held.
    }
    assert asked == ASKS.keys() | APART.keys()
    assert ASKS.keys() <= REQUESTS.keys()


SCRIPTS = st.lists(
    st.tuples(st.sampled_from(["eve", "sam", "ann"]), st.sampled_from(sorted(ASKS)), st.integers(0, 11)), max_size=30
)
Script = list[tuple[str, str, int]]
ALL: Script = [(who, operation, number) for operation in sorted(ASKS) for who in ("eve", "sam") for number in (0, 1)]


def views(script: Script, hide: Callable[[World], None], **how: Any) -> list[dict[str, list[str]]]:
    """Return what ann, eve and sam receive in the world where something is hidden, and in the other."""
    seen = []
    for hides in (True, False):
        with ids_in_order():
            world = World(hides=hides, **how)
            with closing(world.server):
                hide(world)
                for who, operation, number in script:
                    world.step(getattr(world, who), operation, number)
                world.server.every_second()
                seen.append({who: view(getattr(world, who).collect()) for who in ("ann", "eve", "sam")})
    return seen


@given(
    script=SCRIPTS,
    how=st.sampled_from(sorted(HOWS)),
    surface=st.sampled_from(Surface),
    eve_is_admin=st.booleans(),
    history_open=st.booleans(),
)
def test_what_does_not_appear_leaves_no_trace(
    script: Script, how: str, surface: Surface, eve_is_admin: bool, history_open: bool
) -> None:
    hidden, never = views(
        script, lambda world: world.hide(how, surface), eve_is_admin=eve_is_admin, history_open=history_open
    )
    assert hidden == never


@pytest.mark.parametrize("surface", Surface)
@pytest.mark.parametrize("how", HOWS)
def test_each_operation_answers_as_if_it_had_never_been(how: str, surface: Surface) -> None:
    hidden, never = views([*ALL, *ALL], lambda world: world.hide(how, surface))
    assert hidden == never


@pytest.mark.parametrize("surface", Surface)
def test_what_lapses_leaves_no_more_than_what_it_lapsed_for(surface: Surface) -> None:
    hidden, never = views(ALL, lambda world: world.let_lapse(surface))
    assert hidden == never


@pytest.mark.parametrize("surface", Surface)
@pytest.mark.parametrize("how", sorted(HOWS.keys() - {"waits"}))
def test_what_the_same_author_publishes_afterwards_is_as_if_it_had_never_been(how: str, surface: Surface) -> None:
    def hide(world: World) -> None:
        world.hide(how, surface)
        world.step(world.bob, "publish", 1)
        for each in Surface:
            publish(world.bob, world.topic, f"fair {each}", each)

    hidden, never = views(ALL, hide)
    assert hidden == never


def test_the_worlds_are_told_apart_when_something_shows() -> None:
    """The comparison is not blind: what does appear is a difference, in what each of the three receives."""

    def appears(world: World) -> None:
        if world.hides:
            world.bob_publishes(Surface.GROUP_MESSAGE)

    hidden, never = views(ALL, appears)
    assert all(hidden[who] != never[who] for who in ("ann", "eve", "sam"))


def test_the_audit_log_grows_and_says_no_more_than_that() -> None:
    answers = []
    for hides in (True, False):
        world = World(hides=hides)
        with closing(world.server):
            size = world.eve.do(ShowAudit).size
            world.hide("is_held", Surface.GROUP_MESSAGE)
            answers.append((world.eve.do(ShowAudit, since=size), size))
    (grown, before), (same, again) = answers
    assert (before, same.size) == (again, again)
    assert grown.size == before + 2  # What the hook said, and the decision.
    assert grown.__struct_fields__ == ("size", "root", "consistency")


# What was published and is withdrawn: members see that something is gone; who never saw the place sees nothing.

OUTSIDE = sorted(ASKS.keys() - {"group.join"})


@pytest.mark.parametrize("surface", [Surface.GROUP_NAME, Surface.GROUP_LISTING, Surface.CARD])
@pytest.mark.parametrize("numbers", [range(4), range(4, 8)])
def test_a_name_that_was_withdrawn_is_to_a_stranger_as_if_it_had_never_been(surface: Surface, numbers: range) -> None:
    def hide(world: World) -> None:
        chief = officer(world.server)
        if world.hides:
            item = publish(world.bob, world.topic, HIDDEN, surface).submission
            chief.do(OfficerDecide, item=item, act=OfficerAct.WITHDRAW, ground=GROUND, facts="A fact.")
        world.forget()

    script = [("sam", operation, number) for operation in OUTSIDE for number in numbers]
    hidden, never = views(script, hide, history_open=False)
    assert hidden["sam"] == never["sam"]


@pytest.mark.parametrize("times", [1, 2])
def test_what_was_withdrawn_again_is_nowhere_even_where_it_was_restored(times: int) -> None:
    world = World(hides=True)
    with closing(world.server):
        chief = officer(world.server)
        item = publish(world.bob, world.topic, HIDDEN).submission
        for _ in range(times):
            for act in (OfficerAct.WITHDRAW, OfficerAct.RESTORE):
                chief.do(OfficerDecide, item=item, act=act, ground=GROUND, facts="A fact.")
        assert HIDDEN in everything(world)
        chief.do(OfficerDecide, item=item, act=OfficerAct.WITHDRAW, ground=GROUND, facts="A fact.")
        assert HIDDEN not in everything(world)


def test_what_its_author_recalls_is_nowhere_even_where_it_was_restored() -> None:
    world = World(hides=True)
    with closing(world.server):
        chief = officer(world.server)
        submission = publish(world.bob, world.topic, HIDDEN)
        for act in (OfficerAct.WITHDRAW, OfficerAct.RESTORE):
            chief.do(OfficerDecide, item=submission.submission, act=act, ground=GROUND, facts="A fact.")
        assert HIDDEN in everything(world)
        world.bob.do(Recall, topic=world.topic, target=submission.seq)
        assert HIDDEN not in everything(world)


def everything(world: World) -> str:
    """Return all that eve and sam get when they ask for everything, on devices that know nothing yet."""
    answers = []
    for handle in ("eve", "sam"):
        fresh = world.server.login(handle)
        for operation in sorted(ASKS.keys() - {"group.leave", "clear"}):
            for request in ASKS[operation](world, fresh, 0):
                fresh.say(request)
        shown = shown_to(fresh, world.topic, [world.bob.person], word=HIDDEN)
        answers.append(repr((fresh.collect(), shown)))
    return "".join(answers)


# A place that one may not see, and one that there is not.

PLACES = sorted(
    operation
    for operation in ASKS
    if "topic" in REQUESTS[operation].__struct_fields__ and operation not in {"group.join", "group.listing"}
)


@pytest.mark.parametrize("admission", Admission)
@pytest.mark.parametrize("operation", [*PLACES, "sync"])
def test_a_closed_group_answers_a_stranger_like_one_that_is_not_there(operation: str, admission: Admission) -> None:
    world = World(hides=False, history_open=False, listed=False)
    with closing(world.server):
        world.ann.do(GroupSettings, topic=world.topic, admission=admission)
        there, nowhere = world.topic, new_public_topic_id()
        for number in range(12):
            answers = []
            for topic in (there, nowhere):
                world.topic = topic
                world.sam.collect()
                world.step(world.sam, operation, number)
                names = Names()
                names.plain(topic)
                answers.append(
                    [names.plain(message | {"re": 0}) for message in world.sam.collect() if isinstance(message, dict)]
                )
            if not (
                operation == "publish" and tuple(Surface)[number % len(Surface)] is Surface.CARD
            ):  # It has no place.
                assert answers[0] == answers[1]


def test_a_group_that_nobody_is_in_any_more_is_like_one_that_never_was() -> None:
    world = World(hides=False, history_open=False, listed=True)
    with closing(world.server):
        lonely = world.ann.do(GroupFoundPublic, listed=True).topic
        publish(world.ann, lonely, HIDDEN, Surface.GROUP_NAME)
        world.ann.do(GroupLeave, topic=lonely)
        nowhere = new_public_topic_id()
        for shape in (GroupListing, GroupJoin, History, ShowTopic):
            one, other = (world.sam.try_(world.sam.request(shape, topic=topic)) for topic in (lonely, nowhere))
            assert isinstance(one, Refusal)
            assert one == other
        assert HIDDEN not in repr(world.sam.do(GroupFind))


# A block is between two people, and private: no public place shows it.


EVERYBODY = ("ann", "bob", "eve", "sam")


@given(
    script=st.lists(
        st.tuples(st.sampled_from(EVERYBODY), st.sampled_from(sorted(ASKS)), st.integers(0, 11)), max_size=25
    ),
    mutual=st.booleans(),
)
def test_a_block_leaves_no_trace_in_public_places(script: Script, mutual: bool) -> None:
    seen = []
    for blocks in (True, False):
        with ids_in_order():
            world = World(hides=blocks)
            with closing(world.server):
                if blocks:
                    world.bob.do(Block, person=world.eve.person)
                    if mutual:
                        world.eve.do(Block, person=world.bob.person)
                    world.forget()
                for who, operation, number in script:
                    world.step(getattr(world, who), operation, number)
                # Who asked for the block has counted one request more.
                seen.append({who: view(without_ids(getattr(world, who).collect())) for who in EVERYBODY})
    assert seen[0] == seen[1]


def without_ids(messages: list[Any]) -> list[Any]:
    """Return `messages` without the numbers of the requests they answer."""
    return [message | {"re": 0} if isinstance(message, dict) else message for message in messages]
