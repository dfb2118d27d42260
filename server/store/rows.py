"""Rows and what they mean: entries, and topics as one person stands to them. What both writer and readers need."""

import sqlite3
from typing import Any

from protocol.entries import Admission, Entry, Kind, Openness, Role, Side, Standing, TopicKind
from protocol.frames import Person, Preferences, Summary
from protocol.ids import PersonId, Seq, TopicId

Row = tuple[Any, ...]

ENTRY_COLUMNS = (
    "topic, seq, nth, at, kind, sender, cid, body, reply_to, target, person, role, until, erased, hidden_from,"
    " count, withdrawn, openness, tag"
)
PREFERENCES = "receipts, presence, findable, moments_days"  # Of a person.
_ENTRY_BYTES = 192  # All fields but the body, at their usual lengths.
_SUMMARY_BYTES = 320
_APPROVAL, _LISTED, _HISTORY = 1, 2, 4  # An entry's openness, added up.
_KINDS = {kind.value: kind for kind in Kind}  # A dict is five times as quick as asking the enum.
_ROLES = {role.value: role for role in Role}

# The last entry of the topic `t`; a topic has none only while it is being founded, and an account until it opens.
LAST = """
LEFT JOIN entries AS last ON last.topic = t.topic AND last.seq = (SELECT max(seq) FROM entries WHERE topic = t.topic)
"""
# An invitation by somebody whom the invited one blocks is not shown.
# A chat's peer may have no row of their own: they blocked the other one before it began. That looks like somebody who
# has read nothing yet; and while a block lasts, the mark shown stays where it was.
SUMMARY = f"""
SELECT t.topic, t.kind, t.side, m.standing, m.role, ifnull(last.seq, 0), m.start, m.read,
       ifnull(last.nth, 0) - m.read_nth, m.muted, m.pinned,
       t.name, t.notice, t.seats, t.silenced_until, peer.person, peer.handle,
       CASE WHEN peer.person IS NULL OR NOT (peer.receipts AND me.receipts) THEN NULL
           WHEN ifnull(theirs.shown_read, theirs.read) >= theirs.since THEN ifnull(theirs.shown_read, theirs.read)
           ELSE 0 END,
       t.admission, t.listed, t.history_open, t.listing,
       CASE WHEN t.kind = 'dialogue' THEN CASE t.one_peer WHEN m.person THEN t.other_peer ELSE t.one_peer END END,
       m.changed
FROM members AS m
JOIN topics AS t ON t.topic = m.topic
JOIN people AS me ON me.person = m.person
{LAST}
LEFT JOIN people AS peer ON peer.person = CASE t.one_peer WHEN m.person THEN t.other_peer ELSE t.one_peer END
LEFT JOIN members AS theirs ON theirs.topic = t.topic AND theirs.person = peer.person
WHERE m.person = ? AND NOT (
    m.standing = 'invited' AND EXISTS (SELECT 1 FROM blocks WHERE person = m.person AND blocked = m.invited_by)
)
"""
OF_TWO = frozenset({TopicKind.CHAT, TopicKind.DIALOGUE})  # Whom one is with there is not told as members are.
_ONE_SUMMARY = SUMMARY + "AND m.topic = ?"


def columns(table: str, names: str = ENTRY_COLUMNS) -> str:
    """Return `names`, with commas between them, as those of `table`: for a query that has other tables, too."""
    return ", ".join(f"{table}.{name}" for name in names.split(", "))


def preferences_of(row: Row) -> Preferences:
    """Return the preferences of a row of PREFERENCES."""
    receipts, presence, findable, moments_days = row
    return Preferences(
        receipts=bool(receipts), presence=bool(presence), findable=bool(findable), moments_days=moments_days
    )


def entry_of(row: Row) -> Entry:
    """Return the entry of a row of ENTRY_COLUMNS, as readers see it: the body of what is withdrawn stays here."""
    (
        topic,
        seq,
        nth,
        at,
        kind,
        sender,
        cid,
        body,
        reply_to,
        target,
        person,
        role,
        until,
        erased,
        _,
        count,
        gone,
        open_,
        tag,
    ) = row
    return Entry(
        topic=topic,
        seq=seq,
        nth=nth,
        at=at,
        kind=_KINDS[kind],
        sender=sender,
        cid=cid,
        body=None if gone else body,
        reply_to=reply_to,
        target=target,
        person=person,
        role=None if role is None else _ROLES[role],
        until=until,
        count=count,
        openness=None if open_ is None else _openness(open_),
        tag=tag,
        erased=bool(erased),
        withdrawn=bool(gone),
    )


def row_of(entry: Entry, *, hidden_from: PersonId | None) -> Row:
    """Return the row of ENTRY_COLUMNS that stores `entry`."""
    return (
        entry.topic,
        entry.seq,
        entry.nth,
        entry.at,
        entry.kind and entry.kind.value,
        entry.sender,
        entry.cid,
        entry.body,
        entry.reply_to,
        entry.target,
        entry.person,
        entry.role and entry.role.value,
        entry.until,
        entry.erased,
        hidden_from,
        entry.count,
        entry.withdrawn,
        None if entry.openness is None else _flags(entry.openness),
        entry.tag,
    )


def _openness(flags: int) -> Openness:
    admission = Admission.APPROVAL if flags & _APPROVAL else Admission.OPEN
    return Openness(admission=admission, listed=bool(flags & _LISTED), history_open=bool(flags & _HISTORY))


def _flags(openness: Openness) -> int:
    approval = openness.admission is Admission.APPROVAL
    return _APPROVAL * approval + _LISTED * openness.listed + _HISTORY * openness.history_open


def seen_by(viewer: PersonId, start: Seq, row: Row) -> Entry:
    """Return the entry of a row of ENTRY_COLUMNS as `viewer`, who may see from `start` on, sees it."""
    target = row[9]
    if row[14] == viewer or (target is not None and target < start):
        return Entry(topic=row[0], seq=row[1], elided=True)
    return entry_of(row)


def summary_of(row: Row) -> Summary:
    """Return the summary of a row of SUMMARY. Who is no member yet sees a group's name and size, no more."""
    seated = row[3] == Standing.MEMBER
    return Summary(
        topic=row[0],
        kind=TopicKind(row[1]),
        side=Side(row[2]),
        standing=Standing(row[3]),
        role=Role(row[4]),
        head=row[5],
        start=row[6],
        read=row[7],
        unread=row[8] if seated else 0,
        muted=bool(row[9]),
        pinned=bool(row[10]),
        peer=None if row[15] is None else Person(person=row[15], handle=row[16]),
        peer_read=row[17],
        name=row[11],
        notice=row[12] if seated else None,
        members=None if row[1] in OF_TWO else row[13],
        silenced_until=row[14] or None,
        admission=None if row[18] is None else Admission(row[18]),
        listed=bool(row[19]),
        history_open=bool(row[20]),
        listing=row[21],
        account=row[22],
    )


def summary(connection: sqlite3.Connection, topic: TopicId, person: PersonId) -> Summary | None:
    """Return how `person` stands to `topic`; None: not at all."""
    row = connection.execute(_ONE_SUMMARY, (person, topic)).fetchone()
    return None if row is None else summary_of(row)


def entry_bytes(entry: Entry) -> int:
    """Return about how many bytes `entry` takes on the wire."""
    return _ENTRY_BYTES + len(entry.body or b"")


def summary_bytes(summary: Summary) -> int:
    """Return about how many bytes `summary` takes on the wire."""
    texts = (summary.name, summary.notice, summary.listing)
    return _SUMMARY_BYTES + sum(len(text) for text in texts if text)
