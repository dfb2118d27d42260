"""What the operators of an account have not said yet: drafts, which are opaque, and what is to be published when due.

All of it is private, though it may be public one day: it goes to the gate as any other text, when it is said.
"""

import sqlite3

from protocol.accounts import DraftItem, DraftsReply
from protocol.ids import Cid, TopicId
from server.store.backstage_port import Item
from server.store.backstage_writes import CloseItem, DropDraft, Plan, Planned, PutDraft, TakeUp, Unplan
from server.store.writes import Conflict, Done, Stale, TargetGone, TooMany

DRAFT_BYTES = 128  # What a draft takes on the wire besides its body.
ITEM_BYTES = 192

_DRAFT = "SELECT 1 FROM drafts WHERE account = ? AND draft = ?"
_DRAFTS = "SELECT count(*) FROM drafts WHERE account = ?"
_PUT_DRAFT = """
INSERT INTO drafts (account, draft, body, by, at) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (account, draft) DO UPDATE SET body = excluded.body, by = excluded.by, at = excluded.at
"""
_DROP_DRAFT = "DELETE FROM drafts WHERE account = ? AND draft = ?"
# By the cid, which is a UUIDv7: a page begins where the last one ended, however often a draft is saved meanwhile.
_NEWEST_DRAFTS = """
SELECT draft, body, by, at FROM drafts WHERE account = :account AND (:before IS NULL OR draft < :before)
ORDER BY draft DESC
"""

_COLUMNS = "account, item, by, handle, digest, request, due, failed"
_ITEM = f"SELECT {_COLUMNS} FROM scheduled WHERE account = ? AND item = ?"
_ITEMS = "SELECT count(*) FROM scheduled WHERE account = ?"
_PLAN = "INSERT INTO scheduled (account, item, by, handle, digest, request, due) VALUES (?, ?, ?, ?, ?, ?, ?)"
_TAKE_UP = "UPDATE scheduled SET taken = 1 WHERE account = ? AND item = ? AND failed = ''"
_UNPLAN = "DELETE FROM scheduled WHERE account = ? AND item = ? AND NOT taken"
_FAIL = "UPDATE scheduled SET failed = ?, taken = 0 WHERE account = ? AND item = ?"
_DROP_ITEM = "DELETE FROM scheduled WHERE account = ? AND item = ?"
# Numbers first: the requests are long, and sorting would copy them all. What is not there any more begins anew.
_NEXT = """
SELECT item FROM scheduled WHERE account = :account AND (due, item) > (
    ifnull((SELECT due FROM scheduled WHERE account = :account AND item = :after), 0), ifnull(:after, x''))
ORDER BY due, item
"""
_DUE = f"SELECT {_COLUMNS} FROM scheduled WHERE due <= ? AND failed = '' ORDER BY due, item LIMIT ?"


def put_draft(connection: sqlite3.Connection, put: PutDraft) -> Done | TooMany:
    """Keep a draft in the place of what was there."""
    is_there = connection.execute(_DRAFT, (put.account, put.draft)).fetchone() is not None
    if not is_there and connection.execute(_DRAFTS, (put.account,)).fetchone()[0] >= put.most:
        return TooMany()
    connection.execute(_PUT_DRAFT, (put.account, put.draft, put.body, put.by, put.at))
    return Done()


def drop_draft(connection: sqlite3.Connection, drop: DropDraft) -> Done:
    """Forget a draft."""
    connection.execute(_DROP_DRAFT, (drop.account, drop.draft))
    return Done()


def drafts_of(connection: sqlite3.Connection, account: TopicId, *, before: Cid | None, reply_bytes: int) -> DraftsReply:
    """Return drafts of `account`; see the port `BackstageReader`."""
    drafts: list[DraftItem] = []
    for draft, body, by, at in connection.execute(_NEWEST_DRAFTS, {"account": account, "before": before}):
        if reply_bytes <= 0:
            return DraftsReply(drafts=tuple(drafts), complete=False)
        drafts.append(DraftItem(draft=draft, body=body, by=by, at=at))
        reply_bytes -= DRAFT_BYTES + len(body)
    return DraftsReply(drafts=tuple(drafts), complete=True)


def plan(connection: sqlite3.Connection, plan: Plan) -> Planned | Conflict | TooMany:
    """Keep what is to be published when due. A repeat changes nothing."""
    before = item_of(connection, plan.account, plan.item)
    if before is not None:
        return Planned() if (before.by, before.digest) == (plan.by, plan.digest) else Conflict()
    if connection.execute(_ITEMS, (plan.account,)).fetchone()[0] >= plan.most:
        return TooMany()
    connection.execute(_PLAN, (plan.account, plan.item, plan.by, plan.handle, plan.digest, plan.request, plan.due))
    return Planned()


def take_up(connection: sqlite3.Connection, take: TakeUp) -> Done | TargetGone:
    """Have an item that is due be nobody's to unschedule."""
    return Done() if connection.execute(_TAKE_UP, (take.account, take.item)).rowcount else TargetGone()


def unplan(connection: sqlite3.Connection, unplan: Unplan) -> Done | TargetGone | Stale:
    """Forget an item, unless it is being published."""
    if connection.execute(_UNPLAN, (unplan.account, unplan.item)).rowcount:
        return Done()
    return TargetGone() if item_of(connection, unplan.account, unplan.item) is None else Stale()


def close_item(connection: sqlite3.Connection, close: CloseItem) -> Done:
    """Forget an item that has been submitted; keep one that was refused, with the code."""
    if close.failed:
        connection.execute(_FAIL, (close.failed, close.account, close.item))
    else:
        connection.execute(_DROP_ITEM, (close.account, close.item))
    return Done()


def item_of(connection: sqlite3.Connection, account: TopicId, item: Cid) -> Item | None:
    """Return one item."""
    row = connection.execute(_ITEM, (account, item)).fetchone()
    return None if row is None else Item(*row)


def items_of(
    connection: sqlite3.Connection, account: TopicId, *, after: Cid | None, reply_bytes: int
) -> tuple[tuple[Item, ...], bool]:
    """Return items of `account`, and whether there are no more; see the port `BackstageReader`."""
    items: list[Item] = []
    for (number,) in connection.execute(_NEXT, {"account": account, "after": after}).fetchall():
        if reply_bytes <= 0:
            return tuple(items), False
        item = item_of(connection, account, number)
        assert item is not None
        items.append(item)
        reply_bytes -= ITEM_BYTES + len(item.request)
    return tuple(items), True


def due_items(connection: sqlite3.Connection, at: int, most: int) -> tuple[Item, ...]:
    """Return what is due at `at` (Unix ms) and has not failed, `most` at most, in the order it is due."""
    return tuple(Item(*row) for row in connection.execute(_DUE, (at, most)))
