"""A line between one device and the server whose faults are ours to choose: it loses answers, or stops for a while.

It relays TCP on loopback, so the client behind it is the real one and notices nothing but the fault.
"""

from contextlib import suppress
from functools import partial

import trio

HEARD_SECONDS = 0.05  # After so long the server has surely stored what it was told.
CHUNK_BYTES = 64 * 1024
WINDOW_BYTES = 4096
SEGMENT_BYTES = 1024
BROKEN = (OSError, trio.BrokenResourceError, trio.ClosedResourceError)


class BadLine:
    """`thin`: while the line stands still it takes in as little as TCP lets it, and the server soon notices."""

    def __init__(self, server: tuple[str, int], *, thin: bool = False) -> None:
        self._server = server
        self._thin = thin
        self._flowing = trio.Event()
        self._flowing.set()
        self._loses_next = False
        self._port = 0
        self.answers_lost = 0

    @property
    def url(self) -> str:
        """Where a client connects to go through this line."""
        return f"ws://127.0.0.1:{self._port}"

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Relay connections until cancelled."""
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        self._port = listeners[0].socket.getsockname()[1]
        task_status.started()
        await trio.serve_listeners(self._relay, listeners)

    def lose_next_answer(self) -> None:
        """Let the next thing the device says through; then break, before any answer to it comes back."""
        self._loses_next = True

    def stand_still(self) -> None:
        """Bring nothing from the server any more."""
        self._flowing = trio.Event()

    def flow(self) -> None:
        """Bring what the server says, again."""
        self._flowing.set()

    async def _relay(self, device: trio.SocketStream) -> None:
        with suppress(*BROKEN):
            async with await self._dial() as server, trio.open_nursery() as nursery:
                swallowing = trio.Event()
                nursery.start_soon(partial(self._up, device, server, swallowing, nursery.cancel_scope))
                nursery.start_soon(partial(self._down, server, device, swallowing, nursery.cancel_scope))

    async def _dial(self) -> trio.SocketStream:
        line = trio.socket.socket()
        if self._thin:
            line.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_RCVBUF, WINDOW_BYTES)
            with suppress(OSError):
                # Loopback's segments of 64 KiB would make the server's kernel buffer megabytes.
                line.setsockopt(trio.socket.IPPROTO_TCP, trio.socket.TCP_MAXSEG, SEGMENT_BYTES)
        try:
            await line.connect(self._server)
        except BaseException:
            line.close()
            raise
        return trio.SocketStream(line)

    async def _up(
        self, device: trio.SocketStream, server: trio.SocketStream, swallowing: trio.Event, line: trio.CancelScope
    ) -> None:
        with suppress(*BROKEN):
            while said := await device.receive_some(CHUNK_BYTES):
                if self._loses_next:
                    self._loses_next = False
                    swallowing.set()
                await server.send_all(said)
                if swallowing.is_set():
                    await trio.sleep(HEARD_SECONDS)
                    self.answers_lost += 1
                    break
        line.cancel()

    async def _down(
        self, server: trio.SocketStream, device: trio.SocketStream, swallowing: trio.Event, line: trio.CancelScope
    ) -> None:
        with suppress(*BROKEN):
            while said := await server.receive_some(CHUNK_BYTES):
                await self._flowing.wait()
                if not swallowing.is_set():
                    await device.send_all(said)
        line.cancel()
