"""Reading squares, and what is said under what is public, as somebody may see it. Each call is one snapshot."""

from collections.abc import Sequence
from json import dumps

from protocol.entries import Side
from protocol.ids import PersonId, Seq, TopicId
from protocol.limits import SEQ_MAX
from protocol.moments import Choice, Comment, Moment, Notice, NoticeKind
from server.positions import SortKey
from server.store import public_threads
from server.store.public_sight import ALONE, NOBODY, counted, shown, stands
from server.store.public_threads import COMMENT_COLUMNS, COMMENT_TABLES, shown_comment
from server.store.rows import Row
from server.store.snapshots import Snapshots
from server.store.square_port import PublicRoot, PublicThread

_NEWEST = SortKey(SEQ_MAX, "", SEQ_MAX)  # The place before all there is.
_COMMENT_BYTES = 192  # All of a comment but its body, on the wire.


def _in_force(table: str) -> str:
    return f"{table}.kind = 'post' AND NOT {table}.erased AND NOT {table}.withdrawn"


_POST = f"""
SELECT e.sender, p.handle, e.at, e.body, e.topic, e.seq, ifnull({counted("e.sender = :viewer")}, 0)
FROM {{found}} JOIN people AS p ON p.person = e.sender
LEFT JOIN threads AS t ON t.root_topic = e.topic AND t.root_seq = e.seq
"""
_ONE_POST = _POST.format(found="entries AS e") + f"WHERE e.topic = :topic AND e.seq = :seq AND {_in_force('e')}"
# A queue in which everybody has one post, the next of theirs: whoever's is taken out puts in the one before it. Of one
# author no two have the same time.
_POSTS = f"""
WITH RECURSIVE page (author, at, topic, seq) AS (
    SELECT e.sender, e.at, e.topic, e.seq FROM json_each(:persons) AS who
    JOIN entries AS e INDEXED BY posts ON e.sender = who.value AND {_in_force("e")} AND e.at = (
        SELECT x.at FROM entries AS x INDEXED BY posts WHERE x.sender = who.value AND {_in_force("x")}
            AND (x.at, x.topic, x.seq) < (:at, :id, :seq) ORDER BY x.at DESC LIMIT 1)
    UNION ALL
    SELECT e.sender, e.at, e.topic, e.seq FROM page
    JOIN entries AS e INDEXED BY posts ON e.sender = page.author AND {_in_force("e")} AND e.at = (
        SELECT x.at FROM entries AS x INDEXED BY posts WHERE x.sender = page.author AND {_in_force("x")}
            AND x.at < page.at ORDER BY x.at DESC LIMIT 1)
    ORDER BY 2 DESC, 3 DESC, 4 DESC LIMIT :limit
)
{_POST.format(found="page JOIN entries AS e ON e.topic = page.topic AND e.seq = page.seq")}
ORDER BY e.at DESC, e.topic DESC, e.seq DESC
"""
_PAGE = f"""
SELECT c.seq, {COMMENT_COLUMNS} FROM ({{shown}} ORDER BY 2 DESC LIMIT :limit) AS page
CROSS JOIN comments AS c ON c.comment = page.comment CROSS JOIN entries AS e ON e.topic = c.topic AND e.seq = c.seq
CROSS JOIN people AS p ON p.person = c.author ORDER BY c.seq DESC
"""
_IN_ORDER = """
SELECT * FROM (SELECT c.comment, c.seq FROM comments AS c
    WHERE c.topic = :topic AND c.in_force = 1 {only} AND c.seq < :before ORDER BY c.seq DESC LIMIT :limit)
"""


def _page(choice: Choice) -> str:
    """Return what reads a page of what others are shown where this is chosen: by an index for each it is shown to."""
    column = ALONE[choice]
    whose = ("",) if column is None else (f"AND c.{column} = '{NOBODY}'", f"AND c.{column} = :viewer")
    return _PAGE.format(shown=" UNION ALL ".join(_IN_ORDER.format(only=only) for only in whose))


