"""A store in one SQLite file: opening it, its identity, its connections."""

import os
import sqlite3
from pathlib import Path
from typing import Self

from protocol.entries import Side
from protocol.ids import Epoch, new_id
from server.store import schema
from server.store.base import Reader, StoreError, Writer
from server.store.public_reading import SqlitePublicReader
from server.store.reading import SqliteReader
from server.store.writer import SqliteWriter

BUSY_S = 5.0  # How long an operator's tool may hold the file before a commit is refused.
CACHED_STATEMENTS = 256
CACHE_KIB = 64 * 1024  # Pages of the writer; a grown store's right edges and recent topics fit.
READER_CACHE_KIB = 8 * 1024
CHECKPOINT_PAGES = 4000  # 16 MiB of log before a commit also folds it in.

_TUNING = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # Acked means durable: in WAL mode NORMAL would lose the last commits with the power.
    "PRAGMA secure_delete = ON",  # What is erased is overwritten, not only unlinked.
    f"PRAGMA cache_size = -{CACHE_KIB}",
    f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}",
    "PRAGMA temp_store = MEMORY",
)


def store_path(directory: Path, side: Side) -> Path:
    """Return where the store of `side` is in a data directory."""
    return directory / f"{side.value}.db"


def connect(address: str, *, cached_statements: int = CACHED_STATEMENTS) -> sqlite3.Connection:
    """Return a connection to a `file:` URI that leaves transactions to us and may move between threads."""
    return sqlite3.connect(
        address,
        uri=True,
        timeout=BUSY_S,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=cached_statements,
    )


class SqliteStore:
    """One side's store, open. Made by `open` or `in_memory`."""

    def __init__(self, connection: sqlite3.Connection, reading: str, side: Side) -> None:
        self._reading = reading
        rows = connection.execute("SELECT key, value FROM meta WHERE key IN ('epoch', 'secret')")
        identity = dict(rows.fetchall())
        self._epoch = Epoch(identity["epoch"])
        self._secret: bytes = identity["secret"]
        self._writer = SqliteWriter(connection, side)

    @classmethod
    def open(cls, directory: Path, side: Side) -> Self:
        """Open the store of `side` in `directory`; make it if it is not there. Only its owner can read it.

        Raises:
            NotAStoreError: There is something else.
            NewerStoreError: A later version of hutong wrote it.
        """
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = store_path(directory, side)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # SQLite gives its other files the same mode.
        connection = connect(f"{path.absolute().as_uri()}?mode=rw")
        try:
            if not schema.is_empty(connection):
                schema.recognise(connection, side)
            for pragma in _TUNING:
                connection.execute(pragma)
            schema.migrate(connection, side)
            _renew_if_backup(connection)
            store = cls(connection, f"{path.absolute().as_uri()}?mode=ro", side)
            store.writer().commit([])  # What a migration left to be indexed can be found before anything is written.
        except StoreError as error:
            connection.close()
            raise type(error)(f"{path}: {error}") from error
        except BaseException:
            connection.close()
            raise
        return store

    @classmethod
    def in_memory(cls, side: Side) -> Self:
        """Return a store that is gone when closed. For one thread: a reader does not wait for the writer, it fails."""
        address = f"file:hutong-{new_id()}?mode=memory&cache=shared"
        connection = connect(address)
        schema.migrate(connection, side)
        return cls(connection, address, side)

    @property
    def epoch(self) -> Epoch:
        return self._epoch

    @property
    def secret(self) -> bytes:
        return self._secret

    def writer(self) -> Writer:
        """Return the one writer."""
        return self._writer

    def reader(self) -> Reader:
        """Return a new reader, for use in one thread."""
        return SqliteReader(self._for_reading())

    def _for_reading(self) -> sqlite3.Connection:
        connection = connect(self._reading)
        connection.execute("PRAGMA query_only = ON")
        connection.execute(f"PRAGMA cache_size = -{READER_CACHE_KIB}")
        return connection

    def close(self) -> None:
        """Close the writer."""
        self._writer.close()


class PublicSqliteStore(SqliteStore):
    """The public side's store, open: its readers know what is asked of that side only."""

    def reader(self) -> SqlitePublicReader:
        """Return a new reader, for use in one thread."""
        return SqlitePublicReader(self._for_reading())


def _renew_if_backup(connection: sqlite3.Connection) -> None:
    """Give a store that is opened for the first time since it was backed up its own epoch.

    What was acked after the backup is lost to it, so clients must not take their numbers for its numbers.
    """
    connection.execute("BEGIN IMMEDIATE")
    if connection.execute("DELETE FROM meta WHERE key = 'backup'").rowcount:
        connection.execute("UPDATE meta SET value = ? WHERE key = 'epoch'", (new_id(),))
    connection.execute("COMMIT")
