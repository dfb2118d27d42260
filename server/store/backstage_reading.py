"""Reading what an account's operators alone see: drafts, what is scheduled, figures. Each call is one snapshot."""

from protocol.accounts import DraftsReply, FiguresReply
from protocol.ids import Cid, Seq, TopicId
from server.store import drafts, figures
from server.store.backstage_port import Item
from server.store.snapshots import Snapshots


class BackstageReads(Snapshots):
    """A part of a reader; see the port `BackstageReader`."""

    def drafts(self, account: TopicId, *, before: Cid | None, reply_bytes: int) -> DraftsReply:
        """Return drafts of `account`, the one begun last first, as far as there is room for."""
        with self._snapshot() as connection:
            return drafts.drafts_of(connection, account, before=before, reply_bytes=reply_bytes)

    def scheduled(self, account: TopicId, *, after: Cid | None, reply_bytes: int) -> tuple[tuple[Item, ...], bool]:
        """Return what is scheduled, the next one due first, as far as there is room for; and whether that is all."""
        with self._snapshot() as connection:
            return drafts.items_of(connection, account, after=after, reply_bytes=reply_bytes)

    def scheduled_item(self, account: TopicId, item: Cid) -> Item | None:
        """Return one scheduled item."""
        return drafts.item_of(self._connection, account, item)

    def due_items(self, at: int, most: int) -> tuple[Item, ...]:
        """Return what is due at `at` and has not failed, in the order it is due."""
        return drafts.due_items(self._connection, at, most)

    def figures(self, account: TopicId, *, seq: Seq | None, since: str) -> FiguresReply:
        """Return how many follow, and what was counted since a day."""
        with self._snapshot() as connection:
            return figures.figures_of(connection, account, seq=seq, since=since)
