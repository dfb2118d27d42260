"""Public groups: how they are founded, found and joined, who leads them, and who learns what."""

from typing import Any

import pytest

from protocol.entries import Admission, Kind, Role, Side, Standing
from protocol.frames import (
    REQUESTS,
    Block,
    GonePush,
    GroupApprove,
    GroupDecline,
    GroupHandOver,
    GroupLeave,
    GroupMute,
    GroupRefuse,
    GroupRemove,
    GroupRole,
    History,
    Read,
    ReadPush,
    Request,
    RequestsPush,
    SetTopic,
    ShowTopic,
    Sync,
    TopicPush,
    Typing,
    TypingPush,
)
from protocol.ids import TopicId, new_id, new_public_topic_id
from protocol.public import (
    GroupFind,
    GroupFoundPublic,
    GroupJoin,
    GroupListing,
    GroupSettings,
    Listing,
)
from protocol.publications import Content, Surface, decode
from server.handlers import public_groups
from server.topics import MAY, Act
from tests.server.test_foreign_topics import filled
from tests.support.inline import Caller, InlineServer, configured
from tests.support.public import rows
from tests.support.ranked import FOREVER, Ranked
from tests.support.rules import RULES

ROLES = [Role.OWNER, Role.ADMIN, Role.MEMBER]


class Lane(Ranked):
    """A public group with an owner, two admins and two members, somebody who asks to come in, and a stranger."""

    def __init__(self, server: InlineServer) -> None:
        self.server, self.reader = server, server.public_reads.reader
        people = server.people("ann", "ben", "bea", "cyd", "cle", "dee", "eve")
        self.owner, *others = people
        self.admins, self.members, self.asker, self.stranger = others[:2], others[2:4], others[4], others[5]
        self.topic = server.lane(self.owner, *self.members, admins=tuple(self.admins))
        self.owner.do(GroupSettings, topic=self.topic, admission=Admission.APPROVAL)
        self.asker.do(GroupJoin, topic=self.topic)
        for caller in people:
            caller.collect()


@pytest.fixture
def lane(server: InlineServer) -> Lane:
    return Lane(server)


def listing(caller: Caller, topic: TopicId) -> Listing:
    return caller.do(GroupListing, topic=topic).listing


def found(caller: Caller, query: str = "", **more: Any) -> list[TopicId]:
    return [listing.topic for listing in caller.do(GroupFind, query=query, **more).listings]


def pass_seconds(server: InlineServer, seconds: int) -> None:
    for _ in range(seconds):
        server.every_second()


# Founding.


def test_a_public_group_is_founded_public_and_its_id_says_so(server: InlineServer) -> None:
    (ann,) = server.people("ann")
    topic = ann.do(GroupFoundPublic).topic
    summary = ann.do(ShowTopic, topic=topic).summary
    assert topic.startswith("0")
    assert (summary.side, summary.role, summary.head, summary.members) == (Side.PUBLIC, Role.OWNER, 1, 1)
    assert (summary.admission, summary.listed, summary.history_open) == (Admission.OPEN, False, False)
    assert (summary.name, summary.notice, summary.listing) == (None, None, None)


@pytest.mark.parametrize("admission", list(Admission))
@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize("history_open", [True, False])
def test_how_open_it_is_shows_to_everybody(
    server: InlineServer, admission: Admission, listed: bool, history_open: bool
) -> None:
    ann, eve = server.people("ann", "eve")
    openness = {"admission": admission, "listed": listed, "history_open": history_open}
    topic = ann.do(GroupFoundPublic, **openness).topic
    shown = listing(eve, topic)
    assert (shown.admission, shown.listed, shown.history_open, shown.members) == (admission, listed, history_open, 1)


