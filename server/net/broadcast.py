"""One frame to many connections: written at once where nothing waits before it, a call each and no detour."""

from collections.abc import Iterable

from server.net.link import OPEN, Link


def broadcast(frame: bytes, links: Iterable[Link]) -> None:
    """Send `frame` to all of `links`.

    To a link that owes nothing it is written here and now, and nobody goes through them again. Where frames wait it
    waits behind them; what a socket does not take, and what goes wrong, is the affair of the end of the turn.
    """
    size = len(frame)
    for link in links:
        write = link.write
        if write is None or link.dirty or link.stalled or link.stage is not OPEN:
            link.send(frame)
            continue
        try:
            written = write(frame)
        except OSError:  # EAGAIN, or the end of the connection, which the write at the end of the turn meets again.
            written = 0
        if written < size:
            link.send(frame)
            link.outbox.written(written)
