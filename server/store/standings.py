"""How people stand to topics, as rows: the same changes that `TopicState.apply` folds, with read marks beside them."""

import sqlite3
from collections.abc import Sequence

from protocol.entries import Side, Standing, side_of
from protocol.frames import Summary
from protocol.ids import PersonId, Seq, TopicId
from server.store.rows import summary
from server.store.writes import Marked, MarkRead, SetTopicSettings, Stale
from server.topics import (
    Change,
    Mute,
    SetBlock,
    SetLink,
    SetListing,
    SetName,
    SetNotice,
    SetOpenness,
    SetScreenName,
    Stand,
)

_STANDS = "SELECT standing, read FROM members WHERE topic = ? AND person = ?"
_COME = """
INSERT OR REPLACE INTO members
    (topic, person, standing, role, start, since, read, read_nth, greeting, invited_by, changed, unannounced)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_STAY = """
UPDATE members SET standing = ?, role = ?, greeting = ?, start = coalesce(?, start), changed = ?
WHERE topic = ? AND person = ?
"""
_REMEMBER_MUTE = """
INSERT OR REPLACE INTO mutes (topic, person, until)
SELECT topic, person, muted_until FROM members WHERE topic = ? AND person = ? AND muted_until > 0
"""
_MUTED_STILL = """
UPDATE members SET muted_until = (SELECT until FROM mutes WHERE topic = ?1 AND person = ?2)
WHERE topic = ?1 AND person = ?2 AND EXISTS (SELECT 1 FROM mutes WHERE topic = ?1 AND person = ?2)
"""
# And what they are called there stands in its log, wherever they have been meanwhile.
_CALLED_STILL = """
UPDATE members SET screen_name = (
    SELECT CASE WHEN withdrawn THEN NULL ELSE body END FROM entries
    WHERE topic = ?1 AND kind = 'screen_name' AND kind <> 'message' AND sender = ?2 ORDER BY seq DESC LIMIT 1)
WHERE topic = ?1 AND person = ?2
"""
_MUTE_TAKEN_UP = "DELETE FROM mutes WHERE topic = ? AND person = ?"
_GO = "DELETE FROM members WHERE topic = ? AND person = ? RETURNING standing"
_BUMP = "UPDATE people SET marks = marks + 1 WHERE person = ? RETURNING marks"
_SEATS = "UPDATE topics SET seats = seats + ? WHERE topic = ?"
_READ_NTH = """
SELECT coalesce((SELECT nth FROM entries WHERE topic = :topic AND seq = :seq), 0) + (
    SELECT count(*) FROM entries WHERE topic = :topic AND hidden_from = :person AND seq > :seq AND kind = 'message')
