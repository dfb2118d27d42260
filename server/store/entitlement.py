"""Whether something submitted may still be published: asked where it would become true, in the same transaction."""

import sqlite3

from compliance.bench import Bench
from compliance.pack import NOT_ENTITLED
from compliance.ruling import Grounds
from protocol.entries import Kind, Role
from protocol.publications import OF_ACCOUNTS, PERSONAL, Content, Surface, decode_content
from server.operators import ACT_OF, may
from server.store import public_threads, reprints, submissions
from server.store.account_facts import unfit
from server.store.public_writes import Unfit
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
_NO_OPERATOR = "By the time it could appear you were not to publish that for the account any more."
_CHANGED = "By the time it could appear there was a newer version, or none any more, of what it changes."
SERVER = "server"
# What an edit may be of, by the surface it is published on.
_EDITED = {
    Surface.GROUP_MESSAGE: Kind.MESSAGE,
    Surface.ARTICLE: Kind.ARTICLE,
    Surface.BROADCAST: Kind.BROADCAST,
}


def stopped(connection: sqlite3.Connection, row: Row, *, at: int, bench: Bench) -> Grounds | None:
    """Return why an item can no longer be published at `at` (Unix ms), None while it can.

    Asked in the transaction that would publish it: whatever was true when it was submitted may not be so any more.
    """
    assert row.content is not None
    content = decode_content(row.content)
    stage = submissions.stopped(connection, row.surface, row.author, row.topic, content, at=at, bench=bench)
    if stage is not None:
        return Grounds(ground=stage.ground, facts=f"By then: {stage.text}.", by=f"stage {stage.stage}")
    version, _ = submissions.succession(connection, row)
    if row.base is not None and row.base != version - 1:
        return Grounds(ground=NOT_ENTITLED, facts=_CHANGED, by=SERVER)
    if row.surface in PERSONAL:
        return None
    if row.root is not None:
        misfit = public_threads.unfit(connection, *row.root, row.author, answers=row.answers)
        facts = _unfit(misfit) if misfit is not None else ""
    elif row.surface in OF_ACCOUNTS:
        facts = _for_account(connection, row, content, at, bench)
    else:
        facts = _in_group(connection, row, at)
    if not facts and row.source is not None:
        misfit = reprints.unfit(connection, row.source, surface=row.surface, topic=row.topic, content=content)
        facts = _unfit(misfit) if misfit is not None else ""
    if not facts and row.target is not None:
        target = connection.execute(_TARGET, (row.topic, row.target)).fetchone()
        sender = submissions.speaker(row.surface, row.author, row.topic)
        facts = "" if target == (sender, _EDITED[row.surface].value, 0, 0) else _CHANGED
    return Grounds(ground=NOT_ENTITLED, facts=facts, by=SERVER) if facts else None


def _in_group(connection: sqlite3.Connection, row: Row, at: int) -> str:
    """Say why its author may not publish in the group any more; empty while they may."""
    member = connection.execute(_MEMBER, (row.topic, row.author)).fetchone()
    if member is None:
        return _NOT_THERE
    role, muted_until, silenced_until = member
    bar = barred(row.surface, Role(role), muted_until=muted_until, silenced_until=silenced_until, at=at)
    return _NO_LONGER[bar] if bar is not None else ""


def _for_account(connection: sqlite3.Connection, row: Row, content: Content, at: int, bench: Bench) -> str:
    """Say why its author may not publish for the account any more, or it does not fit it; empty while all is well."""
    member = connection.execute(_MEMBER, (row.topic, row.author)).fetchone()
    if member is None or not may(Role(member[0]), ACT_OF[row.surface]):
        return _NO_OPERATOR
    assert row.topic is not None
    misfit = unfit(connection, row.topic, row.surface, content, target=row.target, tag=row.tag, at=at, bench=bench)
    return _unfit(misfit) if misfit is not None else ""


def _unfit(misfit: Unfit) -> str:
    return f"By the time it could appear: {misfit.text}."
