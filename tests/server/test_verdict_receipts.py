"""Receipts of verdicts, the audit log as anybody may ask for it, and how often one may ask."""

from contextlib import closing
from itertools import pairwise
from typing import Any

import pytest
from blake3 import blake3

from client.proofs import is_consistent, is_included
from compliance.leaves import commitment, read
from compliance.verdicts import Allow, Failure, Hold, Label, Reject
from protocol.decisions import Submission, SubmissionState
from protocol.frames import Recall
from protocol.ids import new_id
from protocol.public import GroupFind, Publish, ReceiptReply, ShowAudit, ShowGate, ShowReceipt, TakeBack
from protocol.publications import Content, Surface, decode_content
from protocol.staff import OfficerAct, OfficerDecide, StaffLogin, StaffRole
from tests.server.test_session import rated
from tests.support.inline import Caller, InlineServer, published

HOLD = Hold(ground="truthfulness", text="Somebody should look at it.")
REJECT = Reject(ground="truthfulness", text="It is not true.")


class Lane:
    """A public group with an owner and a member, judged by two hooks."""

    def __init__(self, server: InlineServer) -> None:
        self.server = server
        self.owner, self.member = server.people("ann", "cyd")
        self.topic = server.lane(self.owner, self.member)
        server.panel.hooks = {"links": lambda _: Allow(), "terms": lambda _: Allow()}

    def receipt(self, said: Submission) -> ReceiptReply:
        return self.member.do(ShowReceipt, submission=said.submission)


@pytest.fixture
def lane(server: InlineServer) -> Lane:
    return Lane(server)


def kinds(receipt: ReceiptReply) -> list[str]:
    return [read(verdict.leaf)["leaf"] for verdict in receipt.verdicts]


def proved(receipt: ReceiptReply) -> list[bool]:
    """Say of each leaf whether its proof holds, checked by code that is not the server's."""
    return [
        is_included(verdict.leaf, verdict.number, receipt.size, verdict.path, receipt.root)
        for verdict in receipt.verdicts
    ]


# Receipts.


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Allow(), ["verdict", "verdict", "published"]),
        (Label(labels=("satire",)), ["verdict", "verdict", "published", "decision"]),
        (HOLD, ["verdict", "verdict", "decision"]),
        (REJECT, ["verdict", "verdict", "decision"]),
        (Failure.LATE, ["verdict", "failure", "decision"]),
    ],
)
def test_a_receipt_has_every_leaf_about_a_submission_in_order_with_its_proof(
    lane: Lane, outcome: Any, expected: list[str]
) -> None:
    lane.server.panel.hooks["terms"] = lambda _: outcome
    receipt = lane.receipt(lane.member.publish("hello", lane.topic))
    assert kinds(receipt) == expected
    assert proved(receipt) == [True] * len(expected)


def test_a_verdict_says_which_hook_by_which_rules_and_what(lane: Lane) -> None:
    lane.server.panel.hooks["terms"] = lambda _: REJECT
    receipt = lane.receipt(lane.member.publish("hello", lane.topic))
    links, terms = (read(verdict.leaf) for verdict in receipt.verdicts[:2])
    assert (links["hook"], links["verdict"], links["surface"], links["version"]) == (
        "links",
        "allow",
        "group_message",
        1,
    )
    assert (terms["hook"], terms["hook_version"], terms["rules"], terms["took_us"], terms["ground"]) == (
        "terms",
        "1",
        "00" * 32,
        1,
        "truthfulness",
    )
    assert "not true" not in repr(receipt.verdicts)


def test_the_leaves_are_bound_to_the_very_words_of_the_author(lane: Lane) -> None:
    receipt = lane.receipt(lane.member.publish("hello", lane.topic))
    assert receipt.salt is not None
    assert receipt.content is not None
    assert decode_content(receipt.content) == Content(text="hello")
    bound = blake3(receipt.content, key=receipt.salt).hexdigest()
    assert bound == commitment(receipt.salt, receipt.content)
    assert {read(verdict.leaf)["commitment"] for verdict in receipt.verdicts} == {bound}


def test_the_leaf_of_an_entry_is_bound_to_what_readers_get(lane: Lane) -> None:
    said = lane.member.publish("hello", lane.topic)
    receipt = lane.receipt(said)
    published_leaf = read(receipt.verdicts[-1].leaf)
    body = lane.server.log(lane.topic)[-1].body
    assert receipt.salt is not None
    assert body is not None
    assert published_leaf["body"] == commitment(receipt.salt, body)
    assert (published_leaf["topic"], published_leaf["seq"]) == (lane.topic, said.seq)


def test_another_persons_submission_is_like_none(lane: Lane) -> None:
    said = lane.member.publish("hello", lane.topic)
    refusals = [lane.owner.refusal(ShowReceipt, submission=item) for item in (said.submission, new_id())]
    assert refusals[0] == refusals[1]
    assert refusals[0].code == "not_found"


