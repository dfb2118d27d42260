"""One connection: typed replies, pushes, and how it ends."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import trio
import trio.testing
import trustme
from websockets.exceptions import ConnectionClosed
from websockets.trio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from client.connection import open_connection
from client.errors import ConnectionLostError, RefusedError, UnreachableError
from protocol import codec
from protocol.errors import ErrorCode
from protocol.frames import SUBPROTOCOL, Devices, Done, People, PeopleReply, Person, Typing, TypingPush
from protocol.ids import PersonId, TopicId

Talk = Callable[[ServerConnection], Awaitable[None]]
PUSH = TypingPush(topic=TopicId("t" * 16), person=PersonId("p" * 16))


@asynccontextmanager
async def server(talk: Talk, *, tls: ssl.SSLContext | None = None, speaks: str = SUBPROTOCOL) -> AsyncIterator[str]:
    async def handler(line: ServerConnection) -> None:
        try:
            await talk(line)
            await line.wait_closed()
        except ConnectionClosed:
            pass

    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    scheme = "ws" if tls is None else "wss"
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            await nursery.start(
                partial(
                    serve, handler, listeners=listeners, ssl=tls, subprotocols=[Subprotocol(speaks)], compression=None
                )
            )
            yield f"{scheme}://127.0.0.1:{listeners[0].socket.getsockname()[1]}"
            nursery.cancel_scope.cancel()


async def read_id(line: ServerConnection) -> int:
    message = await line.recv()
    assert isinstance(message, bytes)
    return codec.decode_request(message).id


async def test_replies_find_their_requests_in_whatever_order() -> None:
    async def talk(line: ServerConnection) -> None:
        first, second = await read_id(line), await read_id(line)
        await line.send(codec.encode_reply(second, Done()))
        await line.send(codec.encode_reply(first, PeopleReply(people=(Person(person=PersonId("p"), handle="bob"),))))

    got: list[object] = []
    async with server(talk) as url, open_connection(url) as connection, trio.open_nursery() as nursery:

        async def ask() -> None:
            got.append((await connection.request(People(id=0, handles=("bob",)))).people[0].handle)

        nursery.start_soon(ask)
        await trio.testing.wait_all_tasks_blocked()
        got.append(await connection.request(Typing(id=0, topic=PUSH.topic)))
    assert got == [Done(), "bob"]


async def test_a_refusal_is_raised_with_all_it_says() -> None:
    async def talk(line: ServerConnection) -> None:
        await line.send(
            codec.encode_refusal(await read_id(line), ErrorCode.RATE_LIMITED, "slower", retry_after_ms=9, field="topic")
        )

    async with server(talk) as url, open_connection(url) as connection:
        with pytest.raises(RefusedError) as caught:
            await connection.request(Devices(id=0))
    error = caught.value
    assert (error.code, error.message, error.retry_after_ms, error.field) == ("rate_limited", "slower", 9, "topic")


async def test_a_reply_of_another_shape_is_refused() -> None:
    async def talk(line: ServerConnection) -> None:
        await line.send(codec.encode_reply(await read_id(line), Done()))

    async with server(talk) as url, open_connection(url) as connection:
        with pytest.raises(RefusedError, match="bad_reply"):
            await connection.request(Devices(id=0))


async def test_pushes_come_in_order_and_unknown_ones_are_passed_over() -> None:
    async def talk(line: ServerConnection) -> None:
        await line.send(b"\x81\xa2ev\xa6future")
        await line.send(b"\x82\xa2re\x09\xa1x\x01")  # A reply that nobody waits for.
        await line.send(codec.encode_push(PUSH))

    async with server(talk) as url, open_connection(url) as connection:
        assert await connection.pushes.receive() == PUSH


@pytest.mark.parametrize(("code", "may"), [(4000, True), (4501, False), (1001, True)])
async def test_a_close_is_raised_where_a_reply_was_waited_for(code: int, may: bool) -> None:
    async def talk(line: ServerConnection) -> None:
        await read_id(line)
        await line.aclose(code, "why")

    async with server(talk) as url, open_connection(url) as connection:
        with pytest.raises(ConnectionLostError) as caught:
            await connection.request(Devices(id=0))
        with pytest.raises(ConnectionLostError):
            await connection.request(Devices(id=0))
        with pytest.raises(trio.EndOfChannel):
            await connection.pushes.receive()
    assert (caught.value.close_code, caught.value.reason, caught.value.may_reconnect) == (code, "why", may)


@pytest.mark.parametrize("nonsense", ["text", b"\xc1", b"\x81\xa2ev\xa6typing"])
async def test_a_server_that_talks_nonsense_is_left(nonsense: str | bytes) -> None:
    async def talk(line: ServerConnection) -> None:
        await line.send(nonsense)

    async with server(talk) as url, open_connection(url) as connection:
        await connection.closed.wait()
    assert (connection.lost.close_code, connection.lost.may_reconnect) == (1002, False)


async def test_a_line_that_breaks_may_be_made_again() -> None:
    async def talk(line: ServerConnection) -> None:
        await trio.aclose_forcefully(line.stream)

    async with server(talk) as url, open_connection(url) as connection:
        await connection.closed.wait()
    assert (connection.lost.close_code, connection.lost.may_reconnect) == (1006, True)


async def test_a_server_of_another_protocol_is_unreachable() -> None:
    async def talk(line: ServerConnection) -> None:
        pass

    async with server(talk, speaks="chess.v1") as url:
        with pytest.raises(UnreachableError):
            async with open_connection(url):
                pass


@pytest.mark.parametrize("url", ["http://127.0.0.1", "ws://no.such.host.invalid", "ws://127.0.0.1:1"])
async def test_what_cannot_be_connected_to_is_unreachable(url: str) -> None:
    with pytest.raises(UnreachableError):
        async with open_connection(url):
            pass


async def test_whoever_hangs_up_in_the_handshake_is_unreachable() -> None:
    async def hang_up(stream: trio.SocketStream) -> None:
        await stream.aclose()

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, hang_up, 0, host="127.0.0.1"))
        port = listeners[0].socket.getsockname()[1]
        with pytest.raises(UnreachableError):
            async with open_connection(f"ws://127.0.0.1:{port}"):
                pass
        nursery.cancel_scope.cancel()


async def test_over_tls_the_authority_must_be_known(tmp_path: Path) -> None:
    async def talk(line: ServerConnection) -> None:
        await line.send(codec.encode_push(PUSH))

    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    async with server(talk, tls=tls) as url:
        async with open_connection(url, ca=tmp_path / "ca.pem") as connection:
            assert await connection.pushes.receive() == PUSH
        with pytest.raises(UnreachableError, match="certificate"):
            async with open_connection(url):
                pass
