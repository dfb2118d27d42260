"""What becomes of what was submitted: order, repeats, holds and their ends, and everything that comes between."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import msgspec
import pytest

from compliance.bench import Bench
from compliance.pack import AtEnd, load
from compliance.verdicts import Allow, Failure, Hold, Label, OnError, Reject, Verdict
from protocol.decisions import DecisionKind, Span, Submission, SubmissionState
from protocol.entries import Kind, Role
from protocol.frames import GroupLeave, GroupMute, GroupRole, History, Recall, Send
from protocol.ids import SubmissionId, new_id
from protocol.public import GroupJoin, Publish, ShowReceipt, SubmissionPush, Submissions, TakeBack
from protocol.publications import Content, Surface, decode
from protocol.staff import OfficerAct, OfficerDecide, StaffRole
from server.store.base import StoreFullError
from server.store.public_writes import Expire, Forget, NotPossible
from server.store.writes import Done
from tests.support.inline import Caller, InlineServer, bench_under_test, published
from tests.support.packs import LICENCE, PACK
from tests.support.public import leaves_of, rows

HOUR_S = 3600
HOLD = Hold(ground="truthfulness", text="Somebody should look at it.", where=(Span(path="text", start=0, end=5),))
REJECT = Reject(ground="truthfulness", text="It is not true.", where=(Span(path="text", start=0, end=5),))


def says(outcome: Verdict | Failure) -> dict[str, Any]:
    """Return hooks of which one has something to say."""
    return {"mute": lambda _: Allow(), "terms": lambda _: outcome}


class Lane:
    """A public group with an owner, an admin and two members."""

    def __init__(self, server: InlineServer) -> None:
        self.server = server
        self.owner, self.admin, self.member, self.other = server.people("ann", "ben", "cyd", "dee")
        self.topic = server.lane(self.owner, self.member, self.other, admins=(self.admin,))

    def held(self, text: str = "hello", **more: Any) -> Submission:
        """Return something of the member's that is held."""
        self.server.panel.hooks = says(HOLD)
        said = self.member.publish(text, self.topic, **more)
        assert said.state is SubmissionState.HELD
        self.server.panel.hooks = {}
        return said

    def of(self, caller: Caller, cid: bytes) -> Submission:
        """Return what has become of what `caller` submitted as `cid`."""
        return next(own for own in caller.do(Submissions, limit=100).submissions if own.cid == cid)

    def texts(self) -> list[str]:
        """Return what stands in the log, as readers see it."""
        entries = self.owner.do(History, topic=self.topic, limit=200).entries
        said = (Kind.MESSAGE, Kind.EDIT)
        return [decode(entry.body).content.text for entry in entries if entry.kind in said and entry.body]

    def told(self, caller: Caller) -> list[Submission]:
        """Return the submissions that `caller` was pushed since the last time."""
        return [push.submission for push in caller.pushes() if isinstance(push, SubmissionPush)]


@pytest.fixture
def lane(server: InlineServer) -> Lane:
    return Lane(server)


@pytest.fixture
def strict() -> Iterator[Lane]:
    """A lane under a pack that rejects what nobody decided in time, and holds two items of one author at most."""
    pack = load(PACK)
    holds = msgspec.structs.replace(pack.holds, at_end=AtEnd.REJECT, per_author=2)
    server = InlineServer(bench=Bench(pack=msgspec.structs.replace(pack, holds=holds), licence=LICENCE))
    yield Lane(server)
    server.close()


def answered(caller: Caller, request: Publish) -> Submission | str | None:
    """Return the state that `request` was answered with, the code it was refused with, or None: not yet."""
    for message in caller.collect():
        if isinstance(message, dict) and message["re"] == request.id:
            if "error" in message:
                code: str = message["error"]["code"]
                return code
            return msgspec.convert(message["submission"], Submission, builtin_types=(bytes,), strict=False)
    return None


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


# Taking back.


def test_what_is_held_is_taken_back_and_its_words_are_gone(lane: Lane) -> None:
    said = lane.held()
    back = lane.member.do(TakeBack, submission=said.submission).submission
    assert (back.state, back.content, back.until) == (SubmissionState.TAKEN_BACK, None, None)
    (row,) = rows(lane.server, "SELECT content, salt FROM submissions")
    assert row == {"content": None, "salt": None}
    assert [leaf["leaf"] for leaf in leaves_of(lane.server)][-1] == "taken_back"


