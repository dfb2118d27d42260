"""Everything that a server in memory leaves behind: what it logs at its loudest, its two stores, its audit log."""

import io
import logging
import sqlite3
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import structlog

from protocol.codec import decode_from_server
from protocol.frames import Push
from server import logs
from tests.support.adapters import payloads
from tests.support.inline import Caller, InlineServer


class Records:
    """While it is entered, the root logger and structlog are at DEBUG and write here, as `hutongd serve` writes."""

    def __init__(self) -> None:
        self._stream = io.StringIO()
        self._before: tuple[list[logging.Handler], int, dict[str, Any]] = ([], 0, {})

    @property
    def log(self) -> str:
        """All that was logged."""
        return self._stream.getvalue()

    def __enter__(self) -> Self:
        root = logging.getLogger()
        self._before = (root.handlers[:], root.level, structlog.get_config())
        logs.configure("debug", self._stream)
        raw = logging.StreamHandler(self._stream)
        raw.setFormatter(logging.Formatter("%(name)s %(message)s %(args)s"))
        root.addHandler(raw)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        root = logging.getLogger()
        root.handlers[:], level, before = self._before
        root.setLevel(level)
        structlog.configure(**before)


def leaves_of(server: InlineServer) -> list[bytes]:
    """Return the leaves of the audit log."""
    rows = public(server).execute("SELECT leaf FROM leaves ORDER BY number")
    return [bytes(row[0]) for row in rows]


def public(server: InlineServer) -> sqlite3.Connection:
    """Return the connection that writes the public store."""
    connection: sqlite3.Connection = server.public_store._writer._connection
    return connection


def private(server: InlineServer) -> sqlite3.Connection:
    """Return the connection that writes the private store."""
    connection: sqlite3.Connection = server.store._writer._connection
    return connection


def raw(connection: sqlite3.Connection) -> bytes:
    """Return a store as the file that it would be, pages that are free included."""
    return connection.serialize()


def heard(caller: Caller) -> Iterator[tuple[bytes, dict[Any, Any] | Push]]:
    """Take all that has come to `caller`: each message as it came, and as it is read."""
    frames, caller.peer.frames = caller.peer.frames, []
    for payload in payloads(b"".join(frames)):
        yield payload, decode_from_server(payload)
