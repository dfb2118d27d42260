"""What a server hears that no client should say. Each is answered as documented, and the neighbours chat on."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import msgpack
import pytest
import trio
from websockets.frames import BINARY, CONT, PING, TEXT, Frame

from protocol.errors import CloseCode
from protocol.frames import Hello
from protocol.limits import MESSAGE_BYTES
from tests.support.daemon import PATIENCE_S
from tests.support.town import Town, open_town
from tests.support.wire import RawClient, raw_client, raw_stream

HELLO = msgpack.packb({"op": "hello", "id": 1, "versions": [1]})
UPGRADE = (
    b"GET {path} HTTP/1.1\r\nHost: hutong\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: {protocol}\r\n\r\n"
)


@pytest.fixture
async def neighbourhood(town: Town) -> AsyncIterator[Town]:
    """A town where two people go on talking, whatever a third does."""
    alice, bob = await town.settle("alice", "bob")
    chat = (await alice.says("good morning", to=bob)).topic
    await bob.hears("good morning")
    yield town
    await bob.says("did you notice anything?", topic=chat)
    await alice.hears("did you notice anything?")
    await alice.says("nothing at all", topic=chat)
    await bob.hears("nothing at all")


async def said(stream: trio.SocketStream) -> bytes:
    """Return all that the server says until it hangs up."""
    answer = b""
    with trio.fail_after(PATIENCE_S), contextlib.suppress(trio.BrokenResourceError):
        async for data in stream:
            answer += data
    return answer


async def answered(town: Town, request: bytes) -> bytes:
    """Say `request` on a new TCP connection, and return what comes until the server hangs up."""
    async with await raw_stream(town.daemon) as stream:
        await stream.send_all(request)
        return await said(stream)


def upgrade(*, path: bytes = b"/", protocol: bytes = b"hutong.v1") -> bytes:
    return UPGRADE.replace(b"{path}", path).replace(b"{protocol}", protocol)


# What is no HTTP request, or not the right one.


async def test_a_plain_get_is_told_what_this_is(neighbourhood: Town) -> None:
    answer = await answered(neighbourhood, b"GET / HTTP/1.1\r\nHost: hutong\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 426 ")
    assert b"Upgrade: websocket" in answer
    assert b"hutong.v1" in answer.partition(b"\r\n\r\n")[2]


async def test_another_subprotocol_is_a_bad_request(neighbourhood: Town) -> None:
    assert (await answered(neighbourhood, upgrade(protocol=b"graphql-ws"))).startswith(b"HTTP/1.1 400 ")


async def test_another_path_is_not_found(neighbourhood: Town) -> None:
    assert (await answered(neighbourhood, upgrade(path=b"/admin"))).startswith(b"HTTP/1.1 404 ")


GARBAGE = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),  # TLS, where there is none.
    b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    b"\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello",
    b"GET / HTTP/1.1\r\n" + b"X-Long: " + b"x" * 20_000 + b"\r\n\r\n",
    bytes(20_000),
)


async def test_garbage_gets_an_http_error_at_most(neighbourhood: Town) -> None:
    for garbage in GARBAGE:
        async with await raw_stream(neighbourhood.daemon) as stream:
            await stream.send_all(garbage)
            await stream.send_eof()
            answer = await said(stream)
        assert answer == b"" or answer.startswith(b"HTTP/1.1 4"), garbage[:40]


async def test_a_connection_that_says_nothing_more_is_no_trouble(neighbourhood: Town) -> None:
    for beginning in (b"", b"GET / HT", upgrade()[:-1]):
        stream = await raw_stream(neighbourhood.daemon)
        await stream.send_all(beginning)
        await stream.aclose()


async def test_a_handshake_byte_by_byte_is_cut_off(tmp_path: Path) -> None:
    async with open_town(tmp_path, {"limits.handshake_s": 0.5}) as town:
        alice, bob = await town.settle("alice", "bob")
        async with await raw_stream(town.daemon) as stream:

            async def trickle() -> None:
                with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                    for byte in upgrade() * 100:
                        await stream.send_all(bytes([byte]))
                        await trio.sleep(0.05)  # As slow as it likes to be: the server is who ends it.

            async with trio.open_nursery() as nursery:
                nursery.start_soon(trickle)
                answer = await said(stream)
                nursery.cancel_scope.cancel()
        assert answer == b"" or answer.startswith(b"HTTP/1.1 408 ")
        await alice.says("a slow one, that", to=bob)
        await bob.hears("a slow one, that")


async def test_who_does_not_sign_in_is_asked_to_leave(tmp_path: Path) -> None:
    async with open_town(tmp_path, {"limits.hello_s": 0.5}) as town, raw_client(town.daemon) as stranger:
        await stranger.asks(Hello(id=0, versions=(1,)))
        assert (await stranger.is_closed())[0] == CloseCode.HELLO_TIMEOUT


# What is no WebSocket, or not the kind we speak.


async def closed_after(town: Town, *frames: Frame) -> int:
    async with raw_client(town.daemon) as client:
        for frame in frames:
            await client.stream.send_all(frame.serialize(mask=True))
        return (await client.is_closed())[0]


async def test_a_text_message_closes_with_1003(neighbourhood: Town) -> None:
    assert await closed_after(neighbourhood, Frame(TEXT, b'{"op": "hello"}')) == 1003


async def test_text_that_is_no_utf_8_closes(neighbourhood: Town) -> None:
    assert await closed_after(neighbourhood, Frame(TEXT, b"\xff\xfe\xfd")) in {1003, 1007}


async def test_utf_8_broken_inside_a_message_closes_as_malformed(neighbourhood: Town) -> None:
    broken = b"\x82\xa2op\xa5hell\xff\xa2id\x01"
    assert await closed_after(neighbourhood, Frame(BINARY, broken)) == CloseCode.MALFORMED


async def test_bytes_that_are_no_messagepack_close_as_malformed(neighbourhood: Town) -> None:
    for payload in (b"", b"\xc1", b"\x91\x01", HELLO[:-1], HELLO + b"\0", b"\xde\xff\xff", b"\x81" * 2000):
        assert await closed_after(neighbourhood, Frame(BINARY, payload)) == CloseCode.MALFORMED, payload


async def test_an_oversized_message_closes_with_1009(neighbourhood: Town) -> None:
    assert await closed_after(neighbourhood, Frame(BINARY, bytes(MESSAGE_BYTES + 1))) == 1009


async def test_an_oversized_message_in_fragments_closes_with_1009(neighbourhood: Town) -> None:
    half = bytes(MESSAGE_BYTES // 2)
    frames = [Frame(BINARY, half, fin=False), Frame(CONT, half, fin=False), Frame(CONT, half)]
    assert await closed_after(neighbourhood, *frames) == 1009


async def test_an_announced_length_beyond_all_bounds_closes_before_anything_comes(neighbourhood: Town) -> None:
    async with raw_client(neighbourhood.daemon) as client:
        await client.stream.send_all(b"\x82\xff" + (1 << 40).to_bytes(8, "big") + b"mask")
        assert (await client.is_closed())[0] == 1009


FORBIDDEN = (
    b"\x82\x01x",  # Not masked.
    b"\xf2\x81maskx",  # Reserved bits.
    b"\x83\x81maskx",  # An opcode that does not exist.
    b"\x80\x81maskx",  # A continuation of nothing.
    b"\x09\x80mask",  # A ping in fragments.
)


async def test_what_the_websocket_rules_forbid_closes_with_1002(neighbourhood: Town) -> None:
    for frame in FORBIDDEN:
        async with raw_client(neighbourhood.daemon) as client:
            await client.stream.send_all(frame)
            assert (await client.is_closed())[0] == 1002, frame


async def test_a_message_in_many_fragments_with_pings_between_is_one_message(neighbourhood: Town) -> None:
    async with raw_client(neighbourhood.daemon) as client:
        await client.sends(HELLO[:1], fin=False)
        for byte in HELLO[1:-1]:
            await client.sends(b"are you there?", PING)
            await client.sends(bytes([byte]), CONT, fin=False)
        await client.sends(HELLO[-1:], CONT)
        with trio.fail_after(PATIENCE_S):
            while not client.replies:
                assert await client.reads()
        assert client.replies[0]["version"] == 1


async def test_half_a_frame_and_then_nothing_is_no_trouble(neighbourhood: Town) -> None:
    frame = Frame(BINARY, HELLO).serialize(mask=True)
    for part in (frame[:1], frame[:5], frame[:-1]):
        async with raw_client(neighbourhood.daemon) as client:
            await client.stream.send_all(part)


# What is a message, and makes no sense.


async def refused_as(client: RawClient, message: object) -> str:
    client.replies.clear()
    await client.sends(msgpack.packb(message))
    with trio.fail_after(PATIENCE_S):
        while not client.replies:
            assert await client.reads()
    error = client.replies.pop()["error"]
    assert isinstance(error, dict)
    return str(error["code"])


async def test_requests_that_make_no_sense_are_refused_one_by_one(neighbourhood: Town) -> None:
    [stranger] = await neighbourhood.settle("mallory")
    await stranger.goes_offline()
    async with raw_client(neighbourhood.daemon) as client:
        assert await refused_as(client, {"op": "devices", "id": 1}) == "hello_first"
        await client.signs_in(stranger.session.account)
        assert await refused_as(client, {"op": "fly", "id": 1}) == "unknown_op"
        assert await refused_as(client, {"id": 1}) == "unknown_op"
        assert await refused_as(client, {"op": 5, "id": 1}) == "unknown_op"
        assert await refused_as(client, {"op": "send", "id": 1}) == "bad_request"
        assert await refused_as(client, {"op": "send", "id": 1, "cid": b"short", "body": b"x"}) == "bad_request"
        assert await refused_as(client, {"op": "history", "id": 1, "topic": 17}) == "bad_request"
        assert await refused_as(client, {"op": "history", "id": 1, "topic": "a" * 16}) == "not_found"
        assert await refused_as(client, {"op": "sync", "id": 1, "heads": {}, "marks": 1 << 63}) == "bad_request"
        assert await refused_as(client, {"op": "login", "id": 1, "handle": "x", "password": "y"}) == "already_signed_in"


async def test_a_message_without_a_usable_id_cannot_be_answered(neighbourhood: Town) -> None:
    unusable: tuple[object, ...] = (None, "1", -1, 1.5, 1 << 53, b"1", [], {})
    for number in unusable:
        message = msgpack.packb({"op": "hello", "id": number, "versions": [1]})
        assert await closed_after(neighbourhood, Frame(BINARY, message)) == CloseCode.MALFORMED, number