def test_nothing_of_a_public_group_is_in_the_private_store(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    before = list(server.store._writer._connection.iterdump())
    topic = server.lane(ann, ben)
    ann.publish("Lane", topic, Surface.GROUP_NAME)
    ann.publish("hello", topic)
    assert list(server.store._writer._connection.iterdump()) == before


def test_nothing_of_a_private_group_is_in_the_public_store(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    before = list(server.public_store._writer._connection.iterdump())
    topic = server.group(ann, ben)
    ann.send(b"x", topic=topic)
    assert list(server.public_store._writer._connection.iterdump()) == before


# Coming in.


def test_whoever_wants_to_comes_into_an_open_group(server: InlineServer) -> None:
    ann, eve = server.people("ann", "eve")
    topic = ann.do(GroupFoundPublic).topic
    assert eve.do(GroupJoin, topic=topic).standing is Standing.MEMBER
    (told,) = eve.pushes()
    assert isinstance(told, TopicPush)
    assert (told.summary.topic, told.summary.standing, told.summary.start) == (topic, Standing.MEMBER, 2)


def test_who_has_come_in_hears_what_is_said_from_then_on(server: InlineServer) -> None:
    ann, eve = server.people("ann", "eve")
    topic = ann.do(GroupFoundPublic).topic
    ann.publish("before", topic)
    eve.do(GroupJoin, topic=topic)
    ann.publish("after", topic)
    assert [decode(entry.body or b"").content.text for entry in eve.entries()] == ["after"]
    page = eve.do(History, topic=topic)
    assert ([entry.seq for entry in page.entries], page.complete) == ([3], True)


def test_who_is_in_already_stays_in(lane: Lane) -> None:
    assert lane.members[0].do(GroupJoin, topic=lane.topic).standing is Standing.MEMBER
    assert lane.asker.do(GroupJoin, topic=lane.topic).standing is Standing.ASKED
    for caller in (lane.members[0], lane.asker, lane.owner):
        assert caller.collect() == []


def test_where_admins_admit_one_asks_and_only_they_are_told(lane: Lane) -> None:
    assert lane.stranger.do(GroupJoin, topic=lane.topic).standing is Standing.ASKED
    for steward in (lane.owner, *lane.admins):
        assert steward.pushes() == [RequestsPush(topic=lane.topic)]
    assert lane.members[0].collect() == []
    assert lane.stranger.refused(History, topic=lane.topic) == "not_found"


def test_who_is_let_in_is_named_in_the_entry_of_it(lane: Lane) -> None:
    lane.admins[0].do(GroupApprove, topic=lane.topic, person=lane.asker.person)
    (entry,) = lane.members[0].entries()
    assert (entry.kind, entry.sender, entry.person, entry.count) == (
        Kind.JOINED,
        lane.admins[0].person,
        lane.asker.person,
        None,
    )
    assert lane.standing(lane.asker) is Standing.MEMBER


def test_who_is_refused_is_told_that_it_is_over_and_may_ask_again(lane: Lane) -> None:
    lane.owner.do(GroupRefuse, topic=lane.topic, person=lane.asker.person)
    assert lane.asker.pushes() == [GonePush(topic=lane.topic)]
    assert lane.asker.do(GroupJoin, topic=lane.topic).standing is Standing.ASKED


def test_one_may_stop_asking(lane: Lane) -> None:
    lane.asker.do(GroupDecline, topic=lane.topic)
    assert lane.standing(lane.asker) is None


def test_who_asked_before_the_group_was_opened_comes_in_by_being_let_in(lane: Lane) -> None:
    lane.owner.do(GroupSettings, topic=lane.topic, admission=Admission.OPEN)
    assert lane.asker.do(GroupJoin, topic=lane.topic).standing is Standing.ASKED
    lane.owner.do(GroupApprove, topic=lane.topic, person=lane.asker.person)
    assert lane.standing(lane.asker) is Standing.MEMBER


def test_only_owner_and_admins_see_who_asks(lane: Lane) -> None:
    for role in ROLES:
        shown = lane.of(role).do(ShowTopic, topic=lane.topic).members
        asking = [member.person for member in shown if member.standing is Standing.ASKED]
        assert asking == ([] if role is Role.MEMBER else [lane.asker.person])


def test_a_group_takes_as_many_as_the_server_allows() -> None:
    server = InlineServer(configured(limits={"public_group_members": 3}))
    ann, ben, cyd, dee = server.people("ann", "ben", "cyd", "dee")
    topic = server.lane(ann, ben, cyd)
    assert dee.refused(GroupJoin, topic=topic) == "too_many"
    cyd.do(GroupLeave, topic=topic)
    assert dee.do(GroupJoin, topic=topic).standing is Standing.MEMBER
    server.close()


def test_who_asks_to_come_into_a_full_group_is_not_let_in() -> None:
    server = InlineServer(configured(limits={"public_group_members": 2}))
    ann, ben, cyd = server.people("ann", "ben", "cyd")
    topic = server.lane(ann, ben)
    ann.do(GroupSettings, topic=topic, admission=Admission.APPROVAL)
    cyd.do(GroupJoin, topic=topic)
    assert ann.refused(GroupApprove, topic=topic, person=cyd.person) == "too_many"
    server.close()


def test_only_so_many_may_wait_to_be_let_in(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public_groups, "WAITING", 1)
    assert lane.stranger.refused(GroupJoin, topic=lane.topic) == "too_many"


def test_a_join_decided_for_an_older_group_is_decided_anew(server: InlineServer) -> None:
    ann, eve = server.people("ann", "eve")
    topic = server.lane(ann)
    server.public_commits.gather()
    ann.say(ann.request(GroupSettings, topic=topic, admission=Admission.APPROVAL))
    eve.say(eve.request(GroupJoin, topic=topic))
    server.public_commits.commit()
    answers = [message for message in eve.collect() if isinstance(message, dict)]
    assert [answer["standing"] for answer in answers] == ["asked"]


def test_nobody_comes_into_what_is_no_group(server: InlineServer) -> None:
    (ann,) = server.people("ann")
    assert ann.refused(GroupJoin, topic=new_public_topic_id()) == "not_found"
    assert ann.refused(GroupJoin, topic=TopicId(new_id())) == "wrong_side"
    assert rows(server, "SELECT * FROM people") == []


def test_blocking_somebody_keeps_nobody_out_of_a_public_group(server: InlineServer) -> None:
    ann, eve = server.people("ann", "eve")
    topic = server.lane(ann)
    ann.do(Block, person=eve.person)
    assert eve.do(GroupJoin, topic=topic).standing is Standing.MEMBER


# Those who come are announced together.


def test_those_who_come_are_announced_in_one_entry_after_a_while(server: InlineServer) -> None:
    ann, ben, cyd, dee = server.people("ann", "ben", "cyd", "dee")
    topic = ann.do(GroupFoundPublic).topic
    for caller in (ben, cyd, dee):
        caller.do(GroupJoin, topic=topic)
    ann.collect()
    pass_seconds(server, 4)
    assert ann.collect() == []
    pass_seconds(server, 1)
    (entry,) = ann.entries()
    assert (entry.kind, entry.count, entry.sender, entry.person) == (Kind.JOINED, 3, entry.sender, None)
    assert entry.sender in {ben.person, cyd.person, dee.person}
    assert len(server.log(topic)) == 2
    pass_seconds(server, 10)
    assert ann.collect() == []


def test_those_who_come_later_are_announced_later(server: InlineServer) -> None:
    ann, ben, cyd = server.people("ann", "ben", "cyd")
    topic = server.lane(ann, ben)
    cyd.do(GroupJoin, topic=topic)
    pass_seconds(server, 5)
    assert [entry.count for entry in ann.entries()] == [1]


def test_who_has_not_been_announced_when_the_server_died_is_announced_by_the_next_one(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic = ann.do(GroupFoundPublic).topic
    ben.do(GroupJoin, topic=topic)
    back = InlineServer(after=server)
    back.arrivals.recover(back.public_reads.reader.unannounced())
    pass_seconds(back, 5)
    assert [entry.count for entry in back.log(topic) if entry.kind is Kind.JOINED] == [1]
    back.close()


def test_who_comes_and_goes_at_once_is_not_announced_after_having_left(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic = ann.do(GroupFoundPublic).topic
    ben.do(GroupJoin, topic=topic)
    ben.do(GroupLeave, topic=topic)
    pass_seconds(server, 5)
    assert [entry.kind for entry in server.log(topic)] == [Kind.FOUNDED, Kind.LEFT]


# Settings.


def test_settings_change_what_is_given_and_leave_the_rest(lane: Lane) -> None:
    lane.owner.do(GroupSettings, topic=lane.topic, listed=True)
    shown = listing(lane.stranger, lane.topic)
    assert (shown.admission, shown.listed, shown.history_open) == (Admission.APPROVAL, True, False)
    lane.admins[0].do(GroupSettings, topic=lane.topic, history_open=True, admission=Admission.OPEN)
    shown = listing(lane.stranger, lane.topic)
    assert (shown.admission, shown.listed, shown.history_open) == (Admission.OPEN, True, True)


def test_members_learn_of_changed_settings_by_an_entry(lane: Lane) -> None:
    lane.owner.do(GroupSettings, topic=lane.topic, listed=True)
    (entry,) = lane.members[0].entries()
    assert (entry.kind, entry.sender, entry.body) == (Kind.SETTINGS, lane.owner.person, None)


# Found.


@pytest.fixture
def listed(server: InlineServer) -> tuple[Caller, dict[str, TopicId]]:
    """Somebody who looks for groups, and groups of one, two and three members by name; the last is not listed."""
    ann, ben, cyd, eve = server.people("ann", "ben", "cyd", "eve")
    groups = {
        "Lamp lane": server.lane(ann, listed=True),
        "Long lane": server.lane(ann, ben, listed=True),
        "Secret": server.lane(ann, ben, cyd),
    }
    for name, topic in groups.items():
        ann.publish(name, topic, Surface.GROUP_NAME)
    ann.publish("For those who repair lamps", groups["Long lane"], Surface.GROUP_LISTING)
    return eve, groups


def test_listed_groups_are_found_the_largest_first(listed: tuple[Caller, dict[str, TopicId]]) -> None:
    eve, groups = listed
    assert found(eve) == [groups["Long lane"], groups["Lamp lane"]]
    assert found(eve, limit=1) == [groups["Long lane"]]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("LANE", ["Long lane", "Lamp lane"]),
        ("lamp", ["Long lane", "Lamp lane"]),
        (" repair ", ["Long lane"]),
        ("secret", []),
        ("nothing", []),
    ],
)
def test_a_group_is_found_by_what_its_name_or_listing_says(
    listed: tuple[Caller, dict[str, TopicId]], query: str, names: list[str]
) -> None:
    eve, groups = listed
    assert found(eve, query) == [groups[name] for name in names]


def test_a_group_that_is_not_listed_is_looked_at_by_whoever_knows_it(
    listed: tuple[Caller, dict[str, TopicId]],
) -> None:
    eve, groups = listed
    shown = listing(eve, groups["Secret"])
    assert (shown.members, shown.listed) == (3, False)
    assert shown.name is not None
    assert decode(shown.name).content.text == "Secret"


def test_what_is_looked_for_is_stored_nowhere(listed: tuple[Caller, dict[str, TopicId]]) -> None:
    eve, _ = listed
    before = eve.server.dump()
    found(eve, "canary")
    assert eve.server.dump() == before


def test_a_group_without_members_is_not_found(server: InlineServer) -> None:
    ann, eve = server.people("ann", "eve")
    topic = server.lane(ann, listed=True)
    ann.do(GroupLeave, topic=topic)
    assert found(eve) == []
    assert eve.refused(GroupListing, topic=topic) == "not_found"
    assert eve.refused(GroupJoin, topic=topic) == "not_found"


def test_a_card_is_not_a_group_to_look_at(server: InlineServer) -> None:
    (ann,) = server.people("ann")
    card = ann.publish(Content(title="Ann"), surface=Surface.CARD).topic
    assert ann.refused(GroupListing, topic=card) == "not_found"
    assert ann.refused(GroupJoin, topic=card) == "not_found"


# History.


def test_where_the_history_is_open_strangers_read_all_of_it(server: InlineServer) -> None:
    ann, ben, eve = server.people("ann", "ben", "eve")
    topic = server.lane(ann, ben, history_open=True)
    ben.publish("hello", topic)
    page = eve.do(History, topic=topic)
    assert ([entry.seq for entry in page.entries], page.complete) == ([1, 2, 3], True)
    assert eve.refused(ShowTopic, topic=topic) == "not_found"


def test_where_it_is_closed_again_they_read_nothing(server: InlineServer) -> None:
    ann, eve = server.people("ann", "eve")
    topic = server.lane(ann, history_open=True)
    ann.do(GroupSettings, topic=topic, history_open=False)
    assert eve.refused(History, topic=topic) == "not_found"
    assert eve.refused(History, topic=new_public_topic_id()) == "not_found"


def test_where_the_history_is_open_newcomers_read_what_was_before_them(server: InlineServer) -> None:
    ann, eve = server.people("ann", "eve")
    topic = server.lane(ann, history_open=True)
    said = ann.publish("before", topic)
    eve.do(GroupJoin, topic=topic)
    pages = [eve.do(History, topic=topic, **where) for where in ({}, {"after": 0}, {"around": 1})]
    for page in pages:
        assert said.seq in [entry.seq for entry in page.entries]


def test_a_stranger_gets_later_edits_with_a_page(server: InlineServer) -> None:
    ann, eve = server.people("ann", "eve")
    topic = server.lane(ann, history_open=True)
    said = ann.publish("one", topic)
    ann.publish("two", topic, target=said.seq, base=1)
    assert said.seq is not None
    page = eve.do(History, topic=topic, before=said.seq + 1)
    assert [decode(entry.body or b"").content.text for entry in page.related] == ["two"]


# Reading, on the public side, is nobody else's business.


def test_how_far_one_has_read_is_told_to_ones_own_devices_only(lane: Lane) -> None:
    said = lane.owner.publish("hello", lane.topic)
    phone = lane.server.login("cyd")
    phone.sync(side=Side.PUBLIC)
    for caller in lane.server.callers:
        caller.collect()
    lane.members[0].do(Read, topic=lane.topic, seq=said.seq)
    assert phone.pushes() == [ReadPush(topic=lane.topic, person=lane.members[0].person, seq=said.seq)]  # type: ignore[arg-type]
    assert [caller.collect() for caller in (lane.owner, lane.admins[0], lane.members[1])] == [[], [], []]


def test_nobody_sees_how_far_somebody_else_has_read(lane: Lane) -> None:
    lane.members[0].do(Read, topic=lane.topic, seq=1)
    for caller in (lane.owner, lane.members[0]):
        shown = caller.do(ShowTopic, topic=lane.topic).members
        assert [member.person for member in shown if member.read is not None] == [caller.person]


def test_typing_is_shown_in_a_small_public_group(lane: Lane) -> None:
    lane.members[0].do(Typing, topic=lane.topic)
    assert lane.owner.pushes() == [TypingPush(topic=lane.topic, person=lane.members[0].person)]


def test_ones_own_settings_of_a_public_group_are_told_to_ones_other_devices(lane: Lane) -> None:
    phone = lane.server.login("cyd")
    lane.members[0].do(SetTopic, topic=lane.topic, pinned=True)
    assert [push.summary.pinned for push in phone.pushes() if isinstance(push, TopicPush)] == [True]


# Who leads it.

ALONE: list[tuple[Act, type[Request[Any]], dict[str, Any]]] = [
    (Act.SETTINGS, GroupSettings, {"listed": True}),
    (Act.MUTE, GroupMute, {"until": FOREVER}),
]
TOWARDS: list[tuple[Act, type[Request[Any]], dict[str, Any]]] = [
    (Act.REMOVE, GroupRemove, {}),
    (Act.MUTE, GroupMute, {"until": FOREVER}),
    (Act.APPOINT, GroupRole, {"role": Role.ADMIN}),
    (Act.HAND_OVER, GroupHandOver, {}),
]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("act", "shape", "fields"), ALONE)
def test_what_is_done_to_the_group_is_done_by_those_who_may(
    lane: Lane, role: Role, act: Act, shape: type[Request[Any]], fields: dict[str, Any]
) -> None:
    assert lane.outcome(lane.of(role), shape, **fields) == ("done" if act in MAY[role] else "not_allowed")


@pytest.mark.parametrize("towards", ROLES)
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("act", "shape", "fields"), TOWARDS)
def test_what_is_done_to_a_member_is_done_from_above(
    lane: Lane, role: Role, towards: Role, act: Act, shape: type[Request[Any]], fields: dict[str, Any]
) -> None:
    rank = {Role.MEMBER: 0, Role.ADMIN: 1, Role.OWNER: 2}
    outcome = lane.outcome(lane.of(role), shape, person=lane.another(towards).person, **fields)
    assert outcome == ("done" if act in MAY[role] and rank[role] > rank[towards] else "not_allowed")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("shape", [GroupApprove, GroupRefuse])
