"""The states of topics that decisions need, in memory: loaded when first asked for, kept true by every commit."""

from collections import OrderedDict
from collections.abc import Sequence
from itertools import islice
from typing import Any

from protocol.entries import side_of
from protocol.ids import Seq, TopicId
from server.readers import Done, Found, Sources
from server.topics import Change, TopicState

KEPT = 50_000  # States in memory; those of topics with a commit under way are kept in any case.

_Applied = tuple[tuple[Change, ...], int, Seq, int]  # changes, generation, seq, nth


class Rooms:
    """A cache of TopicState, least recently used first.

    A state that is being loaded misses nothing: what is committed meanwhile is applied to it when it arrives, unless
    the snapshot it was read from had it already.
    """

    def __init__(self, reads: Sources, *, kept: int = KEPT) -> None:
        self._reads = reads
        self._kept = kept
        self._states: OrderedDict[TopicId, TopicState] = OrderedDict()
        self._loading: dict[TopicId, tuple[list[Done], list[_Applied]]] = {}
        self._pinned: dict[TopicId, int] = {}

    def get(self, topic: TopicId) -> TopicState | None:
        """Return the state of `topic` if it is in memory."""
        state = self._states.get(topic)
        if state is not None:
            self._states.move_to_end(topic)
        return state

    def load(self, topic: TopicId, done: Done) -> None:
        """Read the state of `topic`, keep it, and call `done` with what came of it; None: no such topic."""
        if topic in self._loading:
            self._loading[topic][0].append(done)
            return
        self._loading[topic] = ([done], [])
        self._reads.of(side_of(topic)).ask(lambda reader: reader.topic(topic), lambda found: self._loaded(topic, found))

    def pin(self, topic: TopicId) -> None:
        """Keep `topic` until `unpin`: a commit to it is under way."""
        self._pinned[topic] = self._pinned.get(topic, 0) + 1

    def unpin(self, topic: TopicId) -> None:
        """Undo one `pin`."""
        left = self._pinned[topic] - 1
        if left:
            self._pinned[topic] = left
        else:
            del self._pinned[topic]

    def add(self, state: TopicState) -> None:
        """Keep the state of a topic that has just begun."""
        self._states[state.topic] = state
        self._evict(state.topic)

    def apply(self, topic: TopicId, changes: Sequence[Change], *, generation: int, seq: Seq, nth: int) -> None:
        """Take in what was committed, in the order of commits. `seq` and `nth` are the topic's after it."""
        state = self._states.get(topic)
        if state is not None:
            _apply(state, changes, generation, seq, nth)
        elif topic in self._loading:
            self._loading[topic][1].append((tuple(changes), generation, seq, nth))

    def _loaded(self, topic: TopicId, found: Found[Any]) -> None:
        waiting, missed = self._loading.pop(topic)
        state = None if found.exception() else found.result()
        if state is not None:
            for applied in missed:
                _apply(state, *applied)
            self.add(state)
        for done in waiting:
            done(found)

    def _evict(self, newest: TopicId) -> None:
        """Make room for `newest`, which stays: somebody is about to decide by it."""
        spare = len(self._states) - self._kept
        if spare > 0:
            old = (topic for topic in self._states if topic not in self._pinned and topic != newest)
            for topic in list(islice(old, spare)):
                del self._states[topic]


def _apply(state: TopicState, changes: Sequence[Change], generation: int, seq: Seq, nth: int) -> None:
    if generation > state.generation:
        state.apply(changes, seq=max(seq, state.head))
        state.generation = generation
    if seq > state.head:
        state.head, state.nth = seq, nth
