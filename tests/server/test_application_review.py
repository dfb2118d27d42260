"""Officers and applications: the queue, what they see, what they decide, and what becomes of the account."""

import json
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from msgspec.structs import replace as changed

from client.proofs import is_included
from compliance.accounts import NEXT, Move
from compliance.leaves import LeafKind, commitment
from compliance.pack import HOUR_MS, Body
from compliance.publication import Publication
from compliance.verdicts import Hold
from protocol.account_states import AccountState
from protocol.accounts import AccountApply, AccountPush, AccountSubmit
from protocol.decisions import DecisionKind
from protocol.entries import Role, TopicKind
from protocol.frames import History, TopicPush
from protocol.ids import SubmissionId, TopicId, new_public_topic_id
from protocol.public import ShowReceipt
from protocol.staff import (
    ApplicationReply,
    OfficerApplication,
    OfficerQueue,
    OfficerReview,
    QueueItem,
    ReviewAct,
)
from server.store.doctor import findings
from server.store.public_doctor import PUBLIC_INVARIANTS
from tests.support.accounts import application, applied, approved, profile, state_of
from tests.support.inline import Caller, InlineServer, bench_under_test
from tests.support.public import connection_of, leaves_of, rows

AGAINST: dict[str, Any] = {"ground": "not_qualified", "facts": "The paper names somebody else."}
HOLD = Hold(ground="spam", text="Somebody should look at it.")


@pytest.fixture
def ann(server: InlineServer) -> Caller:
    return server.register("ann")


@pytest.fixture
def officer(server: InlineServer) -> Caller:
    return server.officer("K7")


def decides(officer: Caller, topic: TopicId, act: ReviewAct, **more: Any) -> ApplicationReply:
    return officer.do(OfficerReview, topic=topic, act=act, **more)


def queue(officer: Caller) -> tuple[QueueItem, ...]:
    return officer.do(OfficerQueue).items


def encouraging(*codes: str) -> InlineServer:
    """Return a server whose pack encourages these bodies, besides those that it has."""
    bench = bench_under_test()
    bodies = bench.pack.bodies | {code: Body(titles={"en": code}, encouraged=True) for code in codes}
    rules = changed(bench.pack.accounts, encouraged_h=bench.pack.accounts.review_h / 2)
    return InlineServer(bench=replace(bench, pack=changed(bench.pack, bodies=bodies, accounts=rules)))


# The queue.


def test_the_queue_has_applications_and_held_items_together_by_their_deadlines(
    server: InlineServer, ann: Caller, officer: Caller
) -> None:
    lane = server.lane(ann)
    server.panel.hooks = {"terms": lambda _: HOLD}
    holds_h, reviews_h = server.bench.pack.holds.review_h, server.bench.pack.accounts.review_h
    first = applied(server, ann, "First")
    server.clock.pass_time(3600 * (1 + max(0, reviews_h - holds_h)))
    between = ann.publish("hello", lane)  # Due an hour after the first application.
    server.clock.pass_time(3600 * (1 + max(0, holds_h - reviews_h)))
    last = applied(server, ann, "Last")
    items = queue(officer)
    assert [item.account or item.item for item in items] == [first, between.submission, last]
    assert [item.due for item in items] == sorted(item.due or 0 for item in items)
    assert officer.do(OfficerQueue, limit=2).items == items[:2]
    assert officer.do(OfficerQueue, limit=2).total == 3


def test_an_application_in_the_queue_says_what_it_is_for_and_nothing_of_who_owns_it(
    server: InlineServer, ann: Caller, officer: Caller
) -> None:
    topic = applied(server, ann)
    (item,) = queue(officer)
    assert (item.account, item.item, item.surface, item.state) == (topic, None, None, None)
    assert item.excerpt == "The Lane · The people of the lane · What happens in the lane."
    assert not item.encouraged
    assert ann.person not in repr(item)


def test_what_is_decided_leaves_the_queue(server: InlineServer, ann: Caller, officer: Caller) -> None:
    decides(officer, applied(server, ann, "One"), ReviewAct.APPROVE)
    decides(officer, applied(server, ann, "Two"), ReviewAct.REFUSE, **AGAINST)
    assert queue(officer) == ()


