"""Who is whose contact, as rows: each person's own, which tell nobody else anything.

A row is written anew with every change, and stamped with its person's mark, so that their devices read what changed.
A request that has ended is none wherever it is read, whether or not `end_requests` has been here.
"""

import sqlite3
from collections.abc import Sequence

import msgspec

from protocol.contacts import Contact, ContactsReply, ContactState
from protocol.ids import PersonId
from server.store import people
from server.store.contact_writes import (
    AcceptRequest,
    ContactPut,
    DropContact,
    EndRequests,
    PutHiding,
    PutPrivateCard,
    PutRemark,
    PutRequest,
    RefuseRequest,
    RequestsEnded,
    Stands,
    WithdrawRequest,
)
from server.store.log import Log
from server.store.rows import Row
from server.store.writes import BlockPut, Done, PutBlock, TargetGone, TooMany

_COLUMNS = """
p.person, p.handle, ifnull(c.state, 'none'), ifnull(c.at, 0), c.until, ifnull(c.greeting, x''), ifnull(c.remark, x''),
ifnull(c.hides_mine, 0), ifnull(c.hides_theirs, 0)
"""
_ROW = f"""
SELECT {_COLUMNS} FROM people AS p LEFT JOIN contacts AS c ON c.person = ? AND c.contact = p.person WHERE p.person = ?
"""
_CHANGED = f"""
SELECT c.changed, {_COLUMNS} FROM contacts AS c JOIN people AS p ON p.person = c.contact
WHERE c.person = ? AND c.changed > ? ORDER BY c.changed LIMIT ?
"""
_COUNTS = """
SELECT ifnull(sum(state <> 'asking'), 0), ifnull(sum(state = 'asked'), 0), ifnull(sum(state = 'asking'), 0)
FROM contacts WHERE person = ? AND (state = 'contact' OR until > ?)
"""
_PUT = """
INSERT OR REPLACE INTO contacts (
    person, contact, state, at, until, greeting, remark, hides_mine, hides_theirs, changed
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_BLOCKS = "SELECT 1 FROM blocks WHERE person = ? AND blocked = ?"
_MARK = "SELECT contact_mark FROM people WHERE person = ?"
_RAISE_MARK = "UPDATE people SET contact_mark = contact_mark + 1 WHERE person = ? RETURNING contact_mark"
# Who is asked first, then who asks: while somebody is asked, there is a request.
_ENDED = "SELECT person, contact, until FROM contacts WHERE until <= ? ORDER BY until, state DESC LIMIT ?"

_NONE, _ASKED, _ASKING, _CONTACT = ContactState


def put_request(connection: sqlite3.Connection, put: PutRequest) -> ContactPut | TargetGone | TooMany:
    """Have somebody ask another one, unless they need not ask."""
    own = _contact(connection, put.person, put.contact, put.at)
    if own is None:
        return TargetGone()
    if own.state in {_ASKED, _CONTACT}:
        return _nothing(connection, put.person, own)
    counted, asked, _ = _counts(connection, put.person, put.at)
    if counted >= put.most:
        return TooMany()
    other = _contact(connection, put.contact, put.person, put.at)
    assert other is not None  # Somebody who asks is there.
    # Whether the other one blocks them makes no difference here, or asking again would find it out.
    if own.state is _ASKING or other.state in {_ASKED, _CONTACT}:
        return _agree(connection, put.person, own, other, put.at)
    if asked >= put.most_asked:
        return TooMany()
    request = {"at": put.at, "until": put.until, "greeting": put.greeting}
    rows = [(put.person, msgspec.structs.replace(own, state=_ASKED, **request))]
    blocked = connection.execute(_BLOCKS, (put.contact, put.person)).fetchone() is not None
    if not blocked and _counts(connection, put.contact, put.at)[2] < put.most:
        rows.append((put.contact, msgspec.structs.replace(other, state=_ASKING, **request)))
    return _put(connection, rows)


def withdraw_request(connection: sqlite3.Connection, withdraw: WithdrawRequest) -> ContactPut | TargetGone:
    """Have somebody not ask another one any more, if they did."""
    own = _contact(connection, withdraw.person, withdraw.contact, withdraw.at)
    if own is None:
        return TargetGone()
    if own.state is not _ASKED:
        return _nothing(connection, withdraw.person, own)
    other = _contact(connection, withdraw.contact, withdraw.person, withdraw.at)
    rows = [(withdraw.person, _end(own, withdraw.at))]
    if other is not None and other.state is _ASKING:
        rows.append((withdraw.contact, _end(other, withdraw.at)))
    return _put(connection, rows)


def accept_request(connection: sqlite3.Connection, accept: AcceptRequest) -> ContactPut | TargetGone | TooMany:
    """Make two people contacts of each other, one of whom asks."""
    own = _contact(connection, accept.person, accept.contact, accept.at)
    if own is not None and own.state is _CONTACT:
        return _nothing(connection, accept.person, own)
    if own is None or own.state is not _ASKING:
        return TargetGone()
    if _counts(connection, accept.person, accept.at)[0] >= accept.most:
        return TooMany()
    other = _contact(connection, accept.contact, accept.person, accept.at)
    assert other is not None  # Somebody who asks is there.
    return _agree(connection, accept.person, own, other, accept.at)


def refuse_request(connection: sqlite3.Connection, refuse: RefuseRequest) -> ContactPut | TargetGone:
    """Have somebody not be asked any more, if they were; who asks goes on asking, for nothing."""
    return _leave(connection, refuse.person, refuse.contact, refuse.at, _ASKING)


def drop_contact(connection: sqlite3.Connection, drop: DropContact) -> ContactPut | TargetGone:
    """Have somebody be a contact no longer, if they were, and forget what was noted about them."""
    return _leave(connection, drop.person, drop.contact, drop.at, _CONTACT)


def put_remark(connection: sqlite3.Connection, put: PutRemark) -> ContactPut | TargetGone:
    """Note something about a contact, or about somebody who asks or is asked."""
    return _amend(connection, put.person, put.contact, put.at, remark=put.remark)


def put_hiding(connection: sqlite3.Connection, put: PutHiding) -> ContactPut | TargetGone:
    """Hide moments from each other's sight, or show them again."""
    given = {"hides_mine": put.mine, "hides_theirs": put.theirs}
    return _amend(
        connection, put.person, put.contact, put.at, **{name: how for name, how in given.items() if how is not None}
    )


