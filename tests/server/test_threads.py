"""What is said under moments: seen, counted and heard of by those who may see it, and by nobody else."""

from contextlib import closing
from typing import Any

import pytest

from protocol.contacts import AskContact, RemoveContact
from protocol.errors import ErrorCode
from protocol.frames import Block, Push
from protocol.ids import CommentId, MomentId, Seq, new_cid, new_id, new_public_comment_id, new_public_topic_id
from protocol.limits import OPEN_THREADS
from protocol.moments import (
    CloseThread,
    Comment,
    CommentReply,
    DeleteComment,
    Like,
    NoticePush,
    Notices,
    SayComment,
    ShowMoment,
    ShowThread,
    ThreadPush,
    ThreadReply,
)
from tests.support.friends import friends, post, say
from tests.support.inline import Caller, InlineServer, configured


def bodies(thread: ThreadReply) -> list[bytes]:
    """Return what is said there, in the order it was said."""
    return [said.body for said in reversed(thread.comments)]


def told(caller: Caller) -> list[Push]:
    """Return what was pushed about threads since the last time."""
    return [push for push in caller.pushes() if isinstance(push, ThreadPush)]


# Saying something.


def test_a_comment_is_shown_to_those_who_see_the_moment_and_know_who_says_it(server: InlineServer) -> None:
    ann, ben, cyd, dan = friends(server, "ann", "ben", "cyd", "dan")
    moment = post(ann, without=(dan.person,))
    ben.do(RemoveContact, person=cyd.person)
    said = say(ben, moment, b"hello")
    assert said == Comment(comment=said.comment, author=ben.person, handle="ben", at=server.clock.ms, body=b"hello")
    assert ann.do(ShowThread, moment=moment).comments == ben.do(ShowThread, moment=moment).comments == (said,)
    assert cyd.do(ShowThread, moment=moment).comments == ()
    assert dan.refused(ShowThread, moment=moment) == ErrorCode.NOT_FOUND


def test_an_answer_is_shown_to_those_who_see_what_it_answers(server: InlineServer) -> None:
    ann, ben, cyd, dan = friends(server, "ann", "ben", "cyd", "dan")
    moment = post(ann)
    answer = say(cyd, moment, b"two", answers=say(ben, moment, b"one"))
    assert answer.at == server.clock.ms + 1  # Of one millisecond: later than what it answers all the same.
    dan.do(Block, person=ben.person)
    assert bodies(cyd.do(ShowThread, moment=moment)) == [b"one", b"two"]
    assert dan.do(ShowThread, moment=moment).comments == ()


def test_what_one_does_not_see_one_cannot_answer_like_or_delete(server: InlineServer) -> None:
    ann, ben, cyd = friends(server, "ann", "ben", "cyd")
    moment, hidden = post(ann), post(ann, only=(ben.person,))
    said, unseen = say(ben, moment), say(ben, hidden)
    cyd.do(RemoveContact, person=ben.person)
    for comment in (said, unseen):
        assert cyd.refusal(SayComment, moment=moment, body=b"hm", answers=comment.comment) == cyd.refusal(
            SayComment, moment=moment, body=b"hm", answers=CommentId(new_id())
        )
        assert cyd.refusal(DeleteComment, comment=comment.comment) == cyd.refusal(
            DeleteComment, comment=CommentId(new_id())
        )
    for shape, fields in ((SayComment, {"body": b"hm"}), (Like, {}), (ShowThread, {}), (ShowThread, {"live": True})):
        assert cyd.refusal(shape, moment=hidden, **fields) == cyd.refusal(shape, moment=MomentId(new_id()), **fields)


@pytest.mark.parametrize("how", ["unfriended", "unfriended by them", "blocked", "blocked by them"])
def test_who_falls_out_finds_nothing_any_more_and_makes_up_again_finds_it(server: InlineServer, how: str) -> None:
    ann, ben = friends(server, "ann", "ben")
    moment = post(ann)
    say(ann, moment, b"one")
    who, whom = (ben, ann) if how.endswith("them") else (ann, ben)
    who.do(RemoveContact if how.startswith("unfriended") else Block, person=whom.person)
    assert ben.refused(ShowThread, moment=moment) == ErrorCode.NOT_FOUND
    if how.startswith("unfriended"):
        who.do(AskContact, person=whom.person)
        assert bodies(ben.do(ShowThread, moment=moment)) == [b"one"]


