"""Waiting for something to be so, among tasks of one session."""

from collections.abc import Callable

import trio

from client.errors import ClientError


class Bell:
    """Rung whenever anything may have changed; who waits looks again. `ended`: nothing will change any more."""

    def __init__(self) -> None:
        self._rung = trio.Event()
        self.ended: ClientError | None = None

    def ring(self) -> None:
        """Something may have changed."""
        self._rung.set()
        self._rung = trio.Event()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until `holds()`.

        Raises:
            ClientError: The session has ended, and it does not hold.
        """
        while not holds():
            if self.ended is not None:
                raise self.ended
            await self._rung.wait()
