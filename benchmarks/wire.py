"""A WebSocket client that costs next to nothing, so that what is measured is the server.

It blocks while it is set up and is polled afterwards. It trusts the server: no checks of the handshake, and no masking
to speak of (the key is zero, which RFC 6455 allows).
"""

import os
import socket
from base64 import b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import msgpack

from protocol.frames import SUBPROTOCOL


class Wire:
    """One connection. Frames are sent and received whole."""

    def __init__(self, url: str, *, subprotocol: str | None = SUBPROTOCOL) -> None:
        where = urlsplit(url)
        self.socket = socket.create_connection((where.hostname, where.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = bytearray()
        self._last_id = 0
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
        while b"\r\n\r\n" not in self._received:
            self._more()
        head, _, rest = bytes(self._received).partition(b"\r\n\r\n")
        if b" 101 " not in head.splitlines()[0]:
            raise ConnectionError(head.splitlines()[0].decode())
        self._received = bytearray(rest)

    def fileno(self) -> int:
        """Return the socket's descriptor, for a selector."""
        return self.socket.fileno()

    def send(self, payload: bytes) -> None:
        """Send one binary message."""
        self.socket.sendall(masked(payload))

    def frames(self) -> Iterator[bytes]:
        """Yield the payloads of the data frames received so far."""
        received, at = self._received, 0
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
                raise ConnectionError(f"closed: {bytes(received[begin:at])!r}")
        del received[:at]

    def poll(self) -> Iterator[bytes]:
        """Receive once what is there and yield the payloads that are complete."""
        self._more()
        yield from self.frames()

    def request(self, op: str, **fields: Any) -> dict[str, Any]:
        """Ask and wait for the reply; pushes before it are dropped."""
        self._last_id += 1
        self.send(msgpack.packb({"op": op, "id": self._last_id, **fields}))
        while True:
            for payload in list(self.frames()):
                message: dict[str, Any] = msgpack.unpackb(payload)
                if message.get("re") == self._last_id:
                    if "error" in message:
                        raise ConnectionError(f"{op}: {message['error']}")
                    return message
            self._more()

    def close(self) -> None:
        """Hang up."""
        self.socket.close()

    def _more(self) -> None:
        data = self.socket.recv(1 << 18)
        if not data:
            raise ConnectionError("the server hung up")
        self._received += data


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
