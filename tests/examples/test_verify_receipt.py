"""The receipt verifier as a process: given logs that hutong wrote, and others that it did not."""

import ast
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from server.store.audit import Head, consistency, head_at, receipt
from tests.support.audit import CONTENT, OTHER, SALT, SUBMISSION, append, opened, public_store, verdict

SCRIPT = Path(__file__).parents[2] / "examples" / "verify_receipt.py"
OURS = {"benchmarks", "client", "compliance", "protocol", "server", "tests"}
AT, LEAVES = (2, 3, 9), 13  # Where the leaves about SUBMISSION are, of how many.

Receipt = dict[str, Any]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A public store whose log has LEAVES leaves."""
    path = public_store(tmp_path / "data")
    append(path, *(verdict(number, SUBMISSION if number in AT else OTHER) for number in range(LEAVES)))
    return path


def receipt_of(path: Path) -> Receipt:
    """Return what `hutong receipt --json` prints of SUBMISSION."""
    with opened(path) as connection:
        found = receipt(connection, SUBMISSION)
    return {
        "size": found.head.size,
        "root": found.head.root.hex(),
        "salt": SALT.hex(),
        "content": CONTENT.hex(),
        "verdicts": [
            {"number": each.number, "leaf": each.leaf.decode(), "path": [step.hex() for step in each.path]}
            for each in found.verdicts
        ],
    }


def proof_of(path: Path, since: int, size: int | None = None) -> Receipt:
    """Return what `hutong audit --since` prints."""
    with opened(path) as connection:
        found = consistency(connection, since, size)
    return {
        "size": found.head.size,
        "root": found.head.root.hex(),
        "consistency": [step.hex() for step in found.proof],
    }


def root_of(path: Path, size: int | None = None) -> Head:
    with opened(path) as connection:
        return head_at(connection, size)


def check(told: object, *arguments: str) -> tuple[int, str]:
    """Run the script on `told`; return its exit code and what it says."""
    said = told if isinstance(told, bytes) else json.dumps(told).encode()
    done = subprocess.run(
        [sys.executable, "-I", str(SCRIPT), *arguments], input=said, capture_output=True, timeout=60, check=False
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return done.returncode, done.stdout.decode() + done.stderr.decode()


@pytest.fixture
def against(path: Path, tmp_path: Path) -> Callable[..., list[str]]:
    """Return what gives the arguments for checking against a kept root, with or without a proof in a file."""

    def against(kept: Head, proof: object = None) -> list[str]:
        arguments = ["--size", str(kept.size), "--root", kept.root.hex()]
        if proof is None:
            return arguments
        file = tmp_path / "consistency.json"
        file.write_text(json.dumps(proof))
        return [*arguments, "--consistency", str(file)]

    return against


Against = Callable[..., list[str]]


def test_the_script_has_nothing_of_the_project() -> None:
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    roots = {name.split(".")[0] for name in imported}
    assert roots & OURS == set()
    assert roots - {"blake3"} <= sys.stdlib_module_names


def test_a_receipt_is_proven_leaf_by_leaf(path: Path) -> None:
    code, said = check(receipt_of(path))
    assert code == 0, said
    for number in AT:
        assert f"proven      leaf {number} is in that log: verdict allow check terms" in said
        assert f"proven      leaf {number} is about the text in this receipt" in said
    assert "WRONG" not in said


def test_it_says_what_a_receipt_alone_does_not_prove(path: Path) -> None:
    _, said = check(receipt_of(path))
    assert "not proven  that others are shown the same log" in said
    assert "not proven  that there are no more leaves about it" in said


def test_a_receipt_can_be_in_a_file(path: Path, tmp_path: Path) -> None:
    file = tmp_path / "receipt.json"
    file.write_text(json.dumps(receipt_of(path)))
    assert check(b"", str(file))[0] == 0


def test_without_the_text_the_leaves_are_still_proven(path: Path) -> None:
    told = receipt_of(path)
    del told["salt"], told["content"]
    code, said = check(told)
    assert code == 0
    assert "not proven  which text it is about" in said


def changed(told: Receipt, **fields: object) -> Receipt:
    return told | fields


def changed_leaf(told: Receipt, **fields: object) -> Receipt:
    first, *rest = told["verdicts"]
    return told | {"verdicts": [first | fields, *rest]}


WRONG: dict[str, tuple[Callable[[Receipt], object], str]] = {
    "another verdict": (
        lambda told: changed_leaf(told, leaf=told["verdicts"][0]["leaf"].replace("allow", "label")),
        "leaf 2: its path leads to another root",
    ),
    "another number": (lambda told: changed_leaf(told, number=3), "leaf 3: its path leads to another root"),
    "no such number": (lambda told: changed_leaf(told, number=13), "leaf 13: there is no leaf 13 in a log of 13"),
    "another root": (lambda told: changed(told, root="00" * 32), "its path leads to another root"),
    "another size": (lambda told: changed(told, size=40), "leaf 9: the path is too short"),
    "a longer path": (
        lambda told: changed_leaf(told, path=[*told["verdicts"][0]["path"], "00" * 32]),
        "the path is too long",
    ),
    "a shorter path": (lambda told: changed_leaf(told, path=[]), "the path is too short"),
    "a step that is none": (lambda told: changed_leaf(told, path=["00"]), "a step of the path is not of 32 bytes"),
    "a step in words": (lambda told: changed_leaf(told, path=["up"]), "a step of the path is not in hexadecimal"),
    "another text": (
        lambda told: changed(told, content=b"not this".hex()),
        "it is about another text than the one in this receipt",
    ),
    "another salt": (lambda told: changed(told, salt="00" * 32), "it is about another text"),
    "a salt that is none": (lambda told: changed(told, salt="00"), "the salt is not of 32 bytes"),
    "no leaves": (lambda told: changed(told, verdicts=[]), "the log says nothing about the submission"),
    "no verdicts": (lambda told: changed(told, verdicts=None), "there is no list as 'verdicts'"),
    "a verdict that is none": (lambda told: changed(told, verdicts=[3]), "a leaf: there is no number as 'number'"),
    "a number that is none": (lambda told: changed_leaf(told, number=True), "there is no number as 'number'"),
    "a leaf that is none": (lambda told: changed_leaf(told, leaf=3), "there is no text as 'leaf'"),
    "a leaf that is no text": (lambda told: changed_leaf(told, leaf="\ud800"), "there is no text as 'leaf'"),
    "no size": (lambda told: changed(told, size="13"), "there is no number as 'size'"),
    "no root": (lambda told: changed(told, root=None), "the root is not in hexadecimal"),
    "no object": (lambda told: [told], "- is no JSON object"),
    "no JSON": (lambda told: b"{", "- is no JSON"),
    "no text": (lambda told: b"\xff", "- cannot be read"),
    "too deep": (lambda told: b"[" * 100_000, "- is no JSON"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said_and_ends_with_1(path: Path, name: str) -> None:
    spoil, why = WRONG[name]
    code, said = check(spoil(receipt_of(path)))
    assert code == 1, said
    assert why in said


def test_a_leaf_of_a_log_that_is_about_no_text_is_not_passed_off_as_about_one(path: Path) -> None:
    told = receipt_of(path)
    leaf = b'{"at":1,"leaf":"staff\\u001b[2J"}'
    (alone,) = [{"number": 0, "leaf": leaf.decode(), "path": []}]
    root = root_of_one(leaf)
    code, said = check(told | {"size": 1, "root": root, "verdicts": [alone]})
    assert code == 1
    assert "proven      leaf 0 is in that log: staff?[2J" in said
    assert "WRONG       leaf 0: it is about another text" in said


def test_a_leaf_that_is_no_json_is_wrong_though_it_is_in_the_log(path: Path) -> None:
    told = receipt_of(path) | {"size": 1, "root": root_of_one(b"x")}
    code, said = check(told | {"verdicts": [{"number": 0, "leaf": "x", "path": []}]})
    assert code == 1
    assert "WRONG       leaf 0: it is no JSON" in said


def root_of_one(leaf: bytes) -> str:
    from compliance.tree import leaf_hash

    return leaf_hash(leaf).hex()


def test_a_file_that_is_not_there_is_said_not_to_be(tmp_path: Path) -> None:
    code, said = check(b"", str(tmp_path / "none.json"))
    assert code == 1
    assert "none.json cannot be read" in said


@pytest.mark.parametrize("since", [1, 5, 8, 12])
def test_the_log_is_proven_to_have_only_grown_since_the_kept_root(path: Path, against: Against, since: int) -> None:
    code, said = check(receipt_of(path), *against(root_of(path, since), proof_of(path, since)))
    assert code == 0, said
    assert f"proven      it is the log of which you kept the root of {since} leaves, and only grew" in said
    assert "not proven  that others" not in said


def test_the_same_root_needs_no_proof(path: Path, against: Against) -> None:
    assert check(receipt_of(path), *against(root_of(path)))[0] == 0


def test_since_an_empty_log_nothing_needs_proof(path: Path, against: Against) -> None:
    assert check(receipt_of(path), *against(root_of(path, 0)))[0] == 0
    code, said = check(receipt_of(path), *against(Head(0, bytes(32))))
    assert code == 1
    assert "a log without leaves has another root" in said


def test_an_old_receipt_is_proven_against_a_newer_root(path: Path, against: Against) -> None:
    old = receipt_of(path)
    newer = append(path, verdict(99), verdict(100))
    assert check(old, *against(newer, proof_of(path, LEAVES)))[0] == 0


def test_a_kept_root_without_a_proof_is_not_proven(path: Path, against: Against) -> None:
    code, said = check(receipt_of(path), *against(root_of(path, 5)))
    assert code == 1
    assert "that takes a proof from 5 leaves to 13: give it with --consistency" in said


def test_another_root_of_the_same_size_is_another_log(path: Path, against: Against) -> None:
    code, said = check(receipt_of(path), *against(Head(LEAVES, bytes(32))))
    assert code == 1
    assert "at the same size it has another root than you kept" in said


BAD_PROOFS: dict[str, tuple[Callable[[Receipt], Receipt], str]] = {
    "of another day": (lambda proof: proof | {"size": 12}, "is not up to the log of 13 leaves"),
    "empty": (lambda proof: proof | {"consistency": []}, "the proof is empty"),
    "too short": (lambda proof: proof | {"consistency": proof["consistency"][:-1]}, "the proof is too short"),
    "too long": (lambda proof: proof | {"consistency": proof["consistency"] * 2}, "the proof is too long"),
    "of another log": (
        lambda proof: proof | {"consistency": [proof["root"], *proof["consistency"][1:]]},
        "the log does not begin with the leaves that the root you kept stands for",
    ),
    "none": (lambda proof: {}, "there is no number as 'size'"),
}


@pytest.mark.parametrize("name", BAD_PROOFS)
@pytest.mark.parametrize("since", [5, 4])
def test_a_proof_that_does_not_lead_there_proves_nothing(path: Path, against: Against, name: str, since: int) -> None:
    spoil, why = BAD_PROOFS[name]
    code, said = check(receipt_of(path), *against(root_of(path, since), spoil(proof_of(path, since))))
    assert code == 1, said
    assert why in said


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--size", "3"], "--size and --root belong together"),
        (["--consistency", "x.json"], "give it with --size and --root"),
        (["--size", "three", "--root", "00"], "--size"),
    ],
)
def test_a_wrong_command_line_ends_with_2(arguments: list[str], why: str) -> None:
    code, said = check(b"", *arguments)
    assert code == 2
    assert why in said


def test_a_root_on_the_command_line_that_is_none_is_wrong(path: Path) -> None:
    code, said = check(receipt_of(path), "--size", "3", "--root", "00")
    assert code == 1
    assert "--root is not of 32 bytes" in said
