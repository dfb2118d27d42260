"""What a benchmark needs of a system, ours and the peers' alike: a server, people in a room, people in pairs.

A body is `BODY_BYTES` long whatever the system, printable, and begins with who says it and the how manieth thing of
theirs it is, so that every delivery of every system is counted and its sequence checked in the same way.
"""

import socket
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from hashlib import shake_128
from typing import Protocol

from benchmarks.servers import Running

BODY_BYTES = 128
_SPEAKER, _NUMBER = 6, 12  # Digits.


def body(speaker: int, number: int, size: int = BODY_BYTES) -> bytes:
    """Return what `speaker` says as their `number`th thing, `size` printable bytes; both count from 1.

    No two are much alike: what is said in public again and again is held by the built-in checks, as it should be.
    """
    head = b"%06d%012d" % (speaker, number)
    rest = size - len(head)
    return head + shake_128(head).hexdigest(rest // 2 + 1)[:rest].encode()


def said_by(text: bytes) -> tuple[int, int]:
    """Return who said `text`, and the how manieth thing of theirs it is.

    Raises:
        ValueError: It is not what `body` makes.
    """
    return int(text[:_SPEAKER]), int(text[_SPEAKER : _SPEAKER + _NUMBER])


class Heard(Protocol):
    """Reads one connection's stream. `acks`: how many of the things said here the server has acknowledged so far."""

    acks: int

    def feed(self, data: bytes) -> Iterable[bytes]:
        """Take what was received; return the bodies of the messages that are complete with it, in order.

        Raises:
            ConnectionError: The server refused something, or hung up.
        """


@dataclass(slots=True, eq=False)
class Seat:
    """One connection that is set up: its socket does not block any more, and nothing is left to read.

    `say` returns the bytes that say `text` there; `number` is the how manieth thing said on this connection it is.
    """

    socket: socket.socket
    heard: Heard
    speech: "Speech"

    def fileno(self) -> int:
        """Return the socket's descriptor, for a selector."""
        return self.socket.fileno()


class Speech(Protocol):
    """How to say something on one connection."""

    def say(self, number: int, text: bytes) -> bytes:
        """Return the bytes that say `text`; `number` counts the things said on this connection, from 1."""


class System(Protocol):
    """One system. Its driver speaks the system's own protocol and nothing more of it than the work needs.

    `name`: as in tables and for `--systems`. `stores`: whether it keeps what is said. `acks`: whether it says that it
    has. `alike`: whether all members of a room but the speaker get the same bytes, in which a body stands as it is, so
    that one need be parsed and the others compared. `own`: whether who says something in a pair gets it, too.
    """

    name: str
    stores: bool
    acks: bool
    alike: bool
    own: bool

    def version(self) -> str:
        """Return the version that would be run."""

    def missing(self) -> str | None:
        """Return why it cannot be run here and what would help, in one line; None if it can."""

    def serve(self) -> AbstractContextManager[Running]:
        """Run it on loopback for the length of the block: on a free port, in a folder that is thrown away."""

    def room(self, server: Running, members: int) -> Sequence[Seat]:
        """Return `members` connections that are all in one room; the first one speaks, all of them hear."""

    def pairs(self, server: Running, pairs: int) -> Sequence[tuple[Seat, Seat]]:
        """Return pairs of connections, each of which says things to the other.

        Raises:
            NotImplementedError: The system has no such thing.
        """
