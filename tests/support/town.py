"""People who talk through a real server: `alice.says("…", to=bob)`, `await bob.hears("…")`.

    async with open_town(tmp_path) as town:
        alice, bob = await town.settle("alice", "bob")

At the end of the block everybody goes home, the server stops cleanly, and the doctor finds nothing wrong.
"""

import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import trio

from client.account import Account, acknowledge, login, register
from client.bell import Bell
from client.cache import Cache, Line
from client.errors import RefusedError
from client.events import Arrived, Event
from client.session import Session
from protocol.content import Text, encode
from protocol.decisions import Submission
from protocol.entries import Entry, Kind, Side, side_of
from protocol.frames import Appended, GroupAccept, GroupFound, Reply, Request, Send, Summary
from protocol.ids import Cid, PersonId, Seq, TopicId
from protocol.public import GroupFoundPublic, GroupJoin
from protocol.publications import Content, Surface, decode
from tests.support.daemon import PATIENCE_S, SERVE, Daemon, operator, serving

PASSWORD = "correct horse battery"
R = TypeVar("R", bound=Reply)
Words = Callable[[str], bytes]


def plain(text: str) -> bytes:
    """Return `text` as clients write it."""
    return encode(Text(text=text))


class Hasty(random.Random):
    """Chance that always says: very soon. That waiting is spread at random has tests of its own."""

    def uniform(self, a: float, b: float) -> float:
        return min(b, 0.02)


class Resident:
    """Somebody at one of their devices. The cache, and with it the outbox, outlasts being offline."""

    def __init__(
        self, account: Account, nursery: trio.Nursery, bell: Bell, words: Words, *, ca: Path | None = None
    ) -> None:
        self.handle = account.handle
        self.id: PersonId = account.person
        self.cache = Cache()
        self.session = Session(account, self.cache, ca=ca, chance=Hasty())
        self.events: list[Event] = []
        self._nursery = nursery
        self._words = words
        self._bell = bell
        self._away = trio.Event()

    # Being there.

    async def comes_online(self) -> None:
        """Connect, and return when everything that was missed is here."""
        self._away = trio.Event()
        await self._nursery.start(self._run)
        await self.catches_up()

    async def catches_up(self) -> None:
        """Wait until everything the server has is here."""
        with trio.fail_after(PATIENCE_S):
            await self.session.caught_up()

    async def goes_offline(self) -> None:
        """Disconnect."""
        self.session.stop()
        with trio.fail_after(PATIENCE_S):
            await self._away.wait()

    async def _run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        with self.session.subscribe() as events:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._listen, events)
                await self.session.run(task_status=task_status)
                nursery.cancel_scope.cancel()
        self._away.set()

    async def _listen(self, events: trio.MemoryReceiveChannel[Event]) -> None:
        async for event in events:
            self.events.append(event)
            self._bell.ring()

    async def until(self, holds: Callable[[], bool], what: str = "it") -> None:
        """Wait until `holds()`; it is asked again after each event at any device in town."""
        with trio.move_on_after(PATIENCE_S):
            await self._bell.until(holds)
            return
        raise AssertionError(f"{self.handle} waited for {what} in vain; last events: {self.events[-5:]}")

    # Talking.

    async def says(
        self,
        text: str,
        *,
        to: "Resident | None" = None,
        topic: TopicId | None = None,
        reply_to: Seq | None = None,
    ) -> Appended:
        """Say `text`, and wait until it is durable."""
        with trio.fail_after(PATIENCE_S):
            return await self.session.say(self._words(text), to=to.id if to else None, topic=topic, reply_to=reply_to)

    def writes(self, text: str, *, to: "Resident | None" = None, topic: TopicId | None = None) -> Cid:
        """Put `text` into the outbox, with or without a connection."""
        cid = self.session.new_cid()
        return self.session.post(Send(id=0, cid=cid, body=self._words(text), to=to.id if to else None, topic=topic))

    async def has_sent_all(self) -> None:
        """Wait until the outbox is empty."""
        with trio.fail_after(PATIENCE_S):
            await self.session.outbox_empty()

    async def hears(self, text: str) -> Entry:
        """Wait until an entry with this text has come, and return it."""
        body = self._words(text)
        await self.until(lambda: body in (entry.body for entry in self.heard), f"“{text}”")
        return next(entry for entry in self.heard if entry.body == body)

    async def sees(self, kind: Kind, *, target: Seq | None = None) -> Entry:
        """Wait until an entry of this kind (about `target`) has come, and return it."""

        def found() -> list[Entry]:
            return [entry for entry in self.heard if entry.kind is kind and target in {None, entry.target}]

        await self.until(lambda: bool(found()), f"{kind} of {target}")
        return found()[0]

    @property
    def heard(self) -> list[Entry]:
        """All entries that have come, in the order they came."""
        return [event.entry for event in self.events if isinstance(event, Arrived)]

    # Publishing.

    async def publishes(
        self,
        text: str,
        topic: TopicId | None = None,
        surface: Surface = Surface.GROUP_MESSAGE,
        *,
        target: Seq | None = None,
        base: int | None = None,
    ) -> Submission:
        """Publish `text`, and wait until it is known what became of it. The title of a card is its text."""
        said = Content(title=text) if surface is Surface.CARD else Content(text=text)
        with trio.fail_after(PATIENCE_S):
            return await self.session.publish(said, topic=topic, surface=surface, target=target, base=base)

    async def founds_public(self, *guests: "Resident", **openness: Any) -> TopicId:
        """Found a public group, into which `guests` come by themselves; return when everybody knows that all are in."""
        lane = (await self.asks(GroupFoundPublic(id=0, cid=self.cid(), **openness))).topic
        for guest in guests:
            await guest.asks(GroupJoin(id=0, topic=lane))
        for resident in (self, *guests):
            await resident.until(lambda who=resident: who.cache.topic(lane) is not None, "the lane")  # type: ignore[misc]
        return lane

    async def reads(self, text: str) -> Entry:
        """Wait until a public entry with this text has come, and return it."""

        def found() -> list[Entry]:
            return [entry for entry in self.heard if _public_text(entry) == text]

        await self.until(lambda: bool(found()), f"“{text}” in public")
        return found()[0]

    def public_texts(self, topic: TopicId) -> list[str]:
        """Return the messages of a public group that this device has been told, in order."""
        here = [entry for entry in self.heard if entry.topic == topic and entry.kind is Kind.MESSAGE]
        return [text for entry in here if (text := _public_text(entry)) is not None]

    # Asking.

    async def asks(self, request: Request[R]) -> R:
        """Ask the server."""
        with trio.fail_after(PATIENCE_S):
            return await self.session.request(request)

    async def is_refused(self, request: Request[Reply]) -> str:
        """Ask for what is refused, and return the code."""
        try:
            reply = await self.asks(request)
        except RefusedError as refused:
            return refused.code
        raise AssertionError(f"{self.handle} was to be refused, and got {reply}")

    def cid(self) -> Cid:
        return self.session.new_cid()

    async def founds(self, name: str, *guests: "Resident") -> TopicId:
        """Found a group with `guests`, who all accept; return when everybody knows that all are in."""
        invite = tuple(guest.id for guest in guests)
        group = (await self.asks(GroupFound(id=0, cid=self.cid(), name=self._words(name), invite=invite))).topic
        for guest in guests:
            await guest.asks(GroupAccept(id=0, cid=guest.cid(), topic=group))

        def knows_all_are_in(member: Resident) -> bool:
            return member.knows(group).members == 1 + len(guests)

        for member in (self, *guests):
            await member.until(partial(knows_all_are_in, member), "all to be in")
        return group

    # What this device knows.

    def knows(self, topic: TopicId) -> Summary:
        """Return how one stands to `topic`."""
        summary = self.cache.topic(topic)
        assert summary is not None, f"{self.handle} knows no topic {topic}"
        return summary

    async def has(self, topic: TopicId, seq: Seq) -> None:
        """Wait until `topic` is known up to `seq`."""
        await self.until(lambda: self.cache.heads().get(topic, 0) >= seq, f"{topic} up to {seq}")

    def log(self, topic: TopicId) -> tuple[Line, ...]:
        """Return what this device has of `topic`."""
        return self.session.log(topic)


