"""The readers of the third act: they follow by the graph, get what is broadcast, and open some of it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from random import Random

from benchmarks.playhouse.walker import Walker
from benchmarks.press.graph import Graph, Step, second_thoughts
from benchmarks.press.papers import Paper
from benchmarks.press.reader import Reader
from benchmarks.press.verdict import Broadcast, Heard, Place
from protocol.entries import Kind
from protocol.following import ArticleReply, FollowAccount, ReadArticle, Unfollow
from protocol.ids import PersonId, TopicId
from protocol.publications import decode, digest_of

OPENS = 0.5  # How likely a reader opens what they got.


class Crowd:
    """Readers by their handles. `broadcasts`: all so far; `openers`: who has opened what, by the article's place."""

    def __init__(self, readers: Sequence[Reader], chance: Random) -> None:
        self.readers = {reader.walker.handle: reader for reader in readers}
        self.graph = Graph()
        self.broadcasts: list[Broadcast] = []
        self.openers: defaultdict[Place, set[PersonId]] = defaultdict(set)
        self._chance = chance

    @property
    def here(self) -> list[str]:
        """The handles of those who are online."""
        return [handle for handle, reader in self.readers.items() if not reader.is_away]

    @property
    def heard(self) -> Mapping[str, Heard]:
        """What has come to each."""
        return {handle: reader.heard for handle, reader in self.readers.items()}

    async def take(self, steps: Sequence[Step], topics: Mapping[str, TopicId]) -> None:
        """Have readers follow and unfollow, each step done before the next; `topics`: the accounts by their keys."""
        for step in steps:
            session, topic = self.readers[step.reader].walker.session, topics[step.account]
            if step.follows:
                await session.request(FollowAccount(id=0, topic=topic, tag=step.tag, muted=step.muted))
            else:
                await session.request(Unfollow(id=0, topic=topic))
            self.graph.take(step)

    async def think_again(self, paper: Paper, topics: Mapping[str, TopicId]) -> None:
        """Have some of those who are here change their minds about an account."""
        steps = second_thoughts(self.graph, self.here, paper.key, paper.tags, self._chance)
        await self.take(steps, topics)

    def expects(self, paper: Paper, what: str, place: Place, tag: str) -> Broadcast:
        """Note a broadcast, with whom it is for by the graph as it is now."""
        due = self.graph.audience(paper.key, tag)
        broadcast = Broadcast(
            what=what,
            place=place,
            tag=tag,
            due=due,
            others=self.graph.followers(paper.key) - due,
            away=frozenset(self.readers) - frozenset(self.here),
        )
        self.broadcasts.append(broadcast)
        return broadcast

    async def gets(self, broadcast: Broadcast) -> None:
        """Wait until all who are here have the card, or its number, as the graph has it."""
        for handle in broadcast.due - broadcast.away:
            await self.readers[handle].gets(broadcast.place)
        for handle in broadcast.others - broadcast.away:
            await self.readers[handle].gets_its_number(broadcast.place)

    async def learns(self, kind: Kind, place: Place, key: str) -> None:
        """Wait until all followers of `key` who are here have been told something about the entry at `place`."""
        for handle in self.graph.followers(key):
            if not self.readers[handle].is_away:
                await self.readers[handle].learns(kind, place)

    async def opens(self, broadcast: Broadcast) -> bool:
        """Have some of those who got the card open the article; say whether each got what the card is of."""
        answers = [
            await self.opened(self.readers[handle].walker, broadcast.place)
            for handle in sorted(broadcast.due - broadcast.away)
            if self._chance.random() < OPENS
        ]
        return all(answers)

    async def opened(self, walker: Walker, place: Place) -> bool:
        """Have somebody open an article; say whether the card that stands in the log is of what they got."""
        article = await self.article(walker, place)
        return decode(article.entry.body or b"").digest == digest_of(decode(article.body).content)

    async def article(self, walker: Walker, place: Place) -> ArticleReply:
        """Have somebody open an article, and note that they did."""
        topic, seq = place
        reply = await walker.session.request(ReadArticle(id=0, topic=topic, seq=seq))
        self.openers[place].add(walker.person)
        return reply
