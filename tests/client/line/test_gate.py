"""gate, submissions, take-back, receipt, audit."""

import json

import pytest
from blake3 import blake3

from protocol.decisions import SubmissionState
from protocol.ids import SubmissionId
from tests.client.fake_public import Ruling
from tests.client.line.conftest import Meet, Someone, found
from tests.client.line.lane import Lane

HELD = Ruling(SubmissionState.HELD)


def submitted(someone: Someone, *arguments: str) -> SubmissionId:
    return SubmissionId(someone("publish", *arguments, "--json").json[0]["submission"])


def test_the_gate_says_what_publishing_meets(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    shown = alice("gate").out
    for words in (
        "Pack cn-2014 1",
        "group message      licence, agreement, hooks; hooks: terms 1.0 (check)",
        "far 2.1 (webhook)",
        "rumour",
        "News",
    ):
        assert words in shown
    [gate] = alice("gate", "--json").json
    assert [hook["name"] for hook in gate["hooks"]] == ["terms", "far"]
    lane.fake.public.closed = "no licence"
    assert "Closed: no licence" in alice("gate").out


def test_submissions_are_listed_and_explained(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    assert alice("submissions").err.startswith("You have published nothing yet")
    topic = found(alice)
    lane.fake.public.rulings = [HELD]
    held = submitted(alice, topic, "maybe " * 20)
    rows = [line.split("\t") for line in alice("submissions").lines]
    assert rows[0][:2] == [held, "held"]
    assert rows[0][3] == "[public] Tea House"
    assert rows[0][5].endswith("…")
    assert rows[1][1] == "published"
    explained = alice("submissions", held[:10]).out
    assert "Held until" in explained
    assert "Spreading rumours" in explained
    assert alice("submissions", held, "--json").json[0]["submission"] == held
    assert alice("submissions", "nothing").status == 2


def test_what_is_held_is_taken_back_and_what_is_published_is_not(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    topic = found(alice)
    lane.fake.public.rulings = [HELD, HELD]
    held = submitted(alice, topic, "maybe")
    assert alice("take-back", held[:8]).out == "It is taken back; nobody has seen it.\n"
    other = submitted(alice, topic, "again")
    assert alice("take-back", other, "--json").json[0]["state"] == "taken_back"
    assert alice("topics").err == ""
    assert len(lane.fake.public.groups[topic].log) == 2


def test_taking_back_too_late_says_what_became_of_it(arrive: Meet, lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    alice = arrive("alice")
    topic = found(alice)
    published = submitted(alice, topic, "out")
    change = lane.fake.public.change
    monkeypatch.setattr(lane.fake.public, "change", lambda submission, _: change(submission, SubmissionState.PUBLISHED))
    ran = alice("take-back", published)
    assert (ran.status, "everybody there sees it as" in ran.err, "too_late" in ran.err) == (1, True, True)


def test_a_receipt_is_proven_and_comes_as_json_for_a_verifier(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    topic = found(alice)
    published = submitted(alice, topic, "hello")
    assert "leaf 1 (proven)" in alice("receipt", published).out
    [receipt] = alice("receipt", published, "--json").json
    assert set(receipt) == {"submission", "size", "root", "salt", "content", "verdicts"}
    [verdict] = receipt["verdicts"]
    assert json.loads(verdict["leaf"]) == {"submission": published, "verdict": "allow"}
    node = blake3(b"\x01" + bytes.fromhex(verdict["path"][0]) + blake3(b"\x00" + verdict["leaf"].encode()).digest())
    assert (node.hexdigest(), receipt["size"]) == (receipt["root"], 2)


def test_a_receipt_whose_leaf_is_not_in_the_log_is_not_believed(
    arrive: Meet, lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = arrive("alice")
    topic = found(alice)
    published = submitted(alice, topic, "hello")
    monkeypatch.setattr("tests.client.fake_public.path", lambda leaves, number: [b"x" * 32])
    ran = alice("receipt", published)
    assert (ran.status, "NOT PROVEN" in ran.out, "do not trust" in ran.err) == (1, True, True)


def test_the_audit_log_is_shown_and_checked_against_what_was_seen_before(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    topic = found(alice)
    first = alice("audit")
    assert (first.out.startswith("1 leaves, root "), first.err) == (True, "")
    alice("publish", topic, "hello")
    assert "The first 1 leaves are what they were" in alice("audit").err
    alice("publish", topic, "hello")
    [audit] = alice("audit", "--since", "1", "--json").json
    assert (audit["size"], len(audit["consistency"])) == (3, 2)
    lane.fake.public.leaves[0] = b"changed"
    ran = alice("audit")
    assert (ran.status, "changed, cut or replaced" in ran.err) == (1, True)


def test_an_audit_log_that_was_cut_is_told(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    topic = found(alice)
    alice("publish", topic, "hello")
    alice("audit")
    del lane.fake.public.leaves[1:]
    ran = alice("audit")
    assert (ran.status, "the first 2 leaves" in ran.err) == (1, True)
