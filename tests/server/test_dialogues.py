"""A person and a public account talk privately: what the person does, and what they get."""

from collections.abc import Iterator
from typing import Any

import pytest

from protocol.accounts import InboxAnswer, InboxPush
from protocol.entries import Entry, Kind, Side, TopicKind, side_of
from protocol.following import FollowAccount, Unfollow
from protocol.frames import (
    Block,
    Clear,
    Edit,
    EntryPush,
    GroupInvite,
    GroupLeave,
    History,
    People,
    React,
    Read,
    ReadPush,
    Recall,
    Receipts,
    Send,
    SetTopic,
    ShowTopic,
    TopicPush,
    Typing,
    Watch,
)
from protocol.ids import PersonId, TopicId, new_public_topic_id
from server.store.doctor import findings
from server.store.private_doctor import PRIVATE_INVARIANTS
from tests.support.accounts import Press, approved, operator
from tests.support.inline import Caller, InlineServer


@pytest.fixture
def press(server: InlineServer) -> Press:
    press = Press(server)
    press.reader.do(FollowAccount, topic=press.topic)
    for caller in server.callers:
        caller.collect()
    return press


def write(press: Press, body: bytes = b"hello", who: Caller | None = None) -> TopicId:
    """Have the reader write to the account, and return their dialogue; nothing of it waits to be collected."""
    topic = (who or press.reader).send(body, to=PersonId(press.topic)).topic
    for caller in press.server.callers:
        caller.collect()
    return topic


def answer(press: Press, dialogue: TopicId, body: bytes = b"good day", by: Caller | None = None) -> int:
    """Have an operator answer, and return the entry's number."""
    return (by or press.editor).do(InboxAnswer, topic=press.topic, dialogue=dialogue, body=body).seq


def page(caller: Caller, topic: TopicId) -> tuple[Entry, ...]:
    return caller.do(History, topic=topic, limit=100).entries


# Beginning.


def test_the_first_message_begins_a_dialogue_and_the_next_ones_go_on_with_it(press: Press) -> None:
    first = press.reader.send(b"hello", to=PersonId(press.topic))
    assert (first.seq, side_of(first.topic)) == (1, Side.PRIVATE)
    second = press.reader.send(b"are you there?", to=PersonId(press.topic))
    third = press.reader.send(b"anybody?", topic=first.topic)
    assert [(said.topic, said.seq) for said in (second, third)] == [(first.topic, 2), (first.topic, 3)]


def test_a_dialogue_names_its_account_and_no_person(press: Press) -> None:
    topic = press.reader.send(b"hello", to=PersonId(press.topic)).topic
    (push,) = [push for push in press.reader.pushes() if isinstance(push, TopicPush)]
    reply = press.reader.do(ShowTopic, topic=topic)
    assert push.summary == reply.summary
    assert (reply.summary.kind, reply.summary.account) == (TopicKind.DIALOGUE, press.topic)
    assert (reply.summary.peer, reply.summary.members, reply.members) == (None, None, ())


def test_ones_other_devices_learn_of_it_at_once_and_new_ones_when_they_sync(press: Press) -> None:
    other = press.server.login("dee")
    other.collect()
    topic = press.reader.send(b"hello", to=PersonId(press.topic)).topic
    kinds = [type(push) for push in other.pushes()]
    assert kinds == [TopicPush, EntryPush]
    fresh = press.server.login("dee").sync()
    assert [(summary.topic, summary.account) for summary in fresh.topics] == [(topic, press.topic)]


def test_who_does_not_follow_does_not_write(press: Press) -> None:
    (eve,) = press.server.people("eve")
    before = press.server.dump()
    refusal = eve.refusal(Send, to=PersonId(press.topic), body=b"buy soup")
    assert (refusal.code, refusal.message) == ("not_accepted", "follow the account to write to it")
    assert press.server.dump() == before


def test_unfollowing_ends_writing_and_not_the_dialogue(press: Press) -> None:
    dialogue = write(press)
    press.reader.do(Unfollow, topic=press.topic)
    assert press.reader.refused(Send, topic=dialogue, body=b"one more thing") == "not_accepted"
    assert press.reader.refused(Send, to=PersonId(press.topic), body=b"one more thing") == "not_accepted"
    assert press.reader.refused(Edit, topic=dialogue, target=1, body=b"one more thing") == "not_accepted"
    assert press.reader.refused(React, topic=dialogue, target=1, body=b"!") == "not_accepted"
    answer(press, dialogue)
    assert [entry.body for entry in page(press.reader, dialogue)] == [b"hello", b"good day"]
    press.reader.do(Recall, topic=dialogue, target=1)
    press.reader.do(FollowAccount, topic=press.topic)
    press.reader.send(b"here I am again", topic=dialogue)


def test_nobody_writes_to_an_account_that_is_not_there_or_not_yet(press: Press) -> None:
    waiting = approved(press.server, press.owner, "Not yet")
    for account in (new_public_topic_id(), waiting, press.server.lane(press.reader)):
        refusal = press.reader.refusal(Send, to=PersonId(account), body=b"hello")
        assert refusal.code == "not_found"