# The fast lane (Art. 7 ¶4).


def test_encouraged_bodies_are_decided_sooner() -> None:
    with closing(encouraging("museum")) as server:
        (ann,) = server.people("ann")
        normal = applied(server, ann, "Ann's")
        fast = applied(server, ann, "Museum", body="museum")
        items = queue(server.officer())
        hours = server.bench.pack.accounts
        assert [item.account for item in items] == [fast, normal]
        assert [item.encouraged for item in items] == [True, False]
        assert [item.due for item in items] == [
            server.clock.wall_ms() + int(hours.encouraged_h * HOUR_MS),
            server.clock.wall_ms() + int(hours.review_h * HOUR_MS),
        ]


@pytest.mark.parametrize("museums", [1, 7])
def test_nobody_else_waits_longer_for_those_who_are_encouraged(museums: int) -> None:
    """The deadline of every other application is what it would be if there were no fast lane at all."""
    without, beside = _deadlines_beside(0), _deadlines_beside(museums)
    assert len(without) == 3
    assert beside == without


def _deadlines_beside(museums: int) -> list[tuple[str, int | None]]:
    """Return what the queue says of three applications, each handed in after those of so many encouraged bodies."""
    with closing(encouraging("museum")) as server:
        for number, caller in enumerate(server.people("ann", "ben", "cyd")):
            for each in range(museums):
                owner = server.register(f"museum-{number}-{each}")
                applied(server, owner, f"Museum {number} {each}", body="museum")
            server.clock.pass_time(60)
            applied(server, caller, f"Of {number}")
        items = queue(server.officer())
        assert sum(item.encouraged for item in items) == 3 * museums
        return [(item.excerpt, item.due) for item in items if not item.encouraged]


# One application.


def test_an_officer_sees_the_whole_application_and_not_who_owns_it(
    server: InlineServer, ann: Caller, officer: Caller
) -> None:
    topic = applied(server, ann)
    seen = officer.do(OfficerApplication, topic=topic)
    assert (seen.account, seen.state, seen.application) == (topic, AccountState.SUBMITTED, application(server))
    assert seen.decisions == ()
    assert ann.person not in repr(seen)


def test_drafts_are_nobodys_to_see_and_look_as_if_they_were_not_there(
    server: InlineServer, ann: Caller, officer: Caller
) -> None:
    topic = ann.do(AccountApply, application=application(server)).account.topic
    nothing = officer.refusal(OfficerApplication, topic=new_public_topic_id())
    assert officer.refusal(OfficerApplication, topic=topic) == nothing
    for act in ReviewAct:
        assert officer.refusal(OfficerReview, topic=topic, act=act, **AGAINST).code == "not_found"


# Approving.


def test_an_approval_gives_the_account_its_log_and_its_owner_a_seat(
    server: InlineServer, ann: Caller, officer: Caller
) -> None:
    topic = applied(server, ann)
    ann.collect()
    reply = decides(officer, topic, ReviewAct.APPROVE)
    assert (reply.state, reply.due) == (AccountState.APPROVED, None)
    seat, told = ann.pushes()
    assert isinstance(seat, TopicPush)
    assert (seat.summary.kind, seat.summary.role, seat.summary.head) == (TopicKind.ACCOUNT, Role.OWNER, 0)
    assert isinstance(told, AccountPush)
    assert (told.account.state, told.account.name) == (AccountState.APPROVED, "The Lane")
    assert told.account.decision == reply.decisions[-1]


def test_an_approval_is_a_decision_with_all_its_parts(server: InlineServer, ann: Caller, officer: Caller) -> None:
    topic = applied(server, ann)
    (decision,) = decides(officer, topic, ReviewAct.APPROVE).decisions
    pack = server.bench.pack
    assert (decision.kind, decision.ground, decision.clause) == (
        DecisionKind.APPROVE,
        "in_order",
        pack.grounds["in_order"].clause,
    )
    assert (decision.by, decision.automated, decision.appeal) == ("officer K7", False, pack.appeal["en"])
    assert decision.facts.strip()


def test_an_officer_may_say_why_it_is_approved(server: InlineServer, ann: Caller, officer: Caller) -> None:
    (decision,) = decides(officer, applied(server, ann), ReviewAct.APPROVE, facts=" The papers are real. ").decisions
    assert decision.facts == "The papers are real."