def test_what_was_taken_back_does_not_appear_when_its_time_is_over(lane: Lane) -> None:
    said = lane.held()
    lane.member.do(TakeBack, submission=said.submission)
    lane.server.clock.pass_time(100 * HOUR_S)
    lane.server.every_second()
    assert lane.texts() == []


@pytest.mark.parametrize("outcome", [Allow(), HOLD, REJECT, Failure.LATE])
def test_what_is_taken_back_while_it_is_judged_stays_so_whatever_hooks_say(
    lane: Lane, outcome: Verdict | Failure
) -> None:
    lane.server.panel.is_slow, lane.server.panel.hooks = True, says(outcome)
    request = lane.member.publishes("hello", lane.topic)
    submission = lane.of(lane.member, request.cid).submission
    lane.member.do(TakeBack, submission=submission)
    assert rows(lane.server, "SELECT content, salt FROM submissions") == [{"content": None, "salt": None}]
    lane.server.panel.answer()
    answer = answered(lane.member, request)
    assert isinstance(answer, Submission)
    assert (answer.state, answer.content) == (SubmissionState.TAKEN_BACK, None)
    assert lane.texts() == []


def test_what_hooks_said_of_what_was_taken_back_is_on_record_about_the_same_words(lane: Lane) -> None:
    lane.server.panel.is_slow, lane.server.panel.hooks = True, says(HOLD)
    request = lane.member.publishes("hello", lane.topic)
    lane.member.do(TakeBack, submission=lane.of(lane.member, request.cid).submission)
    lane.server.panel.answer()
    told = [(leaf["leaf"], leaf["commitment"]) for leaf in leaves_of(lane.server)[-3:]]
    assert [kind for kind, _ in told] == ["taken_back", "verdict", "verdict"]
    assert len({commitment for _, commitment in told}) == 1


def test_to_take_something_back_twice_is_to_take_it_back(lane: Lane) -> None:
    said = lane.held()
    states = [lane.member.do(TakeBack, submission=said.submission).submission.state for _ in range(2)]
    assert states == [SubmissionState.TAKEN_BACK] * 2


@pytest.mark.parametrize("outcome", [Allow(), REJECT])
def test_what_is_decided_is_not_taken_back(lane: Lane, outcome: Verdict) -> None:
    lane.server.panel.hooks = says(outcome)
    said = lane.member.publish("hello", lane.topic)
    assert lane.member.refused(TakeBack, submission=said.submission) == "too_late"


def test_what_somebody_else_submitted_is_taken_back_like_what_nobody_did(lane: Lane) -> None:
    said = lane.held()
    refusals = [lane.other.refusal(TakeBack, submission=item) for item in (said.submission, SubmissionId(new_id()))]
    assert refusals[0] == refusals[1]
    assert refusals[0].code == "not_found"
    assert lane.of(lane.member, said.cid).state is SubmissionState.HELD


def test_whoever_is_muted_or_gone_may_still_take_back(lane: Lane) -> None:
    said, gone = lane.held("one"), lane.held("two")
    lane.admin.do(GroupMute, topic=lane.topic, person=lane.member.person, until=2**53 - 1)
    lane.member.do(TakeBack, submission=said.submission)
    lane.member.do(GroupLeave, topic=lane.topic)
    assert lane.member.do(TakeBack, submission=gone.submission).submission.state is SubmissionState.TAKEN_BACK


def test_a_place_in_the_cap_is_free_again_after_taking_back(strict: Lane) -> None:
    first = strict.held("one")
    strict.held("two")
    strict.member.do(TakeBack, submission=first.submission)
    assert strict.held("three").state is SubmissionState.HELD


# Holds end.


def test_a_held_item_appears_when_nobody_decided_in_time(lane: Lane) -> None:
    said = lane.held()
    assert said.until is not None
    lane.server.clock.pass_time((said.until - lane.server.clock.ms) / 1000 - 2)
    lane.server.every_second()
    assert lane.texts() == []
    lane.server.every_second()
    assert lane.texts() == ["hello"]
    (told,) = lane.told(lane.member)
    assert told.decision is not None
    assert (told.state, told.decision.kind, told.decision.ground, told.decision.by, told.decision.automated) == (
        SubmissionState.PUBLISHED,
        DecisionKind.RELEASE,
        "overdue",
        "server",
        True,
    )