# Repeats.


def test_a_repeat_is_answered_as_the_first_time_and_nobody_is_told_twice(server: InlineServer) -> None:
    ann, ben = friends(server, "ann", "ben")
    moment, cid = post(ann), new_cid(server.clock.ms)
    ann.do(ShowThread, moment=moment, live=True)
    first = ben.do(SayComment, cid=cid, moment=moment, body=b"words")
    assert ann.pushes() == [NoticePush(), ThreadPush(moment=moment)]
    server.clock.pass_time(60)
    assert ben.do(SayComment, cid=cid, moment=moment, body=b"words") == first
    assert (ann.pushes(), len(ann.do(ShowThread, moment=moment).comments)) == ([], 1)


@pytest.mark.parametrize("field", ["body", "moment", "answers"])
def test_the_same_cid_for_something_else_is_a_conflict(server: InlineServer, field: str) -> None:
    (ann,) = friends(server, "ann")
    moment, cid = post(ann), new_cid(server.clock.ms)
    other = say(ann, moment)
    ann.do(SayComment, cid=cid, moment=moment, body=b"words")
    values = {"body": b"others", "moment": post(ann), "answers": other.comment}
    fields = {"cid": cid, "moment": moment, "body": b"words", field: values[field]}
    assert ann.refused(SayComment, **fields) == ErrorCode.CONFLICT


def test_a_cid_is_a_uuid(server: InlineServer) -> None:
    (ann,) = friends(server, "ann")
    assert ann.refused(SayComment, cid=bytes(16), moment=post(ann), body=b"words") == ErrorCode.BAD_REQUEST


# Deleting.


def test_deleting_a_comment_takes_its_answers(server: InlineServer) -> None:
    ann, ben, cyd = friends(server, "ann", "ben", "cyd")
    moment = post(ann)
    first = say(ben, moment, b"the first")
    say(ann, moment, b"the third", answers=say(cyd, moment, b"the second", answers=first))
    say(cyd, moment, b"the fourth")
    ben.do(DeleteComment, comment=first.comment)
    assert bodies(ann.do(ShowThread, moment=moment)) == [b"the fourth"]
    stored = "".join(server.dump())
    assert [word.hex().upper() in stored for word in (b"the first", b"the second", b"the third", b"the fourth")] == [
        False,
        False,
        False,
        True,
    ]


def test_one_deletes_ones_own_and_what_is_under_ones_own(server: InlineServer) -> None:
    ann, ben, cyd = friends(server, "ann", "ben", "cyd")
    moment = post(ann)
    own, others = say(ben, moment), say(cyd, moment)
    assert ben.refused(DeleteComment, comment=others.comment) == ErrorCode.NOT_FOUND
    ben.do(DeleteComment, comment=own.comment)
    ann.do(DeleteComment, comment=others.comment)
    assert ann.do(ShowThread, moment=moment).comments == ()
    ann.do(DeleteComment, comment=others.comment)  # A repeat: its answer may have been lost.


# Counts.


def test_counts_are_those_of_ones_own_view(server: InlineServer) -> None:
    ann, ben, cyd = friends(server, "ann", "ben", "cyd")
    moment = post(ann)
    ben.do(RemoveContact, person=cyd.person)
    assert ben.do(Like, moment=moment).likes == 1
    assert cyd.do(Like, moment=moment).likes == 1
    say(ben, moment)
    for caller, likes, liked, comments in ((ann, 2, False, 1), (ben, 1, True, 1), (cyd, 1, True, 0)):
        thread, shown = caller.do(ShowThread, moment=moment), caller.do(ShowMoment, moment=moment).moment
        assert (thread.likes, thread.liked, len(thread.likers), len(thread.comments)) == (likes, liked, likes, comments)
        assert (shown.likes, shown.liked, shown.comments) == (likes, liked, comments)
    assert ben.do(Like, moment=moment, liked=False).likes == 0
    assert [liker.handle for liker in ann.do(ShowThread, moment=moment).likers] == ["cyd"]


# Pages.


