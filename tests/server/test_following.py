"""Following: it is one's own, it is live at once on all one's devices, and an account knows no more than a number."""

from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from protocol.accounts import Figures, SetOperator
from protocol.entries import Entry, Kind, Role, Side
from protocol.following import (
    Follow,
    FollowAccount,
    FollowPush,
    FollowReply,
    Follows,
    FollowsReply,
    Unfollow,
    UnfollowPush,
)
from protocol.frames import GonePush, History, Recall
from protocol.ids import Seq, TopicId, new_public_topic_id
from protocol.public import Publish
from protocol.publications import Surface
from tests.support.accounts import active, approved, article, broadcast, operator, profile, service, words
from tests.support.inline import Caller, InlineServer

TAGS = ("north", "south")


def follow(caller: Caller, topic: TopicId, **how: Any) -> FollowReply:
    """Have `caller` follow an account; what it brings stays to be collected."""
    return caller.do(FollowAccount, topic=topic, **how)


def came(caller: Caller) -> list[tuple[int, bool]]:
    """Return which entries were pushed since the last time, and whether each was elided."""
    return [(int(entry.seq), entry.elided) for entry in caller.entries()]


def followed(caller: Caller) -> tuple[Follow, ...]:
    """Return whom somebody follows."""
    return caller.do(Follows).follows or ()


# Beginning to.


