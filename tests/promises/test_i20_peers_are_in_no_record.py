"""I20: who talks with whom, who is in what, who reads and who looks for what is in no log, leaf, staff view or hook.

Twins in which other people are the peers; a crowd whose every record is searched for whoever there is; and the shapes
themselves, which have no room for a person.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from types import NoneType
from typing import Annotated, Any, ClassVar, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis.stateful import run_state_machine_as_test

from compliance import leaves
from compliance.leaves import LeafKind
from compliance.publication import Publication
from protocol.accounts import Application
from protocol.entries import Admission, Side, side_of
from protocol.frames import REPLIES, REQUESTS
from protocol.ids import DeviceId, PersonId, TopicId
from protocol.public import Publish
from protocol.publications import OF_ACCOUNTS, Surface
from tests.support import records
from tests.support.aviary import PRIVATE_CARRIERS, Aviary, as_hooks_get_it
from tests.support.crowd import LONG, Crowd
from tests.support.hearsay import HANDLES
from tests.support.inline import Caller
from tests.support.kiosk import CATEGORY, LATE_MS, TAG
from tests.support.public import content_of
from tests.support.twins import BOB, CAROL, Act, Left, Life, difference

SEEN = ("publications", "as_hooks_got_it", "learned", "leaves", "answers", "staff", "log")  # Not the public store.
PEERS = tuple(permutations((0, 2, 3)))  # Whom bob, who publishes, has to do with: alice, carol, dora, in this order.
MOODS = 5  # Of the hooks.


class Lane(Life):
    """What bob and three others do. Which of them is who is all that differs between two such lives."""

    def live(self, first: int, second: int, third: int, *, quietly: bool = False) -> Left:
        """Live: what is public is bob's alone, and the others' coming, going and helping him; not if they are quiet."""
        self.begin()
        bob, one, two, three = (self.caller(number) for number in (BOB, first, second, third))
        self.ask(bob, "account.operator", topic=self.account, person=self.caller(CAROL).person, role=None)
        for number in range(MOODS):
            self.act(Act(verb="changes_the_hooks", who=BOB, which=number))
            for which in range(0, 12, 2):
                self.act(Act(verb="publishes", who=BOB, which=which))
                self.act(Act(verb="speaks", who=BOB, which=which + number))
            self.privately(number, bob, one, two, three)
            self.befriend(number, bob, one, two, three)
            self.follow(number, bob, one, two, three)
            self.act(Act(verb="edits", who=BOB, which=0))
            self.act(Act(verb="decides", who=BOB, which=number))
            if not quietly:
                self.publicly(number, bob, one, two, three)
                self.help(number, bob, one, three)
            self.act(Act(verb="waits", who=BOB, which=2))
        return self.leave()

    def privately(self, number: int, bob: Caller, one: Caller, two: Caller, three: Caller) -> None:
        """Chat, found, invite, greet, block and watch."""
        chat = self.ask(bob, "send", to=one.person, body=b"%d to the first" % number).topic
        self.ask(one, "send", topic=chat, body=b"%d back" % number)
        self.ask(one, "read", topic=chat, seq=1)
        self.ask(two, "send", to=three.person, body=b"%d between them" % number)
        founded = self.ask(bob, "group.found", name=b"%d" % number, invite=(two.person,)).topic
        self.ask(two, "group.accept", topic=founded)
        self.ask(bob, "group.link", topic=founded)
        self.ask(three, "group.ask", link=self.links[-1], greeting=b"may I?")
        self.ask(bob, "group.approve", topic=founded, person=three.person)
        self.ask(three, "block", person=one.person)
        self.ask(two, "watch", persons=(bob.person, three.person))
        self.ask(one, "people", handles=(self.handles[two],), persons=(three.person,))

    def befriend(self, number: int, bob: Caller, one: Caller, two: Caller, three: Caller) -> None:
        """Become friends, say things to some friends alone, and under what they said; read what is on bob's square."""
        for asking, asked in ((bob, one), (bob, two), (two, one)):
            self.ask(asking, "contact.ask", person=asked.person, greeting=b"%d it is me" % number)
            self.ask(asked, "contact.accept", person=asking.person)
        self.ask(three, "contact.ask", person=bob.person, greeting=b"me, too")
        self.ask(bob, "contact.refuse", person=three.person)
        self.ask(two, "contact.remark", person=one.person, remark=b"%d of my own" % number)
        self.ask(two, "contact.hide", person=bob.person, theirs=bool(number % 2))
        self.ask(one, "private_card", card=b"%d on my card" % number)
        self.ask(bob, "private_cards", persons=(one.person, three.person))
        self.ask(two, "moment.post", body=b"%d to one" % number, only=(one.person,))
        moment = self.ask(bob, "moment.post", body=b"%d to friends" % number, without=(three.person,)).moment.moment
        self.ask(two, "thread", moment=moment, live=True)
        said = self.ask(one, "comment", moment=moment, body=b"%d said" % number).comment.comment
        self.ask(two, "comment", moment=moment, body=b"%d answered" % number, answers=said)
        for caller in (one, two):
            self.ask(caller, "like", moment=moment)
            self.ask(caller, "timeline")
        self.ask(bob, "notices")
        self.ask(bob, "moment.narrow", moment=moment, without=(two.person,))
        topic, seq = self.on_squares[0]
        self.ask(one, "like", topic=topic, seq=seq)
        self.ask(two, "thread", topic=topic, seq=seq, live=True)
        self.ask(three, "moments", person=bob.person)
        self.ask(three, "moment", topic=topic, seq=seq)
        for operation in ("contact.remove", "contact.ask"):  # Bob has them still, so they have him again.
            self.ask(one, operation, person=bob.person)

    def follow(self, number: int, bob: Caller, one: Caller, two: Caller, three: Caller) -> None:
        """Follow bob's account, read it, search for it, ask it something; bob answers, and sees how many they are."""
        account: dict[str, Any] = {"topic": self.account}
        self.ask(one, "follow", **account, tag=TAG)
        self.ask(two, "follow", **account, muted=True)
        self.ask(three, "search", query=f"something {number}")
        self.ask(three, "account", topics=(self.account,))
        for caller in (one, two, one):
            self.ask(caller, "article", **account, seq=self.kiosk.articles[0].origin.seq)
        dialogue = self.ask(one, "send", to=self.account, body=b"%d asked" % number).topic
        self.ask(bob, "inbox.answer", **account, dialogue=dialogue, body=b"%d answered" % number)
        self.ask(bob, "inbox", **account)
        assert self.ask(bob, "account.figures", **account).days
        self.ask(two, "sync", heads={self.account: 0}, side=Side.PUBLIC)
        self.ask(two, "unfollow", **account)

    def help(self, number: int, bob: Caller, one: Caller, three: Caller) -> None:
        """Become an operator of bob's account, draft, schedule, publish; share what it says; apply for one's own."""
        account: dict[str, Any] = {"topic": self.account}
        self.ask(bob, "account.operator", **account, person=three.person, role="editor")
        draft = {"draft": self._cid()}
        self.ask(three, "draft.save", **account, **draft, body=b"%d drafted" % number)
        later = {
            "due": self.server.clock.wall_ms() + LATE_MS,
            "content": content_of(Surface.ARTICLE, f"{number} later"),
        }
        self.ask(three, "schedule", **account, **later)
        said = content_of(Surface.ARTICLE, f"{number} said")
        self.carry_out(
            three, Publish(id=self._next(), cid=self._cid(), surface=Surface.ARTICLE, content=said, **account)
        )
        self.ask(bob, "account.acts", **account)
        self.ask(bob, "account.operator", **account, person=three.person, role=None)
        if number > 2:
            return  # One may have five accounts, and alice and dora have one each already.
        application = Application(
            body=next(iter(self.server.bench.pack.bodies)),
            subject=f"Somebody, {number}",
            name=f"The {number}th account",
            category=CATEGORY,
            scope="What happens.",
            operator="Somebody else",
        )
        applied = self.ask(one, "account.apply", application=application).account.topic
        self.ask(one, "account.submit", topic=applied)
        self.act(Act(verb="decides", who=BOB, which=1))

    def publicly(self, number: int, bob: Caller, one: Caller, two: Caller, three: Caller) -> None:
        """Come, ask to come, be let in, read, look for something, leave: on the public side, and nobody's business."""
        opened = self.ask(bob, "group.found_public", admission=Admission.OPEN, listed=True).topic
        guarded = self.ask(bob, "group.found_public", admission=Admission.APPROVAL, history_open=True).topic
        for caller in (one, two):
            self.ask(caller, "group.join", topic=opened)
        self.ask(three, "group.join", topic=guarded)
        self.ask(bob, "group.approve", topic=guarded, person=three.person)
        self.ask(one, "group.join", topic=guarded)
        self.ask(bob, "group.refuse", topic=guarded, person=one.person)
        self.act(Act(verb="waits", who=BOB, which=0))
        self.ask(one, "read", topic=opened, seq=2)  # The entry that says how many have come.
        self.ask(three, "read", topic=guarded, seq=2)
        self.ask(three, "typing", topic=guarded)
        self.ask(two, "group.find", query=f"something {number}")
        self.ask(two, "cards", persons=(one.person, three.person))
        self.ask(three, "history", topic=guarded)
        self.ask(two, "set_topic", topic=opened, muted=True)
        self.ask(bob, "group.role", topic=opened, person=one.person, role="admin")
        self.ask(bob, "group.mute", topic=opened, person=two.person, until=0)
        self.ask(two, "group.leave", topic=opened)
        self.ask(bob, "group.remove", topic=guarded, person=three.person)


