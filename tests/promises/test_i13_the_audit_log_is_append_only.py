"""I13: the audit log is append-only. Delete, edit, reorder, truncate, fork: a verifier with one old root finds each.

The intruder here can do anything to the file: drop the triggers, change what they like, build the whole tree anew so
that the log agrees with itself, and put the triggers back. What they cannot do is change a root that is kept elsewhere.
"""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.leaves import Leaf
from compliance.tree import verify_consistency
from server.commands.audit import audit
from server.commands.program import program, run
from server.store.audit import Head, NoSuchLeafError, consistency, head_at
from server.store.auditor import opened, verify
from tests.support.audit import (
    OTHER,
    SUBMISSION,
    Filed,
    append,
    behind_its_back,
    history,
    in_memory,
    public_store,
    rewrite,
    verdict,
)
from tests.support.audit import opened as writable

KEPT, GROWN = 21, 34  # Leaves when the root was kept, and when the intruder came.


def forged(filed: Filed) -> Filed:
    """Return a leaf like `filed` that says something else."""
    at, kind, submission, leaf = filed
    return at, kind, submission, leaf.replace(b'"allow"', b'"label"')


def deleted(log: list[Filed]) -> list[Filed]:
    return log[:9] + log[10:]


def edited(log: list[Filed]) -> list[Filed]:
    return [*log[:9], forged(log[9]), *log[10:]]


def reordered(log: list[Filed]) -> list[Filed]:
    return [*log[:9], log[10], log[9], *log[11:]]


def truncated(log: list[Filed]) -> list[Filed]:
    return log[: KEPT - 1]


def truncated_and_grown_again(log: list[Filed]) -> list[Filed]:
    return log[: KEPT - 1] + [forged(filed) for filed in log[KEPT - 1 :]]


def forked(log: list[Filed]) -> list[Filed]:
    return log[:12] + [forged(filed) for filed in log[12:]]


def inserted(log: list[Filed]) -> list[Filed]:
    return [*log[:9], forged(log[0]), *log[9:]]


def emptied(log: list[Filed]) -> list[Filed]:
    return []


TAMPERINGS = [deleted, edited, reordered, truncated, truncated_and_grown_again, forked, inserted, emptied]
Tampering = Callable[[list[Filed]], list[Filed]]


@pytest.fixture
def kept(tmp_path: Path) -> Head:
    """The root of a log of KEPT leaves, which has grown to GROWN since."""
    path = public_store(tmp_path)
    kept = append(path, *(verdict(at, OTHER if at % 3 else SUBMISSION) for at in range(KEPT)))
    append(path, *(verdict(at) for at in range(KEPT, GROWN)))
    return kept


def tamper(data: Path, how: Tampering) -> None:
    """Put another history in the place of the log, and leave no trace in the file."""
    path = data / "public.db"
    log = how(history(path))
    behind_its_back(path, lambda connection: rewrite(connection, log))


def found(data: Path, kept: Head | None) -> list[str]:
    connection = opened(data)
    try:
        return list(verify(connection, kept))
    finally:
        connection.close()


# With the one old root.


def test_a_log_that_has_only_grown_is_found_to_be_the_same(tmp_path: Path, kept: Head) -> None:
    assert found(tmp_path, kept) == []


@pytest.mark.parametrize("how", TAMPERINGS)
def test_one_old_root_finds_it_however_well_it_was_done(tmp_path: Path, kept: Head, how: Tampering) -> None:
    tamper(tmp_path, how)
    assert found(tmp_path, None) == [], "the intruder left a trace, so this does not show what the root is for"
    (finding,) = found(tmp_path, kept)
    assert "the root" in finding


