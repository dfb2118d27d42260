"""A WebSocket client that costs next to nothing, so that what is measured is the server.

It blocks while it is set up and is polled afterwards. It trusts the server: no checks of the handshake, and no masking
to speak of (the key is zero, which RFC 6455 allows).
"""

import os
import socket
import time
from base64 import b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import msgpack

from protocol.frames import SUBPROTOCOL
from protocol.ids import new_cid


class ClosedError(ConnectionError):
    """The server closed the connection: with `code` and `reason` (RFC 6455 §5.5.1; 1005: it gave none)."""

    def __init__(self, payload: bytes) -> None:
        self.code = int.from_bytes(payload[:2], "big") or 1005
        self.reason = payload[2:].decode()
        super().__init__(f"closed: {self.code} {self.reason}")


class Frames:
    """Cuts what a server sends into the payloads of its data frames, wherever the stream was split."""

    def __init__(self, received: bytes = b"") -> None:
        self._received = bytearray(received)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take what was received and yield the payloads that are complete with it.

        Raises:
            ClosedError: The server closed the connection.
        """
        self._received += data
        received, at = self._received, 0
        try:
            while len(received) - at >= 2:
                length, begin = received[at + 1], at + 2
                if length == 126:
                    length, begin = int.from_bytes(received[at + 2 : at + 4], "big"), at + 4
                elif length == 127:
                    length, begin = int.from_bytes(received[at + 2 : at + 10], "big"), at + 10
                if len(received) < begin + length:
                    break
                opcode = received[at] & 0x0F
                at = begin + length
                if opcode <= 2:
                    yield bytes(received[begin:at])
                elif opcode == 8:
                    raise ClosedError(bytes(received[begin:at]))
        finally:
            del received[:at]


class Wire:
    """One connection. Frames are sent and received whole."""

    def __init__(self, url: str, *, subprotocol: str | None = SUBPROTOCOL) -> None:
        where = urlsplit(url)
        self.socket = socket.create_connection((where.hostname, where.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._last_id = 0
        self._asked = ""
        key = b64encode(os.urandom(16)).decode()
        lines = [
            "GET / HTTP/1.1",
            f"Host: {where.netloc}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
        ]
        if subprotocol:
            lines.append(f"Sec-WebSocket-Protocol: {subprotocol}")
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._received()
        head, _, rest = received.partition(b"\r\n\r\n")
        if b" 101 " not in head.splitlines()[0]:
            raise ConnectionError(head.splitlines()[0].decode())
        self.frames = Frames(rest)

    def fileno(self) -> int:
        """Return the socket's descriptor, for a selector."""
        return self.socket.fileno()

    def send(self, payload: bytes) -> None:
        """Send one binary message."""
        self.socket.sendall(masked(payload))

    def poll(self) -> Iterator[bytes]:
        """Receive once what is there and yield the payloads that are complete."""
        yield from self.frames.feed(self._received())

    def request(self, op: str, **fields: Any) -> dict[str, Any]:
        """Ask and wait for the reply; pushes before it are dropped."""
        self.ask(op, **fields)
        return self.reply()

    def ask(self, op: str, **fields: Any) -> None:
        """Ask, and wait for nothing."""
        self._last_id += 1
        self._asked = op
        self.send(msgpack.packb({"op": op, "id": self._last_id, **fields}))

    def reply(self) -> dict[str, Any]:
        """Wait for the reply to what was asked last; what comes before it is dropped.

        Raises:
            ConnectionError: It was refused.
        """
        received = b""  # There may be something already.
        while True:
            for payload in self.frames.feed(received):
                message: dict[str, Any] = msgpack.unpackb(payload)
                if message.get("re") == self._last_id:
                    if "error" in message:
                        raise ConnectionError(f"{self._asked}: {message['error']}")
                    return message
            received = self._received()

    def close(self) -> None:
        """Hang up."""
        self.socket.close()

    def _received(self) -> bytes:
        data = self.socket.recv(1 << 18)
        if not data:
            raise ConnectionError("the server hung up")
        return data


def masked(payload: bytes) -> bytes:
    """Return `payload` as one masked binary frame (RFC 6455 §5.2); its key is zero, so masking changes nothing."""
    length = len(payload)
    if length < 126:
        head = bytes((0x82, 0x80 | length))
    elif length < 1 << 16:
        head = bytes((0x82, 0xFE)) + length.to_bytes(2, "big")
    else:
        head = bytes((0x82, 0xFF)) + length.to_bytes(8, "big")
    return head + b"\0\0\0\0" + payload


def now_cid() -> bytes:
    """Return a new cid of now."""
    return new_cid(time.time_ns() // 10**6)
