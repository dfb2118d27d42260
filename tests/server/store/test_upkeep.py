"""Backup while writing, restore to a new life, figures."""

import stat
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from compliance.pack import HOUR_MS
from protocol.account_states import AccountState
from protocol.accounts import Application
from protocol.entries import Kind, Side
from protocol.ids import PersonId, Seq, TopicId, new_cid
from server.store.account_writes import Applied, Apply, SubmitApplication
from server.store.base import StoreError
from server.store.follow_writes import CountOnce
from server.store.lock import DataLock, LockedError
from server.store.public_writes import SignAgreement
from server.store.sqlite import PublicSqliteStore, SqliteStore, connect, store_path
from server.store.upkeep import DamagedError, NoStoreError, NotEmptyError, backup, doctor, restore, stats
from server.store.writes import Post, Posted
from tests.contracts.desk import Desk, bodies, draft
from tests.support.inline import bench_under_test

NOON = 1_700_000_000_000  # While the provider's licence is in force.


def quiet(done: int, total: int) -> None:
    """Report to nobody."""


def test_a_backup_taken_while_a_server_writes_is_whole(desk: Desk, data: Path, tmp_path: Path) -> None:
    ann = desk.person("ann")
    group = desk.group(ann)
    desk.commit(*(Post(topic=group, generation=1, draft=draft(ann, b"x" * 2000)) for _ in range(2000)))
    begun, over = threading.Event(), threading.Event()
    acked: list[int] = []

    def write() -> None:
        while not over.is_set():
            (posted,) = desk.commit(Post(topic=group, generation=1, draft=draft(ann)))
            assert isinstance(posted, Posted)
            assert posted.entry is not None
            acked.append(posted.entry.seq)
            begun.set()

    def wait_for_more(done: int, total: int) -> None:
        begun.clear()
        begun.wait(5)  # At least one commit between two steps of the copy.

    writer = threading.Thread(target=write)
    writer.start()
    begun.wait(5)
    before = acked[-1]
    try:
        backup(data, tmp_path / "copy", wait_for_more)
    finally:
        over.set()
        writer.join()
    assert list(doctor(tmp_path / "copy")) == []
    copy = Desk(SqliteStore.open(tmp_path / "copy", Side.PRIVATE))
    assert before <= copy.head(group) < acked[-1]
    copy.close()


def test_a_backup_is_one_private_file_for_each_store(desk: Desk, data: Path, tmp_path: Path) -> None:
    desk.person("ann")
    reports: list[tuple[int, int]] = []
    backup(data, tmp_path / "copy", lambda done, total: reports.append((done, total)))
    assert [file.name for file in (tmp_path / "copy").iterdir()] == ["private.db"]
    assert stat.S_IMODE((tmp_path / "copy").stat().st_mode) == 0o700
    assert stat.S_IMODE(store_path(tmp_path / "copy", Side.PRIVATE).stat().st_mode) == 0o600
    assert reports
    assert reports[-1][0] == reports[-1][1]


def test_a_backup_takes_the_numbers_of_readers_along_and_nothing_by_which_they_are_known(
    desk: Desk, data: Path, tmp_path: Path
) -> None:
    account = TopicId("0lane00000000000")
    people = [PersonId(f"person{number:010}") for number in range(500)]
    desk.commit(*(CountOnce(account=account, seq=Seq(1), person=person, day="2026-03-02") for person in people))
    connection = connect(store_path(data, Side.PRIVATE).as_uri())
    secrets = [row[0] for row in connection.execute("SELECT key FROM day_keys UNION ALL SELECT digest FROM counted")]
    connection.close()
    backup(data, tmp_path / "copy", quiet)
    (file,) = (tmp_path / "copy").iterdir()
    assert (len(secrets), [secret for secret in secrets if secret in file.read_bytes()]) == (501, [])
    assert list(doctor(tmp_path / "copy")) == []
    copy = Desk(SqliteStore.open(tmp_path / "copy", Side.PRIVATE))
    assert [day.reads for day in copy.read.figures(account, seq=None, since="").days] == [500]
    copy.close()


def test_a_backup_does_not_overwrite_anything(desk: Desk, data: Path, tmp_path: Path) -> None:
    backup(data, tmp_path / "copy", quiet)
    with pytest.raises(NotEmptyError):
        backup(data, tmp_path / "copy", quiet)
    with pytest.raises(NotEmptyError):
        backup(data, data, quiet)


