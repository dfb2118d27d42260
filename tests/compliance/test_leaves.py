"""What a leaf says, byte for byte, and what none may say."""

import inspect
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import msgspec
import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from compliance import leaves
from compliance.leaves import ApprovalAct, Leaf, LeafError, LeafKind, StaffAct, commitment, read
from compliance.rights import Approval
from compliance.verdicts import Allow, Answer, Failure, Hold, Label, OnError, Reject, Verdict
from protocol.decisions import Decision, DecisionKind, Span
from protocol.ids import DecisionId, Seq, SubmissionId, TopicId
from protocol.publications import Surface
from protocol.staff import StaffRole

SALT = b"s" * leaves.SALT_BYTES
SECRET = "路灯坏了"  # What was said; it must be nowhere.
SUBMISSION, TOPIC = SubmissionId("s" * 16), TopicId("0" * 16)
COMMITMENT = commitment(SALT, SECRET.encode())


APPROVAL = Approval(
    issuer="the authority",
    reference="No. 7",
    issued_on=date(2027, 1, 1),
    until=date(2027, 12, 31),
    item=b"\xab" * 32,
)


def answer(outcome: Verdict | Failure) -> Answer:
    return Answer(
        hook="terms", kind="check", version="3", digest="d" * 64, took_us=7, outcome=outcome, on_error=OnError.HOLD
    )


def answered(outcome: Verdict | Failure) -> Leaf:
    return leaves.answered(
        answer(outcome),
        at=5,
        submission=SUBMISSION,
        version=2,
        surface=Surface.GROUP_MESSAGE,
        commitment=COMMITMENT,
    )


def decision(**changed: object) -> Decision:
    parts = {
        "decision": DecisionId("d" * 16),
        "kind": DecisionKind.REJECT,
        "ground": "rumour",
        "clause": "Art. 6",
        "bottom_line": "truthfulness",
        "agreement": "2014-08",
        "where": (Span(path="text", start=0, end=4),),
        "facts": f"It says {SECRET}.",
        "by": "hook terms 3",
        "automated": True,
        "at": 6,
        "until": 99,
        "appeal": "Write to us.",
        "leaf": 41,
    }
    return Decision(**(parts | changed))  # type: ignore[arg-type]


def decided(about: Decision) -> Leaf:
    facts = commitment(SALT, about.facts.encode())
    return leaves.decided(about, submission=SUBMISSION, commitment=COMMITMENT, facts=facts, topic=TOPIC, seq=Seq(9))


