"""A whole server without threads, sockets or clock: every request is answered before `ask` returns.

The store is the real one; the committer and the reader pool are adapters that work at once; time moves when told to.
"""

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from itertools import count
from typing import Any, TypeVar

from protocol.codec import Refusal, decode_from_server, decode_reply, encode_request
from protocol.entries import Entry, Side
from protocol.frames import (
    Appended,
    EntryPush,
    Hello,
    Login,
    Push,
    Register,
    Reply,
    Request,
    Resume,
    Send,
    SignedIn,
    Sync,
    SyncReply,
)
from protocol.ids import Cid, PersonId, Seq, TopicId, new_cid
from server.app import rules
from server.committer import Done
from server.config import Config, RateSettings, RegistrationSettings
from server.dispatch import Dispatch
from server.engine import Engine, SyncBounds
from server.fanout import FanOut
from server.hub import Hub
from server.limits import Limits
from server.outcomes import NoRoom
from server.posting import Drafts
from server.presence import Presence
from server.rooms import Rooms
from server.session import Session
from server.settings import Rate
from server.store.base import Reader, StoreFullError, Writer
from server.store.sqlite import SqliteStore
from server.store.writes import Write

R = TypeVar("R", bound=Reply)
OFF = Rate.parse("off")
UNLIMITED = RateSettings(**dict.fromkeys(RateSettings.__struct_fields__, OFF))
PASSWORD = "correct horse"  # noqa: S105


class HandClock:
    """Both clocks, moved by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.ms = 1_700_000_000_000

    def monotonic(self) -> float:
        return self.seconds

    def wall_ms(self) -> int:
        return self.ms

    def pass_time(self, seconds: float) -> None:
        self.seconds += seconds
        self.ms += int(seconds * 1000)


class InlineCommits:
    """Commits each write at once; with `gather`, several in one batch, as the writer thread would."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._gathered: list[tuple[Write, Done]] | None = None
        self.batches = 0

    def submit(self, write: Write, done: Done) -> None:
        if self._gathered is not None:
            self._gathered.append((write, done))
        else:
            self._commit([(write, done)])

    def gather(self) -> None:
        """Let writes wait until `commit`."""
        self._gathered = []

    def commit(self) -> None:
        """Commit what was gathered, in one batch."""
        batch, self._gathered = self._gathered or [], None
        self._commit(batch)

    def _commit(self, batch: list[tuple[Write, Done]]) -> None:
        self.batches += 1
        try:
            results: list[Any] = list(self._writer.commit([write for write, _ in batch]))
        except StoreFullError:
            results = [NoRoom()] * len(batch)
        for (_, done), result in zip(batch, results, strict=True):
            done(result)


