"""The check `current_affairs`: what reads like a report about public affairs, and how well it tells."""

import tomllib
from pathlib import Path

import pytest

from compliance.checks.base import Check, CheckError
from compliance.checks.current_affairs import shipped
from compliance.verdicts import Allow, Label
from protocol.publications import Part
from tests.compliance.checks.making import found, labels, made, pointed_at, says

TEXTS = tomllib.loads(Path(__file__).with_name("affairs.toml").read_text(encoding="utf-8"))
AFFAIRS, OTHER = TEXTS["affairs"], TEXTS["other"]
REPORT = AFFAIRS["parliament votes"]
# What it gets wrong with its defaults: reports too short to have many of its words, and other texts full of them.
MISSED = {"votes are counted", "an ordinance", "sanctions", "an opinion"}
MISTAKEN = {"a history lesson", "a board game"}
FILES = {"one.txt": "mayor*\nbridge", "two.txt": "council"}
TOWN, BODIES = {"group": "town", "file": "one.txt"}, {"group": "bodies", "file": "two.txt"}


def check(**options: object) -> Check:
    return made("current_affairs", FILES, **options)


@pytest.mark.parametrize("which", AFFAIRS)
def test_a_report_is_labelled_and_points_at_its_words(which: str) -> None:
    publication = says(AFFAIRS[which])
    verdict = check().judge(publication)
    assert isinstance(verdict, Label) is (which not in MISSED)
    if isinstance(verdict, Label):
        assert verdict.labels == ("current_affairs",)
        assert len(set(pointed_at(verdict, publication))) >= 4


@pytest.mark.parametrize("which", OTHER)
def test_what_else_people_publish_is_let_be(which: str) -> None:
    assert bool(labels(check(), OTHER[which])) is (which in MISTAKEN)


def test_it_points_at_what_it_found_in_the_authors_own_words() -> None:
    assert found(check(), REPORT) == ["Parliament", "amendment", "electoral", "plenary"]


def test_traditional_characters_and_wide_letters_are_found_by_the_same_terms() -> None:
    simplified = "外交部发言人在记者会上谈及双边关系"
    wide = "Ｐａｒｌｉａｍｅｎｔ ａｎｄ the PRIME\u200b MINISTER: amendment, treaty"
    for text in (simplified, "外交部發言人在記者會上談及雙邊關係", wide):
        assert labels(check(), text) == ("current_affairs",)
    assert found(check(), wide)[1] == "PRIME\u200b MINISTER"


def test_one_term_again_and_again_counts_once() -> None:
    assert labels(check(), "parliament treaty election " * 20) == ()


def test_terms_of_too_few_groups_are_not_enough_however_many() -> None:
    assert labels(check(), "parliament, senate, congress, the Kremlin, NATO, a treaty") == ()


def test_what_stands_far_apart_does_not_count_together() -> None:
    near, far = (" and so on" * times + ", " for times in (2, 40))
    terms = ("parliament", "prime minister", "treaty", "election")
    assert labels(check(), near.join(terms)) == ("current_affairs",)
    assert labels(check(), far.join(terms)) == ()
    assert labels(check(within=8000), far.join(terms)) == ("current_affairs",)


def test_title_and_sections_are_read_as_one_text_and_addresses_are_not() -> None:
    split = says("the election", title="Parliament", parts=(Part(heading="Prime minister", text="a treaty"),))
    verdict = check().judge(split)
    assert isinstance(verdict, Label)
    assert [span.path for span in verdict.where] == ["title", "text", "parts[0].heading", "parts[0].text"]
    link = Part(heading="Prime minister", link="https://example.com/treaty")
    assert check().judge(says("the election", title="Parliament", parts=(link,))) == Allow()


def test_more_and_fewer_can_be_asked_for() -> None:
    text = "The mayor met the ambassador."
    assert labels(check(groups=2, terms=2), text) == ("current_affairs",)
    assert labels(check(groups=2, terms=3), text) == ()
    assert labels(check(groups=3, terms=2), text) == ()


def test_lists_of_ones_own_add_to_its_groups_and_make_new_ones() -> None:
    text = "The mayor opened the bridge, said the council."
    assert labels(check(groups=2, terms=2), text) == ()
    assert labels(check(groups=2, terms=2, lists=[BODIES]), text) == ("current_affairs",)
    assert labels(check(groups=2, terms=2, lists=[BODIES | {"group": "offices"}]), text) == ()


def test_its_own_terms_can_be_left_out() -> None:
    own = check(lists=[TOWN, BODIES], shipped=False, groups=2, terms=3, label="town")
    assert labels(own, "The mayors opened the bridge, said the council.") == ("town",)
    assert labels(own, REPORT) == ()
    assert own.rules == {"town \x01mayor", "town \x01bridge\x01", "bodies \x01council\x01"}


def test_fewer_groups_than_are_asked_for_are_refused() -> None:
    with pytest.raises(CheckError, match="groups is 2, and there are 1: it would never find anything"):
        check(lists=[TOWN], shipped=False, groups=2)
    with pytest.raises(CheckError, match="groups is 12, and there are 11: it would never find anything"):
        check(lists=[TOWN], groups=12)


def test_a_list_that_cannot_be_read_is_told_with_its_line() -> None:
    with pytest.raises(CheckError, match=r"bad\.txt: line 2: 'Mayor' is the same as line 1"):
        made("current_affairs", {"bad.txt": "mayor\nMayor"}, lists=[{"group": "town", "file": "bad.txt"}])


def test_what_comes_with_it_is_sound_and_no_term_is_in_two_groups() -> None:
    groups = shipped()
    assert len(groups) == 10
    assert sum(map(len, groups.values())) == len(frozenset().union(*groups.values()))


def test_it_names_no_ground_for_it_forbids_nothing() -> None:
    assert check().grounds == frozenset()


def test_the_same_text_gives_the_same_verdict_whatever_came_before() -> None:
    one = check()
    before = {text: one.judge(says(text)) for text in (REPORT, OTHER["a film"])}
    for other in (*AFFAIRS.values(), *OTHER.values()):
        one.learn(says(other))
    assert {text: one.judge(says(text)) for text in before} == before
