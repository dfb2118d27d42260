"""The cache: entries, gaps, summaries, whose it is."""

import gc
import sqlite3
import stat
import threading
import weakref
from pathlib import Path

import msgspec
import pytest

from client.cache import Cache
from protocol.entries import Admission, Entry, Kind, Openness, Role, Side, Standing, TopicKind
from protocol.frames import Gap, Person, Send, Summary
from protocol.ids import Cid, PersonId, Seq, TopicId, new_cid

ME, BOB = PersonId("m" * 16), PersonId("b" * 16)
TOPIC, LANE = TopicId("t" * 16), TopicId("0" + "t" * 15)
CHAT = Summary(
    topic=TOPIC, kind=TopicKind.CHAT, side=Side.PRIVATE, standing=Standing.MEMBER, role=Role.MEMBER, head=Seq(0),
    start=Seq(1), read=Seq(0), unread=0, peer=Person(person=BOB, handle="bob"),
)  # fmt: skip


def message(seq: int, sender: PersonId | None = BOB, **fields: object) -> Entry:
    entry = Entry(topic=TOPIC, seq=Seq(seq), nth=seq, at=1000 + seq, kind=Kind.MESSAGE, sender=sender, body=b"%d" % seq)
    return msgspec.structs.replace(entry, **fields)


@pytest.fixture
def cache() -> Cache:
    cache = Cache()
    cache.belongs_to(ME)
    cache.put_topic(CHAT)
    return cache


def summary(cache: Cache) -> Summary:
    found = cache.topic(TOPIC)
    assert found is not None
    return found


def test_an_entry_comes_out_as_it_went_in(cache: Cache) -> None:
    entry = message(1, reply_to=Seq(1), cid=Cid(b"c" * 16), role=Role.ADMIN, person=ME, until=5, target=Seq(1))
    cache.append(TOPIC, [entry, Entry(topic=TOPIC, seq=Seq(2), elided=True)], have=Seq(2))
    assert cache.entries(TOPIC) == [entry, Entry(topic=TOPIC, seq=Seq(2), elided=True)]


def test_messages_of_others_raise_unread_until_read(cache: Cache) -> None:
    cache.append(TOPIC, [message(1), message(2), message(3, kind=Kind.REACTION, nth=2)], have=Seq(3))
    assert (summary(cache).head, summary(cache).unread) == (3, 2)
    cache.read(TOPIC, ME, Seq(1))
    assert (summary(cache).read, summary(cache).unread) == (1, 1)
    cache.read(TOPIC, ME, Seq(3))
    assert summary(cache).unread == 0


def test_a_message_that_comes_after_its_own_read_mark_is_not_unread(cache: Cache) -> None:
    cache.read(TOPIC, ME, Seq(1))
    cache.append(TOPIC, [message(1, ME)], have=Seq(1))
    assert summary(cache).unread == 0


def test_a_read_mark_never_falls(cache: Cache) -> None:
    cache.append(TOPIC, [message(1), message(2)], have=Seq(2))
    cache.read(TOPIC, ME, Seq(2))
    cache.read(TOPIC, ME, Seq(1))
    cache.read(TOPIC, BOB, Seq(2))
    cache.read(TOPIC, BOB, Seq(1))
    assert (summary(cache).read, summary(cache).peer_read) == (2, 2)


def test_storing_twice_counts_once(cache: Cache) -> None:
    for _ in range(2):
        cache.append(TOPIC, [message(1)], have=Seq(1))
    assert (summary(cache).unread, len(cache.entries(TOPIC))) == (1, 1)


def test_a_recall_takes_the_text_of_the_message_its_edits_and_reactions_for_good(cache: Cache) -> None:
    entries = [
        message(1),
        message(2, kind=Kind.EDIT, target=Seq(1)),
        message(3, kind=Kind.REACTION, target=Seq(1)),
        message(4),
        message(5, kind=Kind.RECALL, target=Seq(1), body=None),
    ]
    cache.append(TOPIC, entries, have=Seq(5))
    assert [line[3] for line in cache.log(TOPIC)] == [None, None, None, b"4", None]
    cache.fill(TOPIC, [message(1)], first=Seq(1), last=Seq(1))  # An answer from before the recall, come late.
    assert cache.log(TOPIC)[0][3] is None


def test_group_entries_change_the_summary(cache: Cache) -> None:
    group = msgspec.structs.replace(CHAT, kind=TopicKind.GROUP, peer=None, members=2)
    cache.put_topic(group)
    entries = [
        message(1, kind=Kind.NAMED, body=b"name"),
        message(2, kind=Kind.NOTICE, body=b"notice"),
        message(3, kind=Kind.JOINED),
        message(4, kind=Kind.MUTED, until=77),
    ]
    cache.append(TOPIC, entries, have=Seq(4))
    found = summary(cache)
    assert (found.name, found.notice, found.members, found.silenced_until) == (b"name", b"notice", 3, 77)
    cache.append(TOPIC, [message(5, kind=Kind.LEFT), message(6, kind=Kind.REMOVED)], have=Seq(6))
    assert summary(cache).members == 1


