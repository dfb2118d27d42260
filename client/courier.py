"""Carries what waits in the outbox to the server, oldest first, and tells what came of it."""

from collections.abc import Callable

import trio

from client.cache import Cache
from client.connection import Connection
from client.errors import RefusedError
from client.events import Event, NotSent, Sent
from client.marks import ReadMarks
from client.outbox import Waiting
from protocol.errors import ErrorCode
from protocol.frames import Appended, People, Request, Send
from protocol.ids import Cid, Seq, TopicId

CLAIMED_SECONDS = 0.3  # Another process of this profile is sending: look again after so long.


class Courier:
    """One session's way out. `owner` names this session among those that share the outbox."""

    def __init__(self, cache: Cache, marks: ReadMarks, owner: str, now: Callable[[], int]) -> None:
        self._cache, self._outbox, self._marks = cache, cache.outbox, marks
        self._owner, self._now = owner, now
        self._awaited: dict[Cid, Appended | None] = {}
        self.is_carrying = False

    def expect(self, cid: Cid) -> None:
        """Somebody will ask for the outcome of `cid`."""
        self._awaited.setdefault(cid, None)

    def forget(self, cid: Cid) -> None:
        """Nobody asks for the outcome of `cid` any more."""
        self._awaited.pop(cid, None)

    def outcome(self, cid: Cid) -> Appended | RefusedError | None:
        """Return what came of `cid`, whichever process sent it; None: nothing yet."""
        done = self._awaited.get(cid) or self._cache.appended(cid)
        if done is None and (refusal := self._outbox.refusal(cid)):
            return RefusedError(*refusal)
        return done

    def settled(self, cid: Cid, topic: TopicId, seq: Seq) -> list[Event]:
        """`cid` is durable: by its ack, or because its entry has come. Whichever is first takes it out."""
        return [Sent(cid, topic, seq)] if self._outbox.drop(cid) else []

    async def carry(self, connection: Connection) -> list[Event]:
        """Send the oldest row and return what came of it; nothing, if it is to be tried again or another has it.

        Raises:
            ConnectionLostError: It may have been stored or not; it stays, and its cid makes the repeat safe.
        """
        waiting = self._outbox.claim(self._owner, now=self._now())
        if waiting is None:
            await trio.sleep(CLAIMED_SECONDS)
            return []
        self.is_carrying = True
        try:
            return await self._deliver(connection, waiting)
        finally:
            self.is_carrying = False

    async def _deliver(self, connection: Connection, waiting: Waiting) -> list[Event]:
        try:
            request = await self._addressed(connection, waiting)
            in_step = self._has_read_all(request)
            done = await connection.request(request)
        except RefusedError as refused:
            if refused.retry_after_ms is not None:
                self._outbox.release(self._owner)
                await trio.sleep(refused.retry_after_ms / 1000)
                return []
            self._outbox.refuse(waiting.cid, refused.code, refused.message)
            return [NotSent(waiting.cid, refused.code, refused.message)]
        if waiting.cid in self._awaited:
            self._awaited[waiting.cid] = done
        events = self.settled(waiting.cid, done.topic, done.seq)
        # One's own message counts as unread until it is marked; who had read all before it has read it too.
        return events + (self._marks.put(done.topic, done.seq) if in_step == done.seq - 1 else [])

    async def _addressed(self, connection: Connection, waiting: Waiting) -> Request[Appended]:
        if waiting.handle is None or not isinstance(waiting.request, Send):
            return waiting.request
        person = self._cache.person(waiting.handle)
        if person is None:
            people = (await connection.request(People(id=0, handles=(waiting.handle,)))).people
            self._cache.learn(people)
            if not people:
                raise RefusedError(ErrorCode.NOT_FOUND, f"nobody is called {waiting.handle}")
            person = people[0].person
        return self._outbox.address(waiting.cid, waiting.request, person)

    def _has_read_all(self, request: Request[Appended]) -> int | None:
        """Return the head of the topic `request` is a message to, if all up to there is read; else None."""
        match request:
            case Send(topic=str() as topic):
                summary = self._cache.topic(topic)
            case Send(to=str() as to):
                summary = self._cache.chat_with(to)
            case _:
                return None
        if summary is None:
            return 0
        return summary.head if summary.unread == 0 else None
