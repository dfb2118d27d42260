"""Opening a store, what it costs to write to it, and what happens when the disk does not go along."""

import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from protocol.entries import Kind, Role, Side, TopicKind
from protocol.ids import Seq, TopicId, new_id
from server.store.base import Failed, StoreBrokenError, StoreFullError
from server.store.schema import VERSION, DamagedStoreError, NewerStoreError, NotAStoreError
from server.store.sqlite import SqliteStore, connect, store_path
from server.store.writer import SqliteWriter
from server.store.writes import Erase, Founding, Post, Posted, Repeated
from tests.contracts.desk import Desk, bodies, draft, seat


def connection_of(desk: Desk) -> sqlite3.Connection:
    writer = desk.store.writer()
    assert isinstance(writer, SqliteWriter)
    return writer._connection


def test_a_store_keeps_its_identity_and_what_is_in_it(data: Path) -> None:
    desk = Desk(SqliteStore.open(data, Side.PRIVATE))
    epoch, secret = desk.store.epoch, desk.store.secret
    ann, bo = desk.person("ann"), desk.person("bo")
    chat = desk.chat(ann, bo)
    desk.close()
    again = Desk(SqliteStore.open(data, Side.PRIVATE))
    assert (again.store.epoch, again.store.secret, len(secret)) == (epoch, secret, 32)
    assert bodies(again.log(chat, bo)) == ["hello"]
    again.close()


def test_each_store_has_its_own_epoch_and_secret(tmp_path: Path) -> None:
    one, other = (SqliteStore.open(tmp_path / name, Side.PRIVATE) for name in ("one", "other"))
    assert one.epoch != other.epoch
    assert one.secret != other.secret
    one.close()
    other.close()


def test_only_the_owner_may_read_the_files(desk: Desk, data: Path) -> None:
    desk.person("ann")
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    files = list(data.iterdir())
    assert len(files) == 3
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_commit_is_on_the_disk_and_erased_bytes_are_overwritten(desk: Desk) -> None:
    connection = connection_of(desk)
    settings = {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")}
    assert settings == {"journal_mode": "wal", "synchronous": 2}
    assert connection.execute("PRAGMA secure_delete").fetchone()[0] == 1


def test_what_is_not_ours_is_left_alone(data: Path) -> None:
    data.mkdir()
    path = store_path(data, Side.PRIVATE)
    path.write_bytes(b"a diary, not a database" * 100)
    with pytest.raises(NotAStoreError):
        SqliteStore.open(data, Side.PRIVATE)
    assert path.read_bytes() == b"a diary, not a database" * 100
    path.unlink()
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE diary (day)")
    other.commit()
    other.close()
    before = path.read_bytes()
    with pytest.raises(NotAStoreError):
        SqliteStore.open(data, Side.PRIVATE)
    assert path.read_bytes() == before


def test_the_store_of_the_other_side_is_not_opened(data: Path) -> None:
    SqliteStore.open(data, Side.PUBLIC).close()
    store_path(data, Side.PUBLIC).rename(store_path(data, Side.PRIVATE))
    with pytest.raises(NotAStoreError, match="public store"):
        SqliteStore.open(data, Side.PRIVATE)


def test_a_store_of_a_later_version_is_left_alone(data: Path) -> None:
    SqliteStore.open(data, Side.PRIVATE).close()
    connection = connect(store_path(data, Side.PRIVATE).as_uri())
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    with pytest.raises(NewerStoreError, match=str(VERSION + 1)):
        SqliteStore.open(data, Side.PRIVATE)


def test_a_reader_cannot_write(desk: Desk) -> None:
    with pytest.raises(sqlite3.OperationalError):
        desk.read._connection.execute("DELETE FROM meta")  # type: ignore[attr-defined]


def test_a_message_takes_two_statements(desk: Desk) -> None:
    """Claiming its cid and storing it; beside them a batch begins, looks whether another program wrote, and commits."""
    ann, bo = desk.person("ann"), desk.person("bo")
    chat, group = desk.chat(ann, bo), desk.group(ann, bo)
    desk.say(chat, bo)
    posts = [Post(topic=chat, generation=1, draft=draft(ann)) for _ in range(10)]
    posts += [Post(topic=group, generation=2, draft=draft(bo)) for _ in range(6)]
    statements: list[str] = []
    connection_of(desk).set_trace_callback(statements.append)
    outcomes = desk.commit(*posts)
    connection_of(desk).set_trace_callback(None)
    assert all(isinstance(outcome, Posted) for outcome in outcomes)
    assert len(statements) == 3 + 2 * len(posts)


def test_the_first_message_to_a_topic_takes_one_more(data: Path) -> None:
    desk = Desk(SqliteStore.open(data, Side.PRIVATE))
    ann = desk.person("ann")
    group = desk.group(ann)
    desk.close()
    desk = Desk(SqliteStore.open(data, Side.PRIVATE))
    statements: list[str] = []
    connection_of(desk).set_trace_callback(statements.append)
    desk.commit(*(Post(topic=group, generation=1, draft=draft(ann)) for _ in range(2)))
    connection_of(desk).set_trace_callback(None)
    assert len(statements) == 3 + 1 + 2 * 2
    desk.close()


def test_what_another_program_writes_is_seen(desk: Desk, data: Path) -> None:
    ann = desk.person("ann")
    group = desk.group(ann)
    desk.say(group, ann)
    other = connect(store_path(data, Side.PRIVATE).as_uri())
    other.execute("UPDATE topics SET generation = 7")
    other.close()
    assert desk.say(group, ann).seq == 3


def fill(desk: Desk) -> None:
    connection = connection_of(desk)
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages + 2}")


