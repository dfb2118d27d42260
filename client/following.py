"""Makes the cache follow whom one follows: the server's list and its changes in, events out. Never asks anything.

Every change of the list has a mark, one more than the last. The list is whole up to the mark that is noted; a change
that is not the next one says that another is missing, and at the next sign-in the whole list is asked for.
"""

import msgspec

from client.cache import Cache
from client.events import Event, Followed, Gone, Unfollowed
from client.follows import as_topic, is_followed
from protocol.following import Follow, FollowPush, FollowReply, FollowsReply
from protocol.ids import Seq, TopicId


class Following:
    """The list of one session, and the topics it makes: an account is a topic one has as long as one follows it."""

    def __init__(self, cache: Cache) -> None:
        self._cache, self._follows = cache, cache.follows
        self._furthest = 0  # The last change that came by itself.

    def is_late(self, reply: FollowsReply) -> bool:
        """Say whether the list was read before a change that has come already."""
        return reply.mark < self._furthest

    def listed(self, reply: FollowsReply) -> list[Event]:
        """Take in the whole list, if there is news in it."""
        if reply.follows is None or reply.mark < (self._follows.mark or 0):
            return []
        before = {follow.topic: follow for follow in self._follows.all()}
        now = {follow.topic: follow for follow in reply.follows}
        events: list[Event] = []
        with self._cache.transaction():
            for topic in before.keys() - now.keys():
                events += self._drop(topic)
            for topic, follow in now.items():
                if before.get(topic) != follow:
                    self._follows.put(follow)
                    events.append(Followed(follow))
            self._follows.mark = reply.mark
        return events

    def followed(self, change: FollowReply | FollowPush) -> list[Event]:
        """One follows an account, or in another way, by an act on this device or on another."""
        topic = change.follow.topic
        with self._cache.transaction():
            if self._is_news(change.mark):
                self._follows.put(change.follow)
            now = self._follows.of(topic)
            if now is None:  # Another process knows already that it has ended since.
                return []
            self._open(now, change.head)
        return [Followed(now)]

    def unfollowed(self, topic: TopicId, mark: int) -> list[Event]:
        """One follows `topic` no more, by an act on this device or on another."""
        with self._cache.transaction():
            return self._drop(topic) if self._is_news(mark) else []

    def open_all(self) -> None:
        """Make a topic of every account that is followed and is none yet: of those, the newest is to be asked for."""
        with self._cache.transaction():
            for follow in self._follows.all():
                self._open(follow, Seq(0))

    def _open(self, follow: Follow, head: Seq) -> None:
        known = self._cache.topic(follow.topic)
        if known is None:
            self._cache.put_topic(as_topic(follow, head))
        elif is_followed(known) and known.muted != follow.muted:
            self._cache.put_topic(msgspec.structs.replace(known, muted=follow.muted))

    def _drop(self, topic: TopicId) -> list[Event]:
        if self._follows.of(topic) is None:
            return []
        self._follows.drop(topic)
        known = self._cache.topic(topic)
        if known is None or not is_followed(known):
            return [Unfollowed(topic)]
        self._cache.drop_topic(topic)
        return [Unfollowed(topic), Gone(topic)]

    def _is_news(self, mark: int) -> bool:
        """Say whether the list does not have the change `mark` yet; if it is the next one, the list is whole again."""
        self._furthest = max(self._furthest, mark)
        known = self._follows.mark
        if mark == (known or 0) + 1 and known is not None:
            self._follows.mark = mark
        return known is None or mark > known
