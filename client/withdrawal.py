"""Texts that were taken out of the public, and given back: what becomes of their words on this device."""

import sqlite3

from protocol.entries import Kind
from protocol.ids import Seq, TopicId

DECISIONS = frozenset({Kind.WITHDRAWN, Kind.RESTORED})


def settle(database: sqlite3.Connection, topic: TopicId, target: Seq) -> None:
    """Do what the last decision about `target` says: take its words and those of its edits, or give them back."""
    kind, body = database.execute(
        "SELECT kind, body FROM entries WHERE topic = ? AND target = ? AND kind IN ('withdrawn', 'restored')"
        " ORDER BY seq DESC LIMIT 1",
        (topic, target),
    ).fetchone()
    if kind == Kind.RESTORED:
        database.execute(
            "UPDATE entries SET body = ?, withdrawn = 0 WHERE topic = ? AND seq = ? AND NOT erased",
            (body, topic, target),
        )
    else:
        database.execute(
            "UPDATE entries SET body = NULL, withdrawn = (seq = :target) WHERE topic = :topic"
            " AND (seq = :target OR (target = :target AND kind IN ('edit', 'restored')))",
            {"topic": topic, "target": target},
        )
