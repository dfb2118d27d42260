"""Lists of terms: what they find, what they do not, what the author is told, and what is wrong with a list."""

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.checks.base import CheckError, compare
from compliance.checks.normal import fold
from compliance.checks.terms import REASON, TermOptions
from compliance.verdicts import Allow, Hold, Label, Reject
from protocol import limits
from protocol.decisions import Span
from protocol.publications import Part
from tests.compliance.checks.making import found, made, pointed_at, says

LAWS = {"file": "a.txt", "action": "reject", "ground": "laws"}


def listed(terms: str, **options: object):  # type: ignore[no-untyped-def]
    return made("terms", {"a.txt": terms}, lists=[LAWS | options])


@pytest.mark.parametrize(
    ("term", "text", "places"),
    [
        ("敏感", "这是敏感的", ["敏感"]),
        ("敏感", "這是敏\u200b\u200d感的", ["敏\u200b\u200d感"]),
        ("头发", "她的頭髮很長", ["頭髮"]),
        ("頭髮", "她的头发很长", ["头发"]),
        ("spam", "Buy SPAM, spam and Ｓｐａｍ!", ["SPAM", "spam", "Ｓｐａｍ"]),
        ("spam", "s\u0336p\u0336a\u0336m\u0336", ["s\u0336p\u0336a\u0336m\u0336"]),
        ("spam", "antispam spammer spam2 spa m", []),
        ("spam", "我spam你", ["spam"]),
        ("*spam", "antispam spammer", ["spam"]),
        ("spam*", "antispam spammer", ["spam"]),
        ("*spam*", "antispams", ["spam"]),
        ("ass", "class, bass, assess", []),
        ("new york", "in New  York\nor new\nyork, newer york", ["New  York", "new\nyork"]),
        ("c++", "I like c++ and abc++", ["c++"]),
        ("加vx", "加VX123", ["加VX"]),
        ("café", "CAFE\u0301", ["CAFE\u0301"]),
        ("1989", "in 1989, not 119890", ["1989"]),
        ("спам", "спам, антиспам", ["спам"]),
        ("สแปม", "นี่คือสแปมนะ", ["สแปม"]),
        ("👨\u200d👩\u200d👧", "we: 👨👩👧", ["👨👩👧"]),
        ("*#tag", "a #tag here", ["#tag"]),
        ("敏感", "敏 感", []),
    ],
)
def test_a_term_is_found_where_it_is_and_nowhere_else(term: str, text: str, places: list[str]) -> None:
    assert found(listed(term), text) == places


@pytest.mark.parametrize(
    ("term", "text", "places"),
    [
        ("敏感", "敏 感 和 敏*感 和 敏-·-感 和 敏感", ["敏 感", "敏*感", "敏-·-感", "敏感"]),
        ("敏感", "他很敏。感谢", []),
        ("敏感", "敏----感", []),
        ("spam", "s.p.a.m! s p a m", ["s.p.a.m", "s p a m"]),
        ("spam", "s.p a.m", []),
        ("ass", "as s, c l a s s, a", []),
        ("spam", "as.p.a.m", []),
        ("s.p.a.m", "spam", ["spam"]),
        ("加 微信", "加微信", ["加微信"]),
        ("spam", "ﬁ…敏 感 s.p.a.m", ["s.p.a.m"]),
    ],
)
def test_a_list_that_ignores_separators_finds_what_is_spelled_out(term: str, text: str, places: list[str]) -> None:
    assert found(listed(term, ignore_separators=True), text) == places


def test_every_text_of_a_publication_is_searched_but_its_category() -> None:
    check = listed("bad\nnews")
    publication = says("so bad", title="Bad", parts=(Part(heading="a bad one", link="http://bad.example/"),))
    assert check.judge(publication) == Reject(
        ground="laws",
        text=REASON,
        where=(
            Span(path="title", start=0, end=3),
            Span(path="text", start=3, end=6),
            Span(path="parts[0].heading", start=2, end=5),
            Span(path="parts[0].link", start=7, end=10),
        ),
    )


def test_of_terms_that_overlap_the_longest_is_pointed_at() -> None:
    assert found(listed("new\nnew york\nyork city"), "new york city") == ["new york"]
    assert found(listed("敏感\n敏感词汇"), "敏感词汇敏感") == ["敏感词汇", "敏感"]


def test_a_verdict_points_at_so_many_places_and_no_more() -> None:
    verdict = listed("bad").judge(says("bad " * 100))
    assert isinstance(verdict, Reject)
    assert len(verdict.where) == limits.PLACES_FOUND
    assert verdict.where[-1] == Span(path="text", start=124, end=127)


def test_the_author_reads_the_text_of_the_list_and_never_a_term_they_did_not_write() -> None:
    verdict = listed("bad\nsecret", text="Not here.").judge(says("bad"))
    assert isinstance(verdict, Reject)
    assert verdict.text == "Not here."
    assert "secret" not in repr(verdict)


