"""Somebody in the fourth act: a client as anybody would run it, and a second device that only listens."""

import trio

from benchmarks.neighbours.ear import Ear
from benchmarks.playhouse.walker import PASSWORD, Walker
from client.account import login
from client.moments import Moments
from client.session import Session
from protocol.ids import PersonId


class Neighbour:
    """One person, with what they do moments with."""

    def __init__(self, walker: Walker, ear: Ear) -> None:
        self.walker = walker
        self.ear = ear
        self.moments = Moments(walker.session)

    @classmethod
    async def arrive(cls, url: str, handle: str) -> "Neighbour":
        """Register, and log in on another device."""
        walker = await Walker.arrive(url, handle)
        return cls(walker, Ear(await login(url, handle, PASSWORD, device="at home")))

    @property
    def handle(self) -> str:
        """What everybody knows them by."""
        return self.walker.handle

    @property
    def person(self) -> PersonId:
        """What the server knows them by."""
        return self.walker.person

    @property
    def session(self) -> Session:
        """The session of the device they use."""
        return self.walker.session

    async def live(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Be online on both until cancelled; started once caught up."""
        async with trio.open_nursery() as nursery:
            await nursery.start(self.walker.live)
            await nursery.start(self.ear.live)
            task_status.started()