def test_who_follows_gets_what_is_published_from_then_on(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic = active(server, ann)
    article(ann, topic, "before")
    reply = follow(ben, topic)
    said = article(ann, topic, "after")
    assert (reply.follow, reply.head, reply.mark) == (Follow(topic=topic, at=server.clock.ms), said.seq - 1, 1)  # type: ignore[operator]
    assert came(ben) == [(said.seq, False)]


def test_who_does_not_follow_gets_nothing(server: InlineServer) -> None:
    ann, ben, cyd = server.people("ann", "ben", "cyd")
    topic = active(server, ann)
    follow(ben, topic)
    broadcast(ann, topic, "news")
    assert cyd.collect() == []


def test_it_is_live_at_once_on_all_ones_devices(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    tablet = server.login("ben")
    topic = active(server, ann)
    reply = follow(ben, topic, muted=True)
    assert tablet.pushes() == [FollowPush(follow=reply.follow, head=reply.head, mark=reply.mark)]
    assert ben.pushes() == []
    said = broadcast(ann, topic, "news")
    assert came(ben) == came(tablet) == [(said.seq, False)]


def test_following_again_in_the_same_way_tells_nobody_and_brings_nothing_twice(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    tablet = server.login("ben")
    topic = active(server, ann)
    first = follow(ben, topic)
    tablet.collect()
    assert follow(ben, topic) == first
    assert tablet.pushes() == []
    said = broadcast(ann, topic, "news")
    assert came(ben) == [(said.seq, False)]


def test_how_one_follows_is_told_to_the_other_devices_and_what_is_not_said_stays(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    tablet = server.login("ben")
    topic = active(server, ann, tags=TAGS)
    follow(ben, topic, tag="north")
    tablet.collect()
    reply = follow(ben, topic, muted=True)
    assert (reply.follow.tag, reply.follow.muted, reply.mark) == ("north", True, 2)
    (push,) = tablet.pushes()
    assert isinstance(push, FollowPush)
    assert push.follow == reply.follow
    assert followed(ben) == (reply.follow,)


@pytest.mark.parametrize("what", ["approved", "group"])
def test_only_an_active_account_is_followed(server: InlineServer, what: str) -> None:
    ann, ben = server.people("ann", "ben")
    topic = approved(server, ann) if what == "approved" else server.lane(ann)
    assert ben.refusal(FollowAccount, topic=topic) == ben.refusal(FollowAccount, topic=new_public_topic_id())
    assert ben.refused(FollowAccount, topic=topic) == "not_found"
    assert followed(ben) == ()


def test_what_is_private_is_not_followed(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    assert ben.refused(FollowAccount, topic=server.chat(ann, ben)) == "wrong_side"
    assert ben.refused(Unfollow, topic=server.chat(ann, ben)) == "wrong_side"


def test_a_tag_is_one_that_the_profile_offers(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic = active(server, ann, tags=TAGS)
    refusal = ben.refusal(FollowAccount, topic=topic, tag="east")
    assert (refusal.code, refusal.field) == ("bad_request", "tag")
    assert follow(ben, topic, tag="south").follow.tag == "south"
    assert follow(ben, topic, tag="").follow.tag == ""


def test_who_follows_keeps_following_and_keeps_their_tag_when_the_profile_changes(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic = active(server, ann, tags=TAGS)
    follow(ben, topic, tag="north")
    profile(ann, topic, tags=("south",))
    assert [entry.kind for entry in ben.entries()] == [Kind.PROFILE]
    assert follow(ben, topic, muted=True).follow.tag == "north"
    assert ben.refused(FollowAccount, topic=topic, tag="north") == "bad_request"


def test_one_follows_so_many_and_may_change_how_all_the_same(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic, other = active(server, ann), active(server, ann, "The Market")
    follow(ben, topic)
    rows = [(ben.person, new_public_topic_id(), server.clock.ms) for _ in range(1999)]
    server.store._writer._connection.executemany("INSERT INTO follows (person, account, at) VALUES (?, ?, ?)", rows)
    assert ben.refused(FollowAccount, topic=other) == "too_many"
    assert follow(ben, topic, muted=True).follow.muted
    ben.do(Unfollow, topic=topic)
    follow(ben, other)


# Ending it.


def test_who_unfollows_gets_nothing_any_more_on_any_device(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    tablet = server.login("ben")
    topic = active(server, ann)
    follow(ben, topic)
    tablet.collect()
    ben.do(Unfollow, topic=topic)
    assert tablet.pushes() == [UnfollowPush(topic=topic, mark=2)]
    broadcast(ann, topic, "news")
    assert came(ben) == came(tablet) == []
    assert (followed(ben), ben.session.live) == ((), [])


@pytest.mark.parametrize("there", [True, False])
def test_what_one_does_not_follow_is_unfollowed_without_a_word(server: InlineServer, there: bool) -> None:
    ann, ben = server.people("ann", "ben")
    tablet = server.login("ben")
    topic = active(server, ann) if there else new_public_topic_id()
    ben.do(Unfollow, topic=topic)
    assert tablet.pushes() == []
    assert ben.do(Follows).mark == 0


def test_who_follows_again_goes_on_from_then(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic = active(server, ann)
    follow(ben, topic)
    ben.do(Unfollow, topic=topic)
    article(ann, topic, "meanwhile")
    reply = follow(ben, topic)
    said = article(ann, topic, "again")
    assert (reply.head, came(ben)) == (said.seq - 1, [(said.seq, False)])  # type: ignore[operator]


# Whom one follows.


def test_whom_one_follows_is_listed_unless_one_knows_it(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    first, second = active(server, ann), active(server, ann, "The Market")
    follow(ben, first)
    server.clock.pass_time(1)
    mark = follow(ben, second).mark
    reply = ben.do(Follows)
    assert [one.topic for one in reply.follows or ()] == [first, second]
    assert ben.do(Follows, mark=mark) == FollowsReply(mark=mark)
    assert len(ben.do(Follows, mark=mark - 1).follows or ()) == 2


def test_nobody_else_is_told_and_the_public_file_is_the_same(server: InlineServer) -> None:
    ann, ben, cyd = server.people("ann", "ben", "cyd")
    topic = active(server, ann, tags=TAGS)
    before = list(server.public_store._writer._connection.iterdump())
    follow(ben, topic, tag="north")
    follow(cyd, topic)
    cyd.do(Unfollow, topic=topic)
    assert list(server.public_store._writer._connection.iterdump()) == before
    assert (ann.collect(), followed(cyd), followed(ann)) == ([], (), ())


def test_whoever_unfollows_a_group_by_mistake_goes_on_getting_what_is_said_there(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    lane = server.lane(ann, ben)
    ben.do(Unfollow, topic=lane)
    said = ann.publish("The lamp works again.", lane)
    assert came(ben) == [(said.seq, False)]


def test_operators_see_how_many_and_never_who(server: InlineServer) -> None:
    ann, *people = server.people("ann", "ben", "cyd", "dee", "eve")
    topic = active(server, ann, tags=TAGS)
    for person, tag in zip(people, ("", "north", "north", "south"), strict=True):
        follow(person, topic, tag=tag)
    people[0].do(Unfollow, topic=topic)
    figures = ann.do(Figures, topic=topic)
    assert (figures.followers, figures.tags) == (3, {"north": 2, "south": 1})
    assert not any(person.person in repr(figures) for person in people)


# Tags.


def test_a_broadcast_to_a_tag_is_elided_for_the_others(server: InlineServer) -> None:
    ann, ben, cyd, dee = server.people("ann", "ben", "cyd", "dee")
    topic = service(server, ann, tags=TAGS)
    for person, tag in ((ben, "north"), (cyd, "south"), (dee, "")):
        follow(person, topic, tag=tag)
    said = broadcast(ann, topic, "to the north", tag="north")
    to_all = broadcast(ann, topic, "to all")
    assert came(ben) == [(said.seq, False), (to_all.seq, False)]
    assert came(cyd) == came(dee) == [(said.seq, True), (to_all.seq, False)]


def test_what_is_elided_says_nothing_but_its_number_and_can_be_read_on_the_page(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic = service(server, ann, tags=TAGS)
    follow(ben, topic, tag="north")
    said = broadcast(ann, topic, "to the south", tag="south")
    assert ben.entries() == [Entry(topic=topic, seq=Seq(said.seq or 0), elided=True)]
    (shown,) = ben.do(History, topic=topic, limit=1).entries
    assert (shown.seq, shown.tag, shown.elided) == (said.seq, "south", False)


def test_operators_get_every_broadcast_whole_also_when_they_follow_another_tag(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic = service(server, ann, tags=TAGS)
    operator(ann, topic, ben, Role.ANALYST)
    follow(ben, topic, tag="north")
    said = broadcast(ann, topic, "to the south", tag="south")
    assert came(ann) == came(ben) == [(said.seq, False)]


def test_another_tag_counts_from_the_next_broadcast_on_all_devices(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    tablet = server.login("ben")
    topic = service(server, ann, tags=TAGS)
    follow(ben, topic, tag="north")
    first = broadcast(ann, topic, "to the south", tag="south")
    follow(ben, topic, tag="south")
    second = broadcast(ann, topic, "to the south again", tag="south")
    follow(ben, topic, tag="")
    third = broadcast(ann, topic, "and again", tag="south")
    for device in (ben, tablet):
        assert came(device) == [(first.seq, True), (second.seq, False), (third.seq, True)]


def test_an_edit_and_a_recall_go_to_those_the_broadcast_was_for(server: InlineServer) -> None:
    ann, ben, cyd = server.people("ann", "ben", "cyd")
    topic = service(server, ann, tags=TAGS)
    follow(ben, topic, tag="north")
    follow(cyd, topic, tag="south")
    said = broadcast(ann, topic, "to the north", tag="north")
    ann.do(
        Publish,
        topic=topic,
        surface=Surface.BROADCAST,
        content=words("to the far north"),
        target=said.seq,
        base=1,
    )
    ann.do(Recall, topic=topic, target=said.seq)
    kinds = [entry.kind for entry in ben.entries()]
    assert kinds == [Kind.BROADCAST, Kind.EDIT, Kind.RECALL]
    assert [elided for _, elided in came(cyd)] == [True, True, True]


def test_who_is_on_no_connection_any_more_leaves_no_tag_behind(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic = active(server, ann, tags=TAGS)
    follow(ben, topic, tag="north")
    audience = server.hub._audiences.of(topic)
    assert audience is not None
    assert audience.tags == {ben.session: "north"}
    ben.hang_up()
    assert (audience.tags, list(audience.subscribers)) == ({}, [ann.session])


# Operators are members, whatever they follow.


def test_an_operator_who_unfollows_goes_on_getting_what_the_account_says(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic = active(server, ann)
    operator(ann, topic, ben)
    follow(ben, topic)
    ben.do(Unfollow, topic=topic)
    said = article(ann, topic, "news")
    assert came(ben) == [(said.seq, False)]


def test_a_follower_who_becomes_an_operator_gets_nothing_twice(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic = active(server, ann)
    follow(ben, topic)
    operator(ann, topic, ben)
    said = article(ann, topic, "news")
    assert came(ben) == [(said.seq, False)]


def test_an_operator_no_more_who_follows_has_it_back_with_the_next_sync(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic = active(server, ann)
    operator(ann, topic, ben)
    follow(ben, topic)
    ann.do(SetOperator, topic=topic, person=ben.person)
    assert GonePush(topic=topic) in ben.pushes()
    (piece,) = ben.sync({topic: 1}, side=Side.PUBLIC).slices
    assert piece.live
    said = article(ann, topic, "news")
    assert came(ben) == [(said.seq, False)]


# What a broadcast costs.


def statements(server: InlineServer, act: Callable[[], object]) -> dict[Side, list[str]]:
    """Return the statements that `act` runs on the store of each side."""
    run: dict[Side, list[str]] = {side: [] for side in Side}
    for trace in (True, False):
        for side, store, reads in (
            (Side.PRIVATE, server.store, server.reads),
            (Side.PUBLIC, server.public_store, server.public_reads),
        ):
            for connection in (store._writer._connection, reads.reader._connection):  # type: ignore[attr-defined]
                connection.set_trace_callback(run[side].append if trace else None)
        if trace:
            act()
    return run


def broadcast_to(followers: int) -> dict[Side, list[str]]:
    """Return what is run to broadcast to so many followers, one of whom is here."""
    with closing(InlineServer()) as server:
        ann, ben = server.people("ann", "ben")
        topic = service(server, ann)
        follow(ben, topic)
        rows = [(f"{number:016}", topic, number) for number in range(followers)]
        server.store._writer._connection.executemany("INSERT INTO follows (person, account, at) VALUES (?, ?, ?)", rows)
        run = statements(server, lambda: broadcast(ann, topic, "news"))
        assert came(ben) == [(2, False)]
    return run


def test_a_broadcast_costs_the_same_however_many_follow_and_touches_no_row_of_theirs() -> None:
    few, many = broadcast_to(0), broadcast_to(10_000)
    assert few[Side.PRIVATE] == many[Side.PRIVATE] == []
    assert len(few[Side.PUBLIC]) == len(many[Side.PUBLIC]) > 0
    assert not any("follow" in statement for statement in many[Side.PUBLIC])
