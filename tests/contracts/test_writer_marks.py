"""The writer's port: read marks, unread, settings, clearing, what is hidden; and what they do to others' summaries."""

import pytest

from protocol.entries import Standing, TopicKind
from protocol.frames import Summary
from protocol.ids import PersonId, Seq, TopicId
from server.store.writes import Founding, Marked, MarkRead, Post, Posted, SetPreferences, SetTopicSettings, Stale
from server.topics import SetName, SetNotice, Stand
from tests.contracts.desk import Desk, draft, seat


def seen(desk: Desk, topic: TopicId, person: PersonId) -> Summary:
    view = desk.read.view(topic, person, everyone=False)
    assert view is not None
    return view.summary


@pytest.fixture
def ann(desk: Desk) -> PersonId:
    return desk.person("ann")


@pytest.fixture
def bo(desk: Desk) -> PersonId:
    return desk.person("bo")


@pytest.fixture
def chat(desk: Desk, ann: PersonId, bo: PersonId) -> TopicId:
    return desk.chat(ann, bo)


def test_unread_counts_messages_after_the_read_mark(desk: Desk, ann: PersonId, bo: PersonId, chat: TopicId) -> None:
    for _ in range(3):
        desk.say(chat, ann)
    assert desk.unread(chat, bo) == 4
    marked = desk.mark(chat, bo, 3)
    assert isinstance(marked, Marked)
    assert (marked.moved, marked.summary.read, marked.summary.unread) == (True, 3, 1)
    assert marked.summary == seen(desk, chat, bo)


def test_a_read_mark_never_goes_back_nor_past_the_head(desk: Desk, bo: PersonId, chat: TopicId) -> None:
    first, back, again = (desk.mark(chat, bo, seq) for seq in (99, 0, 1))
    assert isinstance(first, Marked)
    assert (first.summary.read, first.moved) == (1, True)
    for later in (back, again):
        assert isinstance(later, Marked)
        assert (later.summary.read, later.moved) == (1, False)


def test_a_mark_in_the_batch_of_the_message_it_reads_reaches_it(desk: Desk, bo: PersonId, chat: TopicId) -> None:

    said = Post(topic=chat, generation=1, draft=draft(bo))
    _, marked = desk.commit(said, MarkRead(topic=chat, person=bo, seq=Seq(2)))
    assert isinstance(marked, Marked)
    assert (marked.summary.read, marked.summary.unread, marked.summary.head) == (2, 0, 2)


def test_who_is_no_member_marks_nothing(desk: Desk, ann: PersonId, bo: PersonId) -> None:
    group = desk.group(ann)
    assert desk.mark(group, bo, 1) == Stale()
    desk.post(group, None, Stand(person=bo, standing=Standing.INVITED))
    assert desk.mark(group, bo, 1) == Stale()
    assert desk.do(SetTopicSettings(topic=group, person=bo, muted=True, pinned=None)) == Stale()


def test_a_newcomer_starts_with_the_entry_that_brought_them_and_nothing_unread(
    desk: Desk, ann: PersonId, bo: PersonId
) -> None:
    group = desk.group(ann)
    for _ in range(5):
        desk.say(group, ann)
    desk.join(group, bo)
    assert (seen(desk, group, bo).start, seen(desk, group, bo).read, desk.unread(group, bo)) == (7, 6, 0)
    desk.say(group, ann)
    assert desk.unread(group, bo) == 1


def test_who_comes_back_sees_nothing_of_the_time_away(desk: Desk, ann: PersonId, bo: PersonId) -> None:
    group = desk.group(ann, bo)
    desk.leave(group, bo)
    desk.say(group, ann)
    desk.join(group, bo)
    assert (seen(desk, group, bo).start, desk.unread(group, bo)) == (5, 0)


def test_settings_are_ones_own(desk: Desk, ann: PersonId, bo: PersonId, chat: TopicId) -> None:
    marked = desk.do(SetTopicSettings(topic=chat, person=ann, muted=True, pinned=None))
    assert isinstance(marked, Marked)
    assert (marked.moved, marked.summary.muted, marked.summary.pinned) == (True, True, False)
    again = desk.do(SetTopicSettings(topic=chat, person=ann, muted=True, pinned=False))
    assert isinstance(again, Marked)
    assert not again.moved
    assert not seen(desk, chat, bo).muted


