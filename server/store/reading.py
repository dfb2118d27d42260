"""A read-only connection to a store. Each call is one snapshot, let go of before it returns."""

from collections.abc import Mapping, Sequence
from json import dumps

from protocol.entries import Admission, Kind, Openness, Role, Side, Standing, TopicKind
from protocol.frames import Device, GroupMember, Person, SyncReply, TopicReply
from protocol.ids import Cid, DeviceId, PersonId, Seq, TopicId
from protocol.limits import MEMBERS_SHOWN, RECEIPTS_BY_PERSON_MEMBERS
from server.store.backstage_reading import BackstageReads
from server.store.base import ChatLookup, Credentials, Header, HistoryPage, PostedBefore, SignedPerson
from server.store.contact_reading import ContactReads
from server.store.dialogue_reading import DialogueReads
from server.store.follow_reading import FollowReads
from server.store.history import history
from server.store.moment_reading import MomentReads
from server.store.rows import LAST, OF_TWO, PREFERENCES, Row, columns, entry_of, preferences_of, summary
from server.store.square_circle import SquareCircleReads
from server.store.sync import sync
from server.store.thread_reading import ThreadReads
from server.topics import Member, TopicState

_TOPIC = f"""
SELECT t.kind, t.side, t.generation, ifnull(last.seq, 0), ifnull(last.nth, 0), t.one_peer, t.other_peer,
       t.silenced_until, t.link, t.admission, t.listed, t.history_open
FROM topics AS t {LAST} WHERE t.topic = ?
"""
_MEMBERS = """
SELECT person, standing, role, start, muted_until FROM members WHERE topic = ? ORDER BY since, person
"""
_BLOCKERS = """
SELECT person FROM blocks WHERE (person = :one AND blocked = :other) OR (person = :other AND blocked = :one)
"""
_CHAT = """
SELECT (SELECT topic FROM topics WHERE one_peer = min(:person, :peer) AND other_peer = max(:person, :peer)),
       (SELECT handle FROM people WHERE person = :peer),
       EXISTS (SELECT 1 FROM blocks WHERE person = :person AND blocked = :peer),
       EXISTS (SELECT 1 FROM blocks WHERE person = :peer AND blocked = :person)
"""
_POSTED = f"""
SELECT {columns("entries")}, cids.digest
FROM cids JOIN entries ON entries.topic = cids.topic AND entries.seq = cids.seq
WHERE cids.cid = ? AND cids.sender = ?
"""
_HEADER = "SELECT seq, kind, sender, at, erased, hidden_from, tag FROM entries WHERE topic = ? AND seq = ?"
_SEATED = """
SELECT m.person, p.handle, m.standing, m.role, m.since, m.muted_until, m.greeting, m.screen_name,
       CASE WHEN m.person = :viewer THEN m.read
           WHEN :by_person AND p.receipts AND me.receipts THEN m.read END
FROM members AS m JOIN people AS p ON p.person = m.person JOIN people AS me ON me.person = :viewer
WHERE m.topic = :topic AND (:everyone OR m.standing = 'member')
ORDER BY (m.standing <> 'member') <> :public, m.since, m.person LIMIT :most
"""
_READERS = """
SELECT m.person FROM entries AS e JOIN members AS m ON m.topic = e.topic JOIN people AS p ON p.person = m.person
WHERE e.topic = ? AND e.seq = ? AND m.standing = 'member' AND m.since <= e.seq AND ifnull(m.shown_read, m.read) >= e.seq
    AND p.receipts
    AND m.person IS NOT e.sender AND m.person IS NOT e.hidden_from
ORDER BY m.person
"""
_CREDENTIALS = f"SELECT person, handle, password, {PREFERENCES} FROM people WHERE handle = ?"
_SIGNED = f"""
SELECT p.person, p.handle, d.device, {PREFERENCES}
FROM devices AS d JOIN people AS p ON p.person = d.person WHERE d.digest = ?
"""
_DEVICES = "SELECT device, name, created_at, seen_at FROM devices WHERE person = ? ORDER BY created_at, device"
_PEOPLE = """
SELECT person, handle FROM people
WHERE handle IN (SELECT value FROM json_each(?)) OR person IN (SELECT value FROM json_each(?)) ORDER BY handle
"""
_BLOCKS = """
SELECT p.person, p.handle FROM blocks AS b JOIN people AS p ON p.person = b.blocked WHERE b.person = ? ORDER BY p.handle
"""
_WATCHABLE = """
SELECT other.person FROM json_each(:persons) AS wanted
JOIN people AS other ON other.person = wanted.value AND other.presence
JOIN people AS me ON me.person = :person AND me.presence AND me.person <> other.person
JOIN topics AS t ON t.one_peer = min(me.person, other.person) AND t.other_peer = max(me.person, other.person)
    AND t.spoken = 3
WHERE NOT EXISTS (SELECT 1 FROM blocks WHERE person = me.person AND blocked = other.person)
    AND NOT EXISTS (SELECT 1 FROM blocks WHERE person = other.person AND blocked = me.person)
"""


