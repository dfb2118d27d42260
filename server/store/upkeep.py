"""What an operator does with the data: back it up, restore it, count it. `doctor` checks it.

A backup is a directory with one file for each store, whole and without a log beside it. A server may run meanwhile.
"""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from protocol.account_states import AccountState
from protocol.entries import Side
from server.store import schema
from server.store.base import StoreError
from server.store.doctor import findings
from server.store.lock import DataLock
from server.store.moment_doctor import MOMENT_INVARIANTS
from server.store.private_doctor import PRIVATE_INVARIANTS
from server.store.public_doctor import PUBLIC_INVARIANTS
from server.store.rows import LAST
from server.store.search_doctor import SEARCH_INVARIANTS
from server.store.sqlite import connect, store_path
from server.store.square_doctor import SQUARE_INVARIANTS
from server.store.thread_doctor import THREAD_INVARIANTS

PAGES = 1024  # Copied between two calls of `progress`: 4 MiB.

Report = Callable[[int, int], None]  # How much is done, of how much.
Figure = int | str

_COUNTS = {
    "people": "SELECT count(*) FROM people",
    "devices": "SELECT count(*) FROM devices",
    "chats": "SELECT count(*) FROM topics WHERE kind = 'chat'",
    "groups": "SELECT count(*) FROM topics WHERE kind = 'group'",
    "members": "SELECT count(*) FROM members WHERE standing = 'member'",
    "entries": f"SELECT ifnull(sum(last.seq), 0) FROM topics AS t {LAST}",
    "messages": f"SELECT ifnull(sum(last.nth), 0) FROM topics AS t {LAST}",
    "blocks": "SELECT count(*) FROM blocks",
    "free_bytes": "SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size",
}


_PUBLIC_COUNTS = {
    "submissions": "SELECT count(*) FROM submissions",
    "held": "SELECT count(*) FROM submissions WHERE state = 'held'",
    "waiting": "SELECT count(*) FROM submissions WHERE state = 'waiting'",
    "decisions": "SELECT count(*) FROM decisions",
    "signatures": "SELECT count(*) FROM signatures",
    "staff": "SELECT count(*) FROM staff WHERE removed_at IS NULL",
    "leaves": "SELECT count(*) FROM leaves",
    "hook_failures": "SELECT count(*) FROM leaves WHERE kind = 'failure'",
    **{f"accounts_{state}": f"SELECT count(*) FROM accounts WHERE state = '{state}'" for state in AccountState},
    "applications_overdue": "SELECT count(*) FROM accounts WHERE state = 'submitted' AND due < :at",
}


_OF_READERS = "SELECT name FROM sqlite_schema WHERE name IN ('counted', 'day_keys')"
_OF_ONE_SIDE = {
    Side.PRIVATE: PRIVATE_INVARIANTS + MOMENT_INVARIANTS + THREAD_INVARIANTS,
    Side.PUBLIC: PUBLIC_INVARIANTS + SQUARE_INVARIANTS + SEARCH_INVARIANTS,
}


class NoStoreError(StoreError):
    """There is no store in the directory: it is another one, or no server ever ran on it."""

    def __init__(self, directory: Path) -> None:
        super().__init__(f"there is no data of hutong in {directory}")


class NotEmptyError(StoreError):
    """What is in the directory would be lost."""


class DamagedError(StoreError):
    """The backup is not whole: take another one."""