@pytest.fixture(scope="module")
def lives() -> list[Left]:
    return [Lane().live(*peers) for peers in PEERS]


@pytest.mark.parametrize("number", range(1, len(PEERS)))
def test_no_record_tells_who_the_others_were(lives: list[Left], number: int) -> None:
    for name in SEEN:
        assert difference(getattr(lives[0], name), getattr(lives[number], name)) == "", name


def test_the_public_store_is_the_same_whoever_follows_reads_searches_and_asks() -> None:
    quiet = [Lane().live(*peers, quietly=True) for peers in PEERS[:3]]
    for other in quiet[1:]:
        for name in (*SEEN, "public_store"):
            assert difference(getattr(quiet[0], name), getattr(other, name)) == "", name
    assert len({life.private_store for life in quiet}) == len(quiet)


def test_the_lives_do_differ_in_who_the_others_were(lives: list[Left]) -> None:
    assert len({life.private_store for life in lives}) == len(PEERS)
    assert len({life.public_store for life in lives}) == len(PEERS)


def test_the_lives_have_left_something_in_each_record(lives: list[Left]) -> None:
    assert len(lives[0].publications) >= 20
    assert len(lives[0].leaves) >= 40
    assert lives[0].learned
    assert any(b"held" in said for said in lives[0].staff)
    assert any(b"refused" in said for said in lives[0].staff)
    assert {publication.surface for publication in lives[0].publications} >= OF_ACCOUNTS