def test_gaps_are_filled_from_either_end_and_from_the_middle(cache: Cache) -> None:
    cache.add_gap(TOPIC, Seq(1), Seq(10))
    cache.fill(TOPIC, [], first=Seq(4), last=Seq(5))
    assert cache.gap_before(TOPIC, Seq(100)) == Gap(first=Seq(6), last=Seq(10))
    assert cache.gap_before(TOPIC, Seq(6)) == Gap(first=Seq(1), last=Seq(3))
    cache.fill(TOPIC, [], first=Seq(1), last=Seq(9))
    assert cache.gap_before(TOPIC, Seq(100)) == Gap(first=Seq(10), last=Seq(10))
    cache.fill(TOPIC, [], first=Seq(10), last=Seq(10))
    assert cache.gap_before(TOPIC, Seq(100)) is None


def test_a_page_ends_at_a_gap(cache: Cache) -> None:
    cache.append(TOPIC, [message(5), message(6)], have=Seq(6))
    cache.add_gap(TOPIC, Seq(1), Seq(4))
    page = cache.page(TOPIC, before=None, limit=2)
    assert ([entry.seq for entry in page.entries], page.missing, page.complete) == ([5, 6], False, False)
    page = cache.page(TOPIC, before=None, limit=3)
    assert ([entry.seq for entry in page.entries], page.missing, page.complete) == ([5, 6], True, False)


def test_a_start_that_rises_hides_what_was_before(cache: Cache) -> None:
    cache.append(TOPIC, [message(1), message(2)], have=Seq(2))
    cache.put_topic(msgspec.structs.replace(CHAT, start=Seq(3), head=Seq(2)))
    assert cache.log(TOPIC) == ()
    assert cache.page(TOPIC, before=None, limit=5).complete
    assert cache.heads() == {TOPIC: 2}


def test_where_anybody_may_read_what_is_before_ones_start_can_be_had(cache: Cache) -> None:
    lane = msgspec.structs.replace(CHAT, kind=TopicKind.GROUP, peer=None, start=Seq(5), head=Seq(5), history_open=True)
    asked = msgspec.structs.replace(lane, topic=LANE, standing=Standing.ASKED)
    cache.put_topic(asked)
    assert cache.gap_before(LANE, Seq(9)) is None
    cache.put_topic(msgspec.structs.replace(asked, standing=Standing.MEMBER))
    cache.append(LANE, [message(5, topic=LANE)], have=Seq(5))
    assert cache.page(LANE, before=None, limit=5).missing
    cache.fill(LANE, [message(seq, topic=LANE) for seq in (3, 4)], first=Seq(3), last=Seq(4))
    cache.put_topic(msgspec.structs.replace(asked, standing=Standing.MEMBER, muted=True))
    page = cache.page(LANE, before=None, limit=2)
    assert ([entry.seq for entry in page.entries], page.complete) == ([4, 5], False)
    assert cache.gap_before(LANE, Seq(9)) == Gap(first=Seq(1), last=Seq(2))
    cache.fill(LANE, [message(seq, topic=LANE) for seq in (1, 2)], first=Seq(1), last=Seq(2))
    assert not cache.page(LANE, before=None, limit=2).complete
    assert cache.page(LANE, before=Seq(3), limit=2).complete


@pytest.mark.parametrize("how", ["closed", "cleared"])
def test_what_is_before_ones_start_leaves_when_the_history_is_closed_or_cleared(cache: Cache, how: str) -> None:
    lane = msgspec.structs.replace(CHAT, topic=LANE, peer=None, start=Seq(3), head=Seq(3), history_open=True)
    cache.put_topic(lane)
    cache.append(LANE, [message(3, topic=LANE)], have=Seq(3))
    cache.fill(LANE, [message(2, topic=LANE)], first=Seq(2), last=Seq(2))
    if how == "closed":
        closed = Openness(admission=Admission.OPEN)
        cache.append(LANE, [message(4, topic=LANE, kind=Kind.SETTINGS, body=None, openness=closed)], have=Seq(4))
        assert [entry.seq for entry in cache.entries(LANE)] == [3, 4]
        assert cache.entries(LANE)[1].openness == closed
    else:
        cache.put_topic(msgspec.structs.replace(lane, start=Seq(4)))
        assert cache.entries(LANE) == []
    assert cache.page(LANE, before=None, limit=5).complete


