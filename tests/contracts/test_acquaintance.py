"""The ports: whom one finds, and what people show of themselves to those they know."""

import pytest

from protocol.contacts import PrivateCard
from protocol.entries import Side, Standing, TopicKind
from protocol.frames import MomentsDays, Preferences
from protocol.ids import PersonId, new_id
from server.store.contact_writes import AcceptRequest, DropContact, PutPrivateCard, PutRequest, RefuseRequest
from server.store.writes import Done, Founding, Post, SetPreferences
from server.topics import Stand
from tests.contracts.desk import NOON, Desk, draft, seat

WEEK = 7 * 86_400_000


def ask(desk: Desk, person: PersonId, contact: PersonId) -> None:
    desk.do(PutRequest(person=person, contact=contact, greeting=b"", at=NOON, until=NOON + WEEK, most=9, most_asked=9))


def befriend(desk: Desk, one: PersonId, other: PersonId) -> None:
    ask(desk, one, other)
    desk.do(AcceptRequest(person=other, contact=one, at=NOON, most=9))


def finds(desk: Desk, viewer: PersonId, handle: str = "ben", *, at: int = NOON) -> bool:
    return handle in [person.handle for person in desk.read.found(viewer, [handle], [], at=at)]


def sees(desk: Desk, viewer: PersonId, *persons: PersonId) -> list[bytes]:
    return [card.card for card in desk.read.private_cards(viewer, persons)]


@pytest.fixture
def ann(private_desk: Desk) -> PersonId:
    return private_desk.person("ann")


@pytest.fixture
def ben(private_desk: Desk) -> PersonId:
    """Somebody who does not want to be found, and has a card."""
    ben = private_desk.person("ben")
    private_desk.do(SetPreferences(person=ben, findable=False))
    private_desk.do(PutPrivateCard(person=ben, card=b"ben"))
    return ben


# Preferences.


def test_what_one_chooses_is_kept_and_the_rest_stays(private_desk: Desk, ann: PersonId) -> None:
    private_desk.do(SetPreferences(person=ann, moments_days=MomentsDays.A_MONTH))
    outcome = private_desk.do(SetPreferences(person=ann, findable=False, receipts=False))
    assert outcome == Preferences(receipts=False, presence=True, findable=False, moments_days=30)
    known = private_desk.read.credentials("ann")
    assert known is not None
    assert known.preferences == outcome


# Finding.


def test_who_wants_to_be_found_is_found_by_handle(private_desk: Desk, ann: PersonId, ben: PersonId) -> None:
    assert finds(private_desk, ben, "ann")
    assert not finds(private_desk, ann, "ben")
    private_desk.do(SetPreferences(person=ben, findable=True))
    assert finds(private_desk, ann, "ben")


def test_everybody_is_found_by_their_id_and_by_themselves(private_desk: Desk, ann: PersonId, ben: PersonId) -> None:
    assert [person.person for person in private_desk.read.found(ann, [], [ben], at=NOON)] == [ben]
    assert finds(private_desk, ben, "ben")


def test_each_is_found_once_by_handle_in_order(private_desk: Desk, ann: PersonId, ben: PersonId) -> None:
    found = private_desk.read.found(ben, ["ben", "ann", "nobody"], [ben, PersonId(new_id())], at=NOON)
    assert [person.person for person in found] == [ann, ben]


def test_whom_one_asks_one_finds_until_the_request_ends(private_desk: Desk, ann: PersonId, ben: PersonId) -> None:
    ask(private_desk, ann, ben)
    private_desk.do(RefuseRequest(person=ben, contact=ann, at=NOON))
    assert finds(private_desk, ann, at=NOON + WEEK - 1)
    assert not finds(private_desk, ann, at=NOON + WEEK)


def test_who_asks_one_is_found(private_desk: Desk, ann: PersonId, ben: PersonId) -> None:
    ask(private_desk, ben, ann)
    assert finds(private_desk, ann)


def test_a_contact_is_found_though_they_have_removed_one(private_desk: Desk, ann: PersonId, ben: PersonId) -> None:
    befriend(private_desk, ann, ben)
    private_desk.do(DropContact(person=ben, contact=ann, at=NOON))
    assert finds(private_desk, ann)


