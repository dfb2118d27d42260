"""What becomes of what was submitted: what its author is told, order, repeats, their own list."""

from collections.abc import Callable
from typing import Any

import pytest

from compliance.verdicts import Allow, Failure, OnError, Reject, Verdict
from protocol.decisions import DecisionKind, Span, SubmissionState
from protocol.entries import Kind
from protocol.frames import GroupLeave, GroupMute, Send
from protocol.public import Publish, Submissions
from protocol.publications import Content, Surface
from protocol.staff import OfficerAct, OfficerDecide
from tests.support.inline import InlineServer, published
from tests.support.public import leaves_of, rows
from tests.support.submitting import HOLD, REJECT, Lane, says

HOUR_S = 3600


@pytest.fixture
def lane(server: InlineServer) -> Lane:
    return Lane(server)


# Rejected and held: what its author is told.


@pytest.mark.parametrize(("outcome", "kind"), [(HOLD, DecisionKind.HOLD), (REJECT, DecisionKind.REJECT)])
def test_its_author_is_told_the_clause_the_line_the_place_who_and_what_to_do(
    lane: Lane, outcome: Verdict, kind: DecisionKind
) -> None:
    lane.server.panel.hooks = says(outcome)
    said = lane.member.publish("hello", lane.topic)
    decision = said.decision
    assert decision is not None
    bench = lane.server.bench
    ground = bench.ground("truthfulness")
    assert (decision.kind, decision.ground, decision.clause) == (kind, "truthfulness", ground.clause)
    assert decision.bottom_line == bench.bottom_line(ground)
    assert decision.agreement == (bench.agreement.version if bench.agreement else "")
    assert decision.where == (Span(path="text", start=0, end=5),)
    assert decision.facts == outcome.text  # type: ignore[union-attr]
    assert (decision.by, decision.automated) == ("hook terms 1", True)
    assert decision.appeal == bench.said(bench.pack.appeal)
    assert decision.at == lane.server.clock.ms
    assert decision.until == said.until


def test_what_is_held_or_rejected_reaches_nobody(lane: Lane) -> None:
    for outcome in (HOLD, REJECT):
        lane.server.panel.hooks = says(outcome)
        lane.member.publish("hello", lane.topic)
    for reader in (lane.owner, lane.admin, lane.other):
        assert reader.collect() == []
    assert lane.texts() == []
    assert [entry.kind for entry in lane.server.log(lane.topic)][-1] is not Kind.MESSAGE


def test_a_review_is_held_for_as_long_as_the_pack_says(lane: Lane) -> None:
    said = lane.held()
    assert said.until == lane.server.clock.ms + int(lane.server.bench.pack.holds.review_h * HOUR_S * 1000)


def test_what_a_failed_hook_holds_is_held_for_another_time(lane: Lane) -> None:
    lane.server.panel.hooks = says(Failure.LATE)
    said = lane.member.publish("hello", lane.topic)
    assert said.until == lane.server.clock.ms + int(lane.server.bench.pack.holds.failure_h * HOUR_S * 1000)
    assert said.decision is not None
    assert said.decision.ground == "gate_failure"
    assert "terms" in said.decision.facts


def test_a_verdict_on_a_ground_that_the_pack_does_not_have_is_a_failure(lane: Lane) -> None:
    lane.server.panel.hooks = says(Reject(ground="whatever", text="No."))
    said = lane.member.publish("hello", lane.topic)
    assert (said.state, said.decision and said.decision.ground) == (SubmissionState.HELD, "gate_failure")
    assert [leaf["failure"] for leaf in leaves_of(lane.server) if leaf["leaf"] == "failure"] == ["malformed"]


def test_a_failure_that_is_allowed_counts_as_if_the_hook_were_not_there(lane: Lane) -> None:
    lane.server.panel.hooks = says(Failure.CRASHED)
    lane.server.panel.on_error = OnError.ALLOW
    assert lane.member.publish("hello", lane.topic).state is SubmissionState.PUBLISHED
    assert [leaf["leaf"] for leaf in leaves_of(lane.server)][-3:] == ["verdict", "failure", "published"]


# The gate cannot judge: nothing is left, and the author may try again.


@pytest.fixture
def failing(lane: Lane) -> Lane:
    """A lane where a hook fails whose policy is to reject."""
    lane.server.panel.hooks = says(Failure.CRASHED)
    lane.server.panel.on_error = OnError.REJECT
    return lane


def test_when_the_gate_cannot_judge_the_author_is_told_when_to_try_again(failing: Lane) -> None:
    refusal = failing.member.refusal(Publish, **published("hello", failing.topic, Surface.GROUP_MESSAGE))
    assert refusal.code == "gate_unavailable"
    assert refusal.retry_after_ms


