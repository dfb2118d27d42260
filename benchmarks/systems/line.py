"""A connection while it is set up: it blocks, and is read up to what is waited for."""

import socket
from collections.abc import Sequence
from urllib.parse import urlsplit

from benchmarks.servers import Running
from benchmarks.systems.base import Heard, Seat, Speech

_PATIENCE_S = 30.0


class Line:
    """`refusals`: what, if the server says it, means that it will not say what is waited for."""

    def __init__(self, server: Running, refusals: Sequence[bytes]) -> None:
        where = urlsplit(server.url)
        self.socket = socket.create_connection((where.hostname, where.port), timeout=_PATIENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._refusals = refusals
        self._received = b""

    def send(self, data: bytes) -> None:
        """Send it whole."""
        self.socket.sendall(data)

    def until(self, mark: bytes) -> bytes:
        """Return what comes up to `mark` and with it; what comes after it waits to be read.

        Raises:
            ConnectionError: The server refused, or hung up.
            TimeoutError: It says nothing.
        """
        while True:
            before, found, after = self._received.partition(mark)
            if any(refusal in before for refusal in self._refusals):
                raise ConnectionError(f"refused: {before.decode(errors='replace')}")
            if found:
                self._received = after
                return before + found
            data = self.socket.recv(1 << 16)
            if not data:
                raise ConnectionError("the server hung up")
            self._received += data

    def seat(self, heard: Heard, speech: Speech) -> Seat:
        """Return its seat; what was read too far is taken by `heard`.

        Raises:
            ConnectionError: The server said something that is nobody's body.
        """
        if self._received:
            raise ConnectionError(f"not quiet: {self._received[:200]!r}")
        self.socket.settimeout(0)
        return Seat(self.socket, heard, speech)
