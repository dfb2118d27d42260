"""Who likes what, as rows, by its root: of what is private and of what is public alike."""

import sqlite3

from protocol.ids import PersonId
from server.roots import Root

_PUT = "INSERT OR IGNORE INTO likes (root, person, at) VALUES (:root, :person, :at)"
_DROP = "DELETE FROM likes WHERE root = :root AND person = :person"


def put(connection: sqlite3.Connection, root: Root, person: PersonId, *, liked: bool, at: int) -> bool:
    """Have `person` like something, or no longer; say whether that was otherwise before."""
    values = {"root": root, "person": person, "at": at}
    return bool(connection.execute(_PUT if liked else _DROP, values).rowcount)
