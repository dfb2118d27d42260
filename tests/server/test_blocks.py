"""A block leaves no trace for the one who is blocked (docs/adr/0004)."""

from contextlib import closing
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.entries import Standing
from protocol.frames import (
    REQUESTS,
    Block,
    Blocks,
    Edit,
    GroupAccept,
    GroupFound,
    GroupInvite,
    History,
    People,
    React,
    Read,
    Recall,
    Receipts,
    Send,
    SetPreferences,
    ShowTopic,
    Sync,
    TopicPush,
    Typing,
    Unblock,
    Watch,
)
from protocol.ids import new_id
from server.handlers import people
from tests.support.inline import Caller, InlineServer


def blocked_chat(server: InlineServer) -> tuple[Caller, Caller, Any]:
    """Return somebody, one who blocks them, and their chat of two messages."""
    eve, bob = server.people("eve", "bob")
    topic = server.chat(eve, bob)
    bob.do(Block, person=eve.person)
    return eve, bob, topic


# Twin worlds: the same happens in both, but for the block and what only who blocks knows of.

# What is random, named by the order in which it appears.
_RANDOM = ("topic", "person", "device", "token", "cid", "link", "sender")


class World:
    """Eve talks; Bob blocks her, or is simply not there any more. `seen` is all that reaches Eve, in order."""

    def __init__(self, *, blocks: bool, acquainted: bool) -> None:
        self.server = InlineServer()
        self.blocks = blocks
        self.eve, self.bob, self.ann = self.server.people("eve", "bob", "ann")
        self.server.group(self.ann, self.eve, self.bob)
        self.group = self.eve.do(GroupFound, name=b"eves").topic
        self.topic = self.server.chat(self.eve, self.bob) if acquainted else None
        self.eve.do(Watch, persons=(self.bob.person,))
        self.last = 1
        for caller in self.server.callers:
            caller.collect()
        if blocks:
            self.bob.do(Block, person=self.eve.person)
        self.leave()

    def leave(self) -> None:
        """Bob goes, and Eve, who watches him, may see that. From then on he is never seen to come."""
        self.bob.hang_up()
        self.server.every_second()

    def step(self, what: str, number: int) -> None:
        eve, there = self.eve, {"topic": self.topic}
        target = 1 + number % self.last
        ask = eve.request
        match what:
            case "send" if self.topic is None:
                sent = eve.try_(request := ask(Send, to=self.bob.person, body=b"hello?"))
                self.topic = getattr(sent, "topic", None)
                eve.say(request)
            case "send":
                eve.say(ask(Send, body=b"hello?", **there))
                self.last += 1
            case "send to":
                eve.say(ask(Send, to=self.bob.person, body=b"hello?", reply_to=number or None))
            case "watch":
                eve.say(ask(Watch, persons=(self.bob.person, self.ann.person)))
            case "sync":
                eve.say(ask(Sync, heads={}))
            case "people":
                eve.say(ask(People, handles=("bob",), persons=(self.bob.person,)))
            case "found":
                eve.say(ask(GroupFound, invite=(self.bob.person,)))
            case "invite":
                eve.say(ask(GroupInvite, topic=self.group, person=self.bob.person))
            case "group":
                eve.say(ask(ShowTopic, topic=self.group))
            case "a second":
                self.server.every_second()
            case "bob":
                if self.blocks:
                    self.bob_does(number)
                self.server.every_second()
            case _ if self.topic is not None and what in IN_TOPIC:
                shape, fields = IN_TOPIC[what]
                if "target" in shape.__struct_fields__:
                    fields = fields | {"target": target}
                if "seq" in shape.__struct_fields__:
                    fields = fields | {"seq": target}
                eve.say(ask(shape, **there, **fields))

    def bob_does(self, number: int) -> None:
        """Bob, who blocks Eve, does what must not show."""
        bob = self.server.login("bob")
        known = [summary.topic for summary in bob.sync().topics]
        for topic in known[:1] if number % 2 else known[-1:]:
            if topic == self.topic:
                bob.try_(bob.request(Read, topic=topic, seq=1 + number))
                bob.try_(bob.request(Typing, topic=topic))
                bob.try_(bob.request(Send, topic=topic, body=b"?"))
        bob.do(Watch, persons=(self.eve.person,))
        if number % 3:
            bob.hang_up()

    def seen(self) -> list[Any]:
        """Return all that came to Eve, with what is random replaced by the order of its appearance."""
        names: dict[Any, str] = {}

        def plain(value: Any, key: str = "") -> Any:
            if isinstance(value, dict):
                return {plain(k, "topic" if key == "heads" else ""): plain(v, k) for k, v in value.items()}
            if isinstance(value, list | tuple):
                return [plain(part, key) for part in value]
            if isinstance(value, str) and len(value) == 16 and value.isalnum():
                return names.setdefault(value, f"id {len(names)}")
            if isinstance(value, bytes) and len(value) == 16:
                return names.setdefault(value, f"cid {len(names)}")
            return value

        messages = self.eve.collect()
        return [plain(m if isinstance(m, dict) else msgspec.to_builtins(m, builtin_types=(bytes,))) for m in messages]


