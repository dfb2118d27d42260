"""The rows of a store, written past the server: the years of a thousand friends would take too long over the wire."""

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from protocol.entries import Side
from protocol.ids import MomentId, PersonId, TopicId, new_cid
from server.store import moment_index
from server.store.circles import people_text
from server.store.sqlite import store_path

DIGEST = bytes(32)  # Of requests that were never made.
_PERSON = "INSERT INTO people (person, handle, skeleton, password, created_at) VALUES (?, ?, ?, '', ?)"
_CONTACT = """
INSERT INTO contacts (person, contact, state, at, changed)
SELECT person, ?, 'contact', ?, contact_mark + 1 FROM people WHERE person = ?
"""
_MARK = "UPDATE people SET contact_mark = contact_mark + 1 WHERE person = ?"
_SAY = """
INSERT INTO moments (moment, author, at, cid, digest, body, listed, without, reach) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_POSTS = "SELECT sender, at, topic, seq FROM entries WHERE kind = 'post'"
_TABLES = ("moments", "moments_for", "withheld", "notices")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A moment to be written. `only`: None for all friends."""

    moment: MomentId
    author: PersonId
    at: int
    body: bytes
    only: tuple[PersonId, ...] | None = None
    without: tuple[PersonId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Shown:
    """A place in a timeline. `id`: of a moment, or the topic of a post, which has a `seq` besides."""

    at: int
    id: str
    seq: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A post on the square of `author`."""

    author: PersonId
    shown: Shown


def add_people(data: Path, people: Iterable[PersonId], at: int) -> None:
    """Have there be `people`, who are called as their ids are and cannot log in; no server runs meanwhile."""
    with _private(data) as store, store:
        store.executemany(_PERSON, [(person, person, person, at) for person in people])


def befriend(data: Path, one: PersonId, others: Iterable[PersonId], at: int) -> None:
    """Make `one` and each of `others` contacts of each other."""
    with _private(data) as store, store:
        for other in others:
            for person, contact in ((one, other), (other, one)):
                store.execute(_CONTACT, (contact, at, person))
                store.execute(_MARK, (person,))


def add_moments(data: Path, moments: Sequence[Said]) -> None:
    """Have them been said, in this order, by the oldest first."""
    with _private(data) as store, store:
        for said in moments:
            listed = None if said.only is None else people_text(said.only)
            row = (said.moment, said.author, said.at, new_cid(said.at), DIGEST, said.body, listed)
            store.execute(_SAY, (*row, people_text(said.without), "all" if listed is None else "some"))
            if said.only is not None:
                moment_index.name(store, said.author, said.at, said.moment, {*said.only} - {*said.without})
            elif said.without:
                moment_index.withhold(store, said.author, said.at, said.without)


def posts(data: Path) -> list[Posted]:
    """Return what is on all squares."""
    with closing(sqlite3.connect(store_path(data, Side.PUBLIC))) as store:
        return [
            Posted(author=PersonId(author), shown=Shown(at=at, id=TopicId(topic), seq=seq))
            for author, at, topic, seq in store.execute(_POSTS)
        ]


def moment_rows(data: Path) -> int:
    """Return how many rows there are of moments, of whom they are for, and of notices."""
    with _private(data) as store:
        return sum(store.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in _TABLES)


def _private(data: Path) -> "closing[sqlite3.Connection]":
    return closing(sqlite3.connect(store_path(data, Side.PRIVATE)))