def backup(data: Path, dest: Path, progress: Report) -> None:
    """Copy the stores of `data` to the new directory `dest`, each as it is at one moment, also while a server writes.

    The public one first: whom it knows the private one, copied later, knows, too.

    Raises:
        NoStoreError: There is nothing to copy.
        NotEmptyError: `dest` is there already.
    """
    stores = _stores(data)
    if dest.exists() and (not dest.is_dir() or any(dest.iterdir())):
        raise NotEmptyError(f"{dest} is there already; name a new directory")
    partial = dest.with_name(f"{dest.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)  # Of a backup that was interrupted.
    partial.mkdir(parents=True, mode=0o700)
    for side, path in sorted(stores.items(), key=lambda store: store[0] is Side.PRIVATE):
        _copy(path, store_path(partial, side), side, progress)
    _sync_directory(partial)
    partial.replace(dest)
    _sync_directory(dest.parent)


def restore(source: Path, data: Path, *, force: bool, progress: Report) -> None:
    """Make the backup `source` the data in `data`; its stores get a new epoch when they are first opened.

    Raises:
        NoStoreError: `source` is no backup.
        DamagedError: It is not whole; `data` is untouched.
        NotEmptyError: There is data in `data`, and `force` does not say to replace it.
        LockedError: A server runs on it.
    """
    stores = _stores(source)
    with DataLock(data):
        if not force and any(store_path(data, side).exists() for side in Side):
            raise NotEmptyError(f"{data} holds data; --force replaces it, for good")
        for side, path in stores.items():
            _copy(path, _partial(data, side), side, progress)
            _verify(_partial(data, side), path)
        for side in Side:
            target = store_path(data, side)
            for beside in ("-wal", "-shm"):  # First: the log of the old store must never meet the new one.
                target.with_name(target.name + beside).unlink(missing_ok=True)
            if side in stores:
                _partial(data, side).replace(target)
            else:  # The backup is from before there was one: what is here is of another life.
                target.unlink(missing_ok=True)
        _sync_directory(data)


def stats(data: Path, *, at: int) -> dict[str, Figure]:
    """Return counts, sizes in bytes and identity of the stores in `data` at `at` (Unix ms), by `side.name`.

    Raises:
        NoStoreError: There is none.
        OlderStoreError: One of them is not up to date.
    """
    figures: dict[str, Figure] = {}
    for side, path in _stores(data).items():
        with closing(_reading(path, side, current=True)) as connection:
            connection.execute("BEGIN")
            epoch = connection.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()[0]
            figures[f"{side}.epoch"] = epoch
            figures[f"{side}.schema"] = connection.execute("PRAGMA user_version").fetchone()[0]
            for name, sql in (_COUNTS | (_PUBLIC_COUNTS if side is Side.PUBLIC else {})).items():
                figures[f"{side}.{name}"] = connection.execute(sql, {"at": at}).fetchone()[0]
        figures[f"{side}.file_bytes"] = path.stat().st_size
        wal = path.with_name(path.name + "-wal")
        figures[f"{side}.log_bytes"] = wal.stat().st_size if wal.exists() else 0
    return figures


def doctor(data: Path) -> Iterator[str]:
    """Yield a sentence for everything in the stores of `data` that must not be. Reads all of it, changes nothing.

    Raises:
        NoStoreError: There is none.
        OlderStoreError: One of them is not up to date.
    """
    for side, path in _stores(data).items():
        with closing(_reading(path, side, current=True)) as connection:
            for finding in findings(connection, *_OF_ONE_SIDE[side]):
                yield f"{path.name}: {finding}"


def _stores(directory: Path) -> dict[Side, Path]:
    stores = {side: store_path(directory, side) for side in Side if store_path(directory, side).exists()}
    if not stores:
        raise NoStoreError(directory)
    return stores


def _reading(path: Path, side: Side, *, current: bool = False) -> sqlite3.Connection:
    """Return a connection that reads the store at `path`; `current`: which is to have the tables of this version."""
    connection = connect(f"{path.absolute().as_uri()}?mode=ro")
    try:
        schema.recognise(connection, side)
        if current:
            schema.require_current(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _partial(data: Path, side: Side) -> Path:
    return data / f"{store_path(data, side).name}.partial"


def _copy(source: Path, target: Path, side: Side, progress: Report) -> None:
    """Copy one store to a file that stands alone, marked as what it is."""
    target.unlink(missing_ok=True)
    os.close(os.open(target, os.O_CREAT | os.O_RDWR, 0o600))
    with (
        closing(_reading(source, side)) as reading,
        closing(connect(f"{target.absolute().as_uri()}?mode=rw")) as writing,
    ):
        # One snapshot for all steps: without it every commit in between would begin the copy anew.
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM meta").fetchone()
        reading.backup(writing, pages=PAGES, progress=lambda _, left, total: progress(total - left, total), sleep=0)
        writing.execute("PRAGMA journal_mode = DELETE")
        writing.execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('backup', 'first opening makes a new epoch')")
        if side is Side.PRIVATE:
            _forget_readers(writing)


def _forget_readers(connection: sqlite3.Connection) -> None:
    """Leave out of a copy who has read what today: it outlives the day. Their numbers stay."""
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA journal_mode = OFF")  # Or what is deleted would be written once more, beside it.
    # A store of an older version has no such tables.
    for (table,) in connection.execute(_OF_READERS).fetchall():
        connection.execute(f"DELETE FROM {table}")


def _verify(path: Path, source: Path) -> None:
    try:
        with closing(connect(f"{path.absolute().as_uri()}?mode=ro")) as connection:
            verdict: str = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        verdict = str(error)
    if verdict != "ok":
        path.unlink()
        raise DamagedError(f"{source} is damaged ({verdict}); nothing was replaced")


def _sync_directory(directory: Path) -> None:
    """Make the names in `directory` durable."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
