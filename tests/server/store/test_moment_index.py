"""What is hidden from somebody costs them nothing: a page takes as many steps of the store as if it were not there.

Steps are those of SQLite's machine, of which there are always as many for the same question about the same rows.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.entries import Side
from protocol.ids import MomentId, PersonId, new_id
from server.positions import SortKey
from server.store.circles import moment_visible
from server.store.moment_doctor import MOMENT_INVARIANTS
from server.store.moment_reading import PAGE_OF_ALL, PAGE_OF_ONE
from server.store.moment_writes import DropMoment, Narrow
from server.store.sqlite import SqliteStore
from tests.contracts.company import Company
from tests.contracts.desk import NOON, Desk

FRIENDS = 12
STEPS = 10  # Between two looks at the count.


@pytest.fixture
def company() -> Iterator[Company]:
    desk = Desk(SqliteStore.in_memory(Side.PRIVATE))
    yield Company(desk)
    desk.close()


def connection_of(company: Company) -> sqlite3.Connection:
    return company.desk.read._connection  # type: ignore[attr-defined,no-any-return]


def steps(company: Company, viewer: PersonId, *, limit: int = 20) -> int:
    """Return how many steps a page of `viewer`'s timeline takes."""
    taken = 0

    def count() -> None:
        nonlocal taken
        taken += STEPS

    connection_of(company).set_progress_handler(count, STEPS)
    company.desk.read.timeline(viewer, before=None, limit=limit, at=NOON)
    connection_of(company).set_progress_handler(None, 0)
    return taken


def crowd(company: Company) -> tuple[PersonId, list[PersonId]]:
    """Return somebody, and their friends, who do not know each other."""
    ann = company.person("ann")
    friends = [company.person(f"friend{number}") for number in range(FRIENDS)]
    for friend in friends:
        company.befriend(ann, friend)
    return ann, friends


Hides = Callable[[Company, PersonId, PersonId, int], MomentId]


def by_a_list(company: Company, author: PersonId, viewer: PersonId, number: int) -> MomentId:
    return company.moment(author, at=NOON + number, only=(author,))


def by_leaving_out(company: Company, author: PersonId, viewer: PersonId, number: int) -> MomentId:
    return company.moment(author, at=NOON + number, without=(viewer,))


def by_narrowing(company: Company, author: PersonId, viewer: PersonId, number: int) -> MomentId:
    moment = company.moment(author, at=NOON + number)
    company.desk.do(Narrow(moment=moment, author=author, only=None, without=(viewer,), most=9))
    return moment


def by_narrowing_to_a_list(company: Company, author: PersonId, viewer: PersonId, number: int) -> MomentId:
    moment = company.moment(author, at=NOON + number)
    company.desk.do(Narrow(moment=moment, author=author, only=(), without=(), most=9))
    return moment


def by_deleting(company: Company, author: PersonId, viewer: PersonId, number: int) -> MomentId:
    moment = company.moment(author, at=NOON + number)
    company.desk.do(DropMoment(moment=moment, author=author, at=NOON))
    return moment


@pytest.mark.parametrize("shown", [0, 3], ids=["nothing else", "among others"])
@pytest.mark.parametrize("hide", [by_a_list, by_leaving_out, by_narrowing, by_narrowing_to_a_list, by_deleting])
def test_ten_times_as_many_hidden_moments_take_no_more_steps(company: Company, hide: Hides, shown: int) -> None:
    ann, friends = crowd(company)
    for friend in friends:
        for number in range(shown):
            company.moment(friend, at=NOON + number)
        for number in range(4):
            hide(company, friend, ann, 10 + number)
    few = steps(company, ann)
    for friend in friends:
        for number in range(40):
            hide(company, friend, ann, 100 + number)
    page = company.desk.read.timeline(ann, before=None, limit=50, at=NOON).moments
    assert len(page) == shown * FRIENDS
    assert steps(company, ann) == pytest.approx(few, abs=5 * STEPS)  # Ids are of no order, and so are merged otherwise.


def test_a_page_costs_a_look_at_each_friend_and_what_it_shows_and_no_more_for_what_comes_after_it(
    company: Company,
) -> None:
    ann, friends = crowd(company)
    for friend in friends:
        for number in range(3):
            company.moment(friend, at=NOON + number)
    few = steps(company, ann)
    for friend in friends:
        for number in range(60):
            company.moment(friend, at=NOON + 10 + number)
    assert steps(company, ann) == pytest.approx(few, abs=2 * STEPS)


