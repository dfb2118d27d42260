"""Everybody of the third act, where they are, and what all scenes do: publish, have it broadcast, ask an officer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from random import Random

import trio

from benchmarks.playhouse.canaries import Canaries
from benchmarks.playhouse.decisions import in_a_line
from benchmarks.playhouse.report import ActError
from benchmarks.playhouse.stage import Stage
from benchmarks.playhouse.walker import Walker
from benchmarks.press.crowd import Crowd
from benchmarks.press.desk import Desk
from benchmarks.press.papers import PAPERS, Paper
from benchmarks.press.reader import Reader
from benchmarks.press.report import Report
from benchmarks.press.verdict import Broadcast, Place
from benchmarks.town.people import build
from client.connection import Connection
from client.events import OperatorActed
from client.staff import on_duty
from protocol.accounts import Act
from protocol.following import Search, SearchKind
from protocol.ids import TopicId
from protocol.public import Origin
from protocol.publications import Content, Surface, decode, digest_of
from protocol.staff import StaffRole

READERS = 24
REVIEWER, CHIEF = "K7", "C1"
OPERATOR = "editor_he"  # Is made an editor of the daily.
AUTHORITY = "云河市互联网信息办公室"  # Whose approvals count (Art. 7 ¶2).
STRANGERS = ("passer_by", "visitor")  # Read, and follow nobody.


class Newsroom:
    """The people, by what they are there for. `desks`: by the keys of their papers; `homes`: where people live."""

    def __init__(self, stage: Stage, homes: trio.Nursery, *, seed: int) -> None:
        self.stage = stage
        self._homes = homes
        self.canaries = Canaries()
        self.chance = Random(f"{seed} press")
        self.report = Report()
        self.bridge: dict[str, Place] = {}  # Where the article about the bridge is, by the accounts that have it.
        self.desks: dict[str, Desk] = {}
        self.crowd = Crowd([], self.chance)
        self._people: dict[str, Walker] = {}  # All but the readers.
        self._tokens: dict[str, str] = {}
        self._seed = seed

    async def gather(self) -> None:
        """Register everybody, each line of the agreement acknowledged, and make two officers."""
        residents = build(READERS, self._seed).residents
        people: dict[str, Walker] = {}

        async def one(handle: str) -> None:
            people[handle] = await Walker.arrive(self.stage.host.url, handle)

        async def officers() -> None:
            for code, role in ((REVIEWER, StaffRole.REVIEWER), (CHIEF, StaffRole.CHIEF)):
                self._tokens[code] = await self.stage.officer(code, role)

        handles = [resident.handle for resident in residents]
        async with trio.open_nursery() as arriving:
            arriving.start_soon(officers)
            for handle in (*handles, *(paper.owner for paper in PAPERS), OPERATOR, *STRANGERS):
                arriving.start_soon(one, handle)
        self.crowd = Crowd([Reader(people.pop(handle)) for handle in handles], self.chance)
        self._people = people
        for walker in people.values():
            await self._homes.start(walker.live)
        for reader in self.crowd.readers.values():
            await self._homes.start(reader.live)
        self.desks = {paper.key: Desk(paper, people[paper.owner]) for paper in PAPERS}

    @property
    def operator(self) -> Walker:
        """Whom the daily's owner makes its editor."""
        return self._people[OPERATOR]

    @property
    def strangers(self) -> list[Walker]:
        """Those who follow nobody."""
        return [self._people[handle] for handle in STRANGERS]

    @property
    def topics(self) -> dict[str, TopicId]:
        """The accounts by their keys."""
        return {key: desk.topic for key, desk in self.desks.items()}

    def desk(self, paper: Paper) -> Desk:
        """Return where `paper` is made."""
        return self.desks[paper.key]

    async def goes_away(self, handle: str) -> None:
        """A reader goes offline."""
        await self.crowd.readers[handle].leave()

    async def comes_back(self, handle: str) -> None:
        """A reader is online again, and has caught up."""
        await self._homes.start(self.crowd.readers[handle].live)

    async def learns_of_an_act(self, operator: Walker, place: Place) -> Act:
        """Wait until an operator is told of the act that made the entry at `place`, and return it."""

        def acts() -> list[Act]:
            told = (event for event in operator.told if isinstance(event, OperatorActed))
            return [event.act for event in told if (event.topic, event.act.seq) == place]

        await operator.until(lambda: bool(acts()))
        return acts()[0]

    @asynccontextmanager
    async def officer(self, code: str) -> AsyncIterator[Connection]:
        """Give the connection of an officer on duty."""
        async with on_duty(self.stage.host.url, code, self._tokens[code]) as (connection, _):
            yield connection

    async def broadcast(
        self,
        paper: Paper,
        what: str,
        content: Content,
        *,
        by: Walker | None = None,
        source: Origin | None = None,
        tag: str = "",
        reprintable: bool = False,
    ) -> Broadcast:
        """Let some think again, then broadcast, and wait until everybody has it.

        Raises:
            ActError: It was not published.
        """
        await self.crowd.think_again(paper, self.topics)
        surface = Surface.BROADCAST if source is None else Surface.REPRINT
        said = await self.desk(paper).publish(surface, content, by=by, source=source, tag=tag, reprintable=reprintable)
        if said.seq is None:
            raise ActError(f"{what} was to be broadcast, and is {said.state}: {in_a_line(said.decision)}")
        broadcast = self.crowd.expects(paper, what, (self.desk(paper).topic, said.seq), tag)
        await self.crowd.gets(broadcast)
        return broadcast

    async def source(self, desk: Desk, place: Place) -> tuple[Origin, Content]:
        """Return an article as the owner of `desk` has it, to reprint it: where it is from, and what it says."""
        article = await self.crowd.article(desk.owner, place)
        content = decode(article.body).content
        topic, seq = place
        return Origin(account=topic, seq=seq, digest=digest_of(content)), content

    async def found(self, query: str) -> set[Place]:
        """Return the articles that somebody finds by `query`."""
        asked = Search(id=0, query=query, kinds=(SearchKind.ARTICLE,))
        found = (await self.strangers[0].session.request(asked)).found
        return {(each.topic, each.seq) for each in found if each.seq is not None}

    async def approve(self, paper: Paper, *, number: str, item: bytes | None = None) -> None:
        """Put an approval by the authority on record, of one content or of all, as only who runs the server can."""
        command = ["approvals", "add", self.desk(paper).topic, "--issuer", AUTHORITY, "--number", number]
        command += ["--date", datetime.now(UTC).date().isoformat()]
        await self.stage.hutongd(*command, *(["--item", item.hex()] if item is not None else []))
