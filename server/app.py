"""The composition root: the only room that knows all the others, and the order in which they open and close."""

import json
import signal
import socket
import ssl
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version

import structlog
import trio

from protocol.entries import Side
from protocol.errors import CloseCode
from protocol.frames import Announced
from protocol.limits import BODY_BYTES
from server.clock import Clock, SystemClock
from server.committer import Committer
from server.config import Config
from server.dispatch import Dispatch, Rules, private_side
from server.engine import Engine, SyncBounds
from server.errors import ConfigError
from server.fanout import FanOut
from server.handlers.accounts import Accounts, PasswordPort, greeter
from server.handlers.groups import Groups
from server.handlers.messages import Messages
from server.handlers.people import Neighbours
from server.handlers.reading import Reading
from server.hub import Hub
from server.limits import Limits
from server.net.peer import Peer
from server.net.poller import Poller
from server.net.settings import NetSettings
from server.passwords import Passwords
from server.posting import Drafts
from server.presence import Presence
from server.readers import Readers
from server.rooms import Rooms
from server.session import Session
from server.store.base import Store
from server.store.lock import DataLock
from server.store.sqlite import SqliteStore

BACKLOG = 1024
# A thousand clients that come back in the same instant would find the door as narrow as it was.
RECONNECT_MS = (500, 5000)

log = structlog.get_logger("hutong.app")


@dataclass(slots=True)
class Service:
    """A server put together over one store, before it runs."""

    poller: Poller
    engine: Engine
    committer: Committer
    readers: Readers
    passwords: Passwords
    broken: str = ""  # Why the store failed, once it has.


def build(
    config: Config,
    store: Store,
    listeners: Sequence[socket.socket],
    *,
    clock: Clock,
    tls: ssl.SSLContext | None,
    broke: Callable[[], None],
) -> Service:
    """Put a server together. `broke` is called on the poller's thread when the store has failed for good."""
    fanout = FanOut()
    limits = Limits(config.rates)

    def open_session(peer: Peer) -> Session:
        return Session(peer, engine=engine, limits=limits, clock=clock, in_flight=config.limits.requests_in_flight)

    def turn() -> bool:
        committer.hand_over()
        return fanout.turn()

    def every_second() -> None:
        presence.every_second(clock.monotonic())

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
    committer = Committer(store.writer(), post=poller.post, broken=store_broke)
    readers = Readers(store, threads=config.store.readers, post=poller.post)
    passwords = Passwords(config.passwords, poller.post)
    rooms = Rooms(readers)
    presence = Presence(
        is_here=lambda person: bool(hub.connections(person)),
        quiet_until=clock.monotonic() + config.presence.quiet_s,
    )
    hub = Hub(rooms, fanout, came_or_went=presence.came_or_went)
    drafts = Drafts(store.secret)
    engine = Engine(
        dispatch=Dispatch(rules(config, store, presence, passwords, drafts), drafts),
        rooms=rooms,
        hub=hub,
        presence=presence,
        commits=committer,
        reads=readers,
        bounds=SyncBounds(
            slice_bytes=config.messages.slice_bytes, reach=config.messages.reach, newest=config.messages.newest
        ),
        clock=clock,
    )
    service = Service(poller, engine, committer, readers, passwords)  # `store_broke` knows it, too.
    return service


def rules(config: Config, store: Store, presence: Presence, passwords: PasswordPort, drafts: Drafts) -> Rules:
    """Return the rules of every operation, with the rooms behind them."""
    recall_ms, edit_ms = int(config.messages.recall_s * 1000), int(config.messages.edit_s * 1000)
    return private_side(
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
            epoch=store.epoch,
        ),
        Accounts(
            passwords=passwords,
            epoch=store.epoch,
            open=config.registration.open,
            invitation=config.registration.invitation,
            devices_most=config.limits.devices,
        ),
        Neighbours(is_here=presence.is_here, hidings=lambda: presence.hidings),
        Reading(epoch=store.epoch, slice_bytes=config.messages.slice_bytes),
        Messages(drafts=drafts, recall_ms=recall_ms, edit_ms=edit_ms),
        Groups(drafts=drafts, cap=config.limits.group_members),
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


