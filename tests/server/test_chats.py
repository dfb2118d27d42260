"""Chats: how they begin, and what may be done to what was said."""

from typing import Any

import pytest

from protocol.entries import Entry, Kind
from protocol.frames import (
    Edit,
    EntryPush,
    GroupInvite,
    GroupLeave,
    GroupName,
    History,
    HistoryReply,
    React,
    Recall,
    Request,
    Send,
    ShowTopic,
    TopicPush,
)
from protocol.ids import TopicId, new_id
from tests.support.inline import Caller, InlineServer, configured


def page(caller: Caller, topic: TopicId, **where: int) -> HistoryReply:
    return caller.do(History, topic=topic, **where)


def bodies(entries: tuple[Entry, ...]) -> list[bytes | None]:
    return [entry.body for entry in entries]


# How a chat begins.


def test_a_first_message_begins_a_chat_and_is_answered_with_its_place(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    sent = alice.send(b"hi", to=bob.person)
    assert (sent.seq, sent.nth, sent.at) == (1, 1, server.clock.ms)


def test_both_get_the_first_message_after_the_topic_it_begins(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = alice.send(b"hi", to=bob.person).topic
    for caller, peer in ((alice, bob), (bob, alice)):
        told, said = caller.pushes()
        assert isinstance(told, TopicPush)
        assert isinstance(said, EntryPush)
        assert told.summary.peer is not None
        assert (told.summary.topic, told.summary.start, told.summary.peer.person) == (topic, 1, peer.person)
        assert (said.entry.seq, said.entry.body, said.entry.sender) == (1, b"hi", alice.person)


def test_the_first_message_is_unread_on_both_sides_until_marked(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = alice.send(b"hi", to=bob.person).topic
    assert [caller.do(ShowTopic, topic=topic).summary.unread for caller in (alice, bob)] == [1, 1]


def test_a_second_message_to_the_person_goes_to_the_same_chat(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    first = alice.send(b"hi", to=bob.person)
    answer = bob.send(b"hello", to=alice.person)
    assert (answer.topic, answer.seq, answer.nth) == (first.topic, 2, 2)


def test_first_messages_that_race_each_other_end_in_one_chat(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    server.commits.gather()
    alice.say(alice.request(Send, body=b"me first", to=bob.person))
    bob.say(bob.request(Send, body=b"no, me", to=alice.person))
    server.commits.commit()
    replies = [message for caller in (alice, bob) for message in caller.collect() if isinstance(message, dict)]
    topics = {reply["topic"] for reply in replies}
    assert len(topics) == 1
    assert [reply["seq"] for reply in replies] == [1, 2]
    assert bodies(tuple(server.log(topics.pop()))) == [b"me first", b"no, me"]


def test_to_nobody_nothing_can_be_said(server: InlineServer) -> None:
    (alice,) = server.people("alice")
    assert alice.refused(Send, body=b"hi", to=new_id()) == "not_found"


def test_a_chat_takes_two(server: InlineServer) -> None:
    (alice,) = server.people("alice")
    refusal = alice.refusal(Send, body=b"me", to=alice.person)
    assert (refusal.code, refusal.field) == ("bad_request", "to")


@pytest.mark.parametrize("both", [True, False], ids=["both", "neither"])
def test_a_message_goes_to_one_place(server: InlineServer, both: bool) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    where: dict[str, Any] = {"topic": topic, "to": bob.person} if both else {}
    assert alice.refusal(Send, body=b"hi", **where).field == "to"


def test_what_is_done_to_groups_is_not_done_to_a_chat(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    assert alice.refused(GroupLeave, topic=topic) == "not_allowed"
    assert alice.refused(GroupName, topic=topic, name=b"us") == "not_allowed"
    assert alice.refused(GroupInvite, topic=topic, person=new_id()) == "not_allowed"


# Replies.


def test_a_reply_names_what_it_answers(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    bob.do(Send, topic=topic, body=b"yes", reply_to=1)
    assert [entry.reply_to for entry in alice.entries()] == [1]


@pytest.mark.parametrize("seq", [3, 2**53 - 1])
def test_a_reply_to_nothing_is_not_found(server: InlineServer, seq: int) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    assert alice.refused(Send, topic=topic, body=b"what?", reply_to=seq) == "not_found"


def test_a_first_message_has_nothing_to_reply_to(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    assert alice.refused(Send, to=bob.person, body=b"what?", reply_to=1) == "not_found"


# Edits.


def test_an_edit_is_an_entry_that_names_its_message(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    edited = alice.do(Edit, topic=topic, target=1, body=b"hello!")
    (entry,) = bob.entries()
    assert (entry.kind, entry.target, entry.body, entry.seq) == (Kind.EDIT, 1, b"hello!", edited.seq)


def test_an_edit_does_not_count_as_a_message(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    assert alice.do(Edit, topic=topic, target=1, body=b"hello!").nth == 2


def test_one_edits_only_messages_of_ones_own(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    assert alice.refused(Edit, topic=topic, target=2, body=b"x") == "not_allowed"
    reaction = alice.do(React, topic=topic, target=2, body=b"+").seq
    assert alice.refused(Edit, topic=topic, target=reaction, body=b"x") == "not_allowed"


def test_an_edit_in_the_last_moment_is_taken_and_one_after_it_is_not(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    server.clock.pass_time(server.config.messages.edit_s)
    alice.do(Edit, topic=topic, target=1, body=b"in time")
    server.clock.pass_time(0.001)
    assert alice.refused(Edit, topic=topic, target=1, body=b"late") == "too_late"


def test_what_is_recalled_cannot_be_edited(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    alice.do(Recall, topic=topic, target=1)
    assert alice.refused(Edit, topic=topic, target=1, body=b"x") == "not_found"


def test_an_edit_and_a_recall_in_one_commit_leave_no_edit_of_what_is_gone(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    server.commits.gather()
    alice.say(alice.request(Recall, topic=topic, target=1))
    alice.say(edit := alice.request(Edit, topic=topic, target=1, body=b"x"))
    server.commits.commit()
    (refused,) = [reply for reply in alice.collect() if isinstance(reply, dict) and reply["re"] == edit.id]
    assert refused["error"]["code"] == "not_found"
    assert [entry.kind for entry in server.log(topic)][2:] == [Kind.RECALL]


# Recalls.


def test_a_recall_erases_the_body_for_everybody(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    alice.do(Recall, topic=topic, target=1)
    for caller in (alice, bob):
        first = page(caller, topic).entries[0]
        assert (first.body, first.erased, first.kind) == (None, True, Kind.MESSAGE)


def test_a_recall_leaves_no_byte_of_the_body_in_the_store(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = alice.send(b"\xbe\xef\xca\xfe\xd0\x0dcanary", to=bob.person).topic
    alice.do(Edit, topic=topic, target=1, body=b"\xbe\xef\xca\xfe\xd0\x0dcanary two")
    assert any("BEEFCAFED00D" in line.upper() for line in server.dump())
    alice.do(Recall, topic=topic, target=1)
    assert not any("BEEFCAFED00D" in line.upper() for line in server.dump())


def test_a_recall_erases_edits_and_reactions_of_the_message_too(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    alice.do(Edit, topic=topic, target=1, body=b"hello!")
    bob.do(React, topic=topic, target=1, body=b"+")
    alice.do(Recall, topic=topic, target=1)
    assert [entry.erased for entry in page(bob, topic).entries] == [True, False, True, True, False]


def test_one_recalls_ones_own_messages_only(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    assert alice.refused(Recall, topic=topic, target=2) == "not_allowed"


def test_a_recall_in_the_last_moment_is_taken_and_one_after_it_is_not(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    alice.send(b"second", topic=topic)
    server.clock.pass_time(server.config.messages.recall_s)
    alice.do(Recall, topic=topic, target=1)
    server.clock.pass_time(0.001)
    assert alice.refused(Recall, topic=topic, target=3) == "too_late"


def test_what_is_recalled_cannot_be_recalled_again(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    alice.do(Recall, topic=topic, target=1)
    assert alice.refused(Recall, topic=topic, target=1) == "not_found"


def test_an_edit_is_not_recalled_by_itself(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    edit = alice.do(Edit, topic=topic, target=1, body=b"hello!").seq
    assert alice.refused(Recall, topic=topic, target=edit) == "not_allowed"


def test_without_time_to_recall_nothing_is_recalled_later() -> None:
    server = InlineServer(configured(messages={"recall_s": 0}))
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    server.clock.pass_time(0.001)
    assert alice.refused(Recall, topic=topic, target=1) == "too_late"
    server.close()


# Reactions.


def test_a_reaction_reaches_the_other(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    bob.do(React, topic=topic, target=1, body=b"+")
    (entry,) = alice.entries()
    assert (entry.kind, entry.target, entry.body, entry.sender) == (Kind.REACTION, 1, b"+", bob.person)


def test_a_reaction_is_taken_back_at_any_time_and_its_sign_is_gone(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    reaction = bob.do(React, topic=topic, target=1, body=b"+").seq
    server.clock.pass_time(10 * 86_400)
    bob.do(Recall, topic=topic, target=reaction)
    assert page(alice, topic, around=reaction).entries[reaction - 1].body is None


def test_only_messages_are_reacted_to(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    reaction = bob.do(React, topic=topic, target=1, body=b"+").seq
    assert bob.refused(React, topic=topic, target=reaction, body=b"+") == "not_found"


@pytest.mark.parametrize("shape", [Edit, Recall, React])
def test_nothing_is_done_to_an_entry_that_is_not_there_yet(server: InlineServer, shape: type[Request[Any]]) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    more = {} if shape is Recall else {"body": b"x"}
    assert alice.refused(shape, topic=topic, target=3, **more) == "not_found"


# History.


def test_history_without_a_direction_is_the_newest_page(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    for body in (b"3", b"4", b"5"):
        alice.send(body, topic=topic)
    newest = page(bob, topic, limit=2)
    assert (bodies(newest.entries), newest.complete) == ([b"4", b"5"], False)


@pytest.mark.parametrize(
    ("where", "seqs", "complete"),
    [
        ({"before": 3}, [1, 2], True),
        ({"before": 3, "limit": 1}, [2], False),
        ({"after": 3}, [4, 5], True),
        ({"after": 0, "limit": 2}, [1, 2], False),
        ({"around": 3, "limit": 2}, [2, 3], False),
        ({"around": 2**53 - 1}, [1, 2, 3, 4, 5], True),
        ({"after": 5}, [], True),
        ({"before": 1}, [], True),
    ],
)
def test_a_page_is_what_was_asked_for(
    server: InlineServer, where: dict[str, int], seqs: list[int], complete: bool
) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    for body in (b"3", b"4", b"5"):
        alice.send(body, topic=topic)
    found = page(bob, topic, **where)
    assert ([entry.seq for entry in found.entries], found.complete) == (seqs, complete)


def test_history_goes_in_one_direction(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    assert alice.refusal(History, topic=topic, before=2, after=1).field == "around"


def test_a_page_brings_what_was_said_about_it_later(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    alice.do(Edit, topic=topic, target=1, body=b"hello!")
    assert [entry.body for entry in page(bob, topic, before=2).related] == [b"hello!"]


def test_the_summary_of_a_chat_names_the_other_and_needs_no_list_of_members(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    reply = alice.do(ShowTopic, topic=server.chat(alice, bob))
    assert reply.summary.peer is not None
    assert (reply.summary.peer.handle, reply.members) == ("bob", ())


def test_messages_sent_ahead_to_somebody_new_keep_their_order(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    server.commits.gather()
    for number in range(5):
        ann.say(ann.request(Send, to=ben.person, body=b"%d" % number))
    server.commits.commit()
    entries = [push.entry for push in ben.pushes() if isinstance(push, EntryPush)]
    assert [entry.body for entry in entries] == [b"0", b"1", b"2", b"3", b"4"]
