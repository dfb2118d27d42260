"""The fourth act: it holds, and it would say so if it did not."""

from itertools import combinations
from pathlib import Path
from random import Random

import pytest

from benchmarks.neighbours.act import fourth_act
from benchmarks.neighbours.graph import NOTHING, Comment, Graph, Said, View
from benchmarks.neighbours.meeting import FAR, NEAR, acquaintances
from benchmarks.neighbours.play import SCENES
from benchmarks.neighbours.verdict import Look, Pushes, Row, mispushed, misseen, rows
from protocol.entries import Side
from protocol.moments import Choice, NoticeKind


@pytest.mark.slow
async def test_the_fourth_act_holds_and_tells_its_story_in_order(tmp_path: Path) -> None:
    told: list[str] = []
    report = await fourth_act(tmp_path, told.append, seed=1)
    assert report.faults == []
    assert told[1:-1] == list(SCENES)
    assert len(report.sights) == 19
    assert all(each.told == each.due and each.seen == each.seen_due and each.wrong == 0 for each in report.sights)
    assert sum(each.comments for each in report.sights) == sum(each.comments_due for each in report.sights) > 0
    assert sum(each.likes for each in report.sights) == sum(each.likes_due for each in report.sights) > 0
    assert report.fields()["holds"]


@pytest.mark.slow
async def test_a_moment_that_came_to_somebody_it_was_not_for_would_be_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reasons = Graph.reasons

    def one_more(graph: Graph, viewer: str, said: Said) -> list[str]:
        is_pair = (viewer, said.author) == ("grace", "li_wei")
        return [*reasons(graph, viewer, said), *(["they are not on speaking terms"] if is_pair else [])]

    monkeypatch.setattr(Graph, "reasons", one_more)
    report = await fourth_act(tmp_path, lambda _: None, seed=1)
    faults = "; ".join(report.faults)
    assert "roof, after the first moments, to grace, in the timeline: 1, not 0" in faults
    assert "roof: grace was told that it was said 1 times, not 0" in faults
    assert "roof, grace: look at it" in faults
    assert {each.what for each in report.sights if each.wrong} == {"roof"}


# The graph. Ann, ben and cai are friends of each other; dan is ann's.


@pytest.fixture
def graph() -> Graph:
    """They are friends, and nothing has been said."""
    graph = Graph()
    for one, other in (("ann", "ben"), ("ann", "cai"), ("ben", "cai"), ("ann", "dan")):
        graph.befriend(one, other)
    return graph


def says(graph: Graph, author: str, key: str = "it", **how: object) -> None:
    """Have somebody say something."""
    graph.roots[key] = Said(key=key, author=author, **how)  # type: ignore[arg-type]


def comments(graph: Graph, author: str, name: str, *, answers: str | None = None, selected: bool = False) -> None:
    """Have somebody comment on it."""
    graph.comments[name] = Comment(key=name, root="it", author=author, answers=answers, selected=selected)


def viewers(graph: Graph, key: str = "it") -> set[str]:
    """Return who sees something."""
    return {person for person in ("ann", "ben", "cai", "dan") if graph.sees(person, key)}


def readers(graph: Graph, name: str) -> set[str]:
    """Return who sees a comment."""
    return {person for person in ("ann", "ben", "cai", "dan") if graph.sees_comment(person, name)}


def test_friends_are_contacts_of_each_other_and_neither_blocks_the_other(graph: Graph) -> None:
    assert graph.friends_of("ann") == {"ben", "cai", "dan"}
    graph.blocks.add(("ben", "ann"))
    graph.contacts.remove(("ann", "cai"))
    assert graph.friends_of("ann") == {"dan"}
    assert graph.friends_of("cai") == {"ben"}


def test_a_moment_is_for_friends_or_some_of_them(graph: Graph) -> None:
    says(graph, "ann")
    says(graph, "ann", "some", only=frozenset({"ben"}))
    says(graph, "ann", "others", without=frozenset({"ben"}))
    says(graph, "ann", "nobody", only=frozenset())
    says(graph, "cai", "of a stranger", only=frozenset({"dan"}))
    assert viewers(graph) == {"ann", "ben", "cai", "dan"}
    assert viewers(graph, "some") == {"ann", "ben"}
    assert viewers(graph, "others") == {"ann", "cai", "dan"}
    assert viewers(graph, "nobody") == {"ann"}
    assert viewers(graph, "of a stranger") == {"cai"}


