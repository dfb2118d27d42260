"""Clients below the client library: one with a window of requests and no cache, one that may break every rule."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count

import trio
from websockets.client import ClientProtocol
from websockets.frames import BINARY, Close, Frame, Opcode
from websockets.http11 import Response
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from client.account import Account, greet
from client.connection import Connection, open_connection
from client.errors import ClientError
from protocol.codec import Refusal, decode_from_server, decode_reply, encode_request
from protocol.frames import SUBPROTOCOL, Hello, Push, Reply, Request, Resume, Send
from protocol.ids import Cid, PersonId, TopicId, new_cid
from server.net.handshake import SILENT
from tests.support.daemon import PATIENCE_S, Daemon

Acked = dict[Cid, tuple[TopicId, int, bytes]]


class Pump:
    """Sends numbered messages as fast as it is let, a window of them at a time, and repeats what was not answered.

    `acked`: what it was told is durable. `lost`: how each of its connections ended.
    """

    def __init__(self, daemon: Daemon, account: Account, *, topic: TopicId, name: str, window: int = 8) -> None:
        self.acked: Acked = {}
        self.lost: list[tuple[int, str]] = []
        self.stopping = False
        self._daemon = daemon
        self._account = account
        self._topic = topic
        self._name = name
        self._window = window
        self._numbers = count(1)
        self._unanswered: dict[Cid, bytes] = {}
        self._news = trio.Event()

    async def run(self) -> None:
        """Send until `stopping` and everything is answered; connect again whenever the line breaks."""
        while not (self.stopping and not self._unanswered):
            try:
                async with open_connection(self._daemon.url) as connection:
                    await greet(connection)
                    await connection.request(Resume(id=0, token=self._account.token))
                    await self._converse(connection)
            except ClientError:
                await trio.sleep(0.01)  # The server may be down just now.

    async def once(self) -> None:
        """Send until the connection ends."""
        async with open_connection(self._daemon.url) as connection:
            await greet(connection)
            await connection.request(Resume(id=0, token=self._account.token))
            await self._converse(connection)

    async def has_acked(self, more: int) -> None:
        """Wait until `more` further messages are acked."""
        goal = len(self.acked) + more
        with trio.fail_after(PATIENCE_S):
            while len(self.acked) < goal:
                await self._news.wait()

    async def _converse(self, connection: Connection) -> None:
        again = list(self._unanswered)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._drop_pushes, connection)
            async with trio.open_nursery() as lanes:
                for _ in range(self._window):
                    lanes.start_soon(self._lane, connection, again)
            nursery.cancel_scope.cancel()
        if connection.closed.is_set():
            self.lost.append((connection.lost.close_code, connection.lost.reason))

    async def _lane(self, connection: Connection, again: list[Cid]) -> None:
        while again or not (self.stopping or connection.closed.is_set()):
            if again:
                cid = again.pop(0)
            else:
                cid = new_cid(1_700_000_000_000)
                self._unanswered[cid] = f"{self._name} {next(self._numbers)}".encode()
            body = self._unanswered[cid]
            try:
                done = await connection.request(Send(id=0, cid=cid, body=body, topic=self._topic))
            except ClientError:
                return
            self.acked[cid] = (done.topic, done.seq, body)
            del self._unanswered[cid]
            self._news.set()
            self._news = trio.Event()

    async def _drop_pushes(self, connection: Connection) -> None:
        async for _ in connection.pushes:
            pass


class RawClient:
    """A WebSocket that does what no library would. It reads only when told to."""

    def __init__(self, stream: trio.SocketStream, url: str, subprotocol: str) -> None:
        self.stream = stream
        self.pushes: list[Push] = []
        self.replies: list[dict[object, object]] = []
        self._protocol = ClientProtocol(
            parse_uri(url), subprotocols=[Subprotocol(subprotocol)], max_size=None, logger=SILENT
        )
        self._ids = count(1)

    async def shake_hands(self) -> Response:
        """Do the opening handshake and return the answer."""
        self._protocol.send_request(self._protocol.connect())
        await self.flush()
        while True:
            for event in await self._events():
                assert isinstance(event, Response)
                return event

    async def sends(self, payload: bytes, opcode: Opcode = BINARY, *, fin: bool = True) -> None:
        """Write one frame."""
        await self.stream.send_all(Frame(opcode, payload, fin).serialize(mask=True))

    async def says(self, request: Request[Reply]) -> int:
        """Send `request` under a fresh id, without waiting for anything; return the id."""
        number = next(self._ids)
        fields = type(request)(**{name: getattr(request, name) for name in request.__struct_fields__} | {"id": number})
        await self.sends(encode_request(fields))
        return number

    async def asks(self, request: Request[Reply]) -> Reply | Refusal:
        """Send `request` and return what it is answered."""
        number = await self.says(request)
        while True:
            for fields in self.replies:
                if fields["re"] == number:
                    self.replies.remove(fields)
                    return decode_reply(fields, request)
            assert await self.reads(), f"closed: {self._protocol.close_code} {self._protocol.close_reason}"

    async def signs_in(self, account: Account) -> PersonId:
        """Say hello and resume the session of `account`; nothing is synced."""
        await self.asks(Hello(id=0, versions=(1,)))
        signed = await self.asks(Resume(id=0, token=account.token))
        assert not isinstance(signed, Refusal), signed
        return account.person

    async def reads(self) -> bool:
        """Take in some of what the server says; False: it has said its last."""
        for event in await self._events():
            assert isinstance(event, Frame)
            if event.opcode is not BINARY:
                continue
            assert event.fin
            said = decode_from_server(bytes(event.data))
            if isinstance(said, Push):
                self.pushes.append(said)
            else:
                self.replies.append(said)
        return not self._protocol.close_expected()

    async def is_closed(self) -> tuple[int, str]:
        """Read until the server closes; return the close code and its reason."""
        with trio.fail_after(PATIENCE_S):
            while self._protocol.close_rcvd is None:
                await self.reads()
        close: Close = self._protocol.close_rcvd
        return close.code, close.reason

    async def flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                await self.stream.send_all(data)

    async def _events(self) -> list[object]:
        data = await self.stream.receive_some(1 << 16)
        if data:
            self._protocol.receive_data(data)
        else:
            self._protocol.receive_eof()
            assert self._protocol.close_rcvd is not None, "the server hung up without a word"
        events: list[object] = list(self._protocol.events_received())
        with suppress(trio.BrokenResourceError):
            await self.flush()
        return events


@asynccontextmanager
async def raw_client(
    daemon: Daemon, *, subprotocol: str = SUBPROTOCOL, receive_buffer: int | None = None
) -> AsyncIterator[RawClient]:
    """Open one, handshake done, for the length of the block; it hangs up without a goodbye."""
    async with await raw_stream(daemon, receive_buffer=receive_buffer) as stream:
        client = RawClient(stream, daemon.url, subprotocol)
        with trio.fail_after(PATIENCE_S):
            response = await client.shake_hands()
        assert response.status_code == 101, response
        yield client


async def raw_stream(daemon: Daemon, *, receive_buffer: int | None = None) -> trio.SocketStream:
    """Return a TCP connection to `daemon`, on which nothing is said yet."""
    connection = trio.socket.socket()
    if receive_buffer is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    try:
        await connection.connect(("127.0.0.1", daemon.port))
    except OSError:
        connection.close()
        raise
    return trio.SocketStream(connection)
