"""One stay online: sign in, catch up, then keep up and send what waits, until the connection ends or is refused.

The private side is caught up first, by what `resume` brings, and by whom one follows; then the public one, by a sync
of its own that names those too; then one's contacts.
"""

import contextlib
from collections.abc import Callable, Sequence
from typing import TypeVar

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
from client.submissions import plain
from protocol import limits
from protocol.accounts import OwnAccounts
from protocol.contacts import Contacts
from protocol.entries import Side
from protocol.errors import ErrorCode
from protocol.following import Follows
from protocol.frames import Reply, Request, Resume, Sync, SyncReply, Watch
from protocol.ids import Epoch, PersonId, Seq, TopicId
from protocol.public import SubmissionPush, Submissions

R = TypeVar("R", bound=Reply)

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
            for side in Side:
                nursery.start_soon(self._send_outbox, side)
            nursery.start_soon(self._send_marks)
            await self._mend_gaps()
        except ClientError as error:
            self._refusal = error
        self._bell.ring()

    async def _sign_in(self, watched: Sequence[PersonId]) -> None:
        epochs = (await greet(self.connection)).epochs
        await self._resume(epochs[Side.PRIVATE])
        if Side.PUBLIC in epochs:  # A server from before there was one has none.
            await self._learn_follows()
            await self._learn_roles()
            await self._open_public(epochs[Side.PUBLIC])
        await self._learn_contacts()
        if watched:
            online = (await self.connection.request(Watch(id=0, persons=tuple(watched)))).online
            self._tell([PresenceChanged(online=online, offline=())])
        self.is_caught_up = True
        self._tell([CaughtUp()])

    async def _resume(self, epoch: Epoch) -> None:
        self._tell(self._mirror.begin(Side.PRIVATE, epoch))
        topics = self._mirror.topics(Side.PRIVATE)
        named, unnamed = topics[: limits.HEADS], topics[limits.HEADS :]
        resume = Resume(
            id=0,
            token=self._account.token,
            epoch=self._cache.epoch(Side.PRIVATE),
            marks=self._cache.marks(Side.PRIVATE),
            heads=self._mirror.known(Side.PRIVATE, named),
        )
        try:
            signed = await self._asked(Side.PRIVATE, resume)
        except RefusedError as refused:
            if refused.code == ErrorCode.BAD_CREDENTIALS:
                raise SignedOutError("this device is signed out") from refused
            raise
        self.is_signed_in = True
        if signed.preferences is not None:
            self._cache.preferences = signed.preferences
        self._tell([Online()])
        if signed.resync:
            self._tell(self._mirror.restart(Side.PRIVATE, epoch=epoch))
            await self._catch_up(Side.PRIVATE, await self._sync(Side.PRIVATE, {}), [], [])
        elif signed.sync is not None:
            await self._catch_up(Side.PRIVATE, signed.sync, named, unnamed)

    async def _learn_contacts(self) -> None:
        """Ask what has changed of one's contacts."""
        more = True
        while more:
            try:
                reply = await self.connection.request(Contacts(id=0, mark=self._cache.contacts.mark))
            except RefusedError as refused:
                if refused.code != ErrorCode.UNKNOWN_OP:
                    raise
                return  # A server from before there were contacts.
            self._tell(self._mirror.contacts(reply))
            more = reply.more

    async def _learn_follows(self) -> None:
        """Ask whom one follows, until the answer is as new as what was pushed meanwhile."""
        told: list[Event] | None = None
        while told is None:
            try:
                reply = await self.connection.request(Follows(id=0, mark=self._cache.follows.mark))
            except RefusedError as refused:
                if refused.code != ErrorCode.UNKNOWN_OP:
                    raise
                return  # A server from before there were accounts.
            told = self._mirror.follows(reply)
            self._tell(told or [])

    async def _learn_roles(self) -> None:
        """Ask which accounts one still runs, if there are any: to who follows one, too, no sync says that it ended."""
        run = self._mirror.run()
        if run:
            reply = await self.connection.request(OwnAccounts(id=0))
            self._tell(self._mirror.dismissed(run - {account.topic for account in reply.accounts}))

    async def _open_public(self, epoch: Epoch) -> None:
        self._tell(self._mirror.begin(Side.PUBLIC, epoch))
        topics = self._mirror.topics(Side.PUBLIC)
        named, unnamed = topics[: limits.HEADS], topics[limits.HEADS :]
        reply = await self._sync(Side.PUBLIC, self._mirror.known(Side.PUBLIC, named))
        await self._catch_up(Side.PUBLIC, reply, named, unnamed)
        if self._cache.submissions.undecided():
            # What was decided while we were away was pushed to nobody.
            recent = await self.connection.request(Submissions(id=0, limit=limits.SUBMISSIONS))
            for submission in reversed(recent.submissions):
                self._tell(self._courier.submitted(plain(submission)))

    async def _catch_up(self, side: Side, reply: SyncReply, named: list[TopicId], unnamed: list[TopicId]) -> None:
        """Take in `reply` and all that follows it; `named` are the topics asked for so far, `unnamed` those to come."""
        while True:
            self._tell(self._mirror.synced(side, reply))
            live = {piece.topic for piece in reply.slices if piece.live}
            named = [topic for topic in named if topic not in live]
            if reply.more:
                fresh = {piece.topic for piece in reply.slices} | {summary.topic for summary in reply.topics}
                named = [*named, *(fresh - live - set(named))][: limits.HEADS]
            elif unnamed:
                named, unnamed = unnamed[: limits.HEADS], unnamed[limits.HEADS :]
            else:
                return
            reply = await self._sync(side, self._mirror.heads(named))

    async def _sync(self, side: Side, heads: dict[TopicId, Seq]) -> SyncReply:
        marks, epoch = self._cache.marks(side), self._cache.epoch(side)
        return await self._asked(side, Sync(id=0, heads=heads, marks=marks, epoch=epoch, side=side))

    async def _asked(self, side: Side, request: Request[R]) -> R:
        """Ask the server about `side`; if it says that ours is another log, forget that, and fail all the same."""
        try:
            return await self.connection.request(request)
        except RefusedError as refused:
            if refused.code == ErrorCode.RESYNC:
                self._tell(self._mirror.restart(side))
            raise

    async def _take_pushes(self) -> None:
        async for push in self.connection.pushes:
            if isinstance(push, SubmissionPush):
                self._tell(self._courier.submitted(push.submission))
            else:
                self._tell(self._mirror.pushed(push))
        await self.connection.closed.wait()
        self._bell.ring()

    async def _mend_gaps(self) -> None:
        while True:
            await self._bell.until(lambda: bool(self._mirror.lacking))
            before = set(self._mirror.lacking)
            for side in Side:
                lacking = self._mirror.lacking_on(side)[: limits.HEADS]
                if lacking:
                    await self._catch_up(side, await self._sync(side, self._mirror.heads(lacking)), lacking, [])
            if self._mirror.lacking.issuperset(before):
                await trio.sleep(GAP_SECONDS)

    async def _send_outbox(self, side: Side) -> None:
        with contextlib.suppress(ConnectionLostError):
            while True:
                await self._bell.until(lambda: not self._cache.outbox.is_empty(side))
                self._tell(await self._courier.carry(self.connection, side))
                await trio.sleep(self._courier.pause(side))
                self._bell.ring()  # Another process may have sent meanwhile what somebody here waits for.

    async def _send_marks(self) -> None:
        with contextlib.suppress(ConnectionLostError):
            while True:
                await self._bell.until(lambda: not self._marks.is_empty())
                await self._marks.send_one(self.connection)
                self._bell.ring()
                await trio.sleep(PAUSE_SECONDS)
