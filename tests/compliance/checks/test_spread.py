"""What the memory of what became public keeps, and what it forgets."""

import random
from string import ascii_lowercase

import pytest

from compliance.checks.sketch import Sketch, sketch
from compliance.checks.spread import FOUND, INDEXED, VERSIONS, Spread


def word(source: random.Random) -> str:
    return "".join(source.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(40))


def heard(spread: Spread, text: str, *, at: int = 0) -> int:
    return spread.heard(sketch(text), at=at)


def spread(*, alike: float = 0.5, times: int = 10, minutes: int = 60, room: int = 1000) -> Spread:
    return Spread(alike=alike, times=times, minutes=minutes, room=room)


RUMOUR = "microwaved food causes cancer"


def test_copies_are_counted_and_kept_once() -> None:
    memory = spread()
    for _ in range(7):
        memory.add(sketch(RUMOUR), at=0)
    assert heard(memory, RUMOUR) == 7
    assert len(memory) == 1


def test_no_more_are_counted_than_anyone_asks_about() -> None:
    memory = spread(times=3)
    for _ in range(7):
        memory.add(sketch(RUMOUR), at=0)
    assert heard(memory, RUMOUR) == 3


@pytest.mark.parametrize(("at", "count"), [(0, 1), (59, 1), (60, 0), (-1, 0)])
def test_what_was_heard_counts_for_the_window_from_then_on(at: int, count: int) -> None:
    memory = spread()
    memory.add(sketch(RUMOUR), at=0)
    assert heard(memory, RUMOUR, at=at) == count


def test_a_rumour_is_followed_as_it_changes() -> None:
    memory = spread()
    source = random.Random(1)
    words = [word(source) for _ in range(6)]
    for first in range(4):
        memory.add(sketch(" ".join(words[first : first + 3])), at=0)
    assert heard(memory, " ".join(words[3:])) == 4  # It has nothing in common with the first.


def test_so_many_versions_of_one_rumour_are_kept() -> None:
    memory = spread()
    source = random.Random(1)
    for _ in range(VERSIONS + 5):
        memory.add(sketch(f"{RUMOUR} {word(source)[:20]}"), at=0)
    assert len(memory) == VERSIONS
    assert heard(memory, RUMOUR) == 10


def test_a_new_version_of_what_is_public_is_known_but_not_counted() -> None:
    memory = spread()
    memory.add(sketch(RUMOUR), at=0, counts=False)
    assert (heard(memory, RUMOUR), len(memory)) == (0, 1)
    memory.add(sketch(RUMOUR), at=0)
    assert (heard(memory, RUMOUR), len(memory)) == (1, 1)


def test_what_nobody_repeats_is_forgotten_after_the_window() -> None:
    memory = spread()
    source = random.Random(1)
    memory.add(sketch(RUMOUR), at=0)
    memory.add(sketch(word(source)), at=30)
    memory.add(sketch(word(source)), at=61)
    assert len(memory) == 2
    assert heard(memory, RUMOUR, at=1) == 0


def test_without_room_the_one_that_was_silent_longest_is_forgotten() -> None:
    memory = spread(room=3)
    source = random.Random(1)
    words = [word(source) for _ in range(4)]
    for each in (*words[:3], words[0], words[3]):
        memory.add(sketch(each), at=0)
    assert [heard(memory, each) for each in words] == [2, 0, 1, 1]
    assert len(memory) == 3


def test_memory_is_bounded_whatever_is_said() -> None:
    memory = spread(room=50)
    source = random.Random(1)
    # What all of them have in common, and are all found by.
    common = 30 * min(ascii_lowercase, key=lambda letter: sketch(letter * 5).hashes[0])
    kept = f"{common} {word(source)}"
    for number in range(500):
        if number < 300:
            memory.add(sketch(kept if number % 10 == 0 else f"{common} {word(source)}"), at=0)
        else:
            memory.add(sketch(word(source)), at=0)
        assert len(memory) <= 50
        assert all(1 <= len(found) <= FOUND for found in memory._index.values())
        assert sum(map(len, memory._index.values())) <= 50 * INDEXED
    assert set(memory._rumour_of) == set(memory._sketches)
    assert sum(len(rumour.versions) for rumour in memory._rumours.values()) == len(memory)
    assert sketch(common).hashes[0] not in memory._index


def test_a_rumour_of_more_versions_than_there_is_room_for_is_forgotten() -> None:
    memory = spread(room=1)
    memory.add(sketch(RUMOUR), at=0)
    memory.add(sketch("microwaved food causes fever at night"), at=0)
    assert (len(memory), heard(memory, RUMOUR)) == (0, 0)


def test_another_memory_takes_over_what_fits() -> None:
    old = spread()
    source = random.Random(1)
    words = [word(source) for _ in range(5)]
    for each in (*words, words[0]):
        old.add(sketch(each), at=0)
    new = spread(room=2, times=1)
    new.adopt(old)
    assert [heard(new, each) for each in words] == [1, 0, 0, 0, 1]


def test_an_empty_sketch_resembles_nothing() -> None:
    memory = spread()
    empty = sketch("")
    memory.add(empty, at=0)
    assert isinstance(empty, Sketch)
    assert memory.heard(empty, at=0) == 0
