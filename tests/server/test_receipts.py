"""Read marks: one's own, the other's, counts; and private mode."""

from typing import Any

import pytest

from protocol.frames import (
    Clear,
    Done,
    GroupAccept,
    GroupInvite,
    GroupName,
    GroupRemove,
    PreferencesPush,
    Read,
    ReadPush,
    Receipts,
    ReceiptsReply,
    Request,
    SetPreferences,
    SetTopic,
    ShowTopic,
    TopicPush,
    Typing,
    TypingPush,
)
from protocol.ids import Seq
from protocol.limits import RECEIPTS_BY_PERSON_MEMBERS
from tests.support.inline import InlineServer


def test_a_mark_moves_forward_and_never_back(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    for seq, unread in ((1, 1), (2, 0), (1, 0)):
        bob.do(Read, topic=topic, seq=seq)
        assert bob.do(ShowTopic, topic=topic).summary.unread == unread


def test_a_mark_does_not_go_past_the_head(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    bob.do(Read, topic=topic, seq=99)
    alice.send(b"new", topic=topic)
    assert bob.do(ShowTopic, topic=topic).summary.unread == 1


def test_a_mark_is_told_to_ones_other_devices_and_to_the_other(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    tablet = server.login("bob")
    bob.do(Read, topic=topic, seq=2)
    push = ReadPush(topic=topic, person=bob.person, seq=Seq(2))
    assert (bob.pushes(), tablet.pushes(), alice.pushes()) == ([], [push], [push])


def test_a_mark_that_does_not_move_is_told_to_nobody(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    bob.do(Read, topic=topic, seq=2)
    alice.collect()
    bob.do(Read, topic=topic, seq=2)
    assert alice.pushes() == []


@pytest.mark.parametrize("private", ["alice", "bob"])
def test_where_one_of_two_gives_no_receipts_neither_gets_them(server: InlineServer, private: str) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    tablet = server.login("bob")
    {"alice": alice, "bob": bob}[private].do(SetPreferences, receipts=False)
    tablet.collect()
    bob.do(Read, topic=topic, seq=2)
    assert alice.pushes() == []
    assert tablet.pushes() == [ReadPush(topic=topic, person=bob.person, seq=Seq(2))]
    assert alice.do(ShowTopic, topic=topic).summary.peer_read is None
    assert alice.do(Receipts, topic=topic, seq=1).count == 0


def test_the_author_is_told_who_has_read(server: InlineServer) -> None:
    ann, ben, cyd = server.people("ann", "ben", "cyd")
    topic = server.group(ann, ben, cyd)
    said = ann.send(b"read this", topic=topic).seq
    ben.do(Read, topic=topic, seq=said)
    assert ann.do(Receipts, topic=topic, seq=said) == ReceiptsReply(count=1, readers=(ben.person,))


def test_nobody_but_the_author_is_told_who_has_read(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    assert bob.refused(Receipts, topic=topic, seq=1) == "not_allowed"


def test_there_are_no_receipts_of_what_one_cannot_see(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic = server.group(ann)
    ann.send(b"before", topic=topic)
    ann.do(GroupInvite, topic=topic, person=ben.person)
    ben.do(GroupAccept, topic=topic)
    assert ben.refused(Receipts, topic=topic, seq=2) == "not_found"
    assert ben.refused(Receipts, topic=topic, seq=99) == "not_found"


def test_in_a_larger_group_the_author_gets_a_count_and_others_no_mark(
    server: InlineServer,
) -> None:
    owner, *others = server.people("ann", *(f"m-{one}{other}" for one in "abcdefg" for other in "abcdefgh"))
    assert len(others) >= RECEIPTS_BY_PERSON_MEMBERS
    topic = server.group(owner, *others)
    said = owner.send(b"x", topic=topic).seq
    for caller in server.callers:
        caller.collect()
    others[0].do(Read, topic=topic, seq=said)
    others[0].do(Typing, topic=topic)
    assert owner.pushes() == []
    assert owner.do(Receipts, topic=topic, seq=said) == ReceiptsReply(count=1)


def test_preferences_reach_ones_other_devices(server: InlineServer) -> None:
    (alice,) = server.people("alice")
    tablet = server.login("alice")
    alice.do(SetPreferences, receipts=False)
    (push,) = tablet.pushes()
    assert isinstance(push, PreferencesPush)
    assert (push.preferences.receipts, push.preferences.presence) == (False, True)


def test_settings_of_a_topic_reach_ones_other_devices_and_nobody_else(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    tablet = server.login("bob")
    bob.do(SetTopic, topic=topic, muted=True, pinned=True)
    (push,) = tablet.pushes()
    assert isinstance(push, TopicPush)
    assert (push.summary.muted, push.summary.pinned) == (True, True)
    assert (alice.pushes(), bob.pushes()) == ([], [])
    bob.do(SetTopic, topic=topic, muted=False)
    summary = bob.do(ShowTopic, topic=topic).summary
    assert (summary.muted, summary.pinned) == (False, True)


def test_typing_is_told_to_the_others_and_kept_nowhere(server: InlineServer) -> None:
    ann, ben, cyd = server.people("ann", "ben", "cyd")
    topic = server.group(ann, ben, cyd)
    before = server.dump()
    ben.do(Typing, topic=topic)
    push = TypingPush(topic=topic, person=ben.person)
    assert (ann.pushes(), ben.pushes(), cyd.pushes()) == ([push], [], [push])
    assert server.dump() == before


def test_typing_is_not_told_to_a_connection_that_lags_behind(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    alice.peer.behind = True
    bob.do(Typing, topic=topic)
    bob.send(b"but this is", topic=topic)
    assert [entry.body for entry in alice.entries()] == [b"but this is"]


@pytest.mark.parametrize(("shape", "fields"), [(Read, {"seq": 1}), (SetTopic, {"muted": True})])
def test_a_mark_of_one_who_is_removed_in_that_moment_is_not_found(
    server: InlineServer, shape: type[Request[Done]], fields: dict[str, Any]
) -> None:
    ann, ben = server.people("ann", "ben")
    topic = server.group(ann, ben)
    server.commits.gather()
    ann.say(ann.request(GroupRemove, topic=topic, person=ben.person))
    ben.say(ben.request(shape, topic=topic, **fields))
    server.commits.commit()
    (reply,) = [message for message in ben.collect() if isinstance(message, dict)]
    assert reply["error"]["code"] == "not_found"


def test_a_topic_cleared_while_it_changes_is_cleared_all_the_same(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic = server.group(ann, ben)
    server.commits.gather()
    ann.say(ann.request(GroupName, topic=topic, name=b"new"))
    ben.say(ben.request(Clear, topic=topic, seq=2))
    server.commits.commit()
    assert ben.do(ShowTopic, topic=topic).summary.start == 3