def test_whom_one_has_removed_one_does_not_find(private_desk: Desk, ann: PersonId, ben: PersonId) -> None:
    befriend(private_desk, ann, ben)
    private_desk.do(DropContact(person=ann, contact=ben, at=NOON))
    assert not finds(private_desk, ann)


def test_whom_one_has_a_chat_with_one_finds(private_desk: Desk, ann: PersonId, ben: PersonId) -> None:
    private_desk.chat(ben, ann)
    assert finds(private_desk, ann)


def test_a_chat_that_one_is_not_shown_helps_nobody_find(private_desk: Desk, ann: PersonId, ben: PersonId) -> None:
    founding = Founding(kind=TopicKind.CHAT, side=Side.PRIVATE, peers=(min(ann, ben), max(ann, ben)))
    private_desk.do(
        Post(
            topic=private_desk.new_topic(),
            generation=0,
            draft=draft(ben, hidden_from=ann),
            changes=(seat(ben),),
            founding=founding,
        )
    )
    assert not finds(private_desk, ann)


# Cards.


def test_a_card_is_its_owners_and_shown_to_friends(private_desk: Desk, ann: PersonId, ben: PersonId) -> None:
    assert sees(private_desk, ben, ben) == [b"ben"]
    assert sees(private_desk, ann, ben) == []
    befriend(private_desk, ann, ben)
    assert sees(private_desk, ann, ben) == [b"ben"]


@pytest.mark.parametrize("parted", [(0, 1), (1, 0)])
def test_who_is_no_friend_any_more_is_not_shown_it(
    private_desk: Desk, ann: PersonId, ben: PersonId, parted: tuple[int, int]
) -> None:
    befriend(private_desk, ann, ben)
    one, other = ((ann, ben)[each] for each in parted)
    private_desk.do(DropContact(person=one, contact=other, at=NOON))
    assert sees(private_desk, ann, ben) == []


def test_it_is_shown_to_members_of_the_same_private_group(private_desk: Desk, ann: PersonId, ben: PersonId) -> None:
    group = private_desk.group(ben, ann)
    assert sees(private_desk, ann, ben) == [b"ben"]
    private_desk.leave(group, ann)
    assert sees(private_desk, ann, ben) == []


def test_who_is_invited_to_a_group_is_no_member_of_it(private_desk: Desk, ann: PersonId, ben: PersonId) -> None:
    group = private_desk.group(ben)
    private_desk.post(group, None, Stand(person=ann, standing=Standing.INVITED))
    assert sees(private_desk, ann, ben) == []


def test_a_chat_is_no_group(private_desk: Desk, ann: PersonId, ben: PersonId) -> None:
    private_desk.chat(ann, ben)
    assert sees(private_desk, ann, ben) == []


@pytest.mark.parametrize("acquainted", ["friends", "in a group"])
def test_whom_its_owner_blocks_is_not_shown_it(
    private_desk: Desk, ann: PersonId, ben: PersonId, acquainted: str
) -> None:
    if acquainted == "friends":
        befriend(private_desk, ann, ben)
    else:
        private_desk.group(ben, ann)
    private_desk.block(ben, ann)
    assert sees(private_desk, ann, ben) == []
    assert sees(private_desk, ben, ben) == [b"ben"]


def test_cards_come_in_the_order_asked_each_once_and_an_empty_one_not_at_all(
    private_desk: Desk, ann: PersonId, ben: PersonId
) -> None:
    private_desk.group(ben, ann)
    private_desk.do(PutPrivateCard(person=ann, card=b"ann"))
    asked = (ben, PersonId(new_id()), ann, ben)
    assert private_desk.read.private_cards(ann, asked) == (
        PrivateCard(person=ben, card=b"ben"), PrivateCard(person=ann, card=b"ann"),
    )  # fmt: skip
    assert private_desk.do(PutPrivateCard(person=ben, card=b"")) == Done()
    assert sees(private_desk, ann, *asked) == [b"ann"]
