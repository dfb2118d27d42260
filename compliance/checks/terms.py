"""The check `terms`: words and phrases that are rejected, held or labelled, by the hundred thousand.

The author is told where exactly, in their own words; what else is on a list is never told.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta

from compliance.checks.base import (
    Action,
    Check,
    CheckError,
    Ground,
    LabelName,
    Options,
    Read,
    Reason,
    digest_of,
    strictest,
    verdict,
)
from compliance.checks.phrases import Phrases
from compliance.checks.reading import Text, texts_of
from compliance.checks.term_files import parse
from compliance.publication import Publication
from compliance.verdicts import Verdict
from protocol import limits

VERSION = "1"
TERMS = 1_000_000  # Of all lists of one check together.
REASON = "It has words that are not published here."


class TermList(Options, frozen=True, kw_only=True):
    """One file of terms, and what is done with a text that has one of them."""

    file: Annotated[str, Meta(min_length=1, max_length=1024, description="The file: a term a line, UTF-8.")]
    action: Annotated[Action, Meta(description="What is done with the text.")]
    ground: Ground | None = None
    label: LabelName | None = None
    text: Reason | None = None
    ignore_separators: Annotated[
        bool, Meta(description="Also find what is written with signs between its characters (敏*感, s.p.a.m).")
    ] = False

    def __post_init__(self) -> None:
        if self.action == "label" and (self.label is None or self.ground is not None or self.text is not None):
            raise ValueError("a list whose action is label has a label, no ground and no text")
        if self.action != "label" and (self.ground is None or self.label is not None):
            raise ValueError(f"a list whose action is {self.action} has a ground and no label")


class TermOptions(Options, frozen=True, kw_only=True):
    """Options of the check `terms`."""

    lists: Annotated[
        tuple[TermList, ...], Meta(min_length=1, max_length=16, description="The lists, first ones first.")
    ]


class _Search:
    """All lists of one action and label, searched together, so that no list hides what is on a stricter one.

    A term that is on several of them counts for the first.
    """

    def __init__(self, lists: list[TermList], patterns: list[set[str]]) -> None:
        self.lists = lists
        owners: dict[str, int] = {}
        for number, found in enumerate(patterns):
            for each in sorted(found):
                owners.setdefault(each, number)
        self._owners = list(owners.values())
        self._phrases = Phrases(list(owners), joins=lists[0].ignore_separators)

    def verdicts(self, texts: tuple[Text, ...]) -> Iterator[Verdict]:
        """Yield what is to be said, if anything: for the first list that anything is found of, all of its places."""
        places: dict[int, list[tuple[Text, int, int]]] = defaultdict(list)
        for text in texts:
            for number, start, end in self._phrases.find(text.normal):
                places[self._owners[number]].append((text, start, end))
        if places:
            first = min(places)
            each = self.lists[first]
            where = [text.span(start, end) for text, start, end in places[first][: limits.PLACES_FOUND]]
            yield verdict(
                each.action, label=each.label or "", ground=each.ground or "", text=each.text or REASON, where=where
            )


class Terms(Check):
    """The check `terms`. Rejecting is stricter than holding, and that than a label; then the first list counts."""

    version = VERSION

    def __init__(self, options: TermOptions, read: Read) -> None:
        files: list[bytes] = []
        groups: dict[tuple[str, str | None, bool], tuple[list[TermList], list[set[str]]]] = {}
        rules = set[str]()
        for each in options.lists:
            packed = read(each.file)
            files.append(packed)
            patterns = parse(packed, each.file, joins=each.ignore_separators)
            lists, found = groups.setdefault((each.action, each.label, each.ignore_separators), ([], []))
            lists.append(each)
            found.append(patterns)
            rules |= {f"{each.action} {each.ground or each.label} {term}" for term in patterns}
        if sum(len(term) for _, found in groups.values() for term in found) > TERMS:
            raise CheckError(f"the lists have more than {TERMS:,} terms together; a check has at most so many")
        self._rules = frozenset(rules)
        self._searches = [_Search(*group) for group in groups.values()]
        self.grounds = frozenset(each.ground for each in options.lists if each.ground is not None)
        self.digest = digest_of(VERSION, options, *files)

    @property
    def rules(self) -> frozenset[str]:
        """Every term with what is done about it."""
        return self._rules

    def judge(self, publication: Publication) -> Verdict:
        """Look for the terms of all lists in every text of `publication`, links too."""
        texts = texts_of(publication)
        return strictest(found for search in self._searches for found in search.verdicts(texts))
