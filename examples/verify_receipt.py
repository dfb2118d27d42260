#!/usr/bin/env python3
"""Check a receipt of a hutong server without trusting the server, and without any of its code.

A receipt holds what the server's audit log says about something you submitted for publication. The log is a Merkle
tree of the shape of RFC 6962 over BLAKE3; this script needs `pip install blake3` and nothing else.

    hutong receipt SUBMISSION --json > receipt.json
    python verify_receipt.py receipt.json

To find out whether the log was changed since another day, keep a root of it (`hutong audit`, or `hutongd audit root`)
and ask for a proof that it has only grown since. It must be up to the log of the receipt: ask for both together.

    python verify_receipt.py receipt.json --size 1200 --root 4be1... --consistency consistency.json

Exit codes: 0 everything that was asked for is proven; 1 something is not, or is wrong; 2 the command line is wrong.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from blake3 import blake3

HASH_BYTES = 32


class Wrong(Exception):  # noqa: N818 - it is what the script says.
    """Something is not as it was said to be; the message says what."""


def leaf_hash(leaf: bytes) -> bytes:
    """RFC 6962 §2.1: a leaf is hashed behind a zero byte."""
    return blake3(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """RFC 6962 §2.1: a node is hashed behind a one byte."""
    return blake3(b"\x01" + left + right).digest()


def root_by_inclusion(leaf: bytes, number: int, size: int, path: list[bytes]) -> bytes:
    """Return the root that `path` leads to from leaf `number` of `size` (RFC 9162 §2.1.3.2)."""
    if not 0 <= number < size:
        raise Wrong(f"there is no leaf {number} in a log of {size}")
    fn, sn, r = number, size - 1, leaf_hash(leaf)
    for p in path:
        if sn == 0:
            raise Wrong("the path is too long")
        if fn & 1 or fn == sn:
            r = node_hash(p, r)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node_hash(r, p)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0:
        raise Wrong("the path is too short")
    return r


def roots_by_consistency(first: int, first_root: bytes, second: int, proof: list[bytes]) -> tuple[bytes, bytes]:
    """Return the roots of `first` and of `second` leaves that `proof` leads to (RFC 9162 §2.1.4.2)."""
    if not 0 < first < second:
        raise Wrong(f"a log of {first} leaves did not grow to one of {second}")
    if not proof:
        raise Wrong("the proof is empty")
    steps = [first_root, *proof] if first & (first - 1) == 0 else proof
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = steps[0]
    for c in steps[1:]:
        if sn == 0:
            raise Wrong("the proof is too long")
        if fn & 1 or fn == sn:
            fr, sr = node_hash(c, fr), node_hash(c, sr)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, c)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0:
        raise Wrong("the proof is too short")
    return fr, sr


def check_leaf(verdict: dict[str, Any], size: int, root: bytes) -> str:
    """Check that one leaf is in the log; return in a few words what it says."""
    number, leaf = whole(verdict, "number"), text(verdict, "leaf")
    path = [as_hash(step, "a step of the path") for step in several(verdict, "path")]
    if root_by_inclusion(leaf.encode(), number, size, path) != root:
        raise Wrong("its path leads to another root: the log of this root does not have it")
    says = as_object(leaf, "it")
    words = (says.get(key) for key in ("verdict", "failure", "kind", "ground", "hook", "by", "topic", "seq"))
    line = " ".join([str(says.get("leaf")), *(str(word) for word in words if word is not None)])
    return "".join(each if each.isprintable() else "?" for each in line)  # The server's words, on your terminal.


def check_commitment(leaf: str, salt: bytes, content: bytes) -> None:
    """Check that a leaf is about `content` and no other text."""
    if as_object(leaf, "it").get("commitment") != blake3(content, key=salt).hexdigest():
        raise Wrong("it is about another text than the one in this receipt")


def check_history(size: int, root: bytes, kept_size: int, kept_root: bytes, proof: dict[str, Any] | None) -> None:
    """Check that the log of the receipt and the one whose root was kept are one log, at two times."""
    (first, first_root), (second, second_root) = sorted([(size, root), (kept_size, kept_root)], key=lambda it: it[0])
    if first == second:
        if first_root != second_root:
            raise Wrong("at the same size it has another root than you kept: it is another log, or was changed")
        return
    if first == 0:
        if first_root != blake3(b"").digest():
            raise Wrong("a log without leaves has another root than you kept")
        return
    if proof is None:
        raise Wrong(f"that takes a proof from {first} leaves to {second}: give it with --consistency")
    if (whole(proof, "size"), as_hash(proof.get("root"), "the root")) != (second, second_root):
        raise Wrong(f"the proof in --consistency is not up to the log of {second} leaves: ask for both together")
    steps = [as_hash(step, "a step of the proof") for step in several(proof, "consistency")]
    if roots_by_consistency(first, first_root, second, steps) != (first_root, second_root):
        raise Wrong("the log does not begin with the leaves that the root you kept stands for: it was changed")


def report(receipt: dict[str, Any], arguments: argparse.Namespace) -> bool:
    """Check everything there is to check, say what comes of it, and return whether all was well."""
    size, root = whole(receipt, "size"), as_hash(receipt.get("root"), "the root")
    verdicts = several(receipt, "verdicts")
    salt, content = receipt.get("salt"), receipt.get("content")
    well = True
    print(f"The log has {size} leaves and the root {root.hex()}.")
    if not verdicts:
        print("NOTHING     is in this receipt: the log says nothing about the submission, or the server hides it")
        well = False
    for verdict in verdicts:
        name = "a leaf"
        try:
            name = f"leaf {whole(verdict, 'number')}"
            print(f"proven      {name} is in that log: {check_leaf(verdict, size, root)}")
            if salt is not None and content is not None:
                check_commitment(text(verdict, "leaf"), as_hash(salt, "the salt"), as_bytes(content, "the content"))
                print(f"proven      {name} is about the text in this receipt")
        except Wrong as wrong:
            print(f"WRONG       {name}: {wrong}")
            well = False
    if salt is None or content is None:
        print("not proven  which text it is about: there is no salt and content (any more) in this receipt")
    if arguments.root is None:
        print("not proven  that others are shown the same log, and that it is still what it was: keep this root, and")
        print("            give it next time with --size and --root; compare it with what others were shown")
    else:
        kept_root = as_hash(arguments.root, "--root")
        proof = None if arguments.consistency is None else load(arguments.consistency)
        try:
            check_history(size, root, arguments.size, kept_root, proof)
            print(f"proven      it is the log of which you kept the root of {arguments.size} leaves, and only grew")
        except Wrong as wrong:
            print(f"WRONG       {wrong}")
            well = False
    print("not proven  that there are no more leaves about it than these, nor that what they say was right:")
    print("            a log shows what was decided and that it was not changed afterwards; that is all it shows")
    return well


def load(name: str) -> dict[str, Any]:
    """Return the JSON object in the file `name`, or on stdin for `-`."""
    try:
        source = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        return as_object(source.decode("utf-8"), name)
    except (OSError, UnicodeDecodeError) as error:
        raise Wrong(f"{name} cannot be read: {error}") from error


def as_object(source: str, what: str) -> dict[str, Any]:
    """Return the JSON object that `source` is."""
    try:
        found = json.loads(source)
    except (ValueError, RecursionError) as error:
        raise Wrong(f"{what} is no JSON") from error
    if not isinstance(found, dict):
        raise Wrong(f"{what} is no JSON object")
    return found


def whole(where: object, key: str) -> int:
    """Return the whole number that `where` has as `key`."""
    if not isinstance(where, dict) or type(where.get(key)) is not int:
        raise Wrong(f"there is no number as {key!r}")
    return int(where[key])


def text(where: dict[str, Any], key: str) -> str:
    """Return the text that `where` has as `key`."""
    found = where.get(key)
    if not isinstance(found, str) or any("\ud800" <= each <= "\udfff" for each in found):  # No UTF-8 has these.
        raise Wrong(f"there is no text as {key!r}")
    return found


def several(where: dict[str, Any], key: str) -> list[Any]:
    """Return the list that `where` has as `key`."""
    if not isinstance(where.get(key), list):
        raise Wrong(f"there is no list as {key!r}")
    return list(where[key])


def as_bytes(value: object, what: str) -> bytes:
    """Return the bytes that `value` is in hexadecimal."""
    try:
        return bytes.fromhex(str(value))
    except ValueError as error:
        raise Wrong(f"{what} is not in hexadecimal") from error


def as_hash(value: object, what: str) -> bytes:
    """Return the hash that `value` is in hexadecimal."""
    found = as_bytes(value, what)
    if len(found) != HASH_BYTES:
        raise Wrong(f"{what} is not of {HASH_BYTES} bytes")
    return found


def main() -> int:
    """Read the command line and the files; return the exit code."""
    parser = argparse.ArgumentParser(description="Check a receipt of a hutong server.")
    parser.add_argument("receipt", nargs="?", default="-", help="the receipt as JSON; stdin when left out")
    parser.add_argument("--size", type=int, help="how many leaves the log had when you kept its root")
    parser.add_argument("--root", help="the root that you kept, in hexadecimal")
    parser.add_argument("--consistency", metavar="FILE", help="proof that the log has only grown, as JSON")
    arguments = parser.parse_args()
    if (arguments.size is None) is not (arguments.root is None):
        parser.error("--size and --root belong together")
    if arguments.consistency is not None and arguments.root is None:
        parser.error("--consistency proves something about a root that you kept: give it with --size and --root")
    try:
        well = report(load(arguments.receipt), arguments)
    except Wrong as wrong:
        print(f"WRONG       {wrong}")
        well = False
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