def test_a_receipt_grows_with_what_is_decided(lane: Lane) -> None:
    lane.server.panel.hooks["terms"] = lambda _: HOLD
    said = lane.member.publish("hello", lane.topic)
    officer, chief = lane.server.officer("K7"), lane.server.officer("C1", StaffRole.CHIEF)
    officer.do(OfficerDecide, item=said.submission, act=OfficerAct.RELEASE)
    chief.do(OfficerDecide, item=said.submission, act=OfficerAct.WITHDRAW, ground="spam", facts="Twice.")
    receipt = lane.receipt(said)
    assert kinds(receipt) == ["verdict", "verdict", "decision", "decision", "published", "decision"]
    assert all(proved(receipt))


def test_what_was_recalled_keeps_its_leaves_and_loses_what_they_are_bound_to(lane: Lane) -> None:
    said = lane.member.publish("hello", lane.topic)
    lane.member.do(Recall, topic=lane.topic, target=said.seq)
    receipt = lane.receipt(said)
    assert (receipt.salt, receipt.content) == (None, None)
    assert kinds(receipt) == ["verdict", "verdict", "published"]
    assert all(proved(receipt))


def test_what_was_taken_back_has_its_receipt(lane: Lane) -> None:
    lane.server.panel.hooks["terms"] = lambda _: HOLD
    said = lane.member.publish("hello", lane.topic)
    lane.member.do(TakeBack, submission=said.submission)
    assert kinds(lane.receipt(said))[-1] == "taken_back"


def test_a_changed_leaf_is_proved_by_nothing(lane: Lane) -> None:
    receipt = lane.receipt(lane.member.publish("hello", lane.topic))
    verdict = receipt.verdicts[0]
    forged = verdict.leaf.replace(b'"allow"', b'"reject"')
    assert forged != verdict.leaf
    assert not is_included(forged, verdict.number, receipt.size, verdict.path, receipt.root)


# The log.


def test_anybody_may_ask_how_long_the_log_is_and_what_it_was(lane: Lane) -> None:
    stranger = lane.server.connect()
    heads = [stranger.do(ShowAudit)]
    for text in ("one", "two", "three"):
        lane.member.publish(text, lane.topic)
        heads.append(stranger.do(ShowAudit))
    assert [later.size - earlier.size for earlier, later in pairwise(heads)] == [3, 3, 3]
    for old in heads:
        now = stranger.do(ShowAudit, since=old.size)
        assert is_consistent(old.size, old.root, now.size, now.root, now.consistency)


def test_a_log_that_never_had_so_many_leaves_says_so(lane: Lane) -> None:
    size = lane.owner.do(ShowAudit).size
    refusal = lane.owner.refusal(ShowAudit, since=size + 1)
    assert (refusal.code, refusal.field) == ("not_found", "since")


def test_what_is_private_leaves_no_leaf(lane: Lane) -> None:
    size = lane.owner.do(ShowAudit).size
    lane.server.chat(lane.owner, lane.member)
    lane.server.group(lane.owner, lane.member)
    assert lane.owner.do(ShowAudit).size == size


# How often.


def asks(caller: Caller, times: int, shape: Any, **fields: Any) -> list[str]:
    """Ask so many times; return what it was refused with, empty when it was not."""
    return [getattr(caller.try_(caller.request(shape, **fields)), "code", "") for _ in range(times)]


def test_one_publishes_only_so_often() -> None:
    with closing(rated(publish="2/1s")) as server:
        (ann,) = server.people("ann")
        topic = server.lane(ann)
        fields = published("hello", topic, Surface.GROUP_MESSAGE)
        assert asks(ann, 3, Publish, **fields) == ["", "", "rate_limited"]
        refusal = ann.refusal(TakeBack, submission=new_id())
        assert (refusal.code, bool(refusal.retry_after_ms)) == ("rate_limited", True)
        server.clock.pass_time(1)
        assert ann.publish("hello", topic).state is SubmissionState.PUBLISHED


def test_what_is_said_privately_counts_apart_from_what_is_published() -> None:
    with closing(rated(publish="1/1m", send="1/1m")) as server:
        ann, ben = server.people("ann", "ben")
        topic = server.lane(ann)
        ann.publish("hello", topic)
        assert ann.send(b"x", to=ben.person).seq == 1
        assert ann.refused(Publish, **published("again", topic, Surface.GROUP_MESSAGE)) == "rate_limited"


def test_looking_for_groups_and_reading_the_log_are_limited_too() -> None:
    with closing(rated(group="2/1m", fetch="2/1m")) as server:
        (ann,) = server.people("ann")
        server.clock.pass_time(60)
        assert asks(ann, 3, GroupFind) == ["", "", "rate_limited"]
        assert asks(ann, 3, ShowGate) == ["", "", "rate_limited"]


def test_tokens_of_staff_are_guessed_at_only_so_often() -> None:
    with closing(rated(login="2/1m")) as server:
        caller = server.connect()
        assert asks(caller, 3, StaffLogin, code="K7", token="x") == [
            "bad_credentials",
            "bad_credentials",
            "rate_limited",
        ]