def test_a_history_that_is_opened_can_be_had(cache: Cache) -> None:
    cache.put_topic(msgspec.structs.replace(CHAT, topic=LANE, peer=None, start=Seq(3), head=Seq(2)))
    opened = Openness(admission=Admission.APPROVAL, listed=True, history_open=True)
    cache.append(LANE, [message(3, topic=LANE, kind=Kind.SETTINGS, body=None, openness=opened)], have=Seq(3))
    found = cache.topic(LANE)
    assert found is not None
    assert (found.admission, found.listed, found.history_open) == (Admission.APPROVAL, True, True)
    assert cache.gap_before(LANE, Seq(3)) == Gap(first=Seq(1), last=Seq(2))


def test_only_topics_one_is_in_have_heads(cache: Cache) -> None:
    cache.put_topic(msgspec.structs.replace(CHAT, topic=TopicId("u" * 16), standing=Standing.INVITED, start=Seq(9)))
    assert cache.heads() == {TOPIC: 0}
    cache.put_topic(msgspec.structs.replace(CHAT, topic=TopicId("u" * 16), start=Seq(5)))
    assert cache.heads() == {TOPIC: 0, "u" * 16: 4}


def test_forgetting_leaves_people_and_outbox(cache: Cache) -> None:
    cache.append(TOPIC, [message(1)], have=Seq(1))
    cache.mark(Side.PRIVATE, 7)
    cache.forget(Side.PRIVATE, epoch="new")
    assert (cache.topics(), cache.log(TOPIC), cache.marks(Side.PRIVATE)) == ([], (), 0)
    assert cache.epoch(Side.PRIVATE) == "new"
    assert cache.person("bob") == BOB


def test_marks_never_fall(cache: Cache) -> None:
    cache.mark(Side.PRIVATE, 7)
    cache.mark(Side.PRIVATE, 5)
    assert cache.marks(Side.PRIVATE) == 7


def test_forgetting_one_side_leaves_the_other(cache: Cache) -> None:
    lane = msgspec.structs.replace(CHAT, topic=LANE, kind=TopicKind.GROUP, side=Side.PUBLIC, peer=None)
    cache.put_topic(lane)
    for topic in (TOPIC, LANE):
        cache.append(topic, [message(1, topic=topic)], have=Seq(1))
    for side in Side:
        cache.mark(side, 7)
    cache.write_note(f"agreed:{LANE}", "open")
    cache.forget(Side.PUBLIC, epoch="new")
    assert (cache.topics(), cache.marks(Side.PRIVATE), cache.marks(Side.PUBLIC)) == ([summary(cache)], 7, 0)
    assert (cache.heads(Side.PRIVATE), cache.heads(Side.PUBLIC), len(cache.log(LANE))) == ({TOPIC: 1}, {}, 0)
    assert (cache.epoch(Side.PUBLIC), cache.note(f"agreed:{LANE}")) == ("new", None)


def test_a_withdrawn_text_leaves_with_its_edits_and_comes_back_when_restored(cache: Cache) -> None:
    entries = [
        message(1),
        message(2, kind=Kind.EDIT, target=Seq(1)),
        message(3, kind=Kind.WITHDRAWN, target=Seq(1), body=None),
    ]
    cache.append(TOPIC, entries, have=Seq(3))
    assert [line[3] for line in cache.log(TOPIC)] == [None, None, None]
    assert [entry.withdrawn for entry in cache.entries(TOPIC)] == [True, False, False]
    cache.fill(TOPIC, [message(1)], first=Seq(1), last=Seq(1))  # An answer from before it, come late.
    assert cache.log(TOPIC)[0][3] is None
    cache.append(TOPIC, [message(4, kind=Kind.RESTORED, target=Seq(1), body=b"2")], have=Seq(4))
    first = cache.entries(TOPIC)[0]
    assert (first.body, first.withdrawn) == (b"2", False)


def test_of_several_decisions_about_a_text_the_last_counts_in_whatever_order_they_come(cache: Cache) -> None:
    cache.append(TOPIC, [message(1)], have=Seq(1))
    later = [
        message(4, kind=Kind.WITHDRAWN, target=Seq(1), body=None),
        message(3, kind=Kind.RESTORED, target=Seq(1), body=b"1"),
        message(2, kind=Kind.WITHDRAWN, target=Seq(1), body=None),
    ]
    cache.fill(TOPIC, later, first=Seq(2), last=Seq(4))
    assert [line[3] for line in cache.log(TOPIC)] == [None, None, None, None]


