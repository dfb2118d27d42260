"""What crosses to a hook and back: every field, nothing more, and no answer believed unseen."""

from typing import Any

import pytest

from compliance.publication import Account, Publication, publication
from compliance.verdicts import Allow, Hold, Label, Reject, Verdict
from protocol import limits
from protocol.account_states import NewsRight
from protocol.decisions import Span
from protocol.ids import Seq, TopicId
from protocol.publications import Content, Hop, Part, Source, Surface
from server.hooks import wire
from tests.server.hooks.support import GROUND, NOW_MS, PACK, text

SPAN = {"path": "text", "start": 0, "end": 4}
WHOLE = publication(
    Content(text="words", title="title", parts=(Part(heading="h", text="t", link="l"),), category="news", lang="zh"),
    surface=Surface.REPRINT,
    version=3,
    previous=b"\1" * 32,
    at=NOW_MS,
    account=Account(category="news", news=NewsRight.REPRINT),
    source=Source(hops=(Hop(account=TopicId("0a"), seq=Seq(7), digest=b"\2" * 32),), author="A. Writer", title="title"),
)


def understood(plain: object, about: Publication = WHOLE) -> Verdict:
    return wire.verdict_of(plain, about, PACK.grounds)


def test_a_publication_arrives_as_it_was_sent() -> None:
    assert wire.unpacked_publication(wire.packed_publication(WHOLE)) == WHOLE


def test_a_webhook_gets_every_field() -> None:
    plain = wire.plain_publication(WHOLE)
    assert plain.keys() == set(Publication.__dataclass_fields__)
    assert list(plain["content"]["parts"]) == [{"heading": "h", "text": "t", "link": "l"}]
    assert plain["account"] == {"category": "news", "news": "reprint"}
    assert plain["source"]["author"] == "A. Writer"
    assert list(plain["source"]["hops"]) == [{"account": "0a", "seq": 7, "digest": "02" * 32}]


def test_what_is_said_for_no_account_and_has_no_source_arrives_without() -> None:
    about = text("words")
    assert (about.account, about.source) == (None, None)
    assert wire.unpacked_publication(wire.packed_publication(about)) == about
    assert (wire.plain_publication(about)["account"], wire.plain_publication(about)["source"]) == (None, None)


def test_a_publication_that_is_too_large_is_not_sent() -> None:
    part = Part(text="字" * limits.TEXT_CHARS)
    large = publication(Content(parts=(part,) * 8), surface=Surface.CARD, version=1, previous=None, at=0)
    with pytest.raises(wire.OversizeError):
        wire.packed_publication(large)


@pytest.mark.parametrize(
    "verdict",
    [
        Allow(),
        Label(labels=("a", "b")),
        Label(labels=("a",), where=(Span(path="text", start=1, end=5),)),
        Hold(ground=GROUND, text="Why."),
        Reject(ground=GROUND, text="Why.", where=(Span(path="parts[0].heading", start=0, end=1),)),
    ],
)
def test_a_verdict_arrives_as_it_was_given(verdict: Verdict) -> None:
    assert understood(wire.plain_verdict(verdict)) == verdict
    assert wire.checked(verdict, WHOLE, PACK.grounds) is verdict


def test_no_verdict_is_allow() -> None:
    assert understood(wire.plain_verdict(None)) == Allow()
    assert wire.checked(None, WHOLE, PACK.grounds) == Allow()


@pytest.mark.parametrize("nothing", ["allow", True, {"verdict": "allow"}, object()])
def test_something_else_than_a_verdict_is_none(nothing: object) -> None:
    with pytest.raises(wire.MalformedError, match="is no verdict"):
        wire.plain_verdict(nothing)
    with pytest.raises(wire.MalformedError, match="is no verdict"):
        wire.checked(nothing, WHOLE, PACK.grounds)


def refusal(**changes: Any) -> dict[str, Any]:
    return {"verdict": "reject", "ground": GROUND, "text": "Why."} | changes


@pytest.mark.parametrize(
    ("plain", "said"),
    [
        (None, "not those of a verdict"),
        ([], "not those of a verdict"),
        ({}, "not those of a verdict"),
        ({"verdict": 1}, "not those of a verdict"),
        ({"verdict": "alow"}, "a verdict is allow, label, hold or reject"),
        ({"verdict": "allow", "note": "x"}, "not those of a verdict"),
        ({"verdict": "allow", "labels": ["x"]}, "an allow says nothing more"),
        ({"verdict": "allow", "text": "x"}, "an allow says nothing more"),
        ({"verdict": "label"}, "1 to 16 labels"),
        ({"verdict": "label", "labels": []}, "1 to 16 labels"),
        ({"verdict": "label", "labels": [f"l{n}" for n in range(limits.LABELS + 1)]}, "1 to 16 labels"),
        ({"verdict": "label", "labels": ["Not This"]}, "a label is"),
        ({"verdict": "label", "labels": [1]}, "not those of a verdict"),
        ({"verdict": "label", "labels": ["x"], "ground": GROUND}, "a label has labels and places only"),
        ({"verdict": "label", "labels": ["x"], "where": [SPAN | {"end": 6}]}, "a place that is not in"),
        ({"verdict": "label", "labels": ["x"], "where": [SPAN] * (limits.PLACES_FOUND + 1)}, "32 places at most"),
        ({"verdict": "allow", "where": []}, "an allow says nothing more"),
        (refusal(labels=["x"]), "a reject has no labels"),
        (refusal(verdict="hold", labels=["x"]), "a hold has no labels"),
        (refusal(ground="nonsense"), "not one of the pack's codes"),
        (refusal(ground=""), "one of the pack's codes"),
        ({"verdict": "hold", "text": "x"}, "one of the pack's codes"),
        ({"verdict": "hold", "ground": GROUND}, "a reason has"),
        (refusal(text="x" * (limits.REASON_CHARS + 1)), "a reason has"),
        (refusal(where=[SPAN] * (limits.PLACES_FOUND + 1)), "32 places at most"),
        (refusal(where=[SPAN | {"more": 1}]), "not those of a verdict"),
        (refusal(where=[SPAN | {"path": "nowhere"}]), "a place that is not in"),
        (refusal(where=[SPAN | {"end": 6}]), "a place that is not in"),
        (refusal(where=[SPAN | {"start": -1}]), "a place that is not in"),
        (refusal(where=[SPAN | {"start": 4}]), "a place that is not in"),
        (refusal(where=[SPAN | {"end": 2**80}]), "a place that is not in"),
    ],
)
def test_an_answer_that_is_no_verdict_is_malformed(plain: object, said: str) -> None:
    with pytest.raises(wire.MalformedError, match=said):
        understood(plain)


def test_what_is_wrong_with_an_answer_is_said_without_quoting_it() -> None:
    for plain in (refusal(ground="canary"), {"verdict": "canary"}, {"verdict": "label", "labels": ["Canary canary"]}):
        with pytest.raises(wire.MalformedError) as caught:
            understood(plain)
        assert "canary" not in str(caught.value).casefold()


def test_a_place_counts_characters_and_not_bytes() -> None:
    about = text("汉字🙂")
    where = [{"path": "text", "start": 2, "end": 3}]
    verdict = understood(refusal(where=where), about)
    assert isinstance(verdict, Reject)
    assert verdict.where == (Span(path="text", start=2, end=3),)
