"""Which threads are open on which connections. In memory, and forgotten with the connection; the poller's thread only.

What is told there is a hint: that something has changed, and is to be read again. Who may see what has changed is for
others to say.
"""

from protocol.codec import encode_push
from protocol.ids import PersonId, Seq, TopicId
from protocol.limits import OPEN_THREADS
from server.audience import Audience
from server.fanout import FanOut, Parcel
from server.net.framing import binary_frame
from server.outcomes import Stir, Subscriber
from server.roots import Root


class OpenThreads:
    """The threads of all connections, at most `most` on each."""

    def __init__(self, fanout: FanOut, *, most: int = OPEN_THREADS) -> None:
        self._fanout = fanout
        self._most = most
        self._audiences: dict[Root, Audience] = {}
        self._roots: dict[Subscriber, set[Root]] = {}

    def __len__(self) -> int:
        """Return of how many roots the thread is open anywhere."""
        return len(self._audiences)

    def open(self, subscriber: Subscriber, root: Root) -> bool:
        """Have the thread of `root` open on `subscriber`, unless too many are; say whether it is."""
        roots = self._roots.setdefault(subscriber, set())
        if root not in roots and len(roots) >= self._most:
            return False
        roots.add(root)
        self._audiences.setdefault(root, Audience()).add(subscriber)
        return True

    def close(self, subscriber: Subscriber, root: Root) -> None:
        """It is open there no longer, if it was."""
        roots = self._roots.get(subscriber, set())
        if root not in roots:
            return
        roots.remove(root)
        if not roots:
            del self._roots[subscriber]
        audience = self._audiences[root]
        audience.remove(subscriber)
        if not audience:
            del self._audiences[root]

    def forget(self, subscriber: Subscriber) -> None:
        """`subscriber` is gone."""
        for root in tuple(self._roots.get(subscriber, ())):
            self.close(subscriber, root)

    def listening(self, root: Root) -> tuple[PersonId, ...]:
        """Return who has the thread of `root` open, each once."""
        audience = self._audiences.get(root)
        if audience is None:
            return ()
        return tuple(dict.fromkeys(one.caller.person for one in audience.subscribers if one.caller is not None))

    def stir(self, stir: Stir, *, asked: Subscriber | None = None) -> None:
        """Tell those who are to be told, but for the connection that asked for the change."""
        audience = self._audiences.get(stir.root)
        if audience is None:
            return
        frame = binary_frame(encode_push(stir.push))
        if stir.persons is None:
            self._fanout.add(TopicId(stir.root), audience, Parcel(Seq(0), frame))
            return
        persons = frozenset(stir.persons)
        for subscriber in audience.subscribers:
            if subscriber is not asked and subscriber.caller is not None and subscriber.caller.person in persons:
                subscriber.push(frame)
