"""Proofs about the audit log, against trees built as RFC 6962 defines them."""

import pytest

from client.proofs import is_consistent, is_included
from tests.client.fake_public import consistency, path, root

LEAVES = [b"leaf %d" % number for number in range(33)]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7, 8, 9, 31, 32, 33])
def test_every_leaf_of_a_log_is_proven_to_be_in_it(size: int) -> None:
    log = LEAVES[:size]
    assert all(is_included(log[number], number, size, path(log, number), root(log)) for number in range(size))


@pytest.mark.parametrize("size", [1, 2, 5, 8, 13])
def test_no_other_leaf_number_path_or_root_is(size: int) -> None:
    log = LEAVES[:size]
    for number in range(size):
        proof = path(log, number)
        assert not is_included(b"other", number, size, proof, root(log))
        assert not is_included(log[number], number, size, proof, root([*log, b"more"]))
        assert not is_included(log[number], number, size, [*proof, b"x" * 32], root(log))
        assert not any(
            is_included(log[number], other, size, proof, root(log)) for other in range(size) if other != number
        )
        if proof:
            assert not is_included(log[number], number, size, proof[:-1], root(log))
    assert not is_included(log[0], size, size, [], root(log))


@pytest.mark.parametrize("size", range(1, 34))
def test_a_log_that_only_grew_is_proven_to_have(size: int) -> None:
    log = LEAVES[:size]
    for old in range(1, size + 1):
        assert is_consistent(old, root(log[:old]), size, root(log), consistency(log, old))


@pytest.mark.parametrize("size", [2, 3, 8, 9, 13])
def test_a_log_that_was_changed_cut_or_forked_is_not(size: int) -> None:
    log = LEAVES[:size]
    changed = [b"changed", *log[1:]]
    for old in range(1, size):
        assert not is_consistent(old, root(log[:old]), size, root(changed), consistency(changed, old))
        assert not is_consistent(old, root(log[:old]), size, root(log), consistency(log, old)[:-1])
        assert not is_consistent(old, root(log[:old]), size, root(log), [*consistency(log, old), b"x" * 32])
        assert not is_consistent(size, root(log), old, root(log[:old]), [])
    assert not is_consistent(size, root(log), size, root(changed), [])


def test_every_log_begins_with_nothing() -> None:
    assert is_consistent(0, root([]), 3, root(LEAVES[:3]), [])
    assert not is_consistent(0, root([]), 3, root(LEAVES[:3]), [b"x" * 32])
