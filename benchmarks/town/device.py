"""One person's device: a client as anybody would run it, and beside it somebody who notes what it goes through."""

import math
from collections.abc import Callable, Mapping
from random import Random

import trio

from benchmarks.town.badline import BadLine
from benchmarks.town.ledger import Ledger
from benchmarks.town.people import Resident
from client.account import Account
from client.cache import Cache, Line
from client.errors import ClientError, ConnectionLostError
from client.events import Arrived, CaughtUp, Event, NotSent, Offline, Online, Resynced, Sent
from client.session import Session
from protocol.content import Text, encode
from protocol.entries import Entry, Kind
from protocol.frames import Appended, Edit, GroupAccept, GroupFound, React, Recall, Send
from protocol.ids import Cid, Seq, TopicId

Writing = Send | Edit | Recall | React | GroupFound | GroupAccept
_KINDS: dict[type[Writing], Kind] = {
    Send: Kind.MESSAGE,
    Edit: Kind.EDIT,
    Recall: Kind.RECALL,
    React: Kind.REACTION,
    GroupFound: Kind.FOUNDED,
    GroupAccept: Kind.JOINED,
}


class Device:
    """A session with a cache in memory. `line`: what it connects through, where that is not the plain network."""

    def __init__(
        self, resident: Resident, account: Account, ledger: Ledger, chance: Random, *, line: BadLine | None = None
    ) -> None:
        self.resident = resident
        self.person = account.person
        self.session = Session(account, Cache(), chance=chance)
        self.line = line
        self.standing_since = math.inf  # When it last had caught up; infinite while it has not.
        self.is_away = False
        self.close_codes: list[int] = []
        self.seqs: dict[Cid, Seq] = {}  # Of all entries that have come.
        self._heads: dict[TopicId, Seq] = {}
        self._ledger = ledger
        self._was_online = False
        self._news = trio.Event()
        self._coming_back = trio.Event()

    async def live(self) -> None:
        """Be online, except while away, until cancelled."""
        with self.session.subscribe() as events:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._come_and_go)
                async for event in events:
                    self._take(event)
                    self._news.set()
                    self._news = trio.Event()

    async def away(self, seconds: float) -> None:
        """Be offline for `seconds`. What is said meanwhile waits in the outbox."""
        self.is_away = True
        self._fall()
        self.session.stop()
        await trio.sleep(seconds)
        self.is_away = False
        self._coming_back.set()

    def stalls(self) -> None:
        """Its line stands still: it is online still, but nobody can say that it keeps up."""
        self._fall()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until `holds()`; it is asked again whenever the device hears something."""
        while not holds():
            await self._news.wait()

    async def heard(self, cid: Cid) -> None:
        """Wait until the entry with `cid` has come."""
        await self.until(lambda: cid in self.seqs)

    async def back_since(self, when: float) -> None:
        """Wait until it has caught up on a connection made after `when`, unless it is away of its own will."""
        await self.until(lambda: self.is_away or when < self.standing_since < math.inf)

    async def has_all(self, heads: Mapping[TopicId, Seq]) -> None:
        """Wait until nothing is left to send, and every topic of ours in `heads` is here up to there."""
        await self.session.outbox_empty()
        await self.session.caught_up()
        await self.until(lambda: all(seq >= heads.get(topic, 0) for topic, seq in self.session.cache.heads().items()))

    def views(self) -> dict[TopicId, tuple[Line, ...]]:
        """Return all that is cached, by topic."""
        return {topic: self.session.log(topic) for topic in self.session.cache.heads()}

    # Saying something. Each is noted first.

    def say(self, place: str, topic: TopicId, text: str) -> Cid:
        """Put a message into the outbox."""
        return self._post(place, Send(id=0, cid=self.session.new_cid(), body=encode(Text(text=text)), topic=topic))

    def edit(self, place: str, topic: TopicId, target: Cid, text: str) -> Cid:
        """Put other words for one's own message into the outbox."""
        cid, body = self.session.new_cid(), encode(Text(text=text))
        return self._post(place, Edit(id=0, cid=cid, topic=topic, target=self.seqs[target], body=body), target)

    def recall(self, place: str, topic: TopicId, target: Cid) -> Cid:
        """Put the taking back of one's own message into the outbox."""
        cid = self.session.new_cid()
        return self._post(place, Recall(id=0, cid=cid, topic=topic, target=self.seqs[target]), target)

    def react(self, place: str, topic: TopicId, target: Cid, sign: str) -> Cid:
        """Put a reaction into the outbox."""
        cid, body = self.session.new_cid(), encode(Text(text=sign))
        return self._post(place, React(id=0, cid=cid, topic=topic, target=self.seqs[target], body=body), target)

    async def ask(self, place: str, request: Writing) -> Appended:
        """Make a request past the outbox: when the line breaks, it is made again with the same cid."""
        self._note(place, request, None)
        done = await self.session.request(request)
        self._ledger.ack(request.cid, done.topic, done.seq, at=trio.current_time())
        return done

    def _post(self, place: str, request: Send | Edit | Recall | React, target: Cid | None = None) -> Cid:
        self._note(place, request, target)
        return self.session.post(request)

    def _note(self, place: str, request: Writing, target: Cid | None) -> None:
        match request:
            case GroupFound(name=body) | Send(body=body) | Edit(body=body) | React(body=body):
                pass
            case Recall() | GroupAccept():
                body = b""
        kind, now = _KINDS[type(request)], trio.current_time()
        self._ledger.say(request.cid, self.person, place=place, kind=kind, body=body, at=now, target=target)

    # Living.

    async def _come_and_go(self) -> None:
        try:
            while True:
                self._coming_back = trio.Event()
                await self.session.run()
                await self._coming_back.wait()
        except ClientError as error:
            self._fall()
            self._ledger.problems.append(f"{self.resident.handle} was thrown out: {error}")

    def _fall(self) -> None:
        self.standing_since = math.inf
        self._ledger.falls(self.person)

    def _take(self, event: Event) -> None:
        now = trio.current_time()
        match event:
            case Online():
                self._ledger.reconnects += self._was_online
                self._was_online = True
            case CaughtUp():
                self.standing_since = now
                self._ledger.stands(self.person, at=now)
            case Offline(error=error):
                self._fall()
                if isinstance(error, ConnectionLostError):
                    self.close_codes.append(error.close_code)
            case Sent(cid=cid, topic=topic, seq=seq):
                self._ledger.ack(cid, topic, seq, at=now)
            case NotSent(cid=cid, code=code):
                self._ledger.refuse(cid, code)
            case Arrived(entry=entry):
                self._arrive(entry, now)
            case Resynced():
                self._ledger.problems.append(f"{self.resident.handle} was told to forget its cache")
            case _:
                pass

    def _arrive(self, entry: Entry, now: float) -> None:
        if entry.seq <= self._heads.get(entry.topic, 0):
            self._ledger.received_twice.append(f"{self.resident.handle}: {entry.topic} {entry.seq}")
        self._heads[entry.topic] = entry.seq
        if entry.cid is not None:
            self.seqs[entry.cid] = entry.seq
        self._ledger.arrive(entry, self.person, at=now)
