"""The tree against the recursive definitions of RFC 6962 §2.1, written down as they stand there."""

from collections.abc import Callable

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from compliance.tree import (
    EMPTY_ROOT,
    HASH_BYTES,
    Frontier,
    NodeAt,
    consistency_proof,
    inclusion_path,
    leaf_hash,
    node_hash,
    root_at,
    verify_consistency,
    verify_inclusion,
)


def hashed(prefix: int, *parts: bytes) -> bytes:
    return blake3(bytes([prefix]) + b"".join(parts)).digest()


def split(n: int) -> int:
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def mth(d: list[bytes]) -> bytes:
    if not d:
        return blake3(b"").digest()
    if len(d) == 1:
        return hashed(0, d[0])
    k = split(len(d))
    return hashed(1, mth(d[:k]), mth(d[k:]))


def path(m: int, d: list[bytes]) -> list[bytes]:
    if len(d) == 1:
        return []
    k = split(len(d))
    return [*path(m, d[:k]), mth(d[k:])] if m < k else [*path(m - k, d[k:]), mth(d[:k])]


def subproof(m: int, d: list[bytes], b: bool) -> list[bytes]:
    if m == len(d):
        return [] if b else [mth(d)]
    k = split(len(d))
    if m <= k:
        return [*subproof(m, d[:k], b), mth(d[k:])]
    return [*subproof(m - k, d[k:], False), mth(d[:k])]


