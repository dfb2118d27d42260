"""Somebody's device, as far as the server can tell: what it asks for when it signs in, and what it has of each log.

Bytes in, bytes out; no socket, no clock. It asks what our client asks (client.stay), in the same order, each after the
answer to the one before.
"""

import os
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any

import msgpack

from benchmarks.grown_store import Resident
from benchmarks.load.wire import Frames, masked
from protocol.entries import Side, side_of
from protocol.frames import SUBPROTOCOL
from protocol.ids import Seq, TopicId

_HEAD_END = b"\r\n\r\n"
_UPGRADE = "\r\n".join(
    (
        "GET / HTTP/1.1",
        "Host: localhost",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {b64encode(os.urandom(16)).decode()}",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Protocol: {SUBPROTOCOL}",
        "\r\n",
    )
).encode()
_Fields = dict[str, Any]


class Device:
    """One device, which was here before and has all there was then; of what is public, `followed`.

    `live`: signed in, and nothing is missing that it knows of. `taken`: entries that came; `lost`, `duplicated`: of
    those that should have come once. `said`: what was said here and acknowledged, by cid.
    """

    def __init__(self, resident: Resident, followed: dict[TopicId, Seq]) -> None:
        self._token = resident.token
        self.heads = {Side.PRIVATE: dict(resident.heads), Side.PUBLIC: dict(followed)}
        self._marks = {Side.PRIVATE: resident.marks, Side.PUBLIC: 0}
        self._epochs: dict[str, str] = {}
        self._follow_mark: int | None = None
        self.taken = self.lost = self.duplicated = 0
        self.said: dict[bytes, tuple[TopicId, Seq]] = {}
        self.connected()

    def connected(self) -> bytes:
        """A new connection is there; return what is to be sent."""
        self._frames, self._head = Frames(), b""
        self._last_id = 0
        self._asked: dict[int, bytes] = {}
        self._then: Callable[[_Fields], bytes] | None = None
        self.live = False
        return _UPGRADE

    def feed(self, data: bytes) -> bytes:
        """Take what was received; return what is to be sent.

        Raises:
            ConnectionError: The server closed the connection, or did not open it.
            RuntimeError: It refused something.
        """
        answer = b""
        if self._then is None:
            head, end, data = (self._head + data).partition(_HEAD_END)
            if not end:
                self._head = head
                return b""
            if b" 101 " not in head.partition(b"\r\n")[0]:
                raise ConnectionError(head.partition(b"\r\n")[0].decode())
            answer = self._ask(self._greeted, "hello", versions=[1])
        for payload in self._frames.feed(data):
            answer += self._take(msgpack.unpackb(payload))
        return answer

    def say(self, topic: TopicId, cid: bytes, body: bytes) -> bytes:
        """Return what says `body` in `topic`."""
        self._last_id += 1
        self._asked[self._last_id] = cid
        return _packed(op="send", id=self._last_id, cid=cid, topic=topic, body=body)

    def _ask(self, then: Callable[[_Fields], bytes], op: str, **fields: object) -> bytes:
        self._last_id += 1
        self._then = then
        return _packed(op=op, id=self._last_id, **fields)

    def _take(self, message: _Fields) -> bytes:
        if "entry" in message:
            self._entry(message["entry"])
        elif "error" in message:
            raise RuntimeError(f"refused: {message['error']}")
        elif (cid := self._asked.pop(message.get("re", 0), None)) is not None:
            self.said[cid] = (message["topic"], message["seq"])
        elif "re" in message and self._then is not None:
            return self._then(message)
        return b""

    # Signing in, a question after the other.

    def _greeted(self, hello: _Fields) -> bytes:
        known, self._epochs = self._epochs, hello["epochs"]
        side = Side.PRIVATE
        return self._ask(
            self._resumed,
            "resume",
            token=self._token,
            heads=self.heads[side],
            marks=self._marks[side],
            epoch=known.get(side),
        )

    def _resumed(self, signed: _Fields) -> bytes:
        if signed.get("resync"):
            raise RuntimeError("the server says that its log is another one")
        return self._synced(Side.PRIVATE, set(self.heads[Side.PRIVATE]), signed["sync"])

    def _synced(self, side: Side, asked: set[TopicId], reply: _Fields) -> bytes:
        self._marks[side] = reply["marks"]
        for piece in reply.get("slices", ()):
            if "gap" in piece:
                self._entry({"topic": piece["topic"], "seq": piece["gap"]["last"]})
            for entry in piece["entries"]:
                self._entry(entry)
            if piece["live"]:
                asked.discard(piece["topic"])
        if reply.get("more"):
            return self._sync(side, asked)
        if side is Side.PRIVATE:
            return self._ask(self._followed, "follows", mark=self._follow_mark)
        return self._ask(self._done, "contacts", mark=0)

    def _followed(self, reply: _Fields) -> bytes:
        self._follow_mark = reply["mark"]
        return self._sync(Side.PUBLIC, set(self.heads[Side.PUBLIC]))

    def _sync(self, side: Side, topics: set[TopicId]) -> bytes:
        return self._ask(
            lambda reply: self._synced(side, topics, reply),
            "sync",
            heads={topic: self.heads[side][topic] for topic in topics},
            marks=self._marks[side],
            epoch=self._epochs[side],
            side=side,
        )

    def _done(self, _: _Fields) -> bytes:
        self.live = True
        return b""

    def _entry(self, entry: _Fields) -> None:
        topic, seq = entry["topic"], entry["seq"]
        heads = self.heads[side_of(topic)]
        have = heads[topic]
        if seq <= have:
            self.duplicated += 1
        else:
            self.taken += 1
            self.lost += seq - have - 1
            heads[topic] = seq

    def behind(self, heads: Mapping[TopicId, Seq]) -> int:
        """Return how many entries have not come; `heads`: how far the logs go."""
        return sum(heads[topic] - have for mine in self.heads.values() for topic, have in mine.items())


def _packed(**fields: object) -> bytes:
    return masked(msgpack.packb({key: value for key, value in fields.items() if value is not None}))
