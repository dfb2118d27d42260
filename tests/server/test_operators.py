"""Who runs a public account: the table of what each may do, taking people on, and what they are told of each other."""

import itertools
from typing import Any

import pytest

from protocol.account_states import ActKind
from protocol.accounts import Act, ActPush, Acts, Operator, Operators, OperatorsReply, OwnAccounts, SetOperator
from protocol.entries import Entry, Role, Side
from protocol.frames import (
    Block,
    EntryPush,
    GonePush,
    GroupLeave,
    GroupRemove,
    GroupRole,
    History,
    ShowTopic,
    Sync,
    TopicPush,
    Unblock,
)
from protocol.ids import PersonId, TopicId, new_id
from protocol.limits import OPERATORS
from protocol.publications import OF_ACCOUNTS
from server.operators import ACT_OF, APPOINTED, MAY, OperatorAct, may
from tests.support.accounts import active, applied, approved, article, operator
from tests.support.inline import Caller, InlineServer
from tests.support.public import rows

OWNERS = {OperatorAct.APPLICATION, OperatorAct.OPERATORS, OperatorAct.PROFILE}
LOOKING = {OperatorAct.FIGURES, OperatorAct.ACTS}


class Office:
    """An active account with its owner, an editor and an analyst; and somebody who is none of them."""

    def __init__(self, server: InlineServer) -> None:
        self.server = server
        self.owner, self.editor, self.analyst, self.stranger = server.people("ann", "edy", "ana", "sam")
        self.topic = active(server, self.owner)
        operator(self.owner, self.topic, self.editor)
        operator(self.owner, self.topic, self.analyst, Role.ANALYST)
        for caller in (self.owner, self.editor, self.analyst):
            caller.collect()

    def sets(self, person: PersonId, role: Role | None, by: Caller | None = None) -> OperatorsReply:
        return (by or self.owner).do(SetOperator, topic=self.topic, person=person, role=role)

    def refused(self, person: PersonId, role: Role | None, by: Caller | None = None) -> str:
        return (by or self.owner).refused(SetOperator, topic=self.topic, person=person, role=role)

    def roles(self) -> dict[str, Role]:
        found = self.owner.do(Operators, topic=self.topic).operators
        return {each.handle: each.role for each in found}

    def acts(self, caller: Caller | None = None, **more: Any) -> tuple[Act, ...]:
        return (caller or self.owner).do(Acts, topic=self.topic, **more).acts


@pytest.fixture
def office(server: InlineServer) -> Office:
    return Office(server)


# The table.


def test_an_owner_may_everything() -> None:
    assert MAY[Role.OWNER] == frozenset(OperatorAct)


def test_an_editor_may_all_but_what_is_the_owners() -> None:
    assert frozenset(OperatorAct) - MAY[Role.EDITOR] == OWNERS


def test_an_analyst_only_looks() -> None:
    assert MAY[Role.ANALYST] == LOOKING


@pytest.mark.parametrize(("role", "act"), [*itertools.product((Role.ADMIN, Role.MEMBER), OperatorAct)])
def test_who_is_no_operator_may_nothing(role: Role, act: OperatorAct) -> None:
    assert not may(role, act)


def test_every_surface_of_an_account_says_which_act_it_is() -> None:
    assert ACT_OF.keys() == OF_ACCOUNTS


def test_nobody_is_made_an_owner() -> None:
    assert frozenset(MAY) - {Role.OWNER} == APPOINTED


# Taking people on.


def test_an_owner_takes_people_on_and_they_are_told(office: Office) -> None:
    reply = office.sets(office.stranger.person, Role.ANALYST)
    assert reply.operators == (
        Operator(person=office.owner.person, handle="ann", role=Role.OWNER),
        Operator(person=office.analyst.person, handle="ana", role=Role.ANALYST),
        Operator(person=office.editor.person, handle="edy", role=Role.EDITOR),
        Operator(person=office.stranger.person, handle="sam", role=Role.ANALYST),
    )
    seat, act = office.stranger.pushes()
    assert isinstance(seat, TopicPush)
    assert (seat.summary.topic, seat.summary.role) == (office.topic, Role.ANALYST)
    assert isinstance(act, ActPush)
    assert [account.role for account in office.stranger.do(OwnAccounts).accounts] == [Role.ANALYST]


def test_a_new_operator_may_read_all_of_the_page_and_has_nothing_unread(office: Office) -> None:
    article(office.owner, office.topic, "Its lamp works again.")
    office.sets(office.stranger.person, Role.EDITOR)
    (seat, *_) = office.stranger.pushes()
    assert isinstance(seat, TopicPush)
    assert (seat.summary.start, seat.summary.read, seat.summary.unread) == (1, seat.summary.head, 0)
    page = office.stranger.do(History, topic=office.topic).entries
    assert [entry.seq for entry in page] == list(range(1, seat.summary.head + 1))
    assert not any(entry.elided for entry in page)


