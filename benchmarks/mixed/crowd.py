"""Everybody but those who chat, in a process of their own: they come together as planned, and the day goes by."""

from collections.abc import Sequence
from contextlib import closing
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random

from benchmarks.broadcast.accounts import Review
from benchmarks.load.closed_loop import among_friends, in_group, settle
from benchmarks.load.crowd import ask_all, sign_up_all
from benchmarks.load.open_loop import OpenLoop, Place
from benchmarks.load.small_chats import sentence
from benchmarks.load.wire import Wire
from benchmarks.mixed.plan import Circle, draw
from benchmarks.servers import Running

SENTENCES = {"private groups": 1, "public groups": 1, "moments": 3, "broadcasts": 12}  # On the average.


def text_of(kind: str, source: Random) -> str:
    """Return what may be said in a place of this kind."""
    return "\n".join(sentence(source) for _ in range(source.randint(1, 2 * SENTENCES[kind] - 1)))


def be_the_crowd(server: Running, data: Path, people: int, rate_scale: float, seed: int, orders: Connection) -> None:
    """Come together; then, whenever it is ordered, live for a while and tell what came of it, by kind.

    What is told first is, for each place, its kind and how many hear what is said there.
    """
    residents = sign_up_all(server.url, (f"resident-{number}" for number in range(people)))
    with closing(Review(server, data)) as review:
        places = [
            _place(server, review, circle, [residents[each] for each in circle.people], number)
            for number, circle in enumerate(draw(people, seed))
        ]
    wires = [wire for wire, _ in residents]
    settle(wires, quiet_s=1.0)
    rate = rate_scale * sum(place.share for place in places)
    with closing(OpenLoop(places, hearing=wires)) as loop:
        orders.send([(place.kind, place.hearers) for place in places])
        while True:
            number, seconds = orders.recv()
            source = Random(f"{seed} {number}")
            text = partial(text_of, source=source)
            orders.send(loop.stretch(rate=rate, seconds=seconds, source=source, text=text))


def _place(server: Running, review: Review, circle: Circle, people: Sequence[tuple[Wire, str]], number: int) -> Place:
    """Have `people` come together; who posts or broadcasts to them is somebody else."""
    wires = [wire for wire, _ in people]
    way, name = circle.traffic.way, circle.traffic.name
    match way:
        case "message" | "group_message":
            topic = in_group(people, public=way == "group_message").topic
            return Place(name, way, topic, wires, len(people) - 1, circle.share)
        case "moment":
            (author,) = sign_up_all(server.url, [f"author-{number}"])
            topic = among_friends(author, people).topic
            return Place(name, way, topic, author[:1], len(people), circle.share)
        case "broadcast":
            ((owner, _),) = sign_up_all(server.url, [f"owner-{number}"])
            topic = review.open_account(owner, f"Account {number}")
            ask_all(wires, "follow", topic=topic)
            return Place(name, way, topic, (owner,), len(people), circle.share)
