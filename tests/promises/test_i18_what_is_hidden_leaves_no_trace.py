"""I18: what is hidden from a person leaves no trace in what they receive.

Twin worlds. In one of them somebody has something at the gate, or kept from there; in the other that never was. What
everybody else receives by every operation of public places is the same, byte for byte: answers, refusals, pushes,
numbers, counts. The audit log is the one exception, and is open to everybody for that: its leaves name nobody.
"""

from contextlib import closing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.verdicts import Allow
from protocol.codec import Refusal
from protocol.entries import Admission, Role, Side
from protocol.frames import REQUESTS, Block, GroupLeave, GroupMute, GroupRole, History, Recall, ShowTopic
from protocol.ids import TopicId, new_public_topic_id
from protocol.moments import Choice, ChooseComments
from protocol.public import GroupFind, GroupFoundPublic, GroupJoin, GroupListing, GroupSettings, ShowAudit, Submissions
from protocol.publications import OF_ACCOUNTS as SAID_BY_ACCOUNTS
from protocol.publications import PERSONAL, Surface
from protocol.staff import OfficerAct, OfficerDecide
from server.manifest import ways, whole_table
from tests.support.asks import APART, ASKS, HIDDEN, OF_ACCOUNTS
from tests.support.hiding import HOWS, WATCHERS, Script, World, views, waits
from tests.support.public import GROUND, REJECT, officer, public_group, publication_of, publish, shown_to
from tests.support.worlds import Names, ids_in_order, view

WAYS = {way.operation: way for way in ways(whole_table())}
ASKED = sorted(ASKS.keys() - OF_ACCOUNTS)
SURFACES = tuple(surface for surface in Surface if surface not in SAID_BY_ACCOUNTS)


# What lapses for want of something that its author may lose; of one's own place one loses nothing.
LAPSES = frozenset(SURFACES) - PERSONAL


class Lane(World):
    """A public group of ann, who owns it, bob, who may hide something, and eve; sam is a stranger to it. And ann's
    square, with a post that eve has commented on.
    """

    surfaces = SURFACES

    def __init__(
        self, *, hides: bool, eve_is_admin: bool = False, history_open: bool = True, listed: bool = True
    ) -> None:
        super().__init__(hides=hides)
        self.topic = public_group(
            self.server, self.ann, *([] if eve_is_admin else [self.eve]),
            admins=[self.bob, *([self.eve] if eve_is_admin else [])], history_open=history_open, listed=listed,
        )  # fmt: skip
        publish(self.ann, self.topic, "hello")
        publish(self.eve, self.topic, "hello, ann")
        square = publish(self.ann, None, "hello, everybody", Surface.SQUARE).topic
        assert square is not None
        self.square = square
        said = publish(self.eve, square, "hello, ann, again", Surface.COMMENT).comment
        assert said is not None
        self.comments.append(said)
        self.forget()

    @property
    def places(self) -> tuple[TopicId, ...]:
        return self.topic, self.square

    def fields(self, what: Surface, words: str) -> dict[str, Any]:
        return publication_of(what, words, self.square if what is Surface.COMMENT else self.topic)

    def let_lapse(self, surface: Surface) -> None:
        """Have bob lose, for a moment, what he needs to publish; where something is hidden, it is judged just then.

        What is on a place of one's own needs nothing that could be lost, and is rejected.
        """
        if self.hides:
            waits(self, surface)
        steward = surface in {Surface.GROUP_NAME, Surface.GROUP_NOTICE, Surface.GROUP_LISTING}
        bob = {"topic": self.topic, "person": self.bob.person}
        if steward:
            self.ann.do(GroupRole, role=Role.MEMBER, **bob)
        else:
            self.ann.do(GroupMute, until=2**45, **bob)
        self.ann.do(ChooseComments, topic=self.square, seq=1, choice=Choice.OFF)
        if self.hides:
            self.panel.hooks["hook"] = lambda _: Allow() if surface in LAPSES else REJECT
            self.panel.answer()
            self.panel.hooks["hook"] = lambda _: Allow()
            state = self.bob.do(Submissions).submissions[0].state
            assert state == ("lapsed" if surface in LAPSES else "rejected")
        if steward:
            self.ann.do(GroupRole, role=Role.ADMIN, **bob)
        else:
            self.ann.do(GroupMute, until=0, **bob)
        self.ann.do(ChooseComments, topic=self.square, seq=1, choice=Choice.EVERYONE)


def test_every_operation_of_public_places_is_asked() -> None:
    asked = {
        operation
        for operation, way in WAYS.items()
        if Side.PUBLIC in way.sides and way.rule not in {"Anyone", "Staffed"}  # Signing in; and staff see what is held.
    }
    assert asked <= ASKS.keys() | APART.keys()
    assert ASKS.keys() <= REQUESTS.keys()


SCRIPTS = st.lists(
    st.tuples(st.sampled_from(["eve", "sam", "ann"]), st.sampled_from(ASKED), st.integers(0, 11)), max_size=30
)
ALL: Script = [(who, operation, number) for operation in ASKED for who in ("eve", "sam") for number in (0, 1)]


@given(
    script=SCRIPTS,
    how=st.sampled_from(sorted(HOWS)),
    surface=st.sampled_from(SURFACES),
    eve_is_admin=st.booleans(),
    history_open=st.booleans(),
)
def test_what_does_not_appear_leaves_no_trace(
    script: Script, how: str, surface: Surface, eve_is_admin: bool, history_open: bool
) -> None:
    hidden, never = views(
        Lane, script, lambda world: world.hide(how, surface), eve_is_admin=eve_is_admin, history_open=history_open
    )
    assert hidden == never


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("how", HOWS)
def test_each_operation_answers_as_if_it_had_never_been(how: str, surface: Surface) -> None:
    hidden, never = views(Lane, [*ALL, *ALL], lambda world: world.hide(how, surface))
    assert hidden == never


