"""Sync: a new device, one that was away, and one that syncs while everything moves."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.entries import Entry, Kind, Side, Standing
from protocol.frames import (
    Clear,
    Edit,
    GroupAccept,
    GroupInvite,
    GroupLeave,
    GroupRemove,
    Hello,
    Resume,
    Send,
    SetTopic,
    Summary,
    Sync,
    SyncReply,
    TopicPush,
)
from protocol.ids import Epoch, PersonId, Seq, TopicId
from server import fanout
from tests.support.inline import Caller, InlineServer, configured
from tests.support.mirror import Mirror


def fill(caller: Caller, topic: TopicId, count: int, size: int = 1) -> None:
    for number in range(count):
        caller.send(bytes([number % 256]) * size, topic=topic)


def seqs(reply: SyncReply) -> list[int]:
    return [entry.seq for piece in reply.slices for entry in piece.entries]


# A new device, and one that was away.


def test_a_new_device_gets_each_topic_with_its_newest_entries() -> None:
    with closing(InlineServer(configured(messages={"newest": 3}))) as server:
        alice, bob = server.people("alice", "bob")
        topic = server.chat(alice, bob)
        fill(alice, topic, 5)
        reply = bob.sync()
        (summary,), (piece,) = reply.topics, reply.slices
        assert (summary.topic, summary.head, piece.topic, piece.live) == (topic, 7, topic, True)
        assert seqs(reply) == [5, 6, 7]
        assert piece.gap is not None
        assert (piece.gap.first, piece.gap.last) == (1, 4)
        assert not reply.more


def test_a_device_that_was_away_gets_what_it_missed_and_nothing_else(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    marks = bob.sync().marks
    fill(alice, topic, 3)
    reply = bob.sync({topic: 2}, marks)
    assert (seqs(reply), reply.topics, reply.slices[0].gap) == ([3, 4, 5], (), None)


def test_a_device_further_behind_than_the_reach_is_told_of_a_gap_that_history_fills() -> None:
    with closing(InlineServer(configured(messages={"reach": 4, "newest": 4}))) as server:
        alice, bob = server.people("alice", "bob")
        topic = server.chat(alice, bob)
        marks = bob.sync().marks
        fill(alice, topic, 8)
        reply = bob.sync({topic: 2}, marks)
        (piece,) = reply.slices
        assert seqs(reply) == [7, 8, 9, 10]
        assert piece.gap is not None
        assert (piece.gap.first, piece.gap.last) == (3, 6)


def test_a_device_as_far_behind_as_the_reach_is_told_of_no_gap() -> None:
    with closing(InlineServer(configured(messages={"reach": 4, "newest": 4}))) as server:
        alice, bob = server.people("alice", "bob")
        topic = server.chat(alice, bob)
        marks = bob.sync().marks
        fill(alice, topic, 4)
        (piece,) = bob.sync({topic: 2}, marks).slices
        assert piece.gap is None


def test_resume_with_heads_brings_the_sync_with_it(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    bob.hang_up()
    alice.send(b"while away", topic=topic)
    back = server.connect()
    signed = back.do(Resume, token=bob.token, heads={topic: 2})
    assert signed.sync is not None
    assert (signed.token, seqs(signed.sync)) == (None, [3])
    alice.send(b"and now", topic=topic)
    assert [entry.body for entry in back.entries()] == [b"and now"]


def test_resume_without_heads_makes_nothing_live(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    bob.hang_up()
    back = bob.resume()
    alice.send(b"unheard", topic=topic)
    assert back.entries() == []


def test_more_than_there_is_means_resync(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    assert bob.refused(Sync, heads={topic: 3}) == "resync"
    signed = server.connect().do(Resume, token=bob.token, heads={topic: 3})
    assert (signed.person, signed.resync, signed.sync) == (bob.person, True, None)


def test_a_refused_sync_leaves_nothing_behind(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    bob.refused(Sync, heads={topic: 3})
    assert not server.hub._journal.begun
    assert bob.sync({topic: 2}).slices[0].live


def test_another_epoch_means_resync_and_its_own_does_not(server: InlineServer) -> None:
    (alice,) = server.people("alice")
    assert alice.refused(Sync, heads={}, epoch=Epoch("another")) == "resync"
    assert server.connect().do(Resume, token=alice.token, heads={}, epoch=Epoch("another")).resync
    alice.do(Sync, heads={}, epoch=server.store.epoch)
    epochs = server.connect().do(Hello, versions=(1,)).epochs
    assert epochs == {Side.PRIVATE: server.store.epoch, Side.PUBLIC: server.public_store.epoch}


def test_each_side_has_an_epoch_of_its_own(server: InlineServer) -> None:
    (alice,) = server.people("alice")
    alice.do(Sync, heads={}, side=Side.PUBLIC, epoch=server.public_store.epoch)
    assert alice.refused(Sync, heads={}, side=Side.PUBLIC, epoch=server.store.epoch) == "resync"
    assert alice.refused(Sync, heads={}, epoch=server.public_store.epoch) == "resync"


def test_a_topic_in_which_one_is_no_more_is_gone(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic = server.group(ann, ben)
    ben.hang_up()
    ann.do(GroupRemove, topic=topic, person=ben.person)
    back = ben.resume()
    assert back.sync({topic: 2}).gone == (topic,)


def test_marks_bring_only_the_topics_that_changed_since(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    quiet, busy = server.group(ann, ben), server.group(ann, ben)
    marks = ben.sync().marks
    server.login("ben").do(SetTopic, topic=busy, pinned=True)
    reply = ben.sync({quiet: 2, busy: 2}, marks)
    assert [summary.topic for summary in reply.topics] == [busy]
    assert reply.marks > marks


def test_a_cleared_topic_starts_later_on_every_device(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    tablet = server.login("bob")
    bob.do(Clear, topic=topic, seq=1)
    (told,) = tablet.pushes()
    assert isinstance(told, TopicPush)
    assert told.summary.start == 2
    assert seqs(tablet.sync()) == [2]
    assert seqs(alice.sync()) == [1, 2]


def test_clearing_less_than_was_cleared_changes_nothing(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    bob.do(Clear, topic=topic, seq=2)
    bob.do(Clear, topic=topic, seq=1)
    assert seqs(bob.sync()) == []


def test_what_does_not_exist_yet_cannot_be_cleared(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    assert bob.refused(Clear, topic=server.chat(alice, bob), seq=3) == "not_found"


def test_clearing_marks_what_it_hides_as_read(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    bob.do(Clear, topic=topic, seq=2)
    alice.send(b"new", topic=topic)
    assert [summary.unread for summary in bob.sync().topics] == [1]


# Paging.


@given(
    sizes=st.lists(st.lists(st.integers(1, 400), max_size=8), min_size=1, max_size=4),
    slice_bytes=st.integers(1, 2000),
    newest=st.integers(0, 10),
    reach=st.integers(10, 20),
    away=st.booleans(),
)
def test_whatever_a_page_holds_the_pages_together_give_the_log(
    sizes: list[list[int]], slice_bytes: int, newest: int, reach: int, away: bool
) -> None:
    config = configured(messages={"slice_bytes": slice_bytes, "newest": newest, "reach": reach})
    with closing(InlineServer(config)) as server:
        alice, bob = server.people("alice", "bob")
        topics = [server.group(alice, bob) for _ in sizes]
        mirror = Mirror(server, bob.token, bob.person)
        if away:
            catch_up(server, [mirror])
            mirror.hang_up()
        for topic, lengths in zip(topics, sizes, strict=True):
            for length in lengths:
                alice.send(b"x" * length, topic=topic)
        catch_up(server, [mirror])
        compare(server, [mirror])
        for topic, lengths in zip(topics, sizes, strict=True):
            there_at_first = 1 if away else 1 + len(lengths)
            assert len(mirror.missing[topic]) == max(0, there_at_first - newest)


# While everything moves.


def catch_up(server: InlineServer, mirrors: list[Mirror]) -> None:
    """Let all that is under way come to an end, and every device sync until it is not behind."""
    server.reads.catch_up()
    server.commits.commit()
    for mirror in mirrors:
        mirror.connect()
    for _ in range(200):
        server.settle()
        for mirror in mirrors:
            mirror.read()
        if not any(mirror.behind for mirror in mirrors):
            return
        for mirror in mirrors:
            if mirror.behind:
                mirror.sync()
    raise AssertionError("syncing has no end")


def memberships(log: list[Entry], person: PersonId) -> Iterator[range]:
    """Return the stretches of a group's log that are for `person`."""
    since = None
    for entry in log:
        concerned = entry.person or entry.sender
        if concerned != person:
            continue
        if since is None and entry.kind in {Kind.FOUNDED, Kind.JOINED}:
            since = entry.seq
        elif since is not None and entry.kind in {Kind.LEFT, Kind.REMOVED}:
            yield range(since, entry.seq)
            since = None
    if since is not None:
        yield range(since, len(log) + 1)


