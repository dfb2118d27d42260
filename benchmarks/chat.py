"""What a message costs the server: chats between two people, durable, beside a bare echo that stores nothing.

    python -m benchmarks.chat --pairs 100 --window 1

Every connection is busy: both sides of each chat keep `window` messages in flight. A message counts once it has been
acknowledged to its sender and delivered to the other side; every delivery is counted and its sequence checked. The echo
server has as many connections, each with the same bytes in flight.
"""

import os
import statistics
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from selectors import EVENT_READ, DefaultSelector

import click
import msgpack
from rich.console import Console
from rich.table import Table

from benchmarks.servers import Running, hutongd, trio_echo
from benchmarks.wire import Wire, masked
from protocol.ids import new_cid

BODY = b"x" * 128


@dataclass(slots=True)
class Figures:
    """What one run gave. CPU of the server process, all threads, per message."""

    system: str
    window: int
    messages: int
    cpu_us: float
    per_second: float
    latencies_ms: list[float] = field(default_factory=list, repr=False)
    lost: int = 0
    duplicated: int = 0


@dataclass(slots=True, eq=False)
class Talker:
    """One side of a chat, with what it has seen of the log."""

    wire: Wire
    topic: str = ""
    head: int = 0
    sent_at: dict[int, float] = field(default_factory=dict)
    acked: int = 0
    delivered: int = 0
    repeated: int = 0
    missed: int = 0


def sign_up(url: str, handle: str) -> tuple[Wire, str]:
    """Register `handle` and return its connection, live, and its person."""
    wire = Wire(url)
    wire.request("hello", versions=[1])
    person = wire.request("register", handle=handle, password="correct horse")["person"]  # noqa: S106
    wire.request("sync", heads={})
    return wire, person