def test_what_could_not_be_judged_is_not_kept_but_the_failure_is_on_record(failing: Lane) -> None:
    failing.member.refused(Publish, **published("hello", failing.topic, Surface.GROUP_MESSAGE))
    assert rows(failing.server, "SELECT * FROM submissions") == []
    assert failing.member.do(Submissions).submissions == ()
    assert [leaf["leaf"] for leaf in leaves_of(failing.server)][-2:] == ["verdict", "failure"]
    assert failing.texts() == []


def test_the_cid_of_what_could_not_be_judged_may_be_used_again_for_the_same_or_something_else(failing: Lane) -> None:
    cid = failing.member.cid()
    failing.member.refused(Publish, cid=cid, **published("hello", failing.topic, Surface.GROUP_MESSAGE))
    failing.server.panel.hooks = {}
    said = failing.member.publish("something else", failing.topic, cid=cid)
    assert said.state is SubmissionState.PUBLISHED


# Order.


def test_one_authors_publications_to_a_topic_come_in_order_however_hooks_answer(lane: Lane) -> None:
    lane.server.panel.is_slow = True
    for text in ("one", "two", "three"):
        lane.member.publishes(text, lane.topic)
    lane.server.panel.answer(2)
    lane.server.panel.answer(1)
    assert lane.texts() == []
    lane.server.panel.answer(0)
    assert lane.texts() == ["one", "two", "three"]


def test_all_of_an_authors_publications_are_judged_at_the_same_time(lane: Lane) -> None:
    lane.server.panel.is_slow = True
    for text in ("one", "two", "three"):
        lane.member.publishes(text, lane.topic)
    assert [seen.content.text for seen in lane.server.panel.seen] == ["one", "two", "three"]


def test_what_is_held_steps_aside_for_those_behind_it(lane: Lane) -> None:
    lane.server.panel.is_slow = True
    lane.server.panel.hooks = {"terms": lambda it: HOLD if it.content.text == "one" else Allow()}
    for text in ("one", "two", "three"):
        lane.member.publishes(text, lane.topic)
    lane.server.panel.answer(2)
    lane.server.panel.answer(0)
    assert lane.texts() == []
    lane.server.panel.answer(0)
    assert lane.texts() == ["two", "three"]


def test_nobody_waits_for_the_hooks_of_somebody_else(lane: Lane) -> None:
    lane.server.panel.is_slow = True
    lane.member.publishes("slow", lane.topic)
    lane.other.publishes("quick", lane.topic)
    lane.server.panel.answer(1)
    assert lane.texts() == ["quick"]


def test_nobody_waits_for_what_they_said_in_another_place(lane: Lane) -> None:
    elsewhere = lane.server.lane(lane.member)
    lane.server.panel.is_slow = True
    lane.member.publishes("slow", lane.topic)
    quick = lane.member.publishes("quick", elsewhere)
    card = lane.member.publishes(Content(title="Cyd"), surface=Surface.CARD)
    lane.server.panel.answer(2)
    lane.server.panel.answer(1)
    states = [lane.of(lane.member, request.cid).state for request in (quick, card)]
    assert states == [SubmissionState.PUBLISHED] * 2


def test_a_request_after_a_publish_is_answered_while_that_is_judged(lane: Lane) -> None:
    lane.server.panel.is_slow = True
    request = lane.member.publishes("slow", lane.topic)
    assert lane.of(lane.member, request.cid).state is SubmissionState.WAITING


# Repeats.


def test_a_repeat_gets_what_has_become_of_it_and_is_not_judged_again(lane: Lane) -> None:
    cid = lane.member.cid()
    first = lane.member.publish("hello", lane.topic, cid=cid)
    assert lane.member.publish("hello", lane.topic, cid=cid) == first
    assert len(lane.server.panel.seen) == 1
    assert lane.texts() == ["hello"]


def test_a_repeat_while_it_is_judged_is_told_that_it_waits(lane: Lane) -> None:
    lane.server.panel.is_slow = True
    request = lane.member.publishes("hello", lane.topic)
    elsewhere = lane.server.login("cyd")
    again = elsewhere.publish("hello", lane.topic, cid=request.cid)
    assert again.state is SubmissionState.WAITING
    lane.server.panel.answer()
    (told,) = lane.told(elsewhere)
    assert (told.submission, told.state) == (again.submission, SubmissionState.PUBLISHED)


@pytest.mark.parametrize(("outcome", "state"), [(HOLD, "held"), (REJECT, "rejected")])
def test_a_repeat_of_what_did_not_appear_gets_the_decision(lane: Lane, outcome: Verdict, state: str) -> None:
    lane.server.panel.hooks = says(outcome)
    cid = lane.member.cid()
    first = lane.member.publish("hello", lane.topic, cid=cid)
    lane.server.panel.hooks = {}
    again = lane.member.publish("hello", lane.topic, cid=cid)
    assert again == first
    assert (again.state, len(lane.server.panel.seen)) == (state, 1)


