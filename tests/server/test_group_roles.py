"""Private groups: who may do what, by role and by standing; what is allowed is what the table says."""

from itertools import product
from typing import Any

import pytest

from protocol.entries import Role, Standing
from protocol.frames import (
    Clear,
    Edit,
    GroupAccept,
    GroupApprove,
    GroupDecline,
    GroupFound,
    GroupHandOver,
    GroupInvite,
    GroupLeave,
    GroupLink,
    GroupMute,
    GroupName,
    GroupNotice,
    GroupRefuse,
    GroupRemove,
    GroupRole,
    GroupUnlink,
    History,
    React,
    Read,
    Recall,
    Request,
    Send,
    SetTopic,
    ShowTopic,
    Typing,
)
from protocol.ids import new_id
from server.topics import MAY, Act, may
from tests.support.inline import InlineServer
from tests.support.private_group import Town
from tests.support.ranked import FOREVER

ROLES = list(MAY)  # Of a group; a public account has others.


@pytest.fixture
def town(server: InlineServer) -> Town:
    return Town(server)


# Role by act: what is allowed is what the table says, and nothing else.

ALONE: list[tuple[Act, type[Request[Any]], dict[str, Any]]] = [
    (Act.LINK, GroupLink, {}),
    (Act.LINK, GroupUnlink, {}),
    (Act.NAME, GroupName, {"name": b"new"}),
    (Act.NOTICE, GroupNotice, {"notice": b"new"}),
    (Act.MUTE, GroupMute, {"until": FOREVER}),
]
TOWARDS: list[tuple[Act, type[Request[Any]], dict[str, Any]]] = [
    (Act.REMOVE, GroupRemove, {}),
    (Act.MUTE, GroupMute, {"until": FOREVER}),
    (Act.APPOINT, GroupRole, {"role": Role.ADMIN}),
    (Act.APPOINT, GroupRole, {"role": Role.MEMBER}),
    (Act.HAND_OVER, GroupHandOver, {}),
]


def test_every_act_is_tried_by_every_role() -> None:
    tried = {act for act, _, _ in ALONE + TOWARDS} | {Act.INVITE, Act.ADMIT, Act.RECALL}
    assert tried == set(Act) - {Act.SETTINGS, Act.LISTING}  # These are of public groups, and tried there.


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("act", "shape", "fields"), ALONE, ids=[shape.__name__ for _, shape, _ in ALONE])
def test_what_is_done_to_the_group_is_done_by_those_who_may(
    town: Town, role: Role, act: Act, shape: type[Request[Any]], fields: dict[str, Any]
) -> None:
    assert town.outcome(town.of(role), shape, **fields) == ("done" if act in MAY[role] else "not_allowed")


@pytest.mark.parametrize("other", ROLES)
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("act", "shape", "fields"), TOWARDS, ids=[shape.__name__ for _, shape, _ in TOWARDS])
def test_what_is_done_to_somebody_is_done_from_a_higher_rank(
    town: Town, role: Role, other: Role, act: Act, shape: type[Request[Any]], fields: dict[str, Any]
) -> None:
    outcome = town.outcome(town.of(role), shape, person=town.another(other).person, **fields)
    assert outcome == ("done" if may(role, act, towards=other) else "not_allowed")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("shape", "fields"), [(shape, fields) for _, shape, fields in TOWARDS])
def test_nobody_does_anything_to_themselves(
    town: Town, role: Role, shape: type[Request[Any]], fields: dict[str, Any]
) -> None:
    assert town.outcome(town.of(role), shape, person=town.of(role).person, **fields) == "not_allowed"


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("shape", "fields"), [(shape, fields) for _, shape, fields in TOWARDS])
@pytest.mark.parametrize("whom", ["guest", "asker", "stranger"])
def test_what_is_done_to_members_is_not_done_to_others(
    town: Town, role: Role, shape: type[Request[Any]], fields: dict[str, Any], whom: str
) -> None:
    assert town.outcome(town.of(role), shape, person=getattr(town, whom).person, **fields) == "not_found"


@pytest.mark.parametrize("role", ROLES)
def test_every_member_may_invite(town: Town, role: Role) -> None:
    assert Act.INVITE in MAY[role]
    assert town.outcome(town.of(role), GroupInvite, person=town.stranger.person) == "done"
    assert town.standing(town.stranger) is Standing.INVITED


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("shape", [GroupApprove, GroupRefuse])
def test_who_comes_in_by_asking_is_decided_by_those_who_may(town: Town, role: Role, shape: type[Request[Any]]) -> None:
    allowed = Act.ADMIT in MAY[role]
    assert town.outcome(town.of(role), shape, person=town.asker.person) == ("done" if allowed else "not_allowed")
    after = Standing.MEMBER if shape is GroupApprove else None
    assert town.standing(town.asker) is (after if allowed else Standing.ASKED)


@pytest.mark.parametrize(
    ("role", "other"), [pair for pair in product(ROLES, ROLES) if pair != (Role.OWNER, Role.OWNER)]
)
def test_what_others_said_is_recalled_from_a_higher_rank(town: Town, role: Role, other: Role) -> None:
    said = town.another(other).send(b"words", topic=town.topic).seq
    expected = "done" if may(role, Act.RECALL, towards=other) else "not_allowed"
    assert town.outcome(town.of(role), Recall, target=said) == expected


