"""The tables of a store and how older files come up to date. The public side has those of its gate besides.

StoreError
├── NotAStoreError     the file is something else, or the store of the other side
├── NewerStoreError    a later version of hutong has been at it
├── OlderStoreError    an earlier one has, and it is not up to date
└── DamagedStoreError  the file is cut short or overwritten
"""

import secrets
import sqlite3

from sqlite_utils import Database, Migrations

from protocol.entries import Side
from protocol.ids import new_id
from server.store.account_schema import ACCOUNT_TABLES, DECISIONS_ANEW, FOLLOWER_TABLES
from server.store.base import StoreError
from server.store.circle_schema import CIRCLE_TABLES
from server.store.public_schema import PUBLIC_TABLES
from server.store.search_schema import SEARCH_TABLES
from server.store.square_schema import SQUARE_TABLES

APPLICATION_ID = 0x6875746F  # "huto", in the file's header: `file` and we know it again.
VERSION = 4  # Of the schema; in the header's user_version. One more with every migration.
SECRET_BYTES = 32

_FIRST = (
    """CREATE TABLE meta (
        key TEXT PRIMARY KEY,
        value ANY NOT NULL
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE people (
        person TEXT PRIMARY KEY,
        handle TEXT NOT NULL UNIQUE,
        skeleton TEXT NOT NULL UNIQUE,
        password TEXT NOT NULL,
        marks INTEGER NOT NULL DEFAULT 0, -- Rises with every change of one of the person's rows in members.
        receipts INTEGER NOT NULL DEFAULT 1,
        presence INTEGER NOT NULL DEFAULT 1,
        created_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE devices (
        device TEXT PRIMARY KEY,
        person TEXT NOT NULL,
        name TEXT NOT NULL,
        digest BLOB NOT NULL UNIQUE,
        created_at INTEGER NOT NULL,
        seen_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX devices_of ON devices (person)",
    # No head: it is the topic's last entry, so it cannot drift, and a message does not touch this table.
    """CREATE TABLE topics (
        topic TEXT PRIMARY KEY,
        kind TEXT NOT NULL,
        side TEXT NOT NULL,
        generation INTEGER NOT NULL DEFAULT 0,
        spoken INTEGER NOT NULL, -- In a chat: 1 once one_peer has said something, 2 other_peer, 3 both.
        seats INTEGER NOT NULL DEFAULT 0, -- How many have the standing of a member.
        silenced_until INTEGER NOT NULL DEFAULT 0,
        founded_at INTEGER NOT NULL,
        one_peer TEXT, -- In a chat: the two people, in order.
        other_peer TEXT,
        link BLOB UNIQUE,
        name BLOB,
        notice BLOB
    ) STRICT, WITHOUT ROWID""",
    "CREATE UNIQUE INDEX chats ON topics (one_peer, other_peer) WHERE one_peer IS NOT NULL",
    """CREATE TABLE members (
        topic TEXT NOT NULL,
        person TEXT NOT NULL,
        standing TEXT NOT NULL,
        role TEXT NOT NULL,
        start INTEGER NOT NULL, -- The first entry they may see; clearing raises it.
        since INTEGER NOT NULL, -- The entry with which they came.
        read INTEGER NOT NULL,
        shown_read INTEGER, -- In a chat whose other one they block: how far that one is shown they have read.
        read_nth INTEGER NOT NULL, -- nth of `read`, and one for each message after it that is hidden from them.
        muted_until INTEGER NOT NULL DEFAULT 0,
        muted INTEGER NOT NULL DEFAULT 0,
        pinned INTEGER NOT NULL DEFAULT 0,
        greeting BLOB, -- Of one who asks to join.
        invited_by TEXT,
        changed INTEGER NOT NULL, -- people.marks when this row last changed for its person.
        PRIMARY KEY (topic, person)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX changes ON members (person, changed)",
    """CREATE TABLE entries (
        topic TEXT NOT NULL,
        seq INTEGER NOT NULL,
        nth INTEGER NOT NULL,
        at INTEGER NOT NULL,
        kind TEXT NOT NULL,
        sender TEXT NOT NULL,
        cid BLOB NOT NULL,
        reply_to INTEGER,
        target INTEGER,
        person TEXT,
        role TEXT,
        until INTEGER,
        hidden_from TEXT,
        erased INTEGER NOT NULL DEFAULT 0,
        body BLOB,
        PRIMARY KEY (topic, seq)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX targets ON entries (topic, target) WHERE target IS NOT NULL",
    "CREATE INDEX hidden ON entries (topic, hidden_from, seq) WHERE hidden_from IS NOT NULL",
    # By cid first: a UUIDv7 grows with time, so new rows go to the right edge of the tree.
    """CREATE TABLE cids (
        cid BLOB NOT NULL,
        sender TEXT NOT NULL,
        topic TEXT NOT NULL,
        seq INTEGER NOT NULL,
        digest BLOB NOT NULL,
        PRIMARY KEY (cid, sender)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE blocks (
        person TEXT NOT NULL,
        blocked TEXT NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (person, blocked)
    ) STRICT, WITHOUT ROWID""",
)


_SECOND = (
    "DROP INDEX targets",
    "CREATE INDEX targets ON entries (topic, target, kind) WHERE target IS NOT NULL",
    "ALTER TABLE entries ADD COLUMN count INTEGER",
    "ALTER TABLE entries ADD COLUMN openness INTEGER",  # 1: by approval; 2: listed; 4: history open; added up.
    "ALTER TABLE entries ADD COLUMN withdrawn INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE topics ADD COLUMN admission TEXT",  # Of a public group, as is what follows.
    "ALTER TABLE topics ADD COLUMN listed INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE topics ADD COLUMN history_open INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE topics ADD COLUMN listing BLOB",
    "ALTER TABLE members ADD COLUMN unannounced INTEGER NOT NULL DEFAULT 0",  # Came since the last `joined` entry.
    "CREATE INDEX unannounced ON members (topic, since) WHERE unannounced",
    "ALTER TABLE members ADD COLUMN screen_name BLOB",
    # In public groups, into which one may come back by oneself: until when those who left were muted.
    """CREATE TABLE mutes (
        topic TEXT NOT NULL,
        person TEXT NOT NULL,
        until INTEGER NOT NULL,
        PRIMARY KEY (topic, person)
    ) STRICT, WITHOUT ROWID""",
)


_THIRD = ("ALTER TABLE entries ADD COLUMN tag TEXT",)  # Of a broadcast that is for some followers only.


_FOURTH = (
    "ALTER TABLE people ADD COLUMN findable INTEGER NOT NULL DEFAULT 1",
    "ALTER TABLE people ADD COLUMN moments_days INTEGER NOT NULL DEFAULT 0",  # 0: friends see all of their moments.
)


class NotAStoreError(StoreError):
    """The file is no store of ours, or that of the other side."""


class NewerStoreError(StoreError):
    """The file was written by a later version of hutong, which alone can read it."""


class OlderStoreError(StoreError):
    """The file is of an earlier version of hutong; opening it for writing brings it up to date."""


class DamagedStoreError(StoreError):
    """The file cannot be read; a backup can be restored."""


def migrate(connection: sqlite3.Connection, side: Side) -> None:
    """Make an empty file a store of `side`, or bring a store of it up to date.

    Raises:
        NotAStoreError: It holds something else.
        NewerStoreError: It has a later schema than this version knows.
    """
    if not is_empty(connection):
        recognise(connection, side)
    _migrations(side).apply(Database(connection, execute_plugins=False))


def require_current(connection: sqlite3.Connection) -> None:
    """Make sure that a store that was recognised has the tables that this version reads.

    Raises:
        OlderStoreError: It is not up to date.
    """
    version = _pragma(connection, "user_version")
    if version < VERSION:
        raise OlderStoreError(f"the store has schema {version}: start hutongd on it once, which makes it {VERSION}")


def is_empty(connection: sqlite3.Connection) -> bool:
    """Say whether there is nothing in the file yet.

    Raises:
        NotAStoreError: It is no SQLite file.
    """
    try:
        found: int = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        return not found and _pragma(connection, "application_id") in {0, APPLICATION_ID}
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
            raise NotAStoreError("the file is no SQLite database") from error
        raise DamagedStoreError(f"the file is damaged ({error}); restore a backup") from error


def recognise(connection: sqlite3.Connection, side: Side) -> None:
    """Make sure that this is a store of `side` that this version can read.

    Raises:
        NotAStoreError: It is something else.
        NewerStoreError: It has a later schema than this version knows.
        DamagedStoreError: It cannot be read.
    """
    try:
        application, version = _pragma(connection, "application_id"), _pragma(connection, "user_version")
        if application == APPLICATION_ID and version > VERSION:
            raise NewerStoreError(f"the store has schema {version}; this version of hutong knows up to {VERSION}")
        if application != APPLICATION_ID:
            raise NotAStoreError("the file is a database of another program")
        found = connection.execute("SELECT value FROM meta WHERE key = 'side'").fetchone()[0]
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
            raise NotAStoreError("the file is no SQLite database") from error
        raise DamagedStoreError(f"the file is damaged ({error}); restore a backup") from error
    if found != side:
        raise NotAStoreError(f"the file is the {found} store, not the {side} one")


def _migrations(side: Side) -> Migrations:
    migrations = Migrations("hutong")

    @migrations()
    def first(db: Database) -> None:
        for statement in _FIRST:
            db.execute(statement)
        for key, value in (("side", side.value), ("epoch", new_id()), ("secret", secrets.token_bytes(SECRET_BYTES))):
            db.execute("INSERT INTO meta (key, value) VALUES (?, ?)", (key, value))
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute("PRAGMA user_version = 1")

    @migrations()
    def second(db: Database) -> None:
        for statement in (*_SECOND, *(PUBLIC_TABLES if side is Side.PUBLIC else ())):
            db.execute(statement)
        db.execute("PRAGMA user_version = 2")

    @migrations()
    def third(db: Database) -> None:
        public = DECISIONS_ANEW + ACCOUNT_TABLES + SEARCH_TABLES
        for statement in (*_THIRD, *(public if side is Side.PUBLIC else FOLLOWER_TABLES)):
            db.execute(statement)
        db.execute("PRAGMA user_version = 3")

    @migrations()
    def fourth(db: Database) -> None:
        for statement in (*_FOURTH, *(SQUARE_TABLES if side is Side.PUBLIC else CIRCLE_TABLES)):
            db.execute(statement)
        db.execute("PRAGMA user_version = 4")

    return migrations


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    value: int = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return value