def test_what_was_recalled_is_not_restored(cache: Cache) -> None:
    entries = [
        message(1),
        message(2, kind=Kind.WITHDRAWN, target=Seq(1), body=None),
        message(3, kind=Kind.RECALL, target=Seq(1), body=None),
        message(4, kind=Kind.RESTORED, target=Seq(1), body=b"1"),
    ]
    cache.append(TOPIC, entries, have=Seq(4))
    assert cache.log(TOPIC)[0][3] is None


def test_public_entries_change_the_summary(cache: Cache) -> None:
    cache.put_topic(msgspec.structs.replace(CHAT, kind=TopicKind.GROUP, peer=None, members=2))
    entries = [
        message(1, kind=Kind.NAMED, body=b"old"),
        message(2, kind=Kind.NAMED, body=b"name"),
        message(3, kind=Kind.LISTING, body=b"listing"),
        message(4, kind=Kind.JOINED, count=5, sender=None),
        message(5, kind=Kind.WITHDRAWN, target=Seq(1), body=None),
    ]
    cache.append(TOPIC, entries, have=Seq(5))
    assert (summary(cache).name, summary(cache).listing, summary(cache).members) == (b"name", b"listing", 7)
    cache.append(TOPIC, [message(6, kind=Kind.WITHDRAWN, target=Seq(2), body=None)], have=Seq(6))
    assert summary(cache).name is None
    cache.append(TOPIC, [message(7, kind=Kind.RESTORED, target=Seq(2), body=b"name")], have=Seq(7))
    assert summary(cache).name == b"name"
    cache.append(TOPIC, [message(8, kind=Kind.RESTORED, target=Seq(1), body=b"old")], have=Seq(8))
    assert summary(cache).name == b"name"


def test_a_file_of_an_older_version_is_brought_up_to_date_with_what_waits_in_it(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    cache = Cache(path)
    cache.belongs_to(ME)
    cache.put_topic(CHAT)
    cache.append(TOPIC, [message(1)], have=Seq(1))
    cache.mark(Side.PRIVATE, 7)
    kept = Send(id=0, cid=new_cid(1), body=b"kept", to=BOB)
    cache.outbox.put(kept, now=1)
    cache.close()
    older = sqlite3.connect(path)
    for column in ("count", "withdrawn", "openness"):
        older.execute(f"ALTER TABLE entries DROP COLUMN {column}")
    older.execute("ALTER TABLE outbox DROP COLUMN side")
    older.execute("DROP TABLE submissions")
    older.commit()
    older.close()
    cache = Cache(path)
    assert (cache.entries(TOPIC), cache.marks(Side.PRIVATE), cache.marks(Side.PUBLIC)) == ([message(1)], 7, 0)
    assert [waiting.request for waiting in cache.outbox.waiting()] == [kept]
    assert cache.outbox.claim("me", Side.PRIVATE, now=5) is not None
    cache.append(TOPIC, [message(2, kind=Kind.WITHDRAWN, target=Seq(1), body=None)], have=Seq(2))
    cache.fill(TOPIC, [message(1)], first=Seq(1), last=Seq(1))
    assert cache.entries(TOPIC)[0].body is None
    cache.close()


def test_pinned_topics_come_first_then_those_that_moved_last(cache: Cache) -> None:
    for letter, at in (("a", 3), ("c", 9), ("d", 1)):
        topic = TopicId(letter * 16)
        cache.put_topic(msgspec.structs.replace(CHAT, topic=topic, pinned=letter == "d"))
        cache.append(topic, [message(1, topic=topic, at=at)], have=Seq(1))
    assert [found.topic[0] for found in cache.topics()] == ["d", "c", "a", "t"]


def test_a_transaction_that_fails_leaves_nothing(cache: Cache) -> None:
    def failing() -> None:
        with cache.transaction():
            cache.append(TOPIC, [message(1)], have=Seq(1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    assert cache.log(TOPIC) == ()


def test_the_file_is_its_owners_only_and_lasts(tmp_path: Path) -> None:
    path = tmp_path / "profile" / "cache.db"
    cache = Cache(path)
    cache.belongs_to(ME)
    cache.put_topic(CHAT)
    cache.append(TOPIC, [message(1)], have=Seq(1))
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    cache.close()
    assert [line[3] for line in Cache(path).log(TOPIC)] == [b"1"]


def test_a_cache_nobody_holds_is_let_go_by_whichever_thread_finds_it() -> None:
    held: list[object] = [Cache()]
    unheld = weakref.ref(held[0])
    held.append(held)  # In a circle, so that only the collector finds it.
    del held
    finding = threading.Thread(target=gc.collect)
    finding.start()
    finding.join()
    assert unheld() is None


def test_a_cache_of_somebody_else_is_emptied(cache: Cache) -> None:
    cache.belongs_to(BOB)
    assert (cache.topics(), cache.person("bob"), cache.owner) == ([], None, BOB)