def test_under_a_pack_that_says_so_it_is_rejected_and_the_delay_is_the_providers(strict: Lane) -> None:
    strict.held()
    strict.server.clock.pass_time(100 * HOUR_S)
    strict.server.every_second()
    (told,) = strict.told(strict.member)
    assert told.decision is not None
    assert (told.state, told.decision.ground) == (SubmissionState.REJECTED, "overdue")
    assert strict.texts() == []


def test_asking_again_does_not_extend_a_hold(lane: Lane) -> None:
    said = lane.held()
    lane.server.clock.pass_time(HOUR_S)
    assert lane.member.publish("hello", lane.topic, cid=said.cid).until == said.until


def test_a_released_item_keeps_the_labels_that_hooks_gave_it(lane: Lane) -> None:
    lane.server.panel.hooks = says(HOLD) | {"satire": lambda _: Label(labels=("satire",))}
    said = lane.member.publish("hello", lane.topic)
    assert said.labels == ("satire",)
    lane.server.clock.pass_time(100 * HOUR_S)
    lane.server.every_second()
    body = lane.server.log(lane.topic)[-1].body
    assert body is not None
    assert decode(body).labels == ("satire",)


def test_a_hold_that_has_not_ended_is_not_ended_by_whoever_writes_it(lane: Lane) -> None:
    said = lane.held()
    outcome = lane.server.write(
        Expire(submission=said.submission, at=lane.server.clock.ms + 1000, bench=lane.server.bench)
    )
    assert isinstance(outcome, NotPossible)
    assert lane.of(lane.member, said.cid).state is SubmissionState.HELD


def test_many_holds_that_end_together_all_end(lane: Lane) -> None:
    pack = lane.server.bench.pack
    for caller in (lane.owner, lane.admin, lane.member, lane.other):
        lane.server.panel.hooks = says(HOLD)
        for number in range(pack.holds.per_author):
            caller.publish(f"{number}", lane.topic)
    lane.server.clock.pass_time(100 * HOUR_S)
    lane.server.every_second()
    assert len(lane.texts()) == 4 * pack.holds.per_author


# Caps.


def test_at_the_cap_nothing_more_is_held_until_one_is_decided(strict: Lane) -> None:
    first = strict.held("one")
    strict.held("two")
    strict.server.panel.hooks = says(HOLD)
    fields = published("three", strict.topic, Surface.GROUP_MESSAGE)
    assert strict.member.refused(Publish, **fields) == "too_many"
    strict.server.officer("K7").do(OfficerDecide, item=first.submission, act=OfficerAct.RELEASE)
    assert strict.member.publish("three", strict.topic).state is SubmissionState.HELD


def test_at_the_cap_what_nothing_speaks_against_appears(strict: Lane) -> None:
    strict.held("one")
    strict.held("two")
    strict.server.panel.hooks = {}
    assert strict.member.publish("three", strict.topic).state is SubmissionState.PUBLISHED


def test_the_cap_of_one_author_is_nobody_elses(strict: Lane) -> None:
    strict.held("one")
    strict.held("two")
    strict.server.panel.hooks = says(HOLD)
    assert strict.other.publish("hello", strict.topic).state is SubmissionState.HELD


def test_what_would_be_held_past_the_cap_is_not_kept_and_may_be_tried_again(strict: Lane) -> None:
    strict.held("one")
    strict.server.panel.is_slow, strict.server.panel.hooks = True, says(HOLD)
    second, third = (strict.member.publishes(text, strict.topic) for text in ("two", "three"))
    strict.server.panel.answer()
    strict.server.panel.answer()
    collected = {message["re"]: message for message in strict.member.collect() if isinstance(message, dict)}
    assert collected[second.id]["submission"]["state"] == "held"
    assert collected[third.id]["error"]["code"] == "too_many"
    assert "2" in collected[third.id]["error"]["message"]
    assert third.cid not in [own.cid for own in strict.member.do(Submissions).submissions]


# Lapsed: what was true when it was submitted is asked again when it would appear.


