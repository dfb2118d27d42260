"""Private groups: who comes in and goes, and what each of them sees of it."""

from typing import Any

import pytest

from protocol.entries import Kind, Role, Standing
from protocol.frames import (
    Block,
    Edit,
    EntryPush,
    GonePush,
    GroupAccept,
    GroupApprove,
    GroupAsk,
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
    Recall,
    Request,
    RequestsPush,
    Send,
    ShowTopic,
    TopicPush,
    Typing,
    Unblock,
)
from server.topics import MAY
from tests.support.inline import InlineServer, configured
from tests.support.private_group import Town
from tests.support.ranked import FOREVER

ROLES = list(MAY)  # Of a group; a public account has others.


@pytest.fixture
def town(server: InlineServer) -> Town:
    return Town(server)


# Founding, coming in, going.


def test_a_group_begins_with_its_founder_as_owner_and_its_name(server: InlineServer) -> None:
    (ann,) = server.people("ann")
    topic = ann.do(GroupFound, name=b"readers").topic
    told, said = ann.pushes()
    assert isinstance(told, TopicPush)
    assert isinstance(said, EntryPush)
    assert (told.summary.role, told.summary.name, told.summary.members) == (Role.OWNER, b"readers", 1)
    assert (said.entry.topic, said.entry.kind, said.entry.body, said.entry.nth) == (topic, Kind.FOUNDED, b"readers", 0)


