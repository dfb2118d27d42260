"""Read marks on their way to the server. They only rise, so of several for one topic only the last is sent.

How far one has read an account that one follows is nobody's business: it stays on this device.
"""

import trio

from client.cache import Cache
from client.connection import Connection
from client.errors import RefusedError
from client.events import Event, ReadUpTo
from client.follows import is_followed
from protocol.frames import Read
from protocol.ids import PersonId, Seq, TopicId

PAUSE_SECONDS = 0.2  # Between two marks: a busy topic is marked five times a second, not at every message.


class ReadMarks:
    """What one has read here and the server does not know yet."""

    def __init__(self, cache: Cache, person: PersonId) -> None:
        self._cache, self._person = cache, person
        self._unsent: dict[TopicId, Seq] = {}

    def put(self, topic: TopicId, seq: Seq) -> list[Event]:
        """Everything in `topic` up to `seq` is read; it counts here at once."""
        summary = self._cache.topic(topic)
        if summary is not None and seq <= summary.read:
            return []
        if summary is None or not is_followed(summary):
            self._unsent[topic] = max(seq, self._unsent.get(topic, seq))
        self._cache.read(topic, self._person, seq)
        return [ReadUpTo(topic, self._person, seq)]

    def is_empty(self) -> bool:
        """Say whether the server knows all."""
        return not self._unsent

    async def send_one(self, connection: Connection) -> None:
        """Tell the server one mark, and pause."""
        topic, seq = next(iter(self._unsent.items()))
        try:
            await connection.request(Read(id=0, topic=topic, seq=seq))
        except RefusedError as refused:
            if refused.retry_after_ms is not None:
                await trio.sleep(refused.retry_after_ms / 1000)
                return
        self._cache.read(topic, self._person, seq)  # A summary from before may have come meanwhile.
        if self._unsent[topic] == seq:
            del self._unsent[topic]
