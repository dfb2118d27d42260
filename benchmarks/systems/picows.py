"""picows: a WebSocket server for asyncio in Cython.

Its broadcast is its own example's: `transport.send` for each client, which writes to the socket at once. Compression it
has not; pings are off as they are by default; the transport is `aiofastnet`'s, its default. uvloop was not faster here.
"""

import sys
from contextlib import AbstractContextManager

from benchmarks.servers import Running, running
from benchmarks.systems.machine import missing, package_version
from benchmarks.systems.websocket import OneRoom


class PicoWS(OneRoom):
    """A room of picows."""

    name = "picows"

    def version(self) -> str:
        """Return the version that would be run."""
        return package_version("picows") or ""

    def missing(self) -> str | None:
        """Return why it cannot be run here; None if it can."""
        return None if package_version("picows") else missing(self.name, "package picows")

    def serve(self) -> AbstractContextManager[Running]:
        """Run the room."""
        return running([sys.executable, "-m", "benchmarks.systems.programs.picows_room"], {})