@pytest.mark.parametrize("surface", SURFACES)
def test_what_lapses_leaves_no_more_than_what_it_lapsed_for(surface: Surface) -> None:
    hidden, never = views(Lane, ALL, lambda world: world.let_lapse(surface))
    assert hidden == never


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("how", sorted(HOWS.keys() - {"waits"}))
def test_what_the_same_author_publishes_afterwards_is_as_if_it_had_never_been(how: str, surface: Surface) -> None:
    def hide(world: Lane) -> None:
        world.hide(how, surface)
        world.step(world.bob, "publish", 1)
        for each in SURFACES:
            world.bob_publishes(each, f"fair {each}")

    hidden, never = views(Lane, ALL, hide)
    assert hidden == never


@pytest.mark.parametrize("surface", [Surface.GROUP_MESSAGE, Surface.SQUARE, Surface.COMMENT])
def test_the_worlds_are_told_apart_when_something_shows(surface: Surface) -> None:
    """The comparison is not blind: what does appear is a difference, in what each receives who looks or is told."""

    def appears(world: Lane) -> None:
        if world.hides:
            world.bob_publishes(surface)

    hidden, never = views(Lane, ALL, appears)
    see_it = ("eve", "sam") if surface is Surface.SQUARE else WATCHERS  # Ann does not look.
    assert all(hidden[who] != never[who] for who in see_it)


def test_the_audit_log_grows_and_says_no_more_than_that() -> None:
    answers = []
    for hides in (True, False):
        world = Lane(hides=hides)
        with closing(world.server):
            size = world.eve.do(ShowAudit).size
            world.hide("is_held", Surface.GROUP_MESSAGE)
            answers.append((world.eve.do(ShowAudit, since=size), size))
    (grown, before), (same, again) = answers
    assert (before, same.size) == (again, again)
    assert grown.size == before + 2  # What the hook said, and the decision.
    assert grown.__struct_fields__ == ("size", "root", "consistency")


# What was published and is withdrawn: members see that something is gone; who never saw the place sees nothing.

OUTSIDE = sorted({*ASKED} - {"group.join"})


@pytest.mark.parametrize("surface", [Surface.GROUP_NAME, Surface.GROUP_LISTING, Surface.CARD])
@pytest.mark.parametrize("numbers", [range(4), range(4, 8)])
def test_a_name_that_was_withdrawn_is_to_a_stranger_as_if_it_had_never_been(surface: Surface, numbers: range) -> None:
    def hide(world: Lane) -> None:
        chief = officer(world.server)
        if world.hides:
            item = publish(world.bob, world.topic, HIDDEN, surface).submission
            chief.do(OfficerDecide, item=item, act=OfficerAct.WITHDRAW, ground=GROUND, facts="A fact.")
        world.forget()

    script = [("sam", operation, number) for operation in OUTSIDE for number in numbers]
    hidden, never = views(Lane, script, hide, history_open=False)
    assert hidden["sam"] == never["sam"]


@pytest.mark.parametrize("times", [1, 2])
def test_what_was_withdrawn_again_is_nowhere_even_where_it_was_restored(times: int) -> None:
    world = Lane(hides=True)
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
    world = Lane(hides=True)
    with closing(world.server):
        chief = officer(world.server)
        submission = publish(world.bob, world.topic, HIDDEN)
        for act in (OfficerAct.WITHDRAW, OfficerAct.RESTORE):
            chief.do(OfficerDecide, item=submission.submission, act=act, ground=GROUND, facts="A fact.")
        assert HIDDEN in everything(world)
        world.bob.do(Recall, topic=world.topic, target=submission.seq)
        assert HIDDEN not in everything(world)


def everything(world: Lane) -> str:
    """Return all that eve and sam get when they ask for everything, on devices that know nothing yet."""
    answers = []
    for handle in ("eve", "sam"):
        fresh = world.server.login(handle)
        for operation in sorted({*ASKED} - {"group.leave", "clear"}):
            for request in ASKS[operation](world, fresh, 0):
                fresh.say(request)
        shown = shown_to(fresh, world.topic, [world.bob.person], word=HIDDEN)
        answers.append(repr((fresh.collect(), shown)))
    return "".join(answers)


# A place that one may not see, and one that there is not.

ELSEWHERE = PERSONAL | {Surface.COMMENT}  # Are not published there.

PLACES = sorted(
    operation
    for operation in ASKED
    if "topic" in REQUESTS[operation].__struct_fields__ and operation not in {"group.join", "group.listing"}
)


@pytest.mark.parametrize("admission", Admission)
@pytest.mark.parametrize("operation", [*PLACES, "sync"])
def test_a_closed_group_answers_a_stranger_like_one_that_is_not_there(operation: str, admission: Admission) -> None:
    world = Lane(hides=False, history_open=False, listed=False)
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
            if not (operation == "publish" and SURFACES[number % len(SURFACES)] in ELSEWHERE):
                assert answers[0] == answers[1]


def test_a_group_that_nobody_is_in_any_more_is_like_one_that_never_was() -> None:
    world = Lane(hides=False, history_open=False, listed=True)
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
    script=st.lists(st.tuples(st.sampled_from(EVERYBODY), st.sampled_from(ASKED), st.integers(0, 11)), max_size=25),
    mutual=st.booleans(),
)
def test_a_block_leaves_no_trace_in_public_places(script: Script, mutual: bool) -> None:
    seen = []
    for blocks in (True, False):
        with ids_in_order():
            world = Lane(hides=blocks)
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
