"""The figures of the built-in checks, taken small."""

import json
import random
from itertools import islice
from pathlib import Path

from click.testing import CliRunner

from benchmarks.checks import ADVERSARIES, LENGTHS, dialogue, list_of, main
from compliance.checks.registry import CHECKS


def test_the_texts_measured_have_the_length_they_are_measured_for() -> None:
    for length in LENGTHS:
        first, second = islice(dialogue(length, random.Random(1)), 2)
        assert first != second
        assert len(first) == len(second) == length
        assert all(length * 0.9 <= len(text(length)) <= length for text in ADVERSARIES.values())


def test_there_are_as_many_terms_as_asked_for_no_two_the_same() -> None:
    found = list_of(500, random.Random(1)).split("\n")
    assert len(set(found)) == 500


def test_every_check_is_measured_and_rumours_are_told_apart(tmp_path: Path) -> None:
    file = tmp_path / "found.json"
    asked = ["--terms", "500", "--publications", "2", "--json", str(file)]
    result = CliRunner().invoke(main, asked, catch_exceptions=False)
    for row in ("chain", "length", "links", "terms", "all of them", "precision"):
        assert row in result.output
    found = json.loads(file.read_text(encoding="utf-8"))
    assert len(found) == len(CHECKS) + 1 + len(ADVERSARIES) + 1
    assert {each["benchmark"] for each in found} == {"checks"}
