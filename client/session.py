"""A person online: connects, signs in, keeps up, sends what waits, and connects again when the line breaks.

    account = await register(url, "alice", "correct horse")      # or login(...); client.account
    session = Session(account, Cache())                          # Cache(path) for one that lasts
    async with trio.open_nursery() as nursery:
        nursery.start_soon(session.run)                          # starts nothing by itself
        await session.caught_up()
        bob = await session.find("bob")
        sent = await session.say("hello", to=bob)                # durable on the server: sent.topic, sent.seq
        group = await session.request(GroupFound(id=0, cid=session.new_cid(), name=..., invite=(bob,)))
        session.log(sent.topic)                                  # ((seq, sender, kind, body), ...)
        session.stop()                                           # offline; the cache and the outbox stay
        session.post(Send(...))                                  # waits in the outbox
        nursery.start_soon(session.run)                          # online again, from where it was

`say` and `post` go through the outbox and may be used offline. `request` is anything of protocol.frames (its `id` is
filled in); it waits until there is a connection and repeats itself when that breaks, which is safe: whatever is
not naturally repeatable carries a cid. Events of `subscribe()` are told after the cache has them.
"""

import contextlib
import random
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import trio

from client.account import Account, greet
from client.backoff import Backoff
from client.cache import Cache, Line, Page
from client.connection import Connection, open_connection
from client.courier import Courier
from client.errors import ClientError, ConnectionLostError, RefusedError, SignedOutError
from client.events import Arrived, CaughtUp, Event, Offline, Online, PresenceChanged, ReadUpTo
from client.mirror import Mirror
from client.outbox import Posting
from protocol import handles, limits
from protocol.content import Text, encode
from protocol.entries import Entry, Side
from protocol.errors import CloseCode, ErrorCode
from protocol.frames import (
    Appended,
    History,
    People,
    Person,
    Read,
    Reply,
    Request,
    Resume,
    Send,
    Sync,
    SyncReply,
    Watch,
)
from protocol.ids import Cid, PersonId, Seq, TopicId, new_cid

R = TypeVar("R", bound=Reply)
GAP_SECONDS = 1.0  # A sync that did not fill its gap is repeated after so long.


def _now() -> int:
    return time.time_ns() // 1_000_000


