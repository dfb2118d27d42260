"""One text as checks compare it: width, case, traditional characters and the invisible do not matter.

What folds alike is alike: NFKC, case folding, simplified for traditional characters, one space for any white space;
left out are characters without a form (Unicode's default ignorables, controls) and loose marks. Folding what is folded
changes nothing. Every place in the folded text is known in the original.
"""

import re
from bisect import bisect_right
from itertools import accumulate
from unicodedata import normalize

from compliance.checks.characters import LOOSE, UNSPELLED, characters
from compliance.checks.words import marked

_SPACES = re.compile(r"\s\s")
_CUT, _NOT_A_CUT = "\ue000", "\ue001"  # Of private use: folded to themselves, joined with nothing.


def fold(text: str) -> str:
    """Return `text` as it is compared. Linear in its length; at most six times as long."""
    known = characters()
    if text.isascii() or not known.joining.search(text):
        folded = text.translate(known.table)
    else:
        folded = known.stripped.sub("", text)
        if known.marks.search(folded):
            # Long rows of marks are cut first: putting them in order takes the square of their number.
            folded = known.crowd.sub(r"\1", known.phrase.sub(UNSPELLED, folded))
            folded = known.crowd.sub(r"\1", normalize("NFKC", folded))
            folded = LOOSE.sub("", normalize("NFKC", folded.translate(known.table)))
            folded = normalize("NFKC", folded)
        else:
            folded = folded.translate(known.table)
    while "  " in folded:
        folded = folded.replace("  ", " ")
    return folded


class Normal:
    """A text, folded, with the way back to the original."""

    __slots__ = ("_folded_starts", "_lengths", "_marked", "_starts", "original", "text")

    def __init__(self, original: str) -> None:
        self.original = original
        self.text = fold(original)
        self._marked = ""
        self._starts: list[int] = []  # Of stretches that fold one to one, and of ones that do not, in turn.
        self._folded_starts: list[int] = []
        self._lengths: list[int] = []

    @property
    def marked(self) -> str:
        """The folded text with the edges of its words marked."""
        self._marked = self._marked or marked(self.text)
        return self._marked

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Return where in the original the characters `start` up to, not including, `end` of the folded text come from.

        The place is never shorter than what folds to them: of a ligature, or of a letter and its marks, it has all.
        """
        if not self._starts:
            self._trace()
        first, last = (bisect_right(self._folded_starts, at) - 1 for at in (start, end - 1))
        begins, ends = self._starts[first], self._starts[last]
        if not first % 2:
            begins += start - self._folded_starts[first]
        ends += self._lengths[last] if last % 2 else end - self._folded_starts[last]
        return begins, ends

    def _trace(self) -> None:
        """Fold all stretches in one go, with cuts between them; it is needed for what was found only."""
        known = characters()
        plain = len(self.text) == len(self.original) and not known.joining.search(self.original)
        if plain and not _SPACES.search(self.original):  # Then every character folds to one.
            self._starts, self._folded_starts, self._lengths = [0], [0], [len(self.original)]
            return
        stretches = known.irregular.split(self.original.replace(_CUT, _NOT_A_CUT))
        folded = fold(_CUT.join(stretches)).split(_CUT)
        self._lengths = [len(stretch) for stretch in stretches]
        self._starts = [0, *accumulate(self._lengths)][:-1]
        self._folded_starts = [0, *accumulate(len(stretch) for stretch in folded)][:-1]
