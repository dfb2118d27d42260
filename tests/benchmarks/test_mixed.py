"""A day in the town is planned by its seed, all that is said in it is counted, and small chats are timed in it."""

from collections import defaultdict
from pathlib import Path

import pytest

from benchmarks.measurement import Measurement
from benchmarks.mixed.plan import LEAST_PEOPLE, TRAFFIC, draw
from protocol.limits import PRIVATE_GROUP_MEMBERS
from tests.support.measuring import measured, tables

KEYS = set(Measurement.__dataclass_fields__) - {"more"}


def test_the_same_seed_makes_the_same_town_and_another_seed_another() -> None:
    assert draw(200, seed=1) == draw(200, seed=1) != draw(200, seed=2)


@pytest.mark.parametrize("people", [LEAST_PEOPLE, 300, 5000])
def test_in_each_place_are_as_many_as_its_kind_allows_and_nobody_twice(people: int) -> None:
    for circle in draw(people, seed=3):
        least, most = circle.traffic.sizes(people)
        assert least <= len(circle.people) <= most
        assert len(set(circle.people)) == len(circle.people)
        assert set(circle.people) <= set(range(people))


def test_larger_groups_than_private_ones_may_be_are_public() -> None:
    sizes = {name: traffic.sizes(5000) for name, traffic in TRAFFIC.items()}
    assert sizes["private groups"] == (5, PRIVATE_GROUP_MEMBERS)
    assert sizes["public groups"] == (PRIVATE_GROUP_MEMBERS + 1, 5000)


@pytest.mark.parametrize("seed", range(5))
def test_whatever_the_seed_one_public_group_and_one_account_reach_everybody(seed: int) -> None:
    everybody = [circle.traffic.name for circle in draw(400, seed) if len(circle.people) == 400]
    assert {"public groups", "broadcasts"} <= set(everybody)


def test_most_groups_are_small_and_few_are_large() -> None:
    sizes = sorted(len(circle.people) for circle in draw(5000, seed=3) if circle.traffic.name == "private groups")
    assert sizes[len(sizes) // 2] < 15
    assert sizes[-1] > 150


def test_all_places_of_a_kind_say_together_what_the_kind_says() -> None:
    said: dict[str, float] = defaultdict(float)
    for circle in draw(1000, seed=3):
        said[circle.traffic.name] += circle.share
    assert said == pytest.approx({name: traffic.a_second for name, traffic in TRAFFIC.items()})


@pytest.mark.slow
def test_a_day_delivers_everything_that_is_said_once_and_times_the_same_chats_twice(tmp_path: Path) -> None:
    found = measured(tmp_path, "mixed", "--quick")
    assert all(set(each) >= KEYS and each["benchmark"] == "mixed" for each in found)
    chats, traffic = tables(found)
    alone, beside = chats
    assert (alone["chats"], beside["chats"]) == ("alone", "in the middle of the day")
    assert alone["deliveries"] == beside["deliveries"] > 0
    assert alone["deliveries/s beside"] == 0 < beside["deliveries/s beside"]
    assert alone["p99 beside alone"] == 1
    assert [each["traffic"] for each in traffic] == ["small chats", *TRAFFIC, "all of it"]
    for each in traffic:
        assert each["said"] > 0 == each["lost"] == each["duplicated"]
        assert each["deliveries"] >= each["said"] - each["held"]
        assert each["p50_ms"] <= each["p99_ms"]
    *kinds, whole = traffic
    assert whole["deliveries"] == sum(each["deliveries"] for each in kinds)
    assert whole["cpu_us_per_delivery"] > 0
