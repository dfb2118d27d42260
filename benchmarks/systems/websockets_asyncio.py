"""`websockets` on asyncio, with its C speed-ups.

Its broadcast is `broadcast()`, the most efficient way by its documentation. Compression and pings are off, the queue of
what comes in has no bound, and a connection may owe 16 MiB before its writes are paused. uvloop was not faster here.
"""

import sys
from contextlib import AbstractContextManager

from benchmarks.servers import Running, running
from benchmarks.systems.websocket import Websockets


class WebsocketsAsyncio(Websockets):
    """A room of `websockets.asyncio`."""

    name = "websockets-asyncio"

    def serve(self) -> AbstractContextManager[Running]:
        """Run the room."""
        return running([sys.executable, "-m", "benchmarks.systems.programs.asyncio_room"], {})
