"""A reader: their client as anybody would run it, and beside it a bare connection that counts what really comes."""

from collections import Counter
from collections.abc import Callable

import trio

from benchmarks.playhouse.walker import Walker
from benchmarks.press.verdict import Heard, Place
from client.account import greet
from client.connection import open_connection
from protocol.entries import Entry, Kind, Side
from protocol.following import Follows
from protocol.frames import EntryPush, Resume, Sync
from protocol.ids import Seq, TopicId
from protocol.publications import decode


class Reader:
    """One person with a client and an ear. The ear has no session, order or cache: nothing that would hide a repeat."""

    def __init__(self, walker: Walker) -> None:
        self.walker = walker
        self.is_away = False
        self.tidings: Counter[tuple[Kind, Place]] = Counter()  # All other entries of accounts that came to the ear.
        self._wire: Counter[Place] = Counter()
        self._blanks: Counter[Place] = Counter()
        self._news = trio.Event()
        self._at_home = trio.CancelScope()
        self._gone = trio.Event()

    @property
    def heard(self) -> Heard:
        """What has come so far."""
        cards = (entry for entry in self.walker.heard if entry.kind is Kind.BROADCAST)
        return Heard(wire=self._wire, blanks=self._blanks, feed=Counter((entry.topic, entry.seq) for entry in cards))

    async def live(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Be online until cancelled, or until one leaves; started once caught up."""
        self._gone = trio.Event()
        with trio.CancelScope() as self._at_home:
            async with trio.open_nursery() as nursery:
                await nursery.start(self.walker.live)
                await nursery.start(self._listen)
                self.is_away = False
                task_status.started()
        self._gone.set()

    async def leave(self) -> None:
        """Go offline, with client and ear, until `live` is called again."""
        self.is_away = True
        self._at_home.cancel()
        await self._gone.wait()

    async def gets(self, place: Place) -> None:
        """Wait until the card at `place` has come, both ways."""
        await self._until(lambda: self._wire[place] > 0)
        await self.finds(place)

    async def finds(self, place: Place) -> None:
        """Wait until the card at `place` is in the client, as it comes or when one is back."""
        await self.walker.until(lambda: any(place == (entry.topic, entry.seq) for entry in self.walker.heard))

    async def sees(self, topic: TopicId, title: str) -> Entry:
        """Wait until a card with this title has come, and return it."""
        await self.walker.until(lambda: bool(self._cards(topic, title)))
        return self._cards(topic, title)[0]

    async def gets_its_number(self, place: Place) -> None:
        """Wait until the number at `place` has come without its card."""
        await self._until(lambda: self._blanks[place] > 0)

    async def learns(self, kind: Kind, place: Place) -> None:
        """Wait until an entry of `kind` has come that is about the one at `place`."""
        await self._until(lambda: self.tidings[kind, place] > 0)

    async def _listen(self, *, task_status: trio.TaskStatus[None]) -> None:
        account = self.walker.account
        async with open_connection(account.url) as connection:
            await greet(connection)
            await connection.request(Resume(id=0, token=account.token, heads={}))
            follows = (await connection.request(Follows(id=0))).follows or ()
            heads = {follow.topic: Seq(0) for follow in follows}
            reply = await connection.request(Sync(id=0, heads=heads, side=Side.PUBLIC))
            assert not reply.more
            task_status.started()
            async for push in connection.pushes:
                if isinstance(push, EntryPush):
                    self._count(push.entry)
                    self._news.set()
                    self._news = trio.Event()

    def _count(self, entry: Entry) -> None:
        place = (entry.topic, entry.seq)
        if entry.elided:
            self._blanks[place] += 1
        elif entry.kind is Kind.BROADCAST:
            self._wire[place] += 1
        elif entry.kind is not None and entry.target is not None:
            self.tidings[entry.kind, (entry.topic, entry.target)] += 1

    def _cards(self, topic: TopicId, title: str) -> list[Entry]:
        cards = (entry for entry in self.walker.heard if entry.topic == topic and entry.kind is Kind.BROADCAST)
        return [card for card in cards if decode(card.body or b"").content.title == title]

    async def _until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            await self._news.wait()
