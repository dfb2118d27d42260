"""`hutongd audit` as an operator types it: what comes out, where, and with which exit code."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from compliance.tree import EMPTY_ROOT, verify_consistency, verify_inclusion
from protocol.entries import Side
from server.commands.audit import audit
from server.commands.program import program, run
from server.config import Config
from server.store.audit import Head, head_at
from server.store.sqlite import SqliteStore, store_path
from tests.support.audit import (
    OTHER,
    SUBMISSION,
    append,
    behind_its_back,
    history,
    opened,
    public_store,
    rewrite,
    verdict,
)

SIZE = 7


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test runs in a directory of its own, without settings in the environment."""
    monkeypatch.chdir(tmp_path)
    for section in Config.__struct_fields__:
        monkeypatch.delenv(f"HUTONG_{section.upper()}_DATA", raising=False)
    monkeypatch.delenv("HUTONG_CONFIG", raising=False)
    monkeypatch.setitem(program.commands, "audit", audit)


@pytest.fixture
def head() -> Head:
    """A log of SIZE leaves in ./hutong-data, the last about OTHER; its size and root."""
    path = public_store(Path("hutong-data"))
    return append(path, *map(verdict, range(SIZE - 1)), verdict(1_406_800_000_000, OTHER))


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[[], tuple[str, str]]:
    """Return what has been written to stdout and to stderr since it was last asked."""

    def said() -> tuple[str, str]:
        captured = capsys.readouterr()
        return captured.out, captured.err

    return said


Said = Callable[[], tuple[str, str]]


def public() -> Path:
    return store_path(Path("hutong-data"), Side.PUBLIC)


def tamper() -> None:
    """Change a leaf, and everything that would tell, but for a root that somebody has kept."""
    filed = history(public())
    at, kind, submission, leaf = filed[2]
    filed[2] = (at, kind, submission, leaf.replace(b"allow", b"label"))
    behind_its_back(public(), lambda connection: rewrite(connection, filed))


def test_root_prints_what_verify_takes(head: Head, said: Said) -> None:
    assert run(["audit", "root"]) == 0
    out, err = said()
    assert out == f"--size {SIZE} --root {head.root.hex()}\n"
    assert err == ""
    assert run(["audit", "verify", *out.split()]) == 0


def test_root_is_one_object_for_programs(head: Head, said: Said) -> None:
    assert run(["audit", "root", "--json"]) == 0
    assert json.loads(said()[0]) == {"size": SIZE, "root": head.root.hex()}


def test_the_root_of_a_log_without_leaves_is_that_of_nothing(said: Said) -> None:
    public_store(Path("hutong-data"))
    assert run(["audit", "root", "--json"]) == 0
    assert json.loads(said()[0]) == {"size": 0, "root": EMPTY_ROOT.hex()}


def test_verify_of_an_untouched_log_ends_with_0_and_says_what_it_cannot_know(head: Head, said: Said) -> None:
    assert run(["audit", "verify"]) == 0
    out, err = said()
    assert out == ""
    assert "hutong-data: 7 leaves, nothing found, against itself only" in err


def test_verify_against_a_kept_root_says_against_which(head: Head, said: Said) -> None:
    assert run(["audit", "verify", "--size", str(SIZE), "--root", head.root.hex().upper()]) == 0
    assert "nothing found, against a root of 7 leaves" in said()[1]


def test_verify_ends_with_1_and_a_sentence_for_what_it_finds(head: Head, said: Said) -> None:
    behind_its_back(public(), lambda connection: connection.execute("UPDATE leaves SET at = 9 WHERE number = 2"))
    assert run(["audit", "verify"]) == 1
    out, err = said()
    assert out == "leaf 2 is filed under something else than it says\n"
    assert "7 leaves, 1 found" in err
    assert run(["audit", "verify", "--json"]) == 1
    out, err = said()
    assert json.loads(out) == {
        "data": "hutong-data",
        "size": 7,
        "findings": ["leaf 2 is filed under something else than it says"],
    }
    assert err == ""


def test_a_log_rewritten_as_a_whole_is_found_by_the_kept_root_alone(head: Head, said: Said) -> None:
    tamper()
    assert run(["audit", "verify"]) == 0
    assert run(["audit", "verify", "--size", str(SIZE), "--root", head.root.hex()]) == 1
    assert "do not have the root that was kept" in said()[0]


@pytest.mark.parametrize("number", [0, 3, 6])
@pytest.mark.parametrize("size", [None, 7])
def test_prove_gives_a_leaf_with_its_proof(head: Head, said: Said, number: int, size: int | None) -> None:
    assert run(["audit", "prove", str(number), *([] if size is None else ["--size", str(size)])]) == 0
    told = json.loads(said()[0])
    (proven,) = told["verdicts"]
    assert (told["size"], bytes.fromhex(told["root"]), proven["number"]) == (SIZE, head.root, number)
    path = [bytes.fromhex(step) for step in proven["path"]]
    assert verify_inclusion(proven["leaf"].encode(), number=number, size=SIZE, root=head.root, path=path)


def test_prove_of_an_earlier_size_is_for_the_root_of_then(head: Head, said: Said) -> None:
    with opened(public()) as connection:
        then = head_at(connection, 4)
    assert run(["audit", "prove", "3", "--size", "4"]) == 0
    assert json.loads(said()[0])["root"] == then.root.hex()