def begin_chats(url: str, pairs: int) -> list[Talker]:
    """Return the two sides of `pairs` chats, each begun."""
    talkers = []
    for number in range(pairs):
        left, _ = sign_up(url, f"left-{number}-x")
        right, person = sign_up(url, f"right-{number}-x")
        topic = left.request("send", cid=new_cid(time.time_ns() // 10**6), to=person, body=BODY)["topic"]
        talkers += [Talker(left, topic, 1), Talker(right, topic, 1)]
    return talkers


def say(talker: Talker, request: int) -> None:
    """Send one message; its request id is `request`."""
    talker.sent_at[request] = time.perf_counter()
    cid = new_cid(time.time_ns() // 10**6)
    talker.wire.socket.sendall(
        masked(msgpack.packb({"op": "send", "id": request, "cid": cid, "topic": talker.topic, "body": BODY}))
    )


def hear(talker: Talker, latencies: list[float]) -> int:
    """Take in what came; return how many of one's own messages were acknowledged."""
    acks = 0
    for payload in talker.wire.poll():
        message = msgpack.unpackb(payload)
        entry = message.get("entry")
        if entry is not None:
            seq = entry["seq"]
            if seq == talker.head + 1:
                talker.head = seq
                talker.delivered += 1
            elif seq <= talker.head:
                talker.repeated += 1
            else:
                talker.missed += seq - talker.head - 1
                talker.head = seq
        elif message.get("re") in talker.sent_at:
            if "error" in message:
                raise RuntimeError(message["error"])
            latencies.append((time.perf_counter() - talker.sent_at.pop(message["re"])) * 1000)
            acks += 1
    talker.acked += acks
    return acks


@contextmanager
def selecting(wires: Mapping[Wire, object]) -> Iterator[DefaultSelector]:
    """Poll `wires`."""
    with DefaultSelector() as selector:
        for wire, data in wires.items():
            selector.register(wire, EVENT_READ, data)
        yield selector


def run_chats(server: Running, talkers: list[Talker], *, window: int, seconds: float) -> Figures:
    """Keep `window` messages of every talker in flight for `seconds`, then wait for the last deliveries."""
    latencies: list[float] = []
    request = 1_000_000
    for talker in talkers:
        talker.acked = talker.delivered = talker.repeated = 0
    with selecting({talker.wire: talker for talker in talkers}) as selector:
        begun, cpu = time.perf_counter(), server.cpu_s()
        for talker in talkers:
            for _ in range(window):
                request += 1
                say(talker, request)
        while True:
            over = time.perf_counter() - begun > seconds
            if over and sum(t.delivered for t in talkers) >= 2 * sum(t.acked + len(t.sent_at) for t in talkers):
                break
            for key, _ in selector.select(1):
                talker = key.data
                for _ in range(hear(talker, latencies)):
                    if not over:
                        request += 1
                        say(talker, request)
        took, used = time.perf_counter() - begun, server.cpu_s() - cpu
    messages = sum(talker.acked for talker in talkers)
    return Figures(
        "hutong, durable",
        window,
        messages,
        used / messages * 1e6,
        messages / took,
        latencies,
        lost=sum(talker.missed for talker in talkers),
        duplicated=sum(talker.repeated for talker in talkers),
    )


def run_echo(server: Running, *, connections: int, window: int, seconds: float) -> Figures:
    """Keep `window` messages of every connection in flight for `seconds`."""
    wires = [Wire(server.url, subprotocol=None) for _ in range(connections)]
    request = {"op": "send", "id": 1_000_001, "cid": bytes(16), "topic": "t" * 16, "body": BODY}
    frame = masked(msgpack.packb(request))
    messages = in_flight = 0
    latencies: list[float] = []
    with selecting({wire: wire for wire in wires}) as selector:
        begun, cpu = time.perf_counter(), server.cpu_s()
        sent_at = dict.fromkeys(wires, begun)
        for wire in wires:
            wire.socket.sendall(frame * window)
            in_flight += window
        while in_flight:
            over = time.perf_counter() - begun > seconds
            for key, _ in selector.select(1):
                wire = key.data
                got = sum(1 for _ in wire.poll())
                messages += got
                in_flight -= got
                now = time.perf_counter()
                latencies.append((now - sent_at[wire]) * 1000)
                sent_at[wire] = now
                if not over and got:
                    wire.socket.sendall(frame * got)
                    in_flight += got
        took, used = time.perf_counter() - begun, server.cpu_s() - cpu
    return Figures("websockets.trio echo", window, messages, used / messages * 1e6, messages / took, latencies)


def quantile(values: list[float], part: float) -> float:
    """Return the value below which `part` of `values` lie."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def show(title: str, runs: list[Figures]) -> None:
    """Print `runs` as a table."""
    table = Table(title=f"{title}, {os.cpu_count()} processors")
    for column in ("system", "window", "messages", "CPU µs/message", "messages/s", "p50 ms", "p99 ms", "lost", "twice"):
        table.add_column(column, justify="left" if column == "system" else "right")
    for run in runs:
        table.add_row(
            run.system,
            str(run.window),
            f"{run.messages:,}",
            f"{run.cpu_us:.1f}",
            f"{run.per_second:,.0f}",
            f"{statistics.median(run.latencies_ms):.2f}",
            f"{quantile(run.latencies_ms, 0.99):.2f}",
            str(run.lost),
            str(run.duplicated),
        )
    Console().print(table)


@click.command()
@click.option("--pairs", default=100, show_default=True, help="Chats; each has two busy connections.")
@click.option("--window", "windows", multiple=True, type=int, default=(1, 8), show_default=True, help="In flight.")
@click.option("--seconds", default=5.0, show_default=True, help="Of each run.")
def main(pairs: int, windows: tuple[int, ...], seconds: float) -> None:
    """Measure chats beside the bare echo, in one run."""
    runs: list[Figures] = []
    with hutongd() as server:
        talkers = begin_chats(server.url, pairs)
        run_chats(server, talkers, window=1, seconds=seconds)  # Once to warm up.
        runs += [run_chats(server, talkers, window=window, seconds=seconds) for window in windows]
    with trio_echo() as server:
        runs += [run_echo(server, connections=2 * pairs, window=window, seconds=seconds) for window in windows]
    show(f"One to one, {2 * pairs} busy connections", runs)


if __name__ == "__main__":
    main()
