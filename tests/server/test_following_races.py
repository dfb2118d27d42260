"""Following while everything moves: a sync reads two stores, one after the other, and much can happen between."""

from contextlib import closing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.codec import decode_reply
from protocol.entries import Entry, Side
from protocol.following import FollowAccount, FollowPush, Unfollow, UnfollowPush
from protocol.frames import EntryPush, Push, Sync, SyncReply
from protocol.ids import TopicId
from protocol.publications import Surface
from server import fanout
from tests.support.accounts import active, article, broadcast, service, words
from tests.support.feed import Feed
from tests.support.inline import Caller, InlineServer

TAGS = ("north", "south")


class Pace:
    """A sync of the public side that goes on when it is told to: first it reads whom one follows, then the log."""

    def __init__(self, caller: Caller, heads: dict[TopicId, int]) -> None:
        self.caller, self.server = caller, caller.server
        self.server.reads.delay()
        self.server.public_reads.delay()
        self.request = caller.request(Sync, heads=heads, side=Side.PUBLIC)
        caller.say(self.request)

    def until(self, moment: str) -> None:
        """Let it go on to the moment at which something happens."""
        if moment != "before all":
            self.server.reads.catch_up()
        if moment == "at the end":
            self.server.public_reads.look()

    def end(self) -> tuple[SyncReply, list[Push]]:
        """Let it end, and return what came: the reply, and all pushes."""
        self.server.reads.catch_up()
        self.server.public_reads.catch_up()
        found = self.caller.collect()
        (reply,) = [message for message in found if isinstance(message, dict)]
        answer = decode_reply(reply, self.request)
        assert isinstance(answer, SyncReply)
        return answer, [message for message in found if isinstance(message, Push)]


MOMENTS = pytest.mark.parametrize("moment", ["before all", "between", "at the end"])


def follow(caller: Caller, topic: TopicId, **how: Any) -> None:
    """Follow an account while syncs wait for what they read: what this needs is read at once."""
    caller.say(caller.request(FollowAccount, topic=topic, **how))
    caller.server.public_reads.hand_out(-1)


def unfollow(caller: Caller, topic: TopicId) -> None:
    caller.say(caller.request(Unfollow, topic=topic))


def publish(author: Caller, topic: TopicId, tag: str) -> None:
    author.publishes(words("news"), topic, Surface.BROADCAST, tag=tag)


def entries(pushes: list[Push]) -> list[tuple[int, bool]]:
    """Return which entries were pushed, and whether each was elided."""
    return [(int(push.entry.seq), push.entry.elided) for push in pushes if isinstance(push, EntryPush)]


@MOMENTS
def test_what_is_unfollowed_while_a_sync_is_read_is_not_live_after_it(server: InlineServer, moment: str) -> None:
    ann, ben = server.people("ann", "ben")
    topic = active(server, ann)
    ben.do(FollowAccount, topic=topic)
    phone = ben.resume()
    pace = Pace(phone, {topic: 1})
    pace.until(moment)
    unfollow(ben, topic)
    reply, pushes = pace.end()
    assert UnfollowPush(topic=topic, mark=2) in pushes
    assert reply.slices == ()
    article(ann, topic, "unheard")
    assert phone.entries() == ben.entries() == []


@MOMENTS
def test_what_is_followed_while_a_sync_is_read_is_live_after_it_and_not_gone(server: InlineServer, moment: str) -> None:
    ann, ben = server.people("ann", "ben")
    topic = active(server, ann)
    phone = ben.resume()
    pace = Pace(phone, {topic: 1})
    pace.until(moment)
    follow(ben, topic)
    reply, pushes = pace.end()
    assert reply.gone == ()
    assert [type(push) for push in pushes] == [FollowPush]
    article(ann, topic, "news")
    assert [entry.seq for entry in phone.entries()] == [entry.seq for entry in ben.entries()] == [2]


@MOMENTS
@pytest.mark.parametrize("then", ["north", "south", ""])
def test_a_tag_chosen_while_a_sync_is_read_is_the_one_that_counts_after_it(
    server: InlineServer, moment: str, then: str
) -> None:
    ann, ben = server.people("ann", "ben")
    topic = service(server, ann, tags=TAGS)
    ben.do(FollowAccount, topic=topic, tag="south" if then == "north" else "north")
    ben.hang_up()
    phone, tablet = ben.resume(), ben.resume()
    pace = Pace(phone, {topic: 1})
    pace.until(moment)
    follow(tablet, topic, tag=then)
    pace.end()
    broadcast(ann, topic, "to the north", tag="north")
    broadcast(ann, topic, "to the south", tag="south")
    assert entries(phone.pushes()) == [(2, then != "north"), (3, then != "south")]