"""
# The mark is shown to the other one of a chat, where both give receipts.
_SHOWN_TO = """
SELECT theirs.person FROM members AS mine
JOIN topics AS t ON t.topic = mine.topic AND t.one_peer IS NOT NULL
JOIN members AS theirs ON theirs.topic = t.topic AND theirs.person <> mine.person
JOIN people AS me ON me.person = mine.person AND me.receipts
JOIN people AS peer ON peer.person = theirs.person AND peer.receipts
WHERE mine.topic = ? AND mine.person = ? AND mine.shown_read IS NULL
"""
_OPENNESS = "UPDATE topics SET admission = ?, listed = ?, history_open = ? WHERE topic = ?"
_CHANGED = "UPDATE members SET changed = ? WHERE topic = ? AND person = ?"
_READ = "UPDATE members SET read = ?, read_nth = ?, changed = ? WHERE topic = ? AND person = ?"
_SETTINGS = """
UPDATE members SET muted = coalesce(?, muted), pinned = coalesce(?, pinned), changed = ? WHERE topic = ? AND person = ?
"""


def apply(
    connection: sqlite3.Connection, topic: TopicId, changes: Sequence[Change], *, seq: Seq
) -> dict[PersonId, Summary | None]:
    """Bring `changes` to the rows; `seq` is that of the entry stored with them, or the head when there was none.

    Return the summary of each person whose standing changed, None for those who have none any more. Who is not shown
    an invitation is left out, when it comes and when it goes.
    """
    stands: dict[PersonId, Standing | None] = {}
    seats = 0
    for change in changes:
        match change:
            case Stand(standing=None):
                if summary(connection, topic, change.person) is not None:
                    stands[change.person] = None
                seats -= _go(connection, topic, change.person)
            case Stand(standing=Standing() as standing):
                seats += _stand(connection, topic, change, standing, seq)
                stands[change.person] = standing
            case Mute(person=None):
                connection.execute("UPDATE topics SET silenced_until = ? WHERE topic = ?", (change.until, topic))
            case Mute():
                muted = (change.until, topic, change.person)
                connection.execute("UPDATE members SET muted_until = ? WHERE topic = ? AND person = ?", muted)
            case SetLink():
                connection.execute("UPDATE topics SET link = ? WHERE topic = ?", (change.digest, topic))
            case SetName():
                connection.execute("UPDATE topics SET name = ? WHERE topic = ?", (change.name, topic))
            case SetNotice():
                connection.execute("UPDATE topics SET notice = ? WHERE topic = ?", (change.notice, topic))
            case SetListing():
                connection.execute("UPDATE topics SET listing = ? WHERE topic = ?", (change.listing, topic))
            case SetScreenName():
                named = (change.name, topic, change.person)
                connection.execute("UPDATE members SET screen_name = ? WHERE topic = ? AND person = ?", named)
            case SetOpenness():
                now = change.openness
                connection.execute(_OPENNESS, (now.admission.value, now.listed, now.history_open, topic))
            case SetBlock():
                raise ValueError("a block is put by PutBlock, for it holds beyond the chat")
    if seats:
        connection.execute(_SEATS, (seats, topic))
    seen = {person: summary(connection, topic, person) for person in stands}
    return {person: found for person, found in seen.items() if found is not None or stands[person] is None}


def mark_read(connection: sqlite3.Connection, mark: MarkRead) -> Marked | Stale:
    """Move a read mark forward, never back, never past the head."""
    before = summary(connection, mark.topic, mark.person)
    if before is None or before.standing is not Standing.MEMBER:
        return Stale()
    read = min(mark.seq, before.head)
    if read <= before.read:
        return Marked(summary=before, moved=False)
    _move(connection, mark.topic, mark.person, read)
    _show_peer(connection, mark)
    after = summary(connection, mark.topic, mark.person)
    assert after is not None
    return Marked(summary=after, moved=True)


def set_settings(connection: sqlite3.Connection, settings: SetTopicSettings) -> Marked | Stale:
    """Set what a member wants of a topic for themselves."""
    before = summary(connection, settings.topic, settings.person)
    if before is None or before.standing is not Standing.MEMBER:
        return Stale()
    if settings.muted in {None, before.muted} and settings.pinned in {None, before.pinned}:
        return Marked(summary=before, moved=False)
    changed = bump(connection, settings.person)
    row = (settings.muted, settings.pinned, changed, settings.topic, settings.person)
    connection.execute(_SETTINGS, row)
    after = summary(connection, settings.topic, settings.person)
    assert after is not None
    return Marked(summary=after, moved=True)


def bump(connection: sqlite3.Connection, person: PersonId) -> int:
    """Note that something about how `person` stands to topics has changed; return the mark of it.

    Raises:
        ValueError: There is no such person.
    """
    row = connection.execute(_BUMP, (person,)).fetchone()
    if row is None:
        raise ValueError(f"there is no person {person}")
    marks: int = row[0]
    return marks


def _go(connection: sqlite3.Connection, topic: TopicId, person: PersonId) -> int:
    """End how somebody stands; return how many seats become free."""
    if side_of(topic) is Side.PUBLIC:
        connection.execute(_REMEMBER_MUTE, (topic, person))
    row = connection.execute(_GO, (topic, person)).fetchone()
    return int(row is not None and row[0] == Standing.MEMBER)


def _stand(connection: sqlite3.Connection, topic: TopicId, stand: Stand, standing: Standing, seq: Seq) -> int:
    """Let somebody stand as they do from now on; return how many seats are taken by it."""
    changed = bump(connection, stand.person)
    row = connection.execute(_STANDS, (topic, stand.person)).fetchone()
    if row is None or row[0] != Standing.MEMBER:
        start = Seq(seq + stand.unannounced) if stand.start is None else stand.start
        read = Seq(max(start - 1, 0))
        if side_of(topic) is Side.PUBLIC:
            connection.execute(_REMEMBER_MUTE, (topic, stand.person))
        connection.execute(
            _COME,
            (
                topic,
                stand.person,
                standing.value,
                stand.role.value,
                start,
                seq,
                read,
                _read_nth(connection, topic, stand.person, read),
                stand.greeting,
                stand.by,
                changed,
                stand.unannounced,
            ),
        )
        if side_of(topic) is Side.PUBLIC:
            connection.execute(_MUTED_STILL, (topic, stand.person))
            connection.execute(_MUTE_TAKEN_UP, (topic, stand.person))
            connection.execute(_CALLED_STILL, (topic, stand.person))
        return int(standing is Standing.MEMBER)
    stays = (standing.value, stand.role.value, stand.greeting, stand.start, changed, topic, stand.person)
    connection.execute(_STAY, stays)
    if stand.start is not None and stand.start - 1 > row[1]:
        _move(connection, topic, stand.person, Seq(stand.start - 1))
    return int(standing is Standing.MEMBER) - 1


def _show_peer(connection: sqlite3.Connection, mark: MarkRead) -> None:
    """In a chat, the mark is in the other one's summary; not while it is frozen, for then nothing of it changes."""
    peer = connection.execute(_SHOWN_TO, (mark.topic, mark.person)).fetchone()
    if peer is not None:
        connection.execute(_CHANGED, (bump(connection, peer[0]), mark.topic, peer[0]))


def _move(connection: sqlite3.Connection, topic: TopicId, person: PersonId, read: Seq) -> None:
    read_nth = _read_nth(connection, topic, person, read)
    connection.execute(_READ, (read, read_nth, bump(connection, person), topic, person))


def _read_nth(connection: sqlite3.Connection, topic: TopicId, person: PersonId, seq: Seq) -> int:
    nth: int = connection.execute(_READ_NTH, {"topic": topic, "seq": seq, "person": person}).fetchone()[0]
    return nth