SAID_ABOUT = {
    "hook": "terms",
    "hook_version": "3",
    "kind": "check",
    "policy": "hold",
    "rules": "d" * 64,
    "took_us": 7,
    "at": 5,
    "commitment": COMMITMENT,
    "submission": SUBMISSION,
    "surface": "group_message",
    "version": 2,
}
EXAMPLES: list[tuple[Leaf, dict[str, object]]] = [
    (answered(Allow()), SAID_ABOUT | {"leaf": "verdict", "verdict": "allow"}),
    (
        answered(Label(labels=("ad", "news"))),
        SAID_ABOUT | {"leaf": "verdict", "verdict": "label", "labels": ["ad", "news"]},
    ),
    (
        answered(Hold(ground="rumour", text=f"Is {SECRET} so?", where=(Span(path=SECRET, start=0, end=1),))),
        SAID_ABOUT | {"leaf": "verdict", "verdict": "hold", "ground": "rumour"},
    ),
    (
        answered(Reject(ground="rumour", text=f"No: {SECRET}")),
        SAID_ABOUT | {"leaf": "verdict", "verdict": "reject", "ground": "rumour"},
    ),
    (answered(Failure.LATE), SAID_ABOUT | {"leaf": "failure", "failure": "late"}),
    (
        leaves.published(
            at=5,
            submission=SUBMISSION,
            version=2,
            topic=TOPIC,
            seq=Seq(9),
            commitment=COMMITMENT,
            labels=("ad",),
            pack="cn-2014",
            pack_version="1",
            body=commitment(SALT, b"the body"),
        ),
        {
            "leaf": "published",
            "at": 5,
            "submission": SUBMISSION,
            "version": 2,
            "topic": TOPIC,
            "seq": 9,
            "commitment": COMMITMENT,
            "labels": ["ad"],
            "pack": "cn-2014",
            "pack_version": "1",
            "body": commitment(SALT, b"the body"),
        },
    ),
    (
        decided(decision()),
        {
            "leaf": "decision",
            "at": 6,
            "decision": "d" * 16,
            "kind": "reject",
            "submission": SUBMISSION,
            "topic": TOPIC,
            "seq": 9,
            "commitment": COMMITMENT,
            "ground": "rumour",
            "clause": "Art. 6",
            "bottom_line": "truthfulness",
            "agreement": "2014-08",
            "where": [{"path": "text", "start": 0, "end": 4}],
            "facts": commitment(SALT, f"It says {SECRET}.".encode()),
            "by": "hook terms 3",
            "automated": True,
            "until": 99,
        },
    ),
    (
        leaves.taken_back(at=5, submission=SUBMISSION, version=2, surface=Surface.CARD, commitment=COMMITMENT),
        {
            "leaf": "taken_back",
            "at": 5,
            "submission": SUBMISSION,
            "version": 2,
            "surface": "card",
            "commitment": COMMITMENT,
        },
    ),
    (
        leaves.agreement_signed(at=5, agreement=b"\xab" * 32, version="2014-08"),
        {"leaf": "agreement_signed", "at": 5, "agreement": "ab" * 32, "version": "2014-08"},
    ),
    (
        leaves.configuration(at=5, what={"pack": "cn-2014", "hook.terms": "3 hold"}),
        {"leaf": "configuration", "at": 5, "what": {"pack": "cn-2014", "hook.terms": "3 hold"}},
    ),
    (
        leaves.rules_reloaded(at=5, hook="terms", came=3, went=1, digest="d" * 64),
        {"leaf": "rules_reloaded", "at": 5, "hook": "terms", "came": 3, "went": 1, "digest": "d" * 64},
    ),
    (
        leaves.staff(at=5, code="r-7", role=StaffRole.CHIEF, act=StaffAct.ADDED),
        {"leaf": "staff", "at": 5, "code": "r-7", "role": "chief", "act": "added"},
    ),
    (
        leaves.approval(at=5, account=TOPIC, approval=APPROVAL, act=ApprovalAct.ADDED),
        {
            "leaf": "approval",
            "at": 5,
            "account": TOPIC,
            "issuer": "the authority",
            "reference": "No. 7",
            "issued_on": "2027-01-01",
            "until": "2027-12-31",
            "item": "ab" * 32,
            "act": "added",
        },
    ),
]


@pytest.mark.parametrize(("leaf", "says"), EXAMPLES)
def test_a_leaf_says_this_and_nothing_else(leaf: Leaf, says: dict[str, object]) -> None:
    assert json.loads(leaf.says) == says


