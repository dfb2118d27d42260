"""An audit log to look at, to break, and to break so that it agrees with itself again."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from compliance import leaves
from compliance.leaves import Leaf
from compliance.tree import Frontier
from compliance.verdicts import Allow, Answer, OnError
from protocol.entries import Side
from protocol.ids import SubmissionId
from protocol.publications import Surface
from server.store.audit import AUDIT_TABLES, AuditLog, Head, head_at
from server.store.sqlite import SqliteStore, connect, store_path

Filed = tuple[int, str, str | None, bytes]  # at, kind, submission, leaf

SALT = bytes(range(leaves.SALT_BYTES))
CONTENT = "昨天巷口的灯修好了".encode()
SUBMISSION = SubmissionId("a" * 16)
OTHER = SubmissionId("b" * 16)


def verdict(at: int, submission: SubmissionId = SUBMISSION, content: bytes = CONTENT) -> Leaf:
    """Return a leaf as a hook leaves one."""
    answer = Answer(
        hook="terms",
        kind="check",
        version="3",
        digest="d" * 64,
        took_us=420,
        outcome=Allow(),
        on_error=OnError.HOLD,
    )
    return leaves.answered(
        answer,
        at=at,
        submission=submission,
        version=1,
        surface=Surface.GROUP_MESSAGE,
        commitment=leaves.commitment(SALT, content),
    )


def public_store(data: Path) -> Path:
    """Make an empty public store in `data`; return where it is."""
    SqliteStore.open(data, Side.PUBLIC).close()
    return store_path(data, Side.PUBLIC)


def append(path: Path, *appended: Leaf) -> Head:
    """Append to the log in one transaction, as the writer does; return size and root afterwards."""
    with opened(path) as connection:
        log = AuditLog(connection)
        connection.execute("BEGIN IMMEDIATE")
        log.begin()
        for leaf in appended:
            log.append(leaf)
        connection.execute("COMMIT")
        return head_at(connection)


def in_memory(*appended: Leaf) -> sqlite3.Connection:
    """Return a connection to a log with these leaves, and nothing beside it, that is gone when closed."""
    connection = connect("file::memory:")
    for statement in AUDIT_TABLES:
        connection.execute(statement)
    log = AuditLog(connection)
    for leaf in appended:
        log.append(leaf)
    return connection


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Give a connection that may write."""
    with closing(connect(path.absolute().as_uri())) as connection:
        yield connection


def behind_its_back(path: Path, act: Callable[[sqlite3.Connection], object]) -> None:
    """Do to the file what its triggers forbid, and leave them as they were: an intruder who knows SQLite."""
    with opened(path) as connection:
        triggers = connection.execute(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name IN ('leaves', 'nodes')"
        ).fetchall()
        connection.execute("BEGIN")
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        act(connection)
        for _, sql in triggers:
            connection.execute(sql)
        connection.execute("COMMIT")


def history(path: Path) -> list[Filed]:
    """Return all that the log says, in order."""
    with opened(path) as connection:
        return connection.execute("SELECT at, kind, submission, leaf FROM leaves ORDER BY number").fetchall()


def rewrite(connection: sqlite3.Connection, filed: Sequence[Filed]) -> None:
    """Make `filed` the log, numbers and tree and all, as if it had always been."""
    connection.execute("DELETE FROM leaves")
    connection.execute("DELETE FROM nodes")
    frontier = Frontier()
    for number, row in enumerate(filed):
        connection.execute(
            "INSERT INTO leaves (number, at, kind, submission, leaf) VALUES (?, ?, ?, ?, ?)", (number, *row)
        )
        for node in frontier.append(row[3]):
            connection.execute("INSERT INTO nodes (level, place, hash) VALUES (?, ?, ?)", node)
