"""A fake clock and receiver, frames as clients write them, and a poller driven turn by turn."""

import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from websockets.frames import BINARY, CLOSE, Close, Frame, Opcode
from websockets.protocol import State
from websockets.client import ClientProtocol
from websockets.uri import parse_uri

from server.net.framing import binary_frame
from server.net.peer import Peer
from server.net.poller import Poller
from server.net.settings import NetSettings

REQUEST = (
    b"GET / HTTP/1.1\r\nHost: hutong\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: hutong.v1\r\n\r\n"
)
PATIENCE_S = 20.0


def masked(payload: bytes, opcode: Opcode = BINARY, *, fin: bool = True) -> bytes:
    """Return one frame as a client writes it."""
    return Frame(opcode, payload, fin).serialize(mask=True)


@dataclass
class FakeClock:
    now: float = 1000.0

    def monotonic(self) -> float:
        return self.now

    def wall_ms(self) -> int:
        return int(self.now * 1000)


@dataclass
class Recorder:
    """A receiver that remembers. `answer` is called with the peer and each message."""

    peer: Peer
    signed_in: bool = True
    answer: Callable[[Peer, bytes], None] | None = None
    messages: list[bytes] = field(default_factory=list)
    disconnections: int = 0

    def receive(self, message: bytes) -> None:
        assert not self.disconnections, "a message after the end"
        self.messages.append(message)
        if self.answer is not None:
            self.answer(self.peer, message)

    def disconnected(self) -> None:
        self.disconnections += 1


def echo(peer: Peer, message: bytes) -> None:
    peer.send(binary_frame(message))


class Client:
    """A WebSocket client that never waits; the station pumps it between turns."""

    def __init__(self, address: tuple[str, int], *, tls: ssl.SSLContext | None, subprotocol: str | None) -> None:
        self.socket = socket.create_connection(address)
        if tls is not None:
            raise NotImplementedError
