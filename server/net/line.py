"""A link on its transport: bytes from one to the other, and what the selector should watch meanwhile."""

from selectors import EVENT_READ, EVENT_WRITE

from server.net.link import LEAVING, Link
from server.net.transport import Transport


class BrokenLineError(Exception):
    """The socket, or TLS on it, gave up. There is nothing left to say on it."""


class Line:
    """`watched`: what the selector watches for now; `writable`: it has said so since a write fell short."""

    __slots__ = ("_ended", "link", "transport", "watched", "writable")

    def __init__(self, link: Link, transport: Transport) -> None:
        self.link = link
        self.transport = transport
        self.watched = 0
        self.writable = False
        self._ended = False

    @property
    def wanted(self) -> int:
        """What the selector should watch: reads unless they have to wait, writes only after a write fell short."""
        reads = 0 if self.link.held or self.link.behind or self.link.ended else EVENT_READ
        return reads | EVENT_WRITE if self.link.stalled else reads

    @property
    def over(self) -> bool:
        """Whether both sides have said their last."""
        return self.link.ended and self.link.stage is LEAVING and not self.link.stalled

    def read(self, most: int) -> None:
        """Give the link what the socket has.

        Raises:
            BrokenLineError: The connection is no more.
        """
        try:
            data = self.transport.receive(most)
        except OSError as error:
            raise BrokenLineError from error
        if data:
            self.link.take(data)
        elif data is not None:
            self.link.end()
        if self.transport.unsent:
            self.link.stir()  # TLS answers by itself.

    def flush(self) -> None:
        """Write what the link owes, in as few calls as can be, and mark it as stalled if the socket would not take all.

        Raises:
            BrokenLineError: The connection is no more.
        """
        try:
            self._write()
        except OSError as error:
            raise BrokenLineError from error

    def _write(self) -> None:
        link, transport = self.link, self.transport
        outbox = link.outbox
        behind, before = link.behind, outbox.unsent
        if transport.unsent:
            transport.send(())
        while outbox.unsent:
            count = transport.send(outbox.batch())
            if not count:
                break
            outbox.written(count)
        self.writable = False
        link.stalled = outbox.unsent > 0 or transport.unsent
        if behind and (outbox.unsent < before or not link.stalled):
            link.drained()
        if link.stage is LEAVING and not link.stalled and not self._ended:
            self._ended = True
            transport.end()