@pytest.mark.parametrize("how", TAMPERINGS)
def test_the_operators_command_ends_with_1(
    tmp_path: Path, kept: Head, how: Tampering, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(program.commands, "audit", audit)
    arguments = ["audit", "verify", "--data", str(tmp_path), "--size", str(kept.size), "--root", kept.root.hex()]
    assert run(arguments) == 0
    tamper(tmp_path, how)
    capsys.readouterr()
    assert run([*arguments, "--json"]) == 1
    assert len(json.loads(capsys.readouterr().out)["findings"]) == 1


@pytest.mark.parametrize("how", TAMPERINGS)
def test_no_proof_the_server_can_give_convinces_who_has_the_old_root(
    tmp_path: Path, kept: Head, how: Tampering
) -> None:
    tamper(tmp_path, how)
    with writable(tmp_path / "public.db") as connection:
        if head_at(connection).size < kept.size:  # There is not even something to ask a proof for.
            with pytest.raises(NoSuchLeafError):
                consistency(connection, kept.size)
            return
        grown = consistency(connection, kept.size)
    assert not verify_consistency(
        since=kept.size, since_root=kept.root, size=grown.head.size, root=grown.head.root, proof=grown.proof
    )


def test_a_root_covers_what_came_before_it_and_a_later_one_what_came_since(tmp_path: Path, kept: Head) -> None:
    later = append(tmp_path / "public.db", verdict(99))
    tamper(tmp_path, lambda log: [*log[:KEPT], *map(forged, log[KEPT:])])
    assert found(tmp_path, kept) == []
    assert len(found(tmp_path, later)) == 1


logs = st.lists(st.sampled_from([verdict(at) for at in range(3)]), max_size=20)


@given(logs, logs, st.data())
def test_an_old_root_fits_a_log_exactly_when_it_begins_with_the_same_leaves(
    then: list[Leaf], now: list[Leaf], data: st.DataObject
) -> None:
    shared = data.draw(st.integers(0, len(then)))
    now = then[:shared] + now
    kept = head_of(then)
    connection = in_memory(*now)
    begins_the_same = now[: len(then)] == then
    assert (list(verify(connection, kept)) == []) == begins_the_same
    if len(now) >= len(then):
        grown = consistency(connection, kept.size)
        assert begins_the_same == verify_consistency(
            since=kept.size, since_root=kept.root, size=grown.head.size, root=grown.head.root, proof=grown.proof
        )
    connection.close()


def head_of(log: list[Leaf]) -> Head:
    connection = in_memory(*log)
    head = head_at(connection)
    connection.close()
    return head


# Without any root, from what the intruder forgets.


def sql(*statements: str) -> Callable[[sqlite3.Connection], object]:
    return lambda connection: [connection.execute(statement) for statement in statements]


CARELESS = {
    "delete": sql("DELETE FROM leaves WHERE number = 9"),
    "delete and close the gap": sql(
        "DELETE FROM leaves WHERE number = 9",
        "UPDATE leaves SET number = -number WHERE number > 9",
        "UPDATE leaves SET number = -number - 1 WHERE number < 0",
    ),
    "edit": sql("UPDATE leaves SET leaf = CAST(replace(leaf, 'allow', 'label') AS BLOB) WHERE number = 9"),
    "edit what it is filed under": sql("UPDATE leaves SET submission = 'nobodys' WHERE number = 9"),
    "reorder": sql(
        "UPDATE leaves SET number = -1 WHERE number = 9",
        "UPDATE leaves SET number = 9 WHERE number = 10",
        "UPDATE leaves SET number = 10 WHERE number = -1",
    ),
    "truncate": sql("DELETE FROM leaves WHERE number >= 20"),
    "fork": sql(
        "DELETE FROM nodes WHERE (place + 1) << level > 20",
        "UPDATE leaves SET leaf = CAST(replace(leaf, 'allow', 'label') AS BLOB) WHERE number >= 20",
    ),
}


@pytest.mark.parametrize("name", CARELESS)
def test_who_does_not_build_the_tree_anew_is_found_without_any_root(tmp_path: Path, kept: Head, name: str) -> None:
    behind_its_back(tmp_path / "public.db", CARELESS[name])
    assert found(tmp_path, None) != []


def test_who_does_not_put_the_triggers_back_is_found_without_any_root(tmp_path: Path, kept: Head) -> None:
    with writable(tmp_path / "public.db") as connection:
        connection.execute("DROP TRIGGER leaves_stay")
    assert found(tmp_path, None) != []


# And who does not know of the triggers gets nowhere.


@pytest.mark.parametrize("name", CARELESS)
def test_the_file_itself_refuses_every_program_that_opens_it(tmp_path: Path, kept: Head, name: str) -> None:
    with writable(tmp_path / "public.db") as connection, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        CARELESS[name](connection)
    assert found(tmp_path, kept) == []
