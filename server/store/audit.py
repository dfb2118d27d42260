"""The audit log in a store: leaves, the tree over them, and proofs. Written in the transaction of what it is about.

Leaves and nodes are only ever added: triggers refuse the rest, from every program that opens the file. Who removes
these first is found by `verify` (server/store/auditor.py), or by anybody who has kept an old root.
"""

import sqlite3
from dataclasses import dataclass

from compliance.leaves import Leaf
from compliance.tree import Frontier, NodeAt, consistency_proof, inclusion_path, leaf_hash, root_at
from protocol.ids import SubmissionId
from protocol.public import Verdict
from server.store.base import StoreError

AUDIT_TABLES = (
    """CREATE TABLE leaves (
        number INTEGER PRIMARY KEY, -- 0, 1, 2, ...
        at INTEGER NOT NULL,
        kind TEXT NOT NULL,
        submission TEXT,
        leaf BLOB NOT NULL -- What is hashed; it says the other columns, too.
    ) STRICT""",
    "CREATE INDEX leaves_of ON leaves (submission) WHERE submission IS NOT NULL",
    # Complete nodes above the leaves (compliance/tree.py): level 1 stands over two leaves. Those of level 0 are the
    # leaves' own hashes, and would double the table.
    """CREATE TABLE nodes (
        level INTEGER NOT NULL,
        place INTEGER NOT NULL,
        hash BLOB NOT NULL,
        PRIMARY KEY (level, place)
    ) STRICT, WITHOUT ROWID""",
    # INSERT OR REPLACE deletes without asking the triggers of DELETE, so what is inserted is looked at, too.
    """CREATE TRIGGER leaves_in_order BEFORE INSERT ON leaves
    WHEN NEW.number IS NOT (SELECT ifnull(max(number) + 1, 0) FROM leaves)
    BEGIN SELECT RAISE(ABORT, 'the next leaf of the audit log has the next number'); END""",
    """CREATE TRIGGER leaves_stay BEFORE DELETE ON leaves
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
    """CREATE TRIGGER leaves_stay_as_they_are BEFORE UPDATE ON leaves
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
    """CREATE TRIGGER nodes_once BEFORE INSERT ON nodes
    WHEN EXISTS (SELECT 1 FROM nodes WHERE level = NEW.level AND place = NEW.place)
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
    """CREATE TRIGGER nodes_stay BEFORE DELETE ON nodes
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
    """CREATE TRIGGER nodes_stay_as_they_are BEFORE UPDATE ON nodes
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
)

_SIZE = "SELECT ifnull(max(number) + 1, 0) FROM leaves"
_LEAF = "SELECT leaf FROM leaves WHERE number = ?"
_NODE = "SELECT hash FROM nodes WHERE level = ? AND place = ?"
_APPEND = "INSERT INTO leaves (number, at, kind, submission, leaf) VALUES (?, ?, ?, ?, ?)"
_COMPLETE = "INSERT INTO nodes (level, place, hash) VALUES (?, ?, ?)"
_ABOUT = "SELECT number, leaf FROM leaves WHERE submission = ? AND number < ? ORDER BY number"


class DamagedLogError(StoreError):
    """A leaf or node of the audit log is missing; `hutongd audit verify` says what else is."""


class NoSuchLeafError(StoreError):
    """More was asked for than the log has. Whoever once saw so many leaves was shown another log, or it was cut."""


@dataclass(frozen=True, slots=True)
class Head:
    """The log as it is: how many leaves, and the root over them."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """Every leaf about a submission, in order, with its path to the root of `head`."""

    head: Head
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class Consistency:
    """Proof that the log began with the same leaves (RFC 6962 §2.1.2) when it was shorter than at `head`."""

    head: Head
    proof: tuple[bytes, ...]


class AuditLog:
    """The log through the writer's connection, in the writer's transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._frontier: Frontier | None = None  # None: not known.
        self._version = 0

    def begin(self) -> None:
        """A transaction begins. If another program has written since the last one, what is known is stale."""
        version = self._connection.execute("PRAGMA data_version").fetchone()[0]
        if version != self._version:
            self._frontier = None
            self._version = version

    def forget(self) -> None:
        """What was done was undone: nothing is known."""
        self._frontier = None

    @property
    def size(self) -> int:
        """How many leaves there are, which is the number of the next."""
        return self._edge().size

    def append(self, leaf: Leaf) -> int:
        """Append `leaf`; return its number. Like all of the transaction, it is there once that is committed."""
        frontier = self._edge()
        number = frontier.size
        self._cursor.execute(_APPEND, (number, leaf.at, leaf.kind, leaf.submission, leaf.says))
        if completed := frontier.append(leaf.says):
            self._cursor.executemany(_COMPLETE, completed)
        return number

    def _edge(self) -> Frontier:
        if self._frontier is None:
            self._frontier = Frontier.at(size_of(self._connection), nodes(self._connection))
        return self._frontier


# For readers. Each takes the size first and then looks at nothing that came later: no transaction is needed.


def size_of(connection: sqlite3.Connection) -> int:
    """Return how many leaves there are."""
    size: int = connection.execute(_SIZE).fetchone()[0]
    return size


def nodes(connection: sqlite3.Connection) -> NodeAt:
    """Return what gives the complete nodes of the stored tree.

    Raises:
        DamagedLogError: When called: it is not there.
    """

    def node(level: int, place: int) -> bytes:
        if level == 0:
            return leaf_hash(leaf_at(connection, place))
        row = connection.execute(_NODE, (level, place)).fetchone()
        if row is None:
            raise DamagedLogError(f"node ({level}, {place}) of the audit log is missing; run `hutongd audit verify`")
        hashed: bytes = row[0]
        return hashed

    return node


def leaf_at(connection: sqlite3.Connection, number: int) -> bytes:
    """Return what leaf `number` says.

    Raises:
        DamagedLogError: It is not there.
    """
    row = connection.execute(_LEAF, (number,)).fetchone()
    if row is None:
        raise DamagedLogError(f"leaf {number} of the audit log is missing; run `hutongd audit verify`")
    leaf: bytes = row[0]
    return leaf


def head_at(connection: sqlite3.Connection, size: int | None = None) -> Head:
    """Return size and root of the log: as it is, or as it was when it had `size` leaves.

    Raises:
        NoSuchLeafError: It never had so many.
    """
    size = _existing(connection, size)
    return Head(size, root_at(size, nodes(connection)))


def receipt(connection: sqlite3.Connection, submission: SubmissionId) -> Receipt:
    """Return what the log says about `submission`, with proofs in the log as it is."""
    head = head_at(connection)
    node = nodes(connection)
    about = connection.execute(_ABOUT, (submission, head.size)).fetchall()
    return Receipt(
        head,
        tuple(
            Verdict(number=number, leaf=leaf, path=inclusion_path(number, head.size, node)) for number, leaf in about
        ),
    )


def inclusion(connection: sqlite3.Connection, number: int, size: int | None = None) -> Receipt:
    """Return leaf `number` with its path in the log as it is, or as it was when it had `size` leaves.

    Raises:
        NoSuchLeafError: That log does not have it.
    """
    head = head_at(connection, size)
    if not 0 <= number < head.size:
        raise NoSuchLeafError(f"there is no leaf {number} among the first {head.size} of the audit log")
    path = inclusion_path(number, head.size, nodes(connection))
    return Receipt(head, (Verdict(number=number, leaf=leaf_at(connection, number), path=path),))


def consistency(connection: sqlite3.Connection, since: int, size: int | None = None) -> Consistency:
    """Return proof that the log of `since` leaves is the beginning of the log as it is, or was at `size` leaves.

    Raises:
        NoSuchLeafError: It never had so many.
    """
    head = head_at(connection, size)
    if not 0 <= since <= head.size:
        raise NoSuchLeafError(f"the audit log has {head.size} leaves, not {since}")
    return Consistency(head, consistency_proof(since, head.size, nodes(connection)))


def _existing(connection: sqlite3.Connection, size: int | None) -> int:
    present = size_of(connection)
    if size is None:
        return present
    if not 0 <= size <= present:
        raise NoSuchLeafError(f"the audit log has {present} leaves, not {size}")
    return size
