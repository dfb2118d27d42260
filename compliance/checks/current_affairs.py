"""The check `current_affairs`: what reads like a report about public affairs, whatever it says of them.

A heuristic, and no more: it knows words, not news. Single words say nothing, as everybody uses them; words of several
groups close together do: an institution, an office and an election in one paragraph. It asserts with a label, and what
follows is not its to say: in a public account a person looks where something else was declared (Art. 7 ¶2).
"""

import tomllib
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, TypeVar

from msgspec import Meta

from compliance.checks.base import Check, CheckError, LabelName, Options, Read, digest_of
from compliance.checks.phrases import Phrases
from compliance.checks.reading import Text, words_of
from compliance.checks.term_files import parse
from compliance.publication import Publication
from compliance.verdicts import Allow, Label, Verdict
from protocol import limits

VERSION = "1"
SHIPPED = "current_affairs.toml"
T = TypeVar("T")
Group = Annotated[
    str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}$", description="One of its own, or any other name for one more.")
]


class GroupList(Options, frozen=True, kw_only=True):
    """A file of further terms, and the group that they belong to."""

    group: Group
    file: Annotated[str, Meta(min_length=1, max_length=1024, description="The file: a term a line, UTF-8.")]


class CurrentAffairsOptions(Options, frozen=True, kw_only=True):
    """Options of the check `current_affairs`."""

    groups: Annotated[int, Meta(ge=2, le=32, description="So many groups must have a term close together.")] = 3
    terms: Annotated[int, Meta(ge=2, le=100, description="So many terms must be there, each counted once.")] = 4
    within: Annotated[int, Meta(ge=64, le=limits.TEXT_CHARS, description="In how many characters that is.")] = 300
    lists: Annotated[tuple[GroupList, ...], Meta(max_length=16, description="Files of further terms.")] = ()
    shipped: Annotated[bool, Meta(description="Whether the terms count that come with it.")] = True
    label: LabelName = "current_affairs"


class CurrentAffairs(Check):
    """The check `current_affairs`. It only labels, so it names no ground."""

    version = VERSION
    grounds: frozenset[str] = frozenset()

    def __init__(self, options: CurrentAffairsOptions, read: Read) -> None:
        self._options = options
        groups = {group: set(terms) for group, terms in shipped().items()} if options.shipped else {}
        packed = [read(each.file) for each in options.lists]
        for each, content in zip(options.lists, packed, strict=True):
            groups.setdefault(each.group, set()).update(parse(content, each.file))
        if len(groups) < options.groups:
            raise CheckError(f"groups is {options.groups}, and there are {len(groups)}: it would never find anything")
        owners: dict[str, str] = {}
        for group, patterns in groups.items():
            for pattern in sorted(patterns):
                owners.setdefault(pattern, group)  # What several groups have counts for the first.
        self._groups = list(owners.values())
        self._phrases = Phrases(list(owners))
        self._rules = frozenset(f"{group} {pattern}" for pattern, group in owners.items())
        self.digest = digest_of(VERSION, options, _shipped_bytes(), *packed)

    @property
    def rules(self) -> frozenset[str]:
        """Every term with its group."""
        return self._rules

    def judge(self, publication: Publication) -> Verdict:
        """Look for a stretch of the texts of `publication`, one after the other, that has terms of enough groups."""
        found = self._dense(words_of(publication))
        if not found:
            return Allow()
        where = tuple(text.span(start, end) for text, start, end in found[: limits.PLACES_FOUND])
        return Label(labels=(self._options.label,), where=where)

    def _dense(self, texts: Iterable[Text]) -> list[tuple[Text, int, int]]:
        """Return the terms in the first such stretch; none when there is none. Every term comes and goes once."""
        # Of each term nearby: where it begins in all texts, which one it is, its place.
        near: deque[tuple[int, int, tuple[Text, int, int]]] = deque()
        terms: Counter[int] = Counter()
        groups: Counter[str] = Counter()  # Of these terms, each counted once.
        before = 0  # Characters of the texts that came before.
        for text in texts:
            for number, start, end in self._phrases.find(text.normal):
                near.append((before + start, number, (text, start, end)))
                if _comes(terms, number):
                    _comes(groups, self._groups[number])
                while before + end - near[0][0] > self._options.within:
                    _, gone, _ = near.popleft()
                    if _goes(terms, gone):
                        _goes(groups, self._groups[gone])
                if len(terms) >= self._options.terms and len(groups) >= self._options.groups:
                    return [place for _, _, place in near]
            before += len(text.normal.text)
        return []


def _comes(counts: Counter[T], what: T) -> bool:
    """Count one more, and say whether it is the first."""
    counts[what] += 1
    return counts[what] == 1


def _goes(counts: Counter[T], what: T) -> bool:
    """Count one less, and say whether it was the last."""
    counts[what] -= 1
    if not counts[what]:
        del counts[what]
    return what not in counts


@cache
def shipped() -> Mapping[str, frozenset[str]]:
    """Return the patterns of the terms that come with it, by group."""
    groups = tomllib.loads(_shipped_bytes().decode())
    return {
        group: frozenset(parse("\n".join(terms).encode(), f"{SHIPPED}: {group}")) for group, terms in groups.items()
    }


@cache
def _shipped_bytes() -> bytes:
    return files("compliance").joinpath("checks", SHIPPED).read_bytes()
