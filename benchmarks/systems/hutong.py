"""hutong itself: durable, all checks on, its rate limits asked every time and far away."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version

import msgpack

from benchmarks.gate.hooks import gated
from benchmarks.load.closed_loop import settle
from benchmarks.load.crowd import gather, sign_up_all
from benchmarks.load.wire import Frames, Wire, masked, now_cid
from benchmarks.servers import UNLIMITED, Running, hutongd
from benchmarks.systems.base import Seat

TERMS = 10_000  # On the list of the built-in check.
SETTINGS = {
    **dict.fromkeys([*UNLIMITED, "HUTONG_RATES_PUBLISH"], "999999999/1s"),
    "HUTONG_LIMITS_HEARTBEAT_S": "3600",  # Those who only listen answer no pings.
    "HUTONG_LIMITS_CONNECTIONS": "12000",
}
_ASKED = 10**6  # Requests before the first thing said.
_PATIENCE_S = 30.0


class Stream:
    """What the server sends on one connection: entries with a body are heard, replies are acknowledgements."""

    def __init__(self) -> None:
        self.acks = 0
        self._frames = Frames()

    def feed(self, data: bytes) -> list[bytes]:
        """Take what was received; return the bodies that are complete with it.

        Raises:
            ConnectionError: Something said was refused or is not public, or the server closed the connection.
        """
        bodies = []
        for payload in self._frames.feed(data):
            message = msgpack.unpackb(payload)
            match message:
                case {"ev": "entry", "entry": {"body": said}}:
                    bodies.append(self.text(said))
                case {"error": error}:
                    raise ConnectionError(str(error))
                case {"re": _, "submission": {"state": state}} if state != "published":
                    raise ConnectionError(f"what was to be published is {state}")
                case {"re": _}:
                    self.acks += 1
        return bodies

    def text(self, said: bytes) -> bytes:
        """Return what the body of an entry says."""
        return said


class PublicStream(Stream):
    """In a public group a body is a publication, of which the text counts."""

    def text(self, said: bytes) -> bytes:
        """Return the text of what was published."""
        text: str = msgpack.unpackb(said)["content"]["text"]
        return text.encode()


@dataclass(frozen=True, slots=True)
class Sends:
    """Says things in a private topic."""

    topic: str

    def say(self, number: int, text: bytes) -> bytes:
        """Return the frame of a `send`."""
        asked = {"op": "send", "id": _ASKED + number, "cid": now_cid(), "topic": self.topic, "body": text}
        return masked(msgpack.packb(asked))


@dataclass(frozen=True, slots=True)
class Publishes:
    """Says things in a public group."""

    topic: str

    def say(self, number: int, text: bytes) -> bytes:
        """Return the frame of a `publish`."""
        asked = {
            "op": "publish",
            "id": _ASKED + number,
            "cid": now_cid(),
            "topic": self.topic,
            "surface": "group_message",
            "content": {"text": text.decode()},
        }
        return masked(msgpack.packb(asked))


class Hutong:
    """A private group, of at most 500."""

    name = "hutong"
    stores = acks = alike = own = True

    def version(self) -> str:
        """Return the version that is installed here."""
        return version("hutong")

    def missing(self) -> str | None:
        """Return None: it is always here."""

    @contextmanager
    def serve(self) -> Iterator[Running]:
        """Run hutongd on a store that is thrown away."""
        with hutongd(environment=SETTINGS) as server:
            yield server

    def room(self, server: Running, members: int) -> Sequence[Seat]:
        """Return the connections of a private group's members; its owner speaks."""
        people = sign_up_all(server.url, (f"member-{number}-x" for number in range(members)))
        topic = gather(people, public=False)
        wires = [wire for wire, _ in people]
        settle(wires)
        return [_seated(wire, Stream(), Sends(topic)) for wire in wires]

    def pairs(self, server: Running, pairs: int) -> Sequence[tuple[Seat, Seat]]:
        """Return both sides of chats that are begun."""
        people = sign_up_all(server.url, (f"side-{number}-x" for number in range(2 * pairs)))
        topics = []
        for (wire, _), (_, person) in zip(people[::2], people[1::2], strict=True):
            topics.append(wire.request("send", cid=now_cid(), to=person, body=b"hello")["topic"])
        settle([wire for wire, _ in people])
        seats = [
            tuple(_seated(wire, Stream(), Sends(topic)) for wire in (left, right))
            for (left, _), (right, _), topic in zip(people[::2], people[1::2], topics, strict=True)
        ]
        return [(left, right) for left, right in seats]


class HutongPublic(Hutong):
    """A public group: what is said there passes the gate and its built-in checks."""

    name = "hutong-public"

    @contextmanager
    def serve(self) -> Iterator[Running]:
        """Run hutongd with the built-in checks, on a store that is thrown away."""
        with gated("checks", terms=TERMS, seed=3, environment=SETTINGS) as server:
            yield server

    def room(self, server: Running, members: int) -> Sequence[Seat]:
        """Return the connections of a public group's members, after all of them have been announced."""
        people = sign_up_all(server.url, (f"member-{number}-x" for number in range(members)))
        topic = gather(people, public=True)
        wires = [wire for wire, _ in people]
        _wait_for_arrivals(wires[0], members - 1)
        settle(wires)
        return [_seated(wire, PublicStream(), Publishes(topic)) for wire in wires]

    def pairs(self, server: Running, pairs: int) -> Sequence[tuple[Seat, Seat]]:
        """Raise NotImplementedError: a chat is private."""
        raise NotImplementedError


def _wait_for_arrivals(wire: Wire, people: int) -> None:
    """Read until the entries of a public group have spoken of so many who came: they come every few seconds."""
    wire.socket.settimeout(_PATIENCE_S)
    while people > 0:
        for payload in wire.poll():
            match msgpack.unpackb(payload):
                case {"ev": "entry", "entry": {"kind": "joined", "count": count}}:
                    people -= count


def _seated(wire: Wire, heard: Stream, speech: Sends | Publishes) -> Seat:
    wire.socket.settimeout(0)
    return Seat(wire.socket, heard, speech)
