"""The composition root: the only room that knows all the others."""

import socket
import ssl
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from typing import Any, cast

import structlog

from compliance.bench import Bench
from compliance.pack import Licence, PackError
from compliance.pack import load as load_pack
from protocol.entries import Side
from protocol.frames import Announced
from protocol.ids import Epoch
from protocol.limits import BODY_BYTES
from protocol.public import InstalledHook
from server.arrivals import Arrivals
from server.chores import ending_requests, scrubbing
from server.clock import Clock
from server.committer import BothSides, Committer
from server.config import Config
from server.days import Days
from server.dispatch import Dispatch, Rules, table
from server.engine import Engine
from server.errors import ConfigError
from server.fanout import FanOut
from server.forms import misshapen
from server.gatekeeper import Gatekeeper
from server.handlers.account_reading import AccountReading
from server.handlers.accounts import Accounts, PasswordPort, greeter
from server.handlers.backstage import Backstage
from server.handlers.contacts import Acquaintances
from server.handlers.following import Following
from server.handlers.groups import Groups
from server.handlers.inbox import Inboxes
from server.handlers.institutions import PublicInstitutions
from server.handlers.messages import Messages
from server.handlers.moments import Feed
from server.handlers.officers import Officers
from server.handlers.people import Neighbours
from server.handlers.public_accounts import PublicAccounts
from server.handlers.public_groups import PublicGroups
from server.handlers.public_threads import PublicThreads
from server.handlers.publishing import Judge, Publishing
from server.handlers.reading import Reading
from server.handlers.searching import Searching
from server.handlers.threads import Threads
from server.hub import Hub
from server.limits import Limits
from server.net.broadcast import broadcast
from server.net.link import Link
from server.net.peer import Peer
from server.net.poller import Poller
from server.net.settings import NetSettings
from server.outcomes import Result, Subscriber
from server.panel import Panel
from server.passwords import Passwords
from server.positions import Positions
from server.posting import Drafts
from server.presence import Presence
from server.public_news import PublicNews
from server.readers import Readers, Sources
from server.recorder import Recorder
from server.rooms import Rooms
from server.scheduler import Scheduler
from server.session import Session
from server.store.sqlite import PublicSqliteStore, SqliteStore
from server.syncs import SyncBounds
from server.threads import OpenThreads

log = structlog.get_logger("hutong.app")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """The two stores, open. What the one holds is never in the other."""

    private: SqliteStore
    public: PublicSqliteStore

    @property
    def epochs(self) -> dict[Side, Epoch]:
        """The epoch of each."""
        return {Side.PRIVATE: self.private.epoch, Side.PUBLIC: self.public.epoch}


@dataclass(slots=True)
class Service:
    """A server put together over its stores, before it runs."""

    poller: Poller
    engine: Engine
    committers: tuple[Committer, ...]
    readers: tuple[Readers[Any], ...]
    passwords: Passwords
    gatekeeper: Gatekeeper
    arrivals: Arrivals
    recorder: Recorder
    clock: Clock
    broken: str = ""  # Why a store failed, once one has.


