"""A public account as a topic: its operators have it among theirs; it is no group, and whoever tries finds that out."""

from typing import Any

import pytest

from protocol.entries import Kind, Role, Side, Standing, TopicKind
from protocol.frames import (
    REQUESTS,
    Clear,
    Edit,
    GroupAccept,
    GroupApprove,
    GroupDecline,
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
    ReadPush,
    Recall,
    Receipts,
    Request,
    Send,
    SetTopic,
    ShowTopic,
    Sync,
    TopicPush,
    Typing,
)
from protocol.ids import new_public_topic_id
from protocol.public import GroupFind, GroupJoin, GroupListing, GroupSettings
from tests.support.accounts import Press, article, broadcast, operator
from tests.support.inline import InlineServer
from tests.support.public import public_dump

OWNER, EDITOR, ANALYST = Role.OWNER, Role.EDITOR, Role.ANALYST
# What is asked of groups and chats: how it is refused to operators and to strangers. `ben` is the editor.
ASKS: dict[type[Request[Any]], tuple[dict[str, Any], str, str]] = {
    GroupApprove: ({"person": "ben"}, "not_allowed", "not_found"),
    GroupRefuse: ({"person": "ben"}, "not_allowed", "not_found"),
    GroupRemove: ({"person": "ben"}, "not_allowed", "not_found"),
    GroupRole: ({"person": "ben", "role": Role.ADMIN}, "not_allowed", "not_found"),
    GroupHandOver: ({"person": "ben"}, "not_allowed", "not_found"),
    GroupMute: ({"until": 99}, "not_allowed", "not_found"),
    GroupLeave: ({}, "not_allowed", "not_found"),
    GroupDecline: ({}, "not_found", "not_found"),
    GroupSettings: ({"listed": True}, "not_found", "not_found"),
    GroupJoin: ({}, "not_found", "not_found"),
    GroupListing: ({}, "not_found", "not_found"),
    Clear: ({"seq": 1}, "not_allowed", "not_found"),
    **{
        shape: (fields, "wrong_side", "wrong_side")
        for shape, fields in (
            (GroupInvite, {"person": "ben"}),
            (GroupAccept, {}),
            (GroupLink, {}),
            (GroupUnlink, {}),
            (GroupName, {"name": b"x"}),
            (GroupNotice, {"notice": b"x"}),
            (Send, {"body": b"x"}),
            (Edit, {"body": b"x", "target": 1}),
            (React, {"body": b"x", "target": 1}),
            (Receipts, {"seq": 1}),
        )
    },
}
# What operators may ask, and strangers may not.
THEIRS: dict[type[Request[Any]], dict[str, Any]] = {
    ShowTopic: {},
    Read: {"seq": 1},
    SetTopic: {"muted": True},
    Typing: {},
}
ELSEWHERE = {History, Recall, Sync}  # Anybody reads the page; recalls and syncs have tests of their own.


@pytest.fixture
def press(server: InlineServer) -> Press:
    return Press(server)


def filled(press: Press, fields: dict[str, Any]) -> dict[str, Any]:
    return {"topic": press.topic} | fields | ({"person": press.editor.person} if "person" in fields else {})


def test_every_operation_of_groups_and_chats_that_names_a_topic_is_tried() -> None:
    about_groups = {shape for op, shape in REQUESTS.items() if op.startswith("group.")}
    in_topics = {
        shape
        for shape in REQUESTS.values()
        if "topic" in shape.__struct_fields__ and shape.__module__ == "protocol.frames"
    }
    named = {shape for shape in about_groups | in_topics if "topic" in shape.__struct_fields__}
    assert named - ELSEWHERE == ASKS.keys() | THEIRS.keys()


@pytest.mark.parametrize("role", [OWNER, EDITOR, ANALYST])
@pytest.mark.parametrize("shape", ASKS, ids=lambda shape: shape.__name__)
def test_what_is_done_with_groups_is_not_done_with_an_account(
    press: Press, shape: type[Request[Any]], role: Role
) -> None:
    fields, refused, _ = ASKS[shape]
    before = public_dump(press.server)
    assert press.operators[role].refused(shape, **filled(press, fields)) == refused
    assert public_dump(press.server) == before


@pytest.mark.parametrize("shape", [*ASKS, *THEIRS], ids=lambda shape: shape.__name__)
def test_to_strangers_it_is_as_if_it_were_not_there(press: Press, shape: type[Request[Any]]) -> None:
    fields, _, refused = ASKS.get(shape) or (THEIRS[shape], "", "not_found")
    before = public_dump(press.server)
    here = press.reader.refusal(shape, **filled(press, fields))
    nowhere = press.reader.refusal(shape, **filled(press, fields) | {"topic": new_public_topic_id()})
    assert (here.code, here) == (refused, nowhere)
    assert public_dump(press.server) == before


@pytest.mark.parametrize("role", [OWNER, EDITOR, ANALYST])
@pytest.mark.parametrize("shape", THEIRS, ids=lambda shape: shape.__name__)
def test_what_is_ones_own_works_for_every_operator(press: Press, shape: type[Request[Any]], role: Role) -> None:
    press.operators[role].do(shape, **filled(press, THEIRS[shape]))


