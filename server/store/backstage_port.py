"""What a private store answers about what an account's operators alone see: a port that is part of `base.Reader`."""

from dataclasses import dataclass
from typing import Protocol

from protocol.accounts import DraftsReply, FiguresReply
from protocol.ids import Cid, PersonId, Seq, TopicId


@dataclass(frozen=True, slots=True)
class Item:
    """What an operator has scheduled. `request`: as they made it, encoded; `failed`: the code it was refused with."""

    account: TopicId
    item: Cid
    by: PersonId
    handle: str
    digest: bytes
    request: bytes
    due: int
    failed: str


class BackstageReader(Protocol):
    """Reads of an account's drafts, of what is scheduled, and of its figures. Each call is one snapshot."""

    def drafts(self, account: TopicId, *, before: Cid | None, reply_bytes: int) -> DraftsReply:
        """Return drafts of `account` before `before`, the one begun last first, in `reply_bytes` or one more."""

    def scheduled(self, account: TopicId, *, after: Cid | None, reply_bytes: int) -> tuple[tuple[Item, ...], bool]:
        """Return what is scheduled after `after`, the next one due first, in `reply_bytes` or one more; and whether
        that is all. From the first, when `after` is not there (any more).
        """

    def scheduled_item(self, account: TopicId, item: Cid) -> Item | None:
        """Return one scheduled item."""

    def due_items(self, at: int, most: int) -> tuple[Item, ...]:
        """Return what is due at `at` (Unix ms) and has not failed, `most` at most, in the order it is due."""

    def figures(self, account: TopicId, *, seq: Seq | None, since: str) -> FiguresReply:
        """Return how many follow, and what was counted since a day (`YYYY-MM-DD`), of one article or of all."""
