"""What people type for ids: the beginning of one, among those this device has shown."""

from collections.abc import Iterator

import pytest

from client.cache import Cache
from client.references import KEPT, LEAST_CHARS, References, Shape
from protocol.entries import Side

ONE, OTHER, AWAY = "abcdefghijklmnop", "abcdefgzzzzzzzzz", "qrstuvwxyzabcdef"
POST = "0aaaaaaaaaaaaaaa"


@pytest.fixture
def references() -> Iterator[References]:
    cache = Cache()
    yield cache.references
    cache.close()


def test_a_few_characters_are_enough(references: References) -> None:
    short = references.show(Shape.ROOT, ONE)
    assert short == ONE[:LEAST_CHARS]
    assert references.meant(Shape.ROOT, short) == [ONE]
    assert references.meant(Shape.ROOT, ONE) == [ONE]


def test_as_many_are_shown_as_tell_it_from_all_others(references: References) -> None:
    references.show(Shape.ROOT, ONE)
    assert references.show(Shape.ROOT, OTHER) == "abcdefgz"
    assert references.show(Shape.ROOT, ONE) == "abcdefgh"
    assert references.show(Shape.ROOT, AWAY) == "qrstu"


def test_what_may_be_several_means_them_all(references: References) -> None:
    for reference in (ONE, OTHER, AWAY):
        references.show(Shape.ROOT, reference)
    assert references.meant(Shape.ROOT, "abc") == [ONE, OTHER]
    assert references.meant(Shape.ROOT, "") == []
    assert references.meant(Shape.ROOT, "zzz") == []


def test_of_something_public_the_number_is_part_of_it(references: References) -> None:
    references.show(Shape.ROOT, f"{POST}/1")
    assert references.show(Shape.ROOT, f"{POST}/12") == "0aaaa/12"
    assert references.meant(Shape.ROOT, "0aaaa/1") == [f"{POST}/1"]
    assert references.meant(Shape.ROOT, "0aaaa") == []
    assert references.meant(Shape.ROOT, "0aaaa/2") == []


def test_comments_are_told_from_what_they_are_under(references: References) -> None:
    references.show(Shape.ROOT, ONE)
    assert references.show(Shape.COMMENT, OTHER) == "abcde"
    assert references.meant(Shape.COMMENT, "abcde") == [OTHER]
    assert references.meant(Shape.ROOT, "abcde") == [ONE]


def test_the_last_ones_are_kept(references: References) -> None:
    references.show(Shape.ROOT, ONE)
    references.show(Shape.ROOT, AWAY)
    references.show(Shape.ROOT, ONE)
    for number in range(KEPT - 1):
        references.show(Shape.COMMENT, f"{number:016}")
    assert references.meant(Shape.ROOT, AWAY) == []
    assert references.meant(Shape.ROOT, ONE) == [ONE]


def test_each_side_is_forgotten_apart() -> None:
    cache = Cache()
    cache.references.show(Shape.ROOT, ONE)
    cache.references.show(Shape.ROOT, f"{POST}/1")
    cache.forget(Side.PRIVATE, epoch=None)
    assert cache.references.meant(Shape.ROOT, ONE) == []
    assert cache.references.meant(Shape.ROOT, "0aaaa/1") == [f"{POST}/1"]
    cache.forget(Side.PUBLIC, epoch=None)
    assert cache.references.meant(Shape.ROOT, "0aaaa/1") == []
