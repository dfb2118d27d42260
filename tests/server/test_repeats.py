"""A repeat is answered as the first time, whatever has changed since (docs/adr/0003)."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from protocol.entries import Admission, Kind, Role, Side
from protocol.frames import (
    REQUESTS,
    Appended,
    Block,
    Edit,
    GroupAccept,
    GroupApprove,
    GroupAsk,
    GroupFound,
    GroupHandOver,
    GroupInvite,
    GroupLeave,
    GroupLink,
    GroupMute,
    GroupName,
    GroupNotice,
    GroupRemove,
    GroupRole,
    React,
    Recall,
    Request,
    Send,
)
from protocol.ids import TopicId
from protocol.public import GroupFoundPublic, GroupJoin, GroupSettings
from server.dispatch import PRIVATE, PUBLIC
from tests.support.inline import Caller, InlineServer
from tests.support.rules import RULES

# A `publish` is repeated in tests/server/test_submissions.py: it gets the state it has by then. What is said for public
# accounts, and to them, and what is said to friends, is repeated in tests of its own.
ELSEWHERE = {"publish", "account.apply", "schedule", "inbox.answer", "moment.post", "comment"}
SIDED = [
    (side, op)
    for side, rule in ((Side.PRIVATE, PRIVATE), (Side.PUBLIC, PUBLIC))
    for op, shape in REQUESTS.items()
    if "cid" in shape.__struct_fields__ and op not in ELSEWHERE and not RULES[shape].sides.isdisjoint(rule)
]
REPEATABLE = pytest.mark.parametrize(("side", "op"), SIDED)
FOREVER = 2**53 - 1


class Scene:
    """A group with an owner, an admin, a member, one who is invited (to a private one) and one who asks."""

    def __init__(self, server: InlineServer, side: Side) -> None:
        self.server, self.side = server, side
        self.owner, self.admin, self.member, self.guest, self.asker = server.people("ann", "ben", "cyd", "dee", "eve")
        self.topic = self.found(self.owner, self.member, admins=(self.admin,))
        if side is Side.PRIVATE:
            self.member.send(b"one", topic=self.topic)
            self.admin.send(b"two", topic=self.topic)
            self.owner.do(GroupInvite, topic=self.topic, person=self.guest.person)
            self.asker.do(GroupAsk, link=self.owner.do(GroupLink, topic=self.topic).link)
        else:
            self.member.publish("one", self.topic)
            self.admin.publish("two", self.topic)
            self.owner.do(GroupSettings, topic=self.topic, admission=Admission.APPROVAL)
            self.asker.do(GroupJoin, topic=self.topic)

    def found(self, owner: Caller, *members: Caller, admins: tuple[Caller, ...] = ()) -> TopicId:
        found = self.server.group if self.side is Side.PRIVATE else self.server.lane
        return found(owner, *members, admins=admins)

    def seq(self, text: str) -> int:
        """Return where `text` was said."""
        said = [(entry.seq, entry.body or b"") for entry in self.server.log(self.topic) if entry.kind is Kind.MESSAGE]
        return next(seq for seq, body in said if text.encode() in body)

    def done_by(self, op: str) -> tuple[Caller, Request[Any]]:
        """Return who does `op` here, and the request."""
        member, admin, owner = self.member, self.admin, self.owner
        about: dict[str, tuple[Caller, type[Request[Any]], dict[str, Any]]] = {
            "send": (member, Send, {"body": b"three"}),
            "edit": (member, Edit, {"target": self.seq("one"), "body": b"uno"}),
            "recall": (member, Recall, {"target": self.seq("one")}),
            "react": (member, React, {"target": self.seq("two"), "body": b"+"}),
            "group.found": (member, GroupFound, {"name": b"other"}),
            "group.accept": (self.guest, GroupAccept, {}),
            "group.approve": (admin, GroupApprove, {"person": self.asker.person}),
            "group.leave": (member, GroupLeave, {}),
            "group.remove": (admin, GroupRemove, {"person": member.person}),
            "group.role": (owner, GroupRole, {"person": member.person, "role": Role.ADMIN}),
            "group.hand_over": (owner, GroupHandOver, {"person": admin.person}),
            "group.mute": (admin, GroupMute, {"person": member.person, "until": FOREVER}),
            "group.name": (admin, GroupName, {"name": b"new"}),
            "group.notice": (admin, GroupNotice, {"notice": b"read this"}),
            "group.found_public": (member, GroupFoundPublic, {"listed": True}),
            "group.settings": (admin, GroupSettings, {"listed": True}),
        }
        caller, shape, fields = about[op]
        if op not in FOUNDING:
            fields["topic"] = self.topic
        return caller, caller.request(shape, **fields)


FOUNDING = {"group.found", "group.found_public"}


def again(caller: Caller, request: Request[Any], **other: Any) -> Request[Any]:
    """Return `request` once more, as a client would send it on another connection."""
    return msgspec.structs.replace(request, id=caller.next_id(), **other)


def removed(scene: Scene, caller: Caller) -> None:
    if caller in (scene.admin, scene.member, scene.guest):
        scene.owner.try_(scene.owner.request(GroupRemove, topic=scene.topic, person=caller.person))


def muted(scene: Scene, caller: Caller) -> None:
    scene.owner.try_(scene.owner.request(GroupMute, topic=scene.topic, person=caller.person, until=FOREVER))
    scene.owner.try_(scene.owner.request(GroupMute, topic=scene.topic, until=FOREVER))


def demoted(scene: Scene, caller: Caller) -> None:
    """Take the sender's role: the owner hands over and is made a member, the admin is made one."""
    if caller is scene.owner:
        caller.try_(caller.request(GroupHandOver, topic=scene.topic, person=scene.admin.person))
        scene.admin.do(GroupRole, topic=scene.topic, person=caller.person, role=Role.MEMBER)
    else:
        scene.owner.try_(scene.owner.request(GroupRole, topic=scene.topic, person=caller.person, role=Role.MEMBER))


