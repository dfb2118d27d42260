"""One WebSocket connection that speaks hutong.v1: requests with their replies, and pushes. It never connects again.

    async with open_connection("ws://127.0.0.1:8440") as connection:
        hello = await connection.request(Hello(id=0, versions=(1,)))  # typed: HelloReply
        async for push in connection.pushes: ...

The pushes must be read: who stops reading them stops reading replies too, and the server will call it slow.
"""

import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec
import trio
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.trio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from client.errors import ClientError, ConnectionLostError, RefusedError, UnreachableError
from protocol import codec, limits
from protocol.errors import CodecError, ProtocolError, UnknownOperationError
from protocol.frames import SUBPROTOCOL, Push, Reply, Request

OPEN_SECONDS = 10.0
CLOSE_SECONDS = 2.0
SEND_SECONDS = 20.0  # A peer that takes nothing for so long is not there.
PUSHES_WAITING = 1024
BROKEN = 1006  # RFC 6455 §7.1.5: the line broke without a close frame.
PROTOCOL_ERROR = 1002

# websockets logs payloads at DEBUG; they are nobody's business, whatever the root logger says.
_log = logging.getLogger("hutong.websocket")
# Nor is the error it logs when a message comes while we close; what matters of any comes as an exception.
_log.setLevel(logging.CRITICAL)

R = TypeVar("R", bound=Reply)


class _Asked(Generic[R]):
    """A request in flight, and what came of it."""

    def __init__(self, request: Request[R]) -> None:
        self.request = request
        self.answered = trio.Event()
        self.outcome: R | codec.Refusal | ProtocolError | None = None

    def answer(self, fields: dict[Any, Any]) -> None:
        try:
            self.outcome = codec.decode_reply(fields, self.request)
        except ProtocolError as error:
            self.outcome = error
        self.answered.set()


class Connection:
    """An open connection. `lost` says how it ended, once `closed` is set."""

    def __init__(self, websocket: ClientConnection) -> None:
        self._websocket = websocket
        self._last_id = 0
        self._asked: dict[int, _Asked[Any]] = {}
        self._push_in, self.pushes = trio.open_memory_channel[Push](PUSHES_WAITING)
        self.closed = trio.Event()
        self.lost = ConnectionLostError(BROKEN, "")

    async def request(self, request: Request[R]) -> R:
        """Send `request`, whose `id` is replaced by one unused, and return the reply to it.

        Raises:
            RefusedError: The server said no.
            ConnectionLostError: The connection ended first; whether the request was executed is unknown.
        """
        self._last_id += 1
        asked = _Asked(msgspec.structs.replace(request, id=self._last_id))
        self._asked[self._last_id] = asked
        try:
            await self._send(codec.encode_request(asked.request))
            await asked.answered.wait()
        finally:
            del self._asked[asked.request.id]
        match asked.outcome:
            case None:
                raise self.lost
            case codec.Refusal() as refusal:
                raise RefusedError(
                    refusal.code, refusal.message, retry_after_ms=refusal.retry_after_ms, field=refusal.field
                )
            case ProtocolError() as error:
                raise RefusedError("bad_reply", f"the server's reply is not of hutong.v1: {error}")
            case reply:
                return reply

    async def aclose(self) -> None:
        """Say goodbye and close."""
        await self._websocket.aclose()

    async def _send(self, message: bytes) -> None:
        if self.closed.is_set():
            raise self.lost
        try:
            # Half a frame would spoil the stream, so a caller's cancellation waits for the whole of it.
            with trio.fail_after(SEND_SECONDS, shield=True):
                await self._websocket.send(message)
        except ConnectionClosed:
            await self.closed.wait()
            raise self.lost from None
        except trio.TooSlowError:
            await trio.aclose_forcefully(self._websocket.stream)
            await self.closed.wait()
            raise self.lost from None

    async def receive(self) -> None:
        """Take in what the server says until the connection ends. `run_connection` calls this, once."""
        try:
            while True:
                await self._take(await self._websocket.recv())
        except ConnectionClosed:
            code = self._websocket.close_code
            self.lost = ConnectionLostError(code or BROKEN, self._websocket.close_reason or "")
        except ProtocolError as error:
            self.lost = ConnectionLostError(PROTOCOL_ERROR, f"the server said what this client does not know: {error}")
        except trio.BrokenResourceError:  # Nobody reads pushes any more: the session is over.
            pass
        finally:
            self.closed.set()
            self._push_in.close()
            for asked in self._asked.values():
                asked.answered.set()

    async def _take(self, message: str | bytes) -> None:
        if isinstance(message, str):
            raise CodecError("a text message")
        try:
            said = codec.decode_from_server(message)
        except UnknownOperationError:
            return  # A push of a later version.
        if isinstance(said, Push):
            await self._push_in.send(said)
        elif asked := self._asked.get(said.get("re", -1)):
            asked.answer(said)


@asynccontextmanager
async def open_connection(url: str, *, ca: Path | None = None) -> AsyncIterator[Connection]:
    """Open a connection for the length of the block, and close it with a goodbye when the block is done.

    Raises:
        UnreachableError: As `run_connection`. Errors of the client raised inside the block pass through unchanged.
    """
    failure: ClientError | None = None
    async with trio.open_nursery() as nursery:
        try:
            connection: Connection = await nursery.start(partial(run_connection, url, ca=ca))
            yield connection
            await connection.aclose()
        except ClientError as error:
            failure = error
        nursery.cancel_scope.cancel()
    if failure is not None:
        raise failure


async def run_connection(
    url: str,
    *,
    ca: Path | None = None,
    task_status: trio.TaskStatus[Connection] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Connect to `url` (ws:// or wss://), hand the Connection to `nursery.start`, and serve it until it ends.

    `ca`: a PEM file of the authorities to trust instead of the system's.

    Raises:
        UnreachableError: There is nobody, or nobody who speaks hutong.v1. Never after the start.
    """
    connection: Connection | None = None
    try:
        async with connect(
            url,
            ssl=_tls(url, ca),
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            compression=None,
            proxy=None,
            open_timeout=OPEN_SECONDS,
            close_timeout=CLOSE_SECONDS,
            max_size=4 * limits.SLICE_BYTES,
            user_agent_header="hutong",
            logger=_log,
        ) as websocket:
            if websocket.subprotocol != SUBPROTOCOL:
                raise UnreachableError(url, f"the server there does not speak {SUBPROTOCOL}")
            connection = Connection(websocket)
            task_status.started(connection)
            await connection.receive()
    except (OSError, InvalidHandshake, InvalidURI, ConnectionClosed, trio.BrokenResourceError, ValueError) as error:
        if connection is None:
            raise UnreachableError(url, _why(error)) from error


def _tls(url: str, ca: Path | None) -> ssl.SSLContext | None:
    return ssl.create_default_context(cafile=ca) if url.startswith("wss:") else None


def _why(error: BaseException) -> str:
    """Return the plainest words there are for why connecting failed."""
    match error:
        case BaseExceptionGroup(exceptions=(first, *_)):
            return _why(first)
        # trio says which addresses it tried, or that TLS broke; the cause says why.
        case OSError(__cause__=BaseException() as cause) | trio.BrokenResourceError(__cause__=BaseException() as cause):
            return _why(cause)
        case ConnectionRefusedError():
            return "nobody listens there"
        case TimeoutError():
            return "no answer in time"
        case _:
            return str(error) or type(error).__name__
