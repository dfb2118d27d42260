"""Who follows which public account, as rows: a person's own, and a count for each account and tag.

The counts change with the rows, in one transaction, so nobody ever counts an account's followers.
"""

import sqlite3

from protocol.following import Follow, FollowsReply
from protocol.ids import PersonId, TopicId
from server.store.follow_writes import DropFollow, FollowDropped, FollowPut, PutFollow
from server.store.writes import TooMany

_FOLLOW = "SELECT tag, muted, at FROM follows WHERE person = ? AND account = ?"
_FOLLOWS = "SELECT account, tag, muted, at FROM follows WHERE person = ? ORDER BY at, account"
_TAGS = "SELECT account, tag FROM follows WHERE person = ?"
_COUNT = "SELECT count(*) FROM follows WHERE person = ?"
_PUT = """
INSERT INTO follows (person, account, tag, muted, at) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (person, account) DO UPDATE SET tag = excluded.tag, muted = excluded.muted
"""
_DROP = "DELETE FROM follows WHERE person = ? AND account = ? RETURNING tag"
_MARK = "SELECT follow_mark FROM people WHERE person = ?"
_RAISE_MARK = "UPDATE people SET follow_mark = follow_mark + 1 WHERE person = ? RETURNING follow_mark"
_ONE_MORE = """
INSERT INTO followers (account, tag, people) VALUES (?, ?, 1)
ON CONFLICT (account, tag) DO UPDATE SET people = people + 1
"""
_ONE_LESS = "UPDATE followers SET people = people - 1 WHERE account = ? AND tag = ?"
_NONE_LEFT = "DELETE FROM followers WHERE account = ? AND tag = ? AND people = 0"


def put_follow(connection: sqlite3.Connection, put: PutFollow) -> FollowPut | TooMany:
    """Have somebody follow an account, or follow it in another way."""
    person, account = put.person, put.account
    row = connection.execute(_FOLLOW, (person, account)).fetchone()
    if row is None and connection.execute(_COUNT, (person,)).fetchone()[0] >= put.most:
        return TooMany()
    had, was_muted, at = row or (None, 0, put.at)
    tag = put.tag if put.tag is not None else had or ""
    muted = put.muted if put.muted is not None else bool(was_muted)
    follow = Follow(topic=account, at=at, tag=tag, muted=muted)
    if (had, was_muted) == (tag, muted):
        return FollowPut(person=person, follow=follow, mark=_mark(connection, person), changed=False)
    connection.execute(_PUT, (person, account, tag, muted, at))
    if had != tag:
        if had is not None:
            _leave(connection, account, had)
        connection.execute(_ONE_MORE, (account, tag))
    return FollowPut(person=person, follow=follow, mark=_raised(connection, person), changed=True)


def drop_follow(connection: sqlite3.Connection, drop: DropFollow) -> FollowDropped:
    """Have somebody not follow an account any more, if they did."""
    person, account = drop.person, drop.account
    row = connection.execute(_DROP, (person, account)).fetchone()
    if row is None:
        return FollowDropped(person=person, account=account, mark=_mark(connection, person), changed=False)
    _leave(connection, account, row[0])
    return FollowDropped(person=person, account=account, mark=_raised(connection, person), changed=True)


def follows_of(connection: sqlite3.Connection, person: PersonId, mark: int | None) -> FollowsReply:
    """Return whom `person` follows, in the order they began to; nothing but the mark if it is still `mark`."""
    now = _mark(connection, person)
    if now == mark:
        return FollowsReply(mark=now)
    rows = connection.execute(_FOLLOWS, (person,)).fetchall()
    follows = tuple(Follow(topic=account, tag=tag, muted=bool(muted), at=at) for account, tag, muted, at in rows)
    return FollowsReply(mark=now, follows=follows)


def followed(connection: sqlite3.Connection, person: PersonId) -> dict[TopicId, str]:
    """Return the accounts that `person` follows, each with their tag there."""
    return dict(connection.execute(_TAGS, (person,)).fetchall())


def _leave(connection: sqlite3.Connection, account: TopicId, tag: str) -> None:
    connection.execute(_ONE_LESS, (account, tag))
    connection.execute(_NONE_LEFT, (account, tag))


def _mark(connection: sqlite3.Connection, person: PersonId) -> int:
    row = connection.execute(_MARK, (person,)).fetchone()
    return row[0] if row is not None else 0


def _raised(connection: sqlite3.Connection, person: PersonId) -> int:
    mark: int = connection.execute(_RAISE_MARK, (person,)).fetchone()[0]
    return mark