def test_a_repeat_of_what_was_held_gets_the_state_that_it_has_by_then(lane: Lane) -> None:
    said = lane.held()
    lane.server.officer("K7").do(OfficerDecide, item=said.submission, act=OfficerAct.RELEASE)
    assert lane.member.publish("hello", lane.topic, cid=said.cid).state is SubmissionState.PUBLISHED


MEANWHILE: dict[str, Callable[[Lane], object]] = {
    "muted": lambda lane: lane.admin.do(GroupMute, topic=lane.topic, person=lane.member.person, until=2**53 - 1),
    "left": lambda lane: lane.member.do(GroupLeave, topic=lane.topic),
    "closed": lambda lane: setattr(lane.server.panel, "hooks", says(REJECT)),
}


@pytest.mark.parametrize("meanwhile", MEANWHILE)
def test_a_repeat_gets_the_first_answer_whatever_has_changed_since(lane: Lane, meanwhile: str) -> None:
    cid = lane.member.cid()
    first = lane.member.publish("hello", lane.topic, cid=cid)
    MEANWHILE[meanwhile](lane)
    assert lane.member.publish("hello", lane.topic, cid=cid) == first


@pytest.mark.parametrize("meanwhile", ["nothing", *MEANWHILE])
@pytest.mark.parametrize(
    "other",
    [
        {"content": Content(text="other")},
        {"content": Content(text="hello", lang="en")},
        {"surface": Surface.GROUP_SCREEN_NAME},
        {"reply_to": 1},
    ],
    ids=["content", "language", "surface", "reply"],
)
def test_the_same_cid_for_something_else_is_a_conflict(lane: Lane, other: dict[str, Any], meanwhile: str) -> None:
    cid = lane.member.cid()
    lane.member.publish("hello", lane.topic, cid=cid)
    if meanwhile in MEANWHILE:
        MEANWHILE[meanwhile](lane)
    fields = published("hello", lane.topic, Surface.GROUP_MESSAGE) | other
    refusal = lane.member.refusal(Publish, cid=cid, **fields)
    assert (refusal.code, refusal.field) == ("conflict", "cid")
    assert len(lane.server.panel.seen) == 1


def test_the_same_cid_in_another_topic_is_a_conflict(lane: Lane) -> None:
    elsewhere = lane.server.lane(lane.member)
    said = lane.member.publish("hello", lane.topic)
    fields = published("hello", elsewhere, Surface.GROUP_MESSAGE)
    assert lane.member.refused(Publish, cid=said.cid, **fields) == "conflict"


def test_a_cid_used_for_another_operation_there_is_a_conflict(lane: Lane) -> None:
    cid = lane.admin.cid()
    lane.admin.do(GroupMute, topic=lane.topic, until=0, cid=cid)
    fields = published("hello", lane.topic, Surface.GROUP_MESSAGE)
    assert lane.admin.refused(Publish, cid=cid, **fields) == "conflict"
    said = lane.admin.publish("hello", lane.topic)
    assert lane.admin.refused(GroupMute, topic=lane.topic, until=0, cid=said.cid) == "conflict"


def test_a_cid_of_the_private_side_means_nothing_on_the_public_side(lane: Lane) -> None:
    sent = lane.member.cid()
    lane.member.do(Send, to=lane.other.person, body=b"x", cid=sent)
    assert lane.member.publish("hello", lane.topic, cid=sent).state is SubmissionState.PUBLISHED


def test_two_people_may_use_the_same_cid(lane: Lane) -> None:
    said = lane.member.publish("hello", lane.topic)
    assert lane.other.publish("hello", lane.topic, cid=said.cid).submission != said.submission


# One's own list.


def test_ones_submissions_come_newest_first_by_pages(lane: Lane) -> None:
    said = [lane.member.publish(str(number), lane.topic).submission for number in range(5)]
    lane.other.publish("not theirs", lane.topic)
    first = lane.member.do(Submissions, limit=3)
    assert ([own.submission for own in first.submissions], first.complete) == (said[:1:-1], False)
    second = lane.member.do(Submissions, limit=3, before=first.submissions[-1].submission)
    assert ([own.submission for own in second.submissions], second.complete) == (said[1::-1], True)


def test_before_what_somebody_else_submitted_there_is_nothing(lane: Lane) -> None:
    theirs = lane.other.publish("theirs", lane.topic)
    lane.member.publish("mine", lane.topic)
    assert lane.member.do(Submissions, before=theirs.submission).submissions == ()


def test_all_devices_of_the_author_are_told_of_a_decision_and_nobody_else(lane: Lane) -> None:
    said, phone = lane.held(), lane.server.login("cyd")
    phone.collect()
    lane.server.officer("K7").do(OfficerDecide, item=said.submission, act=OfficerAct.RELEASE)
    assert [len(lane.told(device)) for device in (lane.member, phone, lane.other, lane.owner)] == [1, 1, 0, 0]
