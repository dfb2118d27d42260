"""The reader's port: history, views, headers, receipts, what a cid became."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.entries import Entry, Kind, Role, Side, Standing
from protocol.ids import Cid, PersonId, Seq, TopicId, new_cid, new_id
from server.store.base import HistoryPage, PostedBefore
from server.store.sqlite import SqliteStore
from server.store.writes import SetPreferences
from server.topics import Mute, Stand
from tests.contracts.desk import NOON, Desk, bodies, digest, draft, seat

PLENTY = 1 << 20


def page_of(desk: Desk, topic: TopicId, viewer: PersonId, limit: int = 5, **where: Seq) -> HistoryPage:
    page = desk.read.history(topic, viewer, limit=limit, slice_bytes=PLENTY, **where)
    assert page is not None
    return page


def seqs(page: HistoryPage) -> list[int]:
    return [entry.seq for entry in page.entries]


def expected(log: list[Entry], where: str, at: int, limit: int) -> tuple[list[int], bool]:
    """Return what a page should hold, by slicing the whole visible log; and whether it is complete."""
    numbers: list[int] = [entry.seq for entry in log]
    match where:
        case "after":
            page = [seq for seq in numbers if seq > at][:limit]
            return page, not page or page[-1] == numbers[-1]
        case "around":
            middle = min(max(at, numbers[0]), numbers[-1]) if numbers else 0
            older = [seq for seq in numbers if seq < middle][-(limit // 2) :] if limit > 1 else []
            page = older + [seq for seq in numbers if seq >= middle][: limit - len(older)]
        case "before":
            page = [seq for seq in numbers if seq < at][-limit:]
        case _:
            page = numbers[-limit:]
    return page, not page or page[0] == numbers[0]


@given(
    size=st.integers(0, 12),
    start=st.integers(1, 14),
    where=st.sampled_from(["newest", "before", "after", "around"]),
    at=st.integers(0, 16),
    limit=st.integers(1, 8),
)
@settings(deadline=None, max_examples=150)
def test_a_page_in_any_direction_is_a_stretch_of_what_one_may_see(
    size: int, start: int, where: str, at: int, limit: int
) -> None:
    desk = Desk(SqliteStore.in_memory(Side.PRIVATE))
    ann, bo = desk.person("ann"), desk.person("bo")
    chat = desk.chat(ann, bo)
    for _ in range(size):
        desk.say(chat, bo)
    desk.post(chat, None, seat(ann, start=min(start, size + 2)))
    asked = {} if where == "newest" else {where: Seq(at)}
    page = page_of(desk, chat, ann, limit, **asked)
    assert (seqs(page), page.complete) == expected(list(desk.log(chat, ann)), where, at, limit)
    desk.close()


def test_a_page_ends_with_the_entry_that_passes_its_bytes(desk: Desk) -> None:
    ann, bo = desk.person("ann"), desk.person("bo")
    chat = desk.chat(ann, bo)
    for _ in range(20):
        desk.say(chat, bo, b"x" * 1000)
    newest = desk.read.history(chat, ann, limit=100, slice_bytes=5000)
    oldest = desk.read.history(chat, ann, after=Seq(0), limit=100, slice_bytes=5000)
    middle = desk.read.history(chat, ann, around=Seq(10), limit=100, slice_bytes=5000)
    least = desk.read.history(chat, ann, limit=100, slice_bytes=1)
    assert newest is not None
    assert oldest is not None
    assert middle is not None
    assert least is not None
    assert (seqs(newest), newest.complete) == ([18, 19, 20, 21], False)
    assert (seqs(oldest), oldest.complete) == ([1, 2, 3, 4], False)
    assert 10 in seqs(middle)
    assert seqs(least) == [21]


def test_a_page_full_of_long_messages_has_room_for_what_was_made_of_them(desk: Desk) -> None:
    ann, bo = desk.person("ann"), desk.person("bo")
    chat = desk.chat(ann, bo)
    said = [desk.say(chat, bo, b"x" * 1000).seq for _ in range(20)]
    for seq in said:
        desk.post(chat, draft(bo, b"y" * 1500, kind=Kind.EDIT, target=seq))
    page = desk.read.history(chat, ann, before=Seq(said[-1] + 1), limit=100, slice_bytes=8000)
    assert page is not None
    assert {entry.target for entry in page.related} >= {said[-1]}
    assert not page.related_complete
    few = desk.read.history(chat, ann, before=Seq(said[-1] + 1), limit=2, slice_bytes=8000)
    assert few is not None
    assert few.related_complete


def test_who_is_no_member_has_no_history(desk: Desk) -> None:
    ann, bo = desk.person("ann"), desk.person("bo")
    group = desk.group(ann)
    desk.post(group, None, Stand(person=bo, standing=Standing.INVITED))
    assert desk.read.history(group, bo, limit=5, slice_bytes=PLENTY) is None
    assert desk.read.history(TopicId(new_id()), ann, limit=5, slice_bytes=PLENTY) is None


def test_what_was_said_later_about_a_page_comes_with_it_newest_first(desk: Desk) -> None:
    ann, bo = desk.person("ann"), desk.person("bo")
    chat = desk.chat(ann, bo)  # 1
    desk.say(chat, bo)  # 2
    desk.post(chat, draft(bo, "inside", Kind.REACTION, target=Seq(1)))  # 3
    desk.post(chat, draft(ann, "better", Kind.EDIT, target=Seq(1)))  # 4
    desk.post(chat, draft(ann, "taken back", Kind.REACTION, target=Seq(2)))  # 5
    desk.post(chat, draft(ann, b"", Kind.RECALL, target=Seq(5)))  # 6
    desk.post(chat, draft(bo, b"", Kind.RECALL, target=Seq(2)))  # 7
    desk.post(chat, draft(bo, "not about it", Kind.REACTION, target=Seq(4)))  # 8
    page = page_of(desk, chat, ann, 3, after=Seq(0))
    assert seqs(page) == [1, 2, 3]
    assert [(entry.seq, entry.target) for entry in page.related] == [(7, 2), (4, 1)]
    assert page_of(desk, chat, ann, 100).related == ()


def test_related_leaves_out_what_is_hidden_from_the_reader(desk: Desk) -> None:
    ann, bo = desk.person("ann"), desk.person("bo")
    chat = desk.chat(ann, bo)
    desk.post(chat, draft(ann, "unheard", Kind.EDIT, target=Seq(1), hidden_from=bo))
    desk.say(chat, ann)
    assert page_of(desk, chat, bo, 1, before=Seq(2)).related == ()
    assert bodies(page_of(desk, chat, ann, 1, before=Seq(2)).related) == ["unheard"]


def test_a_header_tells_what_is_known_without_the_body(desk: Desk) -> None:
    ann, bo = desk.person("ann"), desk.person("bo")
    chat = desk.chat(ann, bo)
    desk.say(chat, ann, hidden_from=bo)
    header = desk.read.header(chat, Seq(2))
    assert header is not None
    assert (header.seq, header.kind, header.sender, header.at) == (2, Kind.MESSAGE, ann, NOON)
    assert (header.erased, header.hidden_from) == (False, bo)
    assert desk.read.header(chat, Seq(3)) is None


def test_what_a_cid_became_is_known_to_its_sender(desk: Desk) -> None:
    ann, bo = desk.person("ann"), desk.person("bo")
    chat = desk.chat(ann, bo)
    cid = new_cid(NOON)
    said = draft(ann, "hello", cid=cid)
    entry = desk.post(chat, said).entry
    assert entry is not None
    assert desk.read.posted(ann, cid) == PostedBefore(entry=entry, digest=said.digest)
    assert desk.read.posted(bo, cid) is None
    assert desk.read.posted(ann, Cid(digest("other")[:16])) is None


def test_readers_are_those_who_were_there_have_read_and_give_receipts(desk: Desk) -> None:
    ann, bo, cy, di, el = (desk.person(handle) for handle in ("ann", "bo", "cy", "di", "el"))
    group = desk.group(ann, bo, cy, di)
    said = desk.say(group, ann)
    desk.join(group, el)
    for person in (ann, bo, di, el):
        desk.mark(group, person, 99)
    desk.do(SetPreferences(person=di, receipts=False, presence=None))
    assert desk.read.readers(group, said.seq) == (bo,)
    desk.mark(group, cy, said.seq)
    assert set(desk.read.readers(group, said.seq)) == {bo, cy}
    desk.leave(group, bo)
    assert desk.read.readers(group, said.seq) == (cy,)


def test_who_has_cleared_what_they_had_read_still_counts_as_a_reader(desk: Desk) -> None:
    ann, bo = desk.person("ann"), desk.person("bo")
    chat = desk.chat(ann, bo)
    desk.mark(chat, bo, 1)
    desk.post(chat, None, seat(bo, start=2))
    assert desk.read.readers(chat, Seq(1)) == (bo,)


def test_one_who_blocks_the_author_has_not_read_what_is_hidden(desk: Desk) -> None:
    ann, bo = desk.person("ann"), desk.person("bo")
    chat = desk.chat(ann, bo)
    hidden = desk.say(chat, ann, hidden_from=bo)
    desk.mark(chat, bo, hidden.seq)
    assert desk.read.readers(chat, hidden.seq) == ()


def test_a_view_shows_members_and_to_its_stewards_those_who_wait(desk: Desk) -> None:
    ann, bo, cy = desk.person("ann"), desk.person("bo"), desk.person("cy")
    group = desk.group(ann, bo)
    desk.post(group, None, Stand(person=cy, standing=Standing.ASKED, greeting=b"hi"), Mute(person=bo, until=9))
    desk.mark(group, ann, 1)
    mine = desk.read.view(group, ann, everyone=True)
    theirs = desk.read.view(group, bo, everyone=False)
    assert mine is not None
    assert theirs is not None
    private = desk.side is Side.PRIVATE
    seated = [
        ("ann", Standing.MEMBER, Role.OWNER, 1, 1, None, None),
        ("bo", Standing.MEMBER, Role.MEMBER, 2, 1 if private else None, 9, None),
    ]
    waiting = [("cy", Standing.ASKED, Role.MEMBER, 2, None, None, b"hi")]
    shown = [(m.handle, m.standing, m.role, m.since, m.read, m.muted_until, m.greeting) for m in mine.members]
    # In public there may be more members than are shown, so those come first of whom something is to be decided.
    assert shown == (seated + waiting if private else waiting + seated)
    assert [member.handle for member in theirs.members] == ["ann", "bo"]


def test_who_is_invited_sees_no_members_and_who_has_no_standing_sees_nothing(desk: Desk) -> None:
    ann, bo = desk.person("ann"), desk.person("bo")
    group = desk.group(ann)
    assert desk.read.view(group, bo, everyone=False) is None
    desk.post(group, None, Stand(person=bo, standing=Standing.INVITED))
    view = desk.read.view(group, bo, everyone=False)
    assert view is not None
    assert (view.summary.standing, view.members) == (Standing.INVITED, ())


@pytest.mark.parametrize("one_gives", [True, False])
@pytest.mark.parametrize("other_gives", [True, False])
def test_members_marks_show_between_those_who_both_give_receipts(
    desk: Desk, one_gives: bool, other_gives: bool
) -> None:
    ann, bo = desk.person("ann"), desk.person("bo")
    group = desk.group(ann, bo)
    desk.do(SetPreferences(person=ann, receipts=one_gives, presence=None))
    desk.do(SetPreferences(person=bo, receipts=other_gives, presence=None))
    view = desk.read.view(group, ann, everyone=True)
    assert view is not None
    shown = one_gives and other_gives and desk.side is Side.PRIVATE
    assert [member.read for member in view.members] == [0, 1 if shown else None]