def test_a_full_disk_stores_nothing_of_the_batch_and_heals(desk: Desk) -> None:
    ann = desk.person("ann")
    group = desk.group(ann)
    before = desk.log(group, ann)
    fill(desk)
    posts = [Post(topic=group, generation=1, draft=draft(ann, b"x" * 4000)) for _ in range(10)]
    with pytest.raises(StoreFullError):
        desk.commit(*posts)
    assert desk.log(group, ann) == before
    connection_of(desk).execute("PRAGMA max_page_count = 1000000")
    assert [o.entry.seq for o in desk.commit(*posts) if isinstance(o, Posted) and o.entry] == list(range(2, 12))


def test_a_full_disk_beside_a_guilty_write_is_still_a_full_disk(desk: Desk) -> None:
    ann = desk.person("ann")
    group = desk.group(ann)
    guilty = Post(topic=group, generation=1, draft=draft(ann, kind=Kind.MUTED, until=2**70))
    large = Post(topic=group, generation=1, draft=draft(ann, b"x" * 30_000))
    fill(desk)
    with pytest.raises(StoreFullError):
        desk.commit(guilty, large)
    assert desk.head(group) == 1


def test_a_file_that_another_program_holds_is_refused_for_now(desk: Desk, data: Path) -> None:
    ann = desk.person("ann")
    group = desk.group(ann)
    connection_of(desk).execute("PRAGMA busy_timeout = 0")
    other = connect(store_path(data, Side.PRIVATE).as_uri())
    other.execute("BEGIN IMMEDIATE")
    post = Post(topic=group, generation=1, draft=draft(ann))
    with pytest.raises(StoreFullError):
        desk.commit(post)
    other.execute("ROLLBACK")
    other.close()
    assert isinstance(desk.do(post), Posted)


class Unlucky(sqlite3.Connection):
    """A connection whose COMMIT fails as a dying disk makes it fail."""

    failing: Callable[[str], sqlite3.OperationalError | None] = staticmethod(lambda _: None)

    def execute(self, sql: str, parameters: object = (), /) -> sqlite3.Cursor:
        error = self.failing(sql)
        if error is not None:
            raise error
        return super().execute(sql, parameters)  # type: ignore[arg-type]


def failure(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize("code", [sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_CORRUPT])
def test_an_error_of_the_disk_at_commit_leaves_it_unknown_what_is_durable(data: Path, code: int) -> None:
    SqliteStore.open(data, Side.PRIVATE).close()
    uri = store_path(data, Side.PRIVATE).as_uri()
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, factory=Unlucky)
    desk = Desk(SqliteStore(connection, uri, Side.PRIVATE))
    ann = desk.person("ann")
    connection.failing = lambda sql: failure(code) if sql == "COMMIT" else None
    with pytest.raises(StoreBrokenError):
        desk.do(Erase(topic=TopicId(new_id()), seqs=(Seq(1),)))
    connection.failing = lambda sql: failure(code) if sql == "COMMIT" or sql.startswith("INSERT INTO dev") else None
    with pytest.raises(StoreBrokenError):
        desk.person("bo")
    assert ann
    desk.close()


def raw(data: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(data.iterdir()))


def test_what_is_erased_leaves_no_bytes_in_the_files(desk: Desk, data: Path) -> None:
    ann, bo = desk.person("ann"), desk.person("bo")
    chat = desk.chat(ann, bo)
    small = b"canary-in-a-page"
    large = b"canary-over-pages" * 1000
    said, also = desk.say(chat, ann, small), desk.say(chat, ann, large)
    desk.post(chat, draft(ann, b"canary-in-an-edit", Kind.EDIT, target=said.seq))
    for _ in range(50):
        desk.say(chat, bo, b"y" * 500)
    assert b"canary" in raw(data)
    desk.post(chat, draft(ann, b"", Kind.RECALL, target=said.seq))
    desk.do(Erase(topic=chat, seqs=(also.seq,)))
    connection_of(desk).execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert b"canary" not in raw(data)


def test_a_founding_that_fails_leaves_no_topic(desk: Desk) -> None:
    ann = desk.person("ann")
    topic = TopicId(new_id())
    post = Post(
        topic=topic,
        generation=0,
        draft=draft(ann, kind=Kind.FOUNDED),
        changes=(seat(ann, Role.OWNER), seat("nobody")),  # type: ignore[arg-type]
        founding=Founding(kind=TopicKind.GROUP, side=Side.PRIVATE),
    )
    assert isinstance(desk.do(post), Failed)
    assert desk.read.topic(topic) is None


def test_a_repeat_after_a_restart_is_still_a_repeat(data: Path) -> None:
    desk = Desk(SqliteStore.open(data, Side.PRIVATE))
    ann = desk.person("ann")
    group = desk.group(ann)
    post = Post(topic=group, generation=1, draft=draft(ann))
    desk.do(post)
    desk.close()
    again = Desk(SqliteStore.open(data, Side.PRIVATE))
    assert isinstance(again.do(post), Repeated)
    again.close()


def test_a_file_cut_short_is_named_as_what_it_is(tmp_path: Path) -> None:
    SqliteStore.open(tmp_path, Side.PRIVATE).close()
    path = store_path(tmp_path, Side.PRIVATE)
    path.write_bytes(path.read_bytes()[:6000])
    with pytest.raises(DamagedStoreError, match="restore a backup"):
        SqliteStore.open(tmp_path, Side.PRIVATE)
