"""What the public side keeps besides publications: signatures, staff, and who has come into a public group lately."""

import sqlite3

from compliance import leaves
from protocol.entries import Admission, Kind, Standing
from protocol.ids import TopicId, new_cid
from protocol.staff import FOR_CHIEFS, StaffRole
from server.store import people
from server.store.account_writes import Review
from server.store.audit import AuditLog
from server.store.log import Log
from server.store.public_writes import (
    AddStaff,
    Announce,
    Decide,
    GroupFull,
    Introduce,
    Join,
    Joined,
    NoSuchGroup,
    Record,
    RemoveStaff,
    SignAgreement,
    Signed,
)
from server.store.writes import NO_DIGEST, Done, Draft, Post, Posted, Taken, TargetGone
from server.topics import Stand

_SIGN = "INSERT OR IGNORE INTO signatures (person, digest, version, at, leaf) VALUES (?, ?, ?, ?, ?)"
_SIGNED = "SELECT 1 FROM signatures WHERE person = ? AND digest = ?"
_LAST_OF_KIND = "SELECT leaf FROM leaves WHERE kind = ? AND submission IS NULL ORDER BY number DESC LIMIT 1"
_ADD_STAFF = "INSERT OR IGNORE INTO staff (code, role, digest, added_at) VALUES (?, ?, ?, ?)"
_REMOVE_STAFF = "UPDATE staff SET removed_at = ? WHERE code = ? AND removed_at IS NULL RETURNING role"
_ON_DUTY = "SELECT role FROM staff WHERE code = ? AND removed_at IS NULL"
_UNANNOUNCED = "SELECT person FROM members WHERE topic = ? AND unannounced ORDER BY since DESC, person"
_ANNOUNCED = "UPDATE members SET unannounced = 0 WHERE topic = ? AND unannounced"
_GROUP = "SELECT admission, seats FROM topics WHERE topic = ? AND admission IS NOT NULL AND seats > 0"
_STANDS = "SELECT standing FROM members WHERE topic = ? AND person = ?"
_ASKING = "SELECT count(*) FROM members WHERE topic = ? AND standing = 'asked'"


class Institutions:
    """Executes these writes, through the writer's connection, in the writer's transaction."""

    def __init__(self, connection: sqlite3.Connection, log: Log, audit: AuditLog) -> None:
        self._connection = connection
        self._log = log
        self._audit = audit

    def sign(self, sign: SignAgreement) -> Signed:
        """Put a signature on record, once (Art. 6).

        It makes nobody known: who signs to register may turn out to have come too late for the handle.
        """
        if not self._connection.execute(_SIGNED, (sign.person, sign.digest)).fetchone():
            leaf = self._audit.append(leaves.agreement_signed(at=sign.at, agreement=sign.digest, version=sign.version))
            self._connection.execute(_SIGN, (sign.person, sign.digest, sign.version, sign.at, leaf))
        return Signed()

    def introduce(self, introduce: Introduce) -> Done:
        """Make a person known to the public side."""
        who = introduce
        people.introduce(self._connection, who.person, who.handle, who.skeleton, at=who.at)
        return Done()

    def join(self, join: Join) -> Joined | NoSuchGroup | GroupFull:
        """Let somebody in, or have them ask. It asks for no generation: nobody's joining makes another's stale."""
        row = self._connection.execute(_GROUP, (join.topic,)).fetchone()
        if row is None:
            return NoSuchGroup()
        admission, seats = row
        stands = self._connection.execute(_STANDS, (join.topic, join.person)).fetchone()
        if stands is not None:
            return Joined(standing=Standing(stands[0]), posted=None)
        standing = Standing.MEMBER if admission == Admission.OPEN else Standing.ASKED
        if standing is Standing.MEMBER and seats >= join.cap:
            return GroupFull(asking=False)
        if (
            standing is Standing.ASKED
            and self._connection.execute(_ASKING, (join.topic,)).fetchone()[0] >= join.waiting
        ):
            return GroupFull(asking=True)
        people.introduce(self._connection, join.person, join.handle, join.skeleton, at=join.at)
        stand = Stand(person=join.person, standing=standing, unannounced=standing is Standing.MEMBER)
        posted = self._log.add(Post(topic=join.topic, generation=0, draft=None, changes=(stand,)))
        return Joined(standing=standing, posted=posted)

    def announce(self, announce: Announce) -> Posted | Done:
        """Say how many have come since the last time, in one entry; who has gone again meanwhile is not counted."""
        newcomers = self._connection.execute(_UNANNOUNCED, (announce.topic,)).fetchall()
        if not newcomers:
            return Done()
        self._connection.execute(_ANNOUNCED, (announce.topic,))
        draft = Draft(
            kind=Kind.JOINED,
            sender=newcomers[0][0],
            cid=new_cid(announce.at),
            digest=NO_DIGEST,
            at=announce.at,
            count=len(newcomers),
        )
        return self._log.add(Post(topic=TopicId(announce.topic), generation=0, draft=draft))

    def record(self, record: Record) -> Done:
        """Add a leaf, unless the last of its kind says the same but for the time."""
        if record.once:
            last = self._connection.execute(_LAST_OF_KIND, (record.leaf.kind,)).fetchone()
            if last is not None and _timeless(last[0]) == _timeless(record.leaf.says):
                return Done()
        self._audit.append(record.leaf)
        return Done()

    def add_staff(self, add: AddStaff) -> Done | Taken:
        """Make a staff account. A code is never given out twice: decisions are signed with it."""
        if not self._connection.execute(_ADD_STAFF, (add.code, add.role.value, add.digest, add.at)).rowcount:
            return Taken()
        self._audit.append(leaves.staff(at=add.at, code=add.code, role=add.role, act=leaves.StaffAct.ADDED))
        return Done()

    def remove_staff(self, remove: RemoveStaff) -> Done | TargetGone:
        """End a staff account. What it decided stays."""
        row = self._connection.execute(_REMOVE_STAFF, (remove.at, remove.code)).fetchone()
        if row is None:
            return TargetGone()
        self._audit.append(
            leaves.staff(at=remove.at, code=remove.code, role=StaffRole(row[0]), act=leaves.StaffAct.REMOVED)
        )
        return Done()

    def may(self, decide: Decide | Review) -> bool:
        """Say whether the officer is on duty still, and of a role that may decide this."""
        row = self._connection.execute(_ON_DUTY, (decide.officer,)).fetchone()
        if row is None:
            return False
        return StaffRole(row[0]) is StaffRole.CHIEF or decide.act not in FOR_CHIEFS


def _timeless(leaf: bytes) -> dict[str, object]:
    return {key: value for key, value in leaves.read(leaf).items() if key != "at"}
