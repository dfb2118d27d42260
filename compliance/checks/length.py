"""The check `length`: too many characters or lines, one character or one line again and again, shouting."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Annotated

import msgspec
from msgspec import Meta

from compliance.checks.base import Action, Check, Ground, Options, Read, digest_of, strictest, verdict
from compliance.checks.reading import Text, words_of
from compliance.publication import Publication
from compliance.verdicts import Verdict
from protocol import limits
from protocol.decisions import Span

VERSION = "1"
SHORTEST_RUN = 8
_RUN = re.compile(rf"(\S)\1{{{SHORTEST_RUN - 1},}}")
_IN_SAMPLE = re.compile(r"(\S)\1{3}")
LETTERS = 40  # Fewer are never called shouting: "OK", "URGENT".


def _most(most: int, description: str) -> Meta:
    return Meta(ge=0, le=most, description=f"{description} 0: as many as one likes.")


class LengthOptions(Options, frozen=True, kw_only=True):
    """Options of the check `length`."""

    characters: Annotated[int, _most(limits.PARTS * limits.TEXT_CHARS, "Most characters, all texts together.")] = 0
    lines: Annotated[int, _most(limits.TEXT_CHARS, "Most lines, all texts together.")] = 200
    run: Annotated[int, _most(limits.TEXT_CHARS, "Most times one character may stand in a row; 8 at least.")] = 60
    same_line: Annotated[int, _most(limits.TEXT_CHARS, "Most times one line may come, all texts together.")] = 20
    capitals_percent: Annotated[int, _most(99, "Most capitals among the letters that have any, in 40 or more.")] = 0
    too_long: Annotated[Action, Meta(description="For characters and lines; the label is `too_long`.")] = "reject"
    repeating: Annotated[Action, Meta(description="For runs, lines and capitals; the label is `repeating`.")] = "hold"
    ground_too_long: Ground = "too_long"
    ground_repeating: Ground = "spam"

    def __post_init__(self) -> None:
        if 0 < self.run < SHORTEST_RUN:
            raise ValueError(f"run is 0 or at least {SHORTEST_RUN}")


class Length(Check):
    """The check `length`."""

    version = VERSION

    def __init__(self, options: LengthOptions, read: Read) -> None:
        del read  # It needs no file.
        self._options = options
        used = (options.too_long, options.ground_too_long), (options.repeating, options.ground_repeating)
        self.grounds = frozenset(ground for action, ground in used if action != "label")
        self.digest = digest_of(VERSION, options)

    @property
    def rules(self) -> frozenset[str]:
        """The bounds."""
        return frozenset(f"{name} {value}" for name, value in msgspec.structs.asdict(self._options).items())

    def judge(self, publication: Publication) -> Verdict:
        """Measure the texts of `publication`, addresses left out: as they are, and folded for runs and lines."""
        return strictest(self._findings(tuple(words_of(publication))))

    def _findings(self, texts: tuple[Text, ...]) -> Iterator[Verdict]:
        options = self._options
        if options.characters and (where := _beyond(texts, options.characters)):
            yield self._long(f"It has more than {options.characters:,} characters.", where)
        if options.lines and sum(text.normal.original.count("\n") + 1 for text in texts) > options.lines:
            yield self._long(f"It has more than {options.lines:,} lines.", [])
        if options.run and (where := _runs(texts, options.run)):
            yield self._repeats(f"It has one character more than {options.run:,} times in a row.", where)
        if options.same_line and _most_of_one_line(texts, options.same_line) > options.same_line:
            yield self._repeats(f"It says one line more than {options.same_line:,} times.", [])
        if options.capitals_percent and _capitals(texts) * 100 > options.capitals_percent:
            yield self._repeats(f"More than {options.capitals_percent} % of its letters are capitals.", [])

    def _long(self, text: str, where: list[Span]) -> Verdict:
        options = self._options
        return verdict(options.too_long, label="too_long", ground=options.ground_too_long, text=text, where=where)

    def _repeats(self, text: str, where: list[Span]) -> Verdict:
        options = self._options
        return verdict(options.repeating, label="repeating", ground=options.ground_repeating, text=text, where=where)


def _beyond(texts: tuple[Text, ...], most: int) -> list[Span]:
    """Return what comes after the first `most` characters."""
    found, before = [], 0
    for text in texts:
        length = len(text.normal.original)
        if before + length > most:
            found.append(Span(path=text.path, start=max(0, most - before), end=length))
        before += length
    return found


def _runs(texts: tuple[Text, ...], most: int) -> list[Span]:
    """Return where one character stands more than `most` times in a row.

    A run that long shows in a sample of the text: 4 of its characters are there. Most texts need no closer look.
    """
    step = (most + 1) // 4
    return [
        text.span(*found.span())
        for text in texts
        if _IN_SAMPLE.search(text.normal.text[::step])
        for found in _RUN.finditer(text.normal.text)
        if found.end() - found.start() > most
    ]


def _most_of_one_line(texts: tuple[Text, ...], least: int) -> int:
    """Return how often the line comes that comes most often, blank ones left out; 0 when there are not `least`."""
    lines = [line for text in texts for line in text.normal.original.split("\n")]
    if len(lines) <= least:
        return 0
    counted = Counter(line.strip().casefold() for line in lines)
    del counted[""]
    return max(counted.values(), default=0)


def _capitals(texts: tuple[Text, ...]) -> float:
    """Return which part of the letters that have capitals are some; 0 of fewer than `LETTERS`."""
    originals = [text.normal.original for text in texts]
    capitals = sum(sum(map(str.isupper, original)) for original in originals)
    small = sum(sum(map(str.islower, original)) for original in originals)
    return capitals / (capitals + small) if capitals + small >= LETTERS else 0.0
