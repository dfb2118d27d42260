"""Writes about people: accounts, devices, preferences, blocks. Passwords and tokens come here as digests only."""

import sqlite3

import msgspec

from protocol.frames import Preferences
from protocol.ids import DeviceId, PersonId
from server.store.log import Log
from server.store.rows import PREFERENCES, preferences_of
from server.store.writes import (
    AddDevice,
    AddPerson,
    BlockPut,
    ChangePassword,
    DevicesRevoked,
    Done,
    NewDevice,
    PutBlock,
    RevokeDevice,
    SeeDevice,
    SetPreferences,
    Stale,
    Taken,
    TargetGone,
    TooMany,
)
from server.topics import SetBlock

_ADD_PERSON = "INSERT INTO people (person, handle, skeleton, password, created_at) VALUES (?, ?, ?, ?, ?)"
_INTRODUCED = "SELECT 1 FROM people WHERE person = ?"
_RENAME_LOST = "UPDATE people SET handle = person, skeleton = person WHERE handle = ? OR skeleton = ?"
_INTRODUCE = """
INSERT INTO people (person, handle, skeleton, password, created_at) VALUES (?, ?, ?, '', ?)
"""
_ADD_DEVICE = """
INSERT INTO devices (device, person, name, digest, created_at, seen_at) VALUES (?, ?, ?, ?, ?, ?)
"""
_REPASSWORD = "UPDATE people SET password = ? WHERE person = ? AND password = ?"
_PREFER = f"""
UPDATE people SET receipts = coalesce(:receipts, receipts), presence = coalesce(:presence, presence),
    findable = coalesce(:findable, findable), moments_days = coalesce(:moments_days, moments_days)
WHERE person = :person RETURNING {PREFERENCES}
"""
_BLOCK = "INSERT OR IGNORE INTO blocks (person, blocked, at) VALUES (?, ?, ?)"
_FREEZE = "UPDATE members SET shown_read = read WHERE topic = ? AND person = ?"
_THAW = "UPDATE members SET shown_read = NULL WHERE topic = ? AND person = ?"
_UNBLOCK = "DELETE FROM blocks WHERE person = ? AND blocked = ?"


def add_person(connection: sqlite3.Connection, add: AddPerson) -> Done | Taken:
    """Make an account and sign its first device in."""
    alike = "SELECT 1 FROM people WHERE handle = ? OR skeleton = ?"
    if connection.execute(alike, (add.handle, add.skeleton)).fetchone():
        return Taken()
    row = (add.person, add.handle, add.skeleton, add.password, add.device.at)
    connection.execute(_ADD_PERSON, row)
    _add_device(connection, add.person, add.device)
    return Done()


def add_device(connection: sqlite3.Connection, add: AddDevice) -> Done | Stale | TooMany:
    """Sign a device in."""
    row = connection.execute("SELECT password FROM people WHERE person = ?", (add.person,)).fetchone()
    if row is None or row[0] != add.password:
        return Stale()
    if len(_devices(connection, add.person)) >= add.most:
        return TooMany()
    _add_device(connection, add.person, add.device)
    return Done()


def change_password(connection: sqlite3.Connection, change: ChangePassword) -> DevicesRevoked | Stale:
    """Replace the password and sign every device out but the new one, which keeps the name of the one it replaces."""
    if not connection.execute(_REPASSWORD, (change.new, change.person, change.old)).rowcount:
        return Stale()
    named = "SELECT name FROM devices WHERE device = ? AND person = ?"
    row = connection.execute(named, (change.replaces, change.person)).fetchone()
    revoked = _devices(connection, change.person)
    connection.execute("DELETE FROM devices WHERE person = ?", (change.person,))
    _add_device(connection, change.person, change.device, name=row[0] if row else None)
    return DevicesRevoked(revoked)


def revoke_device(connection: sqlite3.Connection, revoke: RevokeDevice) -> DevicesRevoked | TargetGone:
    """Sign one device out."""
    gone = "DELETE FROM devices WHERE device = ? AND person = ?"
    if not connection.execute(gone, (revoke.device, revoke.person)).rowcount:
        return TargetGone()
    return DevicesRevoked((revoke.device,))


def see_device(connection: sqlite3.Connection, see: SeeDevice) -> Done:
    """Note when a device was last seen."""
    connection.execute("UPDATE devices SET seen_at = ? WHERE device = ?", (see.at, see.device))
    return Done()


def set_preferences(connection: sqlite3.Connection, prefer: SetPreferences) -> Preferences:
    """Set what is given and return what holds.

    Raises:
        ValueError: There is no such person.
    """
    row = connection.execute(_PREFER, msgspec.structs.asdict(prefer)).fetchone()
    if row is None:
        raise ValueError(f"there is no person {prefer.person}")
    return preferences_of(row)


def put_block(connection: sqlite3.Connection, log: Log, put: PutBlock) -> BlockPut:
    """Block or unblock. Who decides something for the chat of the two learns it from its generation."""
    if put.blocked:
        done = connection.execute(_BLOCK, (put.person, put.other, put.at)).rowcount
    else:
        done = connection.execute(_UNBLOCK, (put.person, put.other)).rowcount
    chat = log.chat(put.person, put.other) if done else None
    if chat is None:
        return BlockPut(topic=None, generation=0, changes=())
    connection.execute(_FREEZE if put.blocked else _THAW, (chat, put.person))
    change = SetBlock(person=put.person, blocked=put.blocked)
    return BlockPut(topic=chat, generation=log.raise_generation(chat), changes=(change,))


def _add_device(
    connection: sqlite3.Connection, person: PersonId, device: NewDevice, *, name: str | None = None
) -> None:
    row = (device.device, person, device.name if name is None else name, device.digest, device.at, device.at)
    connection.execute(_ADD_DEVICE, row)


def _devices(connection: sqlite3.Connection, person: PersonId) -> tuple[DeviceId, ...]:
    found = connection.execute("SELECT device FROM devices WHERE person = ?", (person,))
    return tuple(DeviceId(row[0]) for row in found)


def introduce(connection: sqlite3.Connection, person: PersonId, handle: str, skeleton: str, *, at: int) -> None:
    """Let the public side know a person's handle, which never changes, from their first public act on. Nothing else.

    Whom the private side gives a handle has it. Somebody else who has it here is nobody any more: their account was
    lost with a backup's private store, and only what they published is left, under their id.
    """
    if not connection.execute(_INTRODUCED, (person,)).fetchone():
        connection.execute(_RENAME_LOST, (handle, skeleton))
        connection.execute(_INTRODUCE, (person, handle, skeleton, at))