def leave(lane: Lane) -> None:
    lane.member.do(GroupLeave, topic=lane.topic)


def mute(lane: Lane) -> None:
    lane.admin.do(GroupMute, topic=lane.topic, person=lane.member.person, until=2**53 - 1)


def mute_all(lane: Lane) -> None:
    lane.owner.do(GroupMute, topic=lane.topic, until=2**53 - 1)


def expire_licence(lane: Lane) -> None:
    licence = replace(LICENCE, valid_until=date(2000, 1, 2))
    change_bench(lane, Bench(pack=lane.server.bench.pack, licence=licence))


def change_agreement(lane: Lane) -> None:
    pack = lane.server.bench.pack
    assert pack.agreement is not None
    agreement = msgspec.structs.replace(pack.agreement, version="2.0")
    change_bench(lane, Bench(pack=msgspec.structs.replace(pack, agreement=agreement), licence=LICENCE))


def change_bench(lane: Lane, bench: Bench) -> None:
    """Let another bench decide from now on, as after a restart with another configuration."""
    lane.server.gatekeeper._bench = bench


NEEDS_CN = pytest.mark.skipif(bench_under_test().agreement is None, reason="this pack asks for none")
LAPSES = [
    pytest.param(leave, "not_entitled", "no longer a member", id="left"),
    pytest.param(mute, "not_entitled", "muted", id="muted"),
    pytest.param(mute_all, "not_entitled", "muted", id="all muted"),
    pytest.param(expire_licence, "no_licence", "licence is not in force", id="licence expired", marks=NEEDS_CN),
    pytest.param(change_agreement, "no_agreement", "agreement has changed", id="agreement changed", marks=NEEDS_CN),
]


@pytest.mark.parametrize("end", ["while it is judged", "while it is held"])
@pytest.mark.parametrize(("change", "ground", "facts"), LAPSES)
def test_what_may_not_appear_any_more_lapses_and_its_author_is_told_why(
    lane: Lane, change: Callable[[Lane], None], ground: str, facts: str, end: str
) -> None:
    if end == "while it is judged":
        lane.server.panel.is_slow = True
        cid = lane.member.publishes("hello", lane.topic).cid
        change(lane)
        lane.server.panel.answer()
    else:
        cid = lane.held().cid
        change(lane)
        lane.server.clock.pass_time(100 * HOUR_S)
        lane.server.every_second()
        assert [told.state for told in lane.told(lane.member)] == [SubmissionState.LAPSED]
    said = lane.of(lane.member, cid)
    assert said.decision is not None
    assert (said.state, said.decision.kind, said.decision.ground) == (
        SubmissionState.LAPSED,
        DecisionKind.LAPSE,
        ground,
    )
    assert facts in said.decision.facts
    assert said.decision.automated
    assert "hello" not in str(lane.server.log(lane.topic))
    assert not any(entry.kind is Kind.MESSAGE for entry in lane.server.log(lane.topic))


def test_a_name_lapses_when_the_role_that_allowed_it_is_lost(lane: Lane) -> None:
    lane.server.panel.is_slow = True
    request = lane.admin.publishes("Lane", lane.topic, Surface.GROUP_NAME)
    lane.owner.do(GroupRole, topic=lane.topic, person=lane.admin.person, role=Role.MEMBER)
    lane.server.panel.answer()
    said = lane.of(lane.admin, request.cid)
    assert said.decision is not None
    assert (said.state, said.decision.ground) == (SubmissionState.LAPSED, "not_entitled")
    assert "role" in said.decision.facts


def test_an_edit_lapses_when_its_target_is_recalled(lane: Lane) -> None:
    first = lane.member.publish("one", lane.topic)
    said = lane.held("two", target=first.seq, base=1)
    lane.member.do(Recall, topic=lane.topic, target=first.seq)
    lane.server.clock.pass_time(100 * HOUR_S)
    lane.server.every_second()
    assert lane.of(lane.member, said.cid).state is SubmissionState.LAPSED


def test_an_edit_lapses_when_its_target_is_withdrawn(lane: Lane) -> None:
    first = lane.member.publish("one", lane.topic)
    said = lane.held("two", target=first.seq, base=1)
    chief = lane.server.officer("C1", StaffRole.CHIEF)
    chief.do(OfficerDecide, item=first.submission, act=OfficerAct.WITHDRAW, ground="spam", facts="Twice.")
    chief.do(OfficerDecide, item=said.submission, act=OfficerAct.RELEASE)
    assert lane.of(lane.member, said.cid).state is SubmissionState.LAPSED


