"""A store with a past, as rows written while no server runs: people, their chats and groups, and what was said there.

It is what a server would have after a year. Ids are random, cids are in the order of time, everybody is a member from
the beginning and has read all. Signing up as many people and having them talk would take hours.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from benchmarks.broadcast.rows import AT, strangers
from benchmarks.figures import progress
from benchmarks.systems.base import BODY_BYTES
from protocol.entries import Kind, Role, Side, TopicKind
from protocol.ids import Cid, PersonId, Seq, TopicId, new_cid
from server.passwords import token_digest
from server.store.sqlite import SqliteStore, store_path

GROUP_MEMBERS = (5, 50)
YEAR_MS = 365 * 86_400_000
BODIES = 1000  # Different ones: what is in them is nothing to a server.
STEP = 1_000_000  # Entries between two lines of progress.
MESSAGES = 3  # That every topic has at least: both sides of a chat have spoken.

# What is lost when the machine stops meanwhile is only a store that is not ready yet.
_AT_ONCE = (
    "PRAGMA journal_mode = OFF",
    "PRAGMA synchronous = OFF",
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA cache_size = -262144",
)
_PERSON = """
INSERT INTO people (person, handle, skeleton, password, marks, created_at) VALUES (?1, ?1, ?1, '', ?2, ?3)
"""
_DEVICE = """
INSERT INTO devices (device, person, name, digest, created_at, seen_at) VALUES (?1, ?1, '', ?2, ?3, ?3)
"""
_TOPIC = """
INSERT INTO topics (topic, kind, side, generation, spoken, seats, founded_at, one_peer, other_peer, name)
VALUES (?, ?, 'private', ?, 3, ?, ?, ?, ?, ?)
"""
_MEMBER = """
INSERT INTO members (topic, person, standing, role, start, since, read, read_nth, changed)
VALUES (?, ?, 'member', ?, ?, ?, ?, ?, ?)
"""
_ENTRY = "INSERT INTO entries (topic, seq, nth, at, kind, sender, cid, person, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
# In the order of their index, to which each is then appended. A digest of what nobody asked for can be anything.
_CIDS = (
    "INSERT INTO cids (cid, sender, topic, seq, digest) SELECT cid, sender, topic, seq, cid FROM entries ORDER BY cid"
)
# Somebody who has just spoken says something more.
_SAY_MORE = """
INSERT INTO entries (topic, seq, nth, at, kind, sender, cid, body)
SELECT topic, seq + 1, nth + 1, ?, 'message', sender, ?, ? FROM entries WHERE topic = ? ORDER BY seq DESC LIMIT 1
RETURNING cid, sender, topic, seq, cid
"""
_CLAIM = "INSERT INTO cids (cid, sender, topic, seq, digest) VALUES (?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much past there is. `chats` (an even number), `groups`: of each person; `entries`: in all topics together."""

    people: int
    chats: int
    groups: int
    entries: int

    @classmethod
    def of(cls, entries: int) -> "Plan":
        """Return the plan of a town whose people have said so much, each of them some hundreds of things."""
        return cls(people=max(entries // 800, 50), chats=20, groups=5, entries=entries)


@dataclass(frozen=True, slots=True)
class Resident:
    """Somebody with a past. `heads`: how far the logs of their topics go; `marks`: their own number of changes."""

    person: PersonId
    heads: dict[TopicId, Seq] = field(default_factory=dict)

    @property
    def token(self) -> str:
        """By which their one device signs in."""
        return f"token-of-{self.person}"

    @property
    def marks(self) -> int:
        return len(self.heads)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Topic:
    topic: TopicId
    kind: TopicKind
    people: Sequence[Resident]
    entries: int
    since: int
    until: int

    @property
    def notes(self) -> int:
        """The entries it begins with that are no messages: in a group, of its founding and of each who came."""
        return len(self.people) if self.kind is TopicKind.GROUP else 0


def write(data: Path, plan: Plan, source: Random) -> list[Resident]:
    """Make both stores in `data`, the private one with a past; return the people.

    Raises:
        ValueError: So few entries are not enough for so many topics, or so few people for so many chats.
    """
    for side in Side:
        SqliteStore.open(data, side).close()
    residents = [Resident(person) for person in strangers(plan.people, source)]
    topics = _topics(plan, residents, source)
    for topic in topics:
        for resident in topic.people:
            resident.heads[topic.topic] = Seq(topic.entries)
    with closing(sqlite3.connect(store_path(data, Side.PRIVATE), isolation_level=None)) as store:
        for pragma in _AT_ONCE:
            store.execute(pragma)
        store.execute("BEGIN")
        store.executemany(_PERSON, ((each.person, each.marks, AT - YEAR_MS) for each in residents))
        store.executemany(_DEVICE, ((each.person, token_digest(each.token), AT - YEAR_MS) for each in residents))
        store.executemany(_TOPIC, map(_topic_row, topics))
        store.executemany(_MEMBER, _member_rows(topics))
        store.executemany(_ENTRY, _entry_rows(topics, source))
        store.execute(_CIDS)
        store.execute("COMMIT")
    progress(f"a store of {plan.entries:,} entries in {len(topics):,} topics of {plan.people:,} people")
    return residents


def say_more(data: Path, topics: Iterable[TopicId], at: int, source: Random) -> list[Cid]:
    """Have one message more been said in each of `topics` at `at`, by whoever spoke last; return their cids.

    No server runs meanwhile.
    """
    with closing(sqlite3.connect(store_path(data, Side.PRIVATE))) as store, store:
        cids = []
        for topic in topics:
            cids.append(cid := new_cid(at))
            said = (at, cid, source.randbytes(BODY_BYTES), topic)
            store.execute(_CLAIM, store.execute(_SAY_MORE, said).fetchone())
        return cids


def heads(data: Path, side: Side) -> Mapping[TopicId, Seq]:
    """Return how far the log of each topic goes."""
    with closing(sqlite3.connect(store_path(data, side))) as store:
        return dict(store.execute("SELECT topic, max(seq) FROM entries GROUP BY topic"))


def places(data: Path, cids: Iterable[bytes]) -> Mapping[bytes, tuple[TopicId, Seq]]:
    """Return where what was said with each of `cids` is stored, privately; those are left out that are not."""
    with closing(sqlite3.connect(store_path(data, Side.PRIVATE))) as store:
        rows = (store.execute("SELECT cid, topic, seq FROM cids WHERE cid = ?", (cid,)).fetchone() for cid in cids)
        return {row[0]: (row[1], row[2]) for row in rows if row is not None}


def _topics(plan: Plan, residents: Sequence[Resident], source: Random) -> list[_Topic]:
    """Return the topics in the order of their ids: so rows come to lie one after the other."""
    _check(plan)
    places = [
        *((TopicKind.CHAT, couple) for couple in _couples(residents, plan.chats, source)),
        *((TopicKind.GROUP, group) for group in _groups(residents, plan.groups, source)),
    ]
    source.shuffle(places)
    least = sum(MESSAGES + len(people) * (kind is TopicKind.GROUP) for kind, people in places)
    if plan.entries < least:
        raise ValueError(f"{plan.entries:,} entries are too few: it takes {least:,} to begin {len(places):,} topics")
    # Some places are quiet, and in some there is much talk; as much in each group as in all chats of one person.
    weights = [source.expovariate(1) * (1 if kind is TopicKind.CHAT else plan.chats) for kind, _ in places]
    shares = list(_shares(plan.entries - least, weights))
    made = []
    for topic, (kind, people), share in zip(strangers(len(places), source), places, shares, strict=True):
        since = AT - source.randrange(YEAR_MS // 2, YEAR_MS)
        made.append(
            _Topic(
                topic=TopicId(topic),
                kind=kind,
                people=people,
                entries=MESSAGES + share + (len(people) if kind is TopicKind.GROUP else 0),
                since=since,
                until=source.randrange(since + YEAR_MS // 4, AT),
            )
        )
    return made


def _check(plan: Plan) -> None:
    if plan.chats % 2:
        raise ValueError(f"of chats each of them has an even number, not {plan.chats}")
    if plan.chats >= plan.people:
        raise ValueError(f"{plan.people:,} people cannot have {plan.chats} chats each")


def _couples(residents: Sequence[Resident], each: int, source: Random) -> Iterator[Sequence[Resident]]:
    """Yield pairs so that everybody is in `each` of them, no two alike."""
    ring = source.sample(residents, len(residents))
    for step in source.sample(range(1, (len(ring) + 1) // 2), each // 2):
        for number, one in enumerate(ring):
            yield sorted((one, ring[(number + step) % len(ring)]), key=lambda resident: resident.person)


def _groups(residents: Sequence[Resident], each: int, source: Random) -> Iterator[Sequence[Resident]]:
    """Yield groups so that everybody is in `each` of them."""
    for _ in range(each):
        left = source.sample(residents, len(residents))
        while left:
            size = source.randint(*GROUP_MEMBERS)
            if len(left) - size < GROUP_MEMBERS[0]:
                size = len(left)
            yield left[:size]
            del left[:size]


def _shares(count: int, weights: Sequence[float]) -> Iterator[int]:
    """Yield whole numbers that are to each other as `weights`, and `count` together."""
    whole, before, reached = sum(weights), 0, 0.0
    for weight in weights[:-1]:
        reached += weight
        upto = int(count * reached / whole)
        yield upto - before
        before = upto
    yield count - before


def _topic_row(topic: _Topic) -> tuple[object, ...]:
    if topic.kind is TopicKind.GROUP:
        return (topic.topic, topic.kind.value, len(topic.people), len(topic.people), topic.since, None, None, b"")
    one, other = topic.people
    return (topic.topic, topic.kind.value, 1, 2, topic.since, one.person, other.person, None)


def _member_rows(topics: Iterable[_Topic]) -> Iterator[tuple[object, ...]]:
    changes: dict[PersonId, int] = {}
    for topic in topics:
        nth = topic.entries - topic.notes
        rows = []
        for number, resident in enumerate(topic.people):
            person = resident.person
            changes[person] = changes.get(person, 0) + 1
            role = Role.OWNER if topic.notes and not number else Role.MEMBER
            since = number + 1 if topic.notes else 1
            rows.append((topic.topic, person, role.value, since, since, topic.entries, nth, changes[person]))
        yield from sorted(rows)


def _entry_rows(topics: Iterable[_Topic], source: Random) -> Iterator[tuple[object, ...]]:
    bodies = [source.randbytes(BODY_BYTES) for _ in range(BODIES)]
    founded, joined, message = Kind.FOUNDED.value, Kind.JOINED.value, Kind.MESSAGE.value
    written, told = 0, STEP
    for topic in topics:
        people = [resident.person for resident in topic.people]
        name, notes, since = topic.topic, topic.notes, topic.since
        pace = (topic.until - since) / topic.entries
        for number, person in enumerate(people[:notes]):
            at = since + int(number * pace)
            yield (
                name,
                number + 1,
                0,
                at,
                joined if number else founded,
                person,
                new_cid(at),
                person if number else None,
                None,
            )
        for number in range(notes, topic.entries):
            at = since + int(number * pace)
            nth = number - notes + 1
            # The first ones speak in turn, so that both sides of a chat have.
            sender = people[number % len(people)] if nth <= MESSAGES else people[int(source.random() * len(people))]
            yield name, number + 1, nth, at, message, sender, new_cid(at), None, bodies[number % BODIES]
        written += topic.entries
        if written >= told:
            progress(f"{written:,} entries written")
            told += STEP
