"""Whom moments are for, kept in order, so that the next one somebody sees is found without looking at what they do not.

Two tables follow from what the moments say, and change with them. `moments_for` has a row for each person that a moment
names to be seen by. `withheld` has, of the moments that are for all friends, stretches that are not for a person: a
person who is left out of a hundred in a row is left out of one stretch. Others may have been deleted, or be for some
only, within a stretch; so it holds for those alone that are for all friends.
"""

import sqlite3
from collections.abc import Iterable
from json import dumps

from protocol.ids import MomentId, PersonId

_NAME = """
INSERT INTO moments_for (person, author, at, moment)
SELECT value, :author, :at, :moment FROM json_each(:people)
"""
_UNNAME = """
DELETE FROM moments_for WHERE person IN (SELECT value FROM json_each(:people)) AND author = :author AND at = :at
"""
_BESIDE = """
SELECT (SELECT max(at) FROM moments WHERE author = :author AND reach = 'all' AND at < :at),
       (SELECT min(at) FROM moments WHERE author = :author AND reach = 'all' AND at > :at)
"""


def _stretch(which: str, person: str, author: str, at: str) -> str:
    """Return where the stretch that has `at` in it begins (`since`) or ends (`until`); NULL: there is none."""
    return f"""(
        SELECT CASE WHEN until >= {at} THEN {which} END FROM withheld
        WHERE person = {person} AND author = {author} AND since <= {at} ORDER BY since DESC LIMIT 1
    )"""


# The stretches of the moments before and after it, if they are in any, become one with it. What else lies between them
# was of moments that have been deleted since: no stretch lies in another.
_WITHHOLD = f"""
INSERT INTO withheld (person, author, since, until)
SELECT value, :author, ifnull({_stretch("since", "value", ":author", ":earlier")}, :at),
    ifnull({_stretch("until", "value", ":author", ":later")}, :at)
FROM json_each(:people) WHERE true
ON CONFLICT (person, author, since) DO UPDATE SET until = max(until, excluded.until)
"""
_JOINED = """
DELETE FROM withheld WHERE person IN (SELECT value FROM json_each(:people)) AND author = :author
    AND since > ifnull(:earlier, -1) AND since <> :at AND since <= ifnull(:later, :at)
"""
# One in which no moment is left says of somebody who was left out, and nothing else.
_FORGET = """
DELETE FROM withheld AS s
WHERE person IN (SELECT value FROM json_each(:people)) AND author = :author AND since <= :at AND until >= :at
    AND NOT EXISTS (
        SELECT 1 FROM moments WHERE author = :author AND reach = 'all' AND at BETWEEN s.since AND s.until
    )
"""


def name(
    connection: sqlite3.Connection, author: PersonId, at: int, moment: MomentId, people: Iterable[PersonId]
) -> None:
    """Note that a moment names `people` to be seen by."""
    connection.execute(_NAME, {"author": author, "at": at, "moment": moment, "people": dumps(sorted(people))})


def unname(connection: sqlite3.Connection, author: PersonId, at: int, people: Iterable[PersonId]) -> None:
    """Note that the moment is for `people` no longer."""
    connection.execute(_UNNAME, {"author": author, "at": at, "people": dumps(sorted(people))})


def withhold(connection: sqlite3.Connection, author: PersonId, at: int, people: Iterable[PersonId]) -> None:
    """Note that a moment which is for all friends is not for `people`."""
    asked: dict[str, object] = {"author": author, "at": at, "people": dumps(sorted(people))}
    asked["earlier"], asked["later"] = connection.execute(_BESIDE, asked).fetchone()
    connection.execute(_WITHHOLD, asked)
    connection.execute(_JOINED, asked)


def forget(connection: sqlite3.Connection, author: PersonId, at: int, people: Iterable[PersonId]) -> None:
    """Note that a moment which was for all friends but `people` is so no longer: it is deleted, or for some."""
    connection.execute(_FORGET, {"author": author, "at": at, "people": dumps(sorted(people))})


def newest_of(author: str, reach: str, before: str) -> str:
    """Return, as SQL, when the newest moment of `author` with this reach was said; NULL: never. `before`: as below."""
    return f"""(
        SELECT at FROM moments AS x
        WHERE author = {author} AND reach = '{reach}' AND {before} ORDER BY at DESC, moment DESC LIMIT 1
    )"""


def newest_for(viewer: str, author: str, before: str) -> str:
    """Return, as SQL, when the newest moment of `author` was said that is for their friend `viewer`; NULL: never.

    `before`: a condition on the moment `x`, by its time and id, that holds from some place on downwards.
    """
    since = _stretch("since", viewer, author, "below.at")
    return f"""nullif(max(
        ifnull((
            WITH RECURSIVE below (at) AS (
                SELECT {newest_of(author, "all", before)}
                UNION ALL SELECT {newest_of(author, "all", f"x.at < {since}")} FROM below WHERE {since} IS NOT NULL
            ) SELECT at FROM below WHERE at IS NOT NULL AND {since} IS NULL
        ), -1),
        ifnull((
            SELECT at FROM moments_for AS x
            WHERE person = {viewer} AND author = {author} AND {before} ORDER BY at DESC, moment DESC LIMIT 1
        ), -1)
    ), -1)"""
