"""A text in at most 64 numbers, by which two texts can be compared without having either.

The grams of a text are all its stretches of 2 ideographs, 3 kana or Hangul syllables, 5 other letters, each kind by
itself and without what stands between: neither numbers nor punctuation count. A sketch has the smallest hashes of the
grams ("bottom k", Broder 1997): of two texts the same grams are drawn, so what the sketches share tells what the texts
share, within some hundredths.
"""

import re
from array import array
from dataclasses import dataclass

from compliance.checks.phrases import IDEOGRAPHS, SYLLABLES

HASHES = 64
COMMON = 8  # Fewest hashes that a comparison stands on: texts of too different a length are not compared.
LETTERS = 8000  # Of each kind; what comes after is not looked at.
_IDEOGRAPHS = re.compile(f"[{IDEOGRAPHS}]+")
_SYLLABLES = re.compile(f"[{SYLLABLES}]+")
_NO_LETTERS = re.compile(rf"[\W\d_{IDEOGRAPHS}{SYLLABLES}]+")


@dataclass(frozen=True, slots=True)
class Sketch:
    """The smallest hashes of a text's grams, in order; all of them if it has fewer than `HASHES`.

    `weight`: how many letters it has; an ideograph or a syllable counts as two.
    """

    hashes: "array[int]"
    weight: int


def sketch(folded: str) -> Sketch:
    """Return the sketch of a folded text. The same in every process: no seed goes into it."""
    ideographs = "".join(_IDEOGRAPHS.findall(folded))[:LETTERS]
    syllables = "".join(_SYLLABLES.findall(folded))[:LETTERS]
    letters = _NO_LETTERS.sub("", folded)[:LETTERS]
    grams = _grams(ideographs, 2) | _grams(syllables, 3) | _grams(letters, 5)
    weight = 2 * (len(ideographs) + len(syllables)) + len(letters)
    return Sketch(array("q", sorted(grams)[:HASHES]), weight)


def resemblance(one: Sketch, other: Sketch) -> float:
    """Return which part of the grams of the shorter text the longer one has too, about: 0 to 1.

    0 as well when the sketches do not say: when one text is so much longer that hardly anything is left to compare.
    """
    top = min((each.hashes[-1] for each in (one, other) if len(each.hashes) == HASHES), default=None)
    if top is None:
        left, right = set(one.hashes), set(other.hashes)
    else:
        left, right = ({value for value in each.hashes if value <= top} for each in (one, other))
    fewest = min(len(left), len(right))
    return len(left & right) / fewest if fewest >= COMMON else 0.0


def _grams(text: str, length: int) -> set[int]:
    """Return the hashes of all stretches of `length` characters: of tuples of numbers, which no seed changes."""
    codes = array("I", text.encode("utf-32-le"))
    return set(map(hash, zip(*(codes[start:] for start in range(length)), strict=False)))