def test_an_approved_account_is_there_for_its_owner_alone_until_there_is_something_on_its_page(
    server: InlineServer, ann: Caller
) -> None:
    topic = approved(server, ann)
    ben = server.register("ben")
    assert ann.do(History, topic=topic).entries == ()
    assert ben.refused(History, topic=topic) == "not_found"
    profile(ann, topic)
    assert len(ben.do(History, topic=topic).entries) == 1


def test_an_approved_account_is_active_with_its_first_profile(server: InlineServer, ann: Caller) -> None:
    topic = approved(server, ann)
    assert state_of(server, topic) is AccountState.APPROVED
    profile(ann, topic)
    assert state_of(server, topic) is AccountState.ACTIVE


def test_two_names_that_are_taken_for_each_other_are_not_both_approved(
    server: InlineServer, ann: Caller, officer: Caller
) -> None:
    one, other = applied(server, ann, "The Lane"), applied(server, server.register("ben"), "the lane")
    decides(officer, one, ReviewAct.APPROVE)
    assert officer.refused(OfficerReview, topic=other, act=ReviewAct.APPROVE) == "conflict"
    assert decides(officer, other, ReviewAct.REFUSE, **AGAINST).state is AccountState.REFUSED


def test_a_body_that_the_pack_has_no_more_is_not_approved() -> None:
    with closing(encouraging("museum")) as server:
        (ann,) = server.people("ann")
        topic = applied(server, ann, body="museum")
        later = InlineServer(after=server)
        officer = later.officer()
        assert officer.refused(OfficerReview, topic=topic, act=ReviewAct.APPROVE) == "conflict"
        assert decides(officer, topic, ReviewAct.REFUSE, **AGAINST).state is AccountState.REFUSED
        later.close()


# Refusing.


def test_a_refusal_says_why_and_its_owner_is_told_at_once(server: InlineServer, ann: Caller, officer: Caller) -> None:
    topic = applied(server, ann)
    ann.collect()
    decides(officer, topic, ReviewAct.REFUSE, **AGAINST)
    (told,) = ann.pushes()
    assert isinstance(told, AccountPush)
    account = told.account
    assert (account.state, account.due) == (AccountState.REFUSED, None)
    assert account.decision
    assert (account.decision.kind, account.decision.ground, account.decision.facts) == (
        DecisionKind.REFUSE,
        AGAINST["ground"],
        AGAINST["facts"],
    )
    assert rows(server, "SELECT * FROM topics WHERE kind = 'account'") == []


@pytest.mark.parametrize(
    ("act", "fields", "field"),
    [
        (ReviewAct.REFUSE, {"facts": "x"}, "ground"),
        (ReviewAct.REFUSE, {"ground": "whatever", "facts": "x"}, "ground"),
        (ReviewAct.REFUSE, {"ground": "not_qualified"}, "facts"),
        (ReviewAct.REFUSE, {"ground": "not_qualified", "facts": " \n"}, "facts"),
        (ReviewAct.APPROVE, {"ground": "whatever"}, "ground"),
    ],
)
def test_a_decision_has_all_its_parts_or_is_none(
    server: InlineServer, ann: Caller, officer: Caller, act: ReviewAct, fields: dict[str, Any], field: str
) -> None:
    topic = applied(server, ann)
    refusal = officer.refusal(OfficerReview, topic=topic, act=act, **fields)
    assert (refusal.code, refusal.field) == ("bad_request", field)
    assert state_of(server, topic) is AccountState.SUBMITTED


def test_every_decision_about_an_application_is_kept_the_oldest_first(
    server: InlineServer, ann: Caller, officer: Caller
) -> None:
    topic = applied(server, ann)
    decides(officer, topic, ReviewAct.REFUSE, **AGAINST)
    ann.do(AccountApply, topic=topic, application=application(server, "The Other Lane"))
    ann.do(AccountSubmit, topic=topic)
    reply = decides(officer, topic, ReviewAct.APPROVE)
    assert [decision.kind for decision in reply.decisions] == [DecisionKind.REFUSE, DecisionKind.APPROVE]
    assert reply.application.name == "The Other Lane"