def test_of_two_edits_of_one_version_the_second_lapses(lane: Lane) -> None:
    first = lane.member.publish("one", lane.topic)
    lane.server.panel.is_slow = True
    two, three = (lane.member.publishes(text, lane.topic, target=first.seq, base=1) for text in ("two", "three"))
    lane.server.panel.answer()
    lane.server.panel.answer()
    states = [lane.of(lane.member, request.cid).state for request in (two, three)]
    assert states == [SubmissionState.PUBLISHED, SubmissionState.LAPSED]
    assert lane.texts() == ["one", "two"]


def test_who_came_back_in_time_may_still_publish_what_was_held(lane: Lane) -> None:
    said = lane.held()
    lane.member.do(GroupLeave, topic=lane.topic)
    lane.member.do(GroupJoin, topic=lane.topic)
    lane.server.clock.pass_time(100 * HOUR_S)
    lane.server.every_second()
    assert lane.of(lane.member, said.cid).state is SubmissionState.PUBLISHED


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


# What is rejected is forgotten, in time.


@pytest.mark.parametrize("outcome", [REJECT, HOLD])
def test_the_words_of_what_was_rejected_are_erased_when_nobody_can_object_any_more(
    strict: Lane, outcome: Verdict
) -> None:
    strict.server.panel.hooks = says(outcome)
    said = strict.member.publish("hello", strict.topic)
    strict.server.clock.pass_time(100 * HOUR_S)
    strict.server.every_second()
    assert strict.of(strict.member, said.cid).content == Content(text="hello")
    strict.server.clock.pass_time(strict.server.bench.pack.holds.keep_d * 24 * HOUR_S)
    strict.server.every_second()
    own = strict.of(strict.member, said.cid)
    assert (own.state, own.content) == (SubmissionState.REJECTED, None)
    assert own.decision is not None
    receipt = strict.member.do(ShowReceipt, submission=said.submission)
    assert (receipt.salt, receipt.content, len(receipt.verdicts) > 0) == (None, None, True)


# No room on the disk.


class Full:
    def commit(self, writes: Any) -> Any:
        raise StoreFullError

    def close(self) -> None:
        pass


