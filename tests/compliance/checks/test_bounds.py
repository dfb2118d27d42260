"""The work of every check is bounded by the size of the text: no text is worse than its length.

CPU is measured, of this thread, the least of several runs. The bounds are several times what is needed, coverage being
measured, or growth by less than a square: what they find is work that explodes, not a machine that is slow today.
"""

import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.checks import ADVERSARIES
from compliance.checks.base import Check
from compliance.checks.registry import CHECKS
from tests.compliance.checks.making import made, says

SIZE = 8000
MOST_MS = 150  # All checks together; 3 to 30 are needed, and twice that under coverage.
GROWTH = 12  # Four times the text: 4 when work is linear, 16 when it is a square.
FLOOR_MS = 2  # What is faster is not compared: too little to tell.
TERMS = "a\naa\n*aaa*\nab\nb a\n敏\n敏敏\n敏感\nhttp\n*tp*\n*e*\nc"
FRAGMENTS = (
    "a", "ab ", "a.", "a-", "-", ".", " ", "\n", "\t ", "1", "A", "s.p.a.m ", "s.",
    "http://", "://", "[", "[.]", "(dot) ", " dot ", "点com", "点", "@", "a@a.", "。", "a.cn ", "xn--a.cn ", "а.cn ",
    "敏", "感 ", "敏*", "臺", "ㅠ", "\u1100\u1161", "か\u3099", "\u3099", "a\u0301", "\u0301", "\u0301\u0323",
    "\u200d", "a\u200d", "\U0001f468\u200d", "\x00", "\ue000", "\U00031000", "ﷺ", "㍿", "…", "´", "İ", "ᾴ",
)  # fmt: skip


def every(*, remembers: int = 10_000) -> list[Check]:
    """Return all checks, as strict as they get: two term lists, one of which ignores separators.

    Of current affairs so many groups are asked for that it never comes to an end before the text does.
    """
    lists = [
        {"file": "a.txt", "action": "hold", "ground": "laws", "ignore_separators": ignore} for ignore in (True, False)
    ]
    return [
        made("terms", {"a.txt": TERMS}, lists=lists),
        made("links", deny=["evil.cn"], others="hold", most=128),
        made("length", characters=10, lines=10, run=8, same_line=1, capitals_percent=1),
        made("chain", others=2, others_urging=1, urges=["spread", "a"], remembers=remembers),
        made("current_affairs", {"a.txt": TERMS}, groups=11, lists=[{"group": "more", "file": "a.txt"}]),
    ]


def took_ms(act: Callable[[], object], *, runs: int = 3) -> float:
    """Return the CPU that `act` takes, in ms: the least of several runs."""
    least = float("inf")
    for _ in range(runs):
        begun = time.thread_time()
        act()
        least = min(least, time.thread_time() - begun)
    return least * 1000


def judge(checks: list[Check], text: str) -> None:
    publication = says(text)
    for check in checks:
        check.judge(publication)
        check.learn(publication)


def test_all_checks_are_measured() -> None:
    assert {type(check) for check in every()} == {kind.make for kind in CHECKS.values()}


@pytest.mark.parametrize("name", ADVERSARIES)
def test_no_text_made_to_be_expensive_is(name: str) -> None:
    checks = every()
    short, long = (ADVERSARIES[name](length) for length in (SIZE // 4, SIZE))
    once, four_times = (took_ms(lambda text=text: judge(checks, text)) for text in (short, long))  # type: ignore[misc]
    assert four_times < MOST_MS
    assert four_times < GROWTH * max(once, FLOOR_MS)


@settings(max_examples=60)
@given(st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=4), st.lists(st.sampled_from(FRAGMENTS), max_size=2))
def test_no_repetition_of_anything_is_expensive(repeated: list[str], ending: list[str]) -> None:
    fragment = "".join(repeated)
    text = (fragment * (SIZE // len(fragment) + 1))[:SIZE] + "".join(ending)
    checks = every()
    assert took_ms(lambda: judge(checks, text), runs=2) < MOST_MS


def test_what_has_been_learned_does_not_make_judging_expensive() -> None:
    checks = every(remembers=2000)
    (chain,) = (check for check in checks if check.version and type(check) is CHECKS["chain"].make)
    base = "微波炉加热的食物会致癌请大家赶快扩散出去吧" * 10
    for number in range(3000):
        cut = number % 150
        chain.learn(
            says(base[cut : cut + 40] + "".join(chr(0x4E00 + (number * 97 + k * 31) % 8000) for k in range(40)))
        )
    assert took_ms(lambda: judge(checks, base * 30)) < MOST_MS
