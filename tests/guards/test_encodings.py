"""An entry is encoded once, whoever gets it: a broadcast costs writes, and nothing else for each recipient."""

import pytest

from protocol.codec import decode_request, encode_push, encode_refusal, encode_reply, encode_request
from protocol.frames import Edit, Send
from server.net.framing import binary_frame
from tests.guards.counting import calls_of
from tests.guards.crowd import Crowd

AUDIENCES = pytest.mark.parametrize("audience", [5, 500])
CODEC = (decode_request, encode_push, encode_reply, encode_refusal, binary_frame)


@AUDIENCES
def test_a_message_is_decoded_once_and_encoded_once_for_all_and_once_for_its_ack(audience: int) -> None:
    with Crowd(audience) as crowd:
        request = encode_request(crowd.owner.request(Send, topic=crowd.topic, body=b"x"))
        with calls_of(*CODEC) as made:
            crowd.owner.say(request)
            crowd.server.settle()
        assert made == {"decode_request": 1, "encode_push": 1, "encode_reply": 1, "binary_frame": 2}
        assert [len(member.peer.frames) for member in crowd.members] == [2] + [1] * (audience - 1)


@AUDIENCES
def test_what_some_may_not_see_is_encoded_once_more_for_all_of_them(audience: int) -> None:
    with Crowd(audience) as crowd:
        newcomers = crowd.newcomers(audience)
        request = encode_request(crowd.owner.request(Edit, topic=crowd.topic, target=crowd.said, body=b"x"))
        with calls_of(*CODEC) as made:
            crowd.owner.say(request)
            crowd.server.settle()
        assert made == {"decode_request": 1, "encode_push": 2, "encode_reply": 1, "binary_frame": 3}
        assert all(len(newcomer.peer.frames) == 1 for newcomer in newcomers)


def test_sixteen_messages_that_go_out_together_are_encoded_once_each() -> None:
    with Crowd(100) as crowd, calls_of(*CODEC) as made:
        crowd.says_together(16, b"x")
    assert made["encode_push"] == made["encode_reply"] == 16
    assert made["binary_frame"] == 32


def test_a_message_for_which_nobody_is_here_is_not_encoded() -> None:
    """Its ack is. Most of what is said privately is said to people who are somewhere else."""
    with Crowd(5) as crowd:
        others = crowd.members[1:]
        for caller in (crowd.owner, *others):
            caller.hang_up()
        alone = crowd.server.connect()
        alone.session.caller = crowd.owner.session.caller
        request = encode_request(alone.request(Send, topic=crowd.topic, body=b"x"))
        with calls_of(*CODEC) as made:
            alone.say(request)
            crowd.server.settle()
        assert made == {"decode_request": 1, "encode_reply": 1, "binary_frame": 1}
