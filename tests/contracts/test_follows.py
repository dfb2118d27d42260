"""The ports: who follows what. The rows are a person's own; the counts are exact, in whatever order things come."""

from hypothesis import given
from hypothesis import strategies as st

from protocol.entries import Side
from protocol.following import Follow, FollowsReply
from protocol.ids import PersonId, TopicId, new_public_topic_id
from server.store.follow_writes import DropFollow, FollowDropped, FollowPut, PutFollow
from server.store.sqlite import SqliteStore
from server.store.writes import TooMany
from tests.contracts.desk import NOON, Desk

LANE, MARKET = TopicId("0lane00000000000"), TopicId("0market000000000")


def follow(
    desk: Desk, person: PersonId, account: TopicId = LANE, *, tag: str | None = None, muted: bool | None = None
) -> FollowPut:
    put = desk.do(PutFollow(person=person, account=account, tag=tag, muted=muted, at=NOON, most=3))
    assert isinstance(put, FollowPut), put
    return put


def unfollow(desk: Desk, person: PersonId, account: TopicId = LANE) -> FollowDropped:
    dropped = desk.do(DropFollow(person=person, account=account))
    assert isinstance(dropped, FollowDropped), dropped
    return dropped


def counted(desk: Desk, account: TopicId = LANE) -> tuple[int, dict[str, int]]:
    """Return how many follow an account, and how many of those have each tag."""
    figures = desk.read.figures(account, seq=None, since="1970-01-01")
    return figures.followers, figures.tags


# One's own.


def test_who_follows_nothing_follows_nothing(private_desk: Desk) -> None:
    ann = private_desk.person("ann")
    assert private_desk.read.follows(ann, None) == FollowsReply(mark=0, follows=())
    assert private_desk.read.followed(ann) == {}


def test_what_one_follows_is_told_in_the_order_one_began_to(private_desk: Desk) -> None:
    ann = private_desk.person("ann")
    follow(private_desk, ann, MARKET, tag="fish")
    last = follow(private_desk, ann, LANE, muted=True)
    lane = Follow(topic=LANE, at=NOON, muted=True)
    assert (last.follow, last.mark, last.changed) == (lane, 2, True)
    assert private_desk.read.follows(ann, 1).follows == (lane, Follow(topic=MARKET, at=NOON, tag="fish"))
    assert private_desk.read.followed(ann) == {LANE: "", MARKET: "fish"}


def test_who_knows_the_mark_is_told_nothing_but_that(private_desk: Desk) -> None:
    ann = private_desk.person("ann")
    mark = follow(private_desk, ann).mark
    assert private_desk.read.follows(ann, mark) == FollowsReply(mark=mark)


def test_none_leaves_how_one_follows_as_it_is(private_desk: Desk) -> None:
    ann = private_desk.person("ann")
    follow(private_desk, ann, tag="north", muted=True)
    same = follow(private_desk, ann)
    assert (same.follow.tag, same.follow.muted, same.mark, same.changed) == ("north", True, 1, False)
    assert follow(private_desk, ann, muted=False).follow == Follow(topic=LANE, at=NOON, tag="north")
    assert follow(private_desk, ann, tag="").follow == Follow(topic=LANE, at=NOON)


def test_following_again_changes_nothing_and_leaves_the_mark(private_desk: Desk) -> None:
    ann = private_desk.person("ann")
    first = follow(private_desk, ann, tag="north", muted=True)
    again = follow(private_desk, ann, tag="north", muted=True)
    assert (again.mark, again.changed) == (first.mark, False)


def test_every_change_raises_the_mark(private_desk: Desk) -> None:
    ann = private_desk.person("ann")
    marks = [
        follow(private_desk, ann).mark,
        follow(private_desk, ann, tag="north").mark,
        follow(private_desk, ann, muted=True).mark,
        unfollow(private_desk, ann).mark,
        follow(private_desk, ann).mark,
    ]
    assert marks == [1, 2, 3, 4, 5]


def test_unfollowing_what_one_does_not_follow_changes_nothing(private_desk: Desk) -> None:
    ann = private_desk.person("ann")
    assert unfollow(private_desk, ann) == FollowDropped(person=ann, account=LANE, mark=0, changed=False)
    assert counted(private_desk) == (0, {})


def test_one_may_follow_so_many_accounts_and_change_how_all_the_same(private_desk: Desk) -> None:
    ann = private_desk.person("ann")
    accounts = [new_public_topic_id() for _ in range(4)]
    for account in accounts[:3]:
        follow(private_desk, ann, account)
    write = PutFollow(person=ann, account=accounts[3], tag=None, muted=None, at=NOON, most=3)
    assert private_desk.do(write) == TooMany()
    assert follow(private_desk, ann, accounts[0], muted=True).changed
    unfollow(private_desk, ann, accounts[0])
    assert follow(private_desk, ann, accounts[3]).changed


# The counts.


def test_an_account_knows_how_many_follow_it_in_all_and_by_tag(private_desk: Desk) -> None:
    for number, tag in enumerate(["", "north", "north", "south"]):
        follow(private_desk, private_desk.person(f"p{number}"), tag=tag)
    assert counted(private_desk) == (4, {"north": 2, "south": 1})
    assert counted(private_desk, MARKET) == (0, {})


PEOPLE = tuple(PersonId(name * 16) for name in "abc")
ACTS = st.lists(
    st.tuples(
        st.sampled_from(PEOPLE),
        st.sampled_from([LANE, MARKET]),
        st.sampled_from(["drop", None, "", "north", "south"]),
        st.sampled_from([None, True, False]),
    ),
    max_size=25,
)


@given(acts=ACTS, batch=st.integers(1, 7))
def test_the_counts_are_those_of_the_rows_in_whatever_order_people_come_and_go(
    acts: list[tuple[PersonId, TopicId, str | None, bool | None]], batch: int
) -> None:
    desk = Desk(SqliteStore.in_memory(Side.PRIVATE))
    try:
        connection = desk.store._writer._connection  # type: ignore[attr-defined]
        for person in PEOPLE:
            row = (person, person, person, "", NOON)
            connection.execute(
                "INSERT INTO people (person, handle, skeleton, password, created_at) VALUES (?, ?, ?, ?, ?)", row
            )
        writes = [
            DropFollow(person=person, account=account)
            if tag == "drop"
            else PutFollow(person=person, account=account, tag=tag, muted=muted, at=NOON, most=2)
            for person, account, tag, muted in acts
        ]
        for begin in range(0, len(writes), batch):
            desk.commit(*writes[begin : begin + batch])
        for account in (LANE, MARKET):
            tags = [desk.read.followed(person)[account] for person in PEOPLE if account in desk.read.followed(person)]
            assert counted(desk, account) == (len(tags), {tag: tags.count(tag) for tag in set(tags) - {""}})
    finally:
        desk.close()
