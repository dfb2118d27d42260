"""Reading who follows what. Each call is one snapshot."""

from protocol.following import FollowsReply
from protocol.ids import PersonId, TopicId
from server.store import follows
from server.store.snapshots import Snapshots


class FollowReads(Snapshots):
    """A part of a reader; see the port `FollowReader`."""

    def followed(self, person: PersonId) -> dict[TopicId, str]:
        """Return the accounts that `person` follows, each with their tag there."""
        return follows.followed(self._connection, person)

    def follows(self, person: PersonId, mark: int | None) -> FollowsReply:
        """Return whom `person` follows, if that is not what it was at `mark`."""
        with self._snapshot() as connection:
            return follows.follows_of(connection, person, mark)
