"""Comments and likes under moments, and the notices of them, as rows: how they are written."""

import sqlite3

from protocol.ids import CommentId, MomentId, PersonId
from protocol.moments import Comment, NoticeKind
from server.roots import root_of
from server.store import likes
from server.store.circles import comment_visible, moment_visible, people_of, people_text
from server.store.comment_writes import (
    CommentDropped,
    CommentPut,
    DropComment,
    LikePut,
    MarkNotices,
    NoticesMarked,
    PutComment,
    PutLike,
)
from server.store.rows import Row
from server.store.writes import Conflict, TargetGone

COMMENT_COLUMNS = "c.comment, c.author, p.handle, c.at, c.body, c.answers"

_BEFORE = "SELECT comment, digest FROM comments WHERE cid = ? AND author = ?"
_SEEN = f"""
SELECT {COMMENT_COLUMNS} FROM comments AS c JOIN moments AS m ON m.moment = c.moment
JOIN people AS p ON p.person = c.author WHERE c.comment = :comment AND {comment_visible()}
"""
_UNDER = f"SELECT m.author FROM moments AS m WHERE m.moment = :moment AND {moment_visible()}"
_ANSWERED = f"""
SELECT c.author, c.at, c.chain FROM comments AS c JOIN moments AS m ON m.moment = c.moment
WHERE c.comment = :answers AND c.moment = :moment AND {comment_visible()}
"""
_SAY = """
INSERT INTO comments (comment, moment, author, at, cid, digest, answers, chain, body)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_DELETABLE = """
SELECT c.moment FROM comments AS c JOIN moments AS m ON m.moment = c.moment
WHERE c.comment = ? AND ? IN (c.author, m.author)
"""
_ERASE = """
WITH RECURSIVE gone (comment) AS (
    VALUES (?) UNION SELECT c.comment FROM gone JOIN comments AS c ON c.answers = gone.comment
)
UPDATE comments SET body = NULL WHERE comment IN (SELECT comment FROM gone) AND body IS NOT NULL RETURNING comment
"""
_NOTICE = "INSERT INTO notices (person, at, kind, moment, comment, by) VALUES (?, ?, ?, ?, ?, ?)"
_UNCOMMENTED = "DELETE FROM notices WHERE moment = ? AND comment = ?"
_UNLIKED = "DELETE FROM notices WHERE moment = ? AND comment = '' AND by = ?"
_READ = "UPDATE people SET notices_read = :at WHERE person = :person AND notices_read < :at"


def put_comment(connection: sqlite3.Connection, put: PutComment) -> CommentPut | Conflict | TargetGone:
    """Say something under a moment, if its author sees that, and what it answers."""
    before = connection.execute(_BEFORE, (put.cid, put.author)).fetchone()
    if before is not None:
        comment, digest = before
        if digest != put.digest:
            return Conflict()
        said = _seen(connection, comment, put.author, put.at)
        return TargetGone() if said is None else CommentPut(comment=said, new=False)
    asked = {"moment": put.moment, "answers": put.answers, "viewer": put.author, "now": put.at}
    under = connection.execute(_UNDER, asked).fetchone()
    if under is None:
        return TargetGone()
    at, chain, concerned = put.at, [put.author], {under[0]: NoticeKind.COMMENT}
    if put.answers is not None:
        answered = connection.execute(_ANSWERED, asked).fetchone()
        if answered is None:
            return TargetGone()
        whom, answered_at, others = answered
        concerned[whom] = NoticeKind.ANSWER  # One notice also to whom it is under something of their own.
        at, chain = max(at, answered_at + 1), [*people_of(others), put.author]  # Whoever sees it sees what it answers.
    concerned.pop(put.author, None)
    row = (put.comment, put.moment, put.author, at, put.cid, put.digest, put.answers, people_text(chain), put.body)
    connection.execute(_SAY, row)
    for person, kind in concerned.items():
        connection.execute(_NOTICE, (person, at, kind, put.moment, put.comment, put.author))
    said = _seen(connection, put.comment, put.author, put.at)
    assert said is not None
    return CommentPut(
        comment=said,
        new=True,
        told=tuple(person for person in concerned if _seen(connection, put.comment, person, put.at) is not None),
    )


def drop_comment(connection: sqlite3.Connection, drop: DropComment) -> CommentDropped | TargetGone:
    """Delete a comment, and what answers it: one's own, or what is under something of one's own, seen or not."""
    row = connection.execute(_DELETABLE, (drop.comment, drop.person)).fetchone()
    if row is None:
        return TargetGone()
    moment = MomentId(row[0])
    erased = connection.execute(_ERASE, (drop.comment,)).fetchall()
    connection.executemany(_UNCOMMENTED, [(moment, comment) for (comment,) in erased])
    return CommentDropped(moment, erased=bool(erased))


def put_like(connection: sqlite3.Connection, put: PutLike) -> LikePut | TargetGone:
    """Like a moment that one sees, or no longer."""
    asked = {"moment": put.moment, "viewer": put.person, "now": put.at}
    under = connection.execute(_UNDER, asked).fetchone()
    if under is None and put.liked:
        return TargetGone()
    changed = likes.put(connection, root_of(put.moment), put.person, liked=put.liked, at=put.at)
    if changed and not put.liked:
        connection.execute(_UNLIKED, (put.moment, put.person))
    told: tuple[PersonId, ...] = ()
    if changed and put.liked and under[0] != put.person:
        connection.execute(_NOTICE, (under[0], put.at, NoticeKind.LIKE, put.moment, "", put.person))
        told = (under[0],)  # Whoever sees a moment is a friend of its author, who therefore sees the like.
    return LikePut(changed=changed, seen=under is not None, told=told)


def mark_notices(connection: sqlite3.Connection, mark: MarkNotices) -> NoticesMarked:
    """Note how far somebody has read their notices."""
    moved = connection.execute(_READ, {"person": mark.person, "at": mark.at}).rowcount
    return NoticesMarked(bool(moved))


def comment_of(row: Row) -> Comment:
    """Return the comment that a row of `COMMENT_COLUMNS` is."""
    comment, author, handle, at, body, answers = row
    return Comment(comment=comment, author=author, handle=handle, at=at, body=body, answers=answers)


def _seen(connection: sqlite3.Connection, comment: CommentId, viewer: PersonId, now: int) -> Comment | None:
    """Return a comment if `viewer` sees it."""
    row = connection.execute(_SEEN, {"comment": comment, "viewer": viewer, "now": now}).fetchone()
    return None if row is None else comment_of(row)