def test_what_is_published_next_is_live_for_a_new_operator(office: Office) -> None:
    office.sets(office.stranger.person, Role.EDITOR)
    office.stranger.collect()
    said = article(office.owner, office.topic, "Its lamp works again.")
    assert [entry.seq for entry in office.stranger.entries()] == [said.seq]


def test_a_role_is_changed(office: Office) -> None:
    office.sets(office.editor.person, Role.ANALYST)
    assert office.roles()["edy"] is Role.ANALYST
    (seat, _) = office.editor.pushes()
    assert isinstance(seat, TopicPush)
    assert seat.summary.role is Role.ANALYST


def test_what_is_so_already_changes_nothing(office: Office) -> None:
    before = office.server.dump()
    office.sets(office.editor.person, Role.EDITOR)
    office.sets(office.stranger.person, None)
    assert office.server.dump() == before
    assert office.analyst.pushes() == []


@pytest.mark.parametrize("role", [Role.OWNER, Role.ADMIN, Role.MEMBER])
def test_an_operator_is_an_editor_or_an_analyst(office: Office, role: Role) -> None:
    refusal = office.owner.refusal(SetOperator, topic=office.topic, person=office.stranger.person, role=role)
    assert (refusal.code, refusal.field) == ("bad_request", "role")


def test_who_does_not_exist_is_not_taken_on(office: Office) -> None:
    assert office.refused(PersonId(new_id()), Role.EDITOR) == "not_found"


@pytest.mark.parametrize("who", ["the owner", "the other"])
def test_who_blocks_the_other_is_not_taken_on_and_nobody_learns_who_does(office: Office, who: str) -> None:
    blocker, blocked = office.owner, office.stranger
    if who == "the other":
        blocker, blocked = blocked, blocker
    blocker.do(Block, person=blocked.person)
    assert office.refused(office.stranger.person, Role.EDITOR) == "not_accepted"
    blocker.do(Unblock, person=blocked.person)
    assert "sam" in {each.handle for each in office.sets(office.stranger.person, Role.EDITOR).operators}


def test_whom_an_owner_takes_on_the_public_side_knows_from_then_on(office: Office) -> None:
    known = "SELECT handle FROM people WHERE handle = 'sam'"
    assert rows(office.server, known) == []
    office.sets(office.stranger.person, Role.EDITOR)
    assert rows(office.server, known) == [{"handle": "sam"}]


def test_an_account_has_so_many_operators_and_no_more(office: Office) -> None:
    people = office.server.people(*(f"opa{number}" for number in range(OPERATORS - 3)))
    for caller in people:
        office.sets(caller.person, Role.ANALYST)
    assert office.refused(office.stranger.person, Role.ANALYST) == "too_many"
    office.sets(people[0].person, Role.EDITOR)  # No more of them, by that.
    office.sets(people[0].person, None)
    office.sets(office.stranger.person, Role.ANALYST)
    assert len(office.roles()) == OPERATORS


# Letting them go.


def test_who_is_removed_is_told_and_it_is_as_if_the_account_had_no_inside(office: Office) -> None:
    office.sets(office.editor.person, None)
    assert office.roles().keys() == {"ann", "ana"}
    assert office.editor.pushes() == [GonePush(topic=office.topic)]
    nothing = office.stranger.refusal(Operators, topic=office.topic)
    assert office.editor.refusal(Operators, topic=office.topic) == nothing
    article(office.owner, office.topic, "Its lamp works again.")
    assert not any(isinstance(push, EntryPush | ActPush) for push in office.editor.pushes())


def test_operators_may_go_by_themselves_and_are_shown_nothing_more(office: Office) -> None:
    for caller in (office.editor, office.analyst):
        assert office.sets(caller.person, None, by=caller).operators == ()
    assert office.roles().keys() == {"ann"}


def test_an_owner_stays(office: Office) -> None:
    assert office.refused(office.owner.person, None) == "not_allowed"
    assert office.refused(office.owner.person, Role.EDITOR) == "not_allowed"


# Who may.


@pytest.mark.parametrize("role", [Role.EDITOR, None])
def test_only_the_owner_takes_on_and_lets_go(office: Office, role: Role | None) -> None:
    for caller in (office.editor, office.analyst):
        assert office.refused(office.stranger.person, role, by=caller) == "not_allowed"
        assert office.refused(office.owner.person, role, by=caller) == "not_allowed"


def test_nobody_raises_themselves(office: Office) -> None:
    assert office.refused(office.analyst.person, Role.EDITOR, by=office.analyst) == "not_allowed"


