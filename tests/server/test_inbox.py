"""The inbox that the operators of a public account share: what they read there, and how they answer."""

from contextlib import closing
from typing import Any

import pytest

from protocol.accounts import Answered, Inbox, InboxAnswer, InboxPush, InboxReply, InboxShow, SetOperator
from protocol.entries import Kind, Role
from protocol.following import FollowAccount, Unfollow
from protocol.frames import Clear, Edit, History, Read, Recall
from protocol.ids import PersonId, Seq, TopicId, new_id, new_public_topic_id
from server.store.dialogue_writes import ANSWER_MS
from tests.support.accounts import Press, active, operator
from tests.support.inline import Caller, InlineServer
from tests.support.seeded import seeded

HOURS_48 = 48 * 3600


@pytest.fixture
def press(server: InlineServer) -> Press:
    return newsroom(server)


def newsroom(server: InlineServer) -> Press:
    """Return a press with a reader who follows it; nothing of it waits to be collected."""
    press = Press(server)
    press.reader.do(FollowAccount, topic=press.topic)
    collect(press)
    return press


def collect(press: Press) -> None:
    for caller in press.server.callers:
        caller.collect()


def write(press: Press, body: bytes = b"hello", who: Caller | None = None) -> TopicId:
    """Have somebody who follows the account write to it, and return their dialogue."""
    topic = (who or press.reader).send(body, to=PersonId(press.topic)).topic
    collect(press)
    return topic


def inbox(press: Press, **more: Any) -> InboxReply:
    return press.editor.do(Inbox, topic=press.topic, **more)


def answer(press: Press, dialogue: TopicId, by: Caller | None = None, body: bytes = b"good day") -> Seq:
    return (by or press.editor).do(InboxAnswer, topic=press.topic, dialogue=dialogue, body=body).seq


# Reading.


def test_an_inbox_nobody_has_written_to_is_empty(press: Press) -> None:
    assert inbox(press) == InboxReply(dialogues=(), complete=True)


def test_the_inbox_shows_who_wrote_what_and_until_when_to_answer(press: Press) -> None:
    dialogue = write(press)
    (shown,) = inbox(press).dialogues
    assert (shown.dialogue, shown.person, shown.handle) == (dialogue, press.reader.person, "dee")
    assert (shown.waiting, shown.answer_until) == (True, press.server.clock.ms + ANSWER_MS)
    assert (shown.last.sender, shown.last.body) == (press.reader.person, b"hello")


def test_those_who_wait_longest_come_first_then_who_wrote_last(press: Press) -> None:
    people = [press.reader, *press.server.people("pam", "pat", "per")]
    for person in people:
        press.server.clock.pass_time(60)
        person.do(FollowAccount, topic=press.topic)
        dialogue = write(press, who=person)
        if person in people[1:3]:
            answer(press, dialogue)
    order = [people[0], people[3], people[2], people[1]]
    reply = inbox(press)
    assert [shown.person for shown in reply.dialogues] == [person.person for person in order]
    assert [shown.waiting for shown in reply.dialogues] == [True, True, False, False]
    assert [shown.person for shown in inbox(press, offset=3).dialogues] == [people[1].person]
    assert inbox(press, offset=4) == InboxReply(dialogues=(), complete=True)


def test_an_answer_ends_the_waiting_and_a_new_message_begins_it_anew(press: Press) -> None:
    dialogue = write(press)
    answer(press, dialogue)
    assert not inbox(press).dialogues[0].waiting
    press.reader.send(b"thanks", topic=dialogue)
    assert inbox(press).dialogues[0].waiting


def test_a_dialogue_is_shown_in_pages_with_who_answered(press: Press) -> None:
    dialogue = write(press)
    by_editor, by_owner = answer(press, dialogue), answer(press, dialogue, press.owner)
    press.reader.send(b"thanks", topic=dialogue)
    newest = press.editor.do(InboxShow, topic=press.topic, dialogue=dialogue, limit=2)
    assert ([entry.seq for entry in newest.entries], newest.complete) == ([3, 4], False)
    assert newest.answered == (Answered(seq=by_owner, by=press.owner.person),)
    before = press.editor.do(InboxShow, topic=press.topic, dialogue=dialogue, before=3)
    assert ([entry.seq for entry in before.entries], before.complete) == ([1, 2], True)
    assert before.answered == (Answered(seq=by_editor, by=press.editor.person),)


