"""The reader's port: sync of the accounts one follows. The public store is told which those are, and nothing else."""

from collections.abc import Iterator

import pytest

from protocol.entries import Kind, Role, Side, TopicKind
from protocol.frames import Gap, SyncReply
from protocol.ids import PersonId, Seq, TopicId
from server.store.base import ResyncError
from server.store.writes import Founding, Post, Posted
from server.topics import Stand
from tests.contracts.conftest import public_desk
from tests.contracts.desk import Desk, draft, seat


class Kiosk:
    """A public store with an account that ann runs. Bo is told to follow it, or not, with each sync."""

    def __init__(self) -> None:
        self.desk: Desk = public_desk()
        self.ann, self.bo = self.desk.person("ann"), self.desk.person("bo")
        self.account = self.founded()

    def founded(self) -> TopicId:
        topic = self.desk.new_topic()
        write = Post(
            topic=topic,
            generation=0,
            draft=None,
            changes=(seat(self.ann, Role.OWNER, start=1),),
            founding=Founding(kind=TopicKind.ACCOUNT, side=Side.PUBLIC),
        )
        assert isinstance(self.desk.do(write), Posted)
        return topic

    def say(self, *tags: str | None) -> None:
        for tag in tags:
            self.desk.post(self.account, draft(PersonId(self.account), "news", Kind.ARTICLE, tag=tag))

    def sync(
        self,
        have: int,
        tag: str | None = "",
        *,
        viewer: PersonId | None = None,
        slice_bytes: int = 1 << 20,
        reach: int = 1000,
        newest: int = 50,
    ) -> SyncReply:
        """Return what comes to who has entries up to `have`; `tag` None: they do not follow it."""
        return self.desk.read.sync(
            viewer or self.bo,
            {self.account: Seq(have)},
            marks=0,
            slice_bytes=slice_bytes,
            reach=reach,
            newest=newest,
            follows={} if tag is None else {self.account: tag},
        )

    def synced(self, viewer: PersonId, heads: dict[TopicId, Seq], *, marks: int = 0) -> SyncReply:
        """Return what comes to who follows the account, and says that they have `heads`."""
        follows = {self.account: ""}
        return self.desk.read.sync(
            viewer, heads, marks=marks, slice_bytes=1 << 20, reach=1000, newest=50, follows=follows
        )


@pytest.fixture
def kiosk() -> Iterator[Kiosk]:
    kiosk = Kiosk()
    yield kiosk
    kiosk.desk.close()


def shape(reply: SyncReply) -> tuple[list[int], list[int], Gap | None, bool]:
    """Return which entries came, which of them elided, the gap before them, and whether it is live."""
    (piece,) = reply.slices
    elided = [int(entry.seq) for entry in piece.entries if entry.elided]
    return [int(entry.seq) for entry in piece.entries], elided, piece.gap, piece.live


def gap(first: int, last: int) -> Gap:
    return Gap(first=Seq(first), last=Seq(last))


def test_who_follows_gets_what_they_miss_and_is_live(kiosk: Kiosk) -> None:
    kiosk.say(None, None, None)
    assert shape(kiosk.sync(1)) == ([2, 3], [], None, True)


def test_with_nothing_new_it_is_live(kiosk: Kiosk) -> None:
    kiosk.say(None, None)
    reply = kiosk.sync(2)
    assert shape(reply) == ([], [], None, True)
    assert reply.slices[0].head == 2


def test_who_does_not_follow_is_told_it_is_gone(kiosk: Kiosk) -> None:
    kiosk.say(None)
    reply = kiosk.sync(1, tag=None)
    assert (reply.gone, reply.slices) == ((kiosk.account,), ())


def test_who_follows_something_that_is_not_named_hears_nothing_of_it(kiosk: Kiosk) -> None:
    kiosk.say(None)
    reply = kiosk.synced(kiosk.bo, {})
    assert (reply.slices, reply.gone, reply.topics) == ((), (), ())


