"""Whether something submitted may still be published: asked where it would become true, in the same transaction."""

import sqlite3

from compliance.bench import Bench
from compliance.pack import NOT_ENTITLED
from compliance.ruling import Grounds
from protocol.entries import Kind, Role
from protocol.publications import Surface
from server.store import submissions
from server.store.submissions import Row
from server.topics import Bar, barred

_MEMBER = """
SELECT m.role, m.muted_until, t.silenced_until FROM members AS m JOIN topics AS t ON t.topic = m.topic
WHERE m.topic = ? AND m.person = ? AND m.standing = 'member'
"""
_TARGET = "SELECT sender, kind, erased, withdrawn FROM entries WHERE topic = ? AND seq = ?"
_NO_LONGER = {
    Bar.MUTED: "By the time it could appear you were muted there.",
    Bar.NOT_ALLOWED: "By the time it could appear your role there did not allow it any more.",
}
_NOT_THERE = "By the time it could appear you were no longer a member there."
_CHANGED = "By the time it could appear there was a newer version, or none any more, of what it changes."
SERVER = "server"


def stopped(connection: sqlite3.Connection, row: Row, *, at: int, bench: Bench) -> Grounds | None:
    """Return why an item can no longer be published at `at` (Unix ms), None while it can.

    Asked in the transaction that would publish it: whatever was true when it was submitted may not be so any more.
    """
    stage = submissions.stopped(connection, row.surface, row.author, at=at, bench=bench)
    if stage is not None:
        return Grounds(ground=stage.ground, facts=f"By then: {stage.text}.", by=f"stage {stage.stage}")
    version, _ = submissions.succession(connection, row)
    if row.base is not None and row.base != version - 1:
        return Grounds(ground=NOT_ENTITLED, facts=_CHANGED, by=SERVER)
    if row.surface is Surface.CARD:
        return None
    member = connection.execute(_MEMBER, (row.topic, row.author)).fetchone()
    if member is None:
        return Grounds(ground=NOT_ENTITLED, facts=_NOT_THERE, by=SERVER)
    role, muted_until, silenced_until = member
    bar = barred(row.surface, Role(role), muted_until=muted_until, silenced_until=silenced_until, at=at)
    if bar is not None:
        return Grounds(ground=NOT_ENTITLED, facts=_NO_LONGER[bar], by=SERVER)
    if row.target is not None:
        target = connection.execute(_TARGET, (row.topic, row.target)).fetchone()
        if target != (row.author, Kind.MESSAGE.value, 0, 0):
            return Grounds(ground=NOT_ENTITLED, facts=_CHANGED, by=SERVER)
    return None
