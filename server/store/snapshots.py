"""A read-only connection, used by one thread at a time: what is read in one go sees one state."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from server.store.rows import Row

_Values = tuple[object, ...] | dict[str, object]


class Snapshots:
    """What all that reads stands on."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    @contextmanager
    def _snapshot(self) -> Iterator[sqlite3.Connection]:
        """Several statements that see the same state; let go of at the end, or the log could never be folded in."""
        self._connection.execute("BEGIN")
        try:
            yield self._connection
        finally:
            self._connection.execute("COMMIT")

    def _rows(self, sql: str, values: _Values) -> list[Row]:
        return self._connection.execute(sql, values).fetchall()

    def _row(self, sql: str, values: _Values) -> Row | None:
        row: Row | None = self._connection.execute(sql, values).fetchone()
        return row
