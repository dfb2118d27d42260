"""Texts as they are searched: in one spelling, cut into threes of characters, so that no language needs words.

Every character of a word begins a trigram; behind the end of the word there are two blanks more. So whatever stands in
a text is the beginning of one trigram, if it has one or two characters, or is several of them in a row; and a query is
only ever made of trigrams, in quotes that cannot be in them: nothing of a text or a query is understood by FTS5.
"""

import unicodedata
from collections.abc import Sequence

WORDS = 8  # Of a query: every one costs time, and more of them find nothing better.
EXCERPT_CHARS = 120
_BEFORE = 30  # Of the characters of an excerpt, those before what was looked for.
_CHUNK = 256
_BLANK = "\ue020"
# Accents, variants of emoji, and what nobody sees are left out; what stands for other characters below stands for none.
_UNSEEN = (0x00AD, 0x2060, 0xFEFF, *range(0x0300, 0x0370), *range(0x200B, 0x2010), *range(0xFE00, 0xFE10))
_LEFT_OUT = dict.fromkeys(_UNSEEN) | dict.fromkeys(range(0xE000, 0xE080), "\ufffd")
# To FTS5's tokenizer, what is not ASCII belongs to a token whatever it is, and of ASCII letters and digits do.
_AS_LETTERS = {code: chr(0xE000 + code) for code in range(128) if not (chr(code).isalnum() or chr(code).isspace())}


def normal(text: str) -> str:
    """Return `text` in the spelling by which it is compared: case, width and accents make no difference."""
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFKC", apart.translate(_LEFT_OUT))


def words_of(query: str) -> tuple[str, ...]:
    """Return what a text must have in it to be found, each once, in the spelling of `normal`; the first `WORDS`."""
    return tuple(dict.fromkeys(normal(query).split()))[:WORDS]


def trigrams(text: str) -> str:
    """Return the trigrams of `text`, which is in the spelling of `normal`, as FTS5 takes them."""
    return " ".join([each for word in text.translate(_AS_LETTERS).split() for each in _threes(word + 2 * _BLANK)])


def matching(words: Sequence[str]) -> str:
    """Return the FTS5 expression for texts that have all of `words`, anywhere."""
    return " AND ".join(_phrase(word.translate(_AS_LETTERS)) for word in words)


def excerpt(text: str, compared: str, words: Sequence[str]) -> str:
    """Return the part of `text` around the first of `words`; its beginning, if none is there.

    `compared`: `text` in the spelling of `normal`.
    """
    places = [place for word in words if (place := compared.find(word)) >= 0]
    start = max(0, _place(text, compared, min(places, default=0)) - _BEFORE)
    end = start + EXCERPT_CHARS
    shown = " ".join(text[start:end].split())
    return ("…" if start else "") + shown + ("…" if end < len(text) else "")


def _threes(word: str) -> list[str]:
    return [word[start : start + 3] for start in range(len(word) - 2)]


def _phrase(word: str) -> str:
    return f'"{word}" *' if len(word) < 3 else f'"{" ".join(_threes(word))}"'


def _place(text: str, compared: str, place: int) -> int:
    """Return about where in `text` stands what `compared`, the same in another spelling, has at `place`."""
    if len(text) == len(compared):
        return place
    start = 0
    while start < len(text):
        chunk = text[start : start + _CHUNK]
        length = len(normal(chunk))
        if place < length:
            return start + place * len(chunk) // length
        place -= length
        start += _CHUNK
    return len(text)