@pytest.mark.parametrize(("leaf", "says"), EXAMPLES)
def test_a_leaf_is_canonical_json_as_any_language_can_write_it(leaf: Leaf, says: dict[str, object]) -> None:
    assert leaf.says == json.dumps(says, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert read(leaf.says) == says


@pytest.mark.parametrize(("leaf", "says"), EXAMPLES)
def test_a_leaf_is_filed_under_what_it_says(leaf: Leaf, says: dict[str, object]) -> None:
    assert (leaf.kind, leaf.at, leaf.submission) == (says["leaf"], says["at"], says.get("submission"))


@pytest.mark.parametrize(("leaf", "says"), EXAMPLES)
def test_no_leaf_quotes_what_was_said(leaf: Leaf, says: dict[str, object]) -> None:
    assert SECRET not in leaf.says.decode()


@pytest.mark.parametrize(("leaf", "says"), EXAMPLES)
def test_every_leaf_about_a_submission_binds_it_to_its_text(leaf: Leaf, says: dict[str, object]) -> None:
    assert (leaf.submission is None) == ("commitment" not in says)


def test_every_kind_has_an_example() -> None:
    assert {leaf.kind for leaf, _ in EXAMPLES} == set(LeafKind)


def makers() -> list[Callable[..., Leaf]]:
    found = inspect.getmembers(leaves, inspect.isfunction)
    return [
        each for name, each in found if not name.startswith("_") and inspect.signature(each).return_annotation is Leaf
    ]


@pytest.mark.parametrize("make", makers())
def test_nothing_that_makes_a_leaf_takes_a_person_a_device_or_a_name(make: Callable[..., Leaf]) -> None:
    taken = " ".join(f"{each.name} {each.annotation}" for each in inspect.signature(make).parameters.values())
    for word in ("person", "device", "handle", "peer", "member", "author", "PersonId", "bytes | None", "Content"):
        assert word not in taken


def test_what_does_not_apply_is_left_out() -> None:
    bare = decision(kind=DecisionKind.RELEASE, bottom_line="", agreement="", where=(), until=None)
    leaf = leaves.decided(bare, submission=SUBMISSION, commitment=COMMITMENT, facts=COMMITMENT)
    assert set(read(leaf.says)) & {"bottom_line", "agreement", "until", "topic", "seq"} == set()
    standing = replace(APPROVAL, until=None, item=None)
    leaf = leaves.approval(at=5, account=TOPIC, approval=standing, act=ApprovalAct.ENDED)
    assert set(read(leaf.says)) & {"until", "item"} == set()


def test_a_decisions_leaf_does_not_depend_on_its_own_number() -> None:
    assert decided(decision(leaf=1)) == decided(decision(leaf=2))


def test_a_commitment_is_keyed_blake3_in_hexadecimal() -> None:
    assert commitment(SALT, b"text") == blake3(b"text", key=SALT).hexdigest()


@given(st.binary(max_size=50), st.binary(max_size=50), st.binary(min_size=32, max_size=32))
def test_a_commitment_changes_with_the_text_and_with_the_salt(one: bytes, other: bytes, salt: bytes) -> None:
    assert (commitment(salt, one) == commitment(salt, other)) == (one == other)
    assert (commitment(salt, one) == commitment(SALT, one)) == (salt == SALT)


@pytest.mark.parametrize(
    ("leaf", "why"),
    [
        (b"", "no JSON"),
        (b"\xff", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[1]", "no object"),
        (b'{"at":1}', "no object"),
        (b'{"leaf":"verdict"}', "no object"),
        (b'{"at":"1","leaf":"verdict"}', "no object"),
        (b'{"at":true,"leaf":"verdict"}', "no object"),
        (b'{"at":1,"leaf":7}', "no object"),
        (b'{"leaf":"verdict","at":1}', "not canonical"),
        (b'{"at": 1,"leaf":"verdict"}', "not canonical"),
        (b'{"at":1,"leaf":"verdict"}\n', "not canonical"),
        (b'{"at":1,"at":1,"leaf":"verdict"}', "not canonical"),
        (b'{"at":1,"leaf":"verd\\u0069ct"}', "not canonical"),
        (b'{"at":1,"leaf":"x","y":{"b":1,"a":2}}', "not canonical"),
    ],
)
def test_what_is_not_canonical_is_no_leaf(leaf: bytes, why: str) -> None:
    with pytest.raises(LeafError, match=why):
        read(leaf)


def test_a_kind_of_a_later_version_can_be_read() -> None:
    assert read(b'{"at":1,"leaf":"measure","rung":2}') == {"at": 1, "leaf": "measure", "rung": 2}


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(values, st.booleans(), st.booleans())
def test_what_can_be_read_is_written_again_to_the_byte(value: object, ascii_only: bool, ordered: bool) -> None:
    whole = {"at": 1, "leaf": "x", "more": value}
    leaf = json.dumps(whole, ensure_ascii=ascii_only, sort_keys=ordered, separators=(",", ":"))
    encoded = leaf.encode("utf-8", "surrogatepass")
    try:
        says = read(encoded)
    except LeafError:
        return
    assert msgspec.json.encode(says, order="sorted") == encoded


@given(st.binary(max_size=40))
def test_garbage_is_said_to_be_no_leaf(garbage: bytes) -> None:
    with pytest.raises(LeafError):
        read(garbage)