class Session:
    """One signed-in device. Several sessions may share a cache file, each through a Cache of its own."""

    def __init__(
        self, account: Account, cache: Cache, *, ca: Path | None = None, chance: random.Random | None = None
    ) -> None:
        self.account = account
        self.cache = cache
        self._ca = ca
        self._owner = secrets.token_hex(8)
        self._mirror = Mirror(cache)
        self._backoff = Backoff(chance or random.Random())  # noqa: S311 - spreads load, keeps no secret.
        self._connection: Connection | None = None
        self._is_caught_up = False
        self._failure: ClientError | None = None
        self._stopping = False
        self._changed = trio.Event()
        self._subscribers: set[trio.MemorySendChannel[Event]] = set()
        self._ended: ClientError | None = None
        self._one_at_a_time = trio.Lock()
        self._running = trio.CancelScope()
        self._courier = Courier(cache, account.person, self._owner, _now)
        self._watched: tuple[PersonId, ...] = ()
        cache.belongs_to(account.person)

    # Being online.

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Be online until `stop`, connecting again whenever that may help. Started as soon as it is trying.

        Raises:
            SignedOutError: The token is no longer good.
            ConnectionLostError, RefusedError: The server will not have this client, and said not to come back.
        """
        async with self._one_at_a_time:
            self._stopping, self._failure, self._ended = False, None, None
            self._running = trio.CancelScope()
            task_status.started()
            with self._running:
                await self._keep_online()

    def stop(self) -> None:
        """Go offline: `run` returns soon. Run it again to come back: the second run waits for the first to end."""
        self._stopping = True
        if self._connection is None:
            self._running.cancel()
        self._notify()

    @property
    def is_online(self) -> bool:
        """Whether there is a connection, signed in."""
        return self._connection is not None

    async def reach(self) -> None:
        """Return once online; if the try that is under way fails, raise what it failed of.

        Raises:
            ClientError: UnreachableError, SignedOutError and the like.
        """
        await self._until(lambda: self.is_online or self._failure is not None)
        if self._failure is not None and not self.is_online:
            raise self._failure

    async def caught_up(self) -> None:
        """Return once everything the server had when we connected is in the cache, and no gap is being mended."""
        await self._until(lambda: self._is_caught_up and not self._mirror.lacking)

    async def outbox_empty(self) -> None:
        """Return once nothing waits to be sent."""
        await self._until(self.cache.outbox.is_empty)

    @contextlib.contextmanager
    def subscribe(self) -> Iterator[trio.MemoryReceiveChannel[Event]]:
        """Give every event from now until the end of the block. Nothing is dropped, so read on, or leave the block."""
        into, out = trio.open_memory_channel[Event](float("inf"))
        self._subscribers.add(into)
        with into, out:
            try:
                yield out
            finally:
                self._subscribers.discard(into)

    # Asking and telling.

    def new_cid(self) -> Cid:
        """Return a cid for a writing request."""
        return new_cid(_now())

    async def request(self, request: Request[R]) -> R:
        """Ask the server, waiting for a connection, repeating when it breaks; the same cid makes that safe.

        Raises:
            RefusedError: The server said no.
            SignedOutError: The session has ended for good.
        """
        while True:
            await self._until(lambda: self._connection is not None)
            connection = self._connection
            if connection is not None:
                with contextlib.suppress(ConnectionLostError):
                    return await connection.request(request)
                await self._until(partial(self._has_left, connection))

    def _has_left(self, connection: Connection) -> bool:
        return self._connection is not connection

    def post(self, request: Posting, *, handle: str | None = None) -> Cid:
        """Put `request` into the outbox, durably, and return its cid. It is sent when there is a connection.

        `handle`: whom a Send with neither `to` nor `topic` is for, when nobody is there to ask who that is.
        """
        self.cache.outbox.put(request, now=_now(), handle=handle)
        self._notify()
        return request.cid

    async def delivered(self, cid: Cid) -> Appended:
        """Wait until what was posted as `cid` is durable on the server.

        Raises:
            RefusedError: The server would not have it. It stays in the outbox, marked, until dropped there.
        """
        self._courier.expect(cid)
        try:
            await self._until(lambda: self._courier.outcome(cid) is not None)
            outcome = self._courier.outcome(cid)
        finally:
            self._courier.forget(cid)
        if isinstance(outcome, RefusedError):
            raise outcome
        assert outcome is not None
        return outcome

    async def say(
        self,
        text: str | bytes,
        *,
        to: PersonId | None = None,
        topic: TopicId | None = None,
        reply_to: Seq | None = None,
    ) -> Appended:
        """Send a text (bytes: a body already encoded) to a person or a topic, and wait until it is durable."""
        body = encode(Text(text=text)) if isinstance(text, str) else text
        send = Send(id=0, cid=self.new_cid(), body=body, topic=topic, to=to, reply_to=reply_to)
        return await self.delivered(self.post(send))

    async def mark_read(self, topic: TopicId, seq: Seq) -> None:
        """Everything up to `seq` is read. Does nothing when it was before, or when offline: marks only rise."""
        summary = self.cache.topic(topic)
        if summary is not None and seq > summary.read and self._connection is not None:
            with contextlib.suppress(ConnectionLostError):
                await self._connection.request(Read(id=0, topic=topic, seq=seq))
                self.cache.read(topic, self.account.person, seq)
                self._tell([ReadUpTo(topic, self.account.person, seq)])

    async def watch(self, persons: Sequence[PersonId]) -> tuple[PersonId, ...]:
        """Be told when `persons` come and go, on later connections too; return who of them is online."""
        self._watched = tuple(persons)
        return (await self.request(Watch(id=0, persons=self._watched))).online

    # Looking.

    async def find(self, handle: str) -> PersonId:
        """Return who has `handle`, from the cache or from the server.

        Raises:
            RefusedError: `not_found`.
        """
        spelling = handles.normalise(handle)
        known = self.cache.person(spelling)
        if known is not None:
            return known
        people = (await self.request(People(id=0, handles=(spelling,)))).people
        self.cache.learn(people)
        if not people:
            raise RefusedError(ErrorCode.NOT_FOUND, f"nobody is called {spelling}")
        return people[0].person

    async def names(self, persons: Sequence[PersonId]) -> None:
        """Make the cache know the handles of `persons`."""
        unknown = [person for person in dict.fromkeys(persons) if self.cache.handle(person) is None]
        for first in range(0, len(unknown), limits.LOOKUP_PEOPLE):
            asked = tuple(unknown[first : first + limits.LOOKUP_PEOPLE])
            people = (await self.request(People(id=0, persons=asked))).people
            hidden = [
                Person(person=person, handle=person) for person in set(asked) - {known.person for known in people}
            ]
            self.cache.learn([*people, *hidden])

    def log(self, topic: TopicId) -> tuple[Line, ...]:
        """Return all this device knows of `topic`, as (seq, sender, kind, body)."""
        return self.cache.log(topic)

    async def history(self, topic: TopicId, *, before: Seq | None = None, limit: int = 50) -> Page:
        """Return the `limit` entries before `before` (None: the newest), from the cache; when that has a gap there and
        we are online, from the server, into the cache.
        """
        page = self.cache.page(topic, before=before, limit=limit)
        if not page.missing or self._connection is None:
            return page
        end = Seq(self.cache.heads().get(topic, Seq(0)) + 1) if before is None else before
        got = await self.request(History(id=0, topic=topic, before=end, limit=min(limit, limits.HISTORY_ENTRIES)))
        first = Seq(1) if got.complete or not got.entries else got.entries[0].seq
        self.cache.fill(topic, [*got.entries, *got.related], first=first, last=Seq(end - 1))
        return self.cache.page(topic, before=before, limit=limit)

    # One connection's life.

    async def _keep_online(self) -> None:
        while not self._stopping:
            error = await self._live()
            if error is None:
                return
            seconds = self._backoff.seconds(error)
            if seconds is None:
                self._ended = error
                self._notify()
                raise error
            self._tell([Offline(error, seconds)])
            await trio.sleep(seconds)

    async def _live(self) -> ClientError | None:
        """Connect, sign in, keep up. Return why it ended; None: `stop` was called."""
        error: ClientError | None = None
        try:
            async with open_connection(self.account.url, ca=self._ca) as connection:
                error = await self._attend(connection)
        except ClientError as failed:
            error = failed
        else:
            if isinstance(error, ConnectionLostError) and error.close_code == CloseCode.SIGNED_OUT:
                error = SignedOutError("this device was signed out")
        finally:
            self._connection, self._is_caught_up = None, False
            self.cache.outbox.release(self._owner)
            self._failure = error
            self._notify()
        return error

    async def _attend(self, connection: Connection) -> ClientError | None:
        refusals: list[ClientError] = []

        async def converse() -> None:
            try:
                await self._sign_in(connection)
                nursery.start_soon(self._send_outbox, connection)
                await self._mend_gaps(connection)
            except ClientError as error:
                if isinstance(error, RefusedError) and error.code == ErrorCode.RESYNC:
                    self._tell(self._mirror.restart())
                refusals.append(error)
            self._notify()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._take_pushes, connection)
            nursery.start_soon(converse)
            await self._until(lambda: self._stopping or bool(refusals) or connection.closed.is_set())
            nursery.cancel_scope.cancel()
        if refusals:
            return refusals[0]
        return connection.lost if connection.closed.is_set() else None

    async def _sign_in(self, connection: Connection) -> None:
        hello = await greet(connection)
        self._tell(self._mirror.begin(hello.epochs[Side.PRIVATE]))
        topics = self._mirror.topics()
        resume = Resume(
            id=0,
            token=self.account.token,
            epoch=self.cache.epoch,
            marks=self.cache.marks,
            heads=self._mirror.heads(topics[: limits.HEADS]),
        )
        try:
            signed = await connection.request(resume)
        except RefusedError as refused:
            if refused.code == ErrorCode.BAD_CREDENTIALS:
                raise SignedOutError("this device is signed out") from refused
            raise
        self._connection, self._failure = connection, None
        self._tell([Online()])
        if signed.sync is not None:
            await self._sync(connection, signed.sync, topics[: limits.HEADS], topics[limits.HEADS :])
        if self._watched:
            watched = await connection.request(Watch(id=0, persons=self._watched))
            self._tell([PresenceChanged(online=watched.online, offline=())])
        self._backoff.succeeded()
        self._is_caught_up = True
        self._tell([CaughtUp()])

    async def _sync(
        self, connection: Connection, reply: SyncReply, named: list[TopicId], unnamed: list[TopicId]
    ) -> None:
        """Take in `reply` and all that follows it; `named` are the topics asked for so far."""
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
            reply = await connection.request(
                Sync(id=0, heads=self._mirror.heads(named), marks=self.cache.marks, epoch=self.cache.epoch)
            )

    async def _take_pushes(self, connection: Connection) -> None:
        async for push in connection.pushes:
            self._tell(self._mirror.pushed(push))
        await connection.closed.wait()
        self._notify()

    async def _send_outbox(self, connection: Connection) -> None:
        with contextlib.suppress(ConnectionLostError):
            while True:
                await self._until(lambda: not self.cache.outbox.is_empty())
                self._tell(await self._courier.carry(connection))

    async def _mend_gaps(self, connection: Connection) -> None:
        while True:
            await self._until(lambda: bool(self._mirror.lacking))
            lacking = list(self._mirror.lacking)[: limits.HEADS]
            heads = self._mirror.heads(lacking)
            reply = await connection.request(Sync(id=0, heads=heads, marks=self.cache.marks, epoch=self.cache.epoch))
            await self._sync(connection, reply, lacking, [])
            if self._mirror.lacking.issuperset(lacking):
                await trio.sleep(GAP_SECONDS)

    # Waiting and telling.

    def _tell(self, events: Sequence[Event]) -> None:
        for event in events:
            for subscriber in list(self._subscribers):
                subscriber.send_nowait(event)
            match event:
                case Arrived(entry=Entry(sender=self.account.person, cid=bytes() as cid) as entry):
                    self._tell(self._courier.settled(cid, entry.topic, entry.seq))
                case _:
                    pass
        self._notify()  # Even without an event something may have changed: a topic that lacks entries, the outbox.

    def _notify(self) -> None:
        self._changed.set()
        self._changed = trio.Event()

    async def _until(self, holds: Callable[[], bool]) -> None:
        """Wait until `holds()`; it is asked again whenever something has happened."""
        while not holds():
            if self._ended is not None:
                raise self._ended
            await self._changed.wait()
