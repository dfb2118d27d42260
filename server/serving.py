"""`hutongd serve`: the order in which everything opens and closes, the signals, and the first line on stdout."""

import gc
import json
import signal
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path

import structlog
import trio

from compliance.bench import Bench
from compliance.checks.registry import CHECKS
from compliance.leaves import configuration as configuration_leaf
from compliance.leaves import rules_reloaded
from protocol.entries import Side
from protocol.errors import CloseCode
from protocol.ids import TopicId
from server.app import Service, Stores, bench_of, build
from server.clock import SystemClock
from server.config import Config
from server.errors import ConfigError
from server.hooks.opening import opened
from server.hooks.panel import HookPanel
from server.store.lock import DataLock
from server.store.public_writes import Case, Record
from server.store.sqlite import PublicSqliteStore, SqliteStore, store_path

BACKLOG = 1024
# A thousand clients that come back in the same instant would find the door as narrow as it was.
RECONNECT_MS = (500, 5000)

log = structlog.get_logger("hutong.app")


async def serve(config: Config) -> None:
    """Serve until SIGINT or SIGTERM, then drain; a second signal stops at once.

    When it listens, the first line on stdout says where, as one JSON object.

    Raises:
        ConfigError: It cannot listen there, or the certificate cannot be read.
        StoreError: The store cannot be opened.
        SystemExit: The store failed while committing (exit code 1).
    """
    tls = tls_context(config)
    today = datetime.now(UTC).date()
    bench = bench_of(config, today=today)
    clock = SystemClock()
    listeners = listen(config)
    service: Service | None = None

    def post(call: Callable[[], None]) -> None:
        assert service is not None  # Hooks are asked by a service that runs.
        service.poller.post(call)

    try:
        with DataLock(config.server.data):
            # The hosts of plugins are there before the stores are open: they inherit nothing of them.
            async with opened(
                config.compliance.hooks,
                bench.pack,
                today=today,
                hook_user=config.compliance.hook_user,
                kinds=CHECKS,
                clock=clock,
                post=post,
            ) as panel:
                with open_stores(config.server.data) as stores:
                    lifecycle = _Lifecycle(trio.Event(), trio.CancelScope())
                    service = build(
                        config,
                        stores,
                        listeners,
                        bench=bench,
                        panel=panel,
                        clock=clock,
                        tls=tls,
                        broke=lifecycle.at_once.cancel,
                    )
                    service.recorder.record(configuration(bench, panel, at=clock.wall_ms()))
                    facts = {
                        "listening": _url(listeners[0], secure=tls is not None),
                        "version": version("hutong"),
                        "epoch": stores.private.epoch,
                        "public_epoch": stores.public.epoch,
                    }
                    with _frozen():
                        await _run(
                            service,
                            lifecycle,
                            panel,
                            unfinished=_unfinished(stores),
                            seconds=config.server.drain_s,
                            facts=facts,
                        )
    finally:
        for listener in listeners:
            listener.close()


