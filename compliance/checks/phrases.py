"""Many phrases looked for at once in folded text: the longest at each place, and whole words where words have ends.

The edges of words are marked in what is searched and in what is searched for, so a phrase that is found is a match and
nothing needs to be looked at twice. Time is linear in the text, whatever the phrases are.
"""

import re
from collections.abc import Iterator, Sequence

from ahocorasick_rs import AhoCorasick, MatchKind

from compliance.checks.normal import Normal

EDGE = "\x01"  # Never in folded text: controls are left out of it.

# Letters, as they are folded, of scripts that put spaces between words and do not grow words by endings without end.
LETTERS = (
    "0-9a-z\u00df-\u00f6\u00f8-\u02af\u0370-\u0481\u048a-\u0587\u10d0-\u10ff\u1e00-\u1fff\u2c60-\u2c7f\ua640-\ua7ff"
)
# Of scripts that write on without spaces, or with spaces and any ending: Chinese; kana and Hangul.
IDEOGRAPHS = "\u3005-\u3007\u3400-\u9fff\U00020000-\U0003ffff"
SYLLABLES = "\u1100-\u11ff\u3041-\u30fa\u30fc-\u30ff\uac00-\ud7a3"
_WORD = re.compile(f"([{LETTERS}]+)")
_UNSPACED = re.compile(f"[{IDEOGRAPHS}{SYLLABLES}]")

# "敏*感", and "s.p.a.m" with one and the same sign between single letters. A full stop, comma, question or line between
# two sentences is none.
_SIGNS = r" .·・*_\-–—~|/\\+=^'`\""
_SEPARATED = re.compile(
    rf"(?<=[{IDEOGRAPHS}{SYLLABLES}])[{_SIGNS}]{{1,3}}(?=[{IDEOGRAPHS}{SYLLABLES}])|"
    rf"(?<![{LETTERS}])[{LETTERS}]([{_SIGNS}])[{LETTERS}](?:\1[{LETTERS}])+(?![{LETTERS}])"
)


def marked(folded: str) -> str:
    """Return `folded` with the edges of its words marked."""
    return EDGE.join(_WORD.split(folded))


def joined(folded: str) -> str:
    """Return `folded` without the signs between single characters."""
    return _SEPARATED.sub(_letters, folded)


def pattern(folded: str, *, begins: bool = True, ends: bool = True) -> str:
    """Return what is to be searched for, for a phrase. `begins`, `ends`: only where a word begins, or ends.

    A phrase with an ideograph in it is found anywhere, for nothing shows where such words end.
    """
    found = marked(folded)
    if not begins or _UNSPACED.search(folded):
        found = found.removeprefix(EDGE)
    if not ends or _UNSPACED.search(folded):
        found = found.removesuffix(EDGE)
    return found


class Phrases:
    """`patterns` as `pattern` makes them, no two the same. `joins`: in `joined` text, and so should they be."""

    def __init__(self, patterns: Sequence[str], *, joins: bool = False) -> None:
        self._automaton = AhoCorasick(patterns, MatchKind.LeftmostLongest)
        self._joins = joins

    def find(self, normal: Normal) -> Iterator[tuple[int, int, int]]:
        """Yield the number of each phrase that is found and where in `normal.text`: start, and end, not included."""
        kept = joined(normal.text) if self._joins else normal.text
        searched = marked(kept)
        found = self._automaton.find_matches_as_indexes(searched)
        if not found:
            return
        places = _places(normal.text) if self._joins and kept != normal.text else range(len(kept))
        edges = counted = 0
        for number, start, end in found:
            edges += searched.count(EDGE, counted, start)
            inside = searched.count(EDGE, start, end)
            first = start - edges
            last = end - edges - inside - 1  # The last character of the phrase, which has at least one.
            yield number, places[first], places[last] + 1
            edges, counted = edges + inside, end


def _letters(found: re.Match[str]) -> str:
    return found[0][::2] if found[1] else ""


def _places(folded: str) -> list[int]:
    """Return where each character that is left after `_SEPARATED` stood."""
    places: list[int] = []
    after = 0
    for found in _SEPARATED.finditer(folded):
        places += range(after, found.start())
        if found[1]:
            places += range(found.start(), found.end(), 2)
        after = found.end()
    places += range(after, len(folded))
    return places
