"""The machine's limit: a bare loop of sends (programs/bare_loop.py). Its messages are bodies, one after the other."""

import platform
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

from benchmarks.servers import Running, running
from benchmarks.systems.base import BODY_BYTES, Seat
from benchmarks.systems.programs.bare_loop import COUNT_BYTES


class Stream:
    """Bodies, one after the other."""

    acks = 0

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Take what was received; return the bodies that are complete with it."""
        received = self._rest + data
        whole = len(received) - len(received) % BODY_BYTES
        self._rest = received[whole:]
        return [received[at : at + BODY_BYTES] for at in range(0, whole, BODY_BYTES)]


class Says:
    """Says a body as it is."""

    def say(self, number: int, text: bytes) -> bytes:  # noqa: ARG002 - nothing but the text is sent.
        """Return `text`."""
        return text


class Limit:
    """The bare loop."""

    name = "limit"
    stores = acks = False
    alike = own = True

    def version(self) -> str:
        """Return what runs it."""
        return f"Python {platform.python_version()}"

    def missing(self) -> str | None:
        """Return None: it is always here."""

    @contextmanager
    def serve(self) -> Iterator[Running]:
        """Run it; it serves one room."""
        with running([sys.executable, "-m", "benchmarks.systems.programs.bare_loop"], {}) as server:
            yield server

    def room(self, server: Running, members: int) -> Sequence[Seat]:
        """Return `members` connections, all of which hear what the first one says."""
        where = urlsplit(server.url)
        seats = []
        for number in range(members):
            connection = socket.create_connection((where.hostname, where.port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if not number:
                connection.sendall(members.to_bytes(COUNT_BYTES, "big"))
            connection.settimeout(0)
            seats.append(Seat(connection, Stream(), Says()))
        return seats

    def pairs(self, server: Running, pairs: int) -> Sequence[tuple[Seat, Seat]]:
        """Raise NotImplementedError: nobody else speaks there."""
        raise NotImplementedError
