"""A device that follows public accounts, by the rules of docs/PROTOCOL.md and nothing cleverer."""

from typing import Any

from protocol.codec import Refusal, decode_from_server, decode_reply
from protocol.entries import Entry, Side
from protocol.following import (
    FollowAccount,
    FollowPush,
    FollowReply,
    Follows,
    FollowsReply,
    Unfollow,
    UnfollowPush,
    UnfollowReply,
)
from protocol.frames import EntryPush, Hello, Push, Reply, Request, Resume, Sync, SyncReply
from protocol.ids import TopicId
from tests.support.adapters import payloads
from tests.support.inline import Caller, InlineServer


class Feed:
    """One device: its cache outlives its connections. `missing`: what a gap, or a beginning, left out."""

    def __init__(self, server: InlineServer, token: str) -> None:
        self.server, self.token = server, token
        self.line: Caller | None = None
        self.have: dict[TopicId, int] = {}
        self.entries: dict[TopicId, dict[int, Entry]] = {}
        self.missing: dict[TopicId, set[int]] = {}
        self.mark: int | None = None
        self.behind = True
        self._asked: dict[int, Request[Any]] = {}

    def say(self, shape: type[Request[Any]], **fields: Any) -> None:
        if self.line is not None:
            request = self.line.request(shape, **fields)
            self._asked[request.id] = request
            self.line.say(request)

    def connect(self) -> None:
        if self.line is None:
            self.line = Caller(self.server)
            self.say(Hello, versions=(1,))
            self.say(Resume, token=self.token)
            self.say(Follows, mark=self.mark)
            self.behind = True

    def hang_up(self) -> None:
        if self.line is not None:
            self.read()
            self.line.hang_up()
            self.line = None
            self._asked.clear()

    def sync(self) -> None:
        self.behind = False
        self.say(Sync, heads=dict(self.have), side=Side.PUBLIC)

    def read(self) -> None:
        """Take in what came, in its order."""
        if self.line is not None:
            frames, self.line.peer.frames = self.line.peer.frames, []
            for payload in payloads(b"".join(frames)):
                message = decode_from_server(payload)
                if isinstance(message, Push):
                    self._push(message)
                else:
                    request = self._asked.pop(message["re"])
                    self._reply(request, decode_reply(message, request))

    def _push(self, push: Push) -> None:
        match push:
            case FollowPush(follow=follow, head=head, mark=mark):
                self._begin(follow.topic, int(head), mark)
            case UnfollowPush(topic=topic, mark=mark) if mark > (self.mark or 0):
                self.mark = mark
                self._drop(topic)
            case EntryPush(entry=entry) if entry.topic in self.have:  # Else it was under way when we unfollowed.
                self._take(entry)

    def _reply(self, request: Request[Any], reply: Reply | Refusal) -> None:
        match request, reply:
            case FollowAccount(), FollowReply(follow=follow, head=head, mark=mark):
                self._begin(follow.topic, int(head), mark)
            case Unfollow(topic=topic), UnfollowReply(mark=mark) if mark > (self.mark or 0):
                self.mark = mark
                self._drop(topic)
            case _, FollowsReply(mark=mark, follows=tuple() as follows) if mark >= (self.mark or 0):
                self.mark = mark
                now = {follow.topic for follow in follows}
                for topic in self.have.keys() - now:
                    self._drop(topic)
                for topic in now - self.have.keys():
                    self.have[topic], self.entries[topic], self.missing[topic] = 0, {}, set()
                    self.behind = True
            case _, SyncReply():
                self._synced(reply)

    def _synced(self, reply: SyncReply) -> None:
        for topic in reply.gone:
            if topic in self.have:
                self._drop(topic)
                self.behind = True
        for piece in reply.slices:
            if piece.topic not in self.have:
                continue  # Unfollowed on this device, while it was read.
            before = piece.entries[0].seq - 1 if piece.entries else piece.head
            if piece.gap is not None and before > self.have[piece.topic]:
                self.missing[piece.topic] |= set(range(self.have[piece.topic] + 1, before + 1))
                self.have[piece.topic] = before
            for entry in piece.entries:
                self._take(entry)
        self.behind |= reply.more

    def _begin(self, topic: TopicId, head: int, mark: int) -> None:
        if mark < (self.mark or 0):
            return
        self.mark = mark
        if topic not in self.have:
            self.have[topic], self.entries[topic] = head, {}
            self.missing[topic] = set(range(1, head + 1))
        self.behind |= self.have[topic] < head

    def _take(self, entry: Entry) -> None:
        have = self.have[entry.topic]
        if entry.seq == have + 1:
            self.have[entry.topic] = entry.seq
            self.entries[entry.topic][entry.seq] = entry
        elif entry.seq > have + 1:
            self.behind = True

    def _drop(self, topic: TopicId) -> None:
        for kept in (self.have, self.entries, self.missing):
            kept.pop(topic, None)
