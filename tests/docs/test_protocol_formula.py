"""The formula on docs/PROTOCOL.md, as it stands there, says what the model says, and what a server shows."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.contacts import ContactState
from protocol.ids import CommentId, MomentId, PersonId
from protocol.moments import Choice, DeleteComment
from tests.docs.page import PROTOCOL, Page
from tests.support import circles
from tests.support.circles import DAY_MS, Circles, Row
from tests.support.inline import InlineServer
from tests.support.squares import Square

NAMES = tuple(PersonId(name) for name in "abcd")
NOW = 40 * DAY_MS
SEEDS = st.integers(0, 1 << 32)


@dataclass(eq=False)
class Person:
    """Somebody, as the formula speaks of them."""

    contacts: set["Person"] = field(default_factory=set)
    blocks: set["Person"] = field(default_factory=set)
    hides_mine: set["Person"] = field(default_factory=set)
    hides_theirs: set["Person"] = field(default_factory=set)
    moments_days: int = 0


@dataclass(eq=False, kw_only=True)
class Entry:
    """Something said or liked, likewise."""

    kind: str
    author: Person
    at: int = 0
    is_gone: bool = False
    only: set[Person] | None = None
    without: set[Person] = field(default_factory=set)
    root: "Entry | None" = None
    answers: "Entry | None" = None
    run_by: set[Person] = field(default_factory=set)
    choice: str = ""
    selected: bool = False


Formula = Callable[[Person, Entry, int], bool]


@pytest.fixture(scope="module")
def written() -> dict[str, Any]:
    found: dict[str, Any] = {}
    exec(Page(PROTOCOL.read_text(encoding="utf-8")).blocks["who-sees-what"], found)
    return found


@pytest.fixture(scope="module")
def visible(written: dict[str, Any]) -> Formula:
    formula: Formula = written["visible"]
    return formula


@pytest.fixture
def server() -> Iterator[InlineServer]:
    server = InlineServer()
    yield server
    server.close()


@given(seed=SEEDS)
def test_of_moments_it_says_what_the_model_says(written: dict[str, Any], seed: int) -> None:
    model, people = acquainted(random.Random(seed))
    moments = {name: as_written(model.moments[name], people) for name in model.moments}
    for viewer, name in product(NAMES, moments):
        said, sees = model.moments[name], model.sees(viewer, name, NOW)
        assert written["visible"](people[viewer], moments[name], NOW) == sees
        assert written["in_timeline"](people[viewer], moments[name], NOW) == (said in model.timeline(viewer, NOW))


@given(seed=SEEDS)
def test_of_what_is_said_and_liked_under_them_likewise(visible: Formula, seed: int) -> None:
    model, people = acquainted(random.Random(seed))
    moments = {name: as_written(model.moments[name], people) for name in model.moments}
    comments: dict[CommentId, Entry] = {}
    for name, said in model.comments.items():
        comments[name] = Entry(
            kind="comment",
            author=people[said.author],
            root=moments[said.moment],
            answers=comments[said.answers] if said.answers is not None else None,
        )
    for viewer, name in product(NAMES, comments):
        assert visible(people[viewer], comments[name], NOW) == model.sees_comment(viewer, name, NOW)
    for viewer, (moment, by) in product(NAMES, model.likes):
        like = Entry(kind="like", author=people[by], root=moments[moment])
        assert visible(people[viewer], like, NOW) == model.sees_like(viewer, moment, by, NOW)


def acquainted(draw: random.Random) -> tuple[Circles, dict[PersonId, Person]]:
    """Return people who stand to each other in all ways, and said things to each other; and who they are."""
    model, people = Circles(), {name: Person(moments_days=draw.choice((0, 0, 3, 30))) for name in NAMES}
    for one, other in product(NAMES, NAMES):
        if one == other:
            continue
        state = draw.choice((*[ContactState.CONTACT] * 9, ContactState.ASKED, ContactState.NONE))
        row = Row(state=state, hides_mine=draw.random() < 0.1, hides_theirs=draw.random() < 0.2)
        model.rows[one, other] = row
        if draw.random() < 0.1:
            model.blocks.add((one, other))
            people[one].blocks.add(people[other])
        for wanted, held in (
            (row.state is ContactState.CONTACT, people[one].contacts),
            (row.hides_mine, people[one].hides_mine),
            (row.hides_theirs, people[one].hides_theirs),
        ):
            if wanted:
                held.add(people[other])
    model.days = {name: people[name].moments_days for name in NAMES}
    for number in range(4):
        moment = MomentId(f"m{number}")
        model.moments[moment] = circles.Moment(
            moment=moment,
            author=draw.choice(NAMES),
            at=NOW - draw.choice((0, 3 * DAY_MS, 3 * DAY_MS + 1, 31 * DAY_MS)),
            body=b"",
            only=draw.choice((None, None, frozenset(some(draw)))),
            without=frozenset(some(draw)) if draw.random() < 0.3 else frozenset(),
        )
        if draw.random() < 0.5:
            model.likes[moment, draw.choice(NAMES)] = NOW
    for number in range(8):
        moment = draw.choice(list(model.moments))
        there = [None, *(said.comment for said in model.comments.values() if said.moment == moment)]
        comment = CommentId(f"c{number}")
        model.comments[comment] = circles.Comment(
            comment=comment, moment=moment, author=draw.choice(NAMES), at=NOW, body=b"", answers=draw.choice(there)
        )
    return model, people


def some(draw: random.Random) -> list[PersonId]:
    return [name for name in NAMES if draw.random() < 0.5]


def as_written(said: circles.Moment, people: dict[PersonId, Person]) -> Entry:
    only = None if said.only is None else {people[name] for name in said.only}
    without = {people[name] for name in said.without}
    return Entry(kind="moment", author=people[said.author], at=said.at, only=only, without=without)


# What is public.


@pytest.mark.parametrize("seed", range(8))
def test_of_what_is_public_it_says_what_a_server_shows(server: InlineServer, visible: Formula, seed: int) -> None:
    draw, square = random.Random(seed), Square(server)
    callers = (square.ann, square.ben, square.cyd, square.eve)
    people = {caller.person: Person() for caller in callers}
    root = Entry(kind="post", author=people[square.ann.person], run_by={people[square.ann.person]})
    said: dict[CommentId, Entry] = {}
    for number in range(8):
        caller = draw.choice(callers)
        answers = draw.choice([None, *said])
        comment = square.says(caller, str(number), answers=answers)
        above = said[answers] if answers is not None else None
        said[comment] = Entry(kind="comment", author=people[caller.person], root=root, answers=above)
    for comment in draw.sample(list(said), 4):
        said[comment].selected = True
        square.selects(comment)
    gone = draw.choice(list(said))
    for deletes, choice in product((False, True), Choice):
        if deletes and not said[gone].is_gone:
            square.ann.do(DeleteComment, comment=gone)
            said[gone].is_gone = True
        root.choice = choice
        square.chooses(choice)
        for caller in callers:
            shown = {each.comment for each in square.thread(caller).comments}
            assert shown == {name for name, entry in said.items() if visible(people[caller.person], entry, NOW)}
