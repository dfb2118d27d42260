"""Notices: of what others have done about something of one's own, on all one's devices, as far as one may see it."""

import pytest

from protocol.contacts import RemoveContact
from protocol.errors import ErrorCode
from protocol.frames import Block
from protocol.ids import MomentId
from protocol.moments import (
    Comment,
    DeleteComment,
    DeleteMoment,
    Like,
    NarrowMoment,
    Notice,
    NoticeKind,
    NoticePush,
    Notices,
    ReadNotices,
    SayComment,
)
from tests.support.friends import friends, post, say
from tests.support.inline import Caller, InlineServer

LIKE, COMMENT, ANSWER = NoticeKind


def noticed(caller: Caller) -> list[tuple[NoticeKind, str]]:
    """Return what somebody is told of, newest first: what, and whose it is."""
    return [(notice.kind, notice.handle) for notice in caller.do(Notices).notices]


def scene(server: InlineServer) -> tuple[Caller, Caller, Caller, MomentId, Comment]:
    """Return three friends, the moment of one of them, and what the second has said there; the third has answered."""
    ann, ben, cyd = friends(server, "ann", "ben", "cyd")
    moment = post(ann)
    server.clock.pass_time(1)
    ben.do(Like, moment=moment)
    server.clock.pass_time(1)
    said = say(ben, moment, b"one")
    server.clock.pass_time(1)
    say(cyd, moment, b"two", answers=said)
    for caller in server.callers:
        caller.collect()
    return ann, ben, cyd, moment, said


def test_one_is_told_of_likes_and_comments_of_ones_own_and_of_answers(server: InlineServer) -> None:
    ann, ben, cyd, moment, said = scene(server)
    assert noticed(ann) == [(COMMENT, "cyd"), (COMMENT, "ben"), (LIKE, "ben")]
    assert noticed(ben) == [(ANSWER, "cyd")]
    assert noticed(cyd) == []
    _, comment, like = ann.do(Notices).notices
    assert comment == Notice(kind=COMMENT, at=said.at, by=ben.person, handle="ben", moment=moment, comment=said)
    assert (like.comment, like.moment) == (None, moment)


def test_a_notice_is_pushed_to_all_devices_of_whom_it_is_for(server: InlineServer) -> None:
    ann, ben, cyd = friends(server, "ann", "ben", "cyd")
    tablet = server.login("ann")
    moment = post(ann)
    said = say(ben, moment)
    assert (ann.pushes(), tablet.pushes(), cyd.pushes(), ben.pushes()) == ([NoticePush()], [NoticePush()], [], [])
    cyd.do(Like, moment=moment)
    cyd.do(Like, moment=moment)
    assert (ann.pushes(), ben.pushes()) == ([NoticePush()], [])
    say(cyd, moment, answers=said)
    assert (ann.pushes(), ben.pushes(), cyd.pushes()) == ([NoticePush()], [NoticePush()], [])
    ann.do(Like, moment=moment)
    say(ann, moment)
    assert (ann.pushes(), tablet.pushes()) == ([], [NoticePush()] * 2)
    assert len(ann.do(Notices).notices) == 3


def test_nothing_is_pushed_of_what_one_may_not_see(server: InlineServer) -> None:
    ann, ben, cyd, moment, said = scene(server)
    ben.do(RemoveContact, person=ann.person)
    cyd.do(SayComment, moment=moment, body=b"three", answers=said.comment)
    assert (ann.collect(), ben.collect()) == ([], [])


@pytest.mark.parametrize("how", ["unfriended", "blocked"])
def test_what_one_does_not_see_any_more_is_not_among_them_and_not_counted(server: InlineServer, how: str) -> None:
    ann, ben, *_ = scene(server)
    if how == "unfriended":
        ben.do(RemoveContact, person=ann.person)
    else:
        ann.do(Block, person=ben.person)
    reply = ann.do(Notices)
    assert (reply.notices, reply.unread, reply.complete) == ((), 0, True)  # Also what cyd answered to ben.
    assert noticed(ben) == []


def test_what_is_deleted_or_taken_back_is_not_among_them(server: InlineServer) -> None:
    ann, ben, _, moment, said = scene(server)
    ben.do(Like, moment=moment, liked=False)
    assert noticed(ann) == [(COMMENT, "cyd"), (COMMENT, "ben")]
    ben.do(DeleteComment, comment=said.comment)
    assert (noticed(ann), noticed(ben)) == ([], [])


def test_a_moment_that_is_narrowed_or_deleted_takes_them_along(server: InlineServer) -> None:
    ann, ben, cyd, moment, _ = scene(server)
    ann.do(NarrowMoment, moment=moment, only=(cyd.person,))
    assert noticed(ben) == []
    assert len(noticed(ann)) == 3
    ann.do(DeleteMoment, moment=moment)
    assert noticed(ann) == []


# Reading them.


def test_those_are_unread_that_came_after_what_was_read_on_any_device(server: InlineServer) -> None:
    ann, ben, _, moment, said = scene(server)
    tablet = server.login("ann")
    assert ann.do(Notices).unread == 3
    tablet.do(ReadNotices, at=said.at)
    assert (ann.pushes(), tablet.pushes(), ben.pushes()) == ([NoticePush()], [], [])
    assert ann.do(Notices).unread == 1
    for at in (said.at, said.at - 1):
        tablet.do(ReadNotices, at=at)
    assert (ann.pushes(), ann.do(Notices).unread) == ([], 1)
    assert len(ann.do(Notices).notices) == 3
    server.clock.pass_time(1)
    say(ben, moment)
    assert tablet.do(Notices).unread == 2


def test_nobody_has_read_what_is_to_come(server: InlineServer) -> None:
    ann, ben = friends(server, "ann", "ben")
    moment = post(ann)
    refusal = ann.refusal(ReadNotices, at=server.clock.ms + 3_600_000)
    assert (refusal.code, refusal.field) == (ErrorCode.BAD_REQUEST, "at")
    answer = say(ben, moment, answers=say(ann, moment))
    assert answer.at > server.clock.ms
    ann.do(ReadNotices, at=answer.at)
    assert ann.do(Notices).unread == 0


def test_no_more_than_a_hundred_are_counted(server: InlineServer) -> None:
    ann, ben = friends(server, "ann", "ben")
    moment = post(ann)
    for _ in range(101):
        say(ben, moment)
    assert ann.do(Notices, limit=1).unread == 100


def test_they_come_in_pages_without_holes_and_each_once(server: InlineServer) -> None:
    ann, ben, cyd = friends(server, "ann", "ben", "cyd")
    moment = post(ann)
    for number in range(6):
        say((ben, cyd)[number % 2], moment, b"%d" % number)
    cyd.do(Like, moment=moment)
    ben.do(RemoveContact, person=ann.person)
    pages = [ann.do(Notices, limit=3)]
    while not pages[-1].complete:
        pages.append(ann.do(Notices, limit=3, before=pages[-1].before))
    assert [len(page.notices) for page in pages] == [3, 1]
    assert {notice.handle for page in pages for notice in page.notices} == {"cyd"}
    assert pages[0].notices + pages[1].notices == ann.do(Notices).notices


def test_a_place_is_ones_own(server: InlineServer) -> None:
    ann, ben, *_ = scene(server)
    place = ann.do(Notices, limit=1).before
    assert ann.do(Notices, limit=1).before == place
    for caller, before in ((ben, place), (ann, "made up")):
        refusal = caller.refusal(Notices, before=before)
        assert (refusal.code, refusal.field) == (ErrorCode.BAD_REQUEST, "before")
