"""Applying for a public account: what it takes, what has become of it, and what a repeat gets."""

from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from msgspec.structs import replace as changed

from compliance.accounts import NEXT, Move
from compliance.bench import Bench
from compliance.pack import HOUR_MS, load
from protocol.account_states import AccountState, AccountType, NewsRight
from protocol.accounts import AccountApply, AccountSubmit, AccountTakeBack, OwnAccount, OwnAccounts, Qualification
from protocol.entries import Role
from protocol.frames import ShowTopic
from protocol.ids import TopicId, new_public_topic_id
from protocol.limits import ACCOUNTS_OF_ONE
from protocol.public import Publish, ShowGate
from protocol.publications import Content, Surface
from protocol.staff import OfficerQueue, OfficerReview, ReviewAct
from tests.support.accounts import active, application, applied, approved, body_with, operator, state_of
from tests.support.inline import Caller, InlineServer
from tests.support.packs import LICENCE
from tests.support.public import rows

AGAINST = {"act": ReviewAct.REFUSE, "ground": "not_qualified", "facts": "The paper names somebody else."}


@pytest.fixture
def ann(server: InlineServer) -> Caller:
    return server.register("ann")


def draft(server: InlineServer, owner: Caller, name: str = "The Lane", **more: Any) -> OwnAccount:
    return owner.do(AccountApply, application=application(server, name, **more)).account


def refused(server: InlineServer, owner: Caller) -> TopicId:
    topic = applied(server, owner)
    server.officer().do(OfficerReview, topic=topic, **AGAINST)
    return topic


def provisions() -> Bench:
    """Return a bench of the 2014 Provisions, with a licence of the kind they ask for."""
    pack = load("cn-2014")
    assert pack.licence
    return Bench(pack=pack, licence=replace(LICENCE, kind=pack.licence.kinds[0]))


def own(caller: Caller) -> list[OwnAccount]:
    return list(caller.do(OwnAccounts).accounts)


# A draft.


def test_an_application_begins_as_a_draft_that_nobody_else_sees(server: InlineServer, ann: Caller) -> None:
    account = draft(server, ann)
    assert (account.state, account.role, account.name) == (AccountState.DRAFT, Role.OWNER, "The Lane")
    assert account.application == application(server)
    assert (account.due, account.decision, account.broadcasts_left) == (None, None, None)
    (ben,) = server.people("ben")
    assert own(ben) == []
    assert ben.refused(ShowTopic, topic=account.topic) == "not_found"
    assert server.officer().do(OfficerQueue).items == ()


def test_a_draft_makes_nobody_known_to_the_public_side(server: InlineServer, ann: Caller) -> None:
    draft(server, ann)
    assert rows(server, "SELECT * FROM people") == []


def test_one_sees_what_one_has_applied_for_and_what_one_runs(server: InlineServer, ann: Caller) -> None:
    (ben,) = server.people("ben")
    mine = draft(server, ann, "Mine").topic
    server.clock.pass_time(1)
    theirs = active(server, ben, "Theirs")
    operator(ben, theirs, ann, Role.ANALYST)
    first, second = own(ann)
    assert (first.topic, first.role, first.state) == (mine, Role.OWNER, AccountState.DRAFT)
    assert (second.topic, second.role, second.state) == (theirs, Role.ANALYST, AccountState.ACTIVE)
    assert second.application is None  # That is for the owner.
    assert second.decision is None


