"""The fake server on a thread of its own, and people who run `hutong` against it: the public side without a server."""

import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import trio
import trio.from_thread

from protocol.ids import Epoch
from tests.client.fake_server import FakeServer, fake_server

T = TypeVar("T")
STARTING_SECONDS = 10


@dataclass
class Lane:
    """The fake, and how to reach into its thread."""

    fake: FakeServer
    token: trio.lowlevel.TrioToken
    stopping: trio.Event

    @property
    def url(self) -> str:
        return self.fake.url

    def does(self, act: Callable[[], Awaitable[T]]) -> T:
        """Let the server do `act`, and return what it gives."""
        return trio.from_thread.run(act, trio_token=self.token)


class LaneThread:
    """The thread: started with it, ended with it."""

    def __init__(self) -> None:
        self._ready = threading.Event()
        self._thread = threading.Thread(target=trio.run, args=(self._serve,), daemon=True)
        self.lane: Lane | None = None

    def start(self) -> Lane:
        self._thread.start()
        assert self._ready.wait(STARTING_SECONDS)
        assert self.lane is not None
        return self.lane

    def stop(self) -> None:
        assert self.lane is not None
        trio.from_thread.run_sync(self.lane.stopping.set, trio_token=self.lane.token)
        self._thread.join(STARTING_SECONDS)

    async def _serve(self) -> None:
        async with fake_server() as fake:
            fake.public.epoch = Epoch("public one")
            self.lane = Lane(fake, trio.lowlevel.current_trio_token(), trio.Event())
            self._ready.set()
            await self.lane.stopping.wait()
