"""Moments on a whole server: who is told, what comes in a timeline, and that what is hidden is not there."""

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from protocol.contacts import HideContact, RemoveContact
from protocol.entries import Side
from protocol.errors import ErrorCode
from protocol.frames import Block, Send
from protocol.ids import MomentId, PersonId, new_id
from protocol.limits import AUDIENCE_PEOPLE, BODY_BYTES
from protocol.moments import (
    Audience,
    DeleteMoment,
    Like,
    Moment,
    MomentPush,
    Moments,
    MomentsReply,
    NarrowMoment,
    PostMoment,
    ShowMoment,
    ShowThread,
    ThreadPush,
    Timeline,
)
from protocol.publications import Surface
from server.fanout import SHORT
from tests.support.friends import befriend, friends, post, say
from tests.support.inline import Caller, InlineServer, configured


def pages(caller: Caller, shape: Any = Timeline, *, limit: int, **fields: Any) -> Iterator[MomentsReply]:
    """Return a list page by page."""
    page: MomentsReply | None = None
    while page is None or not page.complete:
        page = caller.do(shape, limit=limit, before=page.before if page else "", **fields)
        yield page


def whole(caller: Caller, shape: Any = Timeline, *, limit: int = 50, **fields: Any) -> list[Moment]:
    """Return all of a list, read in pages."""
    return [moment for page in pages(caller, shape, limit=limit, **fields) for moment in page.moments]


# Posting.


def test_friends_are_told_and_one_s_other_devices_with_whom_it_is_for(server: InlineServer) -> None:
    ann, ben, cyd = friends(server, "ann", "ben", "cyd")
    tablet, bens_tablet = server.login("ann"), server.login("ben")
    own = ann.do(PostMoment, body=b"hello", without=(cyd.person,)).moment
    assert own == Moment(
        side=Side.PRIVATE,
        author=ann.person,
        handle="ann",
        at=server.clock.ms,
        body=b"hello",
        moment=own.moment,
        audience=Audience(without=(cyd.person,)),
    )
    shown = MomentPush(moment=replace(own, audience=None))
    assert (ann.pushes(), tablet.pushes()) == ([], [MomentPush(moment=own)])
    assert (ben.pushes(), bens_tablet.pushes(), cyd.pushes()) == ([shown], [shown], [])


def test_nobody_is_told_who_does_not_see_it_or_does_not_want_to(server: InlineServer) -> None:
    ann, ben, cyd, dan, eve = friends(server, "ann", "ben", "cyd", "dan", "eve")
    stranger = server.register("sid")
    ben.do(HideContact, person=ann.person, theirs=True)
    ann.do(HideContact, person=cyd.person, mine=True)
    dan.do(RemoveContact, person=ann.person)
    eve.do(Block, person=ann.person)
    for caller in server.callers:
        caller.collect()
    ann.do(PostMoment, body=b"hello")
    assert [caller.pushes() for caller in (ben, cyd, dan, eve, stranger)] == [[]] * 5


def test_a_repeat_gets_the_same_answer_and_tells_nobody(server: InlineServer) -> None:
    ann, ben = friends(server, "ann", "ben")
    tablet = server.login("ann")
    cid = ann.cid()
    first = ann.do(PostMoment, body=b"hello", cid=cid)
    ben.collect(), tablet.collect()
    assert ann.do(PostMoment, body=b"hello", cid=cid) == first
    assert tablet.do(PostMoment, body=b"hello", cid=cid) == first
    assert (ben.pushes(), tablet.pushes()) == ([], [])
    assert [moment.moment for moment in whole(ann)] == [first.moment.moment]


@pytest.mark.parametrize("other", [{"body": b"x"}, {"only": ()}, {"without": (PersonId("b" * 16),)}])
def test_the_same_cid_with_anything_else_is_a_conflict(server: InlineServer, other: dict[str, Any]) -> None:
    ann = server.register("ann")
    cid = ann.cid()
    ann.do(PostMoment, body=b"hello", cid=cid)
    refusal = ann.refusal(PostMoment, **{"body": b"hello", "cid": cid} | other)
    assert (refusal.code, refusal.field) == (ErrorCode.CONFLICT, "cid")


def test_a_repeat_of_what_was_deleted_since_is_told_that_it_is_not_there(server: InlineServer) -> None:
    ann = server.register("ann")
    cid = ann.cid()
    moment = ann.do(PostMoment, body=b"hello", cid=cid).moment.moment
    ann.do(DeleteMoment, moment=moment)
    assert ann.refused(PostMoment, body=b"hello", cid=cid) == ErrorCode.NOT_FOUND
    assert whole(ann) == []


