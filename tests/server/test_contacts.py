"""Contacts: who is told what when people ask, answer and part; and what each of them keeps to themselves."""

from typing import Any

import pytest

from protocol.contacts import (
    AcceptContact,
    AskContact,
    Contact,
    ContactPush,
    ContactReply,
    Contacts,
    ContactState,
    HideContact,
    RefuseContact,
    RemarkContact,
    RemoveContact,
    WithdrawContact,
)
from protocol.frames import Block, Unblock
from protocol.ids import PersonId, new_id
from protocol.limits import CONTACTS_SHOWN
from server.chores import LOOK_EVERY_S
from server.handlers import contacts as handlers
from tests.support.inline import Caller, InlineServer

NONE, ASKED, ASKING, CONTACT = ContactState
OPERATIONS: dict[Any, dict[str, Any]] = {
    AskContact: {},
    WithdrawContact: {},
    AcceptContact: {},
    RefuseContact: {},
    RemoveContact: {},
    RemarkContact: {"remark": b"x"},
    HideContact: {"mine": True},
}


@pytest.fixture
def ann(server: InlineServer) -> Caller:
    return server.register("ann")


@pytest.fixture
def ben(server: InlineServer) -> Caller:
    return server.register("ben")


def told(caller: Caller) -> list[tuple[str, ContactState]]:
    """Return how whom stands to somebody, as they have been told since the last time."""
    return [(push.contact.handle, push.contact.state) for push in caller.pushes() if isinstance(push, ContactPush)]


def known(caller: Caller) -> dict[str, ContactState]:
    """Return how whom stands to somebody, as they read it."""
    return {contact.handle: contact.state for contact in caller.do(Contacts).contacts}


def befriend(one: Caller, other: Caller) -> None:
    one.do(AskContact, person=other.person)
    other.do(AcceptContact, person=one.person)
    for caller in (one, other):
        caller.collect()


# Who is told.


def test_who_is_asked_is_told_who_asks_with_their_greeting(ann: Caller, ben: Caller) -> None:
    reply = ann.do(AskContact, person=ben.person, greeting=b"hi")
    week_on = ann.server.clock.ms + handlers.ASKED_MS
    asking = Contact(
        person=ann.person, handle="ann", state=ASKING, at=ann.server.clock.ms, until=week_on, greeting=b"hi"
    )
    assert ben.pushes() == [ContactPush(contact=asking, mark=1)]
    assert (reply.contact.state, reply.contact.until, reply.mark) == (ASKED, week_on, 1)


def test_who_asked_is_told_that_they_are_contacts(ann: Caller, ben: Caller) -> None:
    ann.do(AskContact, person=ben.person)
    ben.do(AcceptContact, person=ann.person)
    assert told(ann) == [("ben", CONTACT)]
    assert known(ann) == {"ben": CONTACT}
    assert known(ben) == {"ann": CONTACT}


@pytest.mark.parametrize("ending", [RefuseContact, RemoveContact, Block])
def test_who_is_refused_removed_or_blocked_is_told_nothing(ann: Caller, ben: Caller, ending: type) -> None:
    ann.do(AskContact, person=ben.person)
    if ending is RemoveContact:
        ben.do(AcceptContact, person=ann.person)
    before = known(ann)
    ann.collect()
    ben.do(ending, person=ann.person)
    assert ann.collect() == []
    assert known(ann) == before


def test_who_withdraws_takes_the_request_from_the_other_ones_list(ann: Caller, ben: Caller) -> None:
    ann.do(AskContact, person=ben.person)
    ben.collect()
    ann.do(WithdrawContact, person=ben.person)
    assert told(ben) == [("ann", NONE)]
    assert ben.refused(AcceptContact, person=ann.person) == "not_found"


def test_ones_other_devices_are_told_of_everything_and_the_one_that_asked_of_nothing(
    server: InlineServer, ann: Caller, ben: Caller
) -> None:
    tablet = server.login("ann")
    replies: list[ContactReply] = [
        ann.do(AskContact, person=ben.person),
        ann.do(RemarkContact, person=ben.person, remark=b"work"),
        ann.do(HideContact, person=ben.person, theirs=True),
        ann.do(WithdrawContact, person=ben.person),
    ]
    assert tablet.pushes() == [ContactPush(contact=reply.contact, mark=reply.mark) for reply in replies]
    assert ann.pushes() == []


@pytest.mark.parametrize("shape", OPERATIONS)
def test_what_changes_nothing_tells_nobody(server: InlineServer, ann: Caller, ben: Caller, shape: Any) -> None:
    tablet = server.login("ann")
    ann.do(AskContact, person=ben.person)
    if shape in {AcceptContact, RefuseContact}:
        ben.do(AskContact, person=ann.person)
    elif shape is RemoveContact:
        ben.do(AcceptContact, person=ann.person)
    first = ann.do(shape, person=ben.person, **OPERATIONS[shape])
    for caller in (ann, ben, tablet):
        caller.collect()
    assert ann.do(shape, person=ben.person, **OPERATIONS[shape]) == first
    assert tablet.collect() == []
    assert ben.collect() == []


