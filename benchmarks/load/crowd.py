"""Many people at once: each round of questions goes out on all connections before the first answer is waited for.

So the server stores many of them in one commit, and ten thousand have signed up in seconds.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from benchmarks.figures import progress
from benchmarks.load.wire import Wire, now_cid

AT_ONCE = 200  # Connections; what one server has waiting in its door's backlog is 1,024 at most.
STEP = 2000  # People between two lines of progress.


def ask_all(wires: Iterable[Wire], op: str, **fields: Any) -> list[dict[str, Any]]:
    """Ask the same on all of them; return the replies, in order.

    Raises:
        ConnectionError: One of them was refused.
    """
    return ask_each(((wire, fields) for wire in wires), op)


def ask_each(asking: Iterable[tuple[Wire, dict[str, Any]]], op: str) -> list[dict[str, Any]]:
    """Ask on each connection what belongs to it; return the replies, in order.

    Raises:
        ConnectionError: One of them was refused.
    """
    replies: list[dict[str, Any]] = []
    for portion in _portions(asking):
        for wire, fields in portion:
            wire.ask(op, **fields)
        replies += [wire.reply() for wire, _ in portion]
    return replies


def sign_up(url: str, handle: str) -> tuple[Wire, str]:
    """Register `handle` and return its connection, live, and its person."""
    wire = Wire(url)
    wire.request("hello", versions=[1])
    person: str = wire.request("register", handle=handle, password="correct horse")["person"]  # noqa: S106
    wire.request("sync", heads={})
    return wire, person


def sign_up_all(url: str, handles: Iterable[str]) -> list[tuple[Wire, str]]:
    """Register all of them and return, for each, the connection, live, and the person."""
    people: list[tuple[Wire, str]] = []
    for portion in _portions(handles):
        wires = [Wire(url) for _ in portion]
        ask_all(wires, "hello", versions=[1])
        asked = ({"handle": handle, "password": "correct horse"} for handle in portion)
        replies = ask_each(zip(wires, asked, strict=True), "register")
        ask_all(wires, "sync", heads={})
        people += [(wire, reply["person"]) for wire, reply in zip(wires, replies, strict=True)]
        if len(people) % STEP == 0:
            progress(f"{len(people):,} signed up")
    return people


def gather(people: Sequence[tuple[Wire, str]], *, public: bool) -> str:
    """Have the first of `people` found a group and all others come into it; return its topic."""
    (owner, _), others = people[0], people[1:]
    topic = found(owner, public=public)
    come_in(owner, topic, others, public=public)
    return topic


def found(owner: Wire, *, public: bool) -> str:
    """Found a group and return its topic."""
    topic: str = owner.request("group.found_public" if public else "group.found", cid=now_cid())["topic"]
    return topic


def come_in(owner: Wire, topic: str, people: Sequence[tuple[Wire, str]], *, public: bool) -> None:
    """Have `people`, connections and persons, come into the group; its owner invites them if it is private."""
    wires = [wire for wire, _ in people]
    if public:
        ask_all(wires, "group.join", topic=topic)
        return
    for _, person in people:
        owner.request("group.invite", topic=topic, person=person)
    for wire in wires:  # One after the other: many at once are each decided for a group that is another by then.
        wire.request("group.accept", cid=now_cid(), topic=topic)


def _portions(items: Iterable[Any]) -> Iterator[list[Any]]:
    rest = iter(items)
    while portion := list(islice(rest, AT_ONCE)):
        yield portion