def test_strangers_and_what_they_say_cost_nothing(company: Company) -> None:
    ann, friends = crowd(company)
    company.moment(friends[0])
    few = steps(company, ann)
    strangers = company.people(*(f"stranger{number}" for number in range(FRIENDS)))
    for stranger in strangers:
        company.moment(stranger)
    assert steps(company, ann) == pytest.approx(few, abs=5 * STEPS)  # Ids are of no order, and so are merged otherwise.


@pytest.mark.parametrize("page", [PAGE_OF_ALL, PAGE_OF_ONE], ids=["of all", "of one"])
def test_all_is_sought_in_an_index_and_what_is_only_compared_is_answered_from_it(company: Company, page: str) -> None:
    asked = {"viewer": "v", "author": "a", "now": 0, "before": 0, "before_id": "", "limit": 1}
    plan = [row[3] for row in connection_of(company).execute(f"EXPLAIN QUERY PLAN {page}", asked)]
    tables = ("x", "m", "p", "k", "l", "c", "contacts", "blocks", "withheld", "people")
    assert [line for line in plan if line.split()[0] == "SCAN" and line.split()[1] in tables] == []
    merging = [line for line in plan if line.startswith("SEARCH x ") and "moments_of" in line]
    assert merging
    assert [line for line in merging if "COVERING" not in line or "reach=?" not in line] == []


# Whatever is done, what the index finds is what the formula says, and the doctor has nothing to say.


@given(seed=st.integers(0, 1 << 32))
def test_pages_are_what_the_formula_says_of_each_moment_alone(seed: int) -> None:
    chance = Random(seed)
    with closing(Desk(SqliteStore.in_memory(Side.PRIVATE))) as desk:
        company = Company(desk)
        people = company.people("ann", "ben", "cyd", "dan")
        now, there = NOON, []
        for _ in range(25):
            now += chance.choice([0, 0, 1, 5])
            author = chance.choice(people[:2])
            some = tuple(chance.sample(people, chance.randint(0, 3)))
            match chance.choice(["all", "without", "without", "only", "narrow", "delete"]):
                case "all":
                    there.append((author, company.moment(author, at=now)))
                case "without":
                    there.append((author, company.moment(author, at=now, without=some)))
                case "only":
                    there.append((author, company.moment(author, at=now, only=some, without=tuple(people[2:3]))))
                case "narrow" if there:
                    author, moment = chance.choice(there)
                    only = some if chance.random() < 0.3 else None
                    desk.do(Narrow(moment=moment, author=author, only=only, without=some[:2], most=9))
                case "delete" if there:
                    author, moment = there.pop(chance.randrange(len(there)))
                    desk.do(DropMoment(moment=moment, author=author, at=now))
        for viewer in people:
            visible = f"SELECT m.moment FROM moments AS m WHERE {moment_visible()} ORDER BY m.at DESC, m.moment DESC"
            rows = connection_of(company).execute(visible, {"viewer": viewer, "now": now}).fetchall()
            for limit in (1, 3):
                assert pages(company, viewer, limit=limit, at=now) == [row[0] for row in rows]
        for invariant in MOMENT_INVARIANTS:
            assert connection_of(company).execute(invariant.sql).fetchall() == [], invariant.sentence


def pages(company: Company, viewer: PersonId, *, limit: int, at: int) -> list[str]:
    """Return the moments of `viewer`'s timeline, read in pages of `limit`."""
    shown: list[str] = []
    before: SortKey | None = None
    while page := company.desk.read.timeline(viewer, before=before, limit=limit, at=at).moments:
        shown += [str(moment.moment) for moment in page]
        before = SortKey(page[-1].at, shown[-1])
    return shown


def test_being_left_out_of_many_in_a_row_is_one_row_however_it_came_to_be(company: Company) -> None:
    ann, ben = company.people("ann", "ben")
    moments = [company.moment(ann, at=NOON + number) for number in range(9)]
    shuffled = Random(7).sample(moments, len(moments))
    for moment in shuffled:
        company.desk.do(Narrow(moment=moment, author=ann, only=None, without=(ben,), most=9))
    company.moment(ann, at=NOON + 20, without=(ben,))
    rows = connection_of(company).execute("SELECT person, author, since, until FROM withheld").fetchall()
    assert rows == [(ben, ann, NOON, NOON + 20)]


def test_who_is_named_need_not_exist(company: Company) -> None:
    ann, ben = company.people("ann", "ben")
    odd = PersonId('"' + new_id()[1:])
    hidden, shown = company.moment(ann, only=(odd,)), company.moment(ann, without=(odd,))
    assert company.desk.read.moment(ben, hidden, at=NOON) is None
    assert company.desk.read.moment(ben, shown, at=NOON) is not None
    assert pages(company, ben, limit=5, at=NOON) == [shown]
