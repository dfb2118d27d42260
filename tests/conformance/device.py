"""One device as docs/PROTOCOL.md describes it: requests, pushes, the client's rule, sync. Nothing of hutong's code."""

import os
import time
from collections.abc import Callable, Iterable
from typing import Any

import msgpack

from tests.conformance import digests
from tests.conformance.rfc6455 import WebSocket

PASSWORD = "correct horse battery"
SIDES = ("private", "public")
Map = dict[str, Any]


class RefusedError(Exception):
    """The server refused a request; `error` is what it said."""

    def __init__(self, error: Map) -> None:
        super().__init__(f"{error['code']}: {error['message']}")
        self.code, self.error = error["code"], error


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


def signature(agreement: Map) -> Map:
    """Return the signature to what was shown, each line acknowledged."""
    assert digests.of_agreement(agreement) == agreement["digest"]
    return {"digest": agreement["digest"], "lines": [line["code"] for line in agreement["lines"]]}


def side_of(topic: str) -> str:
    """Return the side of a topic, which its id says."""
    return "public" if topic.startswith("0") else "private"


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
        self.token, self.person = "", ""
        self.epochs = dict.fromkeys(SIDES, "")
        self.marks = dict.fromkeys(SIDES, 0)
        self.topics: dict[str, Topic] = {}
        self.followed: dict[str, Map] = {}
        self.follows_mark: int | None = None
        self.pushes: list[Map] = []
        self.deaf_to: set[int] = set()  # Entries to lose, as a bad line would.
        self.line: WebSocket
        self._last_id = 0
        self._replies: dict[int, Map] = {}  # Not looked at yet: a push may make us ask for more first.

    def connect(self) -> Map:
        self.line = WebSocket(self.url)
        hello = self.ask("hello", versions=[1], client="conformance")
        for side, epoch in hello["epochs"].items():
            if epoch != self.epochs[side]:
                self._forget(side)
                self.epochs[side] = epoch
        return hello

    def sign_in(self, op: str, handle: str, password: str = PASSWORD) -> "Device":
        self.connect()
        who = {"handle": handle, "password": password, "device": "script"}
        signed = self.ask(op, **who)
        if signed.get("needs") == ["agreement"]:
            signed = self.ask(op, **who, signature=signature(signed["agreement"]))
        self.token, self.person = signed["token"], signed["person"]
        self.sync()
        self.sync_public()
        return self

    def resume(self) -> None:
        self.connect()
        known = {"epoch": self.epochs["private"], "marks": self.marks["private"], "heads": self.heads("private")}
        signed = self.ask("resume", token=self.token, **known)
        if signed.get("resync"):
            self._forget("private")
            self.sync()
        else:
            self._take_in(signed["sync"], "private")
            if signed["sync"].get("more"):
                self.sync()
        self.sync_public()

    def sync(self, side: str = "private", heads: Iterable[str] | None = None) -> None:
        more = True
        while more:
            wanted = self.heads(side) if heads is None else {topic: self.topics[topic].have for topic in heads}
            reply = self.ask("sync", side=side, heads=wanted, marks=self.marks[side], epoch=self.epochs[side])
            self._take_in(reply, side)
            more = reply.get("more", False)

    def sync_public(self) -> None:
        said = self.ask("follows", mark=self.follows_mark)
        if "follows" in said:
            for account in self.followed.keys() - {follow["topic"] for follow in said["follows"]}:
                self._unfollowed(account, said["mark"])
            self.followed = {follow["topic"]: follow for follow in said["follows"]}
        self.follows_mark = said["mark"]
        self.sync("public")

    def heads(self, side: str) -> dict[str, int]:
        for account in self.followed if side == "public" else ():
            self.topics.setdefault(account, Topic())
        return {
            name: topic.have if name in self.followed or topic.summary["standing"] == "member" else 0
            for name, topic in self.topics.items()
            if side_of(name) == side
        }

    def follow(self, account: str, **how: Any) -> Map:
        reply = self.ask("follow", topic=account, **how)
        self._followed(reply)
        return reply

    def unfollow(self, account: str) -> None:
        self._unfollowed(account, self.ask("unfollow", topic=account)["mark"])

    def ask(self, op: str, **fields: Any) -> Map:
        """Send a request and return its reply; take in the pushes that come before it."""
        return self.answer(self.begin(op, **fields))

    def begin(self, op: str, **fields: Any) -> int:
        self._last_id += 1
        self.line.send(msgpack.packb({"op": op, "id": self._last_id, **fields}))
        return self._last_id

    def answer(self, request: int) -> Map:
        while request not in self._replies:
            self._next()
        reply = self._replies.pop(request)
        if "error" in reply:
            raise RefusedError(reply["error"])
        return reply

    def write(self, op: str, **fields: Any) -> Map:
        """Make a writing request, and repeat it with its cid as long as the server says that this may help."""
        return self.patiently(op, **{"cid": new_cid(), **fields})

    def patiently(self, op: str, **fields: Any) -> Map:
        """Ask again as long as the server says that this may help."""
        while True:
            try:
                return self.ask(op, **fields)
            except RefusedError as refusal:
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

    def _next(self) -> None:
        message: Map = msgpack.unpackb(self.line.receive())
        if "ev" in message:
            self._pushed(message)
        else:
            self._replies[message["re"]] = message

    def _pushed(self, push: Map) -> None:
        self.pushes.append(push)
        if push["ev"] == "topic":
            self._put(push["summary"])
        elif push["ev"] == "gone":
            self.topics.pop(push["topic"], None)
        elif push["ev"] == "follow":
            self._followed(push)
        elif push["ev"] == "unfollow":
            self._unfollowed(push["topic"], push["mark"])
        elif push["ev"] == "entry":
            entry = push["entry"]
            topic = self.topics.get(entry["topic"])
            if topic is None or entry["seq"] <= topic.have or entry["seq"] in self.deaf_to:
                return
            topic.held[entry["seq"]] = entry
            topic.drain()
            if topic.held:
                self.sync(side_of(entry["topic"]), [entry["topic"]])

    def _put(self, summary: Map) -> None:
        topic = self.topics.setdefault(summary["topic"], Topic())
        topic.summary = summary
        if summary["standing"] == "member":
            topic.have = max(topic.have, summary["start"] - 1)
            topic.entries = {seq: entry for seq, entry in topic.entries.items() if seq >= summary["start"]}

    def _followed(self, said: Map) -> None:
        account = said["follow"]["topic"]
        if account not in self.topics:
            self.topics[account] = Topic()
            self.topics[account].have = said["head"]
        self.followed[account], self.follows_mark = said["follow"], said["mark"]

    def _unfollowed(self, account: str, mark: int) -> None:
        self.followed.pop(account, None)
        self.follows_mark = mark
        if account in self.topics and not self.topics[account].summary:  # Else one runs it.
            del self.topics[account]

    def _forget(self, side: str) -> None:
        self.topics = {name: topic for name, topic in self.topics.items() if side_of(name) != side}
        self.marks[side] = 0
        if side == "private":
            self.follows_mark = None

    def _take_in(self, sync: Map, side: str) -> None:
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
        self.marks[side] = sync["marks"]