class SqliteReader(
    DialogueReads, FollowReads, ContactReads, MomentReads, ThreadReads, SquareCircleReads, BackstageReads
):
    """One read-only connection, used by one thread at a time; see the port `Reader`."""

    def topic(self, topic: TopicId) -> TopicState | None:
        """Return the state of `topic`."""
        with self._snapshot() as connection:
            row = connection.execute(_TOPIC, (topic,)).fetchone()
            if row is None:
                return None
            kind, side, generation, head, nth, one, other, silenced_until, link, admission, listed, history_open = row
            members = {
                person: Member(Standing(standing), Role(role), start, muted_until)
                for person, standing, role, start, muted_until in connection.execute(_MEMBERS, (topic,))
            }
            absent = dict(connection.execute("SELECT person, until FROM mutes WHERE topic = ?", (topic,)).fetchall())
            blockers = connection.execute(_BLOCKERS, {"one": one, "other": other}).fetchall() if one else []
        return TopicState(
            topic=topic,
            kind=TopicKind(kind),
            side=Side(side),
            generation=generation,
            head=head,
            nth=nth,
            members=members,
            peers=(one, other) if one else (),
            blockers=frozenset(row[0] for row in blockers),
            silenced_until=silenced_until,
            link=link,
            absent=absent,
            openness=admission
            and Openness(admission=Admission(admission), listed=bool(listed), history_open=bool(history_open)),
        )

    def chat(self, person: PersonId, peer: PersonId) -> ChatLookup:
        """Return what there is between `person` and `peer`."""
        topic, handle, blocked, blocked_by = self._row(_CHAT, {"person": person, "peer": peer}) or (None,) * 4
        return ChatLookup(
            topic=topic,
            peer=None if handle is None else Person(person=peer, handle=handle),
            blocked=bool(blocked),
            blocked_by=bool(blocked_by),
        )

    def linked(self, digest: bytes) -> TopicId | None:
        """Return the group whose link has this digest."""
        row = self._row("SELECT topic FROM topics WHERE link = ?", (digest,))
        return None if row is None else row[0]

    def posted(self, sender: PersonId, cid: Cid) -> PostedBefore | None:
        """Return what `sender` used `cid` for."""
        row = self._row(_POSTED, (cid, sender))
        return None if row is None else PostedBefore(entry=entry_of(row[:-1]), digest=row[-1])

    def header(self, topic: TopicId, seq: Seq) -> Header | None:
        """Return what is known of one entry."""
        row = self._row(_HEADER, (topic, seq))
        if row is None:
            return None
        seq, kind, sender, at, erased, hidden_from, tag = row
        return Header(
            seq=seq, kind=Kind(kind), sender=sender, at=at, erased=bool(erased), hidden_from=hidden_from, tag=tag
        )

    def view(self, topic: TopicId, viewer: PersonId, *, everyone: bool) -> TopicReply | None:
        """Return `viewer`'s summary and the members; who is no member sees none of them.

        A chat or a dialogue lists none: whom it is with is in the summary, and whether they have a row is nobody's
        business.
        """
        with self._snapshot() as connection:
            seen = summary(connection, topic, viewer)
            if seen is None:
                return None
            if seen.kind in OF_TWO or seen.standing is not Standing.MEMBER:
                return TopicReply(summary=seen)
            # On the public side how far one has read is told to nobody.
            by_person = seen.side is Side.PRIVATE and (seen.members or 0) <= RECEIPTS_BY_PERSON_MEMBERS
            asked = {
                "topic": topic,
                "viewer": viewer,
                "everyone": everyone,
                "by_person": by_person,
                "most": MEMBERS_SHOWN,
                "public": seen.side is Side.PUBLIC,  # Whose members may be too many to show: who waits comes first.
            }
            rows = connection.execute(_SEATED, asked).fetchall()
        members = tuple(
            GroupMember(
                person=person,
                handle=handle,
                standing=Standing(standing),
                role=Role(role),
                since=since,
                read=read if standing == Standing.MEMBER else None,
                muted_until=muted_until or None,
                greeting=greeting,
                screen_name=screen_name or None,
            )
            for person, handle, standing, role, since, muted_until, greeting, screen_name, read in rows
        )
        return TopicReply(summary=seen, members=members)

    def sync(
        self,
        viewer: PersonId,
        heads: Mapping[TopicId, Seq],
        *,
        marks: int,
        slice_bytes: int,
        reach: int,
        newest: int,
        follows: Mapping[TopicId, str] | None = None,
    ) -> SyncReply:
        """Return what `viewer` does not have yet."""
        with self._snapshot() as connection:
            return sync(
                connection,
                viewer,
                heads,
                marks=marks,
                slice_bytes=slice_bytes,
                reach=reach,
                newest=newest,
                follows=follows or {},
            )

    def history(
        self,
        topic: TopicId,
        viewer: PersonId,
        *,
        before: Seq | None = None,
        after: Seq | None = None,
        around: Seq | None = None,
        limit: int,
        slice_bytes: int,
    ) -> HistoryPage | None:
        """Return a page; with none of the three, the newest."""
        with self._snapshot() as connection:
            return history(
                connection,
                topic,
                viewer,
                before=before,
                after=after,
                around=around,
                limit=limit,
                slice_bytes=slice_bytes,
            )

    def readers(self, topic: TopicId, seq: Seq) -> tuple[PersonId, ...]:
        """Return who has read `seq`."""
        return tuple(row[0] for row in self._rows(_READERS, (topic, seq)))

    def credentials(self, handle: str) -> Credentials | None:
        """Return what signs `handle` in."""
        row = self._row(_CREDENTIALS, (handle,))
        if row is None:
            return None
        return Credentials(person=row[0], handle=row[1], password=row[2], preferences=preferences_of(row[3:]))

    def signed(self, digest: bytes) -> SignedPerson | None:
        """Return whose token has this digest."""
        row = self._row(_SIGNED, (digest,))
        if row is None:
            return None
        return SignedPerson(person=row[0], handle=row[1], device=row[2], preferences=preferences_of(row[3:]))

    def devices(self, person: PersonId, current: DeviceId) -> tuple[Device, ...]:
        """Return the signed-in devices, oldest first."""
        return tuple(
            Device(device=device, name=name, created_at=created_at, seen_at=seen_at, current=device == current)
            for device, name, created_at, seen_at in self._rows(_DEVICES, (person,))
        )

    def people(self, handles: Sequence[str], persons: Sequence[PersonId]) -> tuple[Person, ...]:
        """Return those that exist, each once, by handle in order."""
        return _persons(self._rows(_PEOPLE, (dumps(list(handles)), dumps(list(persons)))))

    def blocks(self, person: PersonId) -> tuple[Person, ...]:
        """Return whom `person` blocks, by handle in order."""
        return _persons(self._rows(_BLOCKS, (person,)))

    def watchable(self, person: PersonId, persons: Sequence[PersonId]) -> tuple[PersonId, ...]:
        """Return those of `persons` whose presence `person` may see, in the order asked, each once."""
        rows = self._rows(_WATCHABLE, {"person": person, "persons": dumps(list(dict.fromkeys(persons)))})
        return tuple(row[0] for row in rows)


def _persons(rows: list[Row]) -> tuple[Person, ...]:
    return tuple(Person(person=person, handle=handle) for person, handle in rows)