def test_a_moment_and_a_message_may_have_the_same_cid(server: InlineServer) -> None:
    ann, ben = friends(server, "ann", "ben")
    cid = ann.cid()
    ann.do(PostMoment, body=b"hello", cid=cid)
    ann.do(Send, body=b"hello", cid=cid, to=ben.person)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"body": b""}, "body"),
        ({"body": bytes(BODY_BYTES + 1)}, "body"),
        ({"body": b"x", "only": ("short",)}, "only"),
        ({"body": b"x", "without": (PersonId("p" * 16),) * (AUDIENCE_PEOPLE + 1)}, "without"),
        ({"body": b"x", "cid": bytes(16)}, "cid"),
    ],
)
def test_what_is_out_of_bounds_is_refused(server: InlineServer, wrong: dict[str, Any], field: str) -> None:
    ann = server.register("ann")
    refusal = ann.refusal(PostMoment, **wrong)
    assert refusal.code == ErrorCode.BAD_REQUEST
    assert refusal.field is not None
    assert refusal.field.startswith(field)


def test_a_crowd_is_told_by_and_by_and_others_do_not_wait_for_that(server: InlineServer) -> None:
    ann, ben, cyd = friends(server, "ann", "ben", "cyd")
    crowd = [ben.resume() for _ in range(SHORT + 20)]
    topic = server.chat(ann, cyd)
    ann.say(ann.request(PostMoment, body=b"hello"))
    assert not any(caller.peer.frames for caller in crowd), "it is a job with a cursor"
    ann.say(ann.request(Send, body=b"hello", topic=topic))
    assert cyd.peer.frames
    for caller in (ben, *crowd):
        assert [push.moment.body for push in caller.pushes() if isinstance(push, MomentPush)] == [b"hello"]


def test_who_leaves_while_a_crowd_is_told_is_not_missed(server: InlineServer) -> None:
    ann, ben = friends(server, "ann", "ben")
    crowd = [ben.resume() for _ in range(SHORT + 20)]
    for caller in crowd:
        caller.collect()
    ann.say(ann.request(PostMoment, body=b"hello"))
    crowd[3].hang_up()
    server.settle()
    assert [type(push) for push in crowd[4].pushes()] == [MomentPush]


# Reading.


def test_a_timeline_is_what_friends_and_oneself_have_said_the_newest_first(server: InlineServer) -> None:
    ann, ben, cyd = friends(server, "ann", "ben", "cyd")
    stranger = server.register("sid")
    said = []
    for author in (ben, ann, cyd, ben, stranger):
        server.clock.pass_time(1)
        said.append(post(author))
    assert [moment.moment for moment in whole(ann)] == said[3::-1]
    assert [moment.moment for moment in whole(stranger)] == [said[4]]


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_hold_each_of_them_once_in_the_order_of_the_whole(server: InlineServer, limit: int) -> None:
    ann, ben, cyd = friends(server, "ann", "ben", "cyd")
    for number in range(5):
        server.clock.pass_time(number % 2)  # So that there are ties.
        for author in (ben, cyd, ann):
            post(author)
            author.publish(f"post {number}", surface=Surface.SQUARE)
    expected = whole(ann)
    assert len(expected) == 30
    assert {moment.side for moment in expected} == set(Side)
    assert [moment.at for moment in expected] == sorted((moment.at for moment in expected), reverse=True)
    for caller in (ann, server.login("ann")):
        found = list(pages(caller, limit=limit))
        assert [moment for page in found for moment in page.moments] == expected
        assert [page.complete for page in found] == [False] * (len(found) - 1) + [True]
        assert [bool(page.before) for page in found] == [True] * (len(found) - 1) + [False]
        assert found == list(pages(caller, limit=limit)), "and the positions are the same, too"


def test_what_is_on_squares_comes_among_the_moments_with_how_many_like_it(server: InlineServer) -> None:
    ann, ben = friends(server, "ann", "ben")
    stranger = server.register("sid")
    moment = post(ben)
    server.clock.pass_time(1)
    said = ben.publish("for everyone", surface=Surface.SQUARE)
    stranger.publish("of a stranger", surface=Surface.SQUARE)
    for liking in (ann, stranger):
        liking.do(Like, topic=said.topic, seq=said.seq)
    first, second = whole(ann)
    assert (first.side, first.author, first.topic, first.seq) == (Side.PUBLIC, ben.person, said.topic, said.seq)
    assert (first.moment, first.likes, first.liked, first.handle) == (None, 2, True, "ben")
    assert (second.side, second.moment, second.topic) == (Side.PRIVATE, moment, None)
    assert [(each.topic, each.liked) for each in whole(stranger, Moments, person=ben.person)] == [(said.topic, True)]


