"""One stay online: sign in, catch up, then keep up and send what waits, until the connection ends or is refused."""

import contextlib
from collections.abc import Callable, Sequence

import trio

from client.account import Account, greet
from client.bell import Bell
from client.cache import Cache
from client.connection import Connection
from client.courier import Courier
from client.errors import ClientError, ConnectionLostError, RefusedError, SignedOutError
from client.events import CaughtUp, Event, Online, PresenceChanged
from client.marks import PAUSE_SECONDS, ReadMarks
from client.mirror import Mirror
from protocol import limits
from protocol.entries import Side
from protocol.errors import ErrorCode
from protocol.frames import Resume, Sync, SyncReply, Watch
from protocol.ids import PersonId, TopicId

GAP_SECONDS = 1.0  # A sync that did not fill its gap is repeated after so long.


class Stay:
    """What goes on over one connection of a session. `tell` hands events to the session, and rings `bell`."""

    def __init__(
        self,
        connection: Connection,
        *,
        account: Account,
        cache: Cache,
        mirror: Mirror,
        courier: Courier,
        marks: ReadMarks,
        bell: Bell,
        tell: Callable[[Sequence[Event]], None],
    ) -> None:
        self.connection = connection
        self._account, self._cache, self._mirror = account, cache, mirror
        self._courier, self._marks = courier, marks
        self._bell, self._tell = bell, tell
        self._refusal: ClientError | None = None
        self.is_signed_in = False
        self.is_caught_up = False

    async def last(self, leaving: Callable[[], bool], *, watched: Sequence[PersonId]) -> ClientError | None:
        """Stay until `leaving()`, or until it is over; return why it is over, if it is."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._take_pushes)
            nursery.start_soon(self._converse, nursery, watched)
            await self._bell.until(lambda: leaving() or self._refusal is not None or self.connection.closed.is_set())
            nursery.cancel_scope.cancel()
        if self._refusal is None and self.connection.closed.is_set():
            return self.connection.lost
        return self._refusal

    async def _converse(self, nursery: trio.Nursery, watched: Sequence[PersonId]) -> None:
        try:
            await self._sign_in(watched)
            nursery.start_soon(self._send_outbox)
            nursery.start_soon(self._send_marks)
            await self._mend_gaps()
        except ClientError as error:
            if isinstance(error, RefusedError) and error.code == ErrorCode.RESYNC:
                self._tell(self._mirror.restart())
            self._refusal = error
        self._bell.ring()

    async def _sign_in(self, watched: Sequence[PersonId]) -> None:
        hello = await greet(self.connection)
        self._tell(self._mirror.begin(hello.epochs[Side.PRIVATE]))
        topics = self._mirror.topics()
        named, unnamed = topics[: limits.HEADS], topics[limits.HEADS :]
        resume = Resume(
            id=0,
            token=self._account.token,
            epoch=self._cache.epoch,
            marks=self._cache.marks,
            heads=self._mirror.known(named),
        )
        try:
            signed = await self.connection.request(resume)
        except RefusedError as refused:
            if refused.code == ErrorCode.BAD_CREDENTIALS:
                raise SignedOutError("this device is signed out") from refused
            raise
        self.is_signed_in = True
        self._tell([Online()])
        if signed.resync:
            self._tell(self._mirror.restart(epoch=hello.epochs[Side.PRIVATE]))
            await self._catch_up(await self._sync([]), [], [])
        elif signed.sync is not None:
            await self._catch_up(signed.sync, named, unnamed)
        if watched:
            online = (await self.connection.request(Watch(id=0, persons=tuple(watched)))).online
            self._tell([PresenceChanged(online=online, offline=())])
        self.is_caught_up = True
        self._tell([CaughtUp()])

    async def _catch_up(self, reply: SyncReply, named: list[TopicId], unnamed: list[TopicId]) -> None:
        """Take in `reply` and all that follows it; `named` are the topics asked for so far, `unnamed` those to come."""
        while True:
            self._tell(self._mirror.synced(reply))
            live = {piece.topic for piece in reply.slices if piece.live}
            named = [topic for topic in named if topic not in live]
            if reply.more:
                fresh = {piece.topic for piece in reply.slices} | {summary.topic for summary in reply.topics}
                named = [*named, *(fresh - live - set(named))][: limits.HEADS]
            elif unnamed:
                named, unnamed = unnamed[: limits.HEADS], unnamed[limits.HEADS :]
            else:
                return
            reply = await self._sync(named)

    async def _sync(self, topics: Sequence[TopicId]) -> SyncReply:
        heads = self._mirror.heads(topics)
        return await self.connection.request(Sync(id=0, heads=heads, marks=self._cache.marks, epoch=self._cache.epoch))

    async def _take_pushes(self) -> None:
        async for push in self.connection.pushes:
            self._tell(self._mirror.pushed(push))
        await self.connection.closed.wait()
        self._bell.ring()

    async def _mend_gaps(self) -> None:
        while True:
            await self._bell.until(lambda: bool(self._mirror.lacking))
            lacking = list(self._mirror.lacking)[: limits.HEADS]
            await self._catch_up(await self._sync(lacking), lacking, [])
            if self._mirror.lacking.issuperset(lacking):
                await trio.sleep(GAP_SECONDS)

    async def _send_outbox(self) -> None:
        with contextlib.suppress(ConnectionLostError):
            while True:
                await self._bell.until(lambda: not self._cache.outbox.is_empty())
                self._tell(await self._courier.carry(self.connection))

    async def _send_marks(self) -> None:
        with contextlib.suppress(ConnectionLostError):
            while True:
                await self._bell.until(lambda: not self._marks.is_empty())
                await self._marks.send_one(self.connection)
                self._bell.ring()
                await trio.sleep(PAUSE_SECONDS)
