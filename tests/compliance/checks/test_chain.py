"""What is passed on and on."""

import random

import msgspec
import pytest

from benchmarks.rumours import CHINESE, ENGLISH, day, of, talk, tell_apart, told
from compliance.checks.base import Check, compare
from compliance.checks.chain import REASON, ChainOptions
from compliance.publication import Publication
from compliance.verdicts import Allow, Hold, Label, Verdict
from protocol.decisions import Span
from protocol.publications import Part
from tests.compliance.checks.making import made, says

RUMOUR = "The water in our town has been poisoned since yesterday"


def judged(check: Check, publications: list[Publication]) -> list[Verdict]:
    """Return the verdicts; what is allowed is public at once."""
    verdicts = []
    for publication in publications:
        verdicts.append(check.judge(publication))
        if isinstance(verdicts[-1], Allow):
            check.learn(publication)
    return verdicts


def test_what_many_others_nearly_said_is_held_and_the_author_is_told_why() -> None:
    check = made("chain", others=4, others_urging=4)
    verdicts = judged(check, [says(f"{RUMOUR}, {number} are dead") for number in range(6)])
    assert verdicts == [Allow()] * 4 + [Hold(ground="truthfulness", text=REASON)] * 2


def test_of_what_urges_to_pass_it_on_fewer_are_enough_and_the_urge_is_pointed_at() -> None:
    check = made("chain", others=20, others_urging=2)
    verdicts = judged(check, [says(f"{RUMOUR}! Please  FORWARD!") for _ in range(3)])
    where = (Span(path="text", start=len(RUMOUR) + 2, end=len(RUMOUR) + 17),)
    assert verdicts == [Allow(), Allow(), Hold(ground="truthfulness", text=REASON, where=where)]
    assert check.judge(says(RUMOUR)) == Allow()


@pytest.mark.parametrize("urge", ["spread this", "請轉發", "扩\u200b散", "不转不是中国人", "pass it on"])
def test_urges_are_found_however_they_are_written(urge: str) -> None:
    check = made("chain", others=20, others_urging=1)
    check.learn(says(RUMOUR))
    assert isinstance(check.judge(says(f"{RUMOUR} {urge}")), Hold)


def test_urges_of_the_operator_replace_ours() -> None:
    check = made("chain", others=20, others_urging=1, urges=["weitersagen"])
    check.learn(says(RUMOUR))
    assert isinstance(check.judge(says(f"{RUMOUR} Weitersagen!")), Hold)
    assert check.judge(says(f"{RUMOUR} spread this!")) == Allow()
    assert check.rules == {"\x01weitersagen\x01"}


def test_without_any_urge_only_the_number_counts() -> None:
    check = made("chain", others=2, others_urging=1, urges=[])
    verdicts = judged(check, [says(f"{RUMOUR} spread this") for _ in range(3)])
    assert [type(verdict) for verdict in verdicts] == [Allow, Allow, Hold]


def test_short_texts_are_said_by_many_and_left_alone() -> None:
    check = made("chain", others=2, others_urging=1)
    for text in ("Good morning, spread this", "大家早上好，请转发"):
        assert judged(check, [says(text)] * 5) == [Allow()] * 5


def test_what_is_long_enough_is_for_the_operator_to_say() -> None:
    check = made("chain", others=2, others_urging=1, shortest=16)
    assert isinstance(judged(check, [says("Good morning, spread this")] * 3)[-1], Hold)


@pytest.mark.parametrize(("minute", "verdict"), [(9, Hold), (10, Allow)])
def test_only_what_became_public_in_the_minutes_before_counts(minute: int, verdict: type) -> None:
    check = made("chain", others=2, others_urging=2, minutes=10)
    judged(check, [says(RUMOUR)] * 2)
    assert type(check.judge(says(RUMOUR, minute=minute))) is verdict


def test_judging_changes_nothing() -> None:
    check = made("chain", others=2, others_urging=1)
    assert [check.judge(says(RUMOUR)) for _ in range(5)] == [Allow()] * 5


def test_a_new_version_of_something_public_does_not_count_again_and_may_resemble_its_old_one() -> None:
    check = made("chain", others=2, others_urging=2)
    for version in (1, 2, 3, 4):
        check.learn(says(RUMOUR, version=version))
    assert check.judge(says(RUMOUR)) == Allow()
    check.learn(says(RUMOUR))
    assert isinstance(check.judge(says(RUMOUR)), Hold)
    assert check.judge(says(RUMOUR, version=5)) == Allow()
    check.learn(says(RUMOUR))
    assert isinstance(check.judge(says(RUMOUR, version=5)), Hold)


def test_all_texts_count_and_links_do_not() -> None:
    check = made("chain", others=2, others_urging=2)
    part = Part(heading="The water in our town", text="has been poisoned since yesterday", link="http://example.com/a")
    for _ in range(2):
        check.learn(says(RUMOUR))
    assert isinstance(check.judge(says("", parts=(part,))), Hold)


def test_a_label_is_given_when_that_is_asked_for() -> None:
    check = made("chain", others=2, others_urging=1, action="label")
    assert check.grounds == frozenset()
    for _ in range(2):
        check.learn(says(RUMOUR))
    assert check.judge(says(RUMOUR)) == Label(labels=("chain_letter",))


def test_new_rules_go_on_with_what_the_old_ones_learned() -> None:
    old, new = made("chain"), made("chain", others=2, others_urging=1, urges=["weitersagen"])
    for _ in range(2):
        old.learn(says(RUMOUR))
    new.succeed(old)
    assert isinstance(new.judge(says(RUMOUR)), Hold)
    came, went = compare(old, new)
    assert (came, went) == (1, len(old.rules))
    assert old.digest != new.digest


def test_what_was_judged_long_ago_is_sketched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("compliance.checks.chain.REMEMBERED", 2)
    check = made("chain", others=2, others_urging=1)
    check.judge(says(RUMOUR))
    for number in range(5):
        check.judge(says(f"something else entirely, number {chr(97 + number) * 5}"))
    for _ in range(2):
        check.learn(says(RUMOUR))
    assert isinstance(check.judge(says(RUMOUR)), Hold)


@pytest.mark.parametrize(
    "wrong",
    [{"others": 3, "others_urging": 4}, {"urges": ["\u200b"]}, {"others": 1}, {"minutes": 0}, {"author": "known"}],
)
def test_options_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, ChainOptions)


def test_of_a_day_of_talk_in_twenty_languages_nothing_is_held() -> None:
    check = made("chain")
    said = talk(random.Random(1))
    assert len(said) > 3000
    verdicts = judged(check, [of(text) for text in said])
    assert [text for text, verdict in zip(said, verdicts, strict=True) if verdict != Allow()] == []


def test_rumours_in_the_middle_of_talk_are_held_when_they_are_due_and_nothing_else_is() -> None:
    figures = tell_apart(made("chain"), day(random.Random(2), copies=60), due=20)
    assert figures.rumours == 60 * (len(CHINESE) + len(ENGLISH))
    assert figures.due > 100
    assert figures.recall >= 0.98
    assert figures.precision >= 0.98


def test_a_rumour_that_gets_worse_with_each_telling_is_still_the_same() -> None:
    check = made("chain", others=10, others_urging=5)
    source = random.Random(4)
    text, language = CHINESE[1], "chinese"
    held = 0
    for _ in range(30):
        text = told(text, language, source)[:160]
        verdict = check.judge(says(text))
        held += isinstance(verdict, Hold)
        if isinstance(verdict, Allow):
            check.learn(says(text))
    assert held >= 20