def test_a_thread_is_read_in_pages_and_what_is_hidden_leaves_no_hole(server: InlineServer) -> None:
    ann, ben, cyd = friends(server, "ann", "ben", "cyd")
    moment = post(ann)
    for number in range(7):
        say((ann, ben)[number % 2], moment, b"%d" % number)
    cyd.do(RemoveContact, person=ben.person)
    first = cyd.do(ShowThread, moment=moment, limit=3)
    assert not first.complete
    second = cyd.do(ShowThread, moment=moment, limit=3, before=first.before)
    assert (second.complete, second.before) == (True, "")
    assert sorted(bodies(first) + bodies(second)) == [b"0", b"2", b"4", b"6"]


def test_a_place_is_good_for_one_person_in_one_list(server: InlineServer) -> None:
    ann, ben = friends(server, "ann", "ben")
    moment, other = post(ann), post(ann)
    for _ in range(2):
        say(ann, moment)
    place = ann.do(ShowThread, moment=moment, limit=1).before
    assert ann.do(ShowThread, moment=moment, limit=1).before == place
    for caller, fields in (
        (ann, {"moment": other, "before": place}),
        (ben, {"moment": moment, "before": place}),
        (ann, {"moment": moment, "before": "made up"}),
    ):
        refusal = caller.refusal(ShowThread, **fields)
        assert (refusal.code, refusal.field) == (ErrorCode.BAD_REQUEST, "before")


# One thing at a time.


@pytest.mark.parametrize("shape", [Like, ShowThread, CloseThread])
def test_one_names_one_thing(server: InlineServer, shape: type[Any]) -> None:
    (ann,) = friends(server, "ann")
    moment, square = post(ann), new_public_topic_id()
    for fields in (
        {},
        {"moment": moment, "topic": square, "seq": Seq(1)},
        {"moment": moment, "seq": Seq(1)},
        {"topic": square},
        {"seq": Seq(1)},
    ):
        assert ann.refused(shape, **fields) == ErrorCode.BAD_REQUEST


def test_what_is_private_has_no_seq_and_no_public_comment(server: InlineServer) -> None:
    ann, ben = friends(server, "ann", "ben")
    assert ann.refused(ShowThread, topic=server.chat(ann, ben), seq=Seq(1)) == ErrorCode.WRONG_SIDE
    answered = {"answers": new_public_comment_id()}
    assert ann.refused(SayComment, moment=post(ann), body=b"hm", **answered) == ErrorCode.NOT_FOUND


# Live.


def test_who_has_a_thread_open_hears_of_what_they_see(server: InlineServer) -> None:
    ann, ben, cyd = friends(server, "ann", "ben", "cyd")
    moment = post(ann)
    ann.do(ShowThread, moment=moment, live=True)
    heard = [ThreadPush(moment=moment)]
    said = say(ben, moment)
    assert told(ann) == heard
    cyd.do(Like, moment=moment)
    assert told(ann) == heard
    cyd.do(Like, moment=moment)
    assert told(ann) == []
    cyd.do(Like, moment=moment, liked=False)
    assert told(ann) == heard
    ben.do(DeleteComment, comment=said.comment)
    assert told(ann) == heard
    assert (told(ben), told(cyd)) == ([], [])


def test_who_has_a_thread_open_hears_nothing_of_what_they_do_not_see(server: InlineServer) -> None:
    ann, ben, cyd, dan = friends(server, "ann", "ben", "cyd", "dan")
    moment = post(ann)
    for caller in (cyd, dan):
        caller.do(ShowThread, moment=moment, live=True)
    cyd.do(RemoveContact, person=ben.person)
    dan.do(Block, person=ann.person)
    said = say(ben, moment)
    ann.do(DeleteComment, comment=say(ann, moment, answers=said).comment)
    ben.do(Like, moment=moment)
    ben.do(DeleteComment, comment=said.comment)
    assert (cyd.collect(), dan.collect()) == ([], [])
    say(ann, moment)
    assert (len(cyd.collect()), dan.collect()) == (1, [])