def test_there_is_nothing_to_see_for_who_has_none(ann: Caller) -> None:
    assert own(ann) == []


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"body": "company"}, "application.body"),
        ({"category": "gossip"}, "application.category"),
        ({"name": " The Lane"}, "application.name"),
        ({"name": "The\nLane"}, "application.name"),
        ({"name": "\u200d"}, "application.name"),
        ({"name": "  "}, "application.name"),
        ({"subject": " "}, "application.subject"),
        ({"subject": "one\ntwo"}, "application.subject"),
        ({"operator": "\t"}, "application.operator"),
        ({"scope": " \n"}, "application.scope"),
        ({"qualifications": (Qualification(kind=" ", number="1"),)}, "application.qualifications[0].kind"),
        (
            {"qualifications": (Qualification(kind="a", number="1"), Qualification(kind="b", number="\n"))},
            "application.qualifications[1].number",
        ),
    ],
)
def test_what_is_wrong_with_an_application_is_named(
    server: InlineServer, ann: Caller, fields: dict[str, Any], field: str
) -> None:
    refusal = ann.refusal(AccountApply, application=changed(application(server), **fields))
    assert (refusal.code, refusal.field) == ("bad_request", field)
    assert own(ann) == []


def test_the_gate_says_which_bodies_there_are(server: InlineServer, ann: Caller) -> None:
    bodies = ann.do(ShowGate).bodies
    assert bodies == {code: body.titles["en"] for code, body in server.bench.pack.bodies.items()}


def test_one_person_has_so_many_accounts_and_no_more(server: InlineServer, ann: Caller) -> None:
    for number in range(ACCOUNTS_OF_ONE):
        draft(server, ann, f"Lane {number}")
    assert ann.refused(AccountApply, application=application(server, "One more")) == "too_many"
    assert len(own(ann)) == ACCOUNTS_OF_ONE


# Repeats.


def test_a_repeated_application_gets_the_first_answer_and_makes_no_second(server: InlineServer, ann: Caller) -> None:
    request = ann.request(AccountApply, application=application(server))
    first = ann.ask(request).account
    assert ann.ask(changed(request, id=ann.next_id())).account == first
    assert len(own(ann)) == 1


def test_a_repeat_finds_what_has_become_of_it_since(server: InlineServer, ann: Caller) -> None:
    request = ann.request(AccountApply, application=application(server))
    topic = ann.ask(request).account.topic
    ann.do(AccountSubmit, topic=topic)
    again = ann.ask(changed(request, id=ann.next_id())).account
    assert (again.topic, again.state) == (topic, AccountState.SUBMITTED)


def test_a_late_repeat_of_a_change_does_not_undo_a_later_one(server: InlineServer, ann: Caller) -> None:
    topic = draft(server, ann).topic
    second = ann.request(AccountApply, topic=topic, application=application(server, "Second"))
    ann.ask(second)
    ann.do(AccountApply, topic=topic, application=application(server, "Third"))
    assert ann.ask(changed(second, id=ann.next_id())).account.name == "Third"


def test_a_repeat_when_there_is_room_for_no_more_is_answered_as_the_first_time(
    server: InlineServer, ann: Caller
) -> None:
    requests = [ann.request(AccountApply, application=application(server, f"Lane {n}")) for n in range(ACCOUNTS_OF_ONE)]
    first = [ann.ask(request).account for request in requests]
    assert [ann.ask(changed(request, id=ann.next_id())).account for request in requests] == first


@pytest.mark.parametrize("how", ["other words", "another account"])
def test_one_cid_is_for_one_thing(server: InlineServer, ann: Caller, how: str) -> None:
    other, cid = draft(server, ann, "Other").topic, ann.cid()
    ann.do(AccountApply, cid=cid, application=application(server))
    said = application(server, "The Square" if how == "other words" else "The Lane")
    topic = other if how == "another account" else None
    assert ann.refused(AccountApply, cid=cid, topic=topic, application=said) == "conflict"


def test_a_cid_that_published_something_applies_for_nothing_and_the_other_way_round(
    server: InlineServer, ann: Caller
) -> None:
    lane = server.lane(ann)
    applied_for = ann.request(AccountApply, application=application(server))
    ann.ask(applied_for)
    said = ann.publish("hello", lane)
    assert ann.refused(AccountApply, cid=said.cid, application=application(server, "Another")) == "conflict"
    fields = {"surface": Surface.GROUP_MESSAGE, "content": Content(text="again"), "topic": lane}
    assert ann.refused(Publish, cid=applied_for.cid, **fields) == "conflict"


