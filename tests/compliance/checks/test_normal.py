"""What folds alike, what does not, and that every place is known in the original."""

from unicodedata import normalize

import opencc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.checks.characters import FOLDED, GROWTH, characters
from compliance.checks.normal import Normal, fold
from tests.compliance.checks.texts import texts


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Spam", "spam"),
        ("Ｓｐａｍ", "spam"),
        ("STRASSE straße", "strasse strasse"),
        ("敏\u200b感", "敏感"),
        ("敏\u200d\ufe0f\u2060感", "敏感"),
        ("sp\u00adam\x00", "spam"),
        ("\u202espam\u202c", "spam"),
        ("sp\U000e0061am", "spam"),
        ("s\u0336p\u0336a\u0336m\u0336", "spam"),
        ("s͓̽p͓̽a͓̽m͓̽", "spam"),
        ("1\ufe0f\u20e3", "1"),
        ("臺灣後來發頭髮", "台湾后来发头发"),
        ("看著", "看着"),
        ("cafe\u0301", "café"),
        ("ﾊﾟｰﾃｨｰ", "パーティー"),
        ("\u1112\u1161\u11ab\u1100\u116e\u11a8", "한국"),
        ("ﬁ…㍿", "fi...株式会社"),
        ("one  two\n\n\tthree\u3000four", "one two three four"),
        ("Σίσυφος", "σίσυφοσ"),
        ("İ", "i"),
        ("it´s", "its"),
        ("\ufdfa", "\ufffd"),
        ("\ud800", "\ufffd"),
        ("", ""),
    ],
)
def test_what_is_written_in_many_ways_folds_to_one(written: str, folded: str) -> None:
    assert fold(written) == folded


@pytest.mark.parametrize(
    ("one", "other"), [("敏感", "敏 感"), ("cafe", "café"), ("カ", "ガ"), ("มา", "ม่า"), ("0", "o")]
)
def test_what_is_something_else_stays_apart(one: str, other: str) -> None:
    assert fold(one) != fold(other)


def test_every_character_folds_to_what_rests() -> None:
    known = characters()
    for code in range(0x110000):
        char = chr(code)
        once = fold(char)
        assert fold(once) == once, hex(code)
        assert len(once) <= GROWTH, hex(code)
        if code < FOLDED:
            assert not known.stripped.search(once), hex(code)


def test_no_character_that_stands_alone_folds_to_one_that_joins_or_to_an_edge_of_spaces() -> None:
    known = characters()
    for code in range(FOLDED):
        char = chr(code)
        if not known.joining.match(char) and not char.isspace():
            folded = fold(char)
            assert not known.joining.match(folded[0]), hex(code)
            assert folded == folded.strip(" "), hex(code)


def test_every_traditional_character_folds_as_its_simplified_one() -> None:
    ideographs = [chr(code) for code in range(0x4E00, 0xA000)]
    simplified = opencc.OpenCC("t2s").convert("\n".join(ideographs)).split("\n")
    assert sum(fold(old) != fold(new) for old, new in zip(ideographs, simplified, strict=True)) == 0


@given(texts)
def test_folding_what_is_folded_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(texts)
def test_what_is_canonically_the_same_folds_alike(text: str) -> None:
    assert fold(normalize("NFD", text)) == fold(text) == fold(normalize("NFC", text))


@given(texts, st.data())
def test_a_place_leads_back_to_text_that_folds_to_what_was_found(text: str, data: st.DataObject) -> None:
    normal = Normal(text)
    if not normal.text:
        return
    start = data.draw(st.integers(0, len(normal.text) - 1))
    end = data.draw(st.integers(start + 1, len(normal.text)))
    begins, ends = normal.place(start, end)
    assert 0 <= begins < ends <= len(text)
    assert normal.text[start:end] in fold(text[begins:ends])


@given(st.text("abc 敏感臺ÉПρ中\n", max_size=40), st.data())
def test_where_characters_fold_one_to_one_a_place_is_exact(text: str, data: st.DataObject) -> None:
    normal = Normal(text)
    if len(normal.text) == len(text) > 0:
        start = data.draw(st.integers(0, len(text) - 1))
        end = data.draw(st.integers(start + 1, len(text)))
        assert normal.place(start, end) == (start, end)


@pytest.mark.parametrize(
    ("text", "term", "place"),
    [
        ("xx敏\u200b\u200b感yy", "敏感", "敏\u200b\u200b感"),
        ("…敏感", "敏感", "敏感"),
        ("👨\u200d👩\u200d👧 敏感", "敏感", "敏感"),
        ("ＡＢ e\u0301t", "é", "e\u0301"),
        ("  a   b", "b", "b"),
        ("ﬁne", "i", "ﬁ"),
        ("\ue000\ue000 ﬁn 敏", "敏", "敏"),
        ("\u0301\u200b\u0301a", "a", "a"),
    ],
)
def test_a_place_has_all_of_a_ligature_or_of_a_letter_and_its_marks_and_no_more(
    text: str, term: str, place: str
) -> None:
    normal = Normal(text)
    start = normal.text.index(term)
    begins, ends = normal.place(start, start + len(term))
    assert text[begins:ends] == place


def test_more_marks_than_any_writing_has_are_cut() -> None:
    assert fold("か" + "\u3099\u0e38\u0e48" * 1000 + "き").count("\u0e48") == 10
