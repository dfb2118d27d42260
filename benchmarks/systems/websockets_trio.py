"""`websockets` on trio, with its C speed-ups.

Its broadcast is `broadcast()`, which sends in a task for each connection. Compression and pings are off, and the queue
of what comes in has no bound; there is no limit of writes to set.
"""

import sys
from contextlib import AbstractContextManager

from benchmarks.servers import Running, running
from benchmarks.systems.websocket import Websockets


class WebsocketsTrio(Websockets):
    """A room of `websockets.trio`."""

    name = "websockets-trio"

    def serve(self) -> AbstractContextManager[Running]:
        """Run the room."""
        return running([sys.executable, "-m", "benchmarks.systems.programs.trio_room"], {})