def test_operators_do_not_write_to_their_own_account(press: Press) -> None:
    for one in (press.owner, press.editor, press.analyst):
        one.do(FollowAccount, topic=press.topic)
        refusal = one.refusal(Send, to=PersonId(press.topic), body=b"hello, us")
        assert (refusal.code, "you are an operator" in refusal.message) == ("not_accepted", True)


def test_who_becomes_an_operator_reads_their_old_dialogue_and_does_not_go_on_with_it(press: Press) -> None:
    dialogue = write(press)
    operator(press.owner, press.topic, press.reader)
    assert press.reader.refused(Send, topic=dialogue, body=b"hello, us") == "not_accepted"
    answer(press, dialogue)
    assert [entry.body for entry in page(press.reader, dialogue)] == [b"hello", b"good day"]


def test_two_first_messages_at_once_are_one_dialogue_in_their_order(press: Press) -> None:
    other = press.server.login("dee")
    press.server.commits.gather()
    for caller, body in ((press.reader, b"1"), (other, b"2"), (press.reader, b"3")):
        caller.say(caller.request(Send, to=PersonId(press.topic), body=body))
    press.server.commits.commit()
    press.server.settle()
    (dialogue,) = {entry.topic for entry in press.reader.entries()}
    assert sorted(entry.body or b"" for entry in page(other, dialogue)) == [b"1", b"2", b"3"]


def test_messages_sent_ahead_keep_their_order(press: Press) -> None:
    press.server.commits.gather()
    for number in range(5):
        press.reader.say(press.reader.request(Send, to=PersonId(press.topic), body=b"%d" % number))
    press.server.commits.commit()
    assert [entry.body for entry in press.reader.entries()] == [b"0", b"1", b"2", b"3", b"4"]


# Repeats.


def test_a_repeat_is_answered_as_the_first_time(press: Press) -> None:
    request = press.reader.request(Send, to=PersonId(press.topic), body=b"hello")
    first = press.reader.ask(request)
    assert press.reader.ask(request) == first
    there = press.reader.request(Send, topic=first.topic, body=b"hello", cid=request.cid)
    assert press.reader.ask(there) == first
    press.reader.do(Unfollow, topic=press.topic)
    assert press.reader.ask(request) == first
    assert len(page(press.reader, first.topic)) == 1


def test_a_cid_is_used_once(press: Press) -> None:
    request = press.reader.request(Send, to=PersonId(press.topic), body=b"hello")
    press.reader.ask(request)
    assert press.reader.refused(Send, to=PersonId(press.topic), body=b"else", cid=request.cid) == "conflict"
    assert press.reader.refused(Send, to=press.owner.person, body=b"hello", cid=request.cid) == "conflict"


# As in a chat.


def test_a_reply_names_what_it_answers_and_only_what_is_there(press: Press) -> None:
    assert press.reader.refused(Send, to=PersonId(press.topic), body=b"what?", reply_to=1) == "not_found"
    dialogue = write(press)
    seq = answer(press, dialogue)
    press.reader.do(Send, topic=dialogue, body=b"yes", reply_to=seq)
    assert press.reader.refused(Send, topic=dialogue, body=b"what?", reply_to=9) == "not_found"
    press.reader.do(Clear, topic=dialogue, seq=2)
    assert press.reader.refused(Send, topic=dialogue, body=b"what?", reply_to=2) == "not_found"


def test_one_edits_recalls_and_reacts_as_in_a_chat(press: Press) -> None:
    dialogue = write(press)
    seq = answer(press, dialogue)
    press.reader.do(Edit, topic=dialogue, target=1, body=b"hello!")
    press.reader.do(React, topic=dialogue, target=seq, body=b"+")
    press.reader.do(Recall, topic=dialogue, target=1)
    assert press.reader.refused(Edit, topic=dialogue, target=seq, body=b"bad day") == "not_allowed"
    assert press.reader.refused(Recall, topic=dialogue, target=seq) == "not_allowed"
    said = [(entry.kind, entry.body) for entry in page(press.reader, dialogue)]
    assert said == [
        (Kind.MESSAGE, None),
        (Kind.MESSAGE, b"good day"),
        (Kind.EDIT, None),
        (Kind.REACTION, b"+"),
        (Kind.RECALL, None),
    ]


def test_a_recall_leaves_no_byte_of_the_message_in_the_store(press: Press) -> None:
    dialogue = write(press, b"\xbe\xef\xca\xfe\xd0\x0dcanary")
    assert any("BEEFCAFED00D" in line.upper() for line in press.server.dump())
    press.reader.do(Recall, topic=dialogue, target=1)
    assert not any("BEEFCAFED00D" in line.upper() for line in press.server.dump())


def test_edits_and_recalls_come_too_late_as_in_a_chat(press: Press) -> None:
    dialogue = write(press)
    press.server.clock.pass_time(press.server.config.messages.edit_s + 1)
    assert press.reader.refused(Edit, topic=dialogue, target=1, body=b"x") == "too_late"
    assert press.reader.refused(Recall, topic=dialogue, target=1) == "too_late"