@pytest.mark.parametrize(("since", "size"), [(3, None), (3, 5), (0, None), (7, None)])
def test_prove_since_proves_that_the_log_has_only_grown(head: Head, said: Said, since: int, size: int | None) -> None:
    with opened(public()) as connection:
        old, new = head_at(connection, since), head_at(connection, size)
    assert run(["audit", "prove", "--since", str(since), *([] if size is None else ["--size", str(size)])]) == 0
    told = json.loads(said()[0])
    assert (told["since"], told["size"], told["root"]) == (since, new.size, new.root.hex())
    proof = [bytes.fromhex(step) for step in told["consistency"]]
    assert verify_consistency(since=since, since_root=old.root, size=new.size, root=new.root, proof=proof)


def test_prove_is_one_line_for_programs_and_readable_without(head: Head, said: Said) -> None:
    assert run(["audit", "prove", "3", "--json"]) == 0
    line = said()[0]
    assert run(["audit", "prove", "3"]) == 0
    readable = said()[0]
    assert line.count("\n") == 1 < readable.count("\n")
    assert json.loads(line) == json.loads(readable)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["prove", "7"], "there is no leaf 7 among the first 7 of the audit log"),
        (["prove", "3", "--size", "3"], "there is no leaf 3 among the first 3"),
        (["prove", "3", "--size", "8"], "the audit log has 7 leaves, not 8"),
        (["prove", "--since", "8"], "the audit log has 7 leaves, not 8"),
    ],
)
def test_what_the_log_never_had_cannot_be_proven(head: Head, said: Said, arguments: list[str], why: str) -> None:
    assert run(["audit", *arguments]) == 1
    out, err = said()
    assert out == ""
    assert f"hutongd: {why}" in err


def test_a_proof_over_what_is_missing_says_what_to_do(head: Head, said: Said) -> None:
    behind_its_back(public(), lambda connection: connection.execute("DELETE FROM nodes"))
    assert run(["audit", "root"]) == 1
    assert "run `hutongd audit verify`" in said()[1]


def test_show_prints_the_last_leaves_a_line_each(head: Head, said: Said) -> None:
    assert run(["audit", "show", "--limit", "2"]) == 0
    first, second = said()[0].splitlines()
    assert first == f"5  1970-01-01T00:00:00.005+00:00  {verdict(5).says.decode()}"
    assert second == f"6  2014-07-31T09:46:40.000+00:00  {verdict(1_406_800_000_000, OTHER).says.decode()}"


def test_show_can_be_limited_to_a_submission(head: Head, said: Said) -> None:
    assert run(["audit", "show", "--submission", OTHER, "--json"]) == 0
    leaf = verdict(1_406_800_000_000, OTHER).says.decode()
    assert json.loads(said()[0]) == {"leaves": [{"number": 6, "leaf": leaf}]}
    assert run(["audit", "show", "--submission", SUBMISSION]) == 0
    assert len(said()[0].splitlines()) == 6


def test_show_prints_also_what_hutong_never_wrote(head: Head, said: Said) -> None:
    behind_its_back(
        public(),
        lambda connection: connection.execute("UPDATE leaves SET at = ?, leaf = x'ff41' WHERE number = 6", (2**62,)),
    )
    assert run(["audit", "show", "--limit", "1"]) == 0
    assert said()[0] == f"6  {2**62}  \ufffdA\n"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["verify", "--size", "3"], "--size and --root belong together"),
        (["verify", "--root", "00" * 32], "--size and --root belong together"),
        (["verify", "--size", "3", "--root", "beef"], "a root is 64 hexadecimal digits"),
        (["verify", "--size", "3", "--root", "x" * 64], "a root is 64 hexadecimal digits"),
        (["verify", "--size", "-3", "--root", "00" * 32], "-3"),
        (["prove"], "say either the NUMBER of a leaf, or --since"),
        (["prove", "3", "--since", "2"], "say either the NUMBER of a leaf, or --since"),
        (["show", "--limit", "0"], "--limit"),
        (["erase"], "No such command"),
    ],
)
def test_a_wrong_command_line_ends_with_2_and_says_why(head: Head, said: Said, arguments: list[str], why: str) -> None:
    assert run(["audit", *arguments]) == 2
    assert why in said()[1]


ALL = [["verify"], ["root"], ["prove", "0"], ["prove", "--since", "0"], ["show"]]


@pytest.mark.parametrize("arguments", ALL)
def test_where_there_is_no_public_store_that_is_said(said: Said, arguments: list[str]) -> None:
    SqliteStore.open(Path("other"), Side.PRIVATE).close()
    assert run(["audit", *arguments, "--data", "other"]) == 1
    out, err = said()
    assert out == ""
    assert err == "hutongd: there is no audit log in other: no server with a public side has run on it yet\n"


@pytest.mark.parametrize("arguments", ALL)
def test_the_data_directory_can_come_from_the_configuration(head: Head, said: Said, arguments: list[str]) -> None:
    Path("hutong.toml").write_text('[server]\ndata = "moved"')
    Path("hutong-data").rename("moved")
    assert run(["audit", *arguments, "--config", "hutong.toml"]) == 0


@pytest.mark.parametrize("arguments", ALL)
def test_a_damaged_store_is_said_to_be_damaged(head: Head, said: Said, arguments: list[str]) -> None:
    public().write_bytes(public().read_bytes()[:3000])
    assert run(["audit", *arguments]) == 1
    assert "restore a backup" in said()[1]


def test_verify_runs_beside_a_writer(head: Head, said: Said) -> None:
    with opened(public()) as connection:
        connection.execute("BEGIN IMMEDIATE")
        assert run(["audit", "verify", "--size", str(SIZE), "--root", head.root.hex()]) == 0
        connection.execute("ROLLBACK")
