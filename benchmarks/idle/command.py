"""Memory of connections that are signed in and idle, and how soon all of them are back after the server restarted."""

import math
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import click

from benchmarks import grown_store
from benchmarks.figures import Report, progress, quantile
from benchmarks.idle.drivers import driving
from benchmarks.idle.lines import Had, Returned
from benchmarks.idle.world import World, world
from benchmarks.measurement import Measurement
from benchmarks.options import json_option, option, reported, seed_option
from benchmarks.servers import Running, raise_limit
from protocol.entries import Side

SPARE_FILES = 128
STEPS = (4, 2, 1)  # Memory is taken when a fourth, a half and all of them are there.
QUIET_S = 1.0  # Nothing has come for so long: it has settled.
ONE_IN = 50  # Devices that say something as the server stops; topics in which more is said while it is away.
MEMORY = (
    *("connections", "memory_kib", "pss_kib", "anonymous_kib"),
    *("memory_kib_per_connection", "memory_kib_per_further_connection"),
)
RETURN = (
    *("connections", "away_s", "resume_s", "p50_ms", "p99_ms", "tries_that_failed", "cpu_s", "cpu_ms_per_connection"),
    *("memory_kib", "driver_busy", "deliveries", "lost", "duplicated"),
)


@dataclass(frozen=True, slots=True)
class Memory:
    """What the server has when so many are signed in, in KiB: see proc(5), `smaps_rollup`."""

    connections: int
    resident: int
    proportional: int
    anonymous: int

    @classmethod
    def of(cls, server: Running, connections: int) -> "Memory":
        """Ask the system."""
        lines = Path(f"/proc/{server.pid}/smaps_rollup").read_text().splitlines()[1:]
        found = {name.rstrip(":"): int(number) for name, number, _ in map(str.split, lines)}
        return cls(connections, found["Rss"], found["Pss"], found["Anonymous"])

    def each(self, before: "Memory") -> float:
        """Return the resident memory that each connection since `before` has brought, in KiB."""
        return (self.resident - before.resident) / (self.connections - before.connections)


@click.command("idle", epilog="Example: hutong-bench idle --connections 1000 --drivers 2")
@option("--connections", 10_000, "People, each with one device, all signed in.")
@option("--chats", 20, "Of each of them; an even number.")
@option("--groups", 5, "Of each of them, 5 to 50 members large.")
@option("--follows", 30, "Accounts that each of them follows.")
@option("--accounts", 100, "Accounts there are.")
@option("--drivers", 1, "Processes that drive the devices.")
@click.option("--jitter/--no-jitter", default=True, help="Wait as the stopping server asks, or come back at once.")
@seed_option
@json_option
def main(file: Path | None, **asked: Any) -> None:
    """Memory of an idle connection, and how long it takes until all are back after a restart."""
    try:
        reported("idle", measure, file, **asked)
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def measure(
    report: Report,
    *,
    connections: int,
    chats: int,
    groups: int,
    follows: int,
    accounts: int,
    drivers: int,
    jitter: bool,
    seed: int,
) -> None:
    """Let all sign in, restart the server, and wait until all are back."""
    raise_limit(connections + SPARE_FILES)
    sizes = {"people": connections, "chats": chats, "groups": groups, "follows": follows, "accounts": accounts}
    with world(**sizes, seed=seed) as town, ExitStack() as stack:
        with town.served() as server:
            memory = [Memory.of(server, 0)]
            crowd = stack.enter_context(driving(server.url, town.devices, processes=drivers, jitter=jitter, seed=seed))
            for count in (connections // step for step in STEPS):
                crowd.share("sign_in", count, quiet_s=QUIET_S)
                memory.append(Memory.of(server, count))
            said = max(connections // ONE_IN, 1)
            crowd.share("speak", said)
            crowd.all("forget")
            stopping = time.perf_counter()
        said += _say_more(town, Random(seed))
        with town.served(port=_port(server.url)) as server:
            listening, before = time.perf_counter(), server.cpu_s()
            back: list[Returned] = crowd.all("come_back")
            used = server.cpu_s() - before
            after = Memory.of(server, connections)
            had: list[Had] = crowd.all("had", data=town.data)
    _tell_memory(report, memory)
    _tell_return(report, after, back, had, away_s=listening - stopping, listening=listening, cpu_s=used)
    report.note(
        "Memory is that of the server's process, since before the first connection; what the system itself holds for"
        " sockets is not in it. away_s is from the signal to stop until the server listens again, resume_s from then"
        " until the last device has everything."
        f" p50 and p99: of a device, from its connecting. {said:,} things were said as the server stopped, or while it"
        f" was away; devices {'waited as it asked them to' if jitter else 'came back at once'}."
    )


def _say_more(town: World, source: Random) -> int:
    """Have something more been said while nobody listened; return in how many topics."""
    topics = sorted(grown_store.heads(town.data, Side.PRIVATE))
    chosen = source.sample(topics, max(len(topics) // ONE_IN, 1))
    grown_store.say_more(town.data, chosen, time.time_ns() // 10**6, source)
    progress(f"{len(chosen):,} things said while the server was away")
    return len(chosen)


def _port(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port


def _tell_memory(report: Report, memory: Sequence[Memory]) -> None:
    first = memory[0]
    rows = [
        _measurement(
            after.connections,
            memory_kib=after.resident,
            pss_kib=after.proportional,
            anonymous_kib=after.anonymous,
            memory_kib_per_connection=after.each(first),
            memory_kib_per_further_connection=after.each(before),
        )
        for before, after in pairwise(memory)
    ]
    report.measurements(f"Idle and signed in; without any, the server has {first.resident:,} KiB", rows, MEMORY)


def _tell_return(
    report: Report,
    after: Memory,
    back: Sequence[Returned],
    had: Sequence[Had],
    *,
    away_s: float,
    listening: float,
    cpu_s: float,
) -> None:
    seconds = max(each.last for each in back) - listening
    took_ms = [took * 1000 for each in back for took in each.took_s]
    deliveries = sum(each.taken for each in had)
    found = _measurement(
        after.connections,
        deliveries=deliveries,
        deliveries_per_s=deliveries / seconds,
        p50_ms=quantile(took_ms, 0.5),
        p99_ms=quantile(took_ms, 0.99),
        lost=sum(each.lost + each.unheard for each in had),
        duplicated=sum(each.duplicated for each in had),
        away_s=away_s,
        resume_s=seconds,
        tries_that_failed=sum(each.tries for each in back),
        cpu_s=cpu_s,
        cpu_ms_per_connection=cpu_s * 1000 / after.connections,
        memory_kib=after.resident,
        driver_busy=max(each.busy for each in back),
    )
    report.measurements("All of them back after a restart", [found], RETURN)


def _measurement(
    connections: int,
    *,
    deliveries: int = 0,
    deliveries_per_s: float = math.nan,
    p50_ms: float = math.nan,
    p99_ms: float = math.nan,
    lost: int = 0,
    duplicated: int = 0,
    **more: float,
) -> Measurement:
    return Measurement(
        benchmark="idle",
        system="hutong",
        version=version("hutong"),
        members=connections,
        window=None,
        deliveries=deliveries,
        deliveries_per_s=deliveries_per_s,
        cpu_us_per_delivery=math.nan,  # Coming back is what costs, not what was missed meanwhile.
        p50_ms=p50_ms,
        p99_ms=p99_ms,
        lost=lost,
        duplicated=duplicated,
        more={"connections": connections, **more},
    )