def put_card(connection: sqlite3.Connection, put: PutPrivateCard) -> Done:
    """Set somebody's private card."""
    connection.execute("UPDATE people SET card = ? WHERE person = ?", (put.card, put.person))
    return Done()


def end_requests(connection: sqlite3.Connection, end: EndRequests) -> RequestsEnded:
    """Write down that requests have ended."""
    rows = connection.execute(_ENDED, (end.at, end.most)).fetchall()
    ended = [(person, _known(connection, person, contact, until)) for person, contact, until in rows]
    return RequestsEnded(ended=_put_all(connection, ended), more=len(rows) == end.most)


def put_block(connection: sqlite3.Connection, log: Log, put: PutBlock) -> BlockPut:
    """Block or unblock; who blocks somebody is not shown any more what that one asks of them."""
    outcome = people.put_block(connection, log, put)
    own = _contact(connection, put.person, put.other, put.at) if put.blocked else None
    if own is None or own.state is not _ASKING:
        return outcome
    return msgspec.structs.replace(outcome, ended=_put_all(connection, [(put.person, _end(own, put.at))]))


def contacts_of(connection: sqlite3.Connection, person: PersonId, mark: int, *, at: int, limit: int) -> ContactsReply:
    """Return those contacts of `person` that changed after `mark`, `limit` of them at most, in that order."""
    rows = connection.execute(_CHANGED, (person, mark, limit + 1)).fetchall()
    more = len(rows) > limit
    shown = rows[:limit]
    return ContactsReply(
        contacts=tuple(_read(row[1:], at) for row in shown),
        mark=shown[-1][0] if more else _mark(connection, person),
        more=more,
    )


