"""The third act: it holds, and it would say so if it did not."""

from datetime import UTC, datetime
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest

from benchmarks.press.act import noon, third_act
from benchmarks.press.graph import Graph, Step, first_steps, second_thoughts
from benchmarks.press.play import SCENES
from benchmarks.press.verdict import Broadcast, Delivery, Heard, deliveries, faults
from protocol.ids import Seq, TopicId

READERS = tuple(f"reader-{number}" for number in range(30))
TAGS = {"daily": (), "garden": ("菜谱", "花草")}
PLACE = (TopicId("0garden"), Seq(7))


@pytest.mark.slow
async def test_the_third_act_holds_and_tells_its_story_in_order(tmp_path: Path) -> None:
    told: list[str] = []
    report = await third_act(tmp_path, told.append, seed=1)
    assert report.faults == []
    assert told[1:-1] == list(SCENES)
    assert len(report.deliveries) == 8
    assert all(each.due == each.live + each.later > 0 and each.wrong == 0 for each in report.deliveries)
    assert any(each.later for each in report.deliveries)
    assert any(each.blank for each in report.deliveries)
    assert report.fields()["holds"]


@pytest.mark.slow
async def test_a_card_that_came_to_somebody_it_was_not_for_would_be_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = Graph.take

    def forget_one(graph: Graph, step: Step) -> None:
        if step.reader != "li_wei":
            take(graph, step)

    monkeypatch.setattr(Graph, "take", forget_one)
    report = await third_act(tmp_path, lambda _: None, seed=2)
    assert any("li_wei got the card on the wire 1 times, not 0" in fault for fault in report.faults)
    assert any(each.wrong for each in report.deliveries)


@pytest.mark.parametrize("hour", range(24))
def test_it_is_always_about_noon_where_the_act_is_played(hour: int) -> None:
    there = datetime(2026, 3, 31, hour, 59, tzinfo=UTC).astimezone(ZoneInfo(noon(hour)))
    assert there.hour == 12


# The graph.


def test_the_same_seed_gives_the_same_graph() -> None:
    first, again, other = (first_steps(READERS, TAGS, Random(seed)) for seed in (1, 1, 2))
    assert first == again != other


def test_at_first_some_follow_some_do_not_some_are_muted_and_tags_are_those_of_the_account() -> None:
    steps = first_steps(READERS, TAGS, Random(1))
    assert all(step.follows and step.tag in {"", *TAGS[step.account]} for step in steps)
    assert {step.muted for step in steps} == {True, False}
    assert {step.tag for step in steps} == {"", "菜谱", "花草"}
    assert all(0 < sum(step.account == account for step in steps) < len(READERS) for account in TAGS)


def test_who_follows_has_second_thoughts_and_who_does_not_begins_to() -> None:
    graph, chance = Graph(), Random(1)
    for reader in READERS[:15]:
        graph.take(Step(reader=reader, account="daily"))
    for _ in range(10):
        followers = graph.followers("daily")
        steps = second_thoughts(graph, READERS, "daily", (), chance)
        assert all(step.follows is (step.reader not in followers) for step in steps)
        for step in steps:
            graph.take(step)


def test_a_broadcast_to_a_tag_is_for_those_who_chose_it() -> None:
    graph = Graph()
    for reader, tag in (("ann", "菜谱"), ("ben", "花草"), ("cai", "")):
        graph.take(Step(reader=reader, account="garden", tag=tag))
    assert graph.audience("garden", "菜谱") == {"ann"}
    assert graph.audience("garden", "") == {"ann", "ben", "cai"}
    assert graph.by_tag("garden") == {"菜谱": 1, "花草": 1}


def test_who_follows_again_has_the_last_tag_and_who_unfollows_has_none() -> None:
    graph = Graph()
    graph.take(Step(reader="ann", account="garden", tag="菜谱"))
    graph.take(Step(reader="ann", account="garden", tag="花草", muted=True))
    assert graph.followed_by("ann") == {("garden", "花草", True)}
    assert graph.muted() == 1
    graph.take(Step(reader="ann", account="garden", follows=False))
    graph.take(Step(reader="ben", account="garden", follows=False))
    assert graph.followers("garden") == frozenset()


# Who got what.


def broadcast(*, away: frozenset[str] = frozenset()) -> Broadcast:
    """Return one that is for Ann; Ben follows under another tag, and Cai does not."""
    return Broadcast(
        what="tomatoes", place=PLACE, tag="菜谱", due=frozenset({"ann"}), others=frozenset({"ben"}), away=away
    )


def everybody() -> dict[str, Heard]:
    """Return what has come when all is as it should be."""
    heard = {reader: Heard() for reader in ("ann", "ben", "cai")}
    heard["ann"].wire[PLACE] = heard["ann"].feed[PLACE] = heard["ben"].blanks[PLACE] = 1
    return heard


def test_a_card_to_whom_it_is_for_and_a_number_to_the_others_are_no_fault() -> None:
    heard = everybody()
    assert faults([broadcast()], heard) == []
    row = Delivery(what="tomatoes", tag="菜谱", due=1, live=1, later=0, blank=1, wrong=0)
    assert deliveries([broadcast()], heard) == [row]


def test_who_is_away_gets_it_later_and_not_on_the_wire() -> None:
    heard = everybody()
    heard["ann"].wire.clear()
    assert faults([broadcast(away=frozenset({"ann"}))], heard) == []
    (row,) = deliveries([broadcast(away=frozenset({"ann"}))], heard)
    assert (row.live, row.later) == (0, 1)


@pytest.mark.parametrize(
    ("reader", "times", "fault"),
    [
        ("ann", 0, "tomatoes: ann got the card on the wire 0 times, not 1"),
        ("ann", 2, "tomatoes: ann got the card on the wire 2 times, not 1"),
        ("ben", 1, "tomatoes: ben got the card on the wire 1 times, not 0"),
        ("cai", 1, "tomatoes: cai got the card on the wire 1 times, not 0"),
    ],
)
def test_a_card_that_is_missing_comes_twice_or_to_somebody_else_is_a_fault(reader: str, times: int, fault: str) -> None:
    heard = everybody()
    heard[reader].wire[PLACE] = times
    assert faults([broadcast()], heard) == [fault]
    assert [row.wrong for row in deliveries([broadcast()], heard)] == [1]


def test_a_number_to_somebody_who_does_not_follow_is_a_fault() -> None:
    heard = everybody()
    heard["cai"].blanks[PLACE] = 1
    assert faults([broadcast()], heard) == ["tomatoes: cai got the number without a card 1 times, not 0"]


def test_a_card_that_nobody_broadcast_is_a_fault() -> None:
    heard = everybody()
    heard["cai"].feed[TopicId("0garden"), Seq(8)] = 1
    assert faults([broadcast()], heard) == ["cai got 8 of 0garden, which nobody broadcast"]