def test_operators_see_what_the_person_sees_but_not_how_far_they_have_read(press: Press) -> None:
    dialogue = write(press)
    seq = answer(press, dialogue)
    before = press.editor.do(InboxShow, topic=press.topic, dialogue=dialogue), inbox(press)
    press.reader.do(Read, topic=dialogue, seq=seq)
    assert (press.editor.do(InboxShow, topic=press.topic, dialogue=dialogue), inbox(press)) == before
    assert before[0].entries == press.reader.do(History, topic=dialogue).entries


def test_what_the_person_clears_is_cleared_for_them_alone(press: Press) -> None:
    dialogue = write(press)
    press.reader.do(Clear, topic=dialogue, seq=1)
    (entry,) = press.editor.do(InboxShow, topic=press.topic, dialogue=dialogue).entries
    assert entry.body == b"hello"


def test_what_the_person_recalls_is_gone_for_the_operators_too(press: Press) -> None:
    dialogue = write(press)
    press.reader.do(Recall, topic=dialogue, target=1)
    entries = press.editor.do(InboxShow, topic=press.topic, dialogue=dialogue).entries
    assert [(entry.kind, entry.body, entry.erased) for entry in entries] == [
        (Kind.MESSAGE, None, True),
        (Kind.RECALL, None, False),
    ]


# Answering.


def test_an_answer_is_the_accounts_whoever_gives_it(press: Press) -> None:
    dialogue = write(press)
    reply = press.owner.do(InboxAnswer, topic=press.topic, dialogue=dialogue, body=b"good day")
    assert (reply.topic, reply.seq, reply.nth, reply.at) == (dialogue, 2, 2, press.server.clock.ms)
    (entry,) = press.reader.entries()
    assert (str(entry.sender), entry.body, entry.person) == (press.topic, b"good day", None)


def test_an_answer_in_the_last_moment_is_taken_and_one_after_it_is_not(press: Press) -> None:
    dialogue = write(press)
    press.server.clock.pass_time(HOURS_48)
    answer(press, dialogue)
    press.server.clock.pass_time(0.001)
    refusal = press.editor.refusal(InboxAnswer, topic=press.topic, dialogue=dialogue, body=b"sorry")
    assert (refusal.code, "48 hours" in refusal.message) == ("too_late", True)
    press.reader.send(b"well?", topic=dialogue)
    answer(press, dialogue)


def test_an_edit_or_a_recall_does_not_make_the_time_longer(press: Press) -> None:
    dialogue = write(press)
    until = inbox(press).dialogues[0].answer_until
    press.reader.send(b"and", topic=dialogue)
    press.server.clock.pass_time(60)
    press.reader.do(Edit, topic=dialogue, target=1, body=b"hello!")
    press.reader.do(Recall, topic=dialogue, target=2)
    assert inbox(press).dialogues[0].answer_until == until


def test_who_has_unfollowed_is_still_answered(press: Press) -> None:
    dialogue = write(press)
    press.reader.do(Unfollow, topic=press.topic)
    answer(press, dialogue)
    assert [entry.body for entry in press.reader.entries()] == [b"good day"]


def test_a_repeat_is_answered_as_the_first_time_even_after_the_time(press: Press) -> None:
    dialogue = write(press)
    request = press.editor.request(InboxAnswer, topic=press.topic, dialogue=dialogue, body=b"good day")
    first = press.editor.ask(request)
    assert press.editor.ask(request) == first
    press.server.clock.pass_time(HOURS_48 + 1)
    assert press.editor.ask(request) == first
    press.owner.do(SetOperator, topic=press.topic, person=press.editor.person, role=Role.ANALYST)
    assert press.editor.ask(request) == first
    assert len(press.reader.do(History, topic=dialogue).entries) == 2


def test_a_cid_is_used_for_one_answer(press: Press) -> None:
    (eve,) = press.server.people("eve")
    eve.do(FollowAccount, topic=press.topic)
    dialogue, other = write(press), write(press, who=eve)
    request = press.editor.request(InboxAnswer, topic=press.topic, dialogue=dialogue, body=b"good day")
    press.editor.ask(request)
    for where, body in ((dialogue, b"bad day"), (other, b"good day")):
        refused = press.editor.refused(InboxAnswer, topic=press.topic, dialogue=where, body=body, cid=request.cid)
        assert refused == "conflict"


def test_who_knows_an_answers_cid_and_words_has_not_given_it(press: Press) -> None:
    dialogue = write(press)
    request = press.editor.request(InboxAnswer, topic=press.topic, dialogue=dialogue, body=b"good day")
    press.editor.ask(request)
    (entry,) = press.reader.entries()
    assert entry.cid == request.cid
    assert press.reader.try_(request) == press.reader.try_(
        press.reader.request(InboxAnswer, topic=new_public_topic_id(), dialogue=dialogue, body=b"good day")
    )


