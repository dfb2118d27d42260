"""The rows of a store, written and counted past the server: a million followers would take too long to sign up."""

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from random import Random

from protocol.entries import Side
from protocol.ids import ID_CHARS, PersonId, TopicId
from server.store.sqlite import store_path

ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"  # Of ids.
AT = 1_760_000_000_000
_FOLLOW = "INSERT INTO follows (person, account, at) VALUES (?, ?, ?)"
_COUNT = """
INSERT INTO followers (account, tag, people) VALUES (?, '', ?)
ON CONFLICT (account, tag) DO UPDATE SET people = people + excluded.people
"""
_MARK = "UPDATE people SET follow_mark = follow_mark + 1 WHERE person = ?"


def strangers(count: int, source: Random) -> list[PersonId]:
    """Return ids of `count` people who are not there, ascending: so rows come to lie one after the other."""
    return sorted(PersonId("".join(source.choices(ALPHABET, k=ID_CHARS))) for _ in range(count))


def add_follows(data: Path, accounts: Sequence[TopicId], people: Iterable[PersonId]) -> None:
    """Have each of `people` follow each of `accounts`; no server runs meanwhile."""
    with closing(sqlite3.connect(store_path(data, Side.PRIVATE))) as store, store:
        count = 0
        for person in people:
            store.executemany(_FOLLOW, [(person, account, AT) for account in accounts])
            store.execute(_MARK, (person,))
            count += 1
        store.executemany(_COUNT, [(account, count) for account in accounts])


def entries(data: Path, topic: TopicId) -> int:
    """Return how many entries the log of `topic` has."""
    with closing(sqlite3.connect(store_path(data, Side.PUBLIC))) as store:
        found: int = store.execute("SELECT count(*) FROM entries WHERE topic = ?", (topic,)).fetchone()[0]
        return found


def private_rows(data: Path) -> int:
    """Return how many rows the private store has, in all tables."""
    with closing(sqlite3.connect(store_path(data, Side.PRIVATE))) as store:
        tables = [name for (name,) in store.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return sum(store.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0] for table in tables)
