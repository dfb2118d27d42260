"""The writer's and the reader's ports: accounts, devices, preferences, blocks, presence."""

import pytest

from protocol.frames import Device, Person, Preferences
from protocol.ids import DeviceId, PersonId, new_id
from server.store.base import Credentials, Failed, SignedPerson
from server.store.writes import (
    AddDevice,
    AddPerson,
    BlockPut,
    ChangePassword,
    DevicesRevoked,
    Done,
    RevokeDevice,
    SeeDevice,
    SetPreferences,
    Stale,
    Taken,
    TargetGone,
    TooMany,
)
from server.topics import SetBlock
from tests.contracts.desk import NOON, Desk, device, draft

# The public side knows people by their handles, and has none of this.
pytestmark = pytest.mark.parametrize("desk", ["on disk", "in memory"], indirect=True)

ALL = Preferences(receipts=True, presence=True)


def account(handle: str, skeleton: str | None = None) -> AddPerson:
    return AddPerson(
        person=PersonId(new_id()), handle=handle, skeleton=skeleton or handle, password="argon2", device=device("phone")
    )


def test_a_new_person_is_signed_in_and_can_sign_in(desk: Desk) -> None:
    ann = account("ann")
    assert desk.do(ann) == Done()
    assert desk.read.credentials("ann") == Credentials(
        person=ann.person, handle="ann", password="argon2", preferences=ALL
    )
    assert desk.read.signed(ann.device.digest) == SignedPerson(
        person=ann.person, handle="ann", device=ann.device.device, preferences=ALL
    )


def test_a_handle_is_given_once_and_so_is_what_looks_like_it(desk: Desk) -> None:
    outcomes = desk.commit(account("mill"), account("mill", "other"), account("mi11", "mill"))
    assert outcomes == [Done(), Taken(), Taken()]
    assert desk.read.credentials("mi11") is None


def test_who_is_not_there_is_not_found(desk: Desk) -> None:
    nobody = PersonId(new_id())
    assert desk.read.credentials("nobody") is None
    assert desk.read.signed(b"x" * 32) is None
    assert desk.read.people(["nobody"], [nobody]) == ()
    assert desk.read.devices(nobody, DeviceId(new_id())) == ()
    assert desk.read.chat(nobody, nobody).peer is None
    assert isinstance(desk.do(SetPreferences(person=nobody, receipts=True, presence=None)), Failed)


def test_devices_are_listed_oldest_first(desk: Desk) -> None:
    ann = account("ann")
    later = device("laptop", at=NOON + 5)
    desk.commit(ann, AddDevice(person=ann.person, password="argon2", device=later, most=2))
    desk.do(SeeDevice(device=later.device, at=NOON + 9))
    assert desk.read.devices(ann.person, later.device) == (
        Device(device=ann.device.device, name="phone", created_at=NOON, seen_at=NOON, current=False),
        Device(device=later.device, name="laptop", created_at=NOON + 5, seen_at=NOON + 9, current=True),
    )


def test_a_device_past_the_limit_or_with_an_old_password_is_not_added(desk: Desk) -> None:
    ann = account("ann")
    desk.do(ann)
    assert desk.do(AddDevice(person=ann.person, password="argon2", device=device(), most=1)) == TooMany()
    assert desk.do(AddDevice(person=ann.person, password="other", device=device(), most=9)) == Stale()
    assert desk.do(AddDevice(person=PersonId(new_id()), password="argon2", device=device(), most=9)) == Stale()
    assert len(desk.read.devices(ann.person, ann.device.device)) == 1


def test_a_new_password_signs_every_other_device_out_and_keeps_the_name_of_this_one(desk: Desk) -> None:
    ann = account("ann")
    other, new = device("laptop"), device("ignored", at=NOON + 1)
    desk.commit(ann, AddDevice(person=ann.person, password="argon2", device=other, most=9))
    change = ChangePassword(person=ann.person, old="argon2", new="new", device=new, replaces=ann.device.device)
    outcome = desk.do(change)
    assert isinstance(outcome, DevicesRevoked)
    assert set(outcome.devices) == {ann.device.device, other.device}
    assert desk.read.signed(ann.device.digest) is None
    assert [d.name for d in desk.read.devices(ann.person, new.device)] == ["phone"]
    found = desk.read.credentials("ann")
    assert found is not None
    assert found.password == "new"
    assert desk.do(change) == Stale()


