"""Makes the cache follow the server: sync replies and pushes in, events out. Never waits, never asks anything itself.

What it cannot settle alone it names: topics in `lacking` have something missing, and are to be synced. The two sides
are begun, synced and begun anew apart; what is pushed says by its topic which one it is of.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from client.acquaintance import Acquaintance
from client.cache import Cache
from client.events import (
    AccountChanged,
    Arrived,
    Event,
    Gone,
    InboxChanged,
    IsTyping,
    MomentSaid,
    NoticesChanged,
    OperatorActed,
    PreferencesChanged,
    PresenceChanged,
    ReadUpTo,
    RequestsChanged,
    Resynced,
    ThreadChanged,
    TopicChanged,
)
from client.following import Following
from client.follows import is_followed
from client.order import TopicOrder
from protocol import limits
from protocol.accounts import AccountPush, AccountReply, ActPush, InboxPush, OwnAccount, OwnAccountsReply
from protocol.contacts import ContactPush, ContactReply, ContactsReply
from protocol.entries import Entry, Side, Standing, TopicKind, side_of
from protocol.errors import GapError
from protocol.following import (
    FollowAccount,
    FollowPush,
    FollowReply,
    FollowsReply,
    PagesReply,
    Unfollow,
    UnfollowPush,
    UnfollowReply,
)
from protocol.frames import (
    EntryPush,
    GonePush,
    PreferencesPush,
    PresencePush,
    Push,
    ReadPush,
    Reply,
    Request,
    RequestsPush,
    SetPreferences,
    SetTopic,
    Slice,
    Summary,
    SyncReply,
    TopicPush,
    TypingPush,
)
from protocol.ids import Seq, TopicId
from protocol.moments import MomentPush, NoticePush, ThreadPush


class Mirror:
    """The topics of one session, as far as they are known."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._acquaintance = Acquaintance(cache)
        self._following = Following(cache)
        self._orders: dict[TopicId, TopicOrder] = {}
        self.lacking: set[TopicId] = set()

    def begin(self, side: Side, epoch: str) -> list[Event]:
        """A new connection to a store of `epoch`: go on from the cache, which other processes may have moved on."""
        events: list[Event] = []
        if self._cache.epoch(side) != epoch:
            events = [Resynced(side)] if self._cache.epoch(side) is not None else []
            self._begin_anew(side, epoch)
        if side is Side.PUBLIC:
            self._following.open_all()
        else:
            events += self._acquaintance.begin()
        heads = self._cache.heads(side)
        for topic, order in self._orders.items():
            if topic in heads and order.have < heads[topic]:
                events += map(Arrived, self._cache.entries(topic, after=order.have, before=Seq(heads[topic] + 1)))
        others = {topic: order for topic, order in self._orders.items() if side_of(topic) is not side}
        self._orders = {topic: TopicOrder(have) for topic, have in heads.items()} | others
        self.lacking -= set(self.lacking_on(side))
        return events

    def restart(self, side: Side, *, epoch: str | None = None) -> list[Event]:
        """The server says that what we have is not of its store: forget it, and begin from nothing (of `epoch`)."""
        self._begin_anew(side, epoch)
        return [Resynced(side)]

    def _begin_anew(self, side: Side, epoch: str | None) -> None:
        self._cache.forget(side, epoch=epoch)
        self._orders = {topic: order for topic, order in self._orders.items() if side_of(topic) is not side}
        self.lacking -= set(self.lacking_on(side))

    def lacking_on(self, side: Side) -> list[TopicId]:
        """Return the topics of `side` that have something missing."""
        return [topic for topic in self.lacking if side_of(topic) is side]

    def topics(self, side: Side) -> list[TopicId]:
        """Return the topics of `side` one is a member of, those that moved last first."""
        return [topic for topic in self._orders if side_of(topic) is side]

    def heads(self, topics: Sequence[TopicId]) -> dict[TopicId, Seq]:
        """Return up to where each of `topics` is known."""
        return {topic: self._orders[topic].have for topic in topics if topic in self._orders}

    def known(self, side: Side, topics: Sequence[TopicId]) -> dict[TopicId, Seq]:
        """Return the heads of `topics`, and of as many as there is room for of those of `side` outside which one waits.

        Those have no entries yet; they are named so that the server can say if the waiting is over.
        """
        heads = self.heads(topics)
        room = limits.HEADS - len(heads)
        return heads | dict.fromkeys(self._cache.outside(side)[:room], Seq(0))

    def synced(self, side: Side, reply: SyncReply) -> list[Event]:
        """Take in an answer to `sync` of `side`, or to `resume`; the cache has all of it or nothing."""
        events: list[Event] = []
        with self._cache.transaction():
            for topic in reply.gone:
                events += self._gone(topic)
            for summary in reply.topics:
                events += self._stand(summary)
            for piece in reply.slices:
                events += self._slice(piece)
            self._cache.mark(side, reply.marks)
        return events

    def run(self) -> set[TopicId]:
        """Return the accounts that this device believes one is an operator of."""
        return {it.topic for it in self._cache.topics() if it.kind is TopicKind.ACCOUNT and not is_followed(it)}

    def dismissed(self, topics: set[TopicId]) -> list[Event]:
        """One is no operator of `topics` any more; those one follows are begun anew, as a follower has them."""
        return [event for topic in sorted(topics) for event in self._gone(topic)]

    def follows(self, reply: FollowsReply) -> list[Event] | None:
        """Take in whom one follows; None: that has changed while the answer was under way, ask again."""
        if self._following.is_late(reply):
            return None
        return self._settled(self._following.listed(reply))

    def contacts(self, reply: ContactsReply) -> list[Event]:
        """Take in what has changed of one's contacts after what is known."""
        return self._acquaintance.listed(reply)

    def pushed(self, push: Push) -> list[Event]:
        """Take in what the server said unasked."""
        match push:
            case EntryPush(entry=entry):
                order = self._orders.get(entry.topic)
                # Without an order we have left the topic, and this was under way already.
                return [] if order is None else self._record(entry.topic, order, self._admit(order, entry))
            case TopicPush(summary=summary):
                return self._stand(summary)
            case GonePush(topic=topic):
                return self._gone(topic)
            case ReadPush():
                self._cache.read(push.topic, push.person, push.seq)
                return [ReadUpTo(push.topic, push.person, push.seq)]
            case TypingPush():
                return [IsTyping(push.topic, push.person)]
            case PresencePush():
                return [PresenceChanged(push.online, push.offline)]
            case RequestsPush(topic=topic):
                return [RequestsChanged(topic)]
            case PreferencesPush(preferences=preferences):
                self._cache.preferences = preferences
                return [PreferencesChanged(preferences)]
            case ContactPush():
                return self._acquaintance.changed(push)
            case FollowPush():
                return self._followed(push)
            case UnfollowPush(topic=topic, mark=mark):
                return self._settled(self._following.unfollowed(topic, mark))
            case AccountPush(account=account):
                self._learn(account)
                return [AccountChanged(account)]
            case ActPush(topic=topic, act=act):
                return [OperatorActed(topic, act)]
            case InboxPush(topic=topic, dialogue=dialogue):
                return [InboxChanged(topic, dialogue)]
            case MomentPush(moment=moment):
                return [MomentSaid(moment)]
            case ThreadPush(moment=root, topic=topic, seq=seq):
                return [ThreadChanged(root, topic, seq)]
            case NoticePush():
                return [NoticesChanged()]
            case _:
                return []

    def done(self, request: Request[Reply], reply: Reply) -> list[Event]:
        """Take in what was done for us, as far as the server tells only our other devices of it; and what was told."""
        match request, reply:
            case FollowAccount(topic=topic), FollowReply():
                self.lacking.add(topic)  # What came before we knew of it was let go.
                return self._followed(reply)
            case Unfollow(topic=topic), UnfollowReply(mark=mark):
                return self._settled(self._following.unfollowed(topic, mark))
            case _, ContactReply():
                return self._acquaintance.changed(reply)
            case _, PagesReply(pages=pages):
                for page in pages:
                    self._cache.follows.put_page(page, keep=page.topic in self._orders)
                return []
            case _, OwnAccountsReply(accounts=accounts):
                self._learn(*accounts)
                return []
            case _, AccountReply(account=account):
                self._learn(account)
                return []
            case SetPreferences(), _ if preferences := self._cache.preferences:
                chosen = _chosen(request, *preferences.__struct_fields__)
                self._cache.preferences = now = msgspec.structs.replace(preferences, **chosen)
                return [PreferencesChanged(now)]
            case SetTopic(topic=topic), _ if summary := self._cache.topic(topic):
                return self._stand(msgspec.structs.replace(summary, **_chosen(request, "muted", "pinned")))
            case _:
                return []

    def _followed(self, change: FollowReply | FollowPush) -> list[Event]:
        events = self._following.followed(change)
        have = self._cache.heads(Side.PUBLIC).get(change.follow.topic)
        if have is not None:
            self._orders.setdefault(change.follow.topic, TopicOrder(have))
        return events

    def _settled(self, events: list[Event]) -> list[Event]:
        """Let go of the topics that `events` say are gone."""
        for event in events:
            if isinstance(event, Gone):
                self._orders.pop(event.topic, None)
                self.lacking.discard(event.topic)
        return events

    def _learn(self, *accounts: OwnAccount) -> None:
        for account in accounts:
            self._cache.follows.learn(account.topic, account.name)

    def _stand(self, summary: Summary) -> list[Event]:
        with self._cache.transaction():
            before = self._cache.topic(summary.topic)
            if before is not None and is_followed(before) and not is_followed(summary):
                self._cache.drop_topic(summary.topic)  # Whoever runs an account reads it from where they began to.
                self._orders.pop(summary.topic, None)
            self._cache.put_topic(summary)
            events: list[Event] = [TopicChanged(summary)]
            if summary.standing is not Standing.MEMBER:
                self._orders.pop(summary.topic, None)
                return events
            start = Seq(max(summary.start - 1, 0))
            order = self._orders.setdefault(summary.topic, TopicOrder(start))
            return events + self._record(summary.topic, order, order.skip(start))

    def _gone(self, topic: TopicId) -> list[Event]:
        before = self._cache.topic(topic)
        self._orders.pop(topic, None)
        self.lacking.discard(topic)
        self._cache.drop_topic(topic)
        if before is None or is_followed(before):
            return [Gone(topic)]
        self._following.open_all()  # An account one runs no more may still be one that one follows.
        if self._cache.topic(topic) is not None:
            self._orders[topic] = TopicOrder(Seq(0))
            self.lacking.add(topic)
        return [Gone(topic)]

    def _slice(self, piece: Slice) -> list[Event]:
        order = self._orders.get(piece.topic)
        if order is None:
            return []
        new: list[Entry] = []
        if order.have == 0:
            self._begin_followed(piece)
        if piece.gap is not None:
            self._cache.follows.forget_page(piece.topic)
            self._cache.add_gap(piece.topic, max(piece.gap.first, Seq(order.have + 1)), piece.gap.last)
            new += order.skip(piece.gap.last)
        for entry in piece.entries:
            new += self._admit(order, entry)
        if not order.waiting:
            self.lacking.discard(piece.topic)
        return self._record(piece.topic, order, new)

    def _begin_followed(self, piece: Slice) -> None:
        """What an account one follows had said before this device knew of it is nothing new."""
        summary = self._cache.topic(piece.topic)
        if summary is not None and is_followed(summary) and self._cache.owner is not None:
            self._cache.read(piece.topic, self._cache.owner, piece.head)

    def _admit(self, order: TopicOrder, entry: Entry) -> list[Entry]:
        try:
            return order.admit(entry)
        except GapError:
            self.lacking.add(entry.topic)
            return []

    def _record(self, topic: TopicId, order: TopicOrder, entries: list[Entry]) -> list[Event]:
        self._cache.append(topic, entries, have=order.have)
        return [Arrived(entry) for entry in entries]


def _chosen(request: Request[Reply], *names: str) -> dict[str, Any]:
    """Return what `request` says of `names`; None leaves what it is."""
    return {name: choice for name in names if (choice := getattr(request, name)) is not None}
