"""A client that keeps what it is told, by the one rule of docs/PROTOCOL.md, and nothing cleverer."""

from typing import Any

from protocol.codec import Refusal, decode_from_server, decode_reply
from protocol.entries import Entry, Standing
from protocol.frames import (
    EntryPush,
    GonePush,
    Hello,
    Push,
    Reply,
    Request,
    Resume,
    SignedIn,
    Slice,
    Summary,
    Sync,
    SyncReply,
    TopicPush,
)
from protocol.ids import PersonId, TopicId
from tests.support.adapters import payloads
from tests.support.inline import Caller, InlineServer


class Mirror:
    """One device: its cache outlives its connections. `got` has every entry that ever came, dropped or not; `holes`
    counts those that did not follow on the one before.
    """

    def __init__(self, server: InlineServer, token: str, person: PersonId) -> None:
        self.server = server
        self.token = token
        self.person = person
        self.have: dict[TopicId, int] = {}
        self.entries: dict[TopicId, dict[int, Entry]] = {}
        self.missing: dict[TopicId, set[int]] = {}
        self.summaries: dict[TopicId, Summary] = {}
        self.marks = 0
        self.behind = True
        self.got: list[Entry] = []
        self.holes = 0
        self.refusals: list[Refusal] = []
        self.line: Caller | None = None
        self._asked: dict[int, Request[Any]] = {}

    # What it does.

    def say(self, shape: type[Request[Any]], **fields: Any) -> None:
        """Ask for something, if there is a line to ask on."""
        if self.line is not None:
            request = self.line.request(shape, **fields)
            self._asked[request.id] = request
            self.line.say(request)

    def connect(self) -> None:
        """Come back, with what is known."""
        if self.line is None:
            self.line = Caller(self.server)
            self.say(Hello, versions=(1,))
            self.say(Resume, token=self.token, heads=dict(self.have), marks=self.marks)
            self.behind = False

    def hang_up(self) -> None:
        """Take in what came, and lose the line."""
        if self.line is not None:
            self.read()
            self.line.hang_up()
            self.line = None
            self._asked.clear()

    def sync(self) -> None:
        """Ask for what is missing."""
        self.behind = False
        self.say(Sync, heads=dict(self.have), marks=self.marks)

    def read(self) -> None:
        """Take in what came, in its order."""
        if self.line is not None:
            frames, self.line.peer.frames = self.line.peer.frames, []
            for payload in payloads(b"".join(frames)):
                message = decode_from_server(payload)
                if isinstance(message, Push):
                    self._push(message)
                else:
                    self._reply(decode_reply(message, self._asked.pop(message["re"])))

    # What it takes from what it is told.

    def _reply(self, reply: Reply | Refusal) -> None:
        match reply:
            case Refusal():
                self.refusals.append(reply)
            case SignedIn(sync=SyncReply() as sync):
                self._synced(sync)
            case SyncReply():
                self._synced(reply)

    def _push(self, push: Push) -> None:
        match push:
            case TopicPush(summary=summary):
                self._stand(summary)
                if summary.standing is Standing.MEMBER:
                    self._begin(summary.topic, summary.start - 1)
                    self.have[summary.topic] = max(self.have[summary.topic], summary.start - 1)
            case GonePush(topic=topic):
                self._drop(topic)
            case EntryPush(entry=entry):
                assert entry.topic in self.have, "an entry of a topic of which nothing was said"
                self._take(entry)

    def _synced(self, reply: SyncReply) -> None:
        for summary in reply.topics:
            self._stand(summary)
        for topic in reply.gone:
            self._drop(topic)
        for piece in reply.slices:
            self._slice(piece)
        self.marks = reply.marks
        self.behind |= reply.more

    def _slice(self, piece: Slice) -> None:
        before = piece.entries[0].seq - 1 if piece.entries else piece.head
        self._begin(piece.topic, piece.gap.first - 1 if piece.gap else before)
        have = self.have[piece.topic]
        skipped = piece.gap is None and self._start(piece.topic) <= before + 1
        if before > have:
            assert piece.gap or skipped, "a hole that no gap accounts for"
            self.missing[piece.topic] |= set(range(have + 1, before + 1))
            self.have[piece.topic] = before
        for entry in piece.entries:
            self._take(entry)

    def _start(self, topic: TopicId) -> int:
        return self.summaries[topic].start if topic in self.summaries else 0

    def _stand(self, summary: Summary) -> None:
        self.summaries[summary.topic] = summary
        if summary.standing is not Standing.MEMBER:
            self._forget(summary.topic)

    def _begin(self, topic: TopicId, have: int) -> None:
        if topic not in self.have:
            self.have[topic], self.entries[topic], self.missing[topic] = max(have, 0), {}, set()

    def _take(self, entry: Entry) -> None:
        self.got.append(entry)
        have = self.have[entry.topic]
        if entry.seq == have + 1:
            self.have[entry.topic] = entry.seq
            self.entries[entry.topic][entry.seq] = entry
        elif entry.seq > have + 1:
            self.behind = True
            self.holes += 1

    def _drop(self, topic: TopicId) -> None:
        self.summaries.pop(topic, None)
        self._forget(topic)

    def _forget(self, topic: TopicId) -> None:
        for kept in (self.have, self.entries, self.missing):
            kept.pop(topic, None)
