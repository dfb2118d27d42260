"""A second device of somebody: a bare connection that counts what is pushed to it, with nothing that hides a repeat."""

from collections import Counter
from collections.abc import Callable

import trio

from client.account import Account, greet
from client.connection import Connection, open_connection
from client.moments import Root
from protocol.contacts import ContactPush
from protocol.frames import Resume
from protocol.moments import Moment, MomentPush, MomentsReply, NoticePush, ShowThread, ThreadPush, Timeline


class Ear:
    """What has come: `told`, moments and posts as they were pushed; `stirred`, of which roots; `noticed`, how often;
    `met`, how often that somebody stands to one in another way.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self.told: list[Moment] = []
        self.stirred: Counter[Root] = Counter()
        self.noticed = 0
        self.met = 0
        self._connection: Connection | None = None
        self._news = trio.Event()

    async def live(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Listen until cancelled; started once signed in."""
        async with open_connection(self._account.url) as connection:
            await greet(connection)
            await connection.request(Resume(id=0, token=self._account.token))
            self._connection = connection
            task_status.started()
            async for push in connection.pushes:
                match push:
                    case MomentPush(moment=moment):
                        self.told.append(moment)
                    case ThreadPush(moment=moment, topic=topic, seq=seq):
                        self.stirred[Root(moment, topic, seq)] += 1
                    case NoticePush():
                        self.noticed += 1
                    case ContactPush():
                        self.met += 1
                    case _:
                        continue
                self._news.set()
                self._news = trio.Event()

    async def listens(self, root: Root) -> None:
        """Have the thread of `root` open from now on."""
        await self._open.request(ShowThread(id=0, live=True, limit=1, **root.where))

    async def caught_up(self) -> None:
        """Return once all that was pushed until now has come: it comes before the answer to anything."""
        await self.timeline(1)

    async def timeline(self, limit: int) -> MomentsReply:
        """Return the timeline as this device is shown it."""
        return await self._open.request(Timeline(id=0, limit=limit))

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until `holds()`; it is asked again whenever something has come."""
        while not holds():
            await self._news.wait()

    @property
    def _open(self) -> Connection:
        assert self._connection is not None
        return self._connection
