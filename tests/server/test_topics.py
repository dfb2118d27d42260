"""The fold over changes: the same in memory as in the store, whatever the changes are."""

from contextlib import closing

from hypothesis import example, given
from hypothesis import strategies as st

from protocol.entries import Role, Side, Standing, TopicKind
from protocol.ids import PersonId, Seq, TopicId, new_id
from server.store import writes
from server.store.writes import Founding, Post, Posted, PutBlock
from server.topics import MAY, Act, Change, Mute, SetLink, SetName, SetNotice, Stand, TopicState, may
from tests.support.inline import InlineServer

PEOPLE = 3
_who = st.integers(0, PEOPLE - 1)
_stand = st.tuples(st.sampled_from(Standing), st.sampled_from(Role), st.none() | st.integers(1, 9))


def test_rank_decides_towards_whom() -> None:
    assert may(Role.OWNER, Act.REMOVE, towards=Role.ADMIN)
    assert may(Role.ADMIN, Act.REMOVE, towards=Role.MEMBER)
    assert not may(Role.ADMIN, Act.REMOVE, towards=Role.ADMIN)
    assert not may(Role.MEMBER, Act.INVITE, towards=Role.MEMBER)


def test_who_may_more_may_all_that_others_may() -> None:
    assert MAY[Role.MEMBER] < MAY[Role.ADMIN] < MAY[Role.OWNER] == set(Act)


def test_a_chat_with_oneself_has_oneself_as_peer() -> None:
    one = PersonId("one")
    state = TopicState(
        topic=TopicId("x"), kind=TopicKind.CHAT, side=Side.PRIVATE, generation=0, head=Seq(0), nth=0, members={},
        peers=(one, one),
    )  # fmt: skip
    assert state.peer_of(one) == one


@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("stand"), _who, _stand),
            st.tuples(st.just("go"), _who, st.none()),
            st.tuples(st.just("mute"), st.none() | _who, st.integers(0, 99)),
            st.tuples(st.just("link"), _who, st.none() | st.binary(min_size=32, max_size=32)),
            st.tuples(st.just("name"), _who, st.binary(max_size=5)),
            st.tuples(st.just("notice"), _who, st.binary(max_size=5)),
        ),
        max_size=15,
    )
)
@example(
    steps=[
        ("stand", 0, (Standing.INVITED, Role.MEMBER, None)),
        ("mute", 0, 1),
        ("stand", 0, (Standing.MEMBER, Role.MEMBER, None)),
    ]
)
def test_memory_and_store_fold_changes_alike(steps: list[tuple[str, int | None, object]]) -> None:
    with closing(InlineServer()) as server:
        people = [caller.person for caller in server.people("ann", "ben", "cyd")]
        writer, reader = server.store.writer(), server.reads.reader
        topic = TopicId(new_id())
        founding = Founding(kind=TopicKind.GROUP, side=Side.PRIVATE)
        begun = Post(topic=topic, generation=0, draft=None, changes=(SetName(name=b""),), founding=founding)
        writer.commit([begun])
        state = reader.topic(topic)
        assert state is not None
        for what, who, value in steps:
            change = _change(what, None if who is None else people[who], value)
            (posted,) = writer.commit([Post(topic=topic, generation=state.generation, draft=None, changes=(change,))])
            assert isinstance(posted, Posted)
            state.apply((change,), seq=state.head)
            state.generation = posted.generation
            stored = reader.topic(topic)
            assert stored is not None
            assert _told(state) == _told(stored)


def _told(state: TopicState) -> tuple[object, ...]:
    return (state.members, state.generation, state.head, state.nth, state.silenced_until, state.link, state.blockers)


def _change(what: str, person: PersonId | None, value: object) -> Change:
    match what, value:
        case "stand", (Standing() as standing, Role() as role, int() | None as start):
            assert person is not None
            return Stand(person=person, standing=standing, role=role, start=None if start is None else Seq(start))
        case "mute", int(until):
            return Mute(person=person, until=until)
        case "link", bytes() | None as digest:
            return SetLink(digest=digest)
        case "name", bytes(name):
            return SetName(name=name)
        case "notice", bytes(notice):
            return SetNotice(notice=notice)
        case _:
            assert person is not None
            return Stand(person=person, standing=None)


def test_a_block_put_in_memory_is_the_one_in_the_store(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic = server.chat(ann, ben)
    for blocked in (True, False):
        (outcome,) = server.store.writer().commit(
            [PutBlock(person=ann.person, other=ben.person, blocked=blocked, at=0)]
        )
        assert isinstance(outcome, writes.BlockPut)
        server.hub.committed(outcome)
        assert server.rooms.get(topic) == server.reads.reader.topic(topic)
