"""A small chat beside a group of 500 waits for one turn, not for the group; benchmarks say how long a turn is."""

from protocol.codec import decode_from_server
from protocol.frames import EntryPush, GroupAccept, GroupFound, GroupInvite, Send
from tests.support.adapters import payloads
from tests.support.inline import Caller, InlineServer

CROWD = 500
TURN = 64  # Recipients; docs/ARCHITECTURE.md promises it.


def entries_waiting(caller: Caller) -> int:
    """Return how many entries have been queued for `caller`, without moving anything on."""
    frames = b"".join(caller.peer.frames)
    return sum(isinstance(decode_from_server(payload), EntryPush) for payload in payloads(frames))


def test_a_chat_is_served_in_the_turn_it_comes_in_however_much_a_group_of_500_has_to_say() -> None:
    server = InlineServer()
    owner, *crowd = [server.register(f"person{number}") for number in range(CROWD)]
    alice, bob = server.register("alice"), server.register("bob")
    chat = alice.send(b"hello", to=bob.person).topic
    found = GroupFound(id=1, cid=owner.cid(), invite=tuple(one.person for one in crowd[:100]))
    group = owner.ask(found).topic
    for one in crowd[100:]:
        owner.ask(GroupInvite(id=2, topic=group, person=one.person))
    for one in crowd:
        one.ask(GroupAccept(id=2, cid=one.cid(), topic=group))
    everybody = [owner, *crowd, alice, bob]
    for one in everybody:
        one.collect()

    for number in range(20):
        owner.say(Send(id=100 + number, cid=owner.cid(), body=b"attention", topic=group))
    alice.say(Send(id=100, cid=alice.cid(), body=b"a quiet word", topic=chat))
    server.fanout.turn()
    assert entries_waiting(bob) == 1
    served = [one for one in crowd if entries_waiting(one)]
    assert len(served) <= TURN
    assert all(entries_waiting(one) == 20 for one in served), "all that waited for a topic comes in one piece"
    while server.fanout.turn():
        pass
    assert all(entries_waiting(one) == 20 for one in crowd)
