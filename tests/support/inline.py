"""A whole server without threads, sockets or clock: every request is answered before `ask` returns.

The store is the real one; the committer and the reader pool are adapters that work at once; time moves when told to.
"""

from itertools import count
from typing import Any, TypeVar
from weakref import finalize

import msgspec

from compliance.bench import Bench
from protocol.codec import Refusal, decode_from_server, decode_reply, encode_request
from protocol.decisions import Submission
from protocol.entries import Entry, Role, Side, side_of
from protocol.frames import (
    Appended,
    EntryPush,
    GroupAccept,
    GroupFound,
    GroupInvite,
    GroupRole,
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
from protocol.ids import Cid, PersonId, TopicId, new_cid
from protocol.public import GroupFoundPublic, GroupJoin, Publish, Signature
from protocol.publications import Content, Surface
from protocol.staff import StaffLogin, StaffRole
from server.app import rules
from server.arrivals import Arrivals
from server.chores import ending_requests, scrubbing
from server.committer import BothSides
from server.config import Config, RateSettings
from server.days import Days
from server.dispatch import Dispatch
from server.engine import Engine
from server.fanout import FanOut
from server.gatekeeper import Gatekeeper
from server.hub import Hub
from server.limits import Limits
from server.net.framing import binary_frame
from server.outcomes import Result
from server.passwords import token_digest
from server.positions import Positions
from server.posting import Drafts
from server.presence import Presence
from server.public_news import PublicNews
from server.readers import Sources
from server.rooms import KEPT, Rooms
from server.scheduler import Scheduler
from server.session import Session
from server.settings import Rate
from server.store.base import Reader
from server.store.public_writes import AddStaff, AnyOutcome, AnyWrite, RemoveStaff
from server.store.rows import ENTRY_COLUMNS, entry_of
from server.store.sqlite import PublicSqliteStore, SqliteStore
from server.syncs import SyncBounds
from server.threads import OpenThreads
from tests.support.adapters import FakePeer, HandClock, InlineCommits, InlineReads, PlainPasswords, payloads
from tests.support.packs import LICENCE, LOADED
from tests.support.panel import StaffedPanel

R = TypeVar("R", bound=Reply)
Q = TypeVar("Q", bound=Request[Any])
OFF = Rate.parse("off")
UNLIMITED = RateSettings(**dict.fromkeys(RateSettings.__struct_fields__, OFF))
PASSWORD = "correct horse"


def bench_under_test() -> Bench:
    """Return a bench of the pack that the suite runs under, with a licence in force."""
    return Bench(pack=LOADED, licence=LICENCE)


def _close(readers: tuple[Reader, ...], stores: tuple[SqliteStore, ...]) -> None:
    for reader in readers:
        reader.close()
    for store in stores:
        store.close()


class InlineServer:
    """Engine, hub and store, put together as the app does, on inline adapters."""

    def __init__(
        self,
        config: Config | None = None,
        *,
        kept: int = KEPT,
        quiet_s: float = 0,
        bench: Bench | None = None,
        panel: StaffedPanel | None = None,
        after: "InlineServer | None" = None,
        stores: "tuple[SqliteStore, PublicSqliteStore] | None" = None,
    ) -> None:
        """`after`: a server that was killed, whose stores this one opens. It is not to be used any more.

        `stores`: those to open, to be closed by whoever made them; otherwise new ones in memory.
        """
        self.config = config or Config(rates=UNLIMITED)
        self.bench = bench or bench_under_test()
        self.panel = panel or StaffedPanel()
        if after:
            stores = after.store, after.public_store
        elif stores is None:
            stores = SqliteStore.in_memory(Side.PRIVATE), PublicSqliteStore.in_memory(Side.PUBLIC)
        self.store: SqliteStore = stores[0]
        self.public_store: PublicSqliteStore = stores[1]
        self.clock: HandClock = after.clock if after else HandClock()
        self.commits = InlineCommits(self.store.writer())
        self.public_commits = InlineCommits(self.public_store.writer())
        self.reads = InlineReads(self.store.reader())
        self.public_reads = InlineReads(self.public_store.reader())
        if after:
            after._finalize.detach()
            _close((after.reads.reader, after.public_reads.reader), ())
        self._finalize: Any = finalize(
            self, _close, (self.reads.reader, self.public_reads.reader), (self.store, self.public_store)
        )
        commits = BothSides({Side.PRIVATE: self.commits, Side.PUBLIC: self.public_commits})
        sources = Sources(private=self.reads, public=self.public_reads)
        self.passwords = PlainPasswords()
        self.callers: list[Caller] = []
        self.rooms = Rooms(sources, kept=kept)
        self.fanout = FanOut()
        self.presence = Presence(is_here=lambda person: bool(self.hub.connections(person)), quiet_until=quiet_s)
        self.hub: Hub = Hub(self.rooms, self.fanout, came_or_went=self.presence.came_or_went)
        self.threads = OpenThreads(self.fanout)
        drafts = Drafts(self.store.secret)
        self.gatekeeper = Gatekeeper(
            panel=self.panel,
            commits=commits,
            reads=self.public_reads,
            bench=self.bench,
            clock=self.clock,
            committed=self.committed,
            tell=self.hub.tell,
            soon=lambda call: call(),
        )
        self.days = Days(commits=commits, clock=self.clock, zone=self.bench.zone)
        self.public_news = PublicNews(threads=self.threads, reads=sources, tell=self.hub.tell, show=self.hub.show)
        self.chores = (scrubbing(commits), ending_requests(commits, clock=self.clock, tell=self.hub.tell))
        self.arrivals = Arrivals(commits=commits, clock=self.clock, committed=self.hub.committed)
        table = rules(
            self.config,
            {Side.PRIVATE: self.store.epoch, Side.PUBLIC: self.public_store.epoch},
            presence=self.presence,
            threads=self.threads,
            passwords=self.passwords,
            drafts=drafts,
            positions=Positions(self.store.secret),
            bench=self.bench,
            judge=self.gatekeeper.judge,
            installed=self.panel.installed,
        )
        messages = self.config.messages
        self.engine = Engine(
            dispatch=Dispatch(table, drafts),
            rooms=self.rooms,
            hub=self.hub,
            presence=self.presence,
            threads=self.threads,
            commits=commits,
            reads=sources,
            bounds=SyncBounds(slice_bytes=messages.slice_bytes, reach=messages.reach, newest=messages.newest),
            clock=self.clock,
            committed=self.committed,
            came=self.arrivals.came,
            appeared=self.gatekeeper.appeared,
        )
        self.scheduler = Scheduler(commits=commits, reads=self.reads, begin=self.engine.begin, clock=self.clock)
        self.limits = Limits(self.config.rates)

    def committed(self, result: Result) -> None:
        """Take in what a commit did."""
        self.hub.committed(result)
        self.days.committed(result)
        self.public_news.committed(result)

    def connect(self) -> "Caller":
        """Return a connection that has said hello."""
        caller = Caller(self)
        caller.ask(Hello(id=0, versions=(1,)))
        return caller

    def register(self, handle: str) -> "Caller":
        """Return a connection on which `handle` is registered, signed in and up to date."""
        caller = self.connect()
        caller.signed_in(caller.do(Register, handle=handle, password=PASSWORD))
        caller.sync()
        return caller

    def signature(self) -> Signature | None:
        """Return a signature to the agreement in force, if there is one."""
        agreement = self.bench.agreement
        if agreement is None:
            return None
        return Signature(digest=agreement.digest, lines=tuple(line.code for line in agreement.lines))

    def login(self, handle: str) -> "Caller":
        """Return a connection on which another device of `handle` is signed in and up to date."""
        caller = self.connect()
        caller.signed_in(caller.do(Login, handle=handle, password=PASSWORD))
        caller.sync()
        return caller

    def people(self, *handles: str) -> "list[Caller]":
        """Return a connection of each of these new people."""
        return [self.register(handle) for handle in handles]

    def chat(self, one: "Caller", other: "Caller") -> TopicId:
        """Return a chat in which each has said something, seqs 1 and 2; nothing of it waits to be collected."""
        topic = one.send(b"hello", to=other.person).topic
        other.send(b"hello yourself", topic=topic)
        for caller in self.callers:
            caller.collect()
        return topic

    def group(self, owner: "Caller", *members: "Caller", admins: "tuple[Caller, ...]" = ()) -> TopicId:
        """Return a group of these; nothing of its beginnings waits to be collected."""
        topic = owner.do(GroupFound, name=b"group").topic
        for member in members + admins:
            owner.do(GroupInvite, topic=topic, person=member.person)
            member.do(GroupAccept, topic=topic)
        for admin in admins:
            owner.do(GroupRole, topic=topic, person=admin.person, role=Role.ADMIN)
        for caller in self.callers:
            caller.collect()
        return topic

    def lane(self, owner: "Caller", *members: "Caller", admins: "tuple[Caller, ...]" = (), **openness: Any) -> TopicId:
        """Return a public group of these; nothing of its beginnings waits to be collected. Five seconds pass."""
        topic = owner.do(GroupFoundPublic, **openness).topic
        for member in members + admins:
            member.do(GroupJoin, topic=topic)
        for admin in admins:
            owner.do(GroupRole, topic=topic, person=admin.person, role=Role.ADMIN)
        for _ in range(5):
            self.every_second()  # Until those who came have been announced.
        for caller in self.callers:
            caller.collect()
        return topic

    def officer(self, code: str = "K7", role: StaffRole = StaffRole.REVIEWER) -> "Caller":
        """Return a connection on which a new officer is on duty."""
        token = f"token of {code}"
        self.write(AddStaff(code=code, role=role, digest=token_digest(token), at=self.clock.ms))
        caller = self.connect()
        caller.do(StaffLogin, code=code, token=token)
        return caller

    def dismiss(self, code: str) -> None:
        """End a staff account."""
        self.write(RemoveStaff(code=code, at=self.clock.ms))

    def write(self, write: AnyWrite) -> AnyOutcome:
        """Write to the public store, as an operator's tool would."""
        outcomes: list[Any] = []
        self.public_commits.submit(write, outcomes.append)
        (outcome,) = outcomes
        return outcome  # type: ignore[no-any-return]

    def log(self, topic: TopicId) -> list[Entry]:
        """Return the log of `topic` as it is stored."""
        store = self.store if side_of(topic) is Side.PRIVATE else self.public_store
        rows = store._writer._connection.execute(
            f"SELECT {ENTRY_COLUMNS} FROM entries WHERE topic = ? ORDER BY seq", (topic,)
        )
        return [entry_of(row) for row in rows]

    def dump(self) -> list[str]:
        """Return all that is stored on both sides, as SQL."""
        return [line for store in (self.store, self.public_store) for line in store._writer._connection.iterdump()]

    def settle(self) -> None:
        """Go on until nothing moves: what peers have sent is taken, fan-out is done."""
        moved = True
        while moved:
            moved = sum(caller.pump() for caller in self.callers) > 0
            while self.fanout.turn():
                moved = True

    def every_second(self) -> None:
        """Let a second pass."""
        self.clock.pass_time(1)
        self.presence.every_second(self.clock.monotonic())
        self.gatekeeper.every_second()
        self.arrivals.every_second()
        self.days.every_second()
        self.scheduler.every_second()
        for chore in self.chores:
            chore.every_second()

    def close(self) -> None:
        """Let go of the store now, not when nobody holds the server any more."""
        self._finalize()


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
        self._ids = count(1)
        server.callers.append(self)

    def signed_in(self, signed: SignedIn) -> None:
        assert signed.person is not None
        self.person, self.token = signed.person, signed.token or self.token

    def next_id(self) -> int:
        return next(self._ids)

    def cid(self) -> Cid:
        return new_cid(self.server.clock.wall_ms())

    def request(self, shape: type[Q], **fields: Any) -> Q:
        """Return a request with an id and, where it wants one, a cid; who registers signs what there is to sign."""
        if "cid" in shape.__struct_fields__:
            fields.setdefault("cid", self.cid())
        if shape is Register:
            fields.setdefault("signature", self.server.signature())
        return shape(id=self.next_id(), **fields)

    def say(self, request: Request[Reply] | bytes) -> None:
        """Send `request`; whatever comes of it waits to be collected."""
        self.peer.coming.append(request if isinstance(request, bytes) else encode_request(request))
        self.pump()

    def pump(self) -> bool:
        """Let the session take what was sent, as far as it takes any; say whether it took some."""
        peer, moved = self.peer, False
        while peer.coming and not peer.held and peer.closed is None:
            self.session.receive(peer.coming.popleft())
            moved = True
        return moved

    def collect(self) -> list[dict[Any, Any] | Push]:
        """Return all that has come since the last time, replies as maps."""
        self.server.settle()
        frames, self.peer.frames = self.peer.frames, []
        return [decode_from_server(payload) for payload in payloads(b"".join(frames))]

    def pushes(self) -> list[Push]:
        """Return the pushes that came since the last time, forgetting replies."""
        return [message for message in self.collect() if isinstance(message, Push)]

    def entries(self) -> list[Entry]:
        """Return the entries pushed since the last time, forgetting all else."""
        return [push.entry for push in self.collect() if isinstance(push, EntryPush)]

    def try_(self, request: Request[R]) -> R | Refusal:
        """Send `request` and return what it was answered; whatever else has come stays to be collected."""
        self.say(request)
        self.server.settle()
        kept: list[bytes] = []
        answer: R | Refusal | None = None
        for payload in payloads(b"".join(self.peer.frames)):
            message = decode_from_server(payload)
            if isinstance(message, dict) and message["re"] == request.id and answer is None:
                answer = decode_reply(message, request)
            else:
                kept.append(binary_frame(payload))
        self.peer.frames = kept
        assert answer is not None, f"no answer to {request}"
        return answer

    def ask(self, request: Request[R]) -> R:
        """Send `request` and return its reply, which is no refusal."""
        answer = self.try_(request)
        assert not isinstance(answer, Refusal), answer
        return answer

    def do(self, shape: type[Request[R]], **fields: Any) -> R:
        """Ask for something and return the reply, which is no refusal."""
        return self.ask(self.request(shape, **fields))

    def refusal(self, shape: type[Request[R]], **fields: Any) -> Refusal:
        """Ask for something and return how it is refused."""
        answer = self.try_(self.request(shape, **fields))
        assert isinstance(answer, Refusal), answer
        return answer

    def refused(self, shape: type[Request[R]], **fields: Any) -> str:
        """Ask for something and return the code it is refused with."""
        return self.refusal(shape, **fields).code

    def send(self, body: bytes, *, to: PersonId | None = None, topic: TopicId | None = None) -> Appended:
        """Say `body` to a person or in a topic."""
        return self.do(Send, body=body, to=to, topic=topic)

    def publish(
        self,
        content: str | Content,
        topic: TopicId | None = None,
        surface: Surface = Surface.GROUP_MESSAGE,
        **more: Any,
    ) -> Submission:
        """Say `content` publicly, and return what became of it."""
        return self.do(Publish, **published(content, topic, surface), **more).submission

    def publishes(
        self,
        content: str | Content,
        topic: TopicId | None = None,
        surface: Surface = Surface.GROUP_MESSAGE,
        **more: Any,
    ) -> Publish:
        """Ask to say `content` publicly, without waiting for what becomes of it; return the request."""
        request = self.request(Publish, **published(content, topic, surface), **more)
        self.say(request)
        return request

    def sync(self, heads: dict[TopicId, int] | None = None, marks: int = 0, *, side: Side = Side.PRIVATE) -> SyncReply:
        """Ask for what is new since `heads`."""
        return self.do(Sync, heads=heads or {}, marks=marks, side=side)

    def resume(self, heads: dict[TopicId, int] | None = None) -> "Caller":
        """Return a new connection of the same device."""
        caller = self.server.connect()
        caller.token = self.token
        caller.signed_in(caller.do(Resume, token=self.token, heads=heads))
        return caller

    def hang_up(self) -> None:
        """Lose the connection."""
        self.peer.close(1006, "")
        self.session.disconnected()
        self.server.callers.remove(self)


def published(content: str | Content, topic: TopicId | None, surface: Surface) -> dict[str, Any]:
    """Return the fields of a `publish`."""
    said = Content(text=content) if isinstance(content, str) else content
    return {"content": said, "topic": topic, "surface": surface}


def configured(**sections: dict[str, Any]) -> Config:
    """Return a configuration without rates, with these settings: `configured(messages={"reach": 5})`."""
    shapes = {field.name: field.type for field in msgspec.structs.fields(Config)}
    return Config(**({"rates": UNLIMITED} | {name: shapes[name](**values) for name, values in sections.items()}))
