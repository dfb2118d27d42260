"""Reading dialogues as an account's operators see them. Each call is one snapshot."""

from protocol.accounts import InboxReply, InboxShowReply
from protocol.ids import Cid, PersonId, Seq, TopicId
from server.store import dialogues
from server.store.base import PostedBefore
from server.store.snapshots import Snapshots


class DialogueReads(Snapshots):
    """A part of a reader; see the port `DialogueReader`."""

    def inbox(self, account: TopicId, *, offset: int, slice_bytes: int) -> InboxReply:
        """Return dialogues of `account` from the `offset`th on."""
        return dialogues.inbox(self._connection, account, offset=offset, slice_bytes=slice_bytes)

    def dialogue(self, topic: TopicId, *, before: Seq | None, limit: int, slice_bytes: int) -> InboxShowReply:
        """Return a page of one dialogue."""
        with self._snapshot() as connection:
            return dialogues.page(connection, topic, before=before, limit=limit, slice_bytes=slice_bytes)

    def answered(self, account: TopicId, by: PersonId, cid: Cid) -> PostedBefore | None:
        """Return what the operator `by` used `cid` for in the name of `account`."""
        return dialogues.answered(self._connection, account, by, cid)
