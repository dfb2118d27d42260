"""The audit log in its store: what is appended, what the file refuses, what is proven, what `verify` finds."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.leaves import Leaf, LeafKind
from compliance.tree import EMPTY_ROOT, Frontier, verify_consistency, verify_inclusion
from protocol.entries import Side
from server.store.audit import (
    AuditLog,
    DamagedLogError,
    Head,
    NoSuchLeafError,
    consistency,
    head_at,
    inclusion,
    leaf_at,
    receipt,
)
from server.store.auditor import MOST, STEP, NoLogError, last, opened, verify
from server.store.schema import NotAStoreError
from server.store.sqlite import SqliteStore, store_path
from tests.support.audit import OTHER, SUBMISSION, append, behind_its_back, in_memory, public_store, verdict
from tests.support.audit import opened as writable


@pytest.fixture
def path(data: Path) -> Path:
    """An empty public store."""
    return public_store(data)


@pytest.fixture
def eleven(path: Path) -> Path:
    """A public store with a log of eleven leaves, the odd ones about OTHER."""
    append(path, *(verdict(number, OTHER if number % 2 else SUBMISSION) for number in range(11)))
    return path


@pytest.fixture
def connection(eleven: Path) -> Iterator[sqlite3.Connection]:
    with writable(eleven) as connection:
        yield connection


def findings(path: Path, kept: Head | None = None) -> list[str]:
    with writable(path) as connection:
        return list(verify(connection, kept))


# Appending.


def test_leaves_are_numbered_from_0(path: Path) -> None:
    with writable(path) as connection:
        log = AuditLog(connection)
        assert [log.append(verdict(at)) for at in range(4)] == [0, 1, 2, 3]
        assert log.size == 4


def test_a_leaf_is_stored_as_it_is_with_what_it_is_filed_under(path: Path) -> None:
    leaf = verdict(77)
    append(path, leaf)
    with writable(path) as connection:
        row = connection.execute("SELECT number, at, kind, submission, leaf FROM leaves").fetchone()
    assert row == (0, 77, "verdict", SUBMISSION, leaf.says)


@given(st.lists(st.integers(0, 6), max_size=12))
def test_the_root_is_that_of_the_leaves_however_they_come_in_transactions(batches: list[int]) -> None:
    connection, frontier, at = in_memory(), Frontier(), 0
    log = AuditLog(connection)
    for batch in batches:
        connection.execute("BEGIN")
        log.begin()
        for leaf in map(verdict, range(at, at + batch)):
            log.append(leaf)
            frontier.append(leaf.says)
        connection.execute("COMMIT")
        at += batch
    assert head_at(connection) == Head(at, frontier.root())
    connection.close()


def test_an_empty_log_has_the_root_of_nothing(path: Path) -> None:
    with writable(path) as connection:
        assert head_at(connection) == Head(0, EMPTY_ROOT)
        assert receipt(connection, SUBMISSION).verdicts == ()


def test_what_was_rolled_back_and_forgotten_never_was(eleven: Path) -> None:
    with writable(eleven) as connection:
        log, before = AuditLog(connection), head_at(connection)
        connection.execute("BEGIN")
        log.begin()
        log.append(verdict(1))
        connection.execute("ROLLBACK")
        log.forget()
        assert (log.size, head_at(connection)) == (11, before)
        connection.execute("BEGIN")
        log.begin()
        assert log.append(verdict(2)) == 11
        connection.execute("COMMIT")
    assert findings(eleven) == []


def test_what_another_program_has_appended_meanwhile_is_seen(eleven: Path) -> None:
    with writable(eleven) as connection:
        log = AuditLog(connection)
        log.begin()
        assert log.size == 11
        append(eleven, verdict(1), verdict(2))
        connection.execute("BEGIN")
        log.begin()
        assert log.append(verdict(3)) == 13
        connection.execute("COMMIT")
    assert findings(eleven) == []


def test_what_is_known_is_kept_from_one_transaction_to_the_next(eleven: Path) -> None:
    with writable(eleven) as connection:
        log = AuditLog(connection)
        log.begin()
        log.append(verdict(1))
        asked: list[str] = []
        connection.set_trace_callback(asked.append)
        log.begin()
        assert log.size == 12
        connection.set_trace_callback(None)
    assert asked == ["PRAGMA data_version"]


# What the file refuses.


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM leaves WHERE number = 10",
        "DELETE FROM leaves",
        "UPDATE leaves SET leaf = x'00' WHERE number = 3",
        "UPDATE leaves SET number = 11 WHERE number = 10",
        "REPLACE INTO leaves (number, at, kind, leaf) VALUES (3, 0, 'verdict', x'00')",
        "INSERT INTO leaves (number, at, kind, leaf) VALUES (12, 0, 'verdict', x'00')",
        "INSERT INTO leaves (number, at, kind, leaf) VALUES (-1, 0, 'verdict', x'00')",
        "INSERT INTO leaves (at, kind, leaf) VALUES (0, 'verdict', x'00')",
        "DELETE FROM nodes WHERE level = 1 AND place = 0",
        "UPDATE nodes SET hash = x'00'",
        "REPLACE INTO nodes (level, place, hash) VALUES (1, 0, x'00')",
        "INSERT INTO nodes (level, place, hash) VALUES (1, 0, x'00') ON CONFLICT DO UPDATE SET hash = x'00'",
    ],
)
def test_the_file_takes_nothing_but_the_next_leaf(connection: sqlite3.Connection, sql: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="audit log"):
        connection.execute(sql)


# Proofs.


def test_every_leaf_about_a_submission_comes_with_its_proof(connection: sqlite3.Connection) -> None:
    found = receipt(connection, OTHER)
    assert [each.number for each in found.verdicts] == [1, 3, 5, 7, 9]
    assert found.head == head_at(connection)
    for each in found.verdicts:
        assert each.leaf == leaf_at(connection, each.number) == verdict(each.number, OTHER).says
        assert verify_inclusion(
            each.leaf, number=each.number, size=found.head.size, root=found.head.root, path=each.path
        )


@pytest.mark.parametrize("size", [4, 7, 11, None])
def test_a_leaf_can_be_proven_in_any_tree_that_had_it(connection: sqlite3.Connection, size: int | None) -> None:
    found = inclusion(connection, 3, size)
    (proven,) = found.verdicts
    assert found.head == head_at(connection, size)
    assert verify_inclusion(proven.leaf, number=3, size=size or 11, root=found.head.root, path=proven.path)


@pytest.mark.parametrize("since", range(12))
@pytest.mark.parametrize("size", [11, None])
def test_that_the_log_has_only_grown_can_be_proven_since_any_size(
    connection: sqlite3.Connection, since: int, size: int | None
) -> None:
    old, found = head_at(connection, since), consistency(connection, since, size)
    assert verify_consistency(
        since=since, since_root=old.root, size=found.head.size, root=found.head.root, proof=found.proof
    )


@pytest.mark.parametrize(
    "ask",
    [
        lambda connection: head_at(connection, 12),
        lambda connection: head_at(connection, -1),
        lambda connection: inclusion(connection, 11),
        lambda connection: inclusion(connection, 5, 5),
        lambda connection: inclusion(connection, -1),
        lambda connection: inclusion(connection, 3, 12),
        lambda connection: consistency(connection, 12),
        lambda connection: consistency(connection, 6, 5),
        lambda connection: consistency(connection, -1),
    ],
)
def test_of_what_the_log_never_had_nothing_is_proven(
    connection: sqlite3.Connection, ask: Callable[[sqlite3.Connection], object]
) -> None:
    with pytest.raises(NoSuchLeafError):
        ask(connection)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("DELETE FROM nodes WHERE level = 3", r"node \(3, 0\) of the audit log is missing"),
        ("DELETE FROM leaves WHERE number = 2", "leaf 2 of the audit log is missing"),
    ],
)
def test_what_is_missing_is_said_to_be(eleven: Path, sql: str, said: str) -> None:
    behind_its_back(eleven, lambda connection: connection.execute(sql))
    with writable(eleven) as connection, pytest.raises(DamagedLogError, match=said):
        inclusion(connection, 3 if "leaves" in sql else 9)


# Looking and checking.


def test_the_last_leaves_come_in_order(connection: sqlite3.Connection) -> None:
    assert [each.number for each in last(connection, 3)] == [8, 9, 10]
    assert [each.number for each in last(connection, 2, OTHER)] == [7, 9]
    assert last(connection, 1)[0].leaf == verdict(10).says


def test_an_untouched_log_has_no_findings(eleven: Path) -> None:
    with writable(eleven) as connection:
        heads = [head_at(connection, size) for size in range(12)]
        assert [list(verify(connection, kept)) for kept in [None, *heads]] == [[]] * 13


def test_an_empty_log_has_no_findings(path: Path) -> None:
    assert findings(path, Head(0, EMPTY_ROOT)) == []


PLANTED = {
    "a hole": ("DELETE FROM leaves WHERE number = 3", "leaf 4 stands where leaf 3 should"),
    "a lost beginning": ("DELETE FROM leaves WHERE number < 2", "leaf 2 stands where leaf 0 should"),
    "a leaf before the first": ("UPDATE leaves SET number = -1 WHERE number = 0", "leaf -1 stands where leaf 0 should"),
    "a lost tail": ("DELETE FROM leaves WHERE number > 6", "over leaves that are not there"),
    "no JSON": ("UPDATE leaves SET leaf = x'ff' WHERE number = 3", "leaf 3 is none: it is no JSON"),
    "an edit": (
        "UPDATE leaves SET leaf = CAST(replace(leaf, 'allow', 'label') AS BLOB) WHERE number = 3",
        "the node over the 2 leaves from 2 on is not what these leaves give",
    ),
    "another time": ("UPDATE leaves SET at = 9 WHERE number = 3", "leaf 3 is filed under something else"),
    "another kind": ("UPDATE leaves SET kind = 'staff' WHERE number = 3", "leaf 3 is filed under something else"),
    "another item": ("UPDATE leaves SET submission = NULL WHERE number = 3", "leaf 3 is filed under something else"),
    "a lost node": (
        "DELETE FROM nodes WHERE level = 2 AND place = 1",
        "the node over the 4 leaves from 4 on is missing",
    ),
    "another node": (
        "UPDATE nodes SET hash = zeroblob(32) WHERE level = 3",
        "the node over the 8 leaves from 0 on is not",
    ),
    "a node too many": ("INSERT INTO nodes VALUES (1, 5, x'00')", "a node (1, 5) over leaves that are not there"),
    "a node below": ("INSERT INTO nodes VALUES (0, 1, x'00')", "a node (0, 1) over leaves that are not there"),
    "a node before": ("INSERT INTO nodes VALUES (1, -1, x'00')", "a node (1, -1) over leaves that are not there"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_what_was_done_to_the_log_is_found(eleven: Path, name: str) -> None:
    sql, sentence = PLANTED[name]
    behind_its_back(eleven, lambda connection: connection.execute(sql))
    found = findings(eleven)
    assert any(sentence in finding for finding in found), found


@pytest.mark.parametrize("name", ["leaves_in_order", "leaves_stay", "leaves_stay_as_they_are"])
@pytest.mark.parametrize("instead", ["", "BEFORE DELETE ON leaves WHEN 0 BEGIN SELECT 1; END"])
def test_a_trigger_that_was_removed_or_changed_is_found(eleven: Path, name: str, instead: str) -> None:
    with writable(eleven) as connection:
        connection.execute(f"DROP TRIGGER {name}")
        if instead:
            connection.execute(f"CREATE TRIGGER {name} {instead}")
    assert findings(eleven) == [f"the trigger {name} is not as it should be; without it the log can be changed"]


def test_another_root_than_the_one_kept_is_found(eleven: Path) -> None:
    (finding,) = findings(eleven, Head(5, bytes(32)))
    assert "the first 5 leaves do not have the root that was kept" in finding


def test_fewer_leaves_than_there_were_are_found(eleven: Path) -> None:
    (finding,) = findings(eleven, Head(12, bytes(32)))
    assert finding.startswith("the log has 11 leaves, and had 12 when the root was kept")


def test_the_kept_root_of_leaves_with_a_hole_among_them_is_not_found_again(eleven: Path) -> None:
    with writable(eleven) as connection:
        before, after = head_at(connection, 3), head_at(connection, 9)
    behind_its_back(eleven, lambda connection: connection.execute("DELETE FROM leaves WHERE number = 5"))
    assert not any("root" in finding for finding in findings(eleven, before))
    assert any("root" in finding for finding in findings(eleven, after))


def test_many_findings_of_one_kind_are_counted(path: Path) -> None:
    append(path, *map(verdict, range(MOST + 5)))
    behind_its_back(path, lambda connection: connection.execute("UPDATE leaves SET at = -1"))
    found = findings(path)
    assert len(found) == MOST + 1
    assert found[-1] == "and 5 more like the last one"


def test_progress_counts_every_reading_of_a_leaf(path: Path) -> None:
    kept = append(path, *map(verdict, range(STEP)))
    reports: list[tuple[int, int]] = []
    with writable(path) as connection:
        assert list(verify(connection, kept, report=lambda done, total: reports.append((done, total)))) == []
    assert reports == [(STEP, 3 * STEP), (2 * STEP, 3 * STEP), (3 * STEP, 3 * STEP)]


def test_checking_changes_nothing_and_leaves_no_transaction_behind(eleven: Path, data: Path) -> None:
    connection = opened(data)
    found = verify(connection)
    next(found, None)
    found.close()  # type: ignore[attr-defined]
    assert not connection.in_transaction
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("INSERT INTO leaves (number, at, kind, leaf) VALUES (11, 0, 'x', x'00')")
    connection.close()


def test_where_there_is_no_public_store_there_is_no_log(data: Path) -> None:
    with pytest.raises(NoLogError, match="no server with a public side"):
        opened(data)


def test_a_public_store_from_before_there_was_a_log_has_none(eleven: Path, data: Path) -> None:
    with writable(eleven) as connection:
        connection.execute("DROP TABLE leaves")
    with pytest.raises(NoLogError):
        opened(data)


def test_what_is_no_public_store_is_not_opened(data: Path) -> None:
    SqliteStore.open(data, Side.PRIVATE).close()
    store_path(data, Side.PRIVATE).rename(store_path(data, Side.PUBLIC))
    with pytest.raises(NotAStoreError):
        opened(data)


def test_kinds_of_leaves_that_are_about_nobodys_submission_are_filed_under_none(path: Path) -> None:
    append(path, Leaf(kind=LeafKind.STAFF, at=1, says=b'{"at":1,"leaf":"staff"}'))
    assert findings(path) == []
