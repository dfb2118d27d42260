"""The audit log as a Merkle tree: roots and proofs of the shape of RFC 6962 §2.1, over BLAKE3 instead of SHA-256.

Nodes are named by (level, place): node (0, i) is leaf i, node (l, i) stands over the 2**l leaves from i * 2**l on.
Only complete nodes are ever asked for, so what is stored never changes; what a tree that is no power of two large has
on its right edge is computed from O(log n) of them.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from blake3 import blake3

HASH_BYTES = 32
LEAF, NODE = b"\x00", b"\x01"  # RFC 6962 §2.1: so that no leaf can be passed off as a node, nor a node as a leaf.
EMPTY_ROOT = blake3(b"").digest()

NodeAt = Callable[[int, int], bytes]  # The hash of the complete node (level, place).


class Node(NamedTuple):
    """A complete node. `level` 1 stands over two leaves."""

    level: int
    place: int
    hash: bytes


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of the leaf that says `leaf`."""
    return blake3(LEAF + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of the node over these two."""
    return blake3(NODE + left + right).digest()


class Frontier:
    """The right edge of a growing tree: all that appending needs to know, one hash for each bit set in `size`."""

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        self._size = size
        self._peaks = list(peaks)  # The largest first.

    @classmethod
    def at(cls, size: int, node: NodeAt) -> "Frontier":
        """Return the right edge of the first `size` leaves of a tree of which the nodes are known."""
        peaks, start = [], 0
        for level in reversed(range(size.bit_length())):
            if size >> level & 1:
                peaks.append(node(level, start >> level))
                start += 1 << level
        return cls(size, peaks)

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return self._size

    def append(self, leaf: bytes) -> list[Node]:
        """Append `leaf`; return the nodes above the leaves that it completes, lowest first: one a leaf on average."""
        place, hashed, completed = self._size, leaf_hash(leaf), []
        level = 0
        while place & 1:
            hashed = node_hash(self._peaks.pop(), hashed)
            level, place = level + 1, place >> 1
            completed.append(Node(level, place, hashed))
        self._peaks.append(hashed)
        self._size += 1
        return completed

    def root(self) -> bytes:
        """Return the root of the tree as it is."""
        if not self._peaks:
            return EMPTY_ROOT
        hashed = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            hashed = node_hash(peak, hashed)
        return hashed


def root_at(size: int, node: NodeAt) -> bytes:
    """Return the root of the tree of the first `size` leaves: MTH(D[size]) in RFC 6962 §2.1."""
    return Frontier.at(size, node).root()


def inclusion_path(number: int, size: int, node: NodeAt) -> tuple[bytes, ...]:
    """Return what leads from leaf `number` to the root of the first `size` leaves: PATH(m, D[n]) of RFC 6962 §2.1.1.

    Raises:
        ValueError: There is no such leaf in a tree of this size.
    """
    if not 0 <= number < size:
        raise ValueError(f"there is no leaf {number} among the first {size}")
    start, end, path = 0, size, []
    while end - start > 1:
        middle = start + _left_of(end - start)
        if number < middle:
            path.append(_hash_over(middle, end, node))
            end = middle
        else:
            path.append(_hash_over(start, middle, node))
            start = middle
    return tuple(reversed(path))


def consistency_proof(since: int, size: int, node: NodeAt) -> tuple[bytes, ...]:
    """Return proof that the first `since` leaves are the same in the tree of `size`: PROOF(m, D[n]) of RFC 6962 §2.1.2.

    Of nothing, and of the whole, there is nothing to prove: it is empty.

    Raises:
        ValueError: The tree of `size` leaves does not have `since`.
    """
    if not 0 <= since <= size:
        raise ValueError(f"there are not {since} leaves among the first {size}")
    if since in {0, size}:
        return ()
    start, end, proof = 0, size, []
    while since != end:
        middle = start + _left_of(end - start)
        if since <= middle:
            proof.append(_hash_over(middle, end, node))
            end = middle
        else:
            proof.append(_hash_over(start, middle, node))
            start = middle
    if start:  # From 0 on it is the old tree whole, whose root the verifier has.
        proof.append(_hash_over(start, end, node))
    return tuple(reversed(proof))


def verify_inclusion(leaf: bytes, *, number: int, size: int, root: bytes, path: Sequence[bytes]) -> bool:
    """Say whether `path` proves `leaf` to be number `number` of `size` leaves with this `root` (RFC 9162 §2.1.3.2)."""
    if not 0 <= number < size or not _are_hashes(path):
        return False
    at, last, hashed = number, size - 1, leaf_hash(leaf)
    for beside in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            hashed = node_hash(beside, hashed)
            at, last = _up_to_a_right_one(at, last)
        else:
            hashed = node_hash(hashed, beside)
        at, last = at >> 1, last >> 1
    return last == 0 and hashed == root


def verify_consistency(*, since: int, since_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Say whether `proof` proves that `size` leaves with `root` begin with the `since` that have `since_root`.

    RFC 9162 §2.1.4.2. What began empty is consistent with everything.
    """
    if not 0 <= since <= size or not _are_hashes(proof):
        return False
    if since == 0:
        return not proof and since_root == EMPTY_ROOT and (size > 0 or root == EMPTY_ROOT)
    if since == size:
        return not proof and since_root == root
    if not proof:
        return False
    steps = [since_root, *proof] if since & since - 1 == 0 else list(proof)  # A power of two is a node of the new tree.
    at, last = since - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = steps[0]
    for beside in steps[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old, new = node_hash(beside, old), node_hash(beside, new)
            at, last = _up_to_a_right_one(at, last)
        else:
            new = node_hash(new, beside)
        at, last = at >> 1, last >> 1
    return last == 0 and old == since_root and new == root


def _left_of(width: int) -> int:
    """Return the largest power of two smaller than `width`, which is at least 2 (RFC 6962 §2.1)."""
    return 1 << (width - 1).bit_length() - 1


def _hash_over(start: int, end: int, node: NodeAt) -> bytes:
    """Return the hash over the leaves from `start` up to `end`, where a split of the tree has put `start`."""
    width = end - start
    if width & width - 1 == 0:
        level = width.bit_length() - 1
        return node(level, start >> level)
    middle = start + _left_of(width)
    return node_hash(_hash_over(start, middle, node), _hash_over(middle, end, node))


def _are_hashes(proof: Sequence[bytes]) -> bool:
    """Say whether all are of a hash's length: of others, two could be cut differently out of the same bytes."""
    return all(len(each) == HASH_BYTES for each in proof)


def _up_to_a_right_one(at: int, last: int) -> tuple[int, int]:
    """Leave out the levels at which `at` is the last one and has nothing beside it."""
    while at and not at & 1:
        at, last = at >> 1, last >> 1
    return at, last