def test_when_there_is_no_room_to_submit_nothing_is_kept(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(lane.server.public_commits, "writer", Full())
        refusal = lane.member.refusal(Publish, **published("hello", lane.topic, Surface.GROUP_MESSAGE))
    assert (refusal.code, lane.server.panel.seen) == ("unavailable", [])
    assert refusal.retry_after_ms
    assert rows(lane.server, "SELECT * FROM submissions") == []


def test_what_there_was_no_room_to_conclude_is_kept_and_concluded_later(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    lane.server.panel.is_slow = True
    request = lane.member.publishes("hello", lane.topic)
    with monkeypatch.context() as patch:
        patch.setattr(lane.server.public_commits, "writer", Full())
        lane.server.panel.answer()
        answer = answered(lane.member, request)
        assert isinstance(answer, Submission)
        assert answer.state is SubmissionState.WAITING
        lane.server.every_second()
    assert lane.texts() == []
    lane.server.every_second()
    assert lane.texts() == ["hello"]
    assert [told.state for told in lane.told(lane.member)] == [SubmissionState.PUBLISHED]
    assert len(lane.server.panel.seen) == 1


def test_what_there_was_no_room_for_comes_before_what_was_said_after_it(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    lane.server.panel.is_slow = True
    lane.member.publishes("one", lane.topic)
    lane.member.publishes("two", lane.topic)
    with monkeypatch.context() as patch:
        patch.setattr(lane.server.public_commits, "writer", Full())
        lane.server.panel.answer()
    lane.server.panel.answer()
    lane.server.every_second()
    assert lane.texts() == ["one", "two"]


def test_what_is_answered_while_the_disk_is_full_waits_behind_what_was_before_it(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    lane.server.panel.is_slow = True
    lane.member.publishes("one", lane.topic)
    lane.member.publishes("two", lane.topic)
    with monkeypatch.context() as patch:
        patch.setattr(lane.server.public_commits, "writer", Full())
        lane.server.panel.answer()
        lane.server.panel.answer()
        lane.server.every_second()
    lane.server.every_second()
    assert lane.texts() == ["one", "two"]


def test_versions_of_a_card_come_in_order_though_the_first_had_no_topic_yet(lane: Lane) -> None:
    lane.server.panel.is_slow = True
    for title in ("one", "two"):
        lane.member.publishes(Content(title=title), surface=Surface.CARD)
    lane.server.panel.answer(0)
    lane.member.publishes(Content(title="three"), surface=Surface.CARD)
    lane.server.panel.answer(1)
    lane.server.panel.answer(0)
    own = lane.member.do(Submissions).submissions
    assert [(said.content and said.content.title, said.version) for said in own] == [
        ("three", 3),
        ("two", 2),
        ("one", 1),
    ]


def test_a_hold_that_could_not_be_ended_for_want_of_room_ends_later(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    lane.held()
    lane.server.clock.pass_time(100 * HOUR_S)
    with monkeypatch.context() as patch:
        patch.setattr(lane.server.public_commits, "writer", Full())
        lane.server.every_second()
    assert lane.texts() == []
    lane.server.every_second()
    assert lane.texts() == ["hello"]


# After a restart.


def restarted(lane: Lane) -> Lane:
    """Return the same lane on a new server over the same stores; the old one is dead, and so are its hooks."""
    back = Lane.__new__(Lane)
    back.server, back.topic = InlineServer(after=lane.server), lane.topic
    back.owner, back.admin, back.member, back.other = map(back.server.login, ("ann", "ben", "cyd", "dee"))
    cases, unreadable = back.server.public_reads.reader.waiting()
    assert unreadable == ()
    back.server.gatekeeper.recover(cases)
    return back


def test_what_was_waiting_when_the_server_died_is_judged_by_the_next_one(lane: Lane) -> None:
    lane.server.panel.is_slow = True
    for text in ("one", "two"):
        lane.member.publishes(text, lane.topic)
    back = restarted(lane)
    assert back.texts() == ["one", "two"]
    assert [told.state for told in back.told(back.member)] == [SubmissionState.PUBLISHED] * 2
    assert [seen.content.text for seen in back.server.panel.seen] == ["one", "two"]


def test_a_repeat_after_the_restart_gets_what_has_become_of_it(lane: Lane) -> None:
    lane.server.panel.is_slow = True
    request = lane.member.publishes("hello", lane.topic)
    back = restarted(lane)
    fields = {name: getattr(request, name) for name in request.__struct_fields__ if name != "id"}
    assert back.member.do(Publish, **fields).submission.state is SubmissionState.PUBLISHED
    assert back.texts() == ["hello"]


def test_what_was_held_is_held_after_the_restart_and_ends_in_time(lane: Lane) -> None:
    said = lane.held()
    back = restarted(lane)
    assert back.of(back.member, said.cid) == said
    back.server.clock.pass_time(100 * HOUR_S)
    back.server.every_second()
    assert back.texts() == ["hello"]


def test_what_was_taken_back_while_it_was_judged_is_forgotten_though_nobody_concludes_it(lane: Lane) -> None:
    lane.server.panel.is_slow = True
    request = lane.member.publishes("hello", lane.topic)
    lane.member.do(TakeBack, submission=lane.of(lane.member, request.cid).submission)
    back = restarted(lane)
    assert rows(back.server, "SELECT content FROM submissions") == [{"content": None}]
    assert back.server.panel.seen == []


def test_who_may_not_publish_any_more_after_the_restart_is_told_so(lane: Lane) -> None:
    lane.server.panel.is_slow = True
    request = lane.member.publishes("hello", lane.topic)
    lane.member.do(GroupLeave, topic=lane.topic)
    back = restarted(lane)
    assert back.of(back.member, request.cid).state is SubmissionState.LAPSED


def test_a_forgetting_that_finds_nothing_is_done(lane: Lane) -> None:
    lane.held()
    assert isinstance(lane.server.write(Forget(before=lane.server.clock.ms + 1)), Done)
    assert rows(lane.server, "SELECT content IS NOT NULL AS kept FROM submissions") == [{"kept": 1}]
