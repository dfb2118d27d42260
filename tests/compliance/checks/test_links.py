"""Which links are let through."""

import msgspec
import pytest

from compliance.checks.base import CheckError, compare
from compliance.checks.links import LOOKED_AT, LinkOptions
from compliance.verdicts import Allow, Hold, Label, Reject
from protocol import limits
from protocol.decisions import Span
from protocol.publications import Part
from tests.compliance.checks.making import found, labels, made, pointed_at, says


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("see http://evil.example/a", ["http://evil.example/a"]),
        ("see http://www.EVIL.example", ["http://www.EVIL.example"]),
        ("http://ｅｖｉｌ．example/", ["http://ｅｖｉｌ．example/"]),
        ("http://notevil.example http://evil.example.org http://example", []),
        ("http://evil.example@good.example", []),
        ("http://good.example@evil.example", ["http://good.example@evil.example"]),
        ("坏.中国 http://坏.中国/", ["http://坏.中国/"]),
        ("http://xn--1lq.xn--fiqs8s", []),
        ("bad.com和bad.com", ["bad.com", "bad.com"]),
    ],
)
def test_denied_hosts_are_rejected_with_all_under_them(text: str, places: list[str]) -> None:
    assert found(made("links", deny=["evil.example", "*.坏.中国", "BAD.com"]), text) == places


def test_of_two_entries_that_fit_the_longer_one_counts() -> None:
    check = made("links", deny=["example.com", "a.good.example.com"], allow=["good.example.com"])
    assert isinstance(check.judge(says("x.example.com")), Reject)
    assert check.judge(says("b.good.example.com")) == Allow()
    assert isinstance(check.judge(says("b.a.good.example.com")), Reject)


def test_lists_may_be_in_files_too() -> None:
    files = {"deny.txt": "# ours\n\nevil.com\r\n", "allow.txt": "\ufeffgood.com\n"}
    check = made("links", files, deny=["bad.com"], deny_file="deny.txt", allow_file="allow.txt", others="hold")
    assert check.rules == {"deny bad.com", "deny evil.com", "allow good.com"}
    verdicts = [type(check.judge(says(text))) for text in ("evil.com", "bad.com", "good.com", "other.com")]
    assert verdicts == [Reject, Reject, Allow, Hold]


def test_what_is_on_neither_list_is_let_through_unless_told_otherwise() -> None:
    assert made("links").judge(says("other.com")) == Allow()
    assert labels(made("links", others="label"), "other.com") == ("unlisted_link",)
    assert found(made("links", others="reject"), "see other.com") == ["other.com"]


def test_a_name_that_only_looks_like_another_is_held_unless_that_host_is_allowed() -> None:
    assert found(made("links"), "go to pаypal.com/login") == ["pаypal.com/login"]
    assert made("links", allow=["pаypal.com"]).judge(says("pаypal.com")) == Allow()
    assert made("links", look_alikes="allow").judge(says("pаypal.com")) == Allow()
    assert labels(made("links", look_alikes="label"), "pаypal.com") == ("look_alike_link",)


def test_more_links_than_allowed_are_held_and_those_that_are_too_many_pointed_at() -> None:
    check = made("links", most=2, allow=["good.com"])
    assert check.judge(says("a.com good.com b.com good.com")) == Allow()
    assert found(check, "a.com good.com b.com c.com d.com") == ["c.com", "d.com"]
    assert found(made("links", most=0), "a.com") == ["a.com"]


def test_the_strictest_finding_counts() -> None:
    check = made("links", deny=["evil.com"], denied="label", most=1, too_many="reject", look_alikes="hold")
    assert labels(check, "evil.com") == ("denied_link",)
    assert isinstance(check.judge(says("evil.com pаypal.com")), Reject)
    assert isinstance(check.judge(says("pаypal.com")), Hold)
    both = made("links", deny=["evil.com"], denied="label", others="label")
    assert both.judge(says("evil.com other.com")) == Label(
        labels=("denied_link", "unlisted_link"),
        where=(Span(path="text", start=0, end=8), Span(path="text", start=9, end=18)),
    )


