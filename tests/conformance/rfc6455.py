"""RFC 6455 from the client's end, as far as hutong needs it. Standard library only."""

import base64
import hashlib
import os
import socket
import struct
from urllib.parse import urlsplit

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # §1.3.
TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
PATIENCE_S = 15.0


class ClosedError(Exception):
    """The connection is at its end; `code` is the server's close code, 1006 without one."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(f"closed with {code} {reason}")
        self.code = code


class WebSocket:
    """One connection, open or refused: `accepted` says which."""

    def __init__(self, url: str, *, path: str = "/", headers: str = "Sec-WebSocket-Protocol: hutong.v1\r\n") -> None:
        parts = urlsplit(url)
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE_S)
        self._unread = b""
        key = base64.b64encode(os.urandom(16))
        head = (
            f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key.decode()}\r\nSec-WebSocket-Version: 13\r\n{headers}\r\n"
        )
        self.socket.sendall(head.encode())
        while b"\r\n\r\n" not in self._unread:
            self._read()
        answer, _, self._unread = self._unread.partition(b"\r\n\r\n")
        self.status, *lines = answer.decode().split("\r\n")
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        accept = base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()
        self.accepted = " 101 " in self.status and self.headers.get("sec-websocket-accept") == accept

    def send(self, payload: bytes, opcode: int = BINARY, *, fin: bool = True, masked: bool = True) -> None:
        self.socket.sendall(frame(payload, opcode, fin=fin, masked=masked))

    def receive(self, wanted: int = BINARY) -> bytes:
        """Return the payload of the next frame with the opcode `wanted`; answer pings on the way."""
        while True:
            first, second = self._take(2)
            length = second & 0x7F
            if length > 125:
                length = int.from_bytes(self._take(2 if length == 126 else 8), "big")
            payload = self._take(length)
            opcode = first & 0x0F
            if opcode == CLOSE:
                code = int.from_bytes(payload[:2], "big") if payload else 1005
                self.send(payload[:2], CLOSE)
                self.socket.close()
                raise ClosedError(code, payload[2:].decode())
            if opcode == PING:
                self.send(payload, PONG)
            elif opcode == wanted:
                assert first & 0x80, "the server does not fragment"
                assert not second & 0x80, "the server does not mask"
                return payload

    def drop(self) -> None:
        """Cut the line without a word."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def _take(self, count: int) -> bytes:
        while len(self._unread) < count:
            self._read()
        taken, self._unread = self._unread[:count], self._unread[count:]
        return taken

    def _read(self) -> None:
        try:
            data = self.socket.recv(65536)
        except ConnectionError:
            data = b""
        if not data:
            raise ClosedError(1006)
        self._unread += data


def frame(payload: bytes, opcode: int = BINARY, *, fin: bool = True, masked: bool = True) -> bytes:
    """Return one frame (§5.2)."""
    length, bit = len(payload), 0x80 if masked else 0
    head = bytes([fin << 7 | opcode])
    if length < 126:
        head += bytes([bit | length])
    elif length < 1 << 16:
        head += bytes([bit | 126]) + length.to_bytes(2, "big")
    else:
        head += bytes([bit | 127]) + length.to_bytes(8, "big")
    if not masked:
        return head + payload
    key = os.urandom(4)
    return head + key + bytes(byte ^ key[index % 4] for index, byte in enumerate(payload))