_PAGES = {choice: _page(choice) for choice in Choice}
_SQUARE = "(SELECT topic FROM topics WHERE one_peer = :viewer AND other_peer = one_peer AND kind = 'square')"
_OTHERS = "c.author <> :viewer AND c.in_force AND (c.at, c.comment) < (:at, :id) AND c.at > :since"
# Of others' comments those on one's square, and those that answer one. One of both is an answer.
_NOTICED = f"""
SELECT * FROM (
    SELECT c.comment, c.at, '{NoticeKind.COMMENT.value}' AS kind FROM comments AS c INDEXED BY comments_on
    WHERE c.root_topic = {_SQUARE} AND {_OTHERS} AND c.answered IS NOT :viewer AND {stands()}
    ORDER BY c.at DESC, c.comment DESC LIMIT :limit)
UNION ALL SELECT * FROM (
    SELECT c.comment, c.at, '{NoticeKind.ANSWER.value}' AS kind FROM comments AS c INDEXED BY comments_to
    JOIN threads AS t ON t.root_topic = c.root_topic AND t.root_seq = c.root_seq
    WHERE c.answered = :viewer AND {_OTHERS} AND {shown()} AND {stands()}
    ORDER BY c.at DESC, c.comment DESC LIMIT :limit)
ORDER BY 2 DESC, 1 DESC LIMIT :limit
"""
_NOTICES = f"""
SELECT n.kind, c.root_topic, c.root_seq, {COMMENT_COLUMNS} FROM ({_NOTICED}) AS n
JOIN {COMMENT_TABLES} WHERE c.comment = n.comment ORDER BY c.at DESC, c.comment DESC
"""
_UNREAD = f"SELECT count(*) FROM ({_NOTICED})"


class SquareReads(Snapshots):
    """A part of a public reader; see the port `SquareReader`."""

    def posts(
        self, persons: Sequence[PersonId], *, viewer: PersonId, before: SortKey | None, limit: int
    ) -> tuple[Moment, ...]:
        """Return posts in force on the squares of `persons`, newest first."""
        place = before or _NEWEST
        asked = {"persons": dumps(list(dict.fromkeys(persons))), "viewer": viewer, "limit": limit}
        rows = self._rows(_POSTS, asked | {"at": place.at, "id": place.id, "seq": place.seq})
        return tuple(map(_post_of, rows))

    def post(self, topic: TopicId, seq: Seq, *, viewer: PersonId) -> Moment | None:
        """Return one post of a square."""
        row = self._row(_ONE_POST, {"topic": topic, "seq": seq, "viewer": viewer})
        return None if row is None else _post_of(row)

    def public_root(self, topic: TopicId, seq: Seq, *, viewer: PersonId) -> PublicRoot | None:
        """Return what comments on an entry are under."""
        with self._snapshot() as connection:
            return public_threads.public_root(connection, topic, seq, viewer)

    def thread_root(self, topic: TopicId, seq: Seq) -> Seq | None:
        """Return what comments on an entry are under, in force or not."""
        with self._snapshot() as connection:
            return public_threads.root_of(connection, topic, seq)

    def public_thread(
        self, topic: TopicId, seq: Seq, *, viewer: PersonId, before: SortKey | None, limit: int, slice_bytes: int
    ) -> PublicThread | None:
        """Return a page of what is said under an entry."""
        comments: list[Comment] = []
        last: SortKey | None = None
        with self._snapshot() as connection:
            root = public_threads.public_root(connection, topic, seq, viewer)
            if root is None:
                return None
            asked = {
                "topic": public_threads.thread_of(connection, root.topic, root.seq),
                "viewer": viewer,
                "before": (before or _NEWEST).seq,
                "limit": limit + 1,
            }
            rows = connection.execute(_PAGES[Choice.EVERYONE if root.has_say else root.choice], asked).fetchall()
        for number, *row in rows[:limit]:
            if slice_bytes <= 0:
                break
            comment = shown_comment(tuple(row))
            comments.append(comment)
            last = SortKey(comment.at, comment.comment, number)
            slice_bytes -= _COMMENT_BYTES + len(comment.body)
        return PublicThread(root=root, comments=tuple(comments), last=last, complete=len(comments) == len(rows))

    def public_notices(self, person: PersonId, *, before: SortKey | None, limit: int) -> tuple[Notice, ...]:
        """Return what others have said on the square of `person`, or in answer to a comment of theirs."""
        place = before or _NEWEST
        asked = {"viewer": person, "at": place.at, "id": place.id, "since": -1, "limit": limit}
        return tuple(map(_notice_of, self._rows(_NOTICES, asked)))

    def public_unread(self, person: PersonId, *, since: int, most: int) -> int:
        """Return how many of those came after `since`."""
        asked = {"viewer": person, "at": _NEWEST.at, "id": _NEWEST.id, "since": since, "limit": most}
        row = self._row(_UNREAD, asked)
        assert row is not None
        found: int = row[0]
        return found


def _post_of(row: Row) -> Moment:
    author, handle, at, body, topic, seq, comments = row
    return Moment(
        side=Side.PUBLIC, author=author, handle=handle, at=at, body=body, topic=topic, seq=seq, comments=comments
    )


def _notice_of(row: Row) -> Notice:
    kind, topic, seq, *rest = row
    comment = shown_comment(tuple(rest))
    return Notice(
        kind=NoticeKind(kind),
        at=comment.at,
        by=comment.author,
        handle=comment.handle,
        topic=topic,
        seq=seq,
        comment=comment,
    )
