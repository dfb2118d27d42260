"""Holds: they end by being taken back, by running out, by lapsing; nobody has too many; the words are then erased."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date

import msgspec
import pytest

from compliance.bench import Bench
from compliance.pack import AtEnd, load
from compliance.verdicts import Allow, Failure, Label, Verdict
from protocol.decisions import DecisionKind, Submission, SubmissionState
from protocol.entries import Kind, Role
from protocol.frames import GroupLeave, GroupMute, GroupRole, Recall
from protocol.ids import SubmissionId, new_id
from protocol.public import GroupJoin, Publish, ShowReceipt, Submissions, TakeBack
from protocol.publications import Content, Surface, decode
from protocol.staff import OfficerAct, OfficerDecide, StaffRole
from server.store.public_writes import Expire, NotPossible
from tests.support.inline import InlineServer, bench_under_test, published
from tests.support.packs import LICENCE, PACK
from tests.support.public import leaves_of, rows
from tests.support.submitting import HOLD, REJECT, Lane, answered, says

HOUR_S = 3600


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
