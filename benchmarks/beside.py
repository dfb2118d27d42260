"""How long a small chat waits beside a busy group: the latency of chats alone, and with a large group talking.

    python -m benchmarks.beside --members 500 --rate 40

Chats send at a fixed pace (an open loop; latency counts from the intended time, until the other side has the message).
The group's members are another process: one of them talks, all of them read. One run does both, in turn, several times.
"""

import multiprocessing
import os
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from selectors import EVENT_READ, DefaultSelector

import click
import msgpack
from rich.console import Console
from rich.table import Table

from benchmarks.chat import BODY, Talker, begin_chats, quantile, sign_up
from benchmarks.servers import hutongd
from benchmarks.wire import Wire, masked
from protocol.ids import new_cid

INVITED_AT_ONCE = 100  # What one founding may invite.


def now_cid() -> bytes:
    """Return a new cid of now."""
    return new_cid(time.time_ns() // 10**6)


def gather_group(url: str, members: int) -> tuple[list[Wire], str]:
    """Return the connections of a group's members, the owner first, and its topic."""
    people = [sign_up(url, f"member-{number}-x") for number in range(members)]
    owner = people[0][0]
    invited = [person for _, person in people[1:]]
    topic = owner.request("group.found", cid=now_cid(), invite=invited[:INVITED_AT_ONCE])["topic"]
    for person in invited[INVITED_AT_ONCE:]:
        owner.request("group.invite", topic=topic, person=person)
    for wire, _ in people[1:]:
        wire.request("group.accept", cid=now_cid(), topic=topic)
    return [wire for wire, _ in people], topic


def be_a_group(url: str, members: int, rate: float, orders: Connection) -> None:
    """Gather a group; then, for each order of so many seconds, talk at `rate` and tell how much was delivered."""
    wires, topic = gather_group(url, members)
    orders.send("ready")
    with DefaultSelector() as selector, suppress(EOFError):
        for wire in wires:
            wire.socket.settimeout(0)
            selector.register(wire, EVENT_READ, wire)
        request = 10**6
        while True:
            seconds = orders.recv()
            due, delivered = time.perf_counter(), 0
            ends = due + seconds
            while (now := time.perf_counter()) < ends:
                if now >= due:
                    request += 1
                    due += 1 / rate
                    message = {"op": "send", "id": request, "cid": now_cid(), "topic": topic, "body": BODY}
                    with suppress(BlockingIOError):
                        wires[0].socket.sendall(masked(msgpack.packb(message)))
                for key, _ in selector.select(max(0.0, min(due, ends) - time.perf_counter())):
                    delivered += sum(1 for _ in key.data.poll())
            orders.send(delivered)


def chat_at_pace(talkers: list[Talker], *, pace: float, seconds: float) -> list[float]:
    """Let the talkers speak in turn, `pace` messages a second in all; return the latencies in ms."""
    latencies: list[float] = []
    intended: dict[tuple[str, int], float] = {}
    due = begun = time.perf_counter()
    ends, number = begun + seconds, 0
    with DefaultSelector() as selector:
        for talker in talkers:
            selector.register(talker.wire, EVENT_READ, talker)
        while time.perf_counter() < ends or intended:
            now = time.perf_counter()
            if now >= due and now < ends:
                talker = talkers[number % len(talkers)]
                number += 1
                body = number.to_bytes(8, "big") + BODY
                message = {"op": "send", "id": 10**6 + number, "cid": now_cid(), "topic": talker.topic, "body": body}
                intended[talker.topic, number] = due
                talker.wire.socket.sendall(masked(msgpack.packb(message)))
                due += 1 / pace
            for key, _ in selector.select(max(0.0, min(due, ends) - time.perf_counter())):
                _take(key.data, talkers, intended, latencies)
    return latencies


def _take(
    hearer: Talker, talkers: list[Talker], intended: dict[tuple[str, int], float], latencies: list[float]
) -> None:
    for payload in hearer.wire.poll():
        entry = msgpack.unpackb(payload).get("entry")
        if entry is None:
            continue
        number = int.from_bytes(entry["body"][:8], "big")
        speaker = talkers[(number - 1) % len(talkers)]
        if speaker is not hearer and (entry["topic"], number) in intended:  # The speaker gets the entry as well.
            latencies.append((time.perf_counter() - intended.pop((entry["topic"], number))) * 1000)


@click.command()
@click.option("--members", default=500, show_default=True, help="Of the busy group, all online.")
@click.option("--rate", default=40.0, show_default=True, help="Messages a second in the group.")
@click.option("--pairs", default=5, show_default=True, help="Small chats.")
@click.option("--pace", default=200.0, show_default=True, help="Messages a second in the chats together.")
@click.option("--seconds", default=5.0, show_default=True, help="Of each stretch, alone and beside.")
@click.option("--rounds", default=3, show_default=True, help="Stretches of each kind.")
def main(members: int, rate: float, pairs: int, pace: float, seconds: float, rounds: int) -> None:
    """Measure small chats alone and beside a busy group, in one run."""
    alone: list[float] = []
    beside: list[float] = []
    delivered = 0
    with hutongd() as server:
        orders, theirs = multiprocessing.Pipe()
        group = multiprocessing.Process(target=be_a_group, args=(server.url, members, rate, theirs), daemon=True)
        group.start()
        talkers = begin_chats(server.url, pairs)
        orders.recv()
        chat_at_pace(talkers, pace=pace, seconds=1)
        for _ in range(rounds):
            alone += chat_at_pace(talkers, pace=pace, seconds=seconds)
            orders.send(seconds)
            beside += chat_at_pace(talkers, pace=pace, seconds=seconds)
            delivered += orders.recv()
        group.terminate()
        group.join()
    table = Table(title=f"Small chats and a group of {members}, {os.cpu_count()} processors")
    for column in ("chats", "messages", "p50 ms", "p99 ms", "max ms"):
        table.add_column(column, justify="left" if column == "chats" else "right")
    for name, latencies in (("alone", alone), ("beside the group", beside)):
        figures = (quantile(latencies, 0.5), quantile(latencies, 0.99), max(latencies))
        table.add_row(name, f"{len(latencies):,}", *(f"{figure:.2f}" for figure in figures))
    console = Console()
    console.print(table)
    console.print(
        f"p99 beside / alone: {quantile(beside, 0.99) / quantile(alone, 0.99):.2f}; "
        f"the group got {delivered / rounds / seconds:,.0f} deliveries a second"
    )


if __name__ == "__main__":
    main()