# Who may.


def requests(topic: TopicId, dialogue: TopicId) -> list[tuple[Any, dict[str, Any]]]:
    return [
        (Inbox, {"topic": topic}),
        (InboxShow, {"topic": topic, "dialogue": dialogue}),
        (InboxAnswer, {"topic": topic, "dialogue": dialogue, "body": b"good day"}),
    ]


def test_owner_and_editors_read_and_answer_and_analysts_do_not(press: Press) -> None:
    dialogue = write(press)
    for shape, fields in requests(press.topic, dialogue):
        for one in (press.owner, press.editor):
            one.do(shape, **fields)
        refusal = press.analyst.refusal(shape, **fields)
        assert (refusal.code, "your role" in refusal.message) == ("not_allowed", True)


def test_to_everybody_else_there_is_no_inbox_the_follower_too(press: Press) -> None:
    (eve,) = press.server.people("eve")
    dialogue = write(press)
    for there, nowhere in zip(
        requests(press.topic, dialogue), requests(new_public_topic_id(), TopicId(new_id())), strict=True
    ):
        for other in (eve, press.reader):
            refusals = [other.refusal(shape, **fields) for shape, fields in (there, nowhere)]
            assert refusals[0] == refusals[1]
            assert refusals[0].code == "not_found"


def test_who_is_no_operator_any_more_is_shown_nothing_more(press: Press) -> None:
    dialogue = write(press)
    press.owner.do(SetOperator, topic=press.topic, person=press.editor.person)
    for shape, fields in requests(press.topic, dialogue):
        assert press.editor.refused(shape, **fields) == "not_found"
    press.editor.collect()
    press.reader.send(b"hello?", topic=dialogue)
    assert press.editor.pushes() == []


def test_only_dialogues_of_this_account_are_in_its_inbox(press: Press) -> None:
    other = active(press.server, press.owner, "The other one")
    press.reader.do(FollowAccount, topic=other)
    mine, theirs = write(press), press.reader.send(b"hello", to=PersonId(other)).topic
    assert [shown.dialogue for shown in inbox(press).dialogues] == [mine]
    chat = press.reader.send(b"hello", to=press.owner.person).topic
    for wrong in (theirs, chat, TopicId(new_id()), press.topic):
        for shape, fields in requests(press.topic, wrong)[1:]:
            assert press.owner.refused(shape, **fields) == "not_found"


def test_an_inbox_is_asked_for_by_the_accounts_id(press: Press) -> None:
    dialogue = write(press)
    for shape, fields in requests(dialogue, dialogue):
        assert press.owner.refused(shape, **fields) == "wrong_side"


# Who is told.


def test_the_other_operators_learn_of_an_answer_and_the_device_that_gave_it_does_not(press: Press) -> None:
    second = press.server.login("ben")
    dialogue = write(press)
    push = InboxPush(topic=press.topic, dialogue=dialogue)
    answer(press, dialogue)
    assert press.editor.pushes() == []
    assert (press.owner.pushes(), second.pushes()) == ([push], [push])
    assert press.analyst.pushes() == []


def test_a_new_editor_is_told_from_then_on(press: Press) -> None:
    dialogue = write(press)
    operator(press.owner, press.topic, press.analyst, Role.EDITOR)
    collect(press)
    press.reader.send(b"hello?", topic=dialogue)
    assert press.analyst.pushes() == [InboxPush(topic=press.topic, dialogue=dialogue)]


def follower_hears(by: int) -> bytes:
    """Return all that reaches a follower while one of the operators answers twice."""
    with seeded("inbox"), closing(InlineServer()) as server:
        press = newsroom(server)
        press.reader.peer.frames.clear()
        dialogue = press.reader.send(b"hello", to=PersonId(press.topic)).topic
        operators = (press.owner, press.editor)
        for body in (b"good day", b"what is it?"):
            answer(press, dialogue, operators[by], body)
        press.reader.do(Read, topic=dialogue, seq=3)
        press.reader.do(History, topic=dialogue)
        press.reader.sync({dialogue: 1})
        server.settle()
        return b"".join(press.reader.peer.frames)


def test_whichever_operator_answers_the_follower_gets_the_same_bytes() -> None:
    assert follower_hears(0) == follower_hears(1) != b""