@pytest.mark.parametrize("reason", ["blocks", "hides_mine"])
def test_who_is_blocked_or_has_it_hidden_does_not_see_it(graph: Graph, reason: str) -> None:
    says(graph, "ann")
    getattr(graph, reason).add(("ann", "ben"))
    assert viewers(graph) == {"ann", "cai", "dan"}
    assert len(graph.reasons("ben", graph.roots["it"])) == 1


def test_what_somebody_does_not_want_to_be_shown_is_on_the_page_and_not_in_the_timeline(graph: Graph) -> None:
    says(graph, "ann")
    graph.hides_theirs.add(("ben", "ann"))
    view = graph.view("ben", "it")
    assert (view.timeline, view.page, view.shown, view.opens) == (0, 1, True, True)
    assert graph.audience("it") == {"cai", "dan"}


def test_what_is_public_is_for_all_and_in_the_timelines_of_friends(graph: Graph) -> None:
    says(graph, "cai", side=Side.PUBLIC)
    says(graph, "cai", "an article", side=Side.PUBLIC, is_article=True)
    assert viewers(graph) == viewers(graph, "an article") == {"ann", "ben", "cai", "dan"}
    assert [graph.view(person, "it").timeline for person in ("ann", "ben", "cai", "dan")] == [1, 1, 1, 0]
    assert graph.view("ann", "an article") == View(opens=True)


def test_a_comment_is_seen_by_friends_of_all_who_had_a_part_in_it(graph: Graph) -> None:
    says(graph, "ann")
    comments(graph, "ben", "first")
    comments(graph, "cai", "answer", answers="first")
    comments(graph, "dan", "of a stranger")
    assert readers(graph, "first") == readers(graph, "answer") == {"ann", "ben", "cai"}
    assert readers(graph, "of a stranger") == {"ann", "dan"}
    assert graph.view("dan", "it").comments == {"of a stranger"}


def test_a_like_is_seen_by_friends_of_who_likes_it_and_a_public_one_is_counted_only(graph: Graph) -> None:
    says(graph, "ann")
    says(graph, "ann", "a post", side=Side.PUBLIC)
    graph.likes |= {("it", "ben"), ("a post", "ben")}
    shown = {person: graph.view(person, "it") for person in ("ann", "ben", "dan")}
    assert [view.likers for view in shown.values()] == [{"ben"}, {"ben"}, frozenset()]
    assert [view.liked for view in shown.values()] == [False, True, False]
    assert (graph.view("dan", "a post").likes, graph.view("dan", "a post").likers) == (1, frozenset())


def test_what_is_deleted_goes_with_all_that_is_said_under_it(graph: Graph) -> None:
    says(graph, "ann")
    comments(graph, "ben", "first")
    comments(graph, "cai", "answer", answers="first")
    comments(graph, "cai", "another")
    assert graph.delete("first") == ["answer", "first"]
    assert graph.view("ann", "it").comments == {"another"}
    assert graph.delete("it") == ["another", "it"]
    assert graph.view("ann", "it") == NOTHING
    assert graph.reasons("ben", graph.roots["it"]) == ["it is deleted"]


@pytest.mark.parametrize(
    ("choice", "seen"), [(Choice.EVERYONE, {"ann", "ben", "cai", "dan"}), (Choice.OFF, {"ann", "ben"})]
)
def test_a_public_comment_is_shown_as_the_author_of_what_it_is_under_wants(
    graph: Graph, choice: Choice, seen: set[str]
) -> None:
    says(graph, "ann", side=Side.PUBLIC)
    comments(graph, "ben", "first", selected=True)
    graph.choices["it"] = choice
    assert readers(graph, "first") == seen


def test_of_selected_comments_those_are_shown_that_answer_selected_ones(graph: Graph) -> None:
    says(graph, "ann", side=Side.PUBLIC)
    comments(graph, "ben", "first")
    comments(graph, "cai", "answer", answers="first", selected=True)
    comments(graph, "cai", "another", selected=True)
    graph.choices["it"] = Choice.SELECTED
    assert readers(graph, "first") == {"ann", "ben"}
    assert readers(graph, "answer") == {"ann", "ben"}
    assert readers(graph, "another") == {"ann", "ben", "cai", "dan"}


