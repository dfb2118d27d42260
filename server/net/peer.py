"""What a session sees of its connection. A fake with these members stands in for it in tests."""

from typing import Protocol


class Peer(Protocol):
    """The other end of one connection. Nothing here waits, and nothing here calls the session back.

    Use it in the poller's turns only (inside `Receiver`'s methods, posted calls, fan-out); from elsewhere, post.

    Order: frames arrive in the order they were sent. Loss: what `send` took arrives, or the connection closes.
    After a close, from either side, every method does nothing.
    """

    @property
    def address(self) -> str:
        """The peer's IP address."""

    def send(self, frame: bytes) -> None:
        """Queue one complete WebSocket frame (`framing.binary_frame`); it leaves at the end of the poller's turn."""

    def send_ephemeral(self, frame: bytes) -> None:
        """Send `frame` unless the peer is behind with its reading; then forget it."""

    def close(self, code: int, reason: str) -> None:
        """Send what is queued, then the close frame, and wait a few seconds for the peer's."""

    def hold(self) -> None:
        """Deliver no more messages, and stop reading the socket, until `release`."""

    def release(self) -> None:
        """Go on delivering, in the poller's next turn."""
