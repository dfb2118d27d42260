"""The figures of the built-in checks, taken small."""

import random
from itertools import islice

from click.testing import CliRunner

from benchmarks.checks import ADVERSARIES, LENGTHS, dialogue, main, terms


def test_the_texts_measured_have_the_length_they_are_measured_for() -> None:
    for length in LENGTHS:
        first, second = islice(dialogue(length, random.Random(1)), 2)
        assert first != second
        assert len(first) == len(second) == length
        assert all(length * 0.9 <= len(text(length)) <= length for text in ADVERSARIES.values())


def test_there_are_as_many_terms_as_asked_for_no_two_the_same() -> None:
    found = terms(500, random.Random(1)).split("\n")
    assert len(set(found)) == 500


def test_every_check_is_measured_and_rumours_are_told_apart() -> None:
    result = CliRunner().invoke(main, ["--terms", "500", "--publications", "2"], catch_exceptions=False)
    for row in ("chain", "length", "links", "terms", "all of them", "precision"):
        assert row in result.output
