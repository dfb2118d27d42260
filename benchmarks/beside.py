"""How long a small chat waits beside a busy group: alone, with a large group talking, and with the machine as busy.

The group's members are another process: one of them talks at random times, all of them read. In a third kind of stretch
the chats are alone on the server, and a process like that one reads as much from a bare loop of sends, which is another
server: what that costs the chats is the machine's doing. One run does all, in turn, several times.
"""

import time
from collections.abc import Sequence
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from selectors import EVENT_READ, DefaultSelector
from typing import Any

import click

from benchmarks.checks import dialogue
from benchmarks.figures import Report, Row, progress, quantile
from benchmarks.gate.hooks import gated
from benchmarks.load.closed_loop import PATIENCE_S, in_group, settle
from benchmarks.load.crowd import sign_up_all
from benchmarks.load.open_loop import Flow, OpenLoop, Place, arrivals
from benchmarks.load.small_chats import ALONE, SmallChats, Stretch, in_turn, tell
from benchmarks.load.worker import worker
from benchmarks.options import common, option, quick, reported, terms_option
from benchmarks.servers import Running, raise_limit
from benchmarks.systems.base import body
from benchmarks.systems.limit import Limit
from protocol.limits import PRIVATE_GROUP_MEMBERS

TEXT_CHARS = 100
DELIVERIES_PER_S = 20_000  # In the group: it leaves two processors some room.
GROUP = "the group"
BESIDE, MACHINE = "beside the group", "alone, the machine as busy"


def be_a_group(server: Running, members: int, rate: float, seed: int, orders: Connection) -> None:
    """Gather a group; then, whenever it is ordered, talk at `rate` and tell what came."""
    is_public, texts = members > PRIVATE_GROUP_MEMBERS, dialogue(TEXT_CHARS, Random(seed))
    people = sign_up_all(server.url, (f"member-{number}" for number in range(members)))
    speaker = in_group(people, public=is_public)
    wires = [wire for wire, _ in people]
    settle(wires, quiet_s=1.0)
    place = Place(GROUP, speaker.way, speaker.topic, (speaker.mouth,), hearers=members - 1, share=1)
    with closing(OpenLoop([place], hearing=wires)) as loop:
        orders.send(None)
        while True:
            number, seconds = orders.recv()
            source = Random(f"{seed} {number}")
            flows = loop.stretch(rate=rate, seconds=seconds, source=source, text=lambda _: next(texts))
            orders.send(flows[GROUP])


def be_in_a_room(server: Running, members: int, rate: float, seed: int, orders: Connection) -> None:
    """Be all who hear what a bare loop tells; then do as a group does, at the same times."""
    seats = Limit().room(server, members)
    mouth = seats[0]
    with DefaultSelector() as selector:
        for seat in seats:
            selector.register(seat, EVENT_READ, seat)
        orders.send(None)
        while True:
            number, seconds = orders.recv()
            times = arrivals(Random(f"{seed} {number}"), rate=rate, seconds=seconds)
            flow, begun = Flow(), time.perf_counter()
            while flow.deliveries < len(times) * members:
                now = time.perf_counter() - begun
                if flow.said < len(times) and times[flow.said] <= now:
                    flow.said += 1
                    mouth.socket.sendall(mouth.speech.say(flow.said, body(1, flow.said)))
                wait = times[flow.said] - now if flow.said < len(times) else PATIENCE_S
                for key, _ in selector.select(max(0.0, wait)):
                    received = key.data.socket.recv(1 << 16)
                    if not received:
                        raise ConnectionError("the bare loop hung up")
                    flow.deliveries += len(key.data.heard.feed(received))
            orders.send(flow)


def measure(
    report: Report,
    *,
    members: int,
    rate: float,
    pairs: int,
    pace: float,
    terms: int,
    rounds: int,
    seconds: float,
    seed: int,
) -> None:
    """Have the chats go on in all three ways in turn, in another order each time."""
    raise_limit(members + 2 * pairs + 200)
    with (
        gated("checks", terms=terms, seed=seed) as server,
        Limit().serve() as bare,
        worker(be_a_group, server, members, rate, seed) as group,
        worker(be_in_a_room, bare, members, rate, seed) as room,
    ):
        for other in (room, group):
            other.answer()
        progress(f"{members:,} are in a group")
        others = {ALONE: None, BESIDE: group, MACHINE: room}
        with SmallChats(server, pairs, pace=pace, seed=seed) as chats:
            kinds = in_turn(chats, others, rounds=rounds, seconds=seconds, source=Random(seed))
        title = f"{pairs} small chats, and a group of {members:,}"
        tell(report, title, kinds, count=lambda flow: flow.deliveries)
        _tell_group(report, kinds[BESIDE], members)


def _tell_group(report: Report, stretches: Sequence[Stretch], members: int) -> None:
    flow = Flow()
    for stretch in stretches:
        flow.add(stretch.beside)
    cpu_s, seconds = sum(stretch.cpu_s for stretch in stretches), sum(stretch.seconds for stretch in stretches)
    row: Row = {
        "group": "private" if members <= PRIVATE_GROUP_MEMBERS else "public",
        "members": members - 1,
        "window": None,
        "said": flow.said,
        "deliveries": flow.deliveries,
        "deliveries_per_s": flow.deliveries / seconds,
        "cpu_us_per_delivery": cpu_s / flow.deliveries * 1e6,
        "p50_ms": quantile(flow.last_ms, 0.5),
        "p99_ms": quantile(flow.last_ms, 0.99),
        "lost": flow.lost,
        "duplicated": flow.duplicated,
    }
    report.table("The group in that time, from the intended time to its last member; CPU with the chats'", [row])


@click.command(epilog="Example: hutong-bench beside --members 10000")
@option("--members", 500, "Of the busy group, all online; more than 500 are a public group, behind the gate.", least=2)
@click.option(
    "--rate",
    type=click.FloatRange(0, min_open=True),
    help="Messages a second in the group; by default as many as make 20,000 deliveries.",
)
@option("--pairs", 5, "Small chats.")
@option("--pace", 200.0, "Messages a second in the chats together.")
@terms_option(10_000)
@quick(members=20, rate=20.0, pairs=2, pace=100.0, terms=100, rounds=1, seconds=0.5)
@common(rounds=3, seconds=5.0)
def main(file: Path | None, members: int, rate: float | None, **asked: Any) -> None:
    """Measure small chats alone and beside a busy group."""
    reported("beside", measure, file, members=members, rate=rate or DELIVERIES_PER_S / members, **asked)