def test_who_is_let_in_is_decided_by_those_who_lead(lane: Lane, role: Role, shape: type[Request[Any]]) -> None:
    outcome = lane.outcome(lane.of(role), shape, person=lane.asker.person)
    assert outcome == ("done" if Act.ADMIT in MAY[role] else "not_allowed")


def test_the_owner_leaves_only_after_handing_over(lane: Lane) -> None:
    assert lane.owner.refused(GroupLeave, topic=lane.topic) == "not_allowed"
    lane.owner.do(GroupHandOver, topic=lane.topic, person=lane.members[0].person)
    lane.owner.do(GroupLeave, topic=lane.topic)
    assert lane.standing(lane.owner) is None


def test_who_leaves_is_named_in_an_entry_and_hears_no_more(lane: Lane) -> None:
    lane.members[0].do(GroupLeave, topic=lane.topic)
    assert lane.members[0].pushes() == [GonePush(topic=lane.topic)]
    (entry,) = lane.members[1].entries()
    assert (entry.kind, entry.sender) == (Kind.LEFT, lane.members[0].person)
    lane.owner.publish("hello", lane.topic)
    assert lane.members[0].collect() == []


def test_the_last_members_leaving_ends_the_group_for_those_who_wait_too(server: InlineServer) -> None:
    ann, eve = server.people("ann", "eve")
    topic = server.lane(ann, admission=Admission.APPROVAL)
    eve.do(GroupJoin, topic=topic)
    eve.collect()
    ann.do(GroupLeave, topic=topic)
    assert eve.pushes() == [GonePush(topic=topic)]
    assert eve.refused(GroupJoin, topic=topic) == "not_found"