def test_a_post_and_a_moment_of_one_time_have_one_order(server: InlineServer) -> None:
    ann, ben = friends(server, "ann", "ben")
    post(ben)
    ben.publish("one", surface=Surface.SQUARE)
    post(ann)
    ann.publish("two", surface=Surface.SQUARE)
    expected = whole(ann)
    assert len({moment.at for moment in expected}) == 1
    assert [moment.side for moment in expected] == [Side.PRIVATE, Side.PRIVATE, Side.PUBLIC, Side.PUBLIC]
    for limit in (1, 2, 3):
        assert whole(ann, limit=limit) == expected


def test_a_friend_whom_one_does_not_want_there_can_be_looked_at_still(server: InlineServer) -> None:
    ann, ben = friends(server, "ann", "ben")
    moment = post(ben)
    said = ben.publish("for everyone", surface=Surface.SQUARE)
    ann.do(HideContact, person=ben.person, theirs=True)
    assert whole(ann) == []
    assert {each.moment or each.topic for each in whole(ann, Moments, person=ben.person)} == {moment, said.topic}
    assert ann.do(ShowMoment, moment=moment).moment.moment == moment


def test_of_who_hides_their_moments_from_one_only_what_is_public_is_there(server: InlineServer) -> None:
    ann, ben = friends(server, "ann", "ben")
    post(ben)
    said = ben.publish("for everyone", surface=Surface.SQUARE)
    ben.do(HideContact, person=ann.person, mine=True)
    for listed in (whole(ann), whole(ann, Moments, person=ben.person)):
        assert [(each.moment, each.topic) for each in listed] == [(None, said.topic)]


def test_what_is_deleted_between_two_pages_leaves_no_hole(server: InlineServer) -> None:
    ann, ben = friends(server, "ann", "ben")
    said = []
    for _ in range(6):
        server.clock.pass_time(1)
        said.append(post(ben))
    first = ann.do(Timeline, limit=2)
    ben.do(DeleteMoment, moment=said[4])  # The last one shown: its place is a place still.
    ben.do(DeleteMoment, moment=said[3])
    ben.do(NarrowMoment, moment=said[1], only=())
    second = ann.do(Timeline, limit=2, before=first.before)
    assert [moment.moment for moment in (*first.moments, *second.moments)] == [said[5], said[4], said[2], said[0]]
    assert second.complete


def test_whether_there_is_more_says_nothing_of_what_is_hidden(server: InlineServer) -> None:
    ann, ben = friends(server, "ann", "ben")
    for number in range(6):
        server.clock.pass_time(1)
        post(ben, without=(ann.person,) if number < 4 else ())
    page = ann.do(Timeline, limit=2)
    assert (len(page.moments), page.complete, page.before) == (2, True, "")


def test_a_position_is_for_whom_it_was_given_to_in_the_list_it_was_given_in(server: InlineServer) -> None:
    ann, ben = friends(server, "ann", "ben")
    for _ in range(3):
        post(ann)
    timeline, own = ann.do(Timeline, limit=1).before, ann.do(Moments, person=ann.person, limit=1).before
    wrong: list[tuple[Caller, Any, dict[str, Any]]] = [
        (ann, Timeline, {"before": "made up"}),
        (ann, Timeline, {"before": timeline[:-2]}),
        (ann, Timeline, {"before": own}),
        (ben, Timeline, {"before": timeline}),
        (ann, Moments, {"person": ann.person, "before": timeline}),
        (ann, Moments, {"person": ben.person, "before": own}),
        (ben, Moments, {"person": ann.person, "before": own}),
    ]
    for caller, shape, fields in wrong:
        refusal = caller.refusal(shape, **fields)
        assert (refusal.code, refusal.field) == (ErrorCode.BAD_REQUEST, "before")
    assert server.login("ann").do(Timeline, before=timeline) == ann.do(Timeline, before=timeline)


def test_of_a_stranger_there_is_nothing_and_somebody_who_does_not_exist_is_not_found(server: InlineServer) -> None:
    ann, stranger = server.people("ann", "sid")
    post(stranger)
    assert ann.do(Moments, person=stranger.person) == MomentsReply(moments=(), complete=True)
    assert ann.refused(Moments, person=PersonId(new_id())) == ErrorCode.NOT_FOUND