@pytest.mark.parametrize("role", ROLES)
def test_time_to_recall_what_one_said_oneself_is_limited_for_members_only(town: Town, role: Role) -> None:
    said = town.of(role).send(b"words", topic=town.topic).seq
    town.server.clock.pass_time(86_400)
    assert town.outcome(town.of(role), Recall, target=said) == ("done" if Act.RECALL in MAY[role] else "too_late")


def test_what_somebody_said_who_is_gone_is_recalled_as_a_members(town: Town) -> None:
    said = town.admins[1].send(b"words", topic=town.topic).seq
    town.owner.do(GroupRemove, topic=town.topic, person=town.admins[1].person)
    assert town.outcome(town.members[0], Recall, target=said) == "not_allowed"
    assert town.outcome(town.admins[0], Recall, target=said) == "done"


def test_there_is_no_second_owner(town: Town) -> None:
    refusal = town.owner.refusal(GroupRole, topic=town.topic, person=town.members[0].person, role=Role.OWNER)
    assert (refusal.code, refusal.field) == ("bad_request", "role")


# Standing by act: who is not in does nothing inside.

INSIDE: list[tuple[type[Request[Any]], dict[str, Any]]] = [
    (Send, {"body": b"x"}),
    (Edit, {"target": 1, "body": b"x"}),
    (Recall, {"target": 1}),
    (React, {"target": 1, "body": b"+"}),
    (Read, {"seq": 1}),
    (Typing, {}),
    (History, {}),
    (SetTopic, {"muted": True}),
    (Clear, {"seq": 1}),
    (GroupInvite, {"person": "x" * 16}),
    (GroupLink, {}),
    (GroupUnlink, {}),
    (GroupLeave, {}),
    (GroupName, {"name": b"x"}),
    (GroupNotice, {"notice": b"x"}),
    (GroupMute, {"until": 1}),
    (GroupRemove, {"person": "x" * 16}),
    (GroupApprove, {"person": "x" * 16}),
    (GroupRefuse, {"person": "x" * 16}),
    (GroupHandOver, {"person": "x" * 16}),
    (GroupRole, {"person": "x" * 16, "role": Role.ADMIN}),
]


@pytest.mark.parametrize("who", ["guest", "asker", "stranger"])
@pytest.mark.parametrize(("shape", "fields"), INSIDE, ids=[shape.__name__ for shape, _ in INSIDE])
def test_who_is_not_in_finds_nothing_inside(
    town: Town, who: str, shape: type[Request[Any]], fields: dict[str, Any]
) -> None:
    assert town.outcome(getattr(town, who), shape, **fields) == "not_found"


@pytest.mark.parametrize(
    ("who", "shape", "expected", "after"),
    [
        ("guest", GroupAccept, "done", Standing.MEMBER),
        ("guest", GroupDecline, "done", None),
        ("asker", GroupAccept, "not_found", Standing.ASKED),
        ("asker", GroupDecline, "done", None),
        ("stranger", GroupAccept, "not_found", None),
        ("stranger", GroupDecline, "not_found", None),
        ("owner", GroupAccept, "not_found", Standing.MEMBER),
        ("owner", GroupDecline, "not_found", Standing.MEMBER),
        ("guest", ShowTopic, "done", Standing.INVITED),
        ("asker", ShowTopic, "done", Standing.ASKED),
        ("stranger", ShowTopic, "not_found", None),
    ],
)
def test_each_standing_has_its_ways(
    town: Town, who: str, shape: type[Request[Any]], expected: str, after: Standing | None
) -> None:
    caller = getattr(town, who)
    assert town.outcome(caller, shape) == expected
    assert town.standing(caller) is after


@pytest.mark.parametrize(
    ("whom", "shape", "expected", "after"),
    [
        ("guest", GroupApprove, "not_found", Standing.INVITED),
        ("guest", GroupRefuse, "done", None),
        ("guest", GroupInvite, "done", Standing.INVITED),
        ("asker", GroupInvite, "done", Standing.ASKED),
        ("stranger", GroupApprove, "not_found", None),
        ("stranger", GroupRefuse, "not_found", None),
        ("owner", GroupRefuse, "not_found", Standing.MEMBER),
        ("owner", GroupApprove, "not_found", Standing.MEMBER),
        ("owner", GroupInvite, "done", Standing.MEMBER),
    ],
)
def test_what_stewards_do_depends_on_how_one_stands(
    town: Town, whom: str, shape: type[Request[Any]], expected: str, after: Standing | None
) -> None:
    other = getattr(town, whom)
    assert town.outcome(town.owner, shape, person=other.person) == expected
    assert town.standing(other) is after


def test_nobody_can_be_invited_who_does_not_exist(town: Town) -> None:
    assert town.outcome(town.owner, GroupInvite, person=new_id()) == "not_found"
    assert town.owner.refused(GroupFound, invite=(town.stranger.person, new_id())) == "not_found"
