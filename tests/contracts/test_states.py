"""A topic's state is the same whether it is read or folded: memory and disk tell one story."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.entries import Kind, Role, Side, Standing, TopicKind
from protocol.ids import PersonId, Seq
from server.store.sqlite import SqliteStore
from server.store.writes import BlockPut, Founding, Post, Posted
from server.topics import Change, Mute, SetLink, SetName, SetNotice, Stand, TopicState
from tests.contracts.conftest import public_desk
from tests.contracts.desk import Desk, draft, seat

PEOPLE = 4
someone = st.integers(0, PEOPLE - 1)
stands = st.builds(
    lambda who, standing, role, start: (who, standing, role, start),
    someone,
    st.sampled_from([None, *Standing]),
    st.sampled_from(list(Role)),
    st.none() | st.integers(1, 3),
)
mutes = st.tuples(st.none() | someone, st.integers(0, 2**53 - 1))
steps = st.one_of(
    st.tuples(st.just("stand"), st.lists(stands, min_size=1, max_size=3), st.booleans()),
    st.tuples(st.just("mute"), mutes, st.booleans()),
    st.tuples(st.just("link"), st.none() | st.just(b"d" * 32), st.booleans()),
    st.tuples(st.just("name"), st.binary(max_size=8), st.booleans()),
    st.tuples(st.just("say"), someone, st.booleans()),
)


def changes_of(kind: str, what: object, people: list[PersonId]) -> tuple[Change, ...]:
    match kind, what:
        case "stand", list(wanted):
            return tuple(
                Stand(person=people[who], standing=standing, role=role, start=start)
                for who, standing, role, start in wanted
            )
        case "mute", (int() | None as who, int(until)):
            return (Mute(person=None if who is None else people[who], until=until),)
        case "link", digest:
            return (SetLink(digest=digest),)  # type: ignore[arg-type]
        case "name", bytes(name):
            return (SetName(name=name), SetNotice(notice=name))
    return ()


@pytest.mark.parametrize("side", list(Side))
@given(script=st.lists(steps, max_size=12))
@settings(deadline=None)
def test_a_group_read_is_the_group_folded(side: Side, script: list[tuple[str, object, bool]]) -> None:
    desk = Desk(SqliteStore.in_memory(Side.PRIVATE)) if side is Side.PRIVATE else public_desk()
    people = [desk.person(f"person-{number}") for number in range(PEOPLE)]
    topic = desk.new_topic()
    first = (seat(people[0], Role.OWNER),)
    founding = Founding(kind=TopicKind.GROUP, side=side)
    founded = draft(people[0], b"", Kind.FOUNDED)
    desk.do(Post(topic=topic, generation=0, draft=founded, changes=first, founding=founding))
    folded = TopicState(topic=topic, kind=TopicKind.GROUP, side=side, generation=1, head=Seq(1), nth=0, members={})
    folded.apply(first, seq=Seq(1))
    for kind, what, with_entry in script:
        changes = changes_of(kind, what, people)
        entry = draft(people[0], "x", Kind.MESSAGE if kind == "say" else Kind.ROLE)
        says = kind == "say" or with_entry
        outcome = desk.do(
            Post(topic=topic, generation=folded.generation, draft=entry if says else None, changes=changes)
        )
        assert isinstance(outcome, Posted)
        folded.head = Seq(folded.head + says)
        folded.nth += kind == "say"
        folded.generation += bool(changes)
        folded.apply(changes, seq=folded.head)
        assert outcome.generation == folded.generation
    assert desk.read.topic(topic) == folded
    desk.close()


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=8))
@settings(deadline=None)
def test_a_chat_read_is_the_chat_folded(blocks: list[tuple[bool, bool]]) -> None:
    desk = Desk(SqliteStore.in_memory(Side.PRIVATE))
    ann, bo = desk.person("ann"), desk.person("bo")
    topic = desk.chat(ann, bo)
    folded = desk.read.topic(topic)
    assert folded is not None
    for by_ann, blocked in blocks:
        put = desk.block(*((ann, bo) if by_ann else (bo, ann)), blocked=blocked)
        assert isinstance(put, BlockPut)
        if put.topic is not None:
            folded.apply(put.changes, seq=folded.head)
            folded.generation = put.generation
    assert desk.read.topic(topic) == folded
    desk.close()
