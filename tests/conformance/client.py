"""A client written from docs/PROTOCOL.md alone: nothing of hutong's own code is used here.

    python client.py ws://127.0.0.1:8440

One line a check; exit code 0 when all hold. The server needs no configuration, and keeps what is done here.
"""

import base64
import hashlib
import os
import secrets
import socket
import struct
import sys
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import msgpack

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 §1.3.
TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
PATIENCE_S = 15.0
PASSWORD = "correct horse battery"
Map = dict[str, Any]


class Closed(Exception):
    """The connection is at its end; `code` is the server's close code, 1006 without one."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(f"closed with {code} {reason}")
        self.code = code


class Refused(Exception):
    """The server refused a request; `error` is what it said."""

    def __init__(self, error: Map) -> None:
        super().__init__(f"{error['code']}: {error['message']}")
        self.code, self.error = error["code"], error


class WebSocket:
    """RFC 6455 from the client's end, as far as hutong needs it."""

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
                raise Closed(code, payload[2:].decode())
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
            raise Closed(1006)
        self._unread += data


def frame(payload: bytes, opcode: int = BINARY, *, fin: bool = True, masked: bool = True) -> bytes:
    """Return one frame (RFC 6455 §5.2)."""
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


def new_cid() -> bytes:
    """Return a UUIDv7 (RFC 9562 §5.7)."""
    value = bytearray(int(time.time() * 1000).to_bytes(6, "big") + os.urandom(10))
    value[6] = value[6] & 0x0F | 0x70
    value[8] = value[8] & 0x3F | 0x80
    return bytes(value)


def text(said: str) -> bytes:
    """Return a private body."""
    packed: bytes = msgpack.packb({"text": said})
    return packed


class Topic:
    """A topic as one device has it, kept by the client's rule."""

    def __init__(self) -> None:
        self.summary: Map = {}
        self.have = 0
        self.entries: dict[int, Map] = {}
        self.gaps: list[tuple[int, int]] = []
        self.held: dict[int, Map] = {}

    def drain(self) -> None:
        self.held = {seq: entry for seq, entry in self.held.items() if seq > self.have}
        while self.have + 1 in self.held:
            self.have += 1
            self.entries[self.have] = self.held.pop(self.have)


class Device:
    """A device of one person. What it knows outlives its connections."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.epoch, self.marks, self.token, self.person = "", 0, "", ""
        self.topics: dict[str, Topic] = {}
        self.pushes: list[Map] = []
        self.deaf_to: set[int] = set()  # Entries to lose, as a bad line would.
        self.line: WebSocket
        self._last_id = 0

    def connect(self) -> Map:
        self.line = WebSocket(self.url)
        hello = self.ask("hello", versions=[1], client="conformance")
        if hello["epochs"]["private"] != self.epoch:
            self.topics, self.marks, self.epoch = {}, 0, hello["epochs"]["private"]
        return hello

    def sign_in(self, op: str, handle: str, password: str = PASSWORD) -> "Device":
        self.connect()
        signed = self.ask(op, handle=handle, password=password, device="script")
        self.token, self.person = signed["token"], signed["person"]
        self.sync()
        return self

    def resume(self) -> None:
        self.connect()
        signed = self.ask("resume", token=self.token, epoch=self.epoch, marks=self.marks, heads=self.heads())
        self._take_in(signed["sync"])
        if signed["sync"].get("more"):
            self.sync()

    def sync(self, heads: dict[str, int] | None = None) -> None:
        more = True
        while more:
            wanted = self.heads() if heads is None else {topic: self.topics[topic].have for topic in heads}
            reply = self.ask("sync", heads=wanted, marks=self.marks, epoch=self.epoch)
            self._take_in(reply)
            more = reply.get("more", False)

    def heads(self) -> dict[str, int]:
        return {
            name: topic.have if topic.summary["standing"] == "member" else 0 for name, topic in self.topics.items()
        }

    def ask(self, op: str, **fields: Any) -> Map:
        """Send a request and return its reply; take in the pushes that come before it."""
        return self.answer(self.begin(op, **fields))

    def begin(self, op: str, **fields: Any) -> int:
        self._last_id += 1
        self.line.send(msgpack.packb({"op": op, "id": self._last_id, **fields}))
        return self._last_id

    def answer(self, request: int) -> Map:
        while True:
            message = self._next()
            if message.get("re") == request:
                if "error" in message:
                    raise Refused(message["error"])
                return message

    def write(self, op: str, **fields: Any) -> Map:
        """Make a writing request, and repeat it with its cid as long as the server says that this may help."""
        fields.setdefault("cid", new_cid())
        while True:
            try:
                return self.ask(op, **fields)
            except Refused as refusal:
                if "retry_after_ms" not in refusal.error:
                    raise
                time.sleep(refusal.error["retry_after_ms"] / 1000)

    def wait_for(self, ev: str, fits: Callable[[Map], bool] = lambda _: True) -> Map:
        """Return the first push that fits, of those that came or come, and forget it."""
        while True:
            for index, push in enumerate(self.pushes):
                if push["ev"] == ev and fits(push):
                    return self.pushes.pop(index)
            self._next()

    def wait_for_entry(self, topic: str, seq: int) -> Map:
        while topic not in self.topics or self.topics[topic].have < seq:
            self._next()
        return self.topics[topic].entries[seq]

    def fill(self, name: str) -> None:
        """Fetch what gaps left out."""
        topic = self.topics[name]
        while topic.gaps:
            first, last = topic.gaps.pop()
            page = self.ask("history", topic=name, after=first - 1, limit=7)["entries"]
            topic.entries.update((entry["seq"], entry) for entry in page if entry["seq"] <= last)
            if page[-1]["seq"] < last:
                topic.gaps.append((page[-1]["seq"] + 1, last))

    def _next(self) -> Map:
        message: Map = msgpack.unpackb(self.line.receive())
        if "ev" in message:
            self._pushed(message)
        return message

    def _pushed(self, push: Map) -> None:
        self.pushes.append(push)
        if push["ev"] == "topic":
            self._put(push["summary"])
        elif push["ev"] == "gone":
            self.topics.pop(push["topic"], None)
        elif push["ev"] == "entry":
            entry = push["entry"]
            topic = self.topics.get(entry["topic"])
            if topic is None or entry["seq"] <= topic.have or entry["seq"] in self.deaf_to:
                return
            topic.held[entry["seq"]] = entry
            topic.drain()
            if topic.held:
                self.sync({entry["topic"]: topic.have})

    def _put(self, summary: Map) -> None:
        topic = self.topics.setdefault(summary["topic"], Topic())
        topic.summary = summary
        if summary["standing"] == "member":
            topic.have = max(topic.have, summary["start"] - 1)
            topic.entries = {seq: entry for seq, entry in topic.entries.items() if seq >= summary["start"]}

    def _take_in(self, sync: Map) -> None:
        for summary in sync.get("topics", []):
            self._put(summary)
        for piece in sync.get("slices", []):
            topic = self.topics[piece["topic"]]
            gap = piece.get("gap")
            if gap and gap["last"] > topic.have:
                topic.gaps.append((max(gap["first"], topic.have + 1), gap["last"]))
                topic.have = gap["last"]
            for entry in piece["entries"]:
                if entry["seq"] > topic.have:
                    assert entry["seq"] == topic.have + 1, "a slice has no holes"
                    topic.entries[entry["seq"]] = entry
                    topic.have = entry["seq"]
            if piece["live"]:
                topic.have = max(topic.have, piece["head"])
            topic.drain()
        for name in sync.get("gone", []):
            self.topics.pop(name, None)
        self.marks = sync["marks"]
