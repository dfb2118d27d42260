"""Finding people, what one chooses that others learn of one, and private cards."""

from typing import Any

import pytest

from protocol.contacts import AcceptContact, AskContact, PrivateCard, PrivateCards, RemoveContact, SetPrivateCard
from protocol.frames import Block, MomentsDays, People, Preferences, PreferencesPush, Resume, SetPreferences
from protocol.ids import PersonId, new_id
from protocol.limits import PRIVATE_CARD_BYTES
from tests.support.inline import Caller, InlineServer


def found(caller: Caller, *handles: str, persons: tuple[PersonId, ...] = ()) -> list[str]:
    """Return whom somebody finds by these handles and ids."""
    return [person.handle for person in caller.do(People, handles=handles, persons=persons).people]


def cards(caller: Caller, *persons: PersonId) -> tuple[PrivateCard, ...]:
    return caller.do(PrivateCards, persons=persons).cards


# Preferences.


def test_one_can_be_found_and_shows_all_moments_until_one_chooses_otherwise(server: InlineServer) -> None:
    ann = server.register("ann")
    preferences = server.connect().do(Resume, token=ann.token).preferences
    assert preferences == Preferences(receipts=True, presence=True, findable=True, moments_days=0)


@pytest.mark.parametrize("choice", [{"findable": False}, *({"moments_days": days} for days in MomentsDays)], ids=str)
def test_what_one_chooses_is_told_to_the_other_devices_and_kept(server: InlineServer, choice: dict[str, Any]) -> None:
    ann = server.register("ann")
    tablet = server.login("ann")
    ann.do(SetPreferences, **choice)
    chosen = Preferences(**{"receipts": True, "presence": True} | choice)
    assert tablet.pushes() == [PreferencesPush(preferences=chosen)]
    assert server.connect().do(Resume, token=ann.token).preferences == chosen


@pytest.mark.parametrize("days", [1, -3, 365])
def test_moments_are_shown_for_one_of_a_few_times(server: InlineServer, days: Any) -> None:
    refusal = server.register("ann").refusal(SetPreferences, moments_days=days)
    assert (refusal.code, refusal.field) == ("bad_request", "moments_days")


# Finding.


def test_who_does_not_want_to_be_found_looks_like_nobody(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    ben.do(SetPreferences, findable=False)
    assert found(ann, "ben") == found(ann, "nobody") == []
    assert found(ben, "ann", "ben") == ["ann", "ben"]
    assert found(ann, persons=(ben.person,)) == ["ben"]


def test_a_contact_and_who_is_asked_are_found_all_the_same(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    ben.do(SetPreferences, findable=False)
    ann.do(AskContact, person=ben.person)
    assert found(ann, "ben") == ["ben"]
    ben.do(AcceptContact, person=ann.person)
    ben.do(RemoveContact, person=ann.person)
    assert found(ann, "ben") == ["ben"]


@pytest.mark.parametrize("blocks", [False, True])
def test_a_block_shows_in_nobodys_finding(server: InlineServer, *, blocks: bool) -> None:
    ann, ben = server.people("ann", "ben")
    ben.do(SetPreferences, findable=False)
    if blocks:
        ben.do(Block, person=ann.person)
    before = found(ann, "ben")
    ann.do(AskContact, person=ben.person)
    assert (before, found(ann, "ben")) == ([], ["ben"])


# Cards.


def test_a_card_is_shown_to_friends_and_to_oneself(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    ben.do(SetPrivateCard, card=b"Ben from the bakery")
    card = PrivateCard(person=ben.person, card=b"Ben from the bakery")
    assert cards(ann, ben.person) == cards(ann, PersonId(new_id())) == ()
    ann.do(AskContact, person=ben.person)
    assert cards(ann, ben.person) == ()
    ben.do(AcceptContact, person=ann.person)
    assert cards(ann, ben.person, ann.person) == cards(ben, ben.person) == (card,)


def test_a_card_is_shown_in_private_groups_and_not_in_public_ones(server: InlineServer) -> None:
    ann, ben, cyd = server.people("ann", "ben", "cyd")
    ann.do(SetPrivateCard, card=b"Ann")
    server.group(ann, ben)
    server.lane(ann, cyd)
    assert [card.card for card in cards(ben, ann.person)] == [b"Ann"]
    assert cards(cyd, ann.person) == ()


def test_an_empty_card_is_none(server: InlineServer) -> None:
    ann = server.register("ann")
    ann.do(SetPrivateCard, card=b"Ann")
    ann.do(SetPrivateCard, card=b"")
    assert cards(ann, ann.person) == ()


def test_a_card_is_not_as_long_as_one_likes(server: InlineServer) -> None:
    refusal = server.register("ann").refusal(SetPrivateCard, card=bytes(PRIVATE_CARD_BYTES + 1))
    assert (refusal.code, refusal.field) == ("bad_request", "card")