def test_who_has_nothing_yet_gets_the_newest_with_a_gap_before(kiosk: Kiosk) -> None:
    kiosk.say(*[None] * 7)
    assert shape(kiosk.sync(0, newest=3)) == ([5, 6, 7], [], gap(1, 4), True)


@pytest.mark.parametrize("newest", [7, 50])
def test_there_is_no_gap_when_the_newest_are_all(kiosk: Kiosk, newest: int) -> None:
    kiosk.say(*[None] * 7)
    assert shape(kiosk.sync(0, newest=newest)) == ([1, 2, 3, 4, 5, 6, 7], [], None, True)


def test_with_no_newest_at_all_it_is_live_from_the_head(kiosk: Kiosk) -> None:
    kiosk.say(None, None)
    assert shape(kiosk.sync(0, newest=0)) == ([], [], gap(1, 2), True)


def test_who_is_further_behind_than_the_reach_is_told_of_a_gap_and_of_no_summary(kiosk: Kiosk) -> None:
    kiosk.say(*[None] * 9)
    reply = kiosk.sync(2, reach=4, newest=1)
    assert shape(reply) == ([6, 7, 8, 9], [], gap(3, 5), True)
    assert reply.topics == ()


def test_what_is_for_another_tag_is_elided(kiosk: Kiosk) -> None:
    kiosk.say(None, "north", "south", None)
    assert shape(kiosk.sync(0, "north")) == ([1, 2, 3, 4], [3], None, True)
    assert shape(kiosk.sync(0)) == ([1, 2, 3, 4], [2, 3], None, True)


def test_an_elided_entry_tells_its_number_and_nothing_else(kiosk: Kiosk) -> None:
    kiosk.say("north", "south")
    (piece,) = kiosk.sync(0, "east").slices
    names = set(piece.entries[0].__struct_fields__) - {"topic", "seq", "elided"}
    assert all(not getattr(entry, name) for entry in piece.entries for name in names)


def test_operators_get_it_whole_whatever_they_follow(kiosk: Kiosk) -> None:
    kiosk.say("north", "south")
    (piece,) = kiosk.sync(0, "north", viewer=kiosk.ann).slices
    assert [entry.elided for entry in piece.entries] == [False, False]


def test_who_ran_it_and_follows_it_still_has_a_followers_view(kiosk: Kiosk) -> None:
    kiosk.say("north", "south")
    kiosk.desk.post(kiosk.account, None, Stand(person=kiosk.ann, standing=None))
    assert shape(kiosk.sync(0, "north", viewer=kiosk.ann)) == ([1, 2], [2], None, True)


def test_more_than_there_is_means_another_log(kiosk: Kiosk) -> None:
    kiosk.say(None)
    with pytest.raises(ResyncError):
        kiosk.sync(2)


def test_in_pages_it_is_the_same_log(kiosk: Kiosk) -> None:
    kiosk.say(*[None, "north", "south"] * 4)
    have, seen = 0, list[tuple[int, bool]]()
    for _ in range(20):
        reply = kiosk.sync(have, "north", slice_bytes=1, newest=8)
        (piece,) = reply.slices
        seen += [(int(entry.seq), entry.elided) for entry in piece.entries]
        have = int(piece.entries[-1].seq) if piece.entries else have
        if not reply.more:
            break
    assert piece.live
    assert seen == [(seq, seq % 3 == 0) for seq in range(5, 13)]


def test_an_account_and_a_group_come_in_one_reply(kiosk: Kiosk) -> None:
    group = kiosk.desk.group(kiosk.bo)
    kiosk.say(None)
    held = {group: Seq(0), kiosk.account: Seq(0)}
    marks = kiosk.desk.sync(kiosk.bo).marks
    reply = kiosk.synced(kiosk.bo, held, marks=marks)
    assert {piece.topic: (len(piece.entries), piece.live) for piece in reply.slices} == {
        group: (1, True),
        kiosk.account: (1, True),
    }
