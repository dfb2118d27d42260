"""A fake clock and receiver, frames as clients write them, and a poller driven turn by turn over loopback sockets."""

import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from websockets.client import ClientProtocol
from websockets.frames import BINARY, Frame, Opcode
from websockets.protocol import State
from websockets.typing import Subprotocol
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


class FakeClock:
    def __init__(self) -> None:
        self.now = 1000.0
        self.step = 0.0  # What each look at it takes.

    def monotonic(self) -> float:
        self.now += self.step
        return self.now

    def wall_ms(self) -> int:
        return int(self.now * 1000)


Answer = Callable[[Peer, bytes], None]


def echo(peer: Peer, message: bytes) -> None:
    peer.send(binary_frame(message))


def keep(peer: Peer, message: bytes) -> None:
    """Say nothing to it."""


@dataclass
class Recorder:
    """A receiver that remembers, and answers as it is told."""

    peer: Peer
    answer: Answer = keep
    signed_in: bool = True
    messages: list[bytes] = field(default_factory=list)
    disconnections: int = 0

    def receive(self, message: bytes) -> None:
        assert not self.disconnections, "a message after the end"
        self.messages.append(message)
        self.answer(self.peer, message)

    def disconnected(self) -> None:
        self.disconnections += 1


class RawClient:
    """A socket, with TLS or without, that never waits; the station pumps it between turns."""

    def __init__(self, address: tuple[str, int], *, tls: ssl.SSLContext | None = None) -> None:
        self.socket = socket.create_connection(address)
        self.socket.setblocking(False)
        self.reads = True
        self.received = b""
        self.at_end = False
        self._outgoing = b""
        self._incoming, self._ciphertext = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls: ssl.SSLObject | None = None
        if tls is not None:
            self._tls = tls.wrap_bio(self._incoming, self._ciphertext, server_hostname="localhost")

    def write(self, data: bytes) -> None:
        self._outgoing += data

    def pump(self) -> None:
        self._read()
        self._write()

    def _read(self) -> None:
        if not self.reads or self.at_end:
            return
        try:
            data = self.socket.recv(1 << 16)
        except BlockingIOError:
            return
        except ConnectionResetError:
            data = b""
        self.at_end = not data
        if self._tls is not None:
            self._incoming.write(data)
            data = self._decrypt(self._tls)
        self.received += data

    def _decrypt(self, tls: ssl.SSLObject) -> bytes:
        plain = b""
        try:
            while chunk := tls.read(1 << 16):
                plain += chunk
        except ssl.SSLWantReadError:
            pass
        return plain

    def _write(self) -> None:
        if self._tls is not None:
            try:
                self._tls.do_handshake()
                if self._outgoing:
                    self._outgoing = self._outgoing[self._tls.write(self._outgoing) :]
            except ssl.SSLWantReadError:
                pass
            data = self._ciphertext.read()
            if data:
                self.socket.sendall(data)
        elif self._outgoing:
            try:
                self._outgoing = self._outgoing[self.socket.send(self._outgoing) :]
            except BlockingIOError:
                pass
            except OSError:
                self._outgoing = b""  # The server is gone.

    def close(self) -> None:
        self.socket.close()


class Client(RawClient):
    """A WebSocket client on such a socket."""

    def __init__(
        self, address: tuple[str, int], *, tls: ssl.SSLContext | None = None, subprotocol: str = "hutong.v1"
    ) -> None:
        super().__init__(address, tls=tls)
        self.protocol = ClientProtocol(
            parse_uri("ws://hutong/"), subprotocols=[Subprotocol(subprotocol)], max_size=None
        )
        self.protocol.send_request(self.protocol.connect())
        self.frames: list[Frame] = []

    @property
    def messages(self) -> list[bytes]:
        return [bytes(frame.data) for frame in self.frames if frame.opcode is BINARY]

    @property
    def opened(self) -> bool:
        return self.protocol.state is State.OPEN

    @property
    def close_code(self) -> int | None:
        """The code in the server's close frame, None as long as there is none."""
        return self.protocol.close_rcvd.code if self.protocol.close_rcvd else None

    def send(self, message: bytes) -> None:
        self.protocol.send_binary(message)

    def pump(self) -> None:
        super().pump()
        data, self.received = self.received, b""
        if data:
            self.protocol.receive_data(data)
        if self.at_end:
            self.protocol.receive_eof()
        for event in self.protocol.events_received():
            if isinstance(event, Frame):
                self.frames.append(event)
        self.write(b"".join(self.protocol.data_to_send()))


class Station:
    """A poller with recorders for sessions, a clock moved by hand, and clients."""

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        trusting: ssl.SSLContext | None = None,
        answer: Answer = keep,
        signed_in: bool = True,
        listener: socket.socket | None = None,
        **settings: Any,
    ) -> None:
        listener = listener or socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = listener.getsockname()
        self.clock = FakeClock()
        self.sessions: list[Recorder] = []
        self.fanouts: list[Callable[[], None]] = []
        self.seconds = 0
        self._trusting = trusting
        self._clients: list[RawClient] = []
        self._answer, self._signed_in = answer, signed_in
        self.poller = Poller(
            listeners=[listener],
            tls=tls,
            open_session=self._open_session,
            turn=self._fan_out,
            every_second=self._count_second,
            settings=NetSettings(**settings),
            clock=self.clock,
        )

    def _open_session(self, peer: Peer) -> Recorder:
        self.sessions.append(Recorder(peer, self._answer, self._signed_in))
        return self.sessions[-1]

    def _fan_out(self) -> bool:
        if self.fanouts:
            self.fanouts.pop(0)()
        return bool(self.fanouts)

    def _count_second(self) -> None:
        self.seconds += 1

    def raw(self) -> RawClient:
        self._clients.append(RawClient(self.address, tls=self._trusting))
        return self._clients[-1]

    def client(self, *, subprotocol: str = "hutong.v1") -> Client:
        client = Client(self.address, tls=self._trusting, subprotocol=subprotocol)
        self._clients.append(client)
        return client

    def connect(self) -> tuple[Client, Recorder]:
        """Return a client whose handshake is done, and its session."""
        client, known = self.client(), len(self.sessions)
        self.until(lambda: client.opened)
        assert len(self.sessions) == known + 1
        return client, self.sessions[-1]

    def pump(self) -> None:
        """One turn of the poller, and one of every client."""
        self.poller.tick()
        for client in self._clients:
            client.pump()

    def until(self, condition: Callable[[], object]) -> None:
        give_up = time.monotonic() + PATIENCE_S
        while not condition():
            self.pump()
            assert time.monotonic() < give_up, "it never came"

    def turns(self, count: int) -> None:
        for _ in range(count):
            self.pump()

    def wait(self, seconds: float) -> None:
        """Let time pass on the poller's clock, with its sweeps."""
        self.clock.now += seconds
        self.poller.sweep()
        self.pump()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self._clients:
            client.close()
        self.poller._abandon()