IN_TOPIC: dict[str, tuple[Any, dict[str, Any]]] = {
    "edit": (Edit, {"body": b"edited"}),
    "react": (React, {"body": b"+"}),
    "recall": (Recall, {}),
    "read": (Read, {}),
    "receipts": (Receipts, {}),
    "typing": (Typing, {}),
    "history": (History, {}),
    "topic": (ShowTopic, {}),
}
STEPS = (
    *IN_TOPIC,
    *("send", "send", "send to", "watch", "sync", "people", "found", "invite", "group", "a second", "bob", "bob"),
)


@given(
    steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 6)), min_size=1, max_size=25),
    acquainted=st.booleans(),
)
def test_the_one_who_is_blocked_sees_what_they_would_see_without_the_block(
    steps: list[tuple[str, int]], acquainted: bool
) -> None:
    views = []
    for blocks in (True, False):
        world = World(blocks=blocks, acquainted=acquainted)
        with closing(world.server):
            for step in steps:
                world.step(*step)
            views.append(world.seen())
    assert views[0] == views[1]


def test_the_script_of_the_twins_has_operations_we_have() -> None:
    assert {shape for shape, _ in IN_TOPIC.values()} <= set(REQUESTS.values())


# What the one who blocks gets.


def test_what_a_blocked_person_says_comes_as_a_number_only(server: InlineServer) -> None:
    eve, bob, topic = blocked_chat(server)
    for shape, fields in ((Send, {}), (Edit, {"target": 1}), (React, {"target": 2})):
        eve.do(shape, topic=topic, body=b"unheard", **fields)
    assert [(entry.seq, entry.elided, entry.body) for entry in bob.entries()] == [
        (seq, True, None) for seq in (3, 4, 5)
    ]
    assert [entry.elided for entry in bob.do(History, topic=topic).entries] == [False, False, True, True, True]
    assert [entry.elided for entry in bob.sync().slices[0].entries] == [False, False, True, True, True]


def test_what_was_hidden_counts_for_nobody_and_stays_hidden(server: InlineServer) -> None:
    eve, bob, topic = blocked_chat(server)
    bob.do(Read, topic=topic, seq=1)
    eve.send(b"unheard", topic=topic)
    assert bob.do(ShowTopic, topic=topic).summary.unread == 1
    bob.do(Unblock, person=eve.person)
    eve.send(b"heard", topic=topic)
    assert bob.do(ShowTopic, topic=topic).summary.unread == 2
    assert [entry.body for entry in bob.do(History, topic=topic).entries][2:] == [None, b"heard"]
    bob.do(Read, topic=topic, seq=4)
    assert bob.do(ShowTopic, topic=topic).summary.unread == 0


def test_nobody_sends_to_a_person_they_block(server: InlineServer) -> None:
    eve, bob, topic = blocked_chat(server)
    assert bob.refused(Send, topic=topic, body=b"x") == "not_accepted"
    assert bob.refused(Send, to=eve.person, body=b"x") == "not_accepted"
    assert bob.refused(Edit, topic=topic, target=2, body=b"x") == "not_accepted"
    assert bob.refused(React, topic=topic, target=1, body=b"+") == "not_accepted"


def test_one_may_recall_what_one_said_before_the_block(server: InlineServer) -> None:
    eve, bob, topic = blocked_chat(server)
    bob.do(Recall, topic=topic, target=2)
    assert eve.do(History, topic=topic).entries[1].erased


def test_to_somebody_one_blocks_no_chat_is_begun(server: InlineServer) -> None:
    eve, bob = server.people("eve", "bob")
    bob.do(Block, person=eve.person)
    assert bob.refused(Send, to=eve.person, body=b"x") == "not_accepted"


def test_a_chat_begun_under_a_block_does_not_appear_until_a_message_after_it(server: InlineServer) -> None:
    eve, bob = server.people("eve", "bob")
    bob.do(Block, person=eve.person)
    topic = eve.send(b"unheard", to=bob.person).topic
    assert (bob.pushes(), bob.sync().topics) == ([], ())
    bob.do(Unblock, person=eve.person)
    assert bob.sync().topics == ()
    eve.send(b"heard", topic=topic)
    (summary,) = bob.sync().topics
    assert (summary.start, summary.unread) == (2, 1)
    assert [entry.body for entry in bob.do(History, topic=topic).entries] == [b"heard"]


def test_a_chat_begun_under_a_block_stays_hidden_however_much_is_said_in_it(server: InlineServer) -> None:
    eve, bob = server.people("eve", "bob")
    bob.do(Block, person=eve.person)
    topic = eve.send(b"unheard", to=bob.person).topic
    eve.send(b"unheard", topic=topic)
    eve.send(b"unheard", to=bob.person)
    assert (bob.pushes(), bob.sync().topics) == ([], ())


def test_a_chat_begun_in_the_moment_of_a_block_does_not_appear(server: InlineServer) -> None:
    eve, bob = server.people("eve", "bob")
    server.commits.gather()
    bob.say(bob.request(Block, person=eve.person))
    eve.say(eve.request(Send, to=bob.person, body=b"unheard"))
    server.commits.commit()
    server.settle()
    eve.send(b"unheard", to=bob.person)
    assert (bob.pushes(), bob.sync().topics) == ([], ())


