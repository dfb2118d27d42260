"""States in memory: loaded once, kept true by every commit, forgotten when there are too many."""

from collections.abc import Callable
from typing import Any

from protocol.entries import Role, Side, Standing, TopicKind
from protocol.frames import GroupMute, GroupName, Send
from protocol.ids import PersonId, Seq, TopicId, new_public_topic_id
from server.readers import Found, Sources
from server.rooms import Rooms
from server.topics import Stand, TopicState
from tests.support.adapters import InlineReads, came_of
from tests.support.inline import InlineServer

ANN, BEN = PersonId("ann"), PersonId("ben")


def state(name: str, generation: int = 1) -> TopicState:
    return TopicState(
        topic=TopicId(name),
        kind=TopicKind.GROUP,
        side=Side.PRIVATE,
        generation=generation,
        head=Seq(1),
        nth=0,
        members={},
    )


class Shelf:
    """Reads that answer when told to, with what they are given."""

    def __init__(self) -> None:
        self.asked: list[Callable[[Found[Any]], None]] = []

    def ask(self, query: Callable[[Any], Any], done: Callable[[Found[Any]], None]) -> None:
        self.asked.append(done)

    def give(self, found: TopicState | Exception | None) -> None:
        self.asked.pop(0)(came_of(found))


def both(private: Shelf, public: Shelf | None = None) -> Sources:
    return Sources(private=private, public=public or Shelf())


def joins(person: PersonId) -> tuple[Stand, ...]:
    return (Stand(person=person, standing=Standing.MEMBER),)


def test_two_who_want_the_same_state_wait_for_one_reading() -> None:
    shelf, found = Shelf(), list[Any]()
    rooms = Rooms(both(shelf))
    rooms.load(TopicId("a"), found.append)
    rooms.load(TopicId("a"), found.append)
    assert len(shelf.asked) == 1
    shelf.give(state("a"))
    assert [each.result() for each in found] == [rooms.get(TopicId("a"))] * 2


def test_a_state_is_read_from_the_store_of_its_side() -> None:
    private, public = Shelf(), Shelf()
    rooms = Rooms(both(private, public))
    rooms.load(new_public_topic_id(), lambda _: None)
    assert (len(private.asked), len(public.asked)) == (0, 1)
    rooms.load(TopicId("a"), lambda _: None)
    assert (len(private.asked), len(public.asked)) == (1, 1)


def test_what_is_committed_while_a_state_is_read_is_not_missed() -> None:
    shelf = Shelf()
    rooms = Rooms(both(shelf))
    rooms.load(TopicId("a"), lambda _: None)
    rooms.apply(TopicId("a"), joins(ANN), generation=2, seq=Seq(2), nth=0)
    rooms.apply(TopicId("a"), (), generation=2, seq=Seq(3), nth=1)
    shelf.give(state("a", generation=1))
    found = rooms.get(TopicId("a"))
    assert found is not None
    assert (list(found.members), found.generation, found.head, found.nth) == ([ANN], 2, 3, 1)
    assert found.members[ANN].start == 2


def test_what_the_snapshot_had_already_is_not_applied_again() -> None:
    shelf = Shelf()
    rooms = Rooms(both(shelf))
    rooms.load(TopicId("a"), lambda _: None)
    rooms.apply(TopicId("a"), (Stand(person=ANN, standing=None),), generation=2, seq=Seq(2), nth=0)
    newer = state("a", generation=3)
    newer.apply(joins(ANN), seq=Seq(3))
    newer.head = Seq(3)
    shelf.give(newer)
    found = rooms.get(TopicId("a"))
    assert found is not None
    assert (list(found.members), found.generation, found.head) == ([ANN], 3, 3)


def test_what_does_not_exist_is_not_kept_and_is_read_again() -> None:
    shelf, found = Shelf(), list[Any]()
    rooms = Rooms(both(shelf))
    for outcome in (None, OSError()):
        rooms.load(TopicId("a"), found.append)
        shelf.give(outcome)
        assert rooms.get(TopicId("a")) is None
    assert len(found) == 2


def test_a_commit_to_a_topic_not_in_memory_changes_nothing() -> None:
    rooms = Rooms(both(Shelf()))
    rooms.apply(TopicId("a"), joins(ANN), generation=2, seq=Seq(2), nth=0)
    assert rooms.get(TopicId("a")) is None


def test_of_too_many_the_longest_unused_is_forgotten() -> None:
    rooms = Rooms(both(Shelf()), kept=2)
    for name in ("a", "b"):
        rooms.add(state(name))
    rooms.get(TopicId("a"))
    rooms.add(state("c"))
    assert [rooms.get(TopicId(name)) is not None for name in ("a", "b", "c")] == [True, False, True]


def test_a_state_with_a_commit_under_way_is_not_forgotten_until_it_is_over() -> None:
    rooms = Rooms(both(Shelf()), kept=1)
    rooms.add(state("a"))
    rooms.pin(TopicId("a"))
    rooms.pin(TopicId("a"))
    rooms.add(state("b"))
    rooms.unpin(TopicId("a"))
    rooms.add(state("c"))
    assert rooms.get(TopicId("a")) is not None
    rooms.unpin(TopicId("a"))
    rooms.add(state("d"))
    assert rooms.get(TopicId("a")) is None


def test_the_newest_is_kept_though_all_others_are_in_use() -> None:
    rooms = Rooms(both(Shelf()), kept=1)
    rooms.add(state("a"))
    rooms.pin(TopicId("a"))
    rooms.add(state("b"))
    assert rooms.get(TopicId("b")) is not None


def test_memory_and_store_tell_the_same_story_after_whatever_was_committed(server: InlineServer) -> None:
    ann, ben, cyd = server.people("ann", "ben", "cyd")
    topic = server.group(ann, ben, admins=(cyd,))
    server.commits.gather()
    ann.say(ann.request(GroupName, topic=topic, name=b"new"))
    ben.say(ben.request(Send, topic=topic, body=b"x"))
    cyd.say(cyd.request(GroupMute, topic=topic, person=ben.person, until=5))
    server.commits.commit()
    assert server.rooms.get(topic) == server.reads.reader.topic(topic)


def test_with_room_for_one_state_all_goes_on_as_ever() -> None:
    server = InlineServer(kept=1)
    ann, ben = server.people("ann", "ben")
    topics = [server.group(ann, ben, admins=()) for _ in range(3)]
    for number, topic in enumerate(topics * 2):
        ben.send(b"%d" % number, topic=topic)
    assert [entry.body for entry in ann.entries()] == [b"%d" % number for number in range(6)]
    assert isinstance(server.reads, InlineReads)
    state = server.rooms.get(topics[-1])
    assert state is not None
    assert state.members[ann.person].role is Role.OWNER
    server.close()
