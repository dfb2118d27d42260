"""What only the private store knows of squares: who likes what is public, and to whose timelines one's posts come."""

import sqlite3
from collections.abc import Mapping, Sequence
from json import dumps, loads

from protocol.ids import PersonId
from server.roots import Root
from server.store import likes
from server.store.circles import circle
from server.store.public_like_writes import PublicLikePut, PutPublicLike
from server.store.snapshots import Snapshots
from server.store.square_port import Likes

_COUNT = "SELECT count(*) FROM likes WHERE root = ?"
_LIKES = """
SELECT wanted.value, (SELECT count(*) FROM likes WHERE root = wanted.value),
    EXISTS (SELECT 1 FROM likes WHERE root = wanted.value AND person = ?)
FROM json_each(?) AS wanted
"""
_AROUND = f"SELECT json_group_array(k.contact) {circle(':author')} AND NOT b.hides_theirs"


def put_public_like(connection: sqlite3.Connection, put: PutPublicLike) -> PublicLikePut:
    """Like something public, or no longer."""
    changed = likes.put(connection, put.root, put.person, liked=put.liked, at=put.at)
    return PublicLikePut(likes=connection.execute(_COUNT, (put.root,)).fetchone()[0], changed=changed)


class SquareCircleReads(Snapshots):
    """A part of a reader; see the port `SquareCircleReader`."""

    def public_likes(self, roots: Sequence[Root], person: PersonId) -> Mapping[Root, Likes]:
        """Return for each of `roots` how many like it, and whether `person` does."""
        rows = self._rows(_LIKES, (person, dumps(list(roots))))
        return {Root(root): Likes(likes=count, liked=bool(liked)) for root, count, liked in rows}

    def around(self, author: PersonId) -> tuple[PersonId, ...]:
        """Return in whose timelines the posts of `author` are."""
        row = self._row(_AROUND, {"author": author})
        assert row is not None
        return tuple(loads(row[0]))
