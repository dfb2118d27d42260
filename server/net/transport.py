"""A socket as the poller uses one: nothing here waits."""

import socket
from collections.abc import Callable, Sequence
from typing import Protocol

from server.net.outbox import Piece


class Transport(Protocol):
    """Bytes to and from one peer. Every method may raise OSError, after which only `close` makes sense."""

    @property
    def unsent(self) -> bool:
        """Whether bytes that `send` took still wait for the socket."""

    @property
    def write(self) -> Callable[[bytes], int] | None:
        """What writes one piece to the socket and returns how much it took; None where bytes do not go there as is."""

    def fileno(self) -> int:
        """Return what a selector watches."""

    def receive(self, most: int) -> bytes | None:
        """Read about `most` bytes; None if there are none now, empty at the end of the stream."""

    def send(self, pieces: Sequence[Piece]) -> int:
        """Take what can be taken of `pieces`, in order, and return how many bytes that is."""

    def end(self) -> None:
        """Say that nothing more will be sent."""

    def close(self) -> None:
        """Let the socket go. Never raises."""


class PlainTransport:
    """TCP as it is. `connection` does not block."""

    __slots__ = ("_socket", "write")
    unsent = False

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self.write: Callable[[bytes], int] = connection.send

    def fileno(self) -> int:
        return self._socket.fileno()

    def receive(self, most: int) -> bytes | None:
        try:
            return self._socket.recv(most)
        except BlockingIOError:
            return None

    def send(self, pieces: Sequence[Piece]) -> int:
        try:
            if len(pieces) == 1:
                return self._socket.send(pieces[0])
            return self._socket.sendmsg(pieces)
        except BlockingIOError:
            return 0

    def end(self) -> None:
        self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self._socket.close()
