"""Moments as rows: how they are said, narrowed and deleted. Who is to be told is found out as that is written."""

import sqlite3
from json import dumps, loads

from protocol.entries import Side
from protocol.ids import MomentId, PersonId
from protocol.moments import Audience, Moment
from server.roots import root_of
from server.store import moment_index
from server.store.circles import (
    circle,
    comment_shown,
    like_shown,
    moment_visible,
    people_of,
    people_text,
)
from server.store.moment_writes import DropMoment, MomentDropped, MomentNarrowed, MomentPut, Narrow, PutMoment
from server.store.rows import Row
from server.store.writes import Conflict, TargetGone, TooMany

# Of the moment `m` by the person `p`, as `:viewer` sees it, if they do; whom it is for if it is theirs.
MOMENT_COLUMNS = f"""
m.moment, m.author, p.handle, m.at, m.body,
CASE m.author WHEN :viewer THEN m.listed END, CASE m.author WHEN :viewer THEN m.without END,
(SELECT count(*) FROM likes AS l WHERE l.root = m.moment AND {like_shown()}),
EXISTS (SELECT 1 FROM likes AS l WHERE l.root = m.moment AND l.person = :viewer),
(SELECT count(*) FROM comments AS c WHERE c.moment = m.moment AND {comment_shown()})
"""

_BEFORE = "SELECT moment, digest FROM moments WHERE cid = ? AND author = ?"
_LAST = "SELECT max(at) FROM moments WHERE author = ?"
_SAY = """
INSERT INTO moments (moment, author, at, cid, digest, body, listed, without, reach) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_OWN = f"""
SELECT {MOMENT_COLUMNS} FROM moments AS m JOIN people AS p ON p.person = m.author
WHERE m.moment = :moment AND m.author = :viewer AND m.body IS NOT NULL
"""
# Who is named is asked of the lists once, and not for each contact: both may be long.
_TOLD = f"""
SELECT json_group_array(k.contact) {circle(":author")} AND NOT k.hides_mine AND NOT b.hides_theirs
    AND (:listed IS NULL OR k.contact IN (SELECT value FROM json_each(:listed)))
    AND k.contact NOT IN (SELECT value FROM json_each(:without))
"""
_KEPT = "SELECT at, listed, without, body IS NOT NULL FROM moments WHERE moment = ? AND author = ?"
_NARROW = "UPDATE moments SET listed = ?, without = ?, reach = ? WHERE moment = ?"
_SEEN_BY = f"""
SELECT json_group_array(who.value) FROM moments AS m JOIN json_each(:listening) AS who
WHERE m.moment = :moment AND {moment_visible("who.value")}
"""
_ERASE = (
    "UPDATE moments SET body = NULL, listed = NULL, without = '[]', reach = 'none' WHERE moment = :moment",
    "UPDATE comments SET body = NULL WHERE moment = :moment AND body IS NOT NULL",
    "DELETE FROM likes WHERE root = :root",
    "DELETE FROM notices WHERE moment = :moment",
)


def put_moment(connection: sqlite3.Connection, put: PutMoment) -> MomentPut | Conflict | TargetGone:
    """Say something to some of one's friends."""
    before = connection.execute(_BEFORE, (put.cid, put.author)).fetchone()
    if before is not None:
        moment, digest = before
        if digest != put.digest:
            return Conflict()
        own = _own_if_there(connection, moment, put.author)
        return TargetGone() if own is None else MomentPut(moment=own, new=False)
    last: int | None = connection.execute(_LAST, (put.author,)).fetchone()[0]
    at = put.at if last is None else max(put.at, last + 1)
    listed = None if put.only is None else people_text(put.only)
    without = people_text(put.without)
    row = (put.moment, put.author, at, put.cid, put.digest, put.body, listed, without, _reach(listed))
    connection.execute(_SAY, row)
    if put.only is not None:
        moment_index.name(connection, put.author, at, put.moment, {*put.only} - {*put.without})
    elif put.without:
        moment_index.withhold(connection, put.author, at, put.without)
    told = connection.execute(_TOLD, {"author": put.author, "listed": listed, "without": without}).fetchone()[0]
    return MomentPut(moment=_own(connection, put.moment, put.author), new=True, told=tuple(loads(told)))


def narrow(connection: sqlite3.Connection, narrow: Narrow) -> MomentNarrowed | TargetGone | TooMany:
    """Take a moment from some of those it is for."""
    row = connection.execute(_KEPT, (narrow.moment, narrow.author)).fetchone()
    if row is None or not row[3]:
        return TargetGone()
    at, was_listed, was_without, _ = row
    listed = None if was_listed is None else {*people_of(was_listed)}
    without = {*people_of(was_without)}
    fewer = listed
    if narrow.only is not None:
        fewer = {*narrow.only} if listed is None else listed & {*narrow.only}
    more = without | {*narrow.without}
    if len(more) > narrow.most:
        return TooMany()
    text = None if fewer is None else people_text(fewer)
    connection.execute(_NARROW, (text, people_text(more), _reach(text), narrow.moment))
    if fewer is None:
        moment_index.withhold(connection, narrow.author, at, more - without)
    elif listed is None:
        moment_index.forget(connection, narrow.author, at, without)
        moment_index.name(connection, narrow.author, at, narrow.moment, fewer - more)
    else:
        moment_index.unname(connection, narrow.author, at, (listed - without) - (fewer - more))
    return MomentNarrowed(moment=_own(connection, narrow.moment, narrow.author))


def drop_moment(connection: sqlite3.Connection, drop: DropMoment) -> MomentDropped | TargetGone:
    """Delete a moment and all that is said under it; what is deleted already may be deleted again."""
    row = connection.execute(_KEPT, (drop.moment, drop.author)).fetchone()
    if row is None:
        return TargetGone()
    at, listed, without, is_there = row
    if not is_there:
        return MomentDropped(seen_by=())
    asked = {"moment": drop.moment, "root": root_of(drop.moment), "now": drop.at, "listening": dumps(drop.listening)}
    seen_by = connection.execute(_SEEN_BY, asked).fetchone()[0]
    for statement in _ERASE:
        connection.execute(statement, asked)
    if listed is None:
        moment_index.forget(connection, drop.author, at, people_of(without))
    else:
        moment_index.unname(connection, drop.author, at, {*people_of(listed)} - {*people_of(without)})
    return MomentDropped(seen_by=tuple(loads(seen_by)))


def moment_of(row: Row) -> Moment:
    """Return the moment that a row of `MOMENT_COLUMNS` is."""
    moment, author, handle, at, body, listed, without, likes, liked, comments = row
    audience = None
    if without is not None:
        audience = Audience(only=None if listed is None else people_of(listed), without=people_of(without))
    return Moment(
        side=Side.PRIVATE,
        author=author,
        handle=handle,
        at=at,
        body=body,
        moment=moment,
        audience=audience,
        likes=likes,
        liked=bool(liked),
        comments=comments,
    )


def _own_if_there(connection: sqlite3.Connection, moment: MomentId, author: PersonId) -> Moment | None:
    """Return a moment as its author sees it; None: it is not theirs, or not there any more."""
    row = connection.execute(_OWN, {"moment": moment, "viewer": author}).fetchone()
    return None if row is None else moment_of(row)


def _reach(listed: str | None) -> str:
    """Return what tells in an index whether a moment is for all friends, or for some."""
    return "all" if listed is None else "some"


def _own(connection: sqlite3.Connection, moment: MomentId, author: PersonId) -> Moment:
    own = _own_if_there(connection, moment, author)
    assert own is not None
    return own