def left(scene: Scene, caller: Caller) -> None:
    if caller is scene.owner:
        caller.try_(caller.request(GroupHandOver, topic=scene.topic, person=scene.admin.person))
    caller.try_(caller.request(GroupLeave, topic=scene.topic))


def too_late(scene: Scene, caller: Caller) -> None:
    scene.server.clock.pass_time(10 * 86_400)


def changed_meanwhile(scene: Scene, caller: Caller) -> None:
    """Make every decision of before stale."""
    scene.owner.try_(scene.owner.request(GroupMute, topic=scene.topic, until=1))


def nothing(scene: Scene, caller: Caller) -> None:
    pass


@pytest.mark.parametrize("meanwhile", [nothing, removed, muted, demoted, left, too_late, changed_meanwhile])
@REPEATABLE
def test_a_repeat_gets_the_first_answer(
    server: InlineServer, side: Side, op: str, meanwhile: Callable[[Scene, Caller], None]
) -> None:
    scene = Scene(server, side)
    caller, request = scene.done_by(op)
    first = caller.ask(request)
    assert isinstance(first, Appended)
    meanwhile(scene, caller)
    entries = len(server.log(first.topic))
    assert caller.ask(again(caller, request)) == first
    assert len(server.log(first.topic)) == entries


@REPEATABLE
def test_a_repeat_in_the_same_commit_gets_the_first_answer(server: InlineServer, side: Side, op: str) -> None:
    scene = Scene(server, side)
    caller, request = scene.done_by(op)
    caller.collect()
    commits = server.commits if side is Side.PRIVATE else server.public_commits
    commits.gather()
    caller.say(request)
    caller.say(again(caller, request))
    commits.commit()
    one, two = [message for message in caller.collect() if isinstance(message, dict)]
    assert "error" not in one
    assert {**one, "re": 0} == {**two, "re": 0}


@pytest.mark.parametrize("meanwhile", [nothing, removed, left])
@pytest.mark.parametrize(("side", "op"), [(side, op) for side, op in SIDED if op not in FOUNDING])
def test_the_same_cid_in_another_topic_is_a_conflict(
    server: InlineServer, side: Side, op: str, meanwhile: Callable[[Scene, Caller], None]
) -> None:
    scene = Scene(server, side)
    caller, request = scene.done_by(op)
    caller.ask(request)
    elsewhere = scene.found(caller)
    meanwhile(scene, caller)
    before = len(server.log(elsewhere))
    assert caller.refusal(type(request), **_fields(request) | {"topic": elsewhere}).code == "conflict"
    assert len(server.log(elsewhere)) == before


def _fields(request: Request[Any]) -> dict[str, Any]:
    return {name: getattr(request, name) for name in request.__struct_fields__ if name != "id"}