def build(
    config: Config,
    stores: Stores,
    listeners: Sequence[socket.socket],
    *,
    bench: Bench,
    panel: Panel,
    clock: Clock,
    tls: ssl.SSLContext | None,
    broke: Callable[[], None],
) -> Service:
    """Put a server together. `broke` is called on the poller's thread when a store has failed for good."""
    fanout = FanOut(_to_all)
    limits = Limits(config.rates)
    at_the_end: deque[Callable[[], None]] = deque()  # Of this turn.

    def open_session(peer: Peer) -> Session:
        return Session(peer, engine=engine, limits=limits, clock=clock, in_flight=config.limits.requests_in_flight)

    def turn() -> bool:
        while at_the_end:
            at_the_end.popleft()()
        for thread in (*committers, *readers):
            thread.hand_over()
        return fanout.turn()

    def every_second() -> None:
        presence.every_second(clock.monotonic())
        gatekeeper.every_second()
        arrivals.every_second()
        recorder.every_second()
        days.every_second()
        scheduler.every_second()
        for chore in chores:
            chore.every_second()

    def committed(result: Result) -> None:
        hub.committed(result)
        days.committed(result)
        public_news.committed(result)

    def store_broke(reason: str) -> None:
        service.broken = reason
        broke()

    poller = Poller(
        listeners=listeners,
        tls=tls,
        open_session=open_session,
        turn=turn,
        every_second=every_second,
        settings=net_settings(config),
        clock=clock,
    )
    private = Committer(stores.private.writer(), post=poller.post, broken=store_broke)
    public = Committer(stores.public.writer(), post=poller.post, broken=store_broke)
    committers = (private, public)
    commits = BothSides({Side.PRIVATE: private, Side.PUBLIC: public})
    threads = config.store.readers
    private_readers = Readers(stores.private.reader, threads=threads, post=poller.post)
    public_readers = Readers(stores.public.reader, threads=threads, post=poller.post)
    readers = (private_readers, public_readers)
    sources = Sources(private=private_readers, public=public_readers)
    passwords = Passwords(config.passwords, poller.post)
    rooms = Rooms(sources)
    presence = Presence(
        is_here=lambda person: bool(hub.connections(person)),
        quiet_until=clock.monotonic() + config.presence.quiet_s,
    )
    hub = Hub(rooms, fanout, came_or_went=presence.came_or_went)
    open_threads = OpenThreads(fanout)
    gatekeeper = Gatekeeper(
        panel=panel,
        commits=commits,
        reads=public_readers,
        bench=bench,
        clock=clock,
        committed=committed,
        tell=hub.tell,
        soon=at_the_end.append,
    )
    recorder = Recorder(commits)
    days = Days(commits=commits, clock=clock, zone=bench.zone)
    public_news = PublicNews(threads=open_threads, reads=sources, tell=hub.tell, show=hub.show)
    chores = (scrubbing(commits), ending_requests(commits, clock=clock, tell=hub.tell))
    arrivals = Arrivals(commits=commits, clock=clock, committed=hub.committed)
    drafts = Drafts(stores.private.secret)
    operations = rules(
        config,
        stores.epochs,
        presence=presence,
        threads=open_threads,
        passwords=passwords,
        drafts=drafts,
        positions=Positions(stores.private.secret),
        bench=bench,
        judge=gatekeeper.judge,
        installed=panel.installed,
    )
    engine = Engine(
        dispatch=Dispatch(operations, drafts),
        rooms=rooms,
        hub=hub,
        presence=presence,
        threads=open_threads,
        commits=commits,
        reads=sources,
        bounds=SyncBounds(
            slice_bytes=config.messages.slice_bytes, reach=config.messages.reach, newest=config.messages.newest
        ),
        clock=clock,
        committed=committed,
        came=arrivals.came,
        appeared=gatekeeper.appeared,
    )
    scheduler = Scheduler(commits=commits, reads=private_readers, begin=engine.begin, clock=clock)
    service = Service(  # `store_broke` knows it, too.
        poller=poller,
        engine=engine,
        committers=committers,
        readers=readers,
        passwords=passwords,
        gatekeeper=gatekeeper,
        arrivals=arrivals,
        recorder=recorder,
        clock=clock,
    )
    return service


def _to_all(frame: bytes, recipients: Sequence[Subscriber]) -> None:
    """Send `frame` to all of `recipients`, which came in by the poller: sessions, each on its link."""
    broadcast(frame, cast("list[Link]", [session.peer for session in cast("Sequence[Session]", recipients)]))


