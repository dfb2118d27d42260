"""The plan of the town: who lives there, where they meet, what they say."""

from itertools import islice
from random import Random

import pytest

from benchmarks.town.people import LEAST_PEOPLE, MOST_PEOPLE, build
from benchmarks.town.turns import Sequel, pages, turns
from protocol.handles import normalise, skeleton
from server.handles import RESERVED

SIZES = (LEAST_PEOPLE, 13, 40, MOST_PEOPLE)


@pytest.mark.parametrize("people", SIZES)
def test_everybody_can_register(people: int) -> None:
    residents = build(people, 1).residents
    skeletons = {skeleton(normalise(resident.handle)) for resident in residents}
    assert len(skeletons) == people
    assert not skeletons & RESERVED
    assert all(8 <= len(resident.password) <= 256 for resident in residents)


@pytest.mark.parametrize("people", SIZES)
def test_all_kinds_of_place_are_there_and_no_two_are_called_the_same(people: int) -> None:
    town = build(people, 1)
    places = (*town.places, town.circle)
    assert len({place.name for place in places}) == len(places)
    assert all(len(set(place.members)) == len(place.members) for place in places)
    assert all(len(place.members) == 2 for place in places if place.is_chat)
    assert any(place.is_chat and len(town.tags(place)) == 2 for place in places)
    assert any(not place.is_chat and len(town.tags(place)) == 1 for place in places)
    assert len(town.places[0].members) > people // 2


@pytest.mark.parametrize("people", SIZES)
def test_each_trouble_befalls_other_people(people: int) -> None:
    town = build(people, 1)
    stricken = (*town.circle.members, *town.unlucky, *town.travellers)
    assert town.slow in town.circle.members[1:]
    assert town.unlucky
    assert town.travellers
    assert len(set(stricken)) == len(stricken)


def test_chinese_is_spoken_most() -> None:
    assert build(40, 1).tags(build(40, 1).places[0])[0] == "zh"


def test_the_same_seed_gives_the_same_town_and_another_seed_another() -> None:
    assert build(40, 1) == build(40, 1)
    assert build(40, 1) != build(40, 2)


def test_fewer_people_than_a_town_needs_are_refused() -> None:
    with pytest.raises(ValueError, match="at least"):
        build(LEAST_PEOPLE - 1, 1)


def test_the_same_chance_gives_the_same_talk_with_everything_in_it() -> None:
    town = build(40, 1)
    for place in town.places[:3]:
        first = list(islice(turns(town, place, Random(7)), 300))
        assert first == list(islice(turns(town, place, Random(7)), 300))
        assert {turn.sequel for turn in first} == set(Sequel)
        assert {turn.speaker.number for turn in first} <= set(place.members)


def test_in_a_chat_across_languages_each_speaks_their_own() -> None:
    town = build(40, 1)
    place = next(place for place in town.places if place.is_chat and len(town.tags(place)) == 2)
    spoken = {turn.speaker.language.tag for turn in islice(turns(town, place, Random(7)), 50)}
    assert spoken == set(town.tags(place))


def test_a_page_has_the_size_that_was_asked_for_and_fits_in_a_message() -> None:
    for language in {resident.language.tag: resident for resident in build(40, 1).residents}.values():
        for page in islice(pages(language, Random(7), least_bytes=24_000), 3):
            assert 24_000 <= len(page.encode()) <= 32_000
