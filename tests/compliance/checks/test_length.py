"""Texts too long, and the same again and again."""

import msgspec
import pytest

from compliance.checks.base import compare
from compliance.checks.length import LengthOptions
from compliance.verdicts import Allow, Hold, Label, Reject
from protocol.decisions import Span
from protocol.publications import Part
from tests.compliance.checks.making import found, labels, made, says


def test_without_options_ordinary_texts_pass() -> None:
    check = made("length")
    for text in ("哈哈哈哈哈哈哈哈哈哈哈哈", "NO WAY!!!!!!!!!!!!!!!!", "line\n" * 20, "a b " * 2000, "-" * 60, ""):
        assert check.judge(says(text)) == Allow()


def test_what_comes_after_the_most_characters_is_pointed_at() -> None:
    check = made("length", characters=10)
    assert check.judge(says("0123456789")) == Allow()
    parts = (Part(heading="heading", link="http://example.com/"),)
    assert check.judge(says("0123456789ab", title="12345", parts=parts)) == Reject(
        ground="too_long",
        text="It has more than 10 characters.",
        where=(Span(path="text", start=5, end=12), Span(path="parts[0].heading", start=0, end=7)),
    )


def test_lines_are_counted_over_all_texts() -> None:
    check = made("length", lines=3)
    assert check.judge(says("one\ntwo", title="three")) == Allow()
    assert isinstance(check.judge(says("one\ntwo\n", title="three")), Reject)


@pytest.mark.parametrize("character", ["a", "哈", "！", "-", "\U0001f600", "Ａ"])
def test_a_run_of_one_character_is_held_and_pointed_at(character: str) -> None:
    check = made("length", run=20)
    assert found(check, f"x{character * 20}y") == []
    assert found(check, f"x{character * 21}y {character * 30}") == [character * 21, character * 30]


def test_the_invisible_does_not_hide_a_run_and_spaces_are_none() -> None:
    assert found(made("length", run=10), "x" + "a\u200b" * 12 + "y") == ["a\u200b" * 12]
    assert found(made("length", run=10), "aAaAaAaAaAaA") == ["aAaAaAaAaAaA"]
    assert found(made("length", run=10), "a" + " " * 500 + "b") == []


@pytest.mark.parametrize("run", [8, 9, 15, 16, 60, 61])
def test_a_run_is_found_wherever_it_stands(run: int) -> None:
    check = made("length", run=run)
    for start in range(run + 2):
        assert found(check, "." + "ab" * start + "c" * (run + 1) + "ab") == ["c" * (run + 1)]
        assert found(check, "." + "ab" * start + "c" * run + "ab") == []


def test_one_line_again_and_again_is_held() -> None:
    check = made("length", same_line=3)
    assert check.judge(says("Buy now\nbuy NOW \n  buy now\n\n\n\n\nother")) == Allow()
    assert isinstance(check.judge(says("Buy now\nbuy NOW \n  buy now\n\nother", title="BUY NOW")), Hold)


def test_shouting_is_held_when_asked_for() -> None:
    check = made("length", capitals_percent=70)
    assert check.judge(says("BUY NOW")) == Allow()
    assert isinstance(check.judge(says("BUY NOW, EVERYTHING MUST GO, nothing left BY TOMORROW")), Hold)
    assert check.judge(says("Buy now, everything must go, nothing left by TOMORROW")) == Allow()
    assert check.judge(says("买" * 50)) == Allow()
    assert made("length").judge(says("BUY NOW " * 20)) == Allow()


def test_nothing_is_measured_whose_bound_is_0() -> None:
    check = made("length", lines=0, run=0, same_line=0)
    assert check.judge(says("a" * 1000 + "\nb" * 1000)) == Allow()
    assert check.rules == {
        "characters 0", "lines 0", "run 0", "same_line 0", "capitals_percent 0", "too_long reject", "repeating hold",
        "ground_too_long too_long", "ground_repeating spam",
    }  # fmt: skip


def test_the_strictest_finding_counts_and_labels_are_united() -> None:
    check = made("length", characters=50, run=20)
    assert isinstance(check.judge(says("a" * 51)), Reject)
    assert isinstance(check.judge(says("a" * 50)), Hold)
    both = made("length", characters=50, run=20, too_long="label", repeating="label")
    assert both.judge(says("a" * 51)) == Label(
        labels=("repeating", "too_long"),
        where=(Span(path="text", start=50, end=51), Span(path="text", start=0, end=51)),
    )
    assert labels(both, "a" * 50) == ("repeating",)


def test_other_bounds_are_other_rules() -> None:
    before, after = made("length"), made("length", run=100)
    assert compare(before, after) == (1, 1)
    assert before.digest != after.digest
    assert before.grounds == {"too_long", "spam"}
    assert made("length", too_long="label").grounds == {"spam"}


@pytest.mark.parametrize(
    "wrong", [{"run": 7}, {"lines": -1}, {"capitals_percent": 100}, {"too_long": "allow"}, {"words": 5}]
)
def test_options_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, LengthOptions)
