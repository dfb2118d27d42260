"""What the server asks of the system for a message: counted call by call, as no stopwatch could tell it.

A call costs more than all that Python does for a recipient, so this is what a delivery costs.
"""

import pytest

from server.committer import ANSWERS
from server.fanout import TURN
from server.net.settings import NetSettings
from tests.guards.counting import SystemCalls
from tests.guards.works import LARGE, Works

BODY = b"x" * 128
WATCHING = ("register", "modify", "unregister")


@pytest.mark.parametrize("speakers", [1, 16])
def test_what_is_said_to_a_large_group_in_one_batch_is_one_call_a_member(
    works: Works, calls: SystemCalls, speakers: int
) -> None:
    """However many messages that is: they go out in one piece, and to who said one, its ack goes with it."""
    topic, members = works.group()
    for member in members[:speakers]:
        member.says(topic, BODY)
    works.turns()
    works.commit()
    with calls.counting():
        works.turns()
    assert calls.writes == {member.fileno: 1 for member in members}
    works.rest()
    acks = [1] * speakers + [0] * (LARGE - speakers)
    assert [len(member.messages) for member in members] == [speakers + ack for ack in acks]


def test_a_message_to_a_large_group_costs_nothing_but_its_writes_and_a_look_a_piece(
    works: Works, calls: SystemCalls
) -> None:
    """It is read in one call, the committer rings once and is heard once; and there are as many looks as pieces.

    One more look before the first piece, one for who spoke, and one that finds nothing.
    """
    topic, members = works.group()
    members[0].says(topic, BODY)
    with calls.counting():
        works.turns()
        works.commit()
        works.turns()
    looks = calls.made.pop("select")
    assert calls.made == {"recv": 1 + 1, "send": LARGE - 1 + 1, "sendmsg": 1}
    pieces = -(-LARGE // TURN)
    assert looks <= pieces + 3


def test_who_speaks_in_a_chat_gets_ack_and_entry_in_one_call_and_the_other_one_theirs(
    works: Works, calls: SystemCalls
) -> None:
    [(topic, alice, bob)] = works.chats(1)
    alice.says(topic, BODY)
    works.turns()
    works.commit()
    with calls.counting():
        works.turns()
    assert calls.writes == {alice.fileno: 1, bob.fileno: 1}
    works.rest()
    assert (len(alice.messages), len(bob.messages)) == (2, 1)


def test_all_that_a_turn_brings_somebody_leaves_in_one_call(works: Works, calls: SystemCalls) -> None:
    """Both speak in each of 32 chats: ack, one's own entry and the other's are 192 frames, in 64 calls."""
    chats = works.chats(32)
    people = [member for _, alice, bob in chats for member in (alice, bob)]
    for topic, alice, bob in chats:
        alice.says(topic, BODY)
        bob.says(topic, BODY)
    works.turns()
    works.commit()
    with calls.counting():
        works.turns()
    assert calls.writes == {member.fileno: 1 for member in people}
    works.rest()
    assert [len(member.messages) for member in people] == [3] * 64


def test_what_many_have_said_is_read_in_one_call_each_after_one_look(works: Works, calls: SystemCalls) -> None:
    """Ten messages of one connection are one call, too: a second one, to hear that there is no more, is not made."""
    chats = works.chats(10)
    for topic, alice, bob in chats:
        for member in (alice, bob):
            member.says(topic, *[b"x"] * 10)
    with calls.counting():
        works.poller.tick()
    assert calls.made == {"select": 1, "recv": 20}
    assert set(calls.to.values()) == {1}
    assert sum(works.writes.puts) == 200


def test_a_connection_that_says_more_than_its_share_of_a_turn_is_not_read_again_for_the_rest(
    works: Works, calls: SystemCalls
) -> None:
    [(topic, alice, _)] = works.chats(1)
    said = NetSettings().frames_per_turn + 4
    alice.says(topic, *[b"x"] * said)
    with calls.counting():
        works.turns()
    assert calls.made["recv"] == 1
    assert sum(works.writes.puts) == said


def test_no_message_changes_what_is_watched(works: Works, calls: SystemCalls) -> None:
    """Each such change would be a call to the system; only a reader that is behind is worth one."""
    topic, members = works.group()
    with calls.counting():
        for _ in range(3):
            for member in members[:4]:
                member.says(topic, BODY)
            works.turns()
            works.commit()
            works.turns()
    assert {name: calls.made[name] for name in WATCHING} == dict.fromkeys(WATCHING, 0)


def test_a_turn_in_which_nothing_happens_is_one_look_and_nothing_else(works: Works, calls: SystemCalls) -> None:
    """And no socket is watched for what it can always do, which would have the poller look again and again."""
    works.group()
    with calls.counting():
        assert not works.poller.tick()
    assert calls.made == {"select": 1}
    assert works.poller._selector.select(0) == []


def test_a_batch_that_is_answered_in_several_pieces_rings_once(works: Works, calls: SystemCalls) -> None:
    """Whoever rings wakes the poller by a write, and it hears by a read: one of each a batch, not a message."""
    topic, members = works.group()
    for member in members[: 2 * ANSWERS]:
        member.says(topic, BODY)
    works.turns()
    with calls.counting():
        works.commit()
    assert calls.made == {"send": 1}
    with calls.counting():
        works.poller.tick()
    assert calls.made["recv"] == 1
