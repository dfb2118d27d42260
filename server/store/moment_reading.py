"""Reading moments, as one sees them. Each call is one snapshot.

A page is one statement, and takes few steps: between two of them a thread waits for the interpreter. Those who are read
are merged in it, the newest first, by a queue of which each of them has only their next moment in it.
"""

from json import loads

from protocol.ids import MomentId, PersonId
from protocol.moments import Moment
from server.positions import SortKey
from server.store.circles import DAY_MS, circle, friends, moment_visible, shows
from server.store.moment_index import newest_for, newest_of
from server.store.moment_port import TimelinePage
from server.store.moments import MOMENT_COLUMNS, moment_of
from server.store.snapshots import Snapshots

_NEWEST = SortKey((1 << 63) - 1, "")  # The place before all there is.

_MOMENT = f"""
SELECT {MOMENT_COLUMNS} FROM moments AS m JOIN people AS p ON p.person = m.author
WHERE m.moment = :moment AND {moment_visible()}
"""
_PERSON = "SELECT 1 FROM people WHERE person = :author"

# Who is read, each with since when they show one what they have said.
_SINCE = f"CASE p.moments_days WHEN 0 THEN 0 ELSE :now - p.moments_days * {DAY_MS} END"
_ONE = f"""
SELECT p.person, CASE p.person WHEN :viewer THEN 0 ELSE {_SINCE} END FROM people AS p
WHERE p.person = :author AND (p.person = :viewer OR {friends("p.person", ":viewer")} AND {shows("p.person", ":viewer")})
"""
_WANTED = f"{circle(':viewer')} AND NOT k.hides_theirs"
_ALL = f"""
VALUES (:viewer, 0) UNION ALL
SELECT p.person, {_SINCE} FROM (SELECT k.contact {_WANTED} AND NOT b.hides_mine) AS f
JOIN people AS p ON p.person = f.contact
"""
_CIRCLE = f"SELECT json_group_array(k.contact) {_WANTED}"


def _newest(author: str, before: str) -> str:
    """Return when the newest moment of `author` was said that is for the viewer; of their own, any."""
    of_all, of_some = (f"ifnull({newest_of(':viewer', reach, before)}, -1)" for reach in ("all", "some"))
    others = newest_for(":viewer", author, before)
    return f"CASE {author} WHEN :viewer THEN nullif(max({of_all}, {of_some}), -1) ELSE {others} END"


def _page(authors: str) -> str:
    """Return what reads a page of what `authors` have said. An author says one thing at a time, so `at` tells which.

    With a `+` a condition is no reason to go through all that an author has said.
    """
    return f"""
    WITH RECURSIVE authors (author, since) AS ({authors}),
    newest (author, since, at) AS MATERIALIZED (
        SELECT a.author, a.since, {_newest("a.author", "(x.at, x.moment) < (:before, :before_id)")} FROM authors AS a
    ),
    page (author, since, at, moment) AS (
        SELECT n.author, n.since, n.at, m.moment FROM newest AS n
        JOIN moments AS m ON m.author = n.author AND m.at = n.at
        WHERE n.at >= n.since
            AND n.at >= ifnull((SELECT at FROM newest WHERE at >= since ORDER BY at DESC LIMIT 1 OFFSET :limit - 1), 0)
        UNION ALL
        SELECT q.author, q.since, m.at, m.moment FROM page AS q
        JOIN moments AS m ON m.author = q.author AND m.at = {_newest("q.author", "x.at < q.at")}
        WHERE +m.at >= q.since
        ORDER BY 3 DESC, 4 DESC LIMIT :limit
    )
    SELECT {MOMENT_COLUMNS} FROM page JOIN moments AS m ON m.moment = page.moment
    JOIN people AS p ON p.person = m.author ORDER BY m.at DESC, m.moment DESC
    """


PAGE_OF_ONE, PAGE_OF_ALL = _page(_ONE), _page(_ALL)


class MomentReads(Snapshots):
    """A part of a reader; see the port `MomentReader`."""

    def moment(self, viewer: PersonId, moment: MomentId, *, at: int) -> Moment | None:
        """Return one moment that `viewer` sees."""
        row = self._row(_MOMENT, {"viewer": viewer, "moment": moment, "now": at})
        return None if row is None else moment_of(row)

    def moments(
        self, viewer: PersonId, author: PersonId, *, before: SortKey | None, limit: int, at: int
    ) -> tuple[Moment, ...] | None:
        """Return a page of what one person has said."""
        asked = _asked(viewer, before, limit, at) | {"author": author}
        with self._snapshot() as connection:
            if connection.execute(_PERSON, asked).fetchone() is None:
                return None
            return tuple(map(moment_of, connection.execute(PAGE_OF_ONE, asked).fetchall()))

    def timeline(self, viewer: PersonId, *, before: SortKey | None, limit: int, at: int) -> TimelinePage:
        """Return a page of what oneself and one's friends have said."""
        asked = _asked(viewer, before, limit, at)
        with self._snapshot() as connection:
            moments = connection.execute(PAGE_OF_ALL, asked).fetchall()
            circle = connection.execute(_CIRCLE, asked).fetchone()[0]
        return TimelinePage(moments=tuple(map(moment_of, moments)), circle=(viewer, *loads(circle)))


def _asked(viewer: PersonId, before: SortKey | None, limit: int, at: int) -> dict[str, object]:
    place = before or _NEWEST
    return {"viewer": viewer, "now": at, "before": place.at, "before_id": place.id, "limit": limit}