def test_remarks_and_hiding_are_told_to_nobody_else(ann: Caller, ben: Caller) -> None:
    befriend(ann, ben)
    before = ben.do(Contacts)
    ann.do(RemarkContact, person=ben.person, remark=b"work")
    ann.do(HideContact, person=ben.person, mine=True, theirs=True)
    assert ben.collect() == []
    assert ben.do(Contacts) == before


# Blocks.


def test_who_is_blocked_asks_as_ever_and_nobody_is_told(ann: Caller, ben: Caller) -> None:
    ben.do(Block, person=ann.person)
    assert ann.do(AskContact, person=ben.person).contact.state is ASKED
    assert ben.collect() == []
    assert known(ben) == {}


def test_a_block_takes_the_request_off_all_ones_devices(server: InlineServer, ann: Caller, ben: Caller) -> None:
    tablet = server.login("ben")
    ann.do(AskContact, person=ben.person)
    tablet.collect()
    ben.do(Block, person=ann.person)
    assert told(tablet) == [("ann", NONE)]
    assert known(ben) == {"ann": NONE}
    assert ben.refused(AcceptContact, person=ann.person) == "not_found"


def test_an_unblock_brings_nothing_back(ann: Caller, ben: Caller) -> None:
    ann.do(AskContact, person=ben.person)
    ben.do(Block, person=ann.person)
    ben.do(Unblock, person=ann.person)
    assert known(ben) == {"ann": NONE}


# What is asked wrongly.


@pytest.mark.parametrize("shape", OPERATIONS)
def test_somebody_who_is_not_there_is_not_found(ann: Caller, shape: Any) -> None:
    assert ann.refused(shape, person=PersonId(new_id()), **OPERATIONS[shape]) == "not_found"


@pytest.mark.parametrize("shape", [AcceptContact, RemarkContact, HideContact])
def test_a_stranger_is_not_found_either(ann: Caller, ben: Caller, shape: Any) -> None:
    stranger = ann.refusal(shape, person=ben.person, **OPERATIONS[shape])
    assert stranger == ann.refusal(shape, person=PersonId(new_id()), **OPERATIONS[shape])


@pytest.mark.parametrize("shape", OPERATIONS)
def test_one_is_no_contact_of_oneself(ann: Caller, shape: Any) -> None:
    refusal = ann.refusal(shape, person=ann.person, **OPERATIONS[shape])
    assert (refusal.code, refusal.field) == ("bad_request", "person")


@pytest.mark.parametrize("limit", ["CONTACTS", "CONTACTS_ASKED"])
def test_one_cannot_ask_without_end(
    server: InlineServer, ann: Caller, ben: Caller, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(handlers, limit, 1)
    cyd = server.register("cyd")
    ann.do(AskContact, person=ben.person)
    assert ann.refused(AskContact, person=cyd.person) == "too_many"


# What ends by itself.


def test_a_request_ends_after_a_week_and_both_are_told(server: InlineServer, ann: Caller, ben: Caller) -> None:
    ann.do(AskContact, person=ben.person, greeting=b"hi")
    server.clock.pass_time(handlers.ASKED_MS / 1000)
    assert known(ann) == {"ben": NONE}
    assert known(ben) == {"ann": NONE}
    assert ben.refused(AcceptContact, person=ann.person) == "not_found"
    ben.collect()
    server.every_second()
    assert told(ann) == [("ben", NONE)]
    assert told(ben) == [("ann", NONE)]


def test_with_a_request_its_greeting_is_erased(server: InlineServer, ann: Caller, ben: Caller) -> None:
    ann.do(AskContact, person=ben.person, greeting=b"come in")
    kept = [b"come in".hex().upper() in "".join(server.dump())]
    server.clock.pass_time(handlers.ASKED_MS / 1000)
    server.every_second()
    kept.append(b"come in".hex().upper() in "".join(server.dump()))
    assert kept == [True, False]


def test_until_then_nothing_ends(server: InlineServer, ann: Caller, ben: Caller) -> None:
    ann.do(AskContact, person=ben.person)
    server.clock.pass_time(handlers.ASKED_MS / 1000 - 1 - LOOK_EVERY_S)
    for _ in range(LOOK_EVERY_S):
        server.every_second()
    assert known(ben) == {"ann": ASKING}


# Reading.


def test_a_device_reads_what_changed_since_a_page_at_a_time(server: InlineServer, ann: Caller) -> None:
    others = server.people(*(f"p{number:03}" for number in range(CONTACTS_SHOWN + 1)))
    for other in others:
        other.do(AskContact, person=ann.person)
    first = ann.do(Contacts)
    assert (len(first.contacts), first.mark, first.more) == (CONTACTS_SHOWN, CONTACTS_SHOWN, True)
    rest = ann.do(Contacts, mark=first.mark)
    assert ([contact.person for contact in rest.contacts], rest.more) == ([others[-1].person], False)
    ann.do(RefuseContact, person=others[0].person)
    assert [contact.state for contact in ann.do(Contacts, mark=rest.mark).contacts] == [NONE]
