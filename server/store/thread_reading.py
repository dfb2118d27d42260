"""Reading what is said under moments, and notices, as one may see them. Each call is one snapshot."""

from collections.abc import Sequence
from json import dumps

from protocol.frames import Person
from protocol.ids import CommentId, MomentId, PersonId
from protocol.limits import MOMENTS_SHOWN
from protocol.moments import Notice, NoticeKind, ThreadReply
from server.positions import SortKey
from server.roots import root_of
from server.store.circles import comment_linked, comment_shown, like_shown, moment_visible, near
from server.store.comments import COMMENT_COLUMNS, comment_of
from server.store.rows import Row
from server.store.snapshots import Snapshots
from server.store.thread_port import NoticePage

_NEWEST = SortKey((1 << 63) - 1, "")  # The place before all there is.

_MOMENT = f"SELECT 1 FROM moments AS m WHERE m.moment = :moment AND {moment_visible()}"
_COMMENTS = f"""
SELECT {COMMENT_COLUMNS} FROM comments AS c JOIN people AS p ON p.person = c.author
WHERE c.moment = :moment AND (c.at, c.comment) < (:before, :before_id) AND {comment_shown()}
ORDER BY c.at DESC, c.comment DESC LIMIT :limit
"""
# With each of them what is to be said of all: how many there are, and whether the viewer is one.
_LIKERS = f"""
SELECT l.person, p.handle, count(*) OVER (), max(l.person = :viewer) OVER ()
FROM likes AS l JOIN people AS p ON p.person = l.person
WHERE l.root = :root AND {like_shown()} ORDER BY l.at DESC, l.person DESC LIMIT {MOMENTS_SHOWN}
"""
_LIKES = f"SELECT count(*) FROM likes AS l WHERE l.root = :root AND {like_shown()}"
_SEEING_COMMENT = f"""
SELECT who.value FROM comments AS c JOIN moments AS m ON m.moment = c.moment JOIN json_each(:persons) AS who
WHERE c.comment = :comment AND {moment_visible("who.value")} AND {comment_linked("who.value")}
"""
_SEEING_LIKE = f"""
SELECT who.value FROM moments AS m JOIN json_each(:persons) AS who
WHERE m.moment = :moment AND {moment_visible("who.value")} AND {near("who.value", ":by")}
"""
# As `place_of` has it; in this order the key of the table has them, too.
_PLACE = "substr(n.kind, 1, 1) || n.moment || CASE n.kind WHEN 'like' THEN n.by ELSE n.comment END"
_NOTICED = f"""
FROM notices AS n JOIN people AS p ON p.person = n.by JOIN moments AS m ON m.moment = n.moment
LEFT JOIN comments AS c ON c.comment = n.comment
WHERE n.person = :viewer AND {moment_visible()}
    AND CASE n.kind WHEN 'like' THEN {near(":viewer", "n.by")} ELSE {comment_shown()} END
"""
_NOTICES = f"""
SELECT n.kind, n.at, n.by, p.handle, n.moment, {COMMENT_COLUMNS}
{_NOTICED} AND n.at <= :before AND (n.at < :before OR {_PLACE} < :before_id)
ORDER BY n.at DESC, {_PLACE} DESC LIMIT :limit
"""
_READ = "SELECT notices_read FROM people WHERE person = :viewer"
_UNREAD = f"SELECT count(*) FROM (SELECT 1 {_NOTICED} AND n.at > :read LIMIT :most)"


class ThreadReads(Snapshots):
    """A part of a reader; see the port `ThreadReader`."""

    def thread(
        self, viewer: PersonId, moment: MomentId, *, before: SortKey | None, limit: int, at: int
    ) -> ThreadReply | None:
        """Return a page of what is said under a moment."""
        asked = {"viewer": viewer, "moment": moment, "root": root_of(moment), "now": at, "limit": limit + 1}
        asked |= _place(before)
        with self._snapshot() as connection:
            if connection.execute(_MOMENT, asked).fetchone() is None:
                return None
            comments = [comment_of(row) for row in connection.execute(_COMMENTS, asked)]
            likers = connection.execute(_LIKERS, asked).fetchall()
        *_, likes, liked = likers[0] if likers else (0, False)
        return ThreadReply(
            comments=tuple(comments[:limit]),
            complete=len(comments) <= limit,
            likes=likes,
            liked=bool(liked),
            likers=tuple(Person(person=person, handle=handle) for person, handle, *_ in likers),
        )

    def likes(self, viewer: PersonId, moment: MomentId) -> int:
        """Return how many likes of a moment `viewer` sees."""
        row = self._row(_LIKES, {"root": root_of(moment), "viewer": viewer})
        assert row is not None
        likes: int = row[0]
        return likes

    def seeing_comment(self, comment: CommentId, persons: Sequence[PersonId], *, at: int) -> tuple[PersonId, ...]:
        """Return those of `persons` who see a comment, or would if it were still there."""
        asked = {"comment": comment, "persons": dumps(list(persons)), "now": at}
        return tuple(row[0] for row in self._rows(_SEEING_COMMENT, asked))

    def seeing_like(
        self, moment: MomentId, by: PersonId, persons: Sequence[PersonId], *, at: int
    ) -> tuple[PersonId, ...]:
        """Return those of `persons` who see whether `by` likes a moment."""
        asked = {"moment": moment, "by": by, "persons": dumps(list(persons)), "now": at}
        return tuple(row[0] for row in self._rows(_SEEING_LIKE, asked))

    def notices(self, person: PersonId, *, before: SortKey | None, limit: int, most: int, at: int) -> NoticePage:
        """Return notices of `person`, and how many they have not read."""
        asked: dict[str, object] = {"viewer": person, "now": at, "limit": limit, "most": most, **_place(before)}
        with self._snapshot() as connection:
            notices = tuple(_notice(row) for row in connection.execute(_NOTICES, asked))
            read = connection.execute(_READ, asked).fetchone()[0]
            unread = connection.execute(_UNREAD, asked | {"read": read}).fetchone()[0]
        return NoticePage(notices=notices, read=read, unread=unread)


def _place(before: SortKey | None) -> dict[str, object]:
    place = before or _NEWEST
    return {"before": place.at, "before_id": place.id}


def _notice(row: Row) -> Notice:
    kind, at, by, handle, moment, *comment = row
    about = None if kind == NoticeKind.LIKE else comment_of(tuple(comment))
    return Notice(kind=NoticeKind(kind), at=at, by=by, handle=handle, moment=moment, comment=about)