class Grown:
    """A tree grown leaf by leaf, its completed nodes kept."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.leaves = leaves
        self.nodes = {(0, number): leaf_hash(leaf) for number, leaf in enumerate(leaves)}
        self.frontier = Frontier()
        for leaf in leaves:
            for level, place, hash_ in self.frontier.append(leaf):
                assert (level, place) not in self.nodes
                self.nodes[level, place] = hash_

    def node(self, level: int, place: int) -> bytes:
        return self.nodes[level, place]


logs = st.lists(st.binary(max_size=4), max_size=70)
some = st.data()


def size_in(data: st.DataObject, leaves: list[bytes], least: int = 0) -> int:
    return data.draw(st.integers(least, len(leaves)))


def test_the_hashes_are_those_of_the_page() -> None:
    assert leaf_hash(b"x") == hashed(0, b"x")
    assert node_hash(b"l", b"r") == hashed(1, b"l", b"r")
    assert EMPTY_ROOT == blake3().digest() == mth([])


@given(logs)
def test_a_frontier_gives_the_root_of_what_was_appended(leaves: list[bytes]) -> None:
    grown = Grown(leaves)
    assert grown.frontier.root() == mth(leaves)
    assert grown.frontier.size == len(leaves)


@given(logs)
def test_appending_completes_every_node_once_and_less_than_one_a_leaf(leaves: list[bytes]) -> None:
    grown = Grown(leaves)
    above = {key: value for key, value in grown.nodes.items() if key[0] > 0}
    assert len(above) == len(leaves) - len(leaves).bit_count()
    for (level, place), hash_ in above.items():
        assert hash_ == mth(leaves[place << level : (place + 1) << level])


@given(logs, some)
def test_the_root_of_any_earlier_size_comes_from_the_stored_nodes(leaves: list[bytes], data: st.DataObject) -> None:
    size = size_in(data, leaves)
    assert root_at(size, Grown(leaves).node) == mth(leaves[:size])


@given(logs, st.binary(max_size=4), some)
def test_a_frontier_taken_up_at_any_size_goes_on_as_if_never_left(
    leaves: list[bytes], leaf: bytes, data: st.DataObject
) -> None:
    size = size_in(data, leaves)
    again, unbroken = Frontier.at(size, Grown(leaves).node), Grown(leaves[:size]).frontier
    assert again.append(leaf) == unbroken.append(leaf)
    assert again.root() == unbroken.root() == mth([*leaves[:size], leaf])


@given(logs.filter(bool), some)
def test_an_inclusion_path_is_that_of_the_page_and_verifies(leaves: list[bytes], data: st.DataObject) -> None:
    size = size_in(data, leaves, least=1)
    number = data.draw(st.integers(0, size - 1))
    found = inclusion_path(number, size, Grown(leaves).node)
    assert list(found) == path(number, leaves[:size])
    assert verify_inclusion(leaves[number], number=number, size=size, root=mth(leaves[:size]), path=found)


@given(logs, some)
def test_a_consistency_proof_is_that_of_the_page_and_verifies(leaves: list[bytes], data: st.DataObject) -> None:
    size = size_in(data, leaves)
    since = data.draw(st.integers(0, size))
    proof = consistency_proof(since, size, Grown(leaves).node)
    assert list(proof) == (subproof(since, leaves[:size], True) if since else [])
    old, new = mth(leaves[:since]), mth(leaves[:size])
    assert verify_consistency(since=since, since_root=old, size=size, root=new, proof=proof)


@given(st.lists(st.binary(max_size=4), min_size=1, max_size=70, unique=True), some)
def test_a_path_proves_no_other_leaf_place_size_or_root(leaves: list[bytes], data: st.DataObject) -> None:
    size = size_in(data, leaves, least=1)
    number = data.draw(st.integers(0, size - 1))
    root, found = mth(leaves[:size]), inclusion_path(number, size, Grown(leaves).node)
    leaf = leaves[number]
    assert not verify_inclusion(leaf + b"!", number=number, size=size, root=root, path=found)
    assert not verify_inclusion(leaf, number=number, size=size, root=mth([*leaves[:size], b"!"]), path=found)
    assert not verify_inclusion(leaf, number=number, size=size, root=root, path=[*found, root])
    assert not verify_inclusion(leaf, number=number + size, size=size, root=root, path=found)
    assert not verify_inclusion(leaf, number=-1, size=size, root=root, path=found)
    if found:
        assert not verify_inclusion(leaf, number=number, size=size, root=root, path=found[:-1])
        assert not verify_inclusion(leaf, number=number ^ 1, size=max(size, number + 2), root=root, path=found)


@given(logs.filter(bool), some)
def test_another_history_has_no_consistency_proof(leaves: list[bytes], data: st.DataObject) -> None:
    since = size_in(data, leaves, least=1)
    changed = data.draw(st.integers(0, since - 1))
    other = [*leaves[:changed], leaves[changed] + b"!", *leaves[changed + 1 :]]
    size = size_in(data, leaves, least=since)
    proof = consistency_proof(since, size, Grown(other).node)
    new = mth(other[:size])
    assert not verify_consistency(since=since, since_root=mth(leaves[:since]), size=size, root=new, proof=proof)


hashes = st.binary(min_size=HASH_BYTES, max_size=HASH_BYTES)
garbage = st.lists(st.binary(max_size=40) | hashes, max_size=9)
numbers = st.integers(-3, 40) | st.integers()


@given(st.binary(max_size=8), numbers, numbers, st.binary(max_size=40), garbage)
def test_garbage_proves_no_inclusion(leaf: bytes, number: int, size: int, root: bytes, path: list[bytes]) -> None:
    assert not verify_inclusion(leaf, number=number, size=size, root=root, path=path)


@given(numbers, hashes, numbers, st.binary(max_size=40), garbage)
def test_garbage_proves_no_consistency(
    since: int, since_root: bytes, size: int, root: bytes, proof: list[bytes]
) -> None:
    assert not verify_consistency(since=since, since_root=since_root, size=size, root=root, proof=proof)


@pytest.mark.parametrize(("since", "size"), [(1, 2), (3, 4), (4, 7), (6, 7)])
def test_a_consistency_proof_that_is_empty_too_short_or_too_long_proves_nothing(since: int, size: int) -> None:
    leaves = [bytes([number]) for number in range(size)]
    old, new = mth(leaves[:since]), mth(leaves)
    proof = consistency_proof(since, size, Grown(leaves).node)
    for wrong in ((), proof[:-1], (*proof, new), (new, *proof), (*proof, b"short")):
        assert not verify_consistency(since=since, since_root=old, size=size, root=new, proof=wrong)


def test_what_began_empty_is_consistent_with_everything_but_a_log_that_is_empty_with_another_root() -> None:
    assert verify_consistency(since=0, since_root=EMPTY_ROOT, size=5, root=b"r" * 32, proof=())
    assert verify_consistency(since=0, since_root=EMPTY_ROOT, size=0, root=EMPTY_ROOT, proof=())
    assert not verify_consistency(since=0, since_root=EMPTY_ROOT, size=0, root=b"r" * 32, proof=())
    assert not verify_consistency(since=0, since_root=b"r" * 32, size=5, root=b"r" * 32, proof=())
    assert not verify_consistency(since=0, since_root=EMPTY_ROOT, size=5, root=b"r" * 32, proof=(EMPTY_ROOT,))


def test_the_same_size_with_the_same_root_needs_no_proof_and_takes_none() -> None:
    root = mth([b"a", b"b"])
    assert verify_consistency(since=2, since_root=root, size=2, root=root, proof=())
    assert not verify_consistency(since=2, since_root=root, size=2, root=root, proof=(root,))
    assert not verify_consistency(since=2, since_root=mth([b"a", b"c"]), size=2, root=root, proof=())


def test_a_leaf_cannot_be_passed_off_as_a_node_of_two() -> None:
    leaves = [b"a", b"b", b"c", b"d"]
    root = mth(leaves)
    forged = leaf_hash(b"a") + leaf_hash(b"b")
    assert not verify_inclusion(forged, number=0, size=2, root=root, path=[mth(leaves[2:])])


@pytest.mark.parametrize(("number", "size"), [(-1, 4), (4, 4), (0, 0)])
def test_there_is_no_path_from_a_leaf_that_is_not_there(number: int, size: int) -> None:
    with pytest.raises(ValueError, match="there is no leaf"):
        inclusion_path(number, size, Grown([b"x"] * 4).node)


@pytest.mark.parametrize(("since", "size"), [(-1, 4), (5, 4)])
def test_there_is_no_proof_since_a_size_that_never_was(since: int, size: int) -> None:
    with pytest.raises(ValueError, match="there are not"):
        consistency_proof(since, size, Grown([b"x"] * 4).node)


@pytest.mark.parametrize("size", [2**30, 2**30 - 1, 2**29 + 1, 987_654_321])
@pytest.mark.parametrize(
    "prove",
    [
        root_at,
        lambda size, node: inclusion_path(0, size, node),
        lambda size, node: inclusion_path(size - 1, size, node),
        lambda size, node: inclusion_path(size // 3, size, node),
        lambda size, node: consistency_proof(1, size, node),
        lambda size, node: consistency_proof(size - 1, size, node),
        lambda size, node: consistency_proof(size // 3, size, node),
    ],
)
def test_a_proof_in_a_huge_log_asks_for_few_nodes(size: int, prove: Callable[[int, NodeAt], object]) -> None:
    asked = 0

    def node(level: int, place: int) -> bytes:
        nonlocal asked
        assert (place + 1) << level <= size, "a node that is not complete"
        asked += 1
        return bytes(HASH_BYTES)

    prove(size, node)
    assert 0 < asked <= 2 * size.bit_length()