# The wrong side.


@pytest.mark.parametrize("side", list(Side))
def test_what_is_not_done_on_a_side_is_refused_there_even_by_the_owner(server: InlineServer, side: Side) -> None:
    ann, ben = server.people("ann", "ben")
    topic = server.group(ann, ben) if side is Side.PRIVATE else server.lane(ann, ben)
    wrong = [
        op
        for op, shape in REQUESTS.items()
        if "topic" in shape.__struct_fields__ and side not in RULES[shape].sides and not op.startswith("officer.")
    ]
    assert {"publish"} <= set(wrong) if side is Side.PRIVATE else {"send", "edit", "react"} <= set(wrong)
    before = server.dump()
    for op in wrong:
        assert getattr(ann.try_(filled(REQUESTS[op], ann, topic, ben.person)), "code", op) == "wrong_side"
    assert server.dump() == before


def test_a_private_group_has_nothing_that_only_a_public_one_may_have(server: InlineServer) -> None:
    ann, eve = server.people("ann", "eve")
    topic = server.group(ann)
    summary = ann.do(ShowTopic, topic=topic).summary
    assert (summary.admission, summary.listed, summary.history_open, summary.listing) == (None, False, False, None)
    assert ann.refused(GroupSettings, topic=topic, admission=Admission.OPEN) == "wrong_side"
    assert eve.refused(GroupJoin, topic=topic) == "wrong_side"


def test_heads_of_one_side_are_not_synced_with_the_other(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    private, public = server.group(ann, ben), server.lane(ann, ben)
    assert ann.refused(Sync, heads={public: 0}) == "wrong_side"
    assert ann.refused(Sync, heads={private: 0}, side=Side.PUBLIC) == "wrong_side"
    assert [summary.topic for summary in ann.sync().topics] == [private]
    assert [summary.topic for summary in ann.sync(side=Side.PUBLIC).topics] == [public]