def bench_of(config: Config, *, today: date) -> Bench:
    """Return what decisions are made by, as configured; `today` is in UTC.

    Raises:
        ConfigError: The pack cannot be used, or not yet.
    """
    try:
        pack = load_pack(config.compliance.pack)
    except PackError as error:
        raise ConfigError([f"compliance.pack: {error}"]) from error
    if today < pack.effective:
        raise ConfigError([f"compliance.pack: {pack.name} {pack.version} is in force from {pack.effective} on"])
    stated = config.licence
    licence = None
    if stated.number and stated.valid_from is not None and stated.valid_until is not None:
        licence = Licence(
            number=stated.number,
            kind=stated.kind,
            issuer=stated.issuer,
            valid_from=stated.valid_from,
            valid_until=stated.valid_until,
        )
    return Bench(pack=pack, licence=licence, language=config.compliance.language, zone=config.compliance.time_zone)


def rules(
    config: Config,
    epochs: Mapping[Side, Epoch],
    *,
    presence: Presence,
    threads: OpenThreads,
    passwords: PasswordPort,
    drafts: Drafts,
    positions: Positions,
    bench: Bench,
    judge: Judge,
    installed: Callable[[], tuple[InstalledHook, ...]],
) -> Rules:
    """Return the rules of every operation, with the rooms behind them."""
    recall_ms, edit_ms = int(config.messages.recall_s * 1000), int(config.messages.edit_s * 1000)
    return table(
        greeter(
            server=f"hutong/{version('hutong')}",
            announced=Announced(
                message_bytes=config.limits.message_bytes,
                body_bytes=BODY_BYTES,
                slice_bytes=config.messages.slice_bytes,
                requests_in_flight=config.limits.requests_in_flight,
                group_members=config.limits.group_members,
                recall_ms=recall_ms,
                edit_ms=edit_ms,
            ),
            heartbeat_ms=int(config.limits.heartbeat_s * 1000),
            epochs=epochs,
        ),
        Accounts(
            passwords=passwords,
            epoch=epochs[Side.PRIVATE],
            open=config.registration.open,
            invitation=config.registration.invitation,
            devices_most=config.limits.devices,
            agreement=bench.agreement,
        ),
        Neighbours(is_here=presence.is_here, hidings=lambda: presence.hidings),
        Acquaintances(),
        Feed(
            drafts=drafts,
            positions=positions,
            listening=threads.listening,
            slice_bytes=config.messages.slice_bytes,
        ),
        Threads(
            drafts=drafts,
            positions=positions,
            listening=threads.listening,
            slice_bytes=config.messages.slice_bytes,
        ),
        PublicThreads(positions=positions, slice_bytes=config.messages.slice_bytes),
        Reading(epochs=epochs, slice_bytes=config.messages.slice_bytes),
        Messages(drafts=drafts, recall_ms=recall_ms, edit_ms=edit_ms),
        Inboxes(drafts=drafts, slice_bytes=config.messages.slice_bytes),
        Groups(drafts=drafts, cap=config.limits.group_members, public_cap=config.limits.public_group_members),
        PublicGroups(drafts=drafts, bench=bench, cap=config.limits.public_group_members),
        Publishing(drafts=drafts, bench=bench, judge=judge, slice_bytes=config.messages.slice_bytes),
        AccountReading(zone=bench.zone),
        Following(),
        Backstage(
            drafts=drafts,
            misshapen=lambda publication: misshapen(publication, bench.pack),
            zone=bench.zone,
            slice_bytes=config.messages.slice_bytes,
        ),
        Searching(),
        PublicInstitutions(bench=bench, installed=installed),
        Officers(bench=bench),
        PublicAccounts(drafts=drafts, bench=bench),
    )


def net_settings(config: Config) -> NetSettings:
    """Return what the network shell needs of the configuration."""
    limits = config.limits
    return NetSettings(
        message_bytes=limits.message_bytes,
        outbox_bytes=limits.outbox_bytes,
        outboxes_bytes=limits.outboxes_bytes,
        handshake_s=limits.handshake_s,
        hello_s=limits.hello_s,
        heartbeat_s=limits.heartbeat_s,
        connections=limits.connections,
        per_address=limits.connections_per_address or limits.connections,
        origins=(None, *config.server.origins),
    )
