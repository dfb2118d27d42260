"""Which operator of a public account did what: written down with what was done, read by the other operators only."""

import sqlite3

from protocol.account_states import ActKind
from protocol.accounts import Act
from protocol.decisions import SubmissionState
from protocol.ids import PersonId, Seq, TopicId
from protocol.publications import OF_ACCOUNTS, Surface
from server.store.submissions import Row
from server.store.writes import Acted

_RECORD = """
INSERT INTO acts (topic, number, at, by, act, seq, person)
SELECT :topic, 1 + ifnull(max(number), 0), :at, :by, :act, :seq, :person FROM acts WHERE topic = :topic
RETURNING number
"""
_OTHERS = "SELECT person FROM members WHERE topic = ? AND standing = 'member' AND person <> ? ORDER BY since, person"
_ACTS = """
SELECT number, at, by, act, seq, person FROM acts WHERE topic = ? AND number < ifnull(?, 9223372036854775807)
ORDER BY number DESC LIMIT ?
"""
_SAID: dict[Surface, ActKind] = {
    Surface.ARTICLE: ActKind.PUBLISHED,
    Surface.BROADCAST: ActKind.PUBLISHED,
    Surface.REPRINT: ActKind.PUBLISHED,
    Surface.ACCOUNT_PROFILE: ActKind.PROFILE,
    Surface.ACCOUNT_MENU: ActKind.MENU,
    Surface.ACCOUNT_WELCOME: ActKind.WELCOME,
    Surface.ACCOUNT_REPLIES: ActKind.REPLIES,
}


def acted(
    connection: sqlite3.Connection,
    topic: TopicId,
    by: PersonId,
    act: ActKind,
    at: int,
    *,
    seq: Seq | None = None,
    person: PersonId | None = None,
) -> Acted:
    """Write down that `by` did `act`, in the writer's transaction; return it with the other operators, who are told."""
    did = {"topic": topic, "at": at, "by": by, "act": act.value, "seq": seq, "person": person}
    (number,) = connection.execute(_RECORD, did).fetchone()
    others = tuple(row[0] for row in connection.execute(_OTHERS, (topic, by)))
    told = Act(number=number, at=at, by=by, act=act.value, seq=seq, person=person)
    return Acted(topic=topic, act=told, others=others)


def of_author(
    connection: sqlite3.Connection, row: Row, state: SubmissionState, at: int, *, seq: Seq | None = None
) -> Acted | None:
    """Write down what the author of `row` did for an account by what comes to `state`; None: they did nothing.

    What becomes of something that is held is a decision about it, until it appears. `seq`: of the entry it becomes;
    of a new version the article's number is written down.
    """
    if row.surface not in OF_ACCOUNTS or row.topic is None:
        return None
    match state:
        case SubmissionState.PUBLISHED:
            act = ActKind.EDITED if row.target is not None else _SAID[row.surface]
        case SubmissionState.TAKEN_BACK:
            act = ActKind.TAKEN_BACK
        case _ if row.state is SubmissionState.WAITING:
            act = ActKind.SUBMITTED
        case _:
            return None
    return acted(connection, row.topic, row.author, act, at, seq=row.target or seq)


def of(
    connection: sqlite3.Connection, topic: TopicId, *, before: int | None, limit: int
) -> tuple[tuple[Act, ...], bool]:
    """Return what the operators of `topic` did, newest first, before the act `before`; and whether that is all."""
    rows = connection.execute(_ACTS, (topic, before, limit + 1)).fetchall()
    acts = tuple(
        Act(number=number, at=at, by=by, act=act, seq=seq, person=person)
        for number, at, by, act, seq, person in rows[:limit]
    )
    return acts, len(rows) <= limit