def compare(server: InlineServer, mirrors: list[Mirror]) -> None:
    """Every device has what the log has for its person, and nobody ever got what was not for them."""
    for mirror in mirrors:
        truth = dict[TopicId, Summary]()
        marks, more, heads = 0, True, dict[TopicId, Seq]()
        while more:
            reply = server.reads.reader.sync(
                mirror.person, heads, marks=marks, slice_bytes=1 << 30, reach=1 << 30, newest=1 << 30
            )
            truth |= {summary.topic: summary for summary in reply.topics}
            marks, more = reply.marks, reply.more
        assert {topic: (s.standing, s.role, s.start) for topic, s in mirror.summaries.items()} == {
            topic: (s.standing, s.role, s.start) for topic, s in truth.items()
        }
        seated = {topic: summary for topic, summary in truth.items() if summary.standing is Standing.MEMBER}
        assert mirror.have == {topic: summary.head for topic, summary in seated.items()}
        for piece in reply.slices:
            wanted = {entry.seq: entry for entry in piece.entries}
            held = {seq: entry for seq, entry in mirror.entries[piece.topic].items() if seq in wanted}
            missing = {seq for seq in mirror.missing[piece.topic] if seq in wanted}
            assert held.keys() | missing == wanted.keys()
            for entry in held.values():
                assert entry == wanted[entry.seq]
        for entry in mirror.got:
            assert any(entry.seq in part for part in memberships(server.log(entry.topic), mirror.person)), (
                "an entry that was not for them"
            )