FILES = {"laws.txt": "worst\nboth", "manners.txt": "rude\nboth", "ads.txt": "buy\nworst", "food.txt": "noodles\nbuy"}
LISTS: list[dict[str, object]] = [
    {"file": "food.txt", "action": "label", "label": "food"},
    {"file": "ads.txt", "action": "label", "label": "ad"},
    {"file": "manners.txt", "action": "hold", "ground": "social_morality"},
    {"file": "laws.txt", "action": "reject", "ground": "laws"},
]


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("rude and worst", Reject(ground="laws", text=REASON, where=(Span(path="text", start=9, end=14),))),
        ("both", Reject(ground="laws", text=REASON, where=(Span(path="text", start=0, end=4),))),
        ("buy rude", Hold(ground="social_morality", text=REASON, where=(Span(path="text", start=4, end=8),))),
        (
            "buy noodles",
            Label(labels=("ad", "food"), where=(Span(path="text", start=0, end=3), Span(path="text", start=4, end=11))),
        ),
        ("noodles", Label(labels=("food",), where=(Span(path="text", start=0, end=7),))),
        ("nothing", Allow()),
    ],
)
def test_the_strictest_list_counts_and_labels_are_united(text: str, verdict: object) -> None:
    assert made("terms", FILES, lists=LISTS).judge(says(text)) == verdict


def test_of_two_lists_as_strict_the_first_one_counts() -> None:
    lists = [{"file": name, "action": "reject", "ground": name[:-4]} for name in ("manners.txt", "laws.txt")]
    verdict = made("terms", FILES, lists=lists).judge(says("worst, both and rude"))
    assert verdict == Reject(
        ground="manners", text=REASON, where=(Span(path="text", start=7, end=11), Span(path="text", start=16, end=20))
    )


@pytest.mark.parametrize(
    ("terms", "problem"),
    [
        (b"fine\n\xff\xfe", "a.txt: line 2: not UTF-8 at byte 1 of the line"),
        (b"# only\n\n", "a.txt: there is no term in it"),
        ("spam\nham\nＳＰＡＭ".encode(), "a.txt: line 3: 'ＳＰＡＭ' is the same as line 1 once it is normalised"),
        ("头发\n頭髮".encode(), "a.txt: line 2: '頭髮' is the same as line 1"),
        ("fine\n\u200b\u200d".encode(), "a.txt: line 2: nothing is left of"),
        (b"***", "a.txt: line 1: nothing is left of '\\*\\*\\*' once"),
        (b"a" * 65, "a.txt: line 1: 65 characters; a term has at most 64"),
        (b"a\n" * 8, "line 6: 'a' is the same as line 1 once it is normalised; and 2 more"),
    ],
)
def test_what_is_wrong_with_a_list_is_told_with_its_file_and_line(terms: bytes, problem: str) -> None:
    with pytest.raises(CheckError, match=problem):
        made("terms", {"a.txt": terms}, lists=[LAWS])


def test_comments_blank_lines_carriage_returns_and_a_byte_order_mark_are_no_terms() -> None:
    check = made("terms", {"a.txt": b"\xef\xbb\xbfspam\r\n\r\n# ham\r\n  eggs  \r\n"}, lists=[LAWS])
    assert check.rules == {"reject laws \x01spam\x01", "reject laws \x01eggs\x01"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"action": "label"},
        {"action": "label", "label": "ad", "ground": "laws"},
        {"action": "label", "label": "ad", "text": "nobody reads it"},
        {"action": "hold"},
        {"action": "hold", "ground": "laws", "label": "ad"},
        {"action": "delete", "ground": "laws"},
        {"action": "label", "label": "An ad"},
        {"action": "hold", "ground": "laws", "whole_words": True},
    ],
)
def test_a_list_that_contradicts_itself_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"lists": [{"file": "a.txt"} | wrong]}, TermOptions)


def test_more_terms_than_a_check_may_have_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("compliance.checks.terms.TERMS", 2)
    listed("a\nb")
    with pytest.raises(CheckError, match="more than 2 terms"):
        listed("a\nb\nc")


def test_a_reload_says_how_many_terms_came_and_went() -> None:
    assert compare(listed("a\nb\nc"), listed("B\nd\ne\nf")) == (3, 2)
    assert compare(listed("a"), listed("a", action="hold")) == (1, 1)


def test_the_digest_is_of_the_options_and_of_the_terms() -> None:
    digests = [listed("a").digest, listed("a\nb").digest, listed("a", text="Other.").digest]
    assert listed("a").digest == digests[0]
    assert len({*digests}) == 3
    assert {len(digest) for digest in digests} == {64}


def test_it_says_which_grounds_it_decides_on() -> None:
    assert made("terms", FILES, lists=LISTS).grounds == {"laws", "social_morality"}


def test_a_hundred_thousand_terms_are_all_found() -> None:
    source = random.Random(1)
    terms = {"".join(source.choice("天地玄黄宇宙洪荒日月盈昃辰宿列张") for _ in range(6)) for _ in range(100_000)}
    check = listed("\n".join(terms))
    assert len(check.rules) == len(terms)
    assert all(found(check, term) == [term] for term in source.sample(sorted(terms), 300))


WORDS = st.lists(st.sampled_from(["ass", "pass", "敏感", "é", "Ａ", "a\u200b", "臺", ".", " ", "\n", "x1"]), max_size=8)


@given(WORDS.map("".join), WORDS.map("".join))
def test_what_is_pointed_at_folds_to_the_term(text: str, term: str) -> None:
    folded = fold(term).strip()
    if folded.strip("*# ."):
        for ignore in (False, True):
            check = listed(f"*{term.strip()}*".replace("\n", " "), ignore_separators=ignore)
            publication = says(text)
            verdict = check.judge(publication)
            if not ignore:
                assert isinstance(verdict, Reject) == (folded in fold(text))
                places = [] if isinstance(verdict, Allow) else pointed_at(verdict, publication)
                assert all(folded in fold(place) for place in places)
