"""Sync of what one follows, over the wire: whom one follows is asked of the one store, the log of the other."""

from contextlib import closing

import pytest

from protocol.entries import Side
from protocol.following import FollowAccount, Unfollow
from protocol.frames import Gap, Resume, Slice, Sync, SyncReply
from protocol.ids import Seq, TopicId
from tests.support.accounts import active, article, broadcast, operator, service
from tests.support.inline import Caller, InlineServer, configured

TAGS = ("north", "south")


def synced(caller: Caller, heads: dict[TopicId, int], marks: int = 0) -> SyncReply:
    return caller.sync(heads, marks, side=Side.PUBLIC)


def back(caller: Caller) -> Caller:
    """Return a new connection of the same device, on which nothing is live yet."""
    caller.hang_up()
    return caller.resume()


def brought(piece: Slice) -> list[tuple[int, bool]]:
    """Return which entries came, and whether each was elided."""
    return [(int(entry.seq), entry.elided) for entry in piece.entries]


def test_who_was_away_gets_what_they_missed_and_what_follows(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic = active(server, ann)
    ben.do(FollowAccount, topic=topic)
    ben = back(ben)
    article(ann, topic, "one")
    article(ann, topic, "two")
    (piece,) = synced(ben, {topic: 1}).slices
    assert (brought(piece), piece.head, piece.live, piece.gap) == ([(2, False), (3, False)], 3, True, None)
    article(ann, topic, "three")
    assert [entry.seq for entry in ben.entries()] == [4]


def test_until_its_sync_it_is_not_live(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic = active(server, ann)
    ben.do(FollowAccount, topic=topic)
    ben = back(ben)
    article(ann, topic, "unheard")
    assert ben.entries() == []


def test_resume_is_of_the_private_side_and_takes_no_account(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic = active(server, ann)
    ben.do(FollowAccount, topic=topic)
    ben.hang_up()
    assert server.connect().refused(Resume, token=ben.token, heads={topic: 1}) == "wrong_side"
    assert ben.resume().refused(Sync, heads={topic: 1}) == "wrong_side"


@pytest.mark.parametrize("ever", [True, False])
def test_what_one_does_not_follow_is_gone(server: InlineServer, ever: bool) -> None:
    ann, ben = server.people("ann", "ben")
    topic = active(server, ann)
    if ever:
        ben.do(FollowAccount, topic=topic)
        ben.do(Unfollow, topic=topic)
    reply = synced(ben, {topic: 1})
    assert (reply.gone, reply.slices) == ((topic,), ())
    article(ann, topic, "unheard")
    assert ben.entries() == []


def test_what_does_not_exist_is_gone_likewise(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic, nothing = active(server, ann), TopicId("0" + "z" * 15)
    assert synced(ben, {topic: 1, nothing: 1}).gone == (topic, nothing)


def test_an_account_that_is_new_to_a_device_comes_with_its_newest_entries() -> None:
    with closing(InlineServer(configured(messages={"newest": 2}))) as server:
        ann, ben = server.people("ann", "ben")
        topic = active(server, ann)
        for text in ("one", "two", "three"):
            article(ann, topic, text)
        ben.do(FollowAccount, topic=topic)
        (piece,) = synced(ben, {topic: 0}).slices
        assert (brought(piece), piece.gap) == ([(3, False), (4, False)], Gap(first=Seq(1), last=Seq(2)))


def test_what_is_for_another_tag_is_elided_as_if_it_came_live(server: InlineServer) -> None:
    ann, ben, cyd = server.people("ann", "ben", "cyd")
    topic = service(server, ann, tags=TAGS)
    operator(ann, topic, cyd)
    for person in (ben, cyd):
        person.do(FollowAccount, topic=topic, tag="north")
    ben, cyd = back(ben), back(cyd)
    broadcast(ann, topic, "to the north", tag="north")
    broadcast(ann, topic, "to the south", tag="south")
    (for_ben,), (for_cyd,) = synced(ben, {topic: 1}).slices, synced(cyd, {topic: 1}).slices
    assert brought(for_ben) == [(2, False), (3, True)]
    assert brought(for_cyd) == [(2, False), (3, False)]


def test_after_its_sync_a_tag_counts_for_what_comes_live(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic = service(server, ann, tags=TAGS)
    ben.do(FollowAccount, topic=topic, tag="north")
    ben = back(ben)
    synced(ben, {topic: 1})
    broadcast(ann, topic, "to the south", tag="south")
    broadcast(ann, topic, "to the north", tag="north")
    assert [entry.elided for entry in ben.entries()] == [True, False]


def test_more_than_there_is_means_resync(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic = active(server, ann)
    ben.do(FollowAccount, topic=topic)
    assert ben.refused(Sync, heads={topic: 2}, side=Side.PUBLIC) == "resync"
    assert not server.hub._journal.begun


def test_a_large_account_comes_in_slices_and_is_live_with_the_last() -> None:
    with closing(InlineServer(configured(messages={"slice_bytes": 1, "newest": 3}))) as server:
        ann, ben = server.people("ann", "ben")
        topic = active(server, ann)
        for text in ("one", "two", "three"):
            article(ann, topic, text)
        ben.do(FollowAccount, topic=topic)
        ben = back(ben)
        have, replies = 0, list[SyncReply]()
        while not replies or replies[-1].more:
            replies.append(synced(ben, {topic: have}))
            have = int(replies[-1].slices[0].entries[-1].seq)
        assert [brought(reply.slices[0]) for reply in replies] == [[(2, False)], [(3, False)], [(4, False)]]
        assert [reply.slices[0].live for reply in replies] == [False, False, True]


def test_groups_and_accounts_come_in_one_sync(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    group, topic = server.lane(ann, ben), active(server, ann)
    ben.do(FollowAccount, topic=topic)
    ben = back(ben)
    ann.publish("in the group", group)
    article(ann, topic, "on the page")
    reply = synced(ben, {group: 2, topic: 1}, marks=99)
    assert {piece.topic: piece.live for piece in reply.slices} == {group: True, topic: True}
    ann.publish("in the group", group)
    article(ann, topic, "on the page")
    assert {entry.topic for entry in ben.entries()} == {group, topic}


@pytest.mark.parametrize("broken", ["reads", "public_reads"])
def test_a_store_that_cannot_be_read_leaves_nothing_under_way(
    server: InlineServer, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, ben = server.people("ann", "ben")
    topic = active(server, ann)
    ben.do(FollowAccount, topic=topic)
    monkeypatch.setattr(getattr(server, broken), "reader", None)
    assert ben.refused(Sync, heads={topic: 1}, side=Side.PUBLIC) == "internal"
    assert (server.engine.under_way, server.hub._journal.begun) == (0, {})
