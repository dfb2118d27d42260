"""What holds for every built-in check."""

import inspect
from typing import Any, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.checks.base import Check, Options, compare, strictest, verdict
from compliance.checks.registry import CHECKS
from compliance.pack import load
from compliance.verdicts import Allow, Hold, Label, Reject, Verdict
from protocol.decisions import Span
from protocol.publications import Part, fields_of
from tests.compliance.checks.making import made, says
from tests.compliance.checks.texts import texts

OPTIONS: dict[str, dict[str, Any]] = {
    "chain": {"others": 2, "others_urging": 1, "shortest": 16},
    "current_affairs": {"groups": 2, "terms": 2, "lists": [{"group": "more", "file": "a.txt"}]},
    "length": {"characters": 30, "run": 8, "same_line": 1, "capitals_percent": 50},
    "links": {"deny": ["evil.com"], "others": "hold"},
    "terms": {"lists": [{"file": "a.txt", "action": "hold", "ground": "laws"}]},
}
FILES = {"a.txt": "spam\n敏感\n*a*"}
NAMES = sorted(CHECKS)


def test_every_check_is_tried_here() -> None:
    assert sorted(OPTIONS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_option_is_described_and_bounded(name: str) -> None:
    def look(options: type[Options]) -> None:
        assert options.__struct_config__.frozen
        assert options.__struct_config__.forbid_unknown_fields
        schema = msgspec.json.schema(options)["$defs"]
        for table in schema.values():
            for field, said in table["properties"].items():
                kinds = said.get("anyOf", [said])
                assert said.get("description") or any(kind.get("description") for kind in kinds), (name, field)
                for kind in kinds:
                    if kind.get("type") == "integer":
                        assert {"minimum", "maximum"} <= set(kind), (name, field)
                    if kind.get("type") == "string":
                        assert "maxLength" in kind or "pattern" in kind, (name, field)
                    if kind.get("type") == "array":
                        assert "maxItems" in kind, (name, field)

    look(CHECKS[name].options)
    assert CHECKS[name].about.endswith(".")


@pytest.mark.parametrize("name", NAMES)
def test_the_digest_tells_the_rules_and_is_the_same_for_the_same(name: str) -> None:
    one, other = made(name, FILES, **OPTIONS[name]), made(name, FILES, **OPTIONS[name])
    assert one.digest == other.digest
    assert len(bytes.fromhex(one.digest)) == 32
    assert one.version
    assert compare(one, other) == (0, 0)


@pytest.mark.parametrize("name", NAMES)
def test_no_check_needs_to_have_learned(name: str) -> None:
    check = made(name, FILES, **OPTIONS[name])
    check.succeed(made(name, FILES, **OPTIONS[name]))
    check.learn(says("anything"))
    assert check.judge(says("")) == Allow()


@pytest.mark.parametrize("pack", ["cn-2014", "open"])
def test_the_grounds_that_checks_decide_on_by_default_are_in_every_pack(pack: str) -> None:
    grounds = {ground for name in NAMES if name != "terms" for ground in made(name).grounds}
    assert grounds == {"truthfulness", "too_long", "spam", "link"}
    assert grounds <= set(load(pack).grounds)


@given(st.lists(texts, min_size=4, max_size=4), st.integers(0, 40))
def test_whatever_is_said_a_verdict_comes_and_points_into_the_text(said: list[str], times: int) -> None:
    title, text, heading, link = said
    part = Part(heading=heading, text=text, link=link)
    publication = says(text + title * times, title=title[:20], parts=(part,))
    originals = fields_of(publication.content)
    for name in NAMES:
        check = made(name, FILES, **OPTIONS[name])
        for _ in range(2):
            check.learn(publication)
        given_verdict = check.judge(publication)
        assert check.judge(publication) == given_verdict
        for span in () if isinstance(given_verdict, Allow) else given_verdict.where:
            assert 0 <= span.start < span.end <= len(originals[span.path])


def test_no_check_is_told_who_speaks() -> None:
    for kind in CHECKS.values():
        for method in (Check.judge, Check.learn):
            assert set(get_type_hints(method)) == {"publication", "return"}
        assert "author" not in inspect.getsource(inspect.getmodule(kind.make) or kind.make).replace(
            "author is told", ""
        )


HERE = Span(path="text", start=0, end=1)
HOLD = Hold(ground="laws", text="why")
REJECT = Reject(ground="laws", text="why")


@pytest.mark.parametrize(
    ("verdicts", "strict"),
    [
        ([], Allow()),
        ([Allow(), Label(labels=("b",)), Label(labels=("a", "b"))], Label(labels=("a", "b"))),
        (
            [Label(labels=("a",), where=(HERE,)), Label(labels=("a",), where=(HERE,))],
            Label(labels=("a",), where=(HERE,)),
        ),
        ([Label(labels=("a",)), HOLD, Hold(ground="other", text="why")], HOLD),
        ([HOLD, REJECT, Reject(ground="other", text="why")], REJECT),
        (
            [Label(labels=(f"l{number}",)) for number in range(30)],
            Label(labels=tuple(sorted(f"l{n}" for n in range(30)))[:16]),
        ),
    ],
)
def test_the_strictest_of_several_verdicts_counts(verdicts: list[Verdict], strict: Verdict) -> None:
    assert strictest(verdicts) == strict


def test_an_action_stands_for_a_verdict() -> None:
    where = [Span(path="text", start=0, end=1)]
    assert verdict("label", label="ad", ground="laws", text="why", where=where) == Label(
        labels=("ad",), where=tuple(where)
    )
    assert verdict("hold", label="", ground="laws", text="why", where=where * 40) == Hold(
        ground="laws", text="why", where=tuple(where * 32)
    )
