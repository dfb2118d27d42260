"""Who of those that are here follows which account: from when on it is live, and what they get elided for its tag.

Whom a person follows is in the private store. Here it is known of live connections only, and only as far as a
broadcast needs it: that the account is live on them, and their tag, if they have one.
"""

from collections.abc import Callable, Mapping, Sequence

from protocol.ids import PersonId, TopicId
from server.audiences import Audiences
from server.journal import Followed, Journal
from server.operators import role_in
from server.outcomes import Subscriber
from server.rooms import Rooms
from server.store.follow_writes import FollowDropped, FollowPut
from server.store.writes import Posted


class Followers:
    """`connections` gives the signed-in connections of a person."""

    def __init__(
        self,
        rooms: Rooms,
        audiences: Audiences,
        journal: Journal,
        *,
        connections: Callable[[PersonId], Sequence[Subscriber]],
    ) -> None:
        self._rooms = rooms
        self._audiences = audiences
        self._journal = journal
        self._connections = connections

    def put(self, put: FollowPut) -> None:
        """Somebody follows an account: from the next entry on it is live on all their connections.

        Whoever has it written keeps the account's state in memory until it is; or where it begins would be unknown.
        """
        account, person = put.follow.topic, put.person
        state = self._rooms.get(account)
        assert state is not None
        for subscriber in self._connections(person):
            if not self._audiences.has(account, subscriber):
                self._audiences.add(account, subscriber, has=state.head)
            self._audiences.set_tag(account, subscriber, put.follow.tag)
        self._journal.add(Followed(account, person, follows=True))

    def dropped(self, dropped: FollowDropped) -> None:
        """Somebody does not follow an account any more. To its operators it stays live: they are members."""
        account, person = dropped.account, dropped.person
        if role_in(self._rooms.get(account), person) is not None:
            return
        for subscriber in self._connections(person):
            if self._audiences.has(account, subscriber):
                subscriber.live.remove(account)
                self._audiences.remove(account, subscriber)
        self._journal.add(Followed(account, person, follows=False))

    def released(self, ticket: int, subscriber: Subscriber, follows: Mapping[TopicId, str]) -> None:
        """A sync that was read for who `follows` these has made accounts live. What has changed since is known."""
        person = subscriber.caller.person if subscriber.caller else None
        changed = self._journal.followed(ticket, person)
        for account, tag in follows.items():
            if account not in changed:
                self._audiences.set_tag(account, subscriber, tag)

    def misses(self, posted: Posted) -> Callable[[Subscriber], bool] | None:
        """Return what says who gets the number only of an entry that is for one tag; None: it is for everybody."""
        entry = posted.entry
        if entry is None or entry.tag is None:
            return None
        account, tag, operators = entry.topic, entry.tag, frozenset(posted.whole_for)

        def misses(subscriber: Subscriber) -> bool:
            if subscriber.caller is not None and subscriber.caller.person in operators:
                return False
            return self._audiences.tag(account, subscriber) != tag

        return misses
