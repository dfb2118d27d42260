"""What a publication costs in the built-in checks, and how well the chain-forward detector tells rumours from talk.

CPU of this process per publication, every one of them new: nothing that was seen before helps. The texts are real
dialogue, Chinese and English in turn; the terms are made of its words, so that some are found. Then what somebody might
send who wants to be expensive.
"""

import random
import re
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import click
import msgspec

from benchmarks.figures import Report, Row
from benchmarks.options import json_option, option, reported, seed_option, terms_option
from benchmarks.rumours import Figures, day, of, tell_apart
from benchmarks.town.dialogue import sentences
from compliance.checks.base import Check
from compliance.checks.characters import characters
from compliance.checks.registry import CHECKS
from compliance.publication import Publication

LENGTHS = (2000, 8000)
LANGUAGES = ("chinese", "english")
TERMS_FILE = "terms.txt"
OPTIONS: Mapping[str, Mapping[str, object]] = {
    "chain": {},
    "current_affairs": {},
    "length": {},
    "links": {"deny": ["example.com"]},
    "terms": {
        "lists": [{"file": TERMS_FILE, "action": "hold", "ground": "laws"}],
    },
}
ADVERSARIES: Mapping[str, Callable[[int], str]] = {
    "one letter": lambda n: "a" * n,
    "one ideograph": lambda n: "敏" * n,
    "single letters": lambda n: "a b c d " * (n // 8),
    "runs of seven": lambda n: "aaaaaaabbbbbbb" * (n // 14),
    "http://": lambda n: "http://" * (n // 7),
    "links, each another": lambda n: "".join(f"{number:04x}.cn " for number in range(n // 8)),
    "dots": lambda n: "a." * (n // 2),
    "hyphens": lambda n: "a-" * (n // 2),
    "brackets": lambda n: "a[" * (n // 2),
    "marks in disorder": lambda n: "a" + "\u0301\u0323" * ((n - 1) // 2),
    "letters with marks": lambda n: "a\u0301b\u0327" * (n // 4),
    "zero-width joiners": lambda n: "a\u200d" * (n // 2),
    "spaces": lambda n: " " * n,
    "ligatures": lambda n: "㍿" * n,
    "plane 3": lambda n: "\U00031000" * n,
    "every character new": lambda n: "".join(chr(0x4E00 + number) for number in range(n)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """CPU of one publication, in microseconds: of judging it, median and 99th percentile, and of learning it, median.

    Learning is what comes after: taking notice that it is public now.
    """

    judging_us: float
    p99_us: float
    learning_us: float


def dialogue(length: int, source: random.Random) -> Iterator[str]:
    """Yield texts of `length` characters without end, each another, of sentences in turn Chinese and English."""
    said = [sentences(language) for language in LANGUAGES]
    while True:
        text = ""
        while len(text) < length:
            text += " ".join(map(source.choice, said)) + "\n"
        yield text[:length]


def list_of(count: int, source: random.Random) -> str:
    """Return a file of `count` terms, half of them Chinese, half of them English: words of the corpus put together."""
    chinese = "".join(re.findall("[\u4e00-\u9fff]", "".join(sentences("chinese"))))
    english = re.findall("[a-z]{3,}", " ".join(sentences("english")).lower())
    found: dict[str, None] = {}
    while len(found) < count:
        if len(found) % 2:
            found["".join(source.choice(chinese) for _ in range(source.choice((3, 4, 4, 5, 6))))] = None
        else:
            found[" ".join(source.choice(english) for _ in range(source.choice((2, 2, 3))))] = None
    return "\n".join(found)


def measure(checks: list[Check], publications: list[Publication]) -> Cost:
    """Let all of `checks` judge each of `publications`, and then learn it; return what one costs."""
    judging, learning = [], []
    for each in publications:
        begun = time.process_time_ns()
        for check in checks:
            check.judge(each)
        judged = time.process_time_ns()
        for check in checks:
            check.learn(each)
        judging.append((judged - begun) / 1000)
        learning.append((time.process_time_ns() - judged) / 1000)
    p99 = sorted(judging)[int(len(judging) * 0.99)]
    return Cost(judging_us=statistics.median(judging), p99_us=p99, learning_us=statistics.median(learning))


def made(name: str, terms_file: str) -> Check:
    """Return the check `name` with the options above."""
    kind = CHECKS[name]
    return kind.make(msgspec.convert(OPTIONS[name], kind.options), lambda _: terms_file.encode())


def _row(name: str, costs: Mapping[int, Cost]) -> Row:
    row: dict[str, str | float] = {"check": name}
    for length, cost in costs.items():
        row[f"{length:,}: judging"] = cost.judging_us
        row[f"{length:,}: p99"] = cost.p99_us
        row[f"{length:,}: learning"] = cost.learning_us
    return row


def _rumours(figures: Figures) -> Row:
    """Return how well rumours were told from talk."""
    return {
        "said": "rumours in the middle of ordinary talk",
        "ordinary": figures.ordinary,
        "rumours": figures.rumours,
        "due": figures.due,
        "held": figures.held,
        "held when due": figures.held_due,
        "held wrongly": figures.held_wrongly,
        "precision": figures.precision,
        "recall": figures.recall,
    }


def measure_all(report: Report, *, terms: int, publications: int, seed: int) -> None:
    """Measure each check and all of them, with dialogue and with what is made to be expensive."""
    source = random.Random(seed)
    file = list_of(terms, source)
    texts = {length: [of(text) for text in islice(dialogue(length, source), publications)] for length in LENGTHS}
    characters()  # Built once in a process, at the first check.
    begun = time.process_time()
    checks = {name: made(name, file) for name in CHECKS}
    report.note(f"{terms:,} terms and the other checks were made in {time.process_time() - begun:.2f} s of CPU.")
    rows = {name: {length: measure([check], texts[length]) for length in LENGTHS} for name, check in checks.items()}
    every = [made(name, file) for name in CHECKS]
    rows["all of them"] = {length: measure(every, texts[length]) for length in LENGTHS}
    report.table(
        f"Dialogue, {terms:,} terms, some found in every text; CPU µs",
        [_row(name, costs) for name, costs in rows.items()],
    )
    worst = {
        name: {
            length: measure(every, [of(f"{number} " + text(length - 4)) for number in range(20)]) for length in LENGTHS
        }
        for name, text in ADVERSARIES.items()
    }
    report.table("All checks, texts made to be expensive; CPU µs", [_row(name, costs) for name, costs in worst.items()])
    chain = made("chain", file)
    report.table("Default options of the check `chain`", [_rumours(tell_apart(chain, day(source, copies=60), due=20))])


@click.command(epilog="Example: hutong-bench checks --terms 1000 --publications 50")
@terms_option(100_000)
@option("--publications", 300, "Of each length.")
@seed_option
@json_option
def main(file: Path | None, **asked: Any) -> None:
    """Measure the built-in checks."""
    reported("checks", measure_all, file, **asked)