# Its moves.


def test_what_is_submitted_is_due_within_the_packs_hours(server: InlineServer, ann: Caller) -> None:
    account = ann.do(AccountSubmit, topic=draft(server, ann).topic).account
    hours = server.bench.pack.accounts.review_h
    assert (account.state, account.due) == (AccountState.SUBMITTED, server.clock.wall_ms() + hours * HOUR_MS)


def test_submitting_twice_moves_no_deadline(server: InlineServer, ann: Caller) -> None:
    topic = draft(server, ann).topic
    first = ann.do(AccountSubmit, topic=topic).account
    server.clock.pass_time(60)
    assert ann.do(AccountSubmit, topic=topic).account == first


def test_what_is_taken_back_is_a_draft_again_and_leaves_the_queue(server: InlineServer, ann: Caller) -> None:
    topic = applied(server, ann)
    account = ann.do(AccountTakeBack, topic=topic).account
    assert (account.state, account.due) == (AccountState.DRAFT, None)
    assert server.officer().do(OfficerQueue).items == ()
    assert ann.do(AccountTakeBack, topic=topic).account == account


def test_a_draft_and_a_refused_application_may_say_something_else(server: InlineServer, ann: Caller) -> None:
    for topic in (draft(server, ann, "One").topic, refused(server, ann)):
        ann.do(AccountApply, topic=topic, application=application(server, "New", type=AccountType.SERVICE))
        account = next(account for account in own(ann) if account.topic == topic)
        assert (account.name, account.type) == ("New", AccountType.SERVICE)


def test_a_refused_application_is_mended_and_submitted_again(server: InlineServer, ann: Caller) -> None:
    topic = refused(server, ann)
    account = ann.do(AccountSubmit, topic=topic).account
    assert (account.state, account.decision and account.decision.ground) == (AccountState.SUBMITTED, "not_qualified")


def in_state(server: InlineServer, ann: Caller, state: AccountState) -> TopicId:
    match state:
        case AccountState.DRAFT:
            return draft(server, ann).topic
        case AccountState.SUBMITTED:
            return applied(server, ann)
        case AccountState.REFUSED:
            return refused(server, ann)
        case AccountState.APPROVED:
            return approved(server, ann)
        case AccountState.ACTIVE:
            return active(server, ann)


UNMOVED = {
    (AccountState.SUBMITTED, Move.SUBMIT),
    (AccountState.DRAFT, Move.TAKE_BACK),
}  # A repeat, and answered as one.
THEIRS = {Move.SUBMIT: AccountSubmit, Move.TAKE_BACK: AccountTakeBack}


@pytest.mark.parametrize("state", AccountState)
@pytest.mark.parametrize("move", THEIRS)
def test_what_its_state_does_not_allow_is_refused_and_changes_nothing(
    server: InlineServer, ann: Caller, state: AccountState, move: Move
) -> None:
    topic = in_state(server, ann, state)
    before = server.dump()
    answered = ann.try_(ann.request(THEIRS[move], topic=topic))
    if (state, move) in NEXT:
        assert state_of(server, topic) is NEXT[state, move]
    elif (state, move) in UNMOVED:
        assert state_of(server, topic) is state
    else:
        assert getattr(answered, "code", "") == "too_late"
        assert server.dump() == before


@pytest.mark.parametrize("state", AccountState)
def test_what_is_being_reviewed_or_was_approved_stays_as_it_was(
    server: InlineServer, ann: Caller, state: AccountState
) -> None:
    topic = in_state(server, ann, state)
    answered = ann.try_(ann.request(AccountApply, topic=topic, application=application(server, "Another")))
    allowed = state in {AccountState.DRAFT, AccountState.REFUSED}
    assert getattr(answered, "code", "done") == ("done" if allowed else "too_late")


# Whose it is.


