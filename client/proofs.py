"""Proofs about the audit log, checked: that a leaf is in it, and that it only grew (RFC 6962 §2.1, with BLAKE3).

Values in, yes or no out. Written from the RFC (the checking as RFC 9162 §2.1.3.2 and §2.1.4.2 describe it), not from
the server's code: it is here to disagree with it.
"""

from collections.abc import Sequence

from blake3 import blake3


def is_included(leaf: bytes, number: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Say whether `path` proves that `leaf` is leaf `number` (from 0) of the log of `size` leaves with this `root`."""
    if not 0 <= number < size:
        return False
    position, last, node = number, size - 1, blake3(b"\x00" + leaf).digest()
    for sibling in path:
        if last == 0:
            return False
        if position % 2 or position == last:
            node = _joined(sibling, node)
            while not position % 2 and position:
                position, last = position // 2, last // 2
        else:
            node = _joined(node, sibling)
        position, last = position // 2, last // 2
    return last == 0 and node == root


def is_consistent(old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Say whether `proof` proves that a log of `size` leaves begins with the `old_size` leaves that had `old_root`."""
    if old_size > size:
        return False
    if old_size == size:
        return old_root == root and not proof
    if old_size == 0:
        return not proof  # Everything begins with nothing.
    nodes = list(proof)
    if old_size & (old_size - 1) == 0:
        nodes.insert(0, old_root)
    position, last = old_size - 1, size - 1
    while position % 2:
        position, last = position // 2, last // 2
    if not nodes:
        return False
    old = new = nodes[0]
    for node in nodes[1:]:
        if last == 0:
            return False
        if position % 2 or position == last:
            old, new = _joined(node, old), _joined(node, new)
            while not position % 2 and position:
                position, last = position // 2, last // 2
        else:
            new = _joined(new, node)
        position, last = position // 2, last // 2
    return last == 0 and old == old_root and new == root


def _joined(left: bytes, right: bytes) -> bytes:
    return blake3(b"\x01" + left + right).digest()
