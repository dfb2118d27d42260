"""Many phrases looked for at once in folded text: the longest at each place, and whole words where words have ends.

The edges of words are marked in what is searched and in what is searched for, so a phrase that is found is a match and
nothing needs to be looked at twice. Time is linear in the text, whatever the phrases are.
"""

import re
from collections.abc import Iterator, Sequence

from ahocorasick_rs import AhoCorasick, MatchKind

from compliance.checks.normal import Normal
from compliance.checks.words import DIGITS, EDGE, IDEOGRAPHS, LETTERS, SYLLABLES, marked

_UNSPACED = re.compile(f"[{IDEOGRAPHS}{SYLLABLES}]")

# "敏*感", and "s.p.a.m" with one and the same sign between single letters. A full stop, comma, question or line between
# two sentences is none.
_SIGNS = r" .·・*_\-–—~|/\\+=^'`\""
_SEPARATED = re.compile(
    rf"(?<=[{IDEOGRAPHS}{SYLLABLES}])[{_SIGNS}]{{1,3}}(?=[{IDEOGRAPHS}{SYLLABLES}])|"
    rf"(?<![{DIGITS}{LETTERS}])[{DIGITS}{LETTERS}]([{_SIGNS}])[{DIGITS}{LETTERS}](?:\1[{DIGITS}{LETTERS}])+(?![{DIGITS}{LETTERS}])"
)


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
        searched = marked(kept) if self._joins else normal.marked
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