def test_an_answer_comes_live_counts_as_unread_and_is_synced(press: Press) -> None:
    dialogue = write(press)
    away = press.server.login("dee")
    away.hang_up()
    seq = answer(press, dialogue)
    (entry,) = press.reader.entries()
    assert (entry.topic, entry.seq, str(entry.sender), entry.body) == (dialogue, seq, press.topic, b"good day")
    press.reader.do(Read, topic=dialogue, seq=1)
    assert press.reader.do(ShowTopic, topic=dialogue).summary.unread == 1
    (piece,) = away.resume({dialogue: 1}).sync({dialogue: 1}).slices
    assert (piece.entries, piece.live) == ((entry,), True)


def test_marks_go_to_ones_own_devices_and_to_no_operator(press: Press) -> None:
    dialogue = write(press)
    answer(press, dialogue)
    other = press.server.login("dee")
    for caller in press.server.callers:
        caller.collect()
    press.reader.do(Read, topic=dialogue, seq=2)
    press.reader.do(Typing, topic=dialogue)
    press.reader.do(SetTopic, topic=dialogue, pinned=True)
    assert [type(push) for push in other.pushes()] == [ReadPush, TopicPush]
    for one in (press.owner, press.editor, press.analyst):
        assert one.pushes() == []
    assert press.reader.do(Receipts, topic=dialogue, seq=1).count == 0


def test_nobody_sees_whether_an_account_is_here_or_blocks_it(press: Press) -> None:
    write(press)
    assert press.reader.do(Watch, persons=(PersonId(press.topic),)).online == ()
    assert press.reader.refused(Block, person=PersonId(press.topic)) == "not_found"
    assert press.reader.do(People, persons=(PersonId(press.topic),)).people == ()


def test_what_is_done_to_groups_is_not_done_to_a_dialogue(press: Press) -> None:
    dialogue = write(press)
    assert press.reader.refused(GroupLeave, topic=dialogue) == "not_allowed"
    assert press.reader.refused(GroupInvite, topic=dialogue, person=press.owner.person) == "not_allowed"


@pytest.mark.parametrize(
    ("shape", "more"),
    [
        (Send, {"body": b"x"}),
        (Edit, {"target": 1, "body": b"x"}),
        (React, {"target": 1, "body": b"x"}),
        (Recall, {"target": 1}),
        (History, {}),
        (ShowTopic, {}),
        (Read, {"seq": 1}),
    ],
)
def test_to_everybody_else_it_is_not_there_the_operators_too(press: Press, shape: Any, more: dict[str, Any]) -> None:
    (eve,) = press.server.people("eve")
    dialogue = write(press)
    for other in (eve, press.owner, press.editor):
        assert other.refused(shape, topic=dialogue, **more) == "not_found"


# Who is told.


def test_operators_who_answer_are_told_of_all_that_is_said_on_all_their_devices(press: Press) -> None:
    second = press.server.login("ben")
    dialogue = write(press)
    for shape, more in ((Send, {}), (Edit, {"target": 1}), (React, {"target": 1}), (Recall, {"target": 1})):
        body = {} if shape is Recall else {"body": b"x"}
        press.reader.do(shape, topic=dialogue, **more, **body)
        for device in (press.owner, press.editor, second):
            assert device.pushes() == [InboxPush(topic=press.topic, dialogue=dialogue)]
        assert press.analyst.pushes() == []


def test_the_first_message_tells_them_where_it_is(press: Press) -> None:
    dialogue = press.reader.send(b"hello", to=PersonId(press.topic)).topic
    assert press.editor.pushes() == [InboxPush(topic=press.topic, dialogue=dialogue)]


def test_a_repeat_tells_nobody_anything(press: Press) -> None:
    request = press.reader.request(Send, to=PersonId(press.topic), body=b"hello")
    press.reader.ask(request)
    press.editor.collect()
    press.reader.ask(request)
    assert press.editor.pushes() == []


# What stays private.


@pytest.fixture
def silent(press: Press) -> Iterator[Press]:
    """A press whose public file is looked at before and after."""
    connection = press.server.public_store._writer._connection
    before = connection.serialize()
    yield press
    assert connection.serialize() == before


def test_no_byte_of_the_public_file_changes_by_a_dialogue(silent: Press) -> None:
    dialogue = write(silent)
    answer(silent, dialogue)
    silent.reader.do(Edit, topic=dialogue, target=1, body=b"hello!")
    silent.reader.do(Recall, topic=dialogue, target=1)
    silent.reader.do(Unfollow, topic=silent.topic)
    assert silent.reader.refused(Send, topic=dialogue, body=b"more") == "not_accepted"


def test_hooks_and_the_audit_log_hear_nothing_of_it(press: Press) -> None:
    seen, size = len(press.server.panel.seen), len(press.history())
    answer(press, write(press))
    assert (len(press.server.panel.seen), len(press.history())) == (seen, size)


def test_what_is_stored_of_it_is_sound(press: Press) -> None:
    answer(press, write(press))
    connection = press.server.store._writer._connection
    assert list(findings(connection, *PRIVATE_INVARIANTS)) == []
    connection.execute("COMMIT")