@contextmanager
def _frozen() -> Iterator[None]:
    """Let the garbage collector leave alone what is there already, for the length of the block.

    All of it stays, and a full collection that goes through it takes 25 ms, during which everybody waits. Afterwards it
    counts again: what failed may hold a reader's cursor, and that the store's file.
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


async def _run(
    service: Service,
    lifecycle: "_Lifecycle",
    panel: HookPanel,
    *,
    unfinished: "_Unfinished",
    seconds: float,
    facts: dict[str, str],
) -> None:
    """Run `service` from its first connection to its last; what it had not finished when it last ran comes first."""
    for committer in service.committers:
        committer.start()
    try:
        with lifecycle.at_once:
            async with trio.open_nursery() as signals:
                await signals.start(_wait_for_signals, lifecycle, service, panel)
                async with trio.open_nursery() as hooks:
                    await hooks.start(panel.run)
                    async with trio.open_nursery() as polling:
                        service.gatekeeper.recover(unfinished.cases)
                        service.arrivals.recover(unfinished.arrived)
                        polling.start_soon(service.poller.run)
                        _announce(facts)
                        log.info("server.listening", url=facts["listening"])
                        await lifecycle.stopping.wait()
                        log.info("server.draining", links=service.poller.links)
                        await drain(service, seconds)
                    hooks.cancel_scope.cancel()
                signals.cancel_scope.cancel()
    finally:
        with trio.CancelScope(shield=True):
            await _close(service)
    if service.broken:
        log.critical("store.broken", reason=service.broken)
        raise SystemExit(1)
    log.info("server.stopped")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unfinished:
    """`cases`: submitted and not judged. `arrived`: groups into which people came that no entry has spoken of."""

    cases: tuple[Case, ...]
    arrived: tuple[TopicId, ...]


def _unfinished(stores: Stores) -> _Unfinished:
    with closing(stores.public.reader()) as reader:
        cases, unreadable = reader.waiting()
        for submission in unreadable:
            log.error("gate.unreadable", submission=submission)
        return _Unfinished(cases=cases, arrived=reader.unannounced())


@dataclass(frozen=True, slots=True)
class _Lifecycle:
    """`stopping`: drain, then end. `at_once`: end now."""

    stopping: trio.Event
    at_once: trio.CancelScope


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
    lifecycle: _Lifecycle,
    service: Service,
    panel: HookPanel,
    *,
    task_status: trio.TaskStatus[None],
) -> None:
    one_at_a_time = trio.Lock()
    async with trio.open_nursery() as reloads:
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals:
            task_status.started()
            async for number in signals:
                if number == signal.SIGHUP:  # A file may be long in coming: other signals must not wait for it.
                    reloads.start_soon(_reload, service, panel, one_at_a_time)
                elif lifecycle.stopping.is_set():
                    log.warning("server.stopping_at_once")
                    lifecycle.at_once.cancel()
                    return
                else:
                    lifecycle.stopping.set()


async def _reload(service: Service, panel: HookPanel, one_at_a_time: trio.Lock) -> None:
    """Read the rules of the built-in checks anew; a leaf says how many came and went."""
    async with one_at_a_time:
        found = await panel.reload()
    for reloaded in found:
        if reloaded.problem:
            log.error("hook.kept_old_rules", hook=reloaded.hook, problem=reloaded.problem)
            continue
        log.info("hook.reloaded", hook=reloaded.hook, came=reloaded.came, went=reloaded.went)
        leaf = rules_reloaded(
            at=service.clock.wall_ms(),
            hook=reloaded.hook,
            came=reloaded.came,
            went=reloaded.went,
            digest=reloaded.digest,
        )
        service.poller.post(partial(service.recorder.record, Record(leaf=leaf)))


def configuration(bench: Bench, panel: HookPanel, *, at: int) -> Record:
    """Return the leaf of what is in force, to be written if it is not what the last one said."""
    what = {"pack": f"{bench.pack.name} {bench.pack.version} {bench.pack.digest}"}
    what |= {"language": bench.language, "time_zone": str(bench.zone)}
    if (stated := bench.licence) is not None:
        span = f"{stated.valid_from} to {stated.valid_until}"
        what["licence"] = f"{stated.kind} {stated.number}, {stated.issuer}, {span}"
    what |= {f"hook {name}": rules for name, rules in panel.rules().items()}
    for hook in panel.hooks:
        for surface, watch in hook.watches.items():
            what[f"policy {hook.name} {surface}"] = f"{watch.on_error}, {watch.deadline_ms} ms"
    return Record(leaf=configuration_leaf(at=at, what=what), once=True)


async def _close(service: Service) -> None:
    """Finish what is committed already; nobody is answered any more."""
    for committer in service.committers:
        await trio.to_thread.run_sync(committer.close)
    for readers in service.readers:
        await trio.to_thread.run_sync(readers.close)
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


@contextmanager
def open_stores(data: Path) -> Iterator[Stores]:
    """Open both stores in the directory `data`, for the length of the block.

    Raises:
        StoreError: One of them cannot be opened.
    """
    if store_path(data, Side.PRIVATE).exists() and not store_path(data, Side.PUBLIC).exists():
        log.warning("store.public_begun", data=str(data))  # As after an upgrade; at any other time it has been lost.
    with (
        closing(SqliteStore.open(data, Side.PRIVATE)) as private,
        closing(PublicSqliteStore.open(data, Side.PUBLIC)) as public,
    ):
        yield Stores(private=private, public=public)


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


def _url(listener: socket.socket, *, secure: bool) -> str:
    host, port = listener.getsockname()[:2]
    return f"{'wss' if secure else 'ws'}://" + (f"[{host}]:{port}" if ":" in host else f"{host}:{port}")


def _announce(facts: dict[str, str]) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()
