"""The audit log under an operator's eyes: opened for reading, shown, and checked from the first leaf to the last.

A log that was rewritten from end to end agrees with itself; only a root that somebody kept tells.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from compliance.leaves import LeafError, read
from compliance.tree import Frontier
from protocol.entries import Side
from protocol.ids import SubmissionId
from server.store import schema
from server.store.audit import AUDIT_TABLES, Head, size_of
from server.store.base import StoreError
from server.store.sqlite import connect, store_path
from server.store.upkeep import Report

MOST = 20  # Findings of one kind: after that, the rest is only counted.
STEP = 1000  # Leaves between two reports of progress.

_TRIGGERS = {sql.split()[2]: sql for sql in AUDIT_TABLES if sql.startswith("CREATE TRIGGER")}
_HOLES = """
SELECT before + 1, number FROM (SELECT number, lag(number, 1, -1) OVER (ORDER BY number) AS before FROM leaves)
WHERE number <> before + 1
"""
_LEAVES = "SELECT number, at, kind, submission, leaf FROM leaves ORDER BY number"
_NODE = "SELECT hash FROM nodes WHERE level = ? AND place = ?"
_NODES_TOO_MANY = "SELECT level, place FROM nodes WHERE level < 1 OR place < 0 OR place >= ? >> level"


class NoLogError(StoreError):
    """There is no audit log in the directory."""

    def __init__(self, directory: Path) -> None:
        super().__init__(f"there is no audit log in {directory}: no server with a public side has run on it yet")


@dataclass(frozen=True, slots=True)
class Filed:
    """A leaf and what it is filed under."""

    number: int
    at: int
    kind: str
    submission: SubmissionId | None
    leaf: bytes


def opened(data: Path) -> sqlite3.Connection:
    """Return a connection that reads the public store in `data`, also while a server runs on it.

    Raises:
        NoLogError: There is none, or it is from before there was an audit log.
        StoreError: It is something else, or damaged.
    """
    path = store_path(data, Side.PUBLIC)
    if not path.exists():
        raise NoLogError(data)
    connection = connect(f"{path.absolute().as_uri()}?mode=ro")
    try:
        schema.recognise(connection, Side.PUBLIC)
        is_there = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'leaves'").fetchone()
    except BaseException:
        connection.close()
        raise
    if not is_there:
        connection.close()
        raise NoLogError(data)
    return connection


def last(connection: sqlite3.Connection, limit: int, submission: SubmissionId | None = None) -> list[Filed]:
    """Return the last `limit` leaves, or of those about `submission`, in order."""
    about, values = ("WHERE submission = ?", (submission, limit)) if submission is not None else ("", (limit,))
    sql = f"SELECT number, at, kind, submission, leaf FROM leaves {about} ORDER BY number DESC LIMIT ?"
    return [Filed(*row) for row in reversed(connection.execute(sql, values).fetchall())]


def verify(connection: sqlite3.Connection, kept: Head | None = None, *, report: Report | None = None) -> Iterator[str]:
    """Yield a sentence for everything in the log that must not be. Reads all of it, changes nothing.

    `kept`: size and root of an earlier day, from where those cannot write who can write here.
    """
    connection.execute("BEGIN")  # One snapshot for all that is read.
    try:
        size = size_of(connection)
        reading = _Reading(connection, 2 * size + (kept.size if kept else 0), report)
        yield from _few(_triggers(connection))
        yield from _few(_holes(connection))
        yield from _few(_not_ours(reading))
        yield from _few(_wrong_nodes(connection, reading))
        yield from _few(_nodes_over_nothing(connection, size))
        if kept is not None:
            yield from _another_history(reading, size, kept)
    finally:
        connection.execute("ROLLBACK")


class _Reading:
    """Reads leaves, and reports how many have been read of how many there are to read in all."""

    def __init__(self, connection: sqlite3.Connection, total: int, report: Report | None) -> None:
        self._connection = connection
        self._total = total
        self._report = report
        self._done = 0

    def leaves(self) -> Iterator[Filed]:
        for row in self._connection.execute(_LEAVES):
            self._done += 1
            if self._report is not None and self._done % STEP == 0:
                self._report(self._done, self._total)
            yield Filed(*row)


def _few(findings: Iterable[str]) -> Iterator[str]:
    """Yield the first MOST of `findings`, and how many more there are."""
    found = 0
    for finding in findings:
        found += 1
        if found <= MOST:
            yield finding
    if found > MOST:
        yield f"and {found - MOST} more like the last one"


def _triggers(connection: sqlite3.Connection) -> Iterator[str]:
    found = dict(connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall())
    for name, sql in _TRIGGERS.items():
        if found.get(name) != sql:
            yield f"the trigger {name} is not as it should be; without it the log can be changed"


def _holes(connection: sqlite3.Connection) -> Iterator[str]:
    for expected, number in connection.execute(_HOLES):
        yield f"leaf {number} stands where leaf {expected} should"


def _not_ours(reading: _Reading) -> Iterator[str]:
    for filed in reading.leaves():
        try:
            says = read(filed.leaf)
        except LeafError as error:
            yield f"leaf {filed.number} is none: {error}"
            continue
        if (filed.at, filed.kind, filed.submission) != (says["at"], says["leaf"], says.get("submission")):
            yield f"leaf {filed.number} is filed under something else than it says"


def _wrong_nodes(connection: sqlite3.Connection, reading: _Reading) -> Iterator[str]:
    frontier = Frontier()
    for filed in reading.leaves():
        if filed.number != frontier.size:
            return  # Over a hole no tree can be built; that it is there has been said.
        for node in frontier.append(filed.leaf):
            row = connection.execute(_NODE, (node.level, node.place)).fetchone()
            where = f"the node over the {1 << node.level} leaves from {node.place << node.level} on"
            if row is None:
                yield f"{where} is missing"
            elif row[0] != node.hash:
                yield f"{where} is not what these leaves give: one of them is not what was appended, or it was changed"


def _nodes_over_nothing(connection: sqlite3.Connection, size: int) -> Iterator[str]:
    for level, place in connection.execute(_NODES_TOO_MANY, (size,)):
        yield f"there is a node ({level}, {place}) over leaves that are not there"


def _another_history(reading: _Reading, size: int, kept: Head) -> Iterator[str]:
    if kept.size > size:
        yield (
            f"the log has {size} leaves, and had {kept.size} when the root was kept: it was cut short, is that of an "
            "older backup, or is another log"
        )
        return
    frontier = Frontier()
    for filed in reading.leaves():
        if frontier.size == kept.size or filed.number != frontier.size:
            break
        frontier.append(filed.leaf)
    if Head(frontier.size, frontier.root()) != kept:
        yield (
            f"the first {kept.size} leaves do not have the root that was kept: since then one of them was changed, "
            "removed or moved, or this is another log"
        )