async def serve(config: Config) -> None:
    """Serve until SIGINT or SIGTERM, then drain; a second signal stops at once.

    When it listens, the first line on stdout says where, as one JSON object.

    Raises:
        ConfigError: It cannot listen there, or the certificate cannot be read.
        StoreError: The store cannot be opened.
        SystemExit: The store failed while committing (exit code 1).
    """
    tls = tls_context(config)
    listeners = listen(config)
    try:
        with DataLock(config.server.data):
            store = SqliteStore.open(config.server.data, Side.PRIVATE)
            try:
                await _serve(config, store, listeners, tls)
            finally:
                store.close()
    finally:
        for listener in listeners:
            listener.close()


async def _serve(config: Config, store: Store, listeners: Sequence[socket.socket], tls: ssl.SSLContext | None) -> None:
    stopping, at_once = trio.Event(), trio.CancelScope()
    service = build(config, store, listeners, clock=SystemClock(), tls=tls, broke=at_once.cancel)
    service.committer.start()
    scheme = "wss" if tls else "ws"
    host, port = listeners[0].getsockname()[:2]
    url = f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
    try:
        with at_once:
            async with trio.open_nursery() as signals:
                await signals.start(_wait_for_signals, stopping, at_once)
                async with trio.open_nursery() as polling:
                    polling.start_soon(service.poller.run)
                    _announce({"listening": url, "version": version("hutong"), "epoch": store.epoch})
                    log.info("server.listening", url=url, data=str(config.server.data))
                    await stopping.wait()
                    log.info("server.draining", links=service.poller.links)
                    await drain(service, config.server.drain_s)
                signals.cancel_scope.cancel()
    finally:
        with trio.CancelScope(shield=True):
            await _close(service)
    if service.broken:
        log.critical("store.broken", reason=service.broken)
        raise SystemExit(1)
    log.info("server.stopped")


async def drain(service: Service, seconds: float) -> None:
    """Take no new requests, let what was begun finish and its answers go out, then close with a time to come back."""
    service.poller.stop_accepting()
    idle = trio.Event()
    service.engine.stop(idle.set)
    with trio.move_on_after(seconds):
        await idle.wait()
    least, most = RECONNECT_MS
    service.poller.close_all(CloseCode.SHUTDOWN, f"reconnect in {least}-{most} ms")
    service.poller.finish()


async def _wait_for_signals(
    stopping: trio.Event, at_once: trio.CancelScope, *, task_status: trio.TaskStatus[None]
) -> None:
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        task_status.started()
        async for _ in signals:
            if stopping.is_set():
                log.warning("server.stopping_at_once")
                at_once.cancel()
                return
            stopping.set()


async def _close(service: Service) -> None:
    """Finish what is committed already; nobody is answered any more."""
    await trio.to_thread.run_sync(service.committer.close)
    await trio.to_thread.run_sync(service.readers.close)
    service.passwords.close()


def listen(config: Config) -> list[socket.socket]:
    """Return listening sockets on every address that the configured one stands for.

    Raises:
        ConfigError: It cannot be listened on.
    """
    address = config.server.listen
    try:
        found = socket.getaddrinfo(address.host or None, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        listeners: list[socket.socket] = []
        for family, _, _, _, where in found:
            if listeners and address.port == 0:
                break  # Each would take a port of its own.
            listeners.append(socket.create_server(where[:2], family=family, backlog=BACKLOG))
    except OSError as error:
        raise ConfigError([f"cannot listen on {address}: {error.strerror or error}"]) from error
    return listeners


def tls_context(config: Config) -> ssl.SSLContext | None:
    """Return the TLS context the configuration asks for, None without one.

    Raises:
        ConfigError: The certificate or its key cannot be read.
    """
    certificate, key = config.server.tls_cert, config.server.tls_key
    if certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key)
    except OSError as error:
        raise ConfigError([f"cannot use {certificate} with {key}: {error.strerror or error}"]) from error
    return context


def _announce(facts: dict[str, str]) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()
