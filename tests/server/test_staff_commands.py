"""`hutongd staff` as an operator types it: what comes out, where, and with which exit code."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from compliance import leaves
from protocol.entries import Side
from protocol.limits import STAFF_CODE_CHARS
from protocol.staff import StaffRole
from server.commands.program import run
from server.config import Config
from server.passwords import token_digest
from server.store.audit import leaf_at, size_of
from server.store.base import Officer
from server.store.lock import DataLock
from server.store.sqlite import PublicSqliteStore, SqliteStore, connect, store_path

Said = Callable[[], tuple[str, str]]
DATA = Path("hutong-data")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test runs in a directory of its own, without settings in the environment."""
    monkeypatch.chdir(tmp_path)
    for section in Config.__struct_fields__:
        monkeypatch.delenv(f"HUTONG_{section.upper()}_DATA", raising=False)
    monkeypatch.delenv("HUTONG_CONFIG", raising=False)


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    """Return what has been written to stdout and to stderr since it was last asked."""

    def said() -> tuple[str, str]:
        captured = capsys.readouterr()
        return captured.out, captured.err

    return said


def officer(code: str) -> Officer | None:
    with closing(PublicSqliteStore.open(DATA, Side.PUBLIC)) as store, closing(store.reader()) as reader:
        return reader.officer(code)


def leaves_now() -> list[dict[str, object]]:
    with closing(connect(f"{store_path(DATA, Side.PUBLIC).absolute().as_uri()}?mode=ro")) as connection:
        return [leaves.read(leaf_at(connection, number)) for number in range(size_of(connection))]


def test_adding_an_officer_prints_the_token_once_and_stores_its_digest(said: Said) -> None:
    assert run(["staff", "add", "K7"]) == 0
    out, err = said()
    token = out.strip()
    found = officer("K7")
    assert found is not None
    assert (found.code, found.role, found.digest) == ("K7", StaffRole.REVIEWER, token_digest(token))
    assert "not shown again" in err
    assert token not in err
    assert token.encode() not in store_path(DATA, Side.PUBLIC).read_bytes()
    assert run(["staff", "list"]) == 0
    assert token not in "".join(said())


def test_a_chief_is_added_by_saying_so_and_told_to_programs_as_an_object(said: Said) -> None:
    assert run(["staff", "add", "C1", "--role", "chief", "--json"]) == 0
    told = json.loads(said()[0])
    assert set(told) == {"code", "role", "token"}
    assert (told["code"], told["role"]) == ("C1", "chief")
    found = officer("C1")
    assert found is not None
    assert (found.role, found.digest) == (StaffRole.CHIEF, token_digest(told["token"]))


@pytest.mark.parametrize("removed", [False, True])
def test_a_code_is_never_given_out_twice(said: Said, removed: bool) -> None:
    run(["staff", "add", "K7"])
    if removed:
        run(["staff", "remove", "K7"])
    said()
    assert run(["staff", "add", "K7"]) == 1
    out, err = said()
    assert out == ""
    assert "K7 is taken" in err


@pytest.mark.parametrize("code", ["", "-", "K 7", "K7!", "巷", "x" * (STAFF_CODE_CHARS + 1), "_x"])
def test_what_cannot_be_a_code_is_said_and_nothing_is_made(said: Said, code: str) -> None:
    assert run(["staff", "add", "--", code]) == 2
    assert "code" in said()[1]
    assert not DATA.exists()


def test_another_role_there_is_not(said: Said) -> None:
    assert run(["staff", "add", "K7", "--role", "king"]) == 2
    assert "reviewer" in said()[1]


def test_the_list_has_those_who_were_removed_too(said: Said) -> None:
    run(["staff", "add", "K7"])
    run(["staff", "add", "C1", "--role", "chief"])
    run(["staff", "remove", "K7"])
    said()
    assert run(["staff", "list"]) == 0
    chief, reviewer = said()[0].splitlines()
    assert chief.split()[:3] == ["C1", "chief", "since"]
    assert reviewer.split()[:2] == ["K7", "reviewer"]
    assert "removed" in reviewer
    assert "removed" not in chief
    assert run(["staff", "list", "--json"]) == 0
    rows = json.loads(said()[0])
    assert [(row["code"], row["role"], row["removed_at"] is None) for row in rows] == [
        ("C1", "chief", True),
        ("K7", "reviewer", False),
    ]


def test_where_there_is_nobody_the_list_says_so(said: Said) -> None:
    assert run(["staff", "list"]) == 0
    out, err = said()
    assert (out, "nobody" in err) == ("", True)
    assert run(["staff", "list", "--json"]) == 0
    assert json.loads(said()[0]) == []
    assert not DATA.exists()


def test_an_officer_is_removed_once(said: Said) -> None:
    run(["staff", "add", "K7"])
    said()
    assert run(["staff", "remove", "K7"]) == 0
    assert officer("K7") is None
    assert run(["staff", "remove", "K7"]) == 1
    assert "nobody on duty" in said()[1]


def test_every_change_is_a_leaf_of_the_audit_log() -> None:
    run(["staff", "add", "K7"])
    run(["staff", "add", "K7"])
    run(["staff", "remove", "K7"])
    run(["staff", "remove", "K7"])
    told = [(leaf["leaf"], leaf["code"], leaf["role"], leaf["act"]) for leaf in leaves_now()]
    assert told == [("staff", "K7", "reviewer", "added"), ("staff", "K7", "reviewer", "removed")]


def test_a_server_may_run_meanwhile() -> None:
    SqliteStore.open(DATA, Side.PUBLIC).close()
    with DataLock(DATA):
        assert run(["staff", "add", "K7"]) == 0
        assert run(["staff", "remove", "K7"]) == 0


def test_only_the_public_store_is_opened() -> None:
    run(["staff", "add", "K7"])
    assert not store_path(DATA, Side.PRIVATE).exists()
    assert store_path(DATA, Side.PUBLIC).exists()


def test_damaged_data_is_said_to_be_damaged(said: Said) -> None:
    DATA.mkdir()
    store_path(DATA, Side.PUBLIC).write_bytes(b"no database at all" * 100)
    for arguments in (["add", "K7"], ["list"], ["remove", "K7"]):
        assert run(["staff", *arguments]) == 1
        assert "no SQLite database" in said()[1]