@MOMENTS
def test_what_is_unfollowed_and_followed_again_meanwhile_is_live_with_its_new_tag(
    server: InlineServer, moment: str
) -> None:
    ann, ben = server.people("ann", "ben")
    topic = service(server, ann, tags=TAGS)
    ben.do(FollowAccount, topic=topic, tag="north")
    phone = ben.resume()
    pace = Pace(phone, {topic: 1})
    pace.until(moment)
    unfollow(ben, topic)
    follow(ben, topic, tag="south")
    reply, _ = pace.end()
    assert reply.gone == ()
    broadcast(ann, topic, "to the south", tag="south")
    assert entries(phone.pushes()) == [(2, False)]


def test_what_is_published_between_the_two_readings_comes_once_and_in_order(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic = service(server, ann, tags=TAGS)
    ben.do(FollowAccount, topic=topic, tag="north")
    ben.hang_up()
    phone = ben.resume()
    pace = Pace(phone, {topic: 1})
    publish(ann, topic, "south")
    pace.until("between")
    publish(ann, topic, "north")
    pace.until("at the end")
    publish(ann, topic, "south")
    publish(ann, topic, "north")
    reply, pushes = pace.end()
    (piece,) = reply.slices
    assert [(int(entry.seq), entry.elided) for entry in piece.entries] == [(2, True), (3, False)]
    assert entries(pushes) == [(4, True), (5, False)]


def test_who_follows_while_entries_are_still_going_out_gets_only_what_comes_after(
    server: InlineServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fanout, "SHORT", 0)
    ann, ben = server.people("ann", "ben")
    topic = active(server, ann)
    article_before = ann.publishes(words("before"), topic, Surface.ARTICLE)
    ben.say(ben.request(FollowAccount, topic=topic))
    ann.publishes(words("after"), topic, Surface.ARTICLE)
    assert article_before.cid not in {push.entry.cid for push in ben.pushes() if isinstance(push, EntryPush)}
    article(ann, topic, "and after")
    assert [entry.seq for entry in ben.entries()] == [4]


def test_who_follows_again_while_entries_are_still_going_out_misses_none(
    server: InlineServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fanout, "SHORT", 0)
    ann, ben = server.people("ann", "ben")
    topic = active(server, ann, tags=TAGS)
    ben.do(FollowAccount, topic=topic)
    ann.publishes(words("news"), topic, Surface.ARTICLE)
    ben.say(ben.request(FollowAccount, topic=topic, tag="north"))
    assert [seq for seq, _ in entries(ben.pushes())] == [2]


def test_a_follow_whose_device_hangs_up_at_once_is_live_on_the_others(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    tablet = server.login("ben")
    topic = active(server, ann)
    server.commits.gather()
    ben.say(ben.request(FollowAccount, topic=topic))
    ben.session.disconnected()
    server.commits.commit()
    article(ann, topic, "news")
    follow_push, entry_push = tablet.pushes()
    assert isinstance(follow_push, FollowPush)
    assert isinstance(entry_push, EntryPush)


def test_what_two_devices_choose_at_once_is_what_was_written_last(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    tablet = server.login("ben")
    topic = service(server, ann, tags=TAGS)
    server.commits.gather()
    ben.say(ben.request(FollowAccount, topic=topic, tag="north"))
    tablet.say(tablet.request(Unfollow, topic=topic))
    ben.say(ben.request(FollowAccount, topic=topic, tag="south"))
    server.commits.commit()
    assert [type(push).__name__ for push in tablet.pushes()] == ["FollowPush", "FollowPush"]
    ben.collect()
    broadcast(ann, topic, "to the south", tag="south")
    assert entries(ben.pushes()) == entries(tablet.pushes()) == [(2, False)]


def test_an_account_whose_state_is_in_memory_for_a_moment_only_is_followed_from_the_right_entry() -> None:
    with closing(InlineServer(kept=1)) as server:
        ann, ben, cyd = server.people("ann", "ben", "cyd")
        topic, other = active(server, ann), server.lane(ann, cyd)
        article(ann, topic, "before")
        server.commits.gather()
        ben.say(ben.request(FollowAccount, topic=topic))
        ann.publish("in between", other)
        server.commits.commit()
        ben.collect()
        article(ann, topic, "news")
        assert [entry.seq for entry in ben.entries()] == [3]


# Anything, at any time.


class Square:
    """Two service accounts of ann's, and three devices of ben's: anything happens at any time."""

    def __init__(self, server: InlineServer) -> None:
        self.server = server
        self.ann, ben = server.people("ann", "ben")
        self.topics = [service(server, self.ann, name, tags=TAGS) for name in ("The Lane", "The Market")]
        self.ben = ben.person
        tokens = [ben.token, server.login("ben").token, server.login("ben").token]
        for caller in [caller for caller in server.callers if caller.session.caller]:
            if caller is not self.ann:
                caller.hang_up()
        self.feeds = [Feed(server, token) for token in tokens]
        self.catch_up()
        server.reads.delay()
        server.public_reads.delay()

    def step(self, what: str, who: int, where: int, tag: str) -> None:
        server, feed, topic = self.server, self.feeds[who], self.topics[where]
        match what:
            case "publish":
                self.ann.publishes(words("news"), topic, Surface.ARTICLE)
            case "broadcast":
                self.ann.publishes(words("news"), topic, Surface.BROADCAST, tag=tag)
            case "follow":
                feed.say(FollowAccount, topic=topic, tag=tag)
            case "unfollow":
                feed.say(Unfollow, topic=topic)
            case "sync":
                feed.sync()
            case "connect":
                feed.connect()
            case "hang up":
                feed.hang_up()
            case "look":
                (server.reads, server.public_reads)[where].look(who)
            case "hand out":
                (server.reads, server.public_reads)[where].hand_out()
            case "turn":
                server.fanout.turn()
            case "read":
                feed.read()

    def catch_up(self) -> None:
        """Let all that is under way come to an end, and every device sync until it is not behind."""
        self.server.reads.catch_up()
        self.server.public_reads.catch_up()
        for _ in range(100):
            for feed in self.feeds:
                feed.connect()
                feed.read()
            self.server.settle()
            for feed in self.feeds:
                feed.read()
            if not any(feed.behind for feed in self.feeds):
                return
            for feed in self.feeds:
                if feed.behind:
                    feed.sync()
        raise AssertionError("syncing has no end")

    def compare(self) -> None:
        """Every device has what ben follows, as far as it is told of; and gets what comes next, as it is for him."""
        follows = self.server.reads.reader.followed(self.ben)
        logs = {topic: self.server.log(topic) for topic in follows}
        for feed in self.feeds:
            assert feed.have == {topic: len(log) for topic, log in logs.items()}
            for topic, log in logs.items():
                assert feed.entries[topic].keys() | feed.missing[topic] == set(range(1, len(log) + 1))
                for seq, entry in feed.entries[topic].items():
                    whole = log[seq - 1]
                    assert entry == whole or (entry.elided and whole.tag is not None)
        for number, topic in enumerate(self.topics):
            said = [whole.seq for whole in self.last(topic)]
            for feed in self.feeds:
                feed.read()
                seen = [feed.entries[topic][seq] for seq in said] if topic in follows else []
                wanted = [tag not in {"", follows[topic]} for tag in ("", *TAGS)] if topic in follows else []
                assert [entry.elided for entry in seen] == wanted, (number, feed.have, follows)
                assert topic in follows or topic not in feed.have

    def last(self, topic: TopicId) -> list[Entry]:
        """Say something to all and to each tag, a month later; return what it became."""
        self.server.clock.pass_time(32 * 86_400)
        for tag in ("", *TAGS):
            broadcast(self.ann, topic, "the last", tag=tag)
        return self.server.log(topic)[-3:]


ACTS = ("publish", "broadcast", "follow", "unfollow", "sync", "connect", "hang up", "look", "hand out", "turn", "read")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(ACTS),
        st.integers(0, 2),
        st.integers(0, 1),
        st.sampled_from(["", *TAGS]),
    ),
    max_size=60,
)


@given(steps=STEPS, short=st.sampled_from([0, fanout.SHORT]))
def test_whatever_happens_when_every_device_ends_with_what_is_followed(
    steps: list[tuple[str, int, int, str]], short: int
) -> None:
    before, fanout.SHORT = fanout.SHORT, short
    try:
        with closing(InlineServer()) as server:
            square = Square(server)
            for step in steps:
                square.step(*step)
            square.catch_up()
            square.compare()
    finally:
        fanout.SHORT = before