def test_who_blocked_may_begin_again_in_the_chat_the_other_began(server: InlineServer) -> None:
    eve, bob = server.people("eve", "bob")
    bob.do(Block, person=eve.person)
    topic = eve.send(b"unheard", to=bob.person).topic
    bob.do(Unblock, person=eve.person)
    assert bob.send(b"sorry", to=eve.person).topic == topic
    assert [entry.body for entry in bob.do(History, topic=topic).entries] == [b"sorry"]


def test_a_message_decided_before_the_block_and_committed_after_it_is_hidden(server: InlineServer) -> None:
    eve, bob = server.people("eve", "bob")
    topic = server.chat(eve, bob)
    server.commits.gather()
    bob.say(bob.request(Block, person=eve.person))
    eve.say(eve.request(Send, topic=topic, body=b"unheard"))
    server.commits.commit()
    assert [entry.elided for entry in bob.entries()] == [True]


@pytest.mark.parametrize("again", [1, 2])
def test_blocking_twice_is_blocking_once(server: InlineServer, again: int) -> None:
    eve, bob = server.people("eve", "bob")
    topic = server.chat(eve, bob)
    for _ in range(again):
        bob.do(Block, person=eve.person)
    bob.do(Unblock, person=eve.person)
    bob.do(Unblock, person=eve.person)
    bob.send(b"again", topic=topic)


def test_whom_one_blocks_is_listed_for_oneself(server: InlineServer) -> None:
    eve, bob = server.people("eve", "bob")
    bob.do(Block, person=eve.person)
    assert [person.handle for person in bob.do(Blocks).people] == ["eve"]
    assert eve.do(Blocks).people == ()


def test_one_cannot_block_oneself_or_nobody(server: InlineServer) -> None:
    (bob,) = server.people("bob")
    assert bob.refusal(Block, person=bob.person).field == "person"
    assert bob.refused(Block, person=new_id()) == "not_found"


def test_one_blocks_so_many_people_and_no_more(server: InlineServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "BLOCKED_PEOPLE", 1)
    bob, eve, mallory = server.people("bob", "eve", "mallory")
    bob.do(Block, person=eve.person)
    assert bob.refused(Block, person=mallory.person) == "too_many"
    bob.do(Block, person=eve.person)
    bob.do(Unblock, person=eve.person)
    bob.do(Block, person=mallory.person)


def test_two_who_block_each_other_are_blocked_until_both_have_ended_it(server: InlineServer) -> None:
    eve, bob, topic = blocked_chat(server)
    eve.do(Block, person=bob.person)
    bob.do(Unblock, person=eve.person)
    assert eve.refused(Send, topic=topic, body=b"x") == "not_accepted"
    bob.send(b"unheard", topic=topic)
    assert [entry.elided for entry in eve.entries()] == [True]
    eve.do(Unblock, person=bob.person)
    eve.send(b"peace", topic=topic)
    assert [entry.body for entry in bob.entries()][-1] == b"peace"


def test_neither_typing_nor_reading_crosses_a_block(server: InlineServer) -> None:
    eve, bob, topic = blocked_chat(server)
    for one, other in ((eve, bob), (bob, eve)):
        one.do(Typing, topic=topic)
        one.do(Read, topic=topic, seq=2)
        assert other.pushes() == []


def test_the_mark_the_blocked_one_is_shown_stays_where_it_was(server: InlineServer) -> None:
    eve, bob = server.people("eve", "bob")
    topic = server.chat(eve, bob)
    bob.do(Read, topic=topic, seq=1)
    bob.do(Block, person=eve.person)
    bob.do(Read, topic=topic, seq=2)
    assert eve.do(ShowTopic, topic=topic).summary.peer_read == 1
    assert eve.do(Receipts, topic=topic, seq=1).count == 1


def test_a_block_does_not_change_what_is_shown_in_a_group(server: InlineServer) -> None:
    eve, bob = server.people("eve", "bob")
    group = server.group(eve, bob)
    eve.do(SetPreferences, receipts=True)
    before = eve.do(ShowTopic, topic=group)
    bob.do(Block, person=eve.person)
    assert eve.do(ShowTopic, topic=group) == before
    bob.do(Typing, topic=group)
    assert len(eve.pushes()) == 1


def test_an_invitation_that_is_not_shown_does_not_stand_in_the_way_of_another(server: InlineServer) -> None:
    ann, cat, dan = server.people("ann", "cat", "dan")
    topic = ann.do(GroupFound, invite=(cat.person,)).topic
    cat.do(GroupAccept, topic=topic)
    dan.do(Block, person=cat.person)
    cat.do(GroupInvite, topic=topic, person=dan.person)
    assert dan.pushes() == []
    ann.do(GroupInvite, topic=topic, person=dan.person)
    assert [push.summary.standing for push in dan.pushes() if isinstance(push, TopicPush)] == [Standing.INVITED]