OTHERWISE: dict[str, dict[str, Any]] = {
    "send": {"body": b"other"},
    "edit": {"body": b"other"},
    "recall": {"target": 1},
    "react": {"body": b"-"},
    "group.found": {"name": b"yet another"},
    "group.approve": {"person": TopicId("z" * 16)},
    "group.remove": {"person": TopicId("z" * 16)},
    "group.role": {"role": Role.MEMBER},
    "group.hand_over": {"person": TopicId("z" * 16)},
    "group.mute": {"until": 1},
    "group.name": {"name": b"other"},
    "group.notice": {"notice": b"other"},
    "group.found_public": {"listed": False},
    "group.settings": {"listed": False},
}


def test_every_operation_that_says_something_can_say_it_otherwise() -> None:
    assert set(OTHERWISE) == {op for _, op in SIDED} - {"group.accept", "group.leave"}


@pytest.mark.parametrize("meanwhile", [nothing, removed, muted, too_late])
@pytest.mark.parametrize(("side", "op"), [(side, op) for side, op in SIDED if op in OTHERWISE])
def test_the_same_cid_with_another_content_is_a_conflict(
    server: InlineServer, side: Side, op: str, meanwhile: Callable[[Scene, Caller], None]
) -> None:
    scene = Scene(server, side)
    caller, request = scene.done_by(op)
    first = caller.ask(request)
    meanwhile(scene, caller)
    entries = server.log(first.topic)
    refusal = caller.refusal(type(request), **_fields(request) | OTHERWISE[op])
    assert (refusal.code, refusal.field) == ("conflict", "cid")
    assert server.log(first.topic) == entries


def test_the_same_cid_for_another_operation_is_a_conflict(server: InlineServer) -> None:
    scene = Scene(server, Side.PRIVATE)
    caller, request = scene.done_by("edit")
    assert isinstance(request, Edit)
    caller.ask(request)
    assert (
        caller.refused(React, cid=request.cid, topic=scene.topic, target=request.target, body=request.body)
        == "conflict"
    )


def test_two_people_may_use_the_same_cid(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    cid = alice.cid()
    assert [caller.do(Send, topic=topic, cid=cid, body=b"x").seq for caller in (alice, bob)] == [3, 4]


def test_a_first_message_repeated_with_its_topic_gets_the_first_answer(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    cid = alice.cid()
    first = alice.do(Send, to=bob.person, cid=cid, body=b"hi")
    assert alice.do(Send, topic=first.topic, cid=cid, body=b"hi") == first


def test_a_message_to_a_topic_repeated_to_the_person_gets_the_first_answer(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    cid = alice.cid()
    first = alice.do(Send, topic=topic, cid=cid, body=b"hi")
    assert alice.do(Send, to=bob.person, cid=cid, body=b"hi") == first


def test_a_first_message_repeated_after_blocking_them_gets_the_first_answer(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    cid = alice.cid()
    first = alice.do(Send, to=bob.person, cid=cid, body=b"hi")
    alice.do(Block, person=bob.person)
    assert alice.refused(Send, to=bob.person, body=b"hi") == "not_accepted"
    assert alice.do(Send, to=bob.person, cid=cid, body=b"hi") == first


@pytest.mark.parametrize("known", [True, False], ids=["with whom one has a chat", "with whom one has none"])
def test_a_message_repeated_to_somebody_else_is_a_conflict(server: InlineServer, known: bool) -> None:
    alice, bob, carol = server.people("alice", "bob", "carol")
    if known:
        server.chat(alice, carol)
    cid = alice.cid()
    alice.do(Send, to=bob.person, cid=cid, body=b"hi")
    assert alice.refused(Send, to=carol.person, cid=cid, body=b"hi") == "conflict"


def test_a_repeat_after_a_restart_of_everything_but_the_store_gets_the_first_answer(server: InlineServer) -> None:
    scene = Scene(server, Side.PRIVATE)
    caller, request = scene.done_by("send")
    first = caller.ask(request)
    server.rooms._states.clear()
    assert caller.ask(again(caller, request)) == first


def test_a_refused_request_leaves_its_cid_free(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    cid = alice.cid()
    assert alice.refused(Send, topic=topic, cid=cid, body=b"x", reply_to=99) == "not_found"
    assert alice.do(Send, topic=topic, cid=cid, body=b"y").seq == 3