def test_it_is_open_on_one_connection_and_who_changes_it_is_told_on_the_others(server: InlineServer) -> None:
    ann, ben = friends(server, "ann", "ben")
    tablet, phone = server.login("ann"), server.login("ann")
    moment = post(ann)
    for caller in (ann, tablet):
        caller.do(ShowThread, moment=moment, live=True)
    say(ann, moment)
    assert (ann.collect(), told(tablet), phone.collect(), ben.collect()) == ([], [ThreadPush(moment=moment)], [], [])


def test_it_is_closed_when_one_says_so_and_when_the_connection_is_lost(server: InlineServer) -> None:
    ann, ben = friends(server, "ann", "ben")
    moment = post(ann)
    tablet = server.login("ann")
    for caller in (ann, tablet):
        caller.do(ShowThread, moment=moment, live=True)
    for _ in range(2):
        ann.do(CloseThread, moment=moment)
    tablet.hang_up()
    assert len(server.threads) == 0
    say(ben, moment)
    assert told(ann) == []
    ann.do(CloseThread, moment=MomentId(new_id()))


def test_what_is_refused_is_not_open(server: InlineServer) -> None:
    ann, ben = friends(server, "ann", "ben")
    moment = post(ann)
    ben.do(ShowThread, moment=moment, live=True)
    ben.do(RemoveContact, person=ann.person)
    assert ben.refused(ShowThread, moment=moment, live=True) == ErrorCode.NOT_FOUND
    assert len(server.threads) == 0
    ben.do(AskContact, person=ann.person)
    say(ann, moment)
    assert told(ben) == []


def test_so_many_are_open_on_a_connection_and_one_more_when_one_is_closed(server: InlineServer) -> None:
    (ann,) = friends(server, "ann")
    tablet = server.login("ann")
    *moments, last = [post(ann) for _ in range(OPEN_THREADS + 1)]
    for moment in moments:
        ann.do(ShowThread, moment=moment, live=True)
    assert ann.refused(ShowThread, moment=last, live=True) == ErrorCode.TOO_MANY
    ann.do(ShowThread, moment=moments[0], live=True)
    assert len(ann.do(ShowThread, moment=last).comments) == 0
    tablet.do(ShowThread, moment=last, live=True)
    ann.do(CloseThread, moment=moments[0])
    ann.do(ShowThread, moment=last, live=True)


def test_what_is_said_while_a_thread_is_read_is_in_it_or_heard_of(server: InlineServer) -> None:
    ann, ben = friends(server, "ann", "ben")
    moment = post(ann)
    server.reads.delay()
    ann.say(ann.request(ShowThread, moment=moment, live=True))
    server.reads.look()
    ben.say(ben.request(SayComment, moment=moment, body=b"meanwhile"))
    server.reads.catch_up()
    notice, reply, push = sorted(ann.collect(), key=lambda message: isinstance(message, ThreadPush))
    assert notice == NoticePush() or isinstance(notice, dict)
    assert reply != push == ThreadPush(moment=moment)


def test_a_connection_that_is_lost_while_a_thread_is_read_has_nothing_open(server: InlineServer) -> None:
    ann, ben = friends(server, "ann", "ben")
    moment = post(ann)
    tablet = server.login("ann")
    server.reads.delay()
    tablet.say(tablet.request(ShowThread, moment=moment, live=True))
    tablet.hang_up()
    server.reads.catch_up()
    assert len(server.threads) == 0
    assert isinstance(ben.do(SayComment, moment=moment, body=b"words"), CommentReply)


def test_a_reply_has_no_more_than_there_is_room_for_and_the_next_goes_on() -> None:
    with closing(InlineServer(configured(messages={"slice_bytes": 16 * 1024}))) as server:
        ann, ben = friends(server, "ann", "ben")
        moment = post(ann)
        for number in range(6):
            say(ben, moment, b"%d" % number + bytes(4000))
        thread = ann.do(ShowThread, moment=moment)
        assert (len(thread.comments), thread.complete) == (4, False)
        rest = ann.do(ShowThread, moment=moment, before=thread.before)
        assert (len(rest.comments), rest.complete) == (2, True)
        notices = ann.do(Notices)
        assert [notice.comment for notice in notices.notices] == list(thread.comments)
        assert not notices.complete
        rest_of_them = ann.do(Notices, before=notices.before)
        assert [notice.comment for notice in rest_of_them.notices] == list(rest.comments)
        assert rest_of_them.complete