class Hurly:
    """Ann with two devices, Ben with one, two groups, and a founder: anything happens to them at any time."""

    def __init__(self, server: InlineServer) -> None:
        self.server = server
        self.founder, *people = server.people("founder", "ann", "ben")
        self.topics = [server.group(self.founder), server.group(self.founder)]
        for topic, members in zip(self.topics, (people, people[:1]), strict=True):
            self.message = self.founder.send(b"from before their time", topic=topic).seq
            for member in members:
                self.founder.do(GroupInvite, topic=topic, person=member.person)
                member.do(GroupAccept, topic=topic)
        self.mirrors = []
        for line in (*people, server.login("ann")):
            self.mirrors.append(Mirror(server, line.token, line.person))
            line.hang_up()
        catch_up(server, self.mirrors)
        server.reads.delay()

    def step(self, what: str, who: int, where: int) -> None:
        server, mirror = self.server, self.mirrors[who]
        topic = self.topics[where % 2]
        founder = self.founder
        match what:
            case "send":
                founder.say(founder.request(Send, topic=topic, body=b"x"))
            case "speak":
                mirror.say(Send, topic=topic, body=b"y")
            case "edit":
                founder.say(founder.request(Edit, topic=topic, target=self.message, body=b"z"))
            case "invite":
                founder.say(founder.request(GroupInvite, topic=topic, person=mirror.person))
            case "accept":
                mirror.say(GroupAccept, topic=topic)
            case "leave":
                mirror.say(GroupLeave, topic=topic)
            case "remove":
                founder.say(founder.request(GroupRemove, topic=topic, person=mirror.person))
            case "connect":
                mirror.connect()
            case "come back":
                mirror.hang_up()
                mirror.connect()
                server.reads.hand_out(-1)
                server.reads.look()
            case "hang up":
                mirror.hang_up()
            case "sync":
                mirror.sync()
            case "sync and look":
                mirror.sync()
                server.reads.look()
            case "gather":
                server.commits.gather()
            case "commit":
                server.commits.commit()
            case "look":
                server.reads.look(where)
            case "hand out":
                server.reads.hand_out(where)
            case "hand out all":
                server.reads.catch_up()
                server.reads.delay()
            case "fan out":
                server.fanout.turn()
            case "a second":
                server.every_second()
            case "read":
                mirror.read()
        for caller in server.callers:
            caller.pump()


STEPS = (
    *("send", "send", "speak", "edit", "invite", "accept", "accept", "leave", "remove", "connect", "hang up"),
    *("come back", "come back"),
    *("sync", "sync and look", "gather", "commit", "look", "hand out", "hand out", "hand out all", "fan out", "read"),
    "a second",
)
_step = st.tuples(st.sampled_from(STEPS), st.integers(0, 2), st.integers(0, 3))


@settings(max_examples=8 * settings().max_examples)
@given(
    steps=st.lists(_step, min_size=1, max_size=80),
    turn=st.integers(1, 4),
    slice_bytes=st.sampled_from([500, 1 << 18]),
)
def test_whatever_happens_meanwhile_every_device_ends_with_its_log(
    steps: list[tuple[str, int, int]], turn: int, slice_bytes: int
) -> None:
    config = configured(messages={"slice_bytes": slice_bytes})
    with pytest.MonkeyPatch.context() as patch, closing(InlineServer(config)) as server:
        patch.setattr(fanout, "TURN", turn)
        patch.setattr(fanout, "SHORT", 1)
        hurly = Hurly(server)
        for step in steps:
            hurly.step(*step)
        catch_up(server, hurly.mirrors)
        compare(server, hurly.mirrors)
        assert [mirror.holes for mirror in hurly.mirrors] == [0, 0, 0]
