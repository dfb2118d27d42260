"""What the server and a hook host say to each other over the control socket; a plugin never gets to see it.

The server sends the setup, in pieces; the host answers Ready or Unfit, once; from then on the server alone speaks: a
Fork comes with the socket of the worker to be, a Kill names a worker. The host says nothing more: a word from it then
is the plugin's, and the end of that host.
"""

import socket
from typing import TypeVar

import msgpack
import msgspec

from server.hooks.confine import Confinement, InForce

PIECE_BYTES = 32 * 1024
SETUP_BYTES = 4 << 20
REPLY_BYTES = 16 * 1024


class MessageError(ValueError):
    """What came over the control socket is no message."""


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """What a host is to become. `source`: of a plugin in one file called `file`; else `entry` is `module:object`."""

    hook: str
    entry: str
    file: str
    source: str
    options: dict[str, object]
    version: str
    cpu_s: int
    confinement: Confinement


class Ready(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The plugin is loaded and configured."""

    version: str
    in_force: InForce


class Unfit(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """It is not; `problem` says why."""

    problem: str


class Fork(msgspec.Struct, frozen=True, tag=True):
    """Make a worker that answers on the socket that comes with this."""

    worker: int


class Kill(msgspec.Struct, frozen=True, tag=True):
    """End that worker, if it has not ended."""

    worker: int


Order = Fork | Kill
Reply = Ready | Unfit
T = TypeVar("T")


def packed(message: Setup | Order | Reply) -> bytes:
    """Return `message` in MessagePack."""
    body: bytes = msgpack.packb(msgspec.to_builtins(message))
    return body


def unpacked(body: bytes, shape: type[T]) -> T:
    """Return the message that `body` is.

    Raises:
        MessageError: It is none of `shape`.
    """
    try:
        return msgspec.convert(msgpack.unpackb(body), shape)
    except (ValueError, msgpack.UnpackException, RecursionError) as error:
        raise MessageError(f"{len(body)} bytes that are no message") from error


def pieces(setup: Setup) -> list[bytes]:
    """Return what tells `setup`: how many bytes it has, then those.

    Raises:
        ValueError: It is larger than SETUP_BYTES.
    """
    body = packed(setup)
    if len(body) > SETUP_BYTES:
        raise ValueError(f"source and options have more than {SETUP_BYTES} bytes")
    starts = range(0, len(body), PIECE_BYTES)
    return [msgpack.packb(len(body)), *(body[start : start + PIECE_BYTES] for start in starts)]


def receive_setup(control: socket.socket) -> Setup:
    """Read the setup from `control`. Blocks.

    Raises:
        EOFError: The server is gone.
    """
    size: int = msgpack.unpackb(_some(control))
    body = bytearray()
    while len(body) < size:
        body += _some(control)
    return unpacked(bytes(body), Setup)


def _some(control: socket.socket) -> bytes:
    piece = control.recv(PIECE_BYTES)
    if not piece:
        raise EOFError
    return piece