def test_where_there_is_no_store_there_is_nothing_to_do(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    for act in (
        lambda: backup(nowhere, tmp_path / "copy", quiet),
        lambda: restore(nowhere, tmp_path / "data", force=False, progress=quiet),
        lambda: stats(nowhere, at=0),
        lambda: list(doctor(nowhere)),
    ):
        with pytest.raises(NoStoreError):
            act()
    assert not (tmp_path / "copy").exists()


def test_a_restored_store_has_what_the_backup_had_and_a_new_epoch(desk: Desk, data: Path, tmp_path: Path) -> None:
    ann = desk.person("ann")
    group = desk.group(ann)
    desk.say(group, ann, "saved")
    backup(data, tmp_path / "copy", quiet)
    desk.say(group, ann, "lost")
    restore(tmp_path / "copy", tmp_path / "other", force=False, progress=quiet)
    other = Desk(SqliteStore.open(tmp_path / "other", Side.PRIVATE))
    epoch = other.store.epoch
    assert epoch != desk.store.epoch
    assert other.store.secret == desk.store.secret
    assert bodies(other.log(group, ann))[1:] == ["saved"]
    assert [entry.kind for entry in other.log(group, ann)] == [Kind.FOUNDED, Kind.MESSAGE]
    other.close()
    again = SqliteStore.open(tmp_path / "other", Side.PRIVATE)
    assert again.epoch == epoch  # Only the first opening makes a new one.
    again.close()


def test_restore_replaces_data_only_when_forced(data: Path, tmp_path: Path) -> None:
    desk = Desk(SqliteStore.open(data, Side.PRIVATE))
    ann = desk.person("ann")
    group = desk.group(ann)
    backup(data, tmp_path / "copy", quiet)
    desk.say(group, ann, "later")
    desk.close()
    with pytest.raises(NotEmptyError, match="--force"):
        restore(tmp_path / "copy", data, force=False, progress=quiet)
    restore(tmp_path / "copy", data, force=True, progress=quiet)
    restored = Desk(SqliteStore.open(data, Side.PRIVATE))
    assert restored.head(group) == 1
    restored.close()


def test_the_log_of_the_old_store_does_not_meet_the_new_one(data: Path, tmp_path: Path) -> None:
    """A server that was killed leaves its write-ahead log behind."""
    desk = Desk(SqliteStore.open(data, Side.PRIVATE))
    ann = desk.person("ann")
    group = desk.group(ann)
    backup(data, tmp_path / "copy", quiet)
    for _ in range(50):
        desk.say(group, ann, b"x" * 500)
    left = {file.name: file.read_bytes() for file in data.iterdir()}
    desk.close()
    for name, content in left.items():
        (data / name).write_bytes(content)
    assert (data / "private.db-wal").stat().st_size
    restore(tmp_path / "copy", data, force=True, progress=quiet)
    assert list(doctor(data)) == []
    restored = Desk(SqliteStore.open(data, Side.PRIVATE))
    assert restored.head(group) == 1
    restored.close()


def test_a_damaged_backup_replaces_nothing(desk: Desk, data: Path, tmp_path: Path) -> None:
    ann = desk.person("ann")
    group = desk.group(ann)
    desk.commit(*(Post(topic=group, generation=1, draft=draft(ann, b"x" * 500)) for _ in range(500)))
    backup(data, tmp_path / "copy", quiet)
    path = store_path(tmp_path / "copy", Side.PRIVATE)
    content = bytearray(path.read_bytes())
    content[-100_000:-50_000] = bytes(50_000)
    path.write_bytes(content)
    with pytest.raises(DamagedError):
        restore(tmp_path / "copy", tmp_path / "other", force=False, progress=quiet)
    assert not list((tmp_path / "other").glob("private.db*"))


def test_restore_waits_for_no_server(desk: Desk, data: Path, tmp_path: Path) -> None:
    backup(data, tmp_path / "copy", quiet)
    with DataLock(data), pytest.raises(LockedError):
        restore(tmp_path / "copy", data, force=True, progress=quiet)


def test_figures_count_what_there_is(desk: Desk, data: Path) -> None:
    ann, bo = desk.person("ann"), desk.person("bo")
    desk.say(desk.chat(ann, bo), bo)
    desk.group(ann, bo)
    figures = stats(data, at=0)
    assert figures["private.epoch"] == desk.store.epoch
    counted = {name: figures[f"private.{name}"] for name in ("people", "devices", "chats", "groups", "members")}
    assert counted == {"people": 2, "devices": 2, "chats": 1, "groups": 1, "members": 4}
    assert (figures["private.entries"], figures["private.messages"]) == (4, 2)
    assert isinstance(figures["private.log_bytes"], int)
    assert figures["private.log_bytes"] > 0


def test_figures_count_accounts_by_state_and_applications_whose_time_is_over(data: Path) -> None:
    bench = bench_under_test()
    owner, agreement = PersonId("ann0000000000000"), bench.to_sign or bytes(32)
    said = Application(body="person", subject="Ann", name="Tea", category="society", scope="Tea.", operator="Ann")
    first, second, third = (TopicId(f"0lane{number:011}") for number in range(3))
    with closing(PublicSqliteStore.open(data, Side.PUBLIC)) as store:
        store.writer().commit([SignAgreement(person=owner, digest=agreement, version="1.0", at=NOON)])
        applied: dict[str, Any] = {"owner": owner, "digest": b"x" * 16, "application": said, "most": 3, "at": NOON}
        asked: dict[str, Any] = {"owner": owner, "handle": "ann", "skeleton": "ann", "bench": bench}
        outcomes = store.writer().commit(
            [
                *(
                    Apply(topic=topic, new=True, cid=new_cid(0), bench=bench, **applied)
                    for topic in (first, second, third)
                ),
                *(SubmitApplication(topic=topic, at=at, **asked) for topic, at in ((first, NOON), (second, NOON + 1))),
            ]
        )
    assert {type(outcome) for outcome in outcomes} == {Applied}
    due = NOON + int(bench.pack.accounts.review_h * HOUR_MS)
    for at, overdue in ((due, 0), (due + 1, 1), (due + 2, 2)):
        figures = stats(data, at=at)
        assert figures["public.applications_overdue"] == overdue
        assert [figures[f"public.accounts_{state}"] for state in AccountState] == [1, 2, 0, 0, 0]


def test_figures_and_findings_need_no_running_server(data: Path) -> None:
    SqliteStore.open(data, Side.PRIVATE).close()
    assert stats(data, at=0)["private.people"] == 0
    assert list(doctor(data)) == []


def test_upkeep_errors_are_errors_of_the_store() -> None:
    assert all(issubclass(error, StoreError) for error in (NoStoreError, NotEmptyError, DamagedError))