@pytest.mark.parametrize("state", ["a group", "applied for", "approved", "active", "nothing"])
def test_to_a_stranger_no_account_has_an_inside(office: Office, state: str) -> None:
    server, other = office.server, office.server.register("other")
    topic: TopicId = {
        "a group": lambda: server.lane(other, office.stranger),
        "applied for": lambda: applied(server, other, "Another"),
        "approved": lambda: approved(server, other, "Another"),
        "active": lambda: office.topic,
        "nothing": lambda: TopicId("0" * 16),
    }[state]()
    person = office.stranger.person
    refusals = [
        office.stranger.refusal(Operators, topic=topic),
        office.stranger.refusal(Acts, topic=topic),
        office.stranger.refusal(SetOperator, topic=topic, person=person, role=Role.EDITOR),
        office.stranger.refusal(SetOperator, topic=topic, person=person),
    ]
    assert {refusal.code for refusal in refusals} == {"not_found"}
    assert len(set(map(repr, refusals))) == 1


def test_an_account_is_no_group(office: Office) -> None:
    editor = office.editor.person
    assert office.editor.refused(GroupLeave, topic=office.topic) == "not_allowed"
    assert office.owner.refused(GroupRemove, topic=office.topic, person=editor) == "not_allowed"
    assert office.owner.refused(GroupRole, topic=office.topic, person=editor, role=Role.ADMIN) == "not_allowed"
    assert office.roles()["edy"] is Role.EDITOR


# What they did.


def test_the_others_are_told_at_once_who_did_what(office: Office) -> None:
    office.sets(office.stranger.person, Role.EDITOR)
    (told,) = (push for push in office.analyst.pushes() if isinstance(push, ActPush))
    assert told.topic == office.topic
    assert (told.act.by, told.act.act, told.act.person) == (
        office.owner.person,
        ActKind.MADE_EDITOR,
        office.stranger.person,
    )
    assert not any(isinstance(push, ActPush) for push in office.owner.pushes())


def test_every_act_is_on_record_the_newest_first(office: Office) -> None:
    office.sets(office.editor.person, Role.ANALYST)
    office.sets(office.editor.person, None)
    office.sets(office.analyst.person, None, by=office.analyst)
    found = office.acts()
    assert [(act.act, act.person) for act in found[:5]] == [
        (ActKind.LEFT, office.analyst.person),
        (ActKind.REMOVED, office.editor.person),
        (ActKind.MADE_ANALYST, office.editor.person),
        (ActKind.MADE_ANALYST, office.analyst.person),
        (ActKind.MADE_EDITOR, office.editor.person),
    ]
    assert found[0].by == office.analyst.person
    assert {act.by for act in found[1:]} == {office.owner.person}


def test_the_acts_of_each_account_are_numbered_on_their_own(office: Office) -> None:
    other = active(office.server, office.stranger, "Elsewhere")
    article(office.editor, office.topic, "Its lamp works again.")
    article(office.stranger, other, "So does ours.")
    assert [act.number for act in office.acts()] == list(range(len(office.acts()), 0, -1))
    (second, first) = office.stranger.do(Acts, topic=other).acts
    assert (first.number, second.number) == (1, 2)


def test_what_was_done_comes_in_pages(office: Office) -> None:
    whole = office.acts()
    first = office.owner.do(Acts, topic=office.topic, limit=2)
    assert (first.acts, first.complete) == (whole[:2], False)
    rest = office.owner.do(Acts, topic=office.topic, before=first.acts[-1].number)
    assert (rest.acts, rest.complete) == (whole[2:], True)


def test_every_operator_may_know_what_the_others_did(office: Office) -> None:
    assert office.acts(office.editor) == office.acts(office.analyst) == office.acts()


def test_what_one_operator_publishes_the_others_learn_of_and_readers_never(office: Office) -> None:
    said = article(office.editor, office.topic, "Its lamp works again.")
    assert office.acts()[0].by == office.editor.person
    assert office.acts()[0].seq == said.seq
    office.stranger.collect()
    shown = [*office.stranger.do(History, topic=office.topic).entries, *_synced(office.owner, office.topic)]
    assert {entry.sender for entry in shown} == {PersonId(office.topic)}
    assert office.editor.person not in repr(shown)


def _synced(caller: Caller, topic: TopicId) -> tuple[Entry, ...]:
    reply = caller.do(Sync, heads={topic: 0}, side=Side.PUBLIC)
    return next(piece.entries for piece in reply.slices if piece.topic == topic)


def test_who_looks_at_the_topic_as_an_operator_sees_its_operators(office: Office) -> None:
    members = office.analyst.do(ShowTopic, topic=office.topic).members
    assert {member.handle for member in members} == {"ann", "edy", "ana"}
    assert office.stranger.refused(ShowTopic, topic=office.topic) == "not_found"
