"""What each character folds to, and which cannot be folded alone; from Unicode's and opencc's data.

`joining` characters belong to the one before: combining marks, the later letters of a Hangul syllable, and what has no
form of its own. Before any other character a text can be cut, and the pieces fold as the whole does (UAX #15 §9.1).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from unicodedata import category, combining, decomposition, normalize, unidata_version

import opencc

from compliance.invisible import IGNORABLE

VERSION = f"unicode-{unidata_version} opencc-{opencc.__version__}"
FOLDED = 0x30000  # Planes 0 to 2; there is nothing to fold above them but tags, which are invisible.
UNSPELLED = "\ufffd"  # For what cannot be spelled out.
GROWTH = 6  # Most characters that one may fold to; the ligatures of whole phrases (U+FDFA) are not spelled out.

_ANNOTATION = (0xFFF9, 0xFFFB)  # Interlinear annotation: as invisible.

# Marks of no script in particular: what they leave on a letter after composition is decoration, or disguise.
LOOSE = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+")

# What opencc decides by the word, and we by the character: both spellings of a word must fold alike.
_BY_WORD = {"著": "着", "瞭": "了", "藉": "借"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Characters:
    """`table` is for `str.translate`. The patterns find one character, or more where they say so.

    `stripped`: a run of what is left out; `joining`: what belongs to the character before; `marks`: what makes
    composition necessary; `crowd`: more marks on one character than any writing has; `phrase`: what is not spelled
    out; `irregular`: a group that holds a stretch which does not fold one to one.
    """

    table: list[int | str | None]
    stripped: re.Pattern[str]
    joining: re.Pattern[str]
    marks: re.Pattern[str]
    crowd: re.Pattern[str]
    phrase: re.Pattern[str]
    irregular: re.Pattern[str]


@cache
def characters() -> Characters:
    """Return what is known of all characters; the first call takes some tenths of a second."""
    simplified = _simplified()
    later = {decomposed[-1] for code in range(FOLDED) if len(decomposed := _canonical_pair(code)) == 2}
    later |= {chr(code) for first, last in ((0x1161, 0x1175), (0x11A8, 0x11C2)) for code in range(first, last + 1)}
    stripped = {code for first, last in (*IGNORABLE, _ANNOTATION) for code in range(first, last + 1)}
    table: list[int | str | None] = list(range(FOLDED))
    marks, phrases, longer = set[int](), set[int](), set[int]()
    for code in range(FOLDED):
        char = chr(code)
        if 0xD800 <= code < 0xE000:
            table[code] = UNSPELLED
        elif code in stripped:
            table[code] = None
        elif char.isspace():
            table[code] = " "
        elif category(char) == "Cc":
            stripped.add(code)
            table[code] = None
        elif not _is_plain(code):
            apart = normalize("NFKD", char)
            if apart[0] == " ":  # An accent that stands alone.
                stripped.add(code)
                table[code] = None
            elif combining(apart[0]) or apart[0] in later:
                marks.add(code)
                table[code] = char.casefold()
            else:
                folded = _folded(char, simplified)
                if not folded:  # A loose mark that is in no order, as the enclosing ones are.
                    stripped.add(code)
                elif len(folded) > GROWTH:
                    phrases.add(code)
                    folded = UNSPELLED
                elif len(folded) > 1:
                    longer.add(code)
                table[code] = (folded or None) if folded != char else code
        elif char in simplified:
            table[code] = simplified[char]
    joining = _members(stripped | marks)
    mark = _members(marks)
    return Characters(
        table=table,
        stripped=re.compile(f"[{_members(stripped)}]+"),
        joining=re.compile(f"[{joining}]"),
        marks=re.compile(f"[{mark}]"),
        crowd=re.compile(f"(?<![{mark}])([{mark}]{{30}})[{mark}]+"),  # Thirty is the bound of UAX #15 §13.
        phrase=re.compile(f"[{_members(phrases)}]"),
        irregular=re.compile(rf"(\s[\s{joining}]++|[^\s{joining}]?[{joining}]++|[{_members(longer)}])"),
    )


def _is_plain(code: int) -> bool:
    """Say whether `code` is an ideograph or a syllable, which only opencc could change; most of Unicode is."""
    return 0x3400 <= code < 0xA000 or 0xAC00 <= code < 0xD7A4 or 0x20000 <= code < 0x2F800


def _canonical_pair(code: int) -> list[str]:
    parts = decomposition(chr(code))
    return [] if parts.startswith("<") else [chr(int(part, 16)) for part in parts.split()]


def _folded(char: str, simplified: dict[str, str]) -> str:
    """Return what `char` alone folds to: compatibility, case, traditional, loose marks, until it rests."""
    before, now = "", char
    while now != before:
        before = now
        now = normalize("NFKC", normalize("NFKC", now).casefold())
        now = normalize("NFKC", LOOSE.sub("", "".join(simplified.get(each, each) for each in now)))
    return now


def _simplified() -> dict[str, str]:
    """Return the traditional and variant characters with the simplified one for each, none of which is itself a key."""
    ideographs = [chr(code) for first, last in ((0x2E80, 0xA000), (0xF900, 0xFB00), (0x20000, FOLDED))
                  for code in range(first, last)]  # fmt: skip
    step: dict[str, str] = {}
    for config in ("hk2s", "t2s"):
        converted = opencc.OpenCC(config).convert("\n".join(ideographs)).split("\n")
        step |= {old: new for old, new in zip(ideographs, converted, strict=True) if new != old and len(new) == 1}
    step |= _BY_WORD
    found = {}
    for char in step:
        last = char
        for _ in range(8):  # Some take two steps (薴, 苧, 苎); were there a circle, it would end here.
            last = step.get(last, last)
        found[char] = last
    return found


def _members(codes: Iterable[int]) -> str:
    """Return `codes` as what stands between the brackets of a pattern.

    Above plane 0, where each range costs every search some time, neighbours are taken together with what lies between
    them: a character too many there makes a stretch longer, never a result wrong.
    """
    ranges: list[list[int]] = []
    for code in sorted(codes):
        near = 1 if code < 0x10000 else 0x800
        if ranges and code - ranges[-1][1] <= near and (ranges[-1][1] >= 0x10000) == (code >= 0x10000):
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"{re.escape(chr(first))}-{re.escape(chr(last))}" for first, last in ranges)