@pytest.mark.parametrize("role", [Role.EDITOR, Role.ANALYST])
def test_the_roles_of_accounts_are_none_of_a_groups(press: Press, role: Role) -> None:
    for topic in (press.server.group(press.owner, press.editor), press.server.lane(press.owner, press.editor)):
        refusal = press.owner.refusal(GroupRole, topic=topic, person=press.editor.person, role=role)
        assert (refusal.code, refusal.field) == ("bad_request", "role")


def test_it_is_never_found_among_groups(press: Press) -> None:
    assert press.reader.do(GroupFind).listings == ()
    assert press.reader.do(GroupFind, query="lane").listings == ()


# Among the topics of its operators.


@pytest.mark.parametrize("role", [OWNER, EDITOR, ANALYST])
def test_operators_have_it_among_their_topics(press: Press, role: Role) -> None:
    (summary,) = press.operators[role].sync(side=Side.PUBLIC).topics
    assert (summary.topic, summary.kind, summary.side) == (press.topic, TopicKind.ACCOUNT, Side.PUBLIC)
    assert (summary.role, summary.standing, summary.members) == (role, Standing.MEMBER, 3)
    assert (summary.head, summary.unread) == (1, 0)


def test_unread_counts_articles_and_nothing_else(press: Press) -> None:
    first = article(press.editor, press.topic, "one")
    article(press.editor, press.topic, "two", target=first.seq, base=1)
    last = broadcast(press.editor, press.topic, "three")
    assert press.owner.do(ShowTopic, topic=press.topic).summary.unread == 2
    press.owner.do(Read, topic=press.topic, seq=first.seq)
    assert press.owner.do(ShowTopic, topic=press.topic).summary.unread == 1
    press.owner.do(Read, topic=press.topic, seq=last.seq)
    assert press.owner.do(ShowTopic, topic=press.topic).summary.unread == 0


def test_how_far_an_operator_has_read_is_told_to_their_other_devices_alone(press: Press) -> None:
    tablet = press.server.login("ann")
    tablet.sync(side=Side.PUBLIC)
    for caller in press.server.callers:
        caller.collect()
    article(press.editor, press.topic, "one")
    press.owner.do(Read, topic=press.topic, seq=2)
    assert [push.seq for push in tablet.pushes() if isinstance(push, ReadPush)] == [2]
    for caller in (press.editor, press.analyst, press.reader):
        assert not [push for push in caller.pushes() if isinstance(push, ReadPush)]


def test_nobody_is_told_that_an_operator_types(press: Press) -> None:
    press.owner.do(Typing, topic=press.topic)
    assert press.editor.collect() == press.reader.collect() == []


def test_an_operator_pins_and_mutes_it_for_themselves(press: Press) -> None:
    tablet = press.server.login("ann")
    press.owner.do(SetTopic, topic=press.topic, muted=True, pinned=True)
    (push,) = [push for push in tablet.pushes() if isinstance(push, TopicPush)]
    assert (push.summary.muted, push.summary.pinned) == (True, True)
    assert not press.editor.do(ShowTopic, topic=press.topic).summary.muted


def test_its_members_are_its_operators(press: Press) -> None:
    shown = press.analyst.do(ShowTopic, topic=press.topic)
    assert {(member.handle, member.role) for member in shown.members} == {
        ("ann", OWNER),
        ("ben", EDITOR),
        ("cyd", ANALYST),
    }


def test_an_operator_who_comes_later_has_read_what_was_there(press: Press) -> None:
    article(press.editor, press.topic, "one")
    dee = operator(press.owner, press.topic, press.reader)
    assert dee.do(ShowTopic, topic=press.topic).summary.unread == 0
    article(press.editor, press.topic, "two")
    assert [entry.kind for entry in dee.entries()] == [Kind.ARTICLE]
    assert dee.do(ShowTopic, topic=press.topic).summary.unread == 1


# Reading its page.


def test_anybody_reads_its_page_from_the_beginning_and_operators_too(press: Press) -> None:
    said = [article(press.editor, press.topic, words).seq for words in ("one", "two", "three")]
    late = operator(press.owner, press.topic, press.server.register("eve"))
    for reader in (press.reader, press.owner, press.analyst, late):
        assert [entry.seq for entry in press.history(reader)] == [1, *said]
        page = reader.do(History, topic=press.topic, before=4, limit=2)
        assert [entry.seq for entry in page.entries] == [2, 3]


def test_a_page_comes_with_the_edits_of_what_is_on_it(press: Press) -> None:
    first = article(press.editor, press.topic, "one")
    edit = article(press.editor, press.topic, "two", target=first.seq, base=1)
    page = press.reader.do(History, topic=press.topic, around=first.seq, limit=1)
    assert [entry.seq for entry in page.related] == [edit.seq]


def test_who_is_no_operator_does_not_get_it_by_syncing(press: Press) -> None:
    synced = press.reader.sync({press.topic: 0}, side=Side.PUBLIC)
    assert (synced.topics, synced.slices, synced.gone) == ((), (), (press.topic,))
