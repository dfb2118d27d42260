"""How many bytes a delivery is, and that nobody has them made anew."""

from collections.abc import Iterator

import pytest

from protocol.frames import Edit, Send
from tests.guards.crowd import Crowd

BODY = b"x" * 128
# What an entry is on the wire beside its body, which is the one thing in it that anybody said.
FRAME = {"FIN and opcode, 126, and two bytes of length": 4}
PUSH = {"a map of two": 1, "ev": 3, "its value, entry": 6, "entry": 6}
ENTRY = {
    "a map of eight": 1,
    "topic": 6 + 17,  # An id has 16 characters, and one byte says so.
    "seq": 4 + 1,  # Up to 127; up to 5 bytes for any that a topic will reach.
    "nth": 4 + 1,  # Likewise.
    "at": 3 + 9,
    "kind, message": 5 + 8,
    "sender": 7 + 17,
    "cid": 4 + 18,
    "body": 5 + 2 + len(BODY),
}
# A frame that short has a header of two bytes.
ELIDED = {"header": 2, "a map of two": 1, "ev": 3, "its value": 6, "entry": 6, "a map of three": 1, "topic": 6 + 17}
ELIDED |= {"seq": 4 + 1, "elided": 7 + 1}


@pytest.fixture
def crowd() -> Iterator[Crowd]:
    with Crowd(80) as crowd:
        yield crowd


def test_an_entry_of_128_bytes_is_a_frame_of_260(crowd: Crowd) -> None:
    """132 bytes are everything else: see above. One more key would cost every recipient of every message."""
    crowd.owner.do(Send, topic=crowd.topic, body=BODY)
    crowd.server.settle()
    frame = crowd.members[1].peer.frames[-1]
    assert len(frame) == sum((FRAME | PUSH | ENTRY).values()) == 260


def test_an_entry_that_one_may_not_see_is_a_frame_of_55(crowd: Crowd) -> None:
    """A number, and that there is nothing more to it."""
    newcomer = crowd.newcomers(1)[0]
    crowd.owner.do(Edit, topic=crowd.topic, target=crowd.said, body=BODY)
    crowd.server.settle()
    assert len(newcomer.peer.frames[-1]) == sum(ELIDED.values()) == 55


@pytest.mark.parametrize("how_many", [1, 16])
def test_all_members_get_the_same_bytes_and_no_copy_of_them(crowd: Crowd, how_many: int) -> None:
    """Those of several messages are put together once, too, and not for each of those who get them."""
    crowd.says_together(how_many, BODY)
    (frame,) = {id(member.peer.frames[-1]): member.peer.frames[-1] for member in crowd.members}.values()
    assert [len(member.peer.frames) for member in crowd.members[1:]] == [1] * (len(crowd.members) - 1)
    assert len(frame) == how_many * 260


def test_an_elided_entry_is_the_same_bytes_for_all_who_may_not_see_it(crowd: Crowd) -> None:
    newcomers = crowd.newcomers(40)
    crowd.owner.do(Edit, topic=crowd.topic, target=crowd.said, body=BODY)
    crowd.server.settle()
    assert len({id(newcomer.peer.frames[-1]) for newcomer in newcomers}) == 1
    assert len({id(member.peer.frames[-1]) for member in crowd.members[1:]}) == 1