class Searched(Crowd):
    """A crowd whose records are searched for all the people in it when it has gone."""

    controls: ClassVar[set[str]] = set()

    def teardown(self) -> None:
        try:
            if self.persons:
                self.nobody_is_in_any_record()
        finally:
            super().teardown()

    def nobody_is_in_any_record(self) -> None:
        self.officer_looks_at_everything()
        places = {
            "hooks": b"\n".join(as_hooks_get_it(publication) for publication in self.panel.seen),
            "staff": b"\n".join(self.staff_heard),
            "leaves": b"\n".join(records.leaves_of(self.server)),
            "log": self.records.log.encode(),
        }
        private = [topic for topic in self.topics if side_of(topic) is Side.PRIVATE]
        private += [TopicId(each) for each in (*self.moments, *self.comments) if side_of(TopicId(each)) is Side.PRIVATE]
        people = Aviary("people")
        for number, each in enumerate((*self.persons, *self.devices, *private, *HANDLES, *self.tokens, *self.links)):
            people.also(f"{number} {each}", each)
        for place, said in places.items():
            assert people.seen_in(said) == [], place
            signs = {"hooks": ["publication.judge"], "log": ['"request.failed"']}.get(place, self.submissions)
            if any(each.encode() in said for each in signs):
                self.controls.add(place)
        stored = records.raw(records.public(self.server))
        if any(each.encode() in stored for each in self.persons):
            self.controls.add("people")  # They are found where they are.


def test_no_record_names_a_person_a_device_or_a_private_place_whatever_people_do() -> None:
    run_state_machine_as_test(Searched, settings=LONG)
    assert Searched.carried == PRIVATE_CARRIERS
    assert Searched.controls == {"hooks", "staff", "leaves", "log", "people"}, "the search is of something"


# The shapes.


def types_in(hint: Any, seen: set[Any]) -> Iterator[Any]:
    """Every type that a value of `hint` could have in it."""
    if hint in seen:
        return
    seen.add(hint)
    yield hint
    if get_origin(hint) is Annotated:
        yield from types_in(get_args(hint)[0], seen)
        return
    for inner in get_args(hint):
        yield from types_in(inner, seen)
    if isinstance(hint, type) and (issubclass(hint, msgspec.Struct) or hasattr(hint, "__dataclass_fields__")):
        for inner in get_type_hints(hint, include_extras=True).values():
            yield from types_in(inner, seen)


@dataclass(frozen=True)
class Sociable:
    """What a careless officer's view would be."""

    friends: dict[str, tuple[PersonId | None, ...]]


STAFF = [operation for operation in REQUESTS if operation.startswith("officer.")]


@pytest.mark.parametrize("operation", STAFF)
def test_what_staff_are_answered_has_no_room_for_a_person(operation: str) -> None:
    assert {PersonId, DeviceId} & set(types_in(REPLIES[REQUESTS[operation]], set())) == set()
    assert {PersonId, DeviceId} & set(types_in(REQUESTS[operation], set())) == set()


def test_what_a_hook_is_given_has_no_room_for_a_person() -> None:
    assert {PersonId, DeviceId} & set(types_in(Publication, set())) == set()


@pytest.mark.parametrize("leaf", [kind.value for kind in LeafKind])
def test_what_makes_a_leaf_is_given_no_person(leaf: str) -> None:
    name = {"verdict": "answered", "failure": "answered", "decision": "decided"}.get(leaf, leaf)
    hints = get_type_hints(getattr(leaves, name), include_extras=True)
    assert hints.pop("return") is leaves.Leaf
    assert {PersonId, DeviceId} & {each for hint in hints.values() for each in types_in(hint, set())} == set()


def test_room_for_a_person_would_be_found() -> None:
    assert {PersonId, NoneType} <= set(types_in(Sociable, set()))
