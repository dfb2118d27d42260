"""A text in at most 64 numbers, by which two texts can be compared without having either.

The grams of a text are all its stretches of 2 ideographs, of 3 kana or Hangul syllables, of 5 letters of other
scripts, each kind by itself and without what stands between: neither digits nor punctuation count. A sketch has the
smallest hashes of the grams ("bottom k", Broder 1997): of two texts the same grams are drawn, so what the sketches
share tells what the texts share, within some hundredths.
"""

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from compliance.checks.words import IDEOGRAPHS, LETTERS, OTHERS, SYLLABLES

HASHES = 64
COMMON = 8  # Fewest hashes that a comparison stands on: texts of too different a length are not compared.
COUNTED = 8000  # Letters of each kind; what comes after is not looked at.
_KINDS = (
    (re.compile(f"[{IDEOGRAPHS}]+"), 2, 2),  # The letters, how many make a gram, what each weighs.
    (re.compile(f"[{SYLLABLES}]+"), 3, 2),
    (re.compile(f"[{LETTERS}]+"), 5, 1),
    (re.compile(f"[{OTHERS}]+"), 5, 1),
)


@dataclass(frozen=True, slots=True)
class Sketch:
    """The smallest hashes of a text's grams, in order; all of them if it has fewer than `HASHES`.

    `weight`: how many letters it has; an ideograph or a syllable counts as two.
    """

    hashes: "array[int]"
    weight: int


def sketch(folded: str) -> Sketch:
    """Return the sketch of a folded text. The same in every process: no seed goes into it."""
    grams: set[int] = set()
    weight = 0
    for kind, length, weighs in _KINDS:
        letters = "".join(kind.findall(folded))[:COUNTED]
        if letters:
            grams.update(_grams(letters, length))
            weight += weighs * len(letters)
    return Sketch(array("q", _smallest(grams)), weight)


def resemblance(one: Sketch, other: Sketch) -> float:
    """Return which part of the grams of the shorter text the longer one has too, about: 0 to 1.

    0 as well when the sketches do not say: when one text is so much longer that hardly anything is left to compare.
    """
    top = min((each.hashes[-1] for each in (one, other) if len(each.hashes) == HASHES), default=None)
    left, right = (
        set(each.hashes if top is None else each.hashes[: bisect_right(each.hashes, top)]) for each in (one, other)
    )
    fewest = min(len(left), len(right))
    return len(left & right) / fewest if fewest >= COMMON else 0.0


def _smallest(hashes: set[int]) -> list[int]:
    """Return the `HASHES` smallest, in order, without putting all in order: hashes are evenly spread."""
    if len(hashes) > 4 * HASHES:
        top = -(2**63) + 2**64 * 2 * HASHES // len(hashes)
        few = [value for value in hashes if value <= top]
        if len(few) >= HASHES:
            return sorted(few)[:HASHES]
    return sorted(hashes)[:HASHES]


def _grams(text: str, length: int) -> Iterator[int]:
    """Return the hashes of all stretches of `length` characters: of tuples of numbers, which no seed changes."""
    codes = text.encode() if text.isascii() else array("I", text.encode("utf-32-le"))
    return map(hash, zip(*(codes[start:] for start in range(length)), strict=False))
