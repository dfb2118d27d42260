"""Who has come into public groups lately: said once every few seconds, however many they are."""

from collections.abc import Callable, Iterable
from functools import partial

from protocol.ids import TopicId
from server.clock import Clock
from server.committer import Commits
from server.outcomes import NoRoom, Result
from server.store.public_writes import Announce

EVERY_S = 5.0


class Arrivals:
    """Public groups with people that no entry has spoken of yet. The counts themselves are in the store."""

    def __init__(self, *, commits: Commits, clock: Clock, committed: Callable[[Result], None]) -> None:
        self._commits = commits
        self._clock = clock
        self._committed = committed
        self._since: dict[TopicId, float] = {}

    def recover(self, topics: Iterable[TopicId]) -> None:
        """Remember the groups into which people had come before a restart."""
        for topic in topics:
            self.came(topic)

    def came(self, topic: TopicId) -> None:
        """Somebody has come into `topic`."""
        self._since.setdefault(topic, self._clock.monotonic())

    def every_second(self) -> None:
        """Announce those who have waited long enough."""
        now = self._clock.monotonic()
        for topic in [topic for topic, since in self._since.items() if now - since >= EVERY_S]:
            del self._since[topic]
            self._commits.submit(Announce(topic=topic, at=self._clock.wall_ms()), partial(self._announced, topic))

    def _announced(self, topic: TopicId, result: Result) -> None:
        self._committed(result)
        if isinstance(result, NoRoom):
            self.came(topic)
