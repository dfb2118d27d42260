"""On which connections each topic is live. In memory; the poller's thread only."""

from protocol.ids import Seq, TopicId
from server.audience import Audience
from server.fanout import FanOut
from server.outcomes import Subscriber


class Audiences:
    """The audience of every topic that is live anywhere."""

    def __init__(self, fanout: FanOut) -> None:
        self._fanout = fanout
        self._audiences: dict[TopicId, Audience] = {}

    def __len__(self) -> int:
        """Return of how many topics there are any."""
        return len(self._audiences)

    def of(self, topic: TopicId) -> Audience | None:
        """Return the connections that `topic` is live on."""
        return self._audiences.get(topic)

    def has(self, topic: TopicId, subscriber: Subscriber) -> bool:
        """Say whether `topic` is live on `subscriber`."""
        audience = self._audiences.get(topic)
        return audience is not None and subscriber in audience

    def add(self, topic: TopicId, subscriber: Subscriber, *, has: Seq) -> None:
        """Make `topic` live on `subscriber`, which has its entries up to `has`."""
        audience = self._audiences.get(topic)
        if audience is None:
            audience = self._audiences[topic] = Audience(topic=topic)
        if subscriber not in audience:
            audience.add(subscriber)
            subscriber.live.append(TopicId(audience.topic))
        self.note_late(topic, subscriber, has)

    def note_late(self, topic: TopicId, subscriber: Subscriber, has: Seq) -> None:
        """Entries up to `has` may wait to be sent out still: `subscriber` does not need them."""
        if self._fanout.busy(topic):
            self._audiences[topic].note_late(subscriber, has)

    def remove(self, topic: TopicId, subscriber: Subscriber) -> None:
        """`topic` is not live on `subscriber` any more; what that keeps itself is for it to forget."""
        audience = self._audiences[topic]
        audience.remove(subscriber)
        if not audience:
            del self._audiences[topic]

    def set_tag(self, topic: TopicId, subscriber: Subscriber, tag: str) -> None:
        """Note which tag of the account `topic` is that of whoever follows it on `subscriber`; empty: none."""
        audience = self._audiences.get(topic)
        if audience is not None:
            audience.set_tag(subscriber, tag if subscriber in audience else "")

    def tag(self, topic: TopicId, subscriber: Subscriber) -> str:
        """Return that tag."""
        audience = self._audiences.get(topic)
        return audience.tags.get(subscriber, "") if audience is not None else ""
