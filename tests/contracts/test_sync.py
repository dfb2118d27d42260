"""The reader's port: sync. However small the pages are, put together they are the log."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.entries import Kind, Side, Standing
from protocol.frames import Gap, Summary, SyncReply
from protocol.ids import PersonId, Seq, TopicId, new_id
from server.store.base import ResyncError
from server.store.sqlite import SqliteStore
from server.store.writes import SetTopicSettings
from server.topics import SetName, Stand
from tests.contracts.desk import Desk, bodies, draft, seat


def gap(first: int, last: int) -> Gap:
    return Gap(first=Seq(first), last=Seq(last))


class Copy:
    """What a client keeps: it follows the rules of the wire and nothing else."""

    def __init__(self) -> None:
        self.heads: dict[TopicId, Seq] = {}
        self.marks = 0
        self.summaries: dict[TopicId, Summary] = {}
        self.seqs: dict[TopicId, list[int]] = {}
        self.gaps: dict[TopicId, list[Gap]] = {}
        self.live: set[TopicId] = set()

    def take(self, reply: SyncReply) -> None:
        assert reply.marks >= self.marks
        self.marks = reply.marks
        self.summaries.update({summary.topic: summary for summary in reply.topics})
        for piece in reply.slices:
            seqs = self.seqs.setdefault(piece.topic, [])
            if piece.gap is not None:
                self.gaps.setdefault(piece.topic, []).append(piece.gap)
            for entry in piece.entries:
                assert not seqs or entry.seq == seqs[-1] + 1 or piece.gap is not None
                seqs.append(entry.seq)
            self.heads[piece.topic] = piece.entries[-1].seq if piece.entries else piece.head
            if piece.live:
                assert self.heads[piece.topic] == piece.head
                self.live.add(piece.topic)
        for topic in reply.gone:
            del self.heads[topic]
            self.seqs.pop(topic, None)

    def catch_up(self, desk: Desk, viewer: PersonId, **bounds: int) -> int:
        """Sync to the end and return how many replies that took."""
        for pages in range(1, 10_000):
            reply = desk.sync(viewer, self.heads, marks=self.marks, **bounds)
            self.take(reply)
            if not reply.more:
                return pages
        raise AssertionError("it never ends")


def test_a_new_device_gets_every_topic_live_with_its_newest_entries(desk: Desk) -> None:
    ann, bo = desk.person("ann"), desk.person("bo")
    chat, group = desk.chat(ann, bo), desk.group(bo, ann)
    for _ in range(8):
        desk.say(chat, bo)
    reply = desk.sync(ann, newest=3)
    assert [summary.topic for summary in reply.topics] == [chat, group]
    first, second = reply.slices
    assert ([entry.seq for entry in first.entries], first.gap, first.live) == ([7, 8, 9], gap(1, 6), True)
    assert ([entry.seq for entry in second.entries], second.gap, second.live) == ([2], None, True)
    assert (reply.gone, reply.more) == ((), False)


def test_nothing_new_is_an_empty_live_slice(desk: Desk) -> None:
    ann, bo = desk.person("ann"), desk.person("bo")
    chat = desk.chat(ann, bo)
    first = desk.sync(ann)
    reply = desk.sync(ann, {chat: Seq(1)}, marks=first.marks)
    assert reply.topics == ()
    (piece,) = reply.slices
    assert (piece.entries, piece.head, piece.live, piece.gap) == ((), 1, True, None)


def test_a_topic_not_held_and_not_changed_is_not_spoken_of(desk: Desk) -> None:
    ann, bo = desk.person("ann"), desk.person("bo")
    desk.chat(ann, bo)
    reply = desk.sync(ann, marks=desk.sync(ann).marks)
    assert (reply.topics, reply.slices) == ((), ())


def test_ones_own_changes_come_in_the_order_they_were_made(desk: Desk) -> None:
    ann, bo, cy = desk.person("ann"), desk.person("bo"), desk.person("cy")
    with_bo, with_cy = desk.chat(ann, bo), desk.chat(ann, cy)
    held = {with_bo: Seq(1), with_cy: Seq(1)}
    marks = desk.sync(ann).marks
    desk.mark(with_cy, ann, 1)
    desk.do(SetTopicSettings(topic=with_bo, person=ann, muted=None, pinned=True))
    desk.say(with_cy, cy)
    reply = desk.sync(ann, held, marks=marks)
    assert [(summary.topic, summary.read, summary.pinned) for summary in reply.topics] == [
        (with_cy, 1, False),
        (with_bo, 0, True),
    ]


def test_far_behind_starts_at_the_reach_with_a_gap_and_the_summary(desk: Desk) -> None:
    ann, bo = desk.person("ann"), desk.person("bo")
    group = desk.group(bo, ann)
    marks = desk.sync(ann).marks
    desk.post(group, draft(bo, "new", Kind.NAMED), SetName(name=b"new"))
    for _ in range(7):
        desk.say(group, bo)
    reply = desk.sync(ann, {group: Seq(2)}, marks=marks, reach=5)
    (piece,) = reply.slices
    assert ([entry.seq for entry in piece.entries], piece.gap) == ([6, 7, 8, 9, 10], gap(3, 5))
    assert [summary.name for summary in reply.topics] == [b"new"]
    (whole,) = desk.sync(ann, {group: Seq(2)}, marks=marks, reach=8).slices
    assert (len(whole.entries), whole.gap) == (8, None)


def test_topics_one_has_left_or_never_had_are_gone(desk: Desk) -> None:
    ann, bo = desk.person("ann"), desk.person("bo")
    left, never, nowhere = desk.group(bo, ann), desk.group(bo), TopicId(new_id())
    desk.leave(left, ann)
    reply = desk.sync(ann, {left: Seq(2), never: Seq(1), nowhere: Seq(1)})
    assert set(reply.gone) == {left, never, nowhere}
    assert reply.slices == ()


def test_an_invitation_is_a_summary_and_no_entries(desk: Desk) -> None:
    ann, bo = desk.person("ann"), desk.person("bo")
    group = desk.group(bo)
    desk.post(group, None, Stand(person=ann, standing=Standing.INVITED, by=bo))
    reply = desk.sync(ann, {group: Seq(1)})
    assert [summary.standing for summary in reply.topics] == [Standing.INVITED]
    assert (reply.slices, reply.gone) == ((), ())


def test_more_than_there_is_means_another_life_of_the_store(desk: Desk) -> None:
    ann, bo = desk.person("ann"), desk.person("bo")
    chat = desk.chat(ann, bo)
    with pytest.raises(ResyncError) as caught:
        desk.sync(ann, {chat: Seq(2)})
    assert caught.value.topic == chat


def test_entries_before_ones_start_are_never_given(desk: Desk) -> None:
    ann, bo = desk.person("ann"), desk.person("bo")
    chat = desk.chat(ann, bo)
    for _ in range(5):
        desk.say(chat, bo)
    desk.post(chat, None, seat(ann, start=4))
    for held in ({}, {chat: Seq(1)}):
        (piece,) = desk.sync(ann, held).slices
        assert ([entry.seq for entry in piece.entries], piece.gap, piece.live) == ([4, 5, 6], None, True)
    desk.post(chat, None, seat(ann, start=7))
    (piece,) = desk.sync(ann).slices
    assert (piece.entries, piece.head, piece.live) == ((), 6, True)


def test_what_speaks_of_something_before_ones_start_comes_as_a_number_only(desk: Desk) -> None:
    ann, bo = desk.person("ann"), desk.person("bo")
    group = desk.group(bo)
    desk.say(group, bo, "before")
    desk.join(group, ann)
    desk.post(group, draft(bo, "after", Kind.EDIT, target=Seq(2)))
    (piece,) = desk.sync(ann).slices
    assert [(entry.seq, entry.elided) for entry in piece.entries] == [(3, False), (4, True)]
    assert bodies(piece.entries[1:]) == [None]
    assert (piece.entries[1].sender, piece.entries[1].kind, piece.entries[1].target) == (None, None, None)


@given(
    sizes=st.lists(st.integers(0, 30), min_size=1, max_size=5),
    later=st.lists(st.integers(0, 10), min_size=5, max_size=5),
    slice_bytes=st.integers(1, 4000),
    newest=st.integers(1, 40),
)
@settings(deadline=None, max_examples=60)
def test_pages_of_any_size_put_together_are_the_log(
    sizes: list[int], later: list[int], slice_bytes: int, newest: int
) -> None:
    desk = Desk(SqliteStore.in_memory(Side.PRIVATE))
    ann, bo = desk.person("ann"), desk.person("bo")
    copy = Copy()
    groups = [desk.group(bo, ann) for _ in sizes]
    for more in (sizes, later[: len(sizes)]):
        for group, size in zip(groups, more, strict=True):
            for number in range(size):
                desk.say(group, bo, b"x" * (number * 40 % 700 + 1))
        copy.live.clear()
        copy.catch_up(desk, ann, slice_bytes=slice_bytes, newest=newest, reach=1000)
        assert copy.live == set(groups)
    for group, size, extra in zip(groups, sizes, later, strict=False):
        head = 2 + size + extra
        first = max(2, 2 + size - newest + 1)  # They joined with the second entry.
        assert copy.seqs[group] == list(range(first, head + 1))
        assert copy.gaps.get(group, []) == ([gap(2, first - 1)] if first > 2 else [])
    desk.close()


def test_a_reply_stays_below_its_bound_but_for_one_entry(desk: Desk) -> None:
    ann, bo = desk.person("ann"), desk.person("bo")
    chat = desk.chat(ann, bo)
    for _ in range(40):
        desk.say(chat, bo, b"x" * 1000)
    copy = Copy()
    assert copy.catch_up(desk, ann, slice_bytes=10_000, newest=1000) == pytest.approx(5, abs=1)
    first = desk.sync(ann, slice_bytes=10_000, newest=1000)
    assert sum(len(entry.body or b"") for piece in first.slices for entry in piece.entries) < 11_000


def test_thousands_of_quiet_topics_are_named_once(desk: Desk) -> None:
    ann, bo = desk.person("ann"), desk.person("bo")
    quiet = [desk.group(bo, ann) for _ in range(30)]
    busy = desk.chat(ann, bo)
    for _ in range(20):
        desk.say(busy, bo, b"x" * 1000)
    held = dict.fromkeys(quiet, Seq(2)) | {busy: Seq(1)}
    marks = desk.sync(ann).marks
    pages: list[SyncReply] = []
    while not pages or pages[-1].more:
        pages.append(desk.sync(ann, held, marks=marks, slice_bytes=5000))
        held.update({piece.topic: piece.entries[-1].seq for piece in pages[-1].slices if piece.entries})
    assert [len(page.slices) for page in pages] == [1] * (len(pages) - 1) + [31]
