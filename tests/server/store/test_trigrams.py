"""Texts as they are searched: one spelling, trigrams, expressions nothing in a query can break out of, excerpts."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.store.trigrams import EXCERPT_CHARS, excerpt, matching, normal, trigrams, words_of

# What people write, and what an attacker would: syntax of FTS5 and SQL, blanks, marks, and what stands for others.
ALPHABET = st.sampled_from(
    [
        *"abcAB12",
        *" \t\n\u3000",
        *"\"'*%_^:(){}-+\\",
        *"ééßﬁＡｶﾞ",
        *"中国人民新闻",
        *"한국어",
        *"👍🏽❤️",
        *"\u200d\u00ad\0\ue022\ue020",
    ]
)
TEXTS = st.text(ALPHABET | st.characters(codec="utf-8"), max_size=60)


def found(text: str, query: str) -> bool:
    """Say whether FTS5 finds `text` by `query`."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE t USING fts5(words, content = '', tokenize = 'ascii', prefix = '1 2')")
    connection.execute("INSERT INTO t (rowid, words) VALUES (1, ?)", (trigrams(normal(text)),))
    expression = matching(words_of(query))
    hit = connection.execute("SELECT 1 FROM t WHERE t MATCH ?", (expression,)).fetchone() if expression else None
    connection.close()
    return hit is not None


# Spelling.


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("HUTONG", "hutong"),
        ("Café", "cafe"),
        ("cafe\u0301", "café"),
        ("ＨＵＴＯＮＧ", "hutong"),
        ("Straße", "STRASSE"),
        ("ﬁn", "fin"),
        ("ｶﾞｲﾄﾞ", "ガイド"),
        ("\u1112\u1161\u11ab\u1100\u116e\u11a8", "한국"),
        ("❤\ufe0f", "❤"),
        ("soft\u00adhyphen", "softhyphen"),
        ("ЁЖ", "еж"),
    ],
)
def test_one_word_has_one_spelling(one: str, other: str) -> None:
    assert normal(one) == normal(other)


@pytest.mark.parametrize(("one", "other"), [("が", "か"), ("中国", "中國"), ("o", "ο"), ("हि", "ह")])
def test_what_differs_to_a_reader_differs(one: str, other: str) -> None:
    assert normal(one) != normal(other)


@given(TEXTS)
def test_the_spelling_of_a_spelling_is_itself(text: str) -> None:
    assert normal(normal(text)) == normal(text)


# Finding.


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("胡同里的新闻", "新"),
        ("胡同里的新闻", "闻"),
        ("胡同里的新闻", "新闻"),
        ("胡同里的新闻", "同里的新"),
        ("東京タワーの夜景", "タワー"),
        ("서울의 골목길", "골목"),
        ("서울의 골목길", "길"),
        ("The Lamp of the Lane", "lamp"),
        ("The Lamp of the Lane", "a"),
        ("The Lamp of the Lane", "lane THE"),
        ("50% off", "50%"),
        ("snake_case", "e_c"),
        ('she said "soup"', '"soup"'),
        ("a*b", "a*b"),
        ("AND OR NOT NEAR", "and or not near"),
        ("C++ and C", "c++"),
        ("good 👍🏽", "👍"),
        ("good 👍🏽", "👍🏽"),
        ("x\0y", "x\0y"),
    ],
)
def test_any_part_of_a_word_is_found(text: str, query: str) -> None:
    assert found(text, query)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("胡同里的新闻", "闻新"),
        ("abc bcd", "abcd"),
        ("ab cd", "bc"),
        ("50 off", "50%"),
        ("snakeXcase", "e_c"),
        ("soup", '"soup"'),
        ("soup", "soup*"),
        ("soup", "soup OR bread"),
        ("soup", "words:soup"),
        ("soup", "{words}"),
        ("xy", "x\0y"),
        ("one two", "one three"),
        ("ab", "ab\ue020"),
        ("%", "\ue025"),
    ],
)
def test_what_is_not_there_is_not_found(text: str, query: str) -> None:
    assert not found(text, query)


@given(TEXTS, TEXTS)
def test_a_text_is_found_by_words_that_are_all_in_its_words(text: str, query: str) -> None:
    words = words_of(query)
    here = normal(text).split()
    assert found(text, query) is (bool(words) and all(any(word in each for each in here) for word in words))


@given(TEXTS.filter(lambda text: text.split() != []), st.data())
def test_a_text_is_found_by_any_part_of_any_word_of_its(text: str, data: st.DataObject) -> None:
    words = normal(text).split()
    if words:
        word = data.draw(st.sampled_from(words))
        start = data.draw(st.integers(0, len(word) - 1))
        part = word[start : data.draw(st.integers(start + 1, len(word)))]
        assert found(text, part)


def test_the_first_eight_words_of_a_query_count() -> None:
    assert words_of("a b c d e f g h i j a") == tuple("abcdefgh")


# Excerpts.


def shown_of(text: str, *words: str) -> str:
    return excerpt(text, normal(text), words)


def test_an_excerpt_is_around_what_was_looked_for() -> None:
    text = "x" * 500 + " the lamp works again " + "y" * 500
    shown = shown_of(text, "lamp")
    assert (shown[0], shown[-1], "the lamp works again" in shown) == ("…", "…", True)
    assert len(shown) == EXCERPT_CHARS + 2


def test_an_excerpt_of_a_short_text_is_the_text() -> None:
    assert shown_of("The  lamp\n\nworks.", "lamp") == "The lamp works."


def test_without_a_hit_an_excerpt_is_the_beginning() -> None:
    assert shown_of("y" * 500, "lamp") == "y" * EXCERPT_CHARS + "…"


def test_the_first_of_several_words_is_shown() -> None:
    text = "x " * 200 + "soup " + "y " * 200 + "lamp"
    assert "soup" in shown_of(text, "lamp", "soup")


@given(st.lists(TEXTS, max_size=8), st.sampled_from(["Lamp", "新闻", "é", "골목길", "…!"]), st.lists(TEXTS, max_size=8))
def test_an_excerpt_has_the_word_in_it(before: list[str], word: str, after: list[str]) -> None:
    text = " ".join((*before, word, *after))
    assert normal(word) in normal(shown_of(text, normal(word)))