@pytest.mark.parametrize("state", AccountState)
def test_an_application_is_there_for_its_owner_alone(server: InlineServer, ann: Caller, state: AccountState) -> None:
    topic = in_state(server, ann, state)
    (ben,) = server.people("ben")
    for shape in (AccountSubmit, AccountTakeBack):
        assert ben.refusal(shape, topic=topic) == ben.refusal(shape, topic=new_public_topic_id())
    assert ben.refused(AccountApply, topic=topic, application=application(server)) == "not_found"


def test_an_editor_is_told_that_it_is_not_theirs(server: InlineServer, ann: Caller) -> None:
    topic = active(server, ann)
    ben = operator(ann, topic, server.register("ben"))
    assert ben.refused(AccountSubmit, topic=topic) == "not_allowed"
    assert ben.refused(AccountApply, topic=topic, application=application(server)) == "not_allowed"


def test_a_private_topic_is_no_account(server: InlineServer, ann: Caller) -> None:
    assert ann.refused(AccountSubmit, topic=server.group(ann)) == "wrong_side"


# What stands before it.


def test_nothing_is_submitted_while_the_public_side_is_closed() -> None:
    with closing(InlineServer(bench=replace(provisions(), licence=None))) as server:
        (ann,) = server.people("ann")
        topic = draft(server, ann).topic
        assert ann.refused(AccountSubmit, topic=topic) == "public_closed"
        assert state_of(server, topic) is AccountState.DRAFT


def test_nothing_is_submitted_before_the_agreement_in_force_is_signed() -> None:
    bench = provisions()
    with closing(InlineServer(bench=bench)) as server:
        (ann,) = server.people("ann")
        topic = draft(server, ann).topic
        pack = bench.pack
        assert pack.agreement
        agreement = changed(pack.agreement, version="1.1")
        later = InlineServer(bench=replace(bench, pack=changed(pack, agreement=agreement)), after=server)
        ann = later.login("ann")
        assert ann.refused(AccountSubmit, topic=topic) == "needs_agreement"
        later.close()


@pytest.mark.parametrize("part", ["bodies", "categories"])
def test_an_application_made_under_another_pack_is_to_be_mended_first(part: str) -> None:
    with closing(InlineServer()) as server:
        (ann,) = server.people("ann")
        account = draft(server, ann)
        codes = dict(getattr(server.bench.pack, part))
        del codes[account.category if part == "categories" else application(server).body]
        bench = replace(server.bench, pack=changed(server.bench.pack, **{part: codes}))
        later = InlineServer(bench=bench, after=server)
        ann = later.login("ann")
        refusal = ann.refusal(AccountSubmit, topic=account.topic)
        field = {"bodies": "application.body", "categories": "application.category"}[part]
        assert (refusal.code, refusal.field) == ("bad_request", field)
        later.close()


# Names.


@pytest.mark.parametrize("name", ["The Lane", "the lane", "Ｔｈｅ　Ｌａｎｅ", "The\u200dLane"])
def test_a_name_that_an_approved_account_has_is_taken(server: InlineServer, ann: Caller, name: str) -> None:
    approved(server, ann, "The Lane")
    (ben,) = server.people("ben")
    topic = draft(server, ben, name).topic
    refusal = ben.refusal(AccountSubmit, topic=topic)
    assert (refusal.code, refusal.field) == ("conflict", "application.name")


def test_a_name_is_nobodys_before_it_is_approved(server: InlineServer, ann: Caller) -> None:
    (ben,) = server.people("ben")
    assert applied(server, ann) != applied(server, ben)


# Rights.


def test_a_right_to_news_comes_with_the_approval_and_not_before() -> None:
    bench = provisions()
    with closing(InlineServer(bench=bench)) as server:
        (ann,) = server.people("ann")
        body = body_with(bench.pack, NewsRight.PUBLISH, encouraged=True)
        topic = applied(server, ann, body=body)
        assert own(ann)[0].news is NewsRight.NONE
        server.officer().do(OfficerReview, topic=topic, act=ReviewAct.APPROVE)
        assert own(ann)[0].news is NewsRight.PUBLISH