def test_what_is_denied_hides_behind_no_number_of_allowed_ones() -> None:
    publication = says("good.com " * LOOKED_AT + "also.good.com evil.com")
    verdict = made("links", deny=["evil.com"], allow=["good.com"]).judge(publication)
    assert isinstance(verdict, Hold)
    assert pointed_at(verdict, publication) == ["also.good.com"]


def test_what_is_denied_hides_behind_no_number_of_others() -> None:
    text = " ".join(f"a{number}.com" for number in range(LOOKED_AT + 50)) + " evil.com"
    publication = says(text)
    verdict = made("links", deny=["evil.com"], most=LOOKED_AT).judge(publication)
    assert isinstance(verdict, Hold)
    assert pointed_at(verdict, publication) == [f"a{LOOKED_AT}.com"]
    assert len(made("links", most=1).judge(publication).where) == limits.PLACES_FOUND  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("link", "start"), [("http://evil.com/a", 0), ("evil.com", 0), (" evil.com ", 1), ("http://www.evil.com", 0)]
)
def test_the_links_of_parts_are_looked_at(link: str, start: int) -> None:
    verdict = made("links", deny=["evil.com"]).judge(says("", parts=(Part(link=link),)))
    assert isinstance(verdict, Reject)
    assert verdict.where == (Span(path="parts[0].link", start=start, end=len(link.rstrip())),)


def test_the_link_of_a_part_is_one_whatever_it_looks_like() -> None:
    check = made("links", others="hold", deny=["internal"])
    assert isinstance(check.judge(says("", parts=(Part(link="internal/page"),))), Reject)
    assert isinstance(check.judge(says("", parts=(Part(link="javascript:alert(1)"),))), Hold)
    assert check.judge(says("", parts=(Part(text="internal/page"),))) == Allow()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"deny": ["http://example.com/"]}, r"deny\[0\]: 'http://example.com/' is no host"),
        ({"deny": ["a.com", "\u200b"]}, r"deny\[1\]: "),
        ({"allow": ["a b"]}, r"allow\[0\]: 'a b' is no host"),
        ({"deny": ["a.com", "A.com."]}, r"deny\[1\]: a.com is there twice; first in deny\[0\]"),
        ({"deny": ["a.com"], "allow": ["a.com"]}, "a.com is both allowed and denied"),
        ({"deny_file": "a.txt", "deny": ["a.com"]}, r"a.txt: line 2: a.com is there twice; first in deny\[0\]"),
        ({"allow_file": "b.txt"}, "b.txt: line 1: not UTF-8 at byte 2 of the line"),
    ],
)
def test_what_is_wrong_with_a_list_is_told_with_its_place(options: dict[str, object], problem: str) -> None:
    with pytest.raises(CheckError, match=problem):
        made("links", {"a.txt": "b.com\na.com", "b.txt": b"a\xff"}, **options)


def test_more_hosts_than_a_list_may_have_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("compliance.checks.links.HOSTS", 1)
    with pytest.raises(CheckError, match="more than 1 hosts"):
        made("links", deny=["a.com", "b.com"])


def test_a_reload_says_how_many_hosts_came_and_went_and_changes_the_digest() -> None:
    before, after = made("links", deny=["a.com"]), made("links", deny=["b.com"], allow=["c.com"])
    assert compare(before, after) == (2, 1)
    assert before.digest != after.digest
    files = [made("links", {"a": text}, deny_file="a").digest for text in ("a.com", "b.com", "a.com")]
    assert files[0] == files[2] != files[1]


@pytest.mark.parametrize(
    "wrong", [{"most": LOOKED_AT + 1}, {"too_many": "label"}, {"denied": "allow"}, {"fetch": True}]
)
def test_options_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, LinkOptions)
