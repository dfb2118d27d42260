"""The connections that follow one topic. In memory; the poller's thread only."""

import math
from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from protocol.ids import Seq
from server.outcomes import Subscriber

FEW = 8  # Up to so many are kept in a tuple: most topics are chats, and a server has as many of those as people.
_NONE: Mapping[Any, Any] = MappingProxyType({})


class Audience:
    """Subscribers in the order they came. Nothing is kept twice, and what few audiences have costs the others nothing.

    `topic`: the string that all who keep the topic's name may share. `subscribers`: to be gone through and looked into.
    `departures`: how often somebody has gone. `late`: who already has the waiting entries up to that seq. `tags`: of an
    account, those of its followers who have one.
    """

    __slots__ = ("departures", "late", "subscribers", "tags", "topic")

    def __init__(self, subscribers: Iterable[Subscriber] = (), *, topic: str = "") -> None:
        self.topic = topic
        self.departures = 0
        self.subscribers: Collection[Subscriber] = ()
        self.late: Mapping[Subscriber, Seq] = _NONE
        self.tags: Mapping[Subscriber, str] = _NONE
        for subscriber in subscribers:
            self.add(subscriber)

    def __len__(self) -> int:
        return len(self.subscribers)

    def __contains__(self, subscriber: Subscriber) -> bool:
        return subscriber in self.subscribers

    def add(self, subscriber: Subscriber) -> None:
        """Let `subscriber` follow, too."""
        if isinstance(self.subscribers, dict):
            self.subscribers[subscriber] = None
        elif subscriber not in self.subscribers:
            more = (*self.subscribers, subscriber)
            self.subscribers = more if len(more) <= FEW else dict.fromkeys(more)

    def remove(self, subscriber: Subscriber) -> None:
        """`subscriber` follows no longer, if it did."""
        self.departures += 1
        if isinstance(self.subscribers, dict):
            self.subscribers.pop(subscriber, None)
        else:
            self.subscribers = tuple(other for other in self.subscribers if other is not subscriber)
        if isinstance(self.late, dict):
            self.late.pop(subscriber, None)
        self.set_tag(subscriber, "")

    def note_late(self, subscriber: Subscriber, seq: Seq) -> None:
        """`subscriber` has what waits up to `seq`."""
        if not isinstance(self.late, dict):
            self.late = {}
        self.late[subscriber] = max(seq, self.late.get(subscriber, seq))

    def forget_late(self, before: float = math.inf) -> None:
        """Nothing before this seq waits any more."""
        if self.late:
            self.late = {subscriber: seq for subscriber, seq in self.late.items() if seq >= before} or _NONE

    def set_tag(self, subscriber: Subscriber, tag: str) -> None:
        """Note the tag of whoever follows on `subscriber`; empty: none."""
        if isinstance(self.tags, dict):
            self.tags.pop(subscriber, None)
            if tag:
                self.tags[subscriber] = tag
        elif tag:
            self.tags = {subscriber: tag}
