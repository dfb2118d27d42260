"""WebSocket protocols for connections in the middle of something: between two messages one is like another.

An idle connection keeps none, and there are as many as are busy at a time. A protocol takes 2.6 KiB, and a server has
ten thousand connections of which a hundred say something.
"""

from collections.abc import Iterable

from websockets.frames import Frame
from websockets.protocol import State
from websockets.server import ServerProtocol

from server.net.handshake import SILENT

SPARE = 256  # Kept at most. More than that were busy at once, and may never be again.


class Protocols:
    """Those that nobody uses. All of them are open, at the beginning of a message, and have nothing to say."""

    def __init__(self) -> None:
        self._spare: list[ServerProtocol] = []

    def __len__(self) -> int:
        return len(self._spare)

    def borrow(self, message_bytes: int) -> ServerProtocol:
        """Return one that takes messages of at most `message_bytes`, which is the same for all."""
        if self._spare:
            return self._spare.pop()
        return ServerProtocol(state=State.OPEN, max_size=message_bytes, logger=SILENT)

    def give_back(self, protocol: ServerProtocol) -> None:
        """Let others have it."""
        if len(self._spare) < SPARE:
            self._spare.append(protocol)


def least_size(frames: Iterable[Frame]) -> int:
    """Return the bytes in which a client's `frames` came, or fewer: lengths can be written longer than they need to be.

    So where this is what was received, nothing is left of it (RFC 6455 §5.2).
    """
    size = 0
    for frame in frames:
        length = len(frame.data)
        size += length + (6 if length < 126 else 8 if length < 1 << 16 else 14)
    return size