def _contact(connection: sqlite3.Connection, person: PersonId, contact: PersonId, at: int) -> Contact | None:
    """Return how `contact` stands to `person` at `at`; None: there is no such person."""
    row = connection.execute(_ROW, (person, contact)).fetchone()
    return None if row is None else _read(row, at)


def _known(connection: sqlite3.Connection, person: PersonId, contact: PersonId, at: int) -> Contact:
    found = _contact(connection, person, contact, at)
    assert found is not None
    return found


def _read(row: Row, at: int) -> Contact:
    person, handle, state, since, until, greeting, remark, hides_mine, hides_theirs = row
    contact = Contact(
        person=person,
        handle=handle,
        state=ContactState(state),
        at=since,
        until=until,
        greeting=greeting,
        remark=remark,
        hides_mine=bool(hides_mine),
        hides_theirs=bool(hides_theirs),
    )
    return contact if until is None or until > at else _end(contact, until)


def _counts(connection: sqlite3.Connection, person: PersonId, at: int) -> tuple[int, int, int]:
    """Return how many `person` has or asks, how many of those they ask, and how many ask them."""
    counted, asked, asking = connection.execute(_COUNTS, (person, at)).fetchone()
    return counted, asked, asking


def _become(contact: Contact, at: int) -> Contact:
    return msgspec.structs.replace(contact, state=_CONTACT, at=at, until=None, greeting=b"")


def _end(contact: Contact, at: int) -> Contact:
    return Contact(person=contact.person, handle=contact.handle, state=_NONE, at=at)


def _agree(connection: sqlite3.Connection, person: PersonId, own: Contact, other: Contact, at: int) -> ContactPut:
    """Both want it: have them be contacts of each other."""
    rows = [(person, _become(own, at))]
    if other.state is _ASKED:
        rows.append((own.person, _become(other, at)))
    return _put(connection, rows)


def _leave(
    connection: sqlite3.Connection, person: PersonId, contact: PersonId, at: int, state: ContactState
) -> ContactPut | TargetGone:
    """Have nothing be left of `contact` with `person`, if that is how they stand."""
    own = _contact(connection, person, contact, at)
    if own is None:
        return TargetGone()
    return _put(connection, [(person, _end(own, at))]) if own.state is state else _nothing(connection, person, own)


def _amend(
    connection: sqlite3.Connection, person: PersonId, contact: PersonId, at: int, **what: bytes | bool
) -> ContactPut | TargetGone:
    own = _contact(connection, person, contact, at)
    if own is None or own.state is _NONE:
        return TargetGone()
    amended = msgspec.structs.replace(own, **what)
    return _nothing(connection, person, own) if amended == own else _put(connection, [(person, amended)])


def _nothing(connection: sqlite3.Connection, person: PersonId, own: Contact) -> ContactPut:
    return ContactPut(own=Stands(person=person, contact=own, mark=_mark(connection, person)), changed=())


def _mark(connection: sqlite3.Connection, person: PersonId) -> int:
    mark: int = connection.execute(_MARK, (person,)).fetchone()[0]
    return mark


def _put(connection: sqlite3.Connection, rows: Sequence[tuple[PersonId, Contact]]) -> ContactPut:
    """Write rows anew, the first of which is of whoever did it."""
    changed = _put_all(connection, rows)
    return ContactPut(own=changed[0], changed=changed)


def _put_all(connection: sqlite3.Connection, rows: Sequence[tuple[PersonId, Contact]]) -> tuple[Stands, ...]:
    return tuple(_put_one(connection, person, contact) for person, contact in rows)


def _put_one(connection: sqlite3.Connection, person: PersonId, contact: Contact) -> Stands:
    mark: int = connection.execute(_RAISE_MARK, (person,)).fetchone()[0]
    row = (
        person,
        contact.person,
        contact.state.value,
        contact.at,
        contact.until,
        contact.greeting,
        contact.remark,
        contact.hides_mine,
        contact.hides_theirs,
        mark,
    )
    connection.execute(_PUT, row)
    return Stands(person=person, contact=contact, mark=mark)
