"""What counts as a verdict, and how several answers become one."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from compliance.verdicts import (
    Allow,
    Answer,
    Failure,
    Hold,
    Label,
    OnError,
    Reject,
    Verdict,
    VerdictError,
    labels_of,
    places_of,
    strictest,
)
from protocol import limits
from protocol.decisions import Span

SPAN = Span(path="text", start=0, end=1)


def answer(hook: str, outcome: Verdict | Failure) -> Answer:
    return Answer(hook=hook, kind="check", version="1", digest="", took_us=1, outcome=outcome, on_error=OnError.HOLD)


@pytest.mark.parametrize("label", ["a", "satire", "a-b_c.9", "9", "x" * limits.LABEL_CHARS])
def test_a_label_is_a_short_word(label: str) -> None:
    assert Label(labels=(label,)).labels == (label,)


@pytest.mark.parametrize(
    "labels",
    [
        (),
        ("",),
        ("Satire",),
        ("-a",),
        ("a\n",),
        ("讽刺",),
        ("x" * (limits.LABEL_CHARS + 1),),
        (b"private",),
        ("good", "not good"),
        tuple(f"label{number}" for number in range(limits.LABELS + 1)),
    ],
)
def test_anything_else_is_no_label(labels: Any) -> None:
    with pytest.raises(VerdictError):
        Label(labels=labels)


@pytest.mark.parametrize("verdict", [Hold, Reject])
@pytest.mark.parametrize(
    ("ground", "text", "where", "said"),
    [
        ("", "why", (), "a ground is one of the pack's codes"),
        (b"spam", "why", (), "a ground is one of the pack's codes"),
        ("x" * (limits.CATEGORY_CHARS + 1), "why", (), "a ground is one of the pack's codes"),
        ("spam", "", (), "a reason has 1 to 1000 characters"),
        ("spam", " \n", (), "a reason has 1 to 1000 characters"),
        ("spam", b"why", (), "a reason has 1 to 1000 characters"),
        ("spam", "x" * (limits.REASON_CHARS + 1), (), "a reason has 1 to 1000 characters"),
        ("spam", "why", (SPAN,) * (limits.PLACES_FOUND + 1), "a verdict points at 32 places at most"),
        ("spam", "why", (("text", 0, 1),), "a verdict points at 32 places at most"),
    ],
)
def test_a_hold_and_a_rejection_say_why_and_where_within_bounds(
    verdict: Callable[..., Verdict], ground: Any, text: Any, where: Any, said: str
) -> None:
    with pytest.raises(VerdictError, match=said):
        verdict(ground=ground, text=text, where=where)


@pytest.mark.parametrize("verdict", [Hold, Reject])
def test_a_hold_and_a_rejection_at_the_bounds_are_verdicts(verdict: Callable[..., Hold | Reject]) -> None:
    made = verdict(ground="spam", text="x" * limits.REASON_CHARS, where=(SPAN,) * limits.PLACES_FOUND)
    assert len(made.where) == limits.PLACES_FOUND


def test_no_verdict_has_room_for_other_words_than_the_authors() -> None:
    assert [set(each.__dataclass_fields__) for each in (Allow, Label, Hold, Reject)] == [
        set(),
        {"labels", "where"},
        {"ground", "text", "where"},
        {"ground", "text", "where"},
    ]


def test_a_rejection_is_stricter_than_a_hold_whatever_the_order() -> None:
    answers = [
        answer("a", Hold(ground="spam", text="why")),
        answer("b", Label(labels=("l",))),
        answer("c", Reject(ground="link", text="why")),
        answer("d", Failure.LATE),
    ]
    for order in itertools.permutations(answers):
        binding = strictest(order)
        assert binding
        assert binding.hook == "c"


@pytest.mark.parametrize("verdict", [Hold, Reject])
def test_of_equally_strict_ones_the_first_by_name_binds(verdict: Callable[..., Verdict]) -> None:
    answers = [answer(hook, verdict(ground="spam", text="why")) for hook in "cab"]
    for order in itertools.permutations(answers):
        binding = strictest(order)
        assert binding
        assert binding.hook == "a"


@pytest.mark.parametrize("outcome", [Allow(), Label(labels=("l",)), *Failure])
def test_what_is_no_objection_binds_nobody(outcome: Verdict | Failure) -> None:
    assert strictest([answer("a", outcome)]) is None


def test_no_answer_at_all_binds_nobody() -> None:
    assert strictest([]) is None
    assert labels_of([]) == ()


def test_labels_are_united_once_each_and_in_order() -> None:
    answers = [
        answer("a", Label(labels=("c", "a"))),
        answer("b", Failure.CRASHED),
        answer("c", Label(labels=("b", "a"))),
        answer("d", Reject(ground="spam", text="why")),
    ]
    assert {labels_of(order) for order in itertools.permutations(answers)} == {("a", "b", "c")}


def test_places_of_labels_are_united_those_of_the_first_hook_by_name_first() -> None:
    other = Span(path="title", start=1, end=2)
    answers = [
        answer("b", Label(labels=("l",), where=(other,))),
        answer("a", Label(labels=("l",), where=(SPAN,))),
        answer("c", Label(labels=("l",), where=(other,))),
        answer("d", Hold(ground="spam", text="why", where=(other,))),
    ]
    assert {places_of(order) for order in itertools.permutations(answers)} == {(SPAN, other)}


def test_a_label_points_at_no_more_places_than_a_hold_does() -> None:
    with pytest.raises(VerdictError, match="a verdict points at 32 places at most"):
        Label(labels=("l",), where=(SPAN,) * (limits.PLACES_FOUND + 1))


def test_united_labels_are_no_more_than_an_entry_may_have() -> None:
    answers = [answer(hook, Label(labels=tuple(f"{hook}{number}" for number in range(10)))) for hook in "ab"]
    assert len(labels_of(answers)) == limits.LABELS
