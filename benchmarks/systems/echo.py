"""The bare echo of `websockets.trio`, as its documentation has it: what a plain handler per connection costs.

Each connection hears itself: nothing goes from one to another.
"""

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager

from benchmarks.load.wire import Wire
from benchmarks.servers import Running, running
from benchmarks.systems.base import Seat
from benchmarks.systems.websocket import Websockets, seated


class Echo(Websockets):
    """Connections that hear themselves."""

    name = "echo"
    own = True

    def serve(self) -> AbstractContextManager[Running]:
        """Run it."""
        return running([sys.executable, "-m", "benchmarks.systems.programs.trio_echo"], {})

    def room(self, server: Running, members: int) -> Sequence[Seat]:
        """There is none.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError(f"{self.name} has no room")

    def pairs(self, server: Running, pairs: int) -> Sequence[tuple[Seat, Seat]]:
        """Return as many connections as for so many pairs; each hears what itself says, and nothing of the other."""
        seats = [seated(Wire(server.url, subprotocol=None)) for _ in range(2 * pairs)]
        return list(zip(seats[::2], seats[1::2], strict=True))