@pytest.mark.parametrize("state", AccountState)
@pytest.mark.parametrize("act", ReviewAct)
def test_what_is_not_submitted_is_not_decided(
    server: InlineServer, ann: Caller, officer: Caller, state: AccountState, act: ReviewAct
) -> None:
    topic = ann.do(AccountApply, application=application(server)).account.topic
    for step in {
        AccountState.DRAFT: "",
        AccountState.SUBMITTED: "s",
        AccountState.REFUSED: "sr",
        AccountState.APPROVED: "sa",
        AccountState.ACTIVE: "sap",
    }[state]:
        match step:
            case "s":
                ann.do(AccountSubmit, topic=topic)
            case "p":
                profile(ann, topic)
            case _:
                decides(officer, topic, ReviewAct.APPROVE if step == "a" else ReviewAct.REFUSE, **AGAINST)
    before = server.dump()
    answered = officer.try_(officer.request(OfficerReview, topic=topic, act=act, **AGAINST))
    if (state, Move(act.value)) in NEXT:
        assert state_of(server, topic) is NEXT[state, Move(act.value)]
    else:
        expected = "not_found" if state is AccountState.DRAFT else "conflict"
        assert getattr(answered, "code", "") == expected
        assert server.dump() == before


# Who decides.


def test_who_is_removed_while_on_duty_sees_and_decides_nothing_more(
    server: InlineServer, ann: Caller, officer: Caller
) -> None:
    topic = applied(server, ann)
    server.dismiss("K7")
    assert officer.refused(OfficerApplication, topic=topic) == "not_allowed"
    assert officer.refused(OfficerReview, topic=topic, act=ReviewAct.APPROVE) == "not_allowed"
    assert state_of(server, topic) is AccountState.SUBMITTED


def test_nobody_but_staff_reviews(server: InlineServer, ann: Caller) -> None:
    topic = applied(server, ann)
    assert ann.refused(OfficerReview, topic=topic, act=ReviewAct.APPROVE) == "not_signed_in"
    assert ann.refused(OfficerApplication, topic=topic) == "not_signed_in"


# What is on record.


def test_each_decision_leaves_a_leaf_that_names_the_account_and_nobody(
    server: InlineServer, ann: Caller, officer: Caller
) -> None:
    topic = applied(server, ann)
    decides(officer, topic, ReviewAct.REFUSE, **AGAINST)
    (leaf,) = leaves_of(server, LeafKind.DECISION)
    assert (leaf["submission"], leaf["kind"], leaf["by"]) == (topic, "refuse", "officer K7")
    for words in (ann.person, "The Lane", "ann", AGAINST["facts"]):
        assert words not in repr(leaf)


def test_no_hook_is_asked_about_an_application(server: InlineServer, ann: Caller) -> None:
    asked: list[Publication] = []

    def hook(publication: Publication) -> Hold:
        asked.append(publication)
        return HOLD

    server.panel.hooks = {"terms": hook}
    approved(server, ann)
    assert asked == []


def test_the_file_is_sound_after_all_of_it(server: InlineServer, ann: Caller, officer: Caller) -> None:
    approved(server, ann)
    decides(officer, applied(server, ann, "Another"), ReviewAct.REFUSE, **AGAINST)
    ann.do(AccountApply, application=application(server, "A third"))
    assert list(findings(connection_of(server), *PUBLIC_INVARIANTS)) == []


def test_an_applicant_gets_a_receipt_of_every_decision_and_nobody_else_does(
    server: InlineServer, ann: Caller, officer: Caller
) -> None:
    topic = applied(server, ann)
    decides(officer, topic, ReviewAct.REFUSE, **AGAINST)
    receipt = ann.do(ShowReceipt, submission=SubmissionId(topic))
    (verdict,) = receipt.verdicts
    assert receipt.root
    assert is_included(verdict.leaf, verdict.number, receipt.size, verdict.path, receipt.root)
    assert receipt.salt
    assert receipt.content
    assert json.loads(verdict.leaf)["commitment"] == commitment(receipt.salt, receipt.content)
    stranger = server.register("ben")
    assert stranger.refused(ShowReceipt, submission=SubmissionId(topic)) == "not_found"
