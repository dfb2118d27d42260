"""What people type for the ids they were shown: the beginning of one is enough, among those this device has shown.

A reference is an id, or of something public topic and number with a slash between (`0abc…/12`); of that the beginning
of the topic is enough. It is no permission: whoever may not see what it names gets nothing by it.
"""

import sqlite3
from enum import StrEnum

from protocol.entries import Side
from protocol.ids import PUBLIC_MARK

LEAST_CHARS = 5  # Twenty bits at least: what is typed from memory rarely means another.
KEPT = 5000  # Of those shown last.


class Shape(StrEnum):
    """What a reference names."""

    ROOT = "root"  # A moment, a post or an article.
    COMMENT = "comment"


class References:
    """The references one profile has been shown, in the cache's database."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def show(self, shape: Shape, reference: str) -> str:
        """Return the beginning of `reference` that is enough for it from now on."""
        head, slash, number = reference.partition("/")
        self._database.execute(
            "INSERT INTO shown (reference, shape, head, number)"
            " VALUES (?, ?, ?, (SELECT coalesce(max(number), 0) + 1 FROM shown))"
            " ON CONFLICT DO UPDATE SET number = excluded.number",
            (reference, shape.value, head),
        )
        self._database.execute("DELETE FROM shown WHERE number <= (SELECT max(number) FROM shown) - ?", (KEPT,))
        around = self._database.execute(
            "SELECT (SELECT max(head) FROM shown WHERE shape = :shape AND head < :head),"
            " (SELECT min(head) FROM shown WHERE shape = :shape AND head > :head)",
            {"shape": shape.value, "head": head},
        ).fetchone()
        alike = max(_alike(head, other or "") for other in around)
        return head[: max(LEAST_CHARS, alike + 1)] + slash + number

    def meant(self, shape: Shape, typed: str) -> list[str]:
        """Return the references that `typed` may be: whole ones, or with what it says as the beginning."""
        head, slash, number = typed.partition("/")
        rows = self._database.execute(
            "SELECT reference FROM shown WHERE shape = ? AND head >= ? AND substr(head, 1, ?) = ? ORDER BY reference",
            (shape.value, head, len(head), head),
        )
        return [reference for (reference,) in rows if head and reference.partition("/")[1:] == (slash, number)]

    def forget(self, side: Side) -> None:
        """Forget those of `side`: the server's store of it is another."""
        self._database.execute(f"DELETE FROM shown WHERE (head LIKE '{PUBLIC_MARK}%') = ?", (int(side is Side.PUBLIC),))


def _alike(one: str, other: str) -> int:
    """Return how many characters the two begin with alike."""
    return next((place for place, pair in enumerate(zip(one, other, strict=False)) if len(set(pair)) == 2), len(other))