def test_clearing_raises_the_start_and_reads_up_to_it(desk: Desk, ann: PersonId, bo: PersonId, chat: TopicId) -> None:
    for _ in range(4):
        desk.say(chat, ann)
    posted = desk.post(chat, None, seat(bo, start=4))
    assert posted.standings == {bo: seen(desk, chat, bo)}
    assert (seen(desk, chat, bo).start, seen(desk, chat, bo).read, desk.unread(chat, bo)) == (4, 3, 2)
    assert [entry.seq for entry in desk.log(chat, bo)] == [4, 5]
    assert len(desk.log(chat, ann)) == 5
    desk.mark(chat, bo, 5)
    desk.post(chat, None, seat(bo, start=5))
    assert seen(desk, chat, bo).read == 5


def test_what_is_hidden_from_one_is_not_unread_for_them(desk: Desk, ann: PersonId, bo: PersonId, chat: TopicId) -> None:
    desk.block(bo, ann)
    desk.say(chat, ann, "unheard", hidden_from=bo)
    desk.say(chat, ann, "unheard", hidden_from=bo)
    assert (desk.unread(chat, bo), desk.unread(chat, ann)) == (1, 3)
    desk.block(bo, ann, blocked=False)
    desk.say(chat, ann, "heard")
    assert desk.unread(chat, bo) == 2
    for mark, left in ((1, 1), (2, 1), (4, 0)):
        desk.mark(chat, bo, mark)
        assert desk.unread(chat, bo) == left
    assert [entry.elided for entry in desk.log(chat, bo)] == [False, True, True, False]
    assert not any(entry.elided for entry in desk.log(chat, ann))


def test_a_chat_begun_with_one_who_blocks_has_no_row_for_them(desk: Desk, ann: PersonId, bo: PersonId) -> None:

    desk.block(bo, ann)
    topic = desk.new_topic()
    founding = Founding(kind=TopicKind.CHAT, side=desk.side, peers=(min(ann, bo), max(ann, bo)))
    unheard = draft(ann, hidden_from=bo)
    posted = desk.do(Post(topic=topic, generation=0, draft=unheard, changes=(seat(ann),), founding=founding))
    assert isinstance(posted, Posted)
    assert seen(desk, topic, ann).peer is not None
    assert desk.sync(bo).topics == ()
    assert desk.read.history(topic, bo, limit=10, slice_bytes=1000) is None
    desk.block(bo, ann, blocked=False)
    desk.post(topic, draft(ann, "at last"), seat(bo))
    assert (seen(desk, topic, bo).start, desk.unread(topic, bo)) == (2, 1)


def test_a_peers_mark_shows_only_where_both_give_receipts(
    desk: Desk, ann: PersonId, bo: PersonId, chat: TopicId
) -> None:
    desk.mark(chat, bo, 1)
    assert seen(desk, chat, ann).peer_read == 1
    for person in (ann, bo):
        desk.do(SetPreferences(person=person, receipts=False, presence=None))
        assert seen(desk, chat, ann).peer_read is None
        desk.do(SetPreferences(person=person, receipts=True, presence=None))
        assert seen(desk, chat, ann).peer_read == 1


def test_a_peers_mark_stays_where_it_was_while_they_block(
    desk: Desk, ann: PersonId, bo: PersonId, chat: TopicId
) -> None:
    desk.mark(chat, bo, 1)
    desk.block(bo, ann)
    seen_before = seen(desk, chat, ann).peer_read
    hidden = desk.say(chat, ann, hidden_from=bo)
    desk.mark(chat, bo, hidden.seq)
    assert seen_before == seen(desk, chat, ann).peer_read == 1
    desk.block(bo, ann, blocked=False)
    assert seen(desk, chat, ann).peer_read == hidden.seq


def test_only_members_of_a_group_see_its_notice(desk: Desk, ann: PersonId, bo: PersonId) -> None:

    group = desk.group(ann)
    desk.post(group, None, SetName(name=b"lane"), SetNotice(notice=b"sweep it"))
    desk.post(group, None, Stand(person=bo, standing=Standing.INVITED, by=ann))
    assert (seen(desk, group, bo).name, seen(desk, group, bo).notice) == (b"lane", None)
    assert seen(desk, group, ann).notice == b"sweep it"