class InlineReads:
    """Reads at once; with `delay`, not before `catch_up`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._waiting: deque[tuple[Future[Any], Callable[[Future[Any]], None]]] | None = None

    def ask(self, query: Callable[[Reader], Any], done: Callable[[Future[Any]], None]) -> None:
        future: Future[Any] = Future()
        try:
            future.set_result(query(self._reader))
        except Exception as error:  # noqa: BLE001 - as a pool does.
            future.set_exception(error)
        if self._waiting is None:
            done(future)
        else:
            self._waiting.append((future, done))

    def delay(self) -> None:
        """Read at once, but keep what was found."""
        self._waiting = deque()

    def catch_up(self) -> None:
        """Hand out what was kept."""
        waiting, self._waiting = self._waiting or deque(), None
        for future, done in waiting:
            done(future)


class PlainPasswords:
    """Passwords as they are: what they cost is tested elsewhere."""

    def hash(self, password: str, done: Callable[[Any], None]) -> None:
        done(f"plain:{password}")

    def verify(self, encoded: str | None, password: str, done: Callable[[Any], None]) -> None:
        done(encoded == f"plain:{password}")


class FakePeer:
    """The far end of a connection: collects frames, takes no bytes."""

    address = "192.0.2.1"

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.closed: tuple[int, str] | None = None
        self.held = False
        self.behind = False

    def send(self, frame: bytes) -> None:
        if self.closed is None:
            self.frames.append(frame)

    def send_ephemeral(self, frame: bytes) -> None:
        if not self.behind:
            self.send(frame)

    def close(self, code: int, reason: str) -> None:
        if self.closed is None:
            self.closed = (code, reason)

    def hold(self) -> None:
        self.held = True

    def release(self) -> None:
        self.held = False


def payloads(data: bytes) -> Iterable[bytes]:
    """Return the payloads of unmasked binary frames, one after another in `data`."""
    while data:
        assert data[0] == 0x82
        length, header = data[1], 2
        if length == 126:
            length, header = int.from_bytes(data[2:4], "big"), 4
        elif length == 127:
            length, header = int.from_bytes(data[2:10], "big"), 10
        yield data[header : header + length]
        data = data[header + length :]


class InlineServer:
    """Engine, hub and store, put together as the app does, on inline adapters."""

    def __init__(self, config: Config | None = None, store: SqliteStore | None = None) -> None:
        self.config = config or Config(rates=UNLIMITED)
        self.store = store or SqliteStore.in_memory(Side.PRIVATE)
        self.clock = HandClock()
        self.commits = InlineCommits(self.store.writer())
        self.reads = InlineReads(self.store.reader())
        self.rooms = Rooms(self.reads)
        self.fanout = FanOut()
        self.presence = Presence(is_here=lambda person: bool(self.hub.connections(person)), quiet_until=0)
        self.hub = Hub(self.rooms, self.fanout, came_or_went=self.presence.came_or_went)
        drafts = Drafts(self.store.secret)
        table = rules(self.config, self.store, self.hub, PlainPasswords(), drafts)
        messages = self.config.messages
        self.engine = Engine(
            dispatch=Dispatch(table, drafts),
            rooms=self.rooms,
            hub=self.hub,
            presence=self.presence,
            commits=self.commits,
            reads=self.reads,
            bounds=SyncBounds(slice_bytes=messages.slice_bytes, reach=messages.reach, newest=messages.newest),
            clock=self.clock,
        )
        self.limits = Limits(self.config.rates)

    def connect(self) -> "Caller":
        """Return a connection that has said hello."""
        caller = Caller(self)
        caller.ask(Hello(id=0, versions=(1,)))
        return caller

    def register(self, handle: str) -> "Caller":
        """Return a connection on which `handle` is registered, signed in and up to date."""
        caller = self.connect()
        signed = caller.ask(Register(id=1, handle=handle, password=PASSWORD))
        caller.signed_in(signed)
        caller.ask(Sync(id=2, heads={}))
        return caller

    def login(self, handle: str) -> "Caller":
        """Return a connection on which another device of `handle` is signed in and up to date."""
        caller = self.connect()
        caller.signed_in(caller.ask(Login(id=1, handle=handle, password=PASSWORD)))
        caller.ask(Sync(id=2, heads={}))
        return caller

    def every_second(self) -> None:
        """Let a second pass."""
        self.clock.pass_time(1)
        self.hub.every_second()
        self.presence.every_second(self.clock.monotonic())


class Caller:
    """A client without a cache: asks, and collects what is pushed."""

    def __init__(self, server: InlineServer) -> None:
        self.server = server
        self.peer = FakePeer()
        self.session = Session(
            self.peer,
            engine=server.engine,
            limits=server.limits,
            clock=server.clock,
            in_flight=server.config.limits.requests_in_flight,
        )
        self.person = PersonId("")
        self.token = ""
        self._ids = count(100)

    def signed_in(self, signed: SignedIn) -> None:
        assert signed.person is not None
        self.person, self.token = signed.person, signed.token or self.token

    def next_id(self) -> int:
        return next(self._ids)

    def cid(self) -> Cid:
        return new_cid(self.server.clock.wall_ms())

    def say(self, request: Request[Reply]) -> None:
        """Send `request`; whatever comes of it waits to be collected."""
        self.session.receive(encode_request(request))

    def collect(self) -> list[dict[Any, Any] | Push]:
        """Return all that has come since the last time, replies as maps."""
        while self.server.fanout.turn():
            pass
        frames, self.peer.frames = self.peer.frames, []
        return [decode_from_server(payload) for payload in payloads(b"".join(frames))]

    def try_(self, request: Request[R]) -> R | Refusal:
        """Send `request` and return what it was answered; pushes before it stay to be collected."""
        self.say(request)
        kept = []
        answer: R | Refusal | None = None
        while self.server.fanout.turn():
            pass
        for frame in self.peer.frames:
            for payload in payloads(frame):
                message = decode_from_server(payload)
                if isinstance(message, dict) and message["re"] == request.id and answer is None:
                    answer = decode_reply(message, request)
                else:
                    kept.append(frame)
        self.peer.frames = kept
        assert answer is not None, f"no answer to {request}"
        return answer

    def ask(self, request: Request[R]) -> R:
        """Send `request` and return its reply, which is no refusal."""
        answer = self.try_(request)
        assert not isinstance(answer, Refusal), answer
        return answer

    def refused(self, request: Request[R]) -> str:
        """Send `request` and return the code it is refused with."""
        answer = self.try_(request)
        assert isinstance(answer, Refusal), answer
        return answer.code

    def send(self, body: bytes, *, to: PersonId | None = None, topic: TopicId | None = None) -> Appended:
        """Say `body` to a person or in a topic."""
        return self.ask(Send(id=self.next_id(), cid=self.cid(), body=body, to=to, topic=topic))

    def sync(self, heads: dict[TopicId, Seq] | None = None, marks: int = 0) -> SyncReply:
        """Ask for what is new since `heads`."""
        return self.ask(Sync(id=self.next_id(), heads=heads or {}, marks=marks))

    def resume(self, heads: dict[TopicId, Seq] | None = None) -> "Caller":
        """Return a new connection of the same device."""
        caller = self.server.connect()
        caller.token = self.token
        caller.signed_in(caller.ask(Resume(id=1, token=self.token, heads=heads)))
        return caller

    def entries(self) -> list[Entry]:
        """Return the entries pushed since the last time, forgetting other pushes."""
        return [push.entry for push in self.collect() if isinstance(push, EntryPush)]

    def hang_up(self) -> None:
        self.session.disconnected()


def with_registration(**settings: Any) -> Config:
    """Return a configuration with these settings of registration."""
    return Config(rates=UNLIMITED, registration=RegistrationSettings(**settings))
