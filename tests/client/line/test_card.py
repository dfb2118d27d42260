"""card show, card publish."""

import msgspec

from protocol.decisions import SubmissionState
from tests.client.fake_public import Ruling
from tests.client.line.conftest import Meet
from tests.client.line.lane import Lane


def test_a_card_is_published_and_shown(arrive: Meet, lane: Lane) -> None:
    alice, bob = arrive("alice"), arrive("bob")
    assert alice("card", "show").err.startswith("You have no public card")
    assert bob("card", "show", "alice").err == "alice has none.\n"
    lane.fake.public.rulings = [Ruling(labels=("new",))]
    ran = alice("card", "publish", "--name", "Ann", "--bio", "likes\ntea", "--yes")
    assert (ran.status, "far 2.1 (webhook)" in ran.err) == (0, True)
    assert bob("card", "show", "alice").lines == ["[public] alice", "Screen name: Ann", "likes", "tea", "[new]"]
    [card] = bob("card", "show", "alice", "--json").json
    assert (card["screen_name"], card["bio"], card["labels"]) == ("Ann", "likes\ntea", ["new"])
    assert alice("card", "publish", "--name", "Anne").status == 0  # Asked once.
    assert "Anne" in alice("card", "show").out


def test_a_card_says_something(arrive: Meet) -> None:
    assert arrive("alice")("card", "publish", "--yes").status == 2


def test_nobody_is_asked_means_nothing_is_published(arrive: Meet, lane: Lane) -> None:
    ran = arrive("alice")("card", "publish", "--name", "Ann")
    assert (ran.status, "Everybody who looks at it" in ran.err, lane.fake.public.cards) == (2, True, {})


def test_a_card_that_is_held_is_told(arrive: Meet, lane: Lane) -> None:
    lane.fake.public.rulings = [Ruling(SubmissionState.HELD)]
    ran = arrive("alice")("card", "publish", "--name", "Ann", "--yes")
    assert (ran.status, "Held until" in ran.err, "[public] your card" in ran.err) == (0, True, True)


def test_a_card_of_a_later_version_is_shown_as_so_many_bytes(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    alice("card", "publish", "--name", "Ann", "--yes")
    for person, card in lane.fake.public.cards.items():
        lane.fake.public.cards[person] = msgspec.structs.replace(card, body=b"\xc1")
    assert "(1 unreadable bytes)" in alice("card", "show").out
    assert alice("card", "show", "--json").json[0]["body_hex"] == "c1"