def test_people_are_invited_with_the_founding_each_once_and_never_the_founder(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic = ann.do(GroupFound, invite=(ben.person, ann.person, ben.person)).topic
    (told,) = ben.pushes()
    assert isinstance(told, TopicPush)
    assert (told.summary.topic, told.summary.standing) == (topic, Standing.INVITED)
    state = server.reads.reader.topic(topic)
    assert state is not None
    assert {person: member.standing for person, member in state.members.items()} == {
        ann.person: Standing.MEMBER,
        ben.person: Standing.INVITED,
    }


def test_an_invited_person_sees_name_and_size_and_nothing_said(town: Town) -> None:
    town.owner.do(GroupNotice, topic=town.topic, notice=b"inside only")
    reply = town.guest.do(ShowTopic, topic=town.topic)
    assert (reply.summary.name, reply.summary.members, reply.summary.notice) == (b"group", 5, None)
    assert (reply.members, reply.summary.unread) == ((), 0)
    assert town.guest.sync().slices == ()


def test_who_comes_in_is_told_and_gets_the_entry_of_it_and_what_follows(town: Town) -> None:
    town.owner.send(b"before", topic=town.topic)
    joined = town.guest.do(GroupAccept, topic=town.topic)
    town.owner.send(b"after", topic=town.topic)
    told, came, said = town.guest.pushes()
    assert isinstance(told, TopicPush)
    assert isinstance(came, EntryPush)
    assert isinstance(said, EntryPush)
    assert (told.summary.start, told.summary.unread) == (joined.seq, 0)
    assert (came.entry.kind, came.entry.seq) == (Kind.JOINED, joined.seq)
    assert said.entry.body == b"after"


def test_newcomers_see_nothing_from_before_their_start(town: Town) -> None:
    town.owner.send(b"before", topic=town.topic)
    joined = town.guest.do(GroupAccept, topic=town.topic)
    assert [entry.seq for entry in town.guest.do(History, topic=town.topic).entries] == [joined.seq]
    assert town.guest.do(History, topic=town.topic, before=joined.seq).entries == ()
    (piece,) = town.guest.sync().slices
    assert ([entry.seq for entry in piece.entries], piece.gap) == ([joined.seq], None)
    assert town.outcome(town.guest, React, target=joined.seq - 1, body=b"+") == "not_found"
    assert town.outcome(town.guest, Send, body=b"x", reply_to=joined.seq - 1) == "not_found"


def test_what_is_done_to_older_messages_comes_to_newcomers_as_a_number(town: Town) -> None:
    said = town.owner.send(b"before", topic=town.topic).seq
    start = town.guest.do(GroupAccept, topic=town.topic).seq
    town.guest.collect()
    edit = town.owner.do(Edit, topic=town.topic, target=said, body=b"secret").seq
    (pushed,) = town.guest.entries()
    assert (pushed.seq, pushed.elided, pushed.body, pushed.kind) == (edit, True, None, None)
    assert [entry.elided for entry in town.guest.do(History, topic=town.topic, after=start).entries] == [True]
    assert [entry.elided for piece in town.guest.sync().slices for entry in piece.entries] == [False, True]
    assert [entry.body for entry in town.members[0].entries()][-1] == b"secret"


def test_what_is_done_to_an_old_message_is_elided_though_the_groups_state_was_forgotten_meanwhile() -> None:
    server = InlineServer(kept=1)
    ann, ben, cyd = server.people("ann", "ben", "cyd")
    topic = server.group(ann)
    said = ann.send(b"before", topic=topic).seq
    ann.do(GroupInvite, topic=topic, person=ben.person)
    ben.do(GroupAccept, topic=topic)
    elsewhere = server.group(cyd)
    ben.collect()
    ann.do(Typing, topic=topic)
    server.reads.delay()
    ann.say(ann.request(Edit, topic=topic, target=said, body=b"secret"))
    server.reads.look()
    cyd.say(cyd.request(Typing, topic=elsewhere))
    server.reads.hand_out(1)
    assert server.rooms.get(elsewhere) is not None
    server.reads.catch_up()
    assert [(entry.elided, entry.body) for entry in ben.entries()] == [(True, None)]
    server.close()


def test_who_leaves_is_told_and_gets_nothing_more(town: Town) -> None:
    leaver = town.members[0]
    left = leaver.do(GroupLeave, topic=town.topic)
    town.owner.send(b"behind your back", topic=town.topic)
    assert leaver.pushes() == [GonePush(topic=town.topic)]
    kinds = [(entry.kind, entry.sender) for entry in town.owner.entries()]
    assert kinds[0] == (Kind.LEFT, leaver.person)
    assert left.seq == len(town.server.log(town.topic)) - 1


def test_who_is_removed_gets_gone_on_every_device_and_no_later_entry(town: Town) -> None:
    phone, tablet = town.members[0], town.server.login("cyd")
    tablet.collect()
    town.owner.do(GroupRemove, topic=town.topic, person=phone.person)
    town.owner.send(b"behind your back", topic=town.topic)
    assert [device.pushes() for device in (phone, tablet)] == [[GonePush(topic=town.topic)]] * 2
    reply = phone.sync({town.topic: 1})
    assert (reply.gone, reply.slices) == ((town.topic,), ())


def test_who_comes_back_sees_only_what_follows(town: Town) -> None:
    leaver = town.members[0]
    leaver.do(GroupLeave, topic=town.topic)
    town.owner.send(b"behind your back", topic=town.topic)
    town.owner.do(GroupInvite, topic=town.topic, person=leaver.person)
    leaver.do(GroupAccept, topic=town.topic)
    assert [entry.kind for entry in leaver.entries()] == [Kind.JOINED]
    assert all(entry.body is None for entry in leaver.do(History, topic=town.topic).entries)


def test_the_owner_hands_over_before_leaving(town: Town) -> None:
    assert town.outcome(town.owner, GroupLeave) == "not_allowed"
    town.owner.do(GroupHandOver, topic=town.topic, person=town.members[0].person)
    assert (town.role(town.owner), town.role(town.members[0])) == (Role.ADMIN, Role.OWNER)
    assert town.outcome(town.owner, GroupLeave) == "done"


def test_the_last_member_may_leave_and_the_group_ends_for_those_outside(town: Town) -> None:
    for caller in town.admins + town.members:
        caller.do(GroupLeave, topic=town.topic)
    for caller in town.server.callers:
        caller.collect()
    assert town.outcome(town.owner, GroupLeave) == "done"
    assert [town.standing(caller) for caller in (town.owner, town.guest, town.asker)] == [None, None, None]
    for caller in (town.owner, town.guest, town.asker):
        assert caller.pushes() == [GonePush(topic=town.topic)]
    assert town.outcome(town.guest, GroupAccept) == "not_found"


def test_the_link_of_a_group_that_has_ended_leads_nowhere(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic = server.group(ann)
    link = ann.do(GroupLink, topic=topic).link
    ann.do(GroupLeave, topic=topic)
    assert ben.refused(GroupAsk, link=link) == "not_found"


def test_an_invitation_accepted_twice_at_once_makes_one_entry(town: Town) -> None:
    tablet = town.server.login("dee")
    town.server.commits.gather()
    for device in (town.guest, tablet):
        device.say(device.request(GroupAccept, topic=town.topic))
    town.server.commits.commit()
    joined = [entry for entry in town.server.log(town.topic) if entry.person == town.guest.person]
    assert len(joined) == 1


def test_a_message_sent_while_one_is_being_removed_is_not_stored_after_the_removal(town: Town) -> None:
    talker = town.members[0]
    town.server.commits.gather()
    town.owner.say(town.owner.request(GroupRemove, topic=town.topic, person=talker.person))
    talker.say(request := talker.request(Send, topic=town.topic, body=b"last word"))
    town.server.commits.commit()
    (reply,) = [message for message in talker.collect() if isinstance(message, dict)]
    assert (reply["re"], reply["error"]["code"]) == (request.id, "not_found")
    assert town.server.log(town.topic)[-1].kind is Kind.REMOVED


# Room.


def test_a_group_takes_no_more_than_its_members() -> None:
    server = InlineServer(configured(limits={"group_members": 3}))
    ann, ben, cyd, dee, eve = server.people("ann", "ben", "cyd", "dee", "eve")
    topic = server.group(ann, ben)
    link = ann.do(GroupLink, topic=topic).link
    ann.do(GroupInvite, topic=topic, person=cyd.person)
    ann.do(GroupInvite, topic=topic, person=dee.person)
    eve.do(GroupAsk, link=link)
    cyd.do(GroupAccept, topic=topic)
    assert dee.refused(GroupAccept, topic=topic) == "too_many"
    assert ann.refused(GroupApprove, topic=topic, person=eve.person) == "too_many"
    cyd.do(GroupLeave, topic=topic)
    ann.do(GroupApprove, topic=topic, person=eve.person)
    server.close()


def test_two_who_race_for_the_last_seat_do_not_both_get_it() -> None:
    server = InlineServer(configured(limits={"group_members": 2}))
    ann, ben, cyd = server.people("ann", "ben", "cyd")
    topic = server.group(ann)
    for caller in (ben, cyd):
        ann.do(GroupInvite, topic=topic, person=caller.person)
    server.commits.gather()
    for caller in (ben, cyd):
        caller.say(caller.request(GroupAccept, topic=topic))
    server.commits.commit()
    state = server.reads.reader.topic(topic)
    assert state is not None
    assert len(state.seated()) == 2
    server.close()


def test_as_many_may_wait_outside_as_fit_in() -> None:
    server = InlineServer(configured(limits={"group_members": 2}))
    ann, *others = server.people("ann", "ben", "cyd", "dee")
    topic = server.group(ann)
    link = ann.do(GroupLink, topic=topic).link
    for caller in others[:2]:
        ann.do(GroupInvite, topic=topic, person=caller.person)
    assert ann.refused(GroupInvite, topic=topic, person=others[2].person) == "too_many"
    assert others[2].refused(GroupAsk, link=link) == "too_many"
    server.close()


def test_a_group_is_not_founded_with_more_people_than_it_takes() -> None:
    server = InlineServer(configured(limits={"group_members": 2}))
    ann, ben, cyd = server.people("ann", "ben", "cyd")
    assert ann.refused(GroupFound, invite=(ben.person, cyd.person)) == "too_many"
    ann.do(GroupFound, invite=(ben.person,))
    server.close()


# Mutes.


def test_a_muted_member_reads_but_does_not_write_until_the_time_is_over(town: Town) -> None:
    talker = town.members[0]
    said = talker.send(b"x", topic=town.topic).seq
    until = town.server.clock.ms + 60_000
    town.owner.do(GroupMute, topic=town.topic, person=talker.person, until=until)
    for shape, fields in ((Send, {}), (Edit, {"target": said}), (React, {"target": said})):
        assert town.outcome(talker, shape, body=b"y", **fields) == "muted"
    assert town.outcome(talker, Recall, target=said) == "done"
    assert town.outcome(talker, Typing) == "done"
    town.server.clock.pass_time(59.999)
    assert town.outcome(talker, Send, body=b"y") == "muted"
    town.server.clock.pass_time(0.001)
    assert town.outcome(talker, Send, body=b"y") == "done"


def test_a_mute_is_ended_with_0(town: Town) -> None:
    talker = town.members[0]
    town.owner.do(GroupMute, topic=town.topic, person=talker.person, until=FOREVER)
    town.owner.do(GroupMute, topic=town.topic, person=talker.person, until=0)
    assert town.outcome(talker, Send, body=b"y") == "done"


@pytest.mark.parametrize("role", ROLES)
def test_when_all_are_muted_owner_and_admins_write_on(town: Town, role: Role) -> None:
    town.owner.do(GroupMute, topic=town.topic, until=FOREVER)
    expected = "muted" if role is Role.MEMBER else "done"
    assert town.outcome(town.of(role), Send, body=b"y") == expected
    assert town.owner.do(ShowTopic, topic=town.topic).summary.silenced_until == FOREVER


def test_a_mute_is_an_entry_that_names_whom_and_until_when(town: Town) -> None:
    town.owner.do(GroupMute, topic=town.topic, person=town.members[0].person, until=5)
    town.owner.do(GroupMute, topic=town.topic, until=6)
    one, everybody = town.members[0].entries()
    assert (one.kind, one.person, one.until) == (Kind.MUTED, town.members[0].person, 5)
    assert (everybody.kind, everybody.person, everybody.until) == (Kind.MUTED, None, 6)


# Links and asking.


def test_no_link_looks_like_an_option_of_a_program(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secrets.token_urlsafe", lambda _: "-Xp9d-VOLqBSp0dekOlxTR12")
    assert town.owner.do(GroupLink, topic=town.topic).link == "_Xp9d_VOLqBSp0dekOlxTR12"


def test_a_new_link_replaces_the_old_one(town: Town) -> None:
    link = town.owner.do(GroupLink, topic=town.topic).link
    assert town.stranger.refused(GroupAsk, link=town.link) == "not_found"
    assert town.stranger.do(GroupAsk, link=link).topic == town.topic


def test_a_link_taken_away_leads_nowhere(town: Town) -> None:
    town.owner.do(GroupUnlink, topic=town.topic)
    assert town.stranger.refused(GroupAsk, link=town.link) == "not_found"
    assert town.standing(town.asker) is Standing.ASKED


def test_a_link_replaced_while_it_is_looked_up_leads_nowhere(town: Town) -> None:
    town.server.reads.delay()
    town.stranger.say(town.stranger.request(GroupAsk, link=town.link))
    town.server.reads.look()
    town.owner.do(GroupUnlink, topic=town.topic)
    town.server.reads.catch_up()
    (reply,) = town.stranger.collect()
    assert isinstance(reply, dict)
    assert reply["error"]["code"] == "not_found"


def test_the_link_itself_is_not_stored(town: Town) -> None:
    assert not any(town.link in line for line in town.server.dump())


@pytest.mark.parametrize("who", ["owner", "guest", "asker"])
def test_asking_where_one_stands_already_changes_nothing(town: Town, who: str) -> None:
    caller = getattr(town, who)
    before = town.standing(caller)
    assert caller.do(GroupAsk, link=town.link).topic == town.topic
    assert town.standing(caller) is before


def test_who_asks_and_who_is_invited_is_seen_by_owner_and_admins_only(town: Town) -> None:
    for role in ROLES:
        members = town.of(role).do(ShowTopic, topic=town.topic).members
        waiting = {member.handle: member.greeting for member in members if member.standing is not Standing.MEMBER}
        assert waiting == ({} if role is Role.MEMBER else {"dee": None, "eve": b"please"})


@pytest.mark.parametrize(
    ("who", "shape", "fields"),
    [
        ("stranger", GroupAsk, {}),
        ("asker", GroupDecline, {}),
        ("guest", GroupDecline, {}),
        ("guest", GroupAccept, {}),
        ("members", GroupInvite, {}),
    ],
)
def test_owner_and_admins_are_told_when_those_who_wait_have_changed(
    town: Town, who: str, shape: type[Request[Any]], fields: dict[str, Any]
) -> None:
    caller = town.members[0] if who == "members" else getattr(town, who)
    fields = {"link": town.link} if shape is GroupAsk else {"topic": town.topic}
    if shape is GroupInvite:
        fields["person"] = town.stranger.person
    caller.do(shape, **fields)
    told = RequestsPush(topic=town.topic)
    assert [told in steward.pushes() for steward in (town.owner, *town.admins)] == [True] * 3
    assert told not in town.members[1].pushes()


def test_who_is_let_in_is_named_in_the_entry_of_it(town: Town) -> None:
    town.admins[0].do(GroupApprove, topic=town.topic, person=town.asker.person)
    (entry,) = [entry for entry in town.asker.entries() if entry.kind is Kind.JOINED]
    assert town.asker.person in {entry.sender, entry.person}


def test_who_is_refused_is_told_that_it_is_over(town: Town) -> None:
    town.owner.do(GroupRefuse, topic=town.topic, person=town.asker.person)
    assert town.asker.pushes() == [GonePush(topic=town.topic)]


# Invitations across a block.


def test_an_invitation_by_somebody_one_blocks_shows_nowhere(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    ben.do(Block, person=ann.person)
    topic = ann.do(GroupFound, invite=(ben.person,)).topic
    assert ben.pushes() == []
    assert ben.sync().topics == ()
    assert ben.refused(ShowTopic, topic=topic) == "not_found"
    standing = [member.standing for member in ann.do(ShowTopic, topic=topic).members if member.person == ben.person]
    assert standing == [Standing.INVITED]


def test_that_an_invitation_one_never_saw_is_taken_back_shows_nowhere_either(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    ben.do(Block, person=ann.person)
    topic = ann.do(GroupFound, invite=(ben.person,)).topic
    ann.do(GroupRefuse, topic=topic, person=ben.person)
    assert ben.pushes() == []


def test_after_the_block_an_invitation_shows(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    ben.do(Block, person=ann.person)
    topic = server.group(ann)
    ben.do(Unblock, person=ann.person)
    ann.do(GroupInvite, topic=topic, person=ben.person)
    assert [type(push) for push in ben.pushes()] == [TopicPush]


# Names and notices.


def test_a_name_and_a_notice_are_entries_and_show_in_the_summary(town: Town) -> None:
    town.owner.do(GroupName, topic=town.topic, name=b"new name")
    town.admins[0].do(GroupNotice, topic=town.topic, notice=b"read this")
    named, noticed = town.members[0].entries()
    assert (named.kind, named.body, noticed.kind, noticed.body) == (Kind.NAMED, b"new name", Kind.NOTICE, b"read this")
    summary = town.members[0].do(ShowTopic, topic=town.topic).summary
    assert (summary.name, summary.notice) == (b"new name", b"read this")


def test_an_empty_name_is_a_name(town: Town) -> None:
    town.owner.do(GroupName, topic=town.topic, name=b"")
    assert [entry.body for entry in town.members[0].entries()] == [None]
    assert not town.members[0].do(ShowTopic, topic=town.topic).summary.name


def test_a_role_is_told_to_its_bearer_and_written_in_the_log(town: Town) -> None:
    member = town.members[0]
    town.owner.do(GroupRole, topic=town.topic, person=member.person, role=Role.ADMIN)
    told, said = member.pushes()
    assert isinstance(told, TopicPush)
    assert isinstance(said, EntryPush)
    assert told.summary.role is Role.ADMIN
    assert (said.entry.kind, said.entry.person, said.entry.role) == (Kind.ROLE, member.person, Role.ADMIN)
