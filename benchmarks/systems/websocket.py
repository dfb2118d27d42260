"""What the WebSocket peers have in common: a server of one room that sends whatever comes to all who are in it.

Whoever has come in gets an empty message; nothing else is sent that nobody has said.
"""

from collections.abc import Sequence

from benchmarks.load.wire import Frames, Wire, masked
from benchmarks.servers import Running
from benchmarks.systems.base import Seat
from benchmarks.systems.machine import package_version


class Payloads(Frames):
    """What is heard on a WebSocket: the payload is the body, and nothing is acknowledged."""

    acks = 0


class Bare:
    """A body is said as one binary message."""

    def say(self, number: int, text: bytes) -> bytes:  # noqa: ARG002
        """Return the frame."""
        return masked(text)


class OneRoom:
    """A server of one room: it stores nothing and acknowledges nothing, and all get the same bytes."""

    name: str
    stores = acks = own = False
    alike = True

    def room(self, server: Running, members: int) -> Sequence[Seat]:
        """Return `members` connections that have all been told that they are in."""
        wires = [Wire(server.url, subprotocol=None) for _ in range(members)]
        for wire in wires:
            greeting = list(wire.frames.feed(b""))
            while not greeting:
                greeting = list(wire.poll())
        return [seated(wire) for wire in wires]

    def pairs(self, server: Running, pairs: int) -> Sequence[tuple[Seat, Seat]]:
        """There is one room.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError(f"{self.name} has one room and no pairs")


class Websockets(OneRoom):
    """A room of `websockets`, which hutong depends on: it is always there."""

    def version(self) -> str:
        """Return the version that would be run."""
        return package_version("websockets") or ""

    def missing(self) -> None:
        """Return that nothing is."""


def seated(wire: Wire) -> Seat:
    """Return the seat of a connection on which nothing is left to read."""
    wire.socket.settimeout(0)
    return Seat(wire.socket, Payloads(), Bare())