def test_notices_are_of_ones_own_and_what_answers_one_is_an_answer(graph: Graph) -> None:
    says(graph, "ann")
    comments(graph, "ann", "first")
    comments(graph, "ben", "answer", answers="first")
    comments(graph, "ben", "another")
    graph.likes |= {("it", "ann"), ("it", "cai")}
    assert sorted(graph.notices("ann")) == [
        (NoticeKind.ANSWER, "ben", "it", "answer"),
        (NoticeKind.COMMENT, "ben", "it", "another"),
        (NoticeKind.LIKE, "cai", "it", ""),
    ]
    assert graph.notices("ben") == []
    graph.contacts.remove(("cai", "ann"))
    assert len(graph.notices("ann")) == 2


def test_neighbours_next_to_each_other_are_acquainted_and_those_across_the_yard_are_not() -> None:
    first, again, other = (acquaintances(12, Random(seed)) for seed in (1, 1, 2))
    assert first == again != other
    between = {frozenset(pair): min(abs(pair[0] - pair[1]), 12 - abs(pair[0] - pair[1])) for pair in first}
    assert len(between) == len(first)
    near = [pair for pair in combinations(range(12), 2) if min(pair[1] - pair[0], 12 - (pair[1] - pair[0])) <= NEAR]
    assert all(frozenset(pair) in between for pair in near)
    assert max(between.values()) == FAR


# Who saw what.

DUE = View(timeline=1, page=1, shown=True, opens=True, comments=frozenset({"first"}), counted=1)


def look(seen: View, *, due: View = DUE) -> Look:
    """Return one look of ben's at it."""
    return Look(when="now", due={("ben", "it"): due}, seen={("ben", "it"): seen})


def test_what_is_seen_as_it_is_due_is_no_fault() -> None:
    assert misseen([look(DUE), look(NOTHING, due=NOTHING)]) == []


@pytest.mark.parametrize(
    ("seen", "due", "fault"),
    [
        (View(), View(opens=True), "it, now, to ben, as a thread: False, not True"),
        (View(timeline=1), View(), "it, now, to ben, in the timeline: 1, not 0"),
        (View(page=2), View(page=1), "it, now, to ben, on the author's page: 2, not 1"),
        (View(shown=True), View(), "it, now, to ben, when asked for: True, not False"),
        (View(comments=frozenset({"b", "a"})), View(), "it, now, to ben, comments: a, b, not nothing"),
        (View(likers=frozenset({"cai"})), View(), "it, now, to ben, who likes it: cai, not nothing"),
        (View(likes=1), View(likes=2), "it, now, to ben, likes: 1, not 2"),
        (View(counted=1), View(), "it, now, to ben, comments counted: 1, not 0"),
        (View(liked=True), View(), "it, now, to ben, liked by themselves: True, not False"),
    ],
)
def test_what_is_seen_otherwise_is_a_fault(seen: View, due: View, fault: str) -> None:
    assert [(each.key, each.what) for each in misseen([look(seen, due=due)])] == [("it", fault)]


def test_something_that_nobody_said_is_a_fault() -> None:
    there = Look(when="now", due={}, seen={("ben", "unheard of"): View(timeline=1)})
    assert [each.key for each in misseen([there])] == ["unheard of"]


def test_pushes_that_are_missing_come_twice_or_to_somebody_else_are_faults() -> None:
    due, got = Pushes(), Pushes()
    due.told.update({("ben", "it"): 1, ("cai", "it"): 1})
    got.told.update({("ben", "it"): 2, ("dan", "it"): 1})
    due.stirred["ben", "it"] = 1
    due.noticed["ann"] = got.noticed["ann"] = got.noticed["ben"] = 1
    assert [fault.what for fault in mispushed(due, got)] == [
        "it: ben was told that it was said 2 times, not 1",
        "it: cai was told that it was said 0 times, not 1",
        "it: dan was told that it was said 1 times, not 0",
        "it: ben was told that its thread has changed 0 times, not 1",
        "ben was told of 1 notices, not 0",
    ]


def test_a_row_says_of_one_thing_who_was_told_who_sees_it_and_what_is_wrong() -> None:
    due, got = Pushes(), Pushes()
    due.told.update({("ben", "it"): 1, ("cai", "it"): 1})
    got.told["ben", "it"] = 1
    last = look(View(opens=True, likes=2), due=View(opens=True, likes=2, comments=frozenset({"first"})))
    wrong = [*misseen([last]), *mispushed(due, got)]
    assert rows([Said(key="it", author="ann")], {"it": "friends"}, last, due, got, wrong) == [
        Row(
            what="it",
            whom="friends",
            due=2,
            told=1,
            seen=1,
            seen_due=1,
            comments=0,
            comments_due=1,
            likes=2,
            likes_due=2,
            wrong=2,
        )
    ]
