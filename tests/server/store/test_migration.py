"""Stores of before the public side: brought up to date when they are opened, with all that is in them."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from protocol.entries import Kind, Side, TopicKind
from protocol.ids import PersonId, Seq, TopicId, new_cid, new_id
from server.store import schema, upkeep
from server.store.public_writes import Introduce
from server.store.schema import VERSION
from server.store.sqlite import PublicSqliteStore, SqliteStore, connect, store_path
from server.store.writes import Done
from tests.contracts.desk import NOON, Desk, bodies

ANN, BO, TOPIC = PersonId("a" * 16), PersonId("b" * 16), TopicId("t" * 16)
BODIES = ["hello", "", "hello yourself"]


def old_store(data: Path, side: Side) -> Path:
    """Make a store of `side` as the first version left one, with a chat in the private one; return where it is."""
    data.mkdir(exist_ok=True)
    path = store_path(data, side)
    with closing(connect(f"{path.absolute().as_uri()}?mode=rwc")) as connection:
        schema._migrations(side).apply(Database(connection, execute_plugins=False), stop_before="second")
        if side is Side.PRIVATE:
            _chat(connection)
    return path


def _chat(connection: sqlite3.Connection) -> None:
    for person, handle in ((ANN, "ann"), (BO, "bo")):
        connection.execute(
            "INSERT INTO people (person, handle, skeleton, password, marks, created_at) VALUES (?, ?, ?, 'x', 1, ?)",
            (person, handle, handle, NOON),
        )
        connection.execute(
            "INSERT INTO members (topic, person, standing, role, start, since, read, read_nth, changed)"
            " VALUES (?, ?, 'member', 'member', 1, 1, 0, 0, 1)",
            (TOPIC, person),
        )
    connection.execute(
        "INSERT INTO topics (topic, kind, side, generation, spoken, seats, founded_at, one_peer, other_peer)"
        " VALUES (?, ?, 'private', 1, 3, 2, ?, ?, ?)",
        (TOPIC, TopicKind.CHAT.value, NOON, ANN, BO),
    )
    for seq, (sender, kind, body) in enumerate(
        ((ANN, Kind.MESSAGE, b"hello"), (BO, Kind.RECALL, None), (BO, Kind.MESSAGE, b"hello yourself")), start=1
    ):
        cid = new_cid(NOON + seq)
        connection.execute(
            "INSERT INTO entries (topic, seq, nth, at, kind, sender, cid, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (TOPIC, seq, seq - (seq > 1), NOON, kind.value, sender, cid, body),
        )
        connection.execute("INSERT INTO cids VALUES (?, ?, ?, ?, x'00')", (cid, sender, TOPIC, seq))


def version_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        found: int = connection.execute("PRAGMA user_version").fetchone()[0]
        return found


def tables_of(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        return {row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}


def shape_of(path: Path) -> dict[str, set[tuple[object, ...]]]:
    """Return the columns of every table, and the names of indexes and triggers."""
    with closing(sqlite3.connect(path)) as connection:
        shape: dict[str, set[tuple[object, ...]]] = {
            table: set(
                connection.execute(f"SELECT name, type, \"notnull\", dflt_value FROM pragma_table_info('{table}')")
            )
            for table in tables_of(path)
        }
        shape[""] = set(connection.execute("SELECT type, name FROM sqlite_schema"))
    return shape


@pytest.mark.parametrize("side", list(Side))
def test_an_old_store_is_brought_up_to_date_and_keeps_who_it_is(data: Path, side: Side) -> None:
    path = old_store(data, side)
    assert version_of(path) == 1
    with closing(sqlite3.connect(path)) as connection:
        before = dict(connection.execute("SELECT key, value FROM meta"))
    with closing(SqliteStore.open(data, side)) as store:
        assert (store.epoch, store.secret) == (before["epoch"], before["secret"])
    assert version_of(path) == VERSION


@pytest.mark.parametrize("side", list(Side))
def test_an_old_store_becomes_what_a_new_one_is(tmp_path: Path, side: Side) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    path = old_store(old, side)
    for data in (old, new):
        SqliteStore.open(data, side).close()
    assert shape_of(path) == shape_of(store_path(new, side))


def test_what_was_said_is_there_and_people_talk_on(data: Path) -> None:
    old_store(data, Side.PRIVATE)
    desk = Desk(SqliteStore.open(data, Side.PRIVATE))
    assert [text or "" for text in bodies(desk.log(TOPIC, BO))] == BODIES
    entries = desk.log(TOPIC, BO)
    assert [(entry.count, entry.withdrawn) for entry in entries] == [(None, False)] * 3
    assert desk.say(TOPIC, ANN, "still there?").seq == 4
    summary = desk.sync(ANN).topics[0]
    assert (summary.side, summary.admission, summary.listed) == (Side.PRIVATE, None, False)
    desk.close()


def test_only_the_public_store_gets_the_tables_of_the_gate(data: Path) -> None:
    paths = {side: old_store(data, side) for side in Side}
    for side in Side:
        SqliteStore.open(data, side).close()
    gate = {"submissions", "decisions", "rulings", "signatures", "staff", "leaves", "nodes"}
    assert gate <= tables_of(paths[Side.PUBLIC])
    assert gate.isdisjoint(tables_of(paths[Side.PRIVATE]))


def test_the_public_side_can_be_used_afterwards(data: Path) -> None:
    old_store(data, Side.PUBLIC)
    with closing(PublicSqliteStore.open(data, Side.PUBLIC)) as store:
        introduce = Introduce(person=PersonId(new_id()), handle="ann", skeleton="ann", at=NOON)
        assert store.writer().commit([introduce]) == [Done()]
        with closing(store.reader()) as reader:
            audit = reader.audit(0)
            assert audit is not None
            assert audit.size == 0


def test_the_doctor_finds_nothing_wrong_with_it(data: Path) -> None:
    for side in Side:
        old_store(data, side)
        SqliteStore.open(data, side).close()
    assert list(upkeep.doctor(data)) == []


def test_a_migration_that_is_cut_short_is_done_again(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = old_store(data, Side.PRIVATE)
    with monkeypatch.context() as patch:
        patch.setattr(schema, "_SECOND", (*schema._SECOND, "CREATE TABLE this is no SQL"))
        with pytest.raises(sqlite3.OperationalError):
            SqliteStore.open(data, Side.PRIVATE)
    assert version_of(path) == 1
    with closing(SqliteStore.open(data, Side.PRIVATE)) as store, closing(store.reader()) as reader:
        page = reader.history(TOPIC, BO, after=Seq(0), limit=9, slice_bytes=1 << 20)
        assert page is not None
        assert len(page.entries) == 3
    assert version_of(path) == VERSION