def test_a_revoked_device_is_signed_out(desk: Desk) -> None:
    ann, bo = account("ann"), account("bo")
    desk.commit(ann, bo)
    device_id = ann.device.device
    assert desk.do(RevokeDevice(person=bo.person, device=device_id)) == TargetGone()
    assert desk.do(RevokeDevice(person=ann.person, device=device_id)) == DevicesRevoked((device_id,))
    assert desk.read.signed(ann.device.digest) is None
    assert desk.do(RevokeDevice(person=ann.person, device=device_id)) == TargetGone()


def test_a_preference_not_named_stays(desk: Desk) -> None:
    ann = desk.person("ann")
    off = Preferences(receipts=False, presence=True)
    assert desk.do(SetPreferences(person=ann, receipts=False, presence=None)) == off
    assert desk.do(SetPreferences(person=ann, receipts=None, presence=None)) == off
    found = desk.read.credentials("ann")
    assert found is not None
    assert found.preferences == off


def test_people_are_found_by_handle_and_by_id_each_once(desk: Desk) -> None:
    bo, ann = desk.person("bo"), desk.person("ann")
    both = (Person(person=ann, handle="ann"), Person(person=bo, handle="bo"))
    assert desk.read.people(["bo", "ann", "nobody"], [bo, bo]) == both
    assert desk.read.people([], [ann]) == both[:1]


def test_a_block_changes_the_chat_of_the_two_and_shows_in_both_directions(desk: Desk) -> None:
    ann, bo = desk.person("ann"), desk.person("bo")
    chat = desk.chat(ann, bo)
    put = desk.block(ann, bo)
    assert put == BlockPut(topic=chat, generation=2, changes=(SetBlock(person=ann, blocked=True),))
    mine, theirs = desk.read.chat(ann, bo), desk.read.chat(bo, ann)
    assert (mine.topic, mine.blocked, mine.blocked_by) == (chat, True, False)
    assert (theirs.topic, theirs.blocked, theirs.blocked_by) == (chat, False, True)
    state = desk.read.topic(chat)
    assert state is not None
    assert state.blockers == {ann}
    assert desk.read.blocks(ann) == (Person(person=bo, handle="bo"),)
    assert desk.read.blocks(bo) == ()


def test_a_block_put_twice_or_without_a_chat_changes_no_topic(desk: Desk) -> None:
    ann, bo, cy = desk.person("ann"), desk.person("bo"), desk.person("cy")
    chat = desk.chat(ann, bo)
    nothing = BlockPut(topic=None, generation=0, changes=())
    assert desk.block(ann, cy) == nothing
    assert desk.block(ann, bo, blocked=False) == nothing
    desk.block(ann, bo)
    assert desk.block(ann, bo) == nothing
    assert desk.generation(chat) == 2


@pytest.fixture
def friends(desk: Desk) -> tuple[PersonId, PersonId]:
    """Two who have both spoken in their chat."""
    ann, bo = desk.person("ann"), desk.person("bo")
    desk.say(desk.chat(ann, bo), bo)
    return ann, bo


def test_presence_shows_between_two_who_have_both_spoken(desk: Desk, friends: tuple[PersonId, PersonId]) -> None:
    ann, bo = friends
    cy = desk.person("cy")
    desk.chat(ann, cy)
    assert desk.read.watchable(ann, [cy, bo, bo, ann, PersonId(new_id())]) == (bo,)
    assert desk.read.watchable(bo, [ann]) == (ann,)
    assert desk.read.watchable(cy, [ann]) == ()


def test_presence_does_not_show_past_a_block_or_a_preference(desk: Desk, friends: tuple[PersonId, PersonId]) -> None:
    ann, bo = friends
    for one, other in ((ann, bo), (bo, ann)):
        desk.block(one, other)
        assert desk.read.watchable(ann, [bo]) == ()
        desk.block(one, other, blocked=False)
        desk.do(SetPreferences(person=one, receipts=None, presence=False))
        assert desk.read.watchable(ann, [bo]) == ()
        desk.do(SetPreferences(person=one, receipts=None, presence=True))
    assert desk.read.watchable(ann, [bo]) == (bo,)


def test_what_was_hidden_does_not_count_as_having_spoken(desk: Desk) -> None:
    ann, bo = desk.person("ann"), desk.person("bo")
    chat = desk.chat(ann, bo)
    desk.block(ann, bo)
    desk.post(chat, draft(bo, "unheard", hidden_from=ann))
    desk.block(ann, bo, blocked=False)
    assert desk.read.watchable(ann, [bo]) == ()