def _public_text(entry: Entry) -> str | None:
    """Return what a public entry says; None: it is private, or says nothing."""
    if side_of(entry.topic) is not Side.PUBLIC or entry.body is None:
        return None
    return decode(entry.body).content.text


class Town:
    """A server and those who came to it."""

    def __init__(self, daemon: Daemon, nursery: trio.Nursery, words: Words, *, ca: Path | None) -> None:
        self.daemon = daemon
        self.nursery = nursery
        self.words = words
        self.residents: list[Resident] = []
        self._bell = Bell()
        self._ca = ca

    async def settle(self, *handles: str) -> list[Resident]:
        """Register people and bring them online."""
        with trio.fail_after(PATIENCE_S):
            accounts = [
                await register(self.daemon.url, handle, PASSWORD, sign=acknowledge, ca=self._ca) for handle in handles
            ]
        return [await self.moves_in(account) for account in accounts]

    async def another_device(self, person: Resident, name: str = "") -> Resident:
        """Sign `person` in once more, and bring that device online."""
        with trio.fail_after(PATIENCE_S):
            account = await login(self.daemon.url, person.handle, PASSWORD, device=name, ca=self._ca)
        return await self.moves_in(account)

    async def moves_in(self, account: Account) -> Resident:
        """Bring a device that has signed in online."""
        resident = Resident(account, self.nursery, self._bell, self.words, ca=self._ca)
        self.residents.append(resident)
        await resident.comes_online()
        return resident

    async def go_home(self) -> None:
        """Let everybody go offline for good."""
        for resident in self.residents:
            resident.session.stop()
        for resident in self.residents:
            await resident.goes_offline()
            resident.cache.close()
        self.residents.clear()


@asynccontextmanager
async def open_town(
    directory: Path,
    settings: Mapping[str, Any] | None = None,
    *,
    words: Words = plain,
    ca: Path | None = None,
    program: Sequence[str] = SERVE,
) -> AsyncIterator[Town]:
    """Serve from a data directory in `directory`. A server that is stopped or killed meanwhile stays so."""
    async with serving(Daemon(directory / "data", settings, program=program)) as daemon:
        async with trio.open_nursery() as nursery:
            town = Town(daemon, nursery, words, ca=ca)
            yield town
            await town.go_home()
        if daemon.runs:
            assert await daemon.stop() == 0
        assert operator("doctor", "--data", daemon.data) == 0, "the doctor found something"
        assert not daemon.failures()
