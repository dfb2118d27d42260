"""Dialogues between people and public accounts, as rows: the person's topic, and the inbox that operators share.

Nothing of them is on the public side but the account's id, which is public.
"""

import sqlite3

from protocol.accounts import Answered, Dialogue, InboxReply, InboxShowReply
from protocol.entries import Entry, Kind
from protocol.ids import Cid, PersonId, Seq, TopicId
from protocol.limits import DIALOGUES
from server.store.base import PostedBefore
from server.store.dialogue_writes import ANSWER_MS, NotFollowing, Speak, SpeakOutcome, TooLate
from server.store.log import Log
from server.store.rows import ENTRY_COLUMNS, columns, entry_bytes, entry_of
from server.store.writes import Posted, PostOutcome

_FOLLOWS = "SELECT 1 FROM follows WHERE person = ? AND account = ?"
_ASKED_AT = "SELECT asked_at FROM dialogues WHERE account = ? AND person = ?"
_ASKED = """
INSERT INTO dialogues (account, topic, person, asked_at, waiting) VALUES (?, ?, ?, ?, 1)
ON CONFLICT (account, person) DO UPDATE SET asked_at = max(asked_at, excluded.asked_at), waiting = 1
"""
_ANSWERED = "UPDATE dialogues SET waiting = 0 WHERE account = ? AND person = ?"
_ANSWERED_BY = "INSERT INTO answers (topic, seq, by) VALUES (?, ?, ?)"

_ORDER = "waiting DESC, CASE waiting WHEN 1 THEN asked_at ELSE -asked_at END, person"  # As the index has it.
_INBOX = f"""
SELECT d.topic, d.person, p.handle, d.asked_at, d.waiting, {columns("e")} FROM (
    SELECT * FROM dialogues WHERE account = ? ORDER BY {_ORDER} LIMIT {DIALOGUES + 1} OFFSET ?
) AS d
JOIN people AS p ON p.person = d.person
JOIN entries AS e ON e.topic = d.topic AND e.seq = (SELECT max(seq) FROM entries WHERE topic = d.topic)
ORDER BY {_ORDER.replace("person", "d.person")}
"""
_PAGE = f"""
SELECT {ENTRY_COLUMNS} FROM entries WHERE topic = ? AND seq < ifnull(?, 9223372036854775807) ORDER BY seq DESC LIMIT ?
"""
_OPERATORS = "SELECT seq, by FROM answers WHERE topic = ? AND seq BETWEEN ? AND ?"
_POSTED = f"""
SELECT {columns("e")}, c.digest FROM cids AS c
JOIN entries AS e ON e.topic = c.topic AND e.seq = c.seq
JOIN answers AS a ON a.topic = c.topic AND a.seq = c.seq AND a.by = ?
WHERE c.cid = ? AND c.sender = ?
"""


def speak(connection: sqlite3.Connection, log: Log, speak: Speak) -> PostOutcome | SpeakOutcome:
    """Append to a dialogue, and keep its place in the inbox, in the writer's transaction."""
    account, person = speak.account, speak.person
    draft = speak.post.draft
    assert draft is not None
    if speak.by is None:
        if connection.execute(_FOLLOWS, (person, account)).fetchone() is None:
            return NotFollowing()
    else:
        asked = connection.execute(_ASKED_AT, (account, person)).fetchone()
        if asked is None or draft.at > asked[0] + ANSWER_MS:
            return TooLate()
    outcome = log.post(speak.post)
    if isinstance(outcome, Posted) and draft.kind is Kind.MESSAGE:
        assert outcome.entry is not None
        if speak.by is None:
            connection.execute(_ASKED, (account, outcome.entry.topic, person, draft.at))
        else:
            connection.execute(_ANSWERED, (account, person))
            connection.execute(_ANSWERED_BY, (outcome.entry.topic, outcome.entry.seq, speak.by))
    return outcome


def inbox(connection: sqlite3.Connection, account: TopicId, *, offset: int, slice_bytes: int) -> InboxReply:
    """Return dialogues of `account` from the `offset`th on; see the port `DialogueReader`."""
    rows = connection.execute(_INBOX, (account, offset)).fetchall()
    dialogues: list[Dialogue] = []
    for topic, person, handle, asked_at, waiting, *last in rows[:DIALOGUES]:
        if slice_bytes <= 0:
            break
        entry = entry_of(tuple(last))
        dialogues.append(
            Dialogue(
                dialogue=topic,
                person=person,
                handle=handle,
                answer_until=asked_at + ANSWER_MS,
                waiting=bool(waiting),
                last=entry,
            )
        )
        slice_bytes -= entry_bytes(entry)
    return InboxReply(dialogues=tuple(dialogues), complete=len(dialogues) == len(rows))


def page(
    connection: sqlite3.Connection, dialogue: TopicId, *, before: Seq | None, limit: int, slice_bytes: int
) -> InboxShowReply:
    """Return a page of one dialogue as operators see it; see the port `DialogueReader`."""
    entries: list[Entry] = []
    for row in connection.execute(_PAGE, (dialogue, before, limit)):
        entries.insert(0, entry_of(row))
        slice_bytes -= entry_bytes(entries[0])
        if slice_bytes <= 0:
            break
    if not entries:
        return InboxShowReply(entries=(), complete=True)
    first, last = entries[0].seq, entries[-1].seq
    answered = tuple(Answered(seq=seq, by=by) for seq, by in connection.execute(_OPERATORS, (dialogue, first, last)))
    return InboxShowReply(entries=tuple(entries), complete=first == 1, answered=answered)


def answered(connection: sqlite3.Connection, account: TopicId, by: PersonId, cid: Cid) -> PostedBefore | None:
    """Return what the operator `by` used `cid` for in the account's name."""
    row = connection.execute(_POSTED, (by, cid, account)).fetchone()
    return None if row is None else PostedBefore(entry=entry_of(row[:-1]), digest=row[-1])