def test_a_page_is_as_long_as_a_reply_may_be_or_one_moment_longer() -> None:
    server = InlineServer(configured(messages={"slice_bytes": 16384}))
    ann, ben = friends(server, "ann", "ben")
    for number in range(6):
        server.clock.pass_time(1)
        ben.do(PostMoment, body=bytes([number]) * 7000)
    found = list(pages(ann, limit=50))
    assert [len(page.moments) for page in found] == [3, 3]
    assert [moment.body[0] for page in found for moment in page.moments] == [5, 4, 3, 2, 1, 0]
    server.close()


def test_counts_are_those_of_what_one_sees_oneself(server: InlineServer) -> None:
    ann, ben, cyd = friends(server, "ann", "ben", "cyd")
    dan = server.register("dan")
    befriend(ann, dan)
    moment = post(ann)
    for caller in (ben, cyd, dan):
        caller.do(Like, moment=moment)
        say(caller, moment)

    def counts(caller: Caller) -> tuple[int, bool, int]:
        shown = caller.do(ShowMoment, moment=moment).moment
        assert shown in whole(caller)
        return shown.likes, shown.liked, shown.comments

    assert (counts(ann), counts(ben), counts(dan)) == ((3, False, 3), (2, True, 2), (1, True, 1))


# Narrowing and deleting.


def test_who_does_not_see_a_moment_is_answered_as_if_there_were_none(server: InlineServer) -> None:
    ann, ben, cyd = friends(server, "ann", "ben", "cyd")
    moment, nothing = post(ann, without=(cyd.person,)), MomentId(new_id())
    for shape in (ShowMoment, NarrowMoment, DeleteMoment, ShowThread):
        refusals = [cyd.refusal(shape, moment=each) for each in (moment, nothing)]
        assert refusals[0] == refusals[1]
        assert refusals[0].code == ErrorCode.NOT_FOUND
    for shape in (NarrowMoment, DeleteMoment):
        assert ben.refused(shape, moment=moment) == ErrorCode.NOT_FOUND, "it is not theirs"
    assert ben.do(ShowMoment, moment=moment).moment.moment == moment


def test_a_moment_is_taken_from_some_and_nobody_is_told(server: InlineServer) -> None:
    ann, ben, cyd = friends(server, "ann", "ben", "cyd")
    moment = post(ann)
    narrowed = ann.do(NarrowMoment, moment=moment, without=(cyd.person,)).moment
    assert narrowed.audience == Audience(without=(cyd.person,))
    assert ann.do(NarrowMoment, moment=moment, without=(cyd.person,)).moment == narrowed
    assert (ben.pushes(), cyd.pushes()) == ([], [])
    assert ([each.moment for each in whole(ben)], whole(cyd)) == ([moment], [])


def test_so_many_people_may_be_left_out_of_one_moment(server: InlineServer) -> None:
    ann = server.register("ann")
    many = [PersonId(f"{number:016}") for number in range(AUDIENCE_PEOPLE + 1)]
    moment = post(ann, without=tuple(many[:-1]))
    refusal = ann.refusal(NarrowMoment, moment=moment, without=tuple(many[-1:]))
    assert (refusal.code, refusal.field) == (ErrorCode.TOO_MANY, "without")
    assert ann.do(NarrowMoment, moment=moment, without=tuple(many[:3])).moment.audience == Audience(
        without=tuple(many[:-1])
    )


def test_who_reads_its_thread_is_told_that_a_moment_is_deleted(server: InlineServer) -> None:
    ann, ben, cyd = friends(server, "ann", "ben", "cyd")
    moment = post(ann)
    for caller in (ann, ben, cyd):
        caller.do(ShowThread, moment=moment, live=True)
    cyd.do(RemoveContact, person=ann.person)
    for caller in server.callers:
        caller.collect()
    ann.do(DeleteMoment, moment=moment)
    assert (ann.pushes(), ben.pushes(), cyd.pushes()) == ([], [ThreadPush(moment=moment)], [])
    ann.do(DeleteMoment, moment=moment)
    assert (ann.pushes(), ben.pushes(), cyd.pushes()) == ([], [], [])
    assert [caller.refused(ShowMoment, moment=moment) for caller in (ann, ben)] == [ErrorCode.NOT_FOUND] * 2


def test_after_a_restart_everything_is_where_it_was(server: InlineServer) -> None:
    ann, ben = friends(server, "ann", "ben")
    for _ in range(3):
        server.clock.pass_time(1)
        post(ann)
    first = ben.do(Timeline, limit=1)
    again = InlineServer(after=server)
    assert again.login("ben").do(Timeline, before=first.before) == MomentsReply(
        moments=tuple(whole(again.login("ben"))[1:]), complete=True
    )
    again.close()
