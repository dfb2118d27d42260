"""The ports: who is whose contact. The rows are each person's own, and what one does shows the other what it is to."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.contacts import Contact, ContactsReply, ContactState
from protocol.entries import Side
from protocol.ids import PersonId, new_id
from server.store.contact_writes import (
    AcceptRequest,
    ContactPut,
    ContactWrite,
    DropContact,
    EndRequests,
    PutHiding,
    PutRemark,
    PutRequest,
    RefuseRequest,
    RequestsEnded,
    Stands,
    WithdrawRequest,
)
from server.store.doctor import findings
from server.store.private_doctor import PRIVATE_INVARIANTS
from server.store.sqlite import SqliteStore
from server.store.writes import BlockPut, PutBlock, TargetGone, TooMany
from tests.contracts.desk import NOON, Desk

NONE, ASKED, ASKING, CONTACT = ContactState
WEEK = 7 * 86_400_000


def asks(person: PersonId, contact: PersonId, greeting: bytes = b"hi", *, at: int = NOON, most: int = 9) -> PutRequest:
    return PutRequest(
        person=person, contact=contact, greeting=greeting, at=at, until=at + WEEK, most=most, most_asked=3
    )


def accepts(person: PersonId, contact: PersonId, *, at: int = NOON, most: int = 9) -> AcceptRequest:
    return AcceptRequest(person=person, contact=contact, at=at, most=most)


def withdraws(person: PersonId, contact: PersonId) -> WithdrawRequest:
    return WithdrawRequest(person=person, contact=contact, at=NOON)


def refuses(person: PersonId, contact: PersonId) -> RefuseRequest:
    return RefuseRequest(person=person, contact=contact, at=NOON)


def drops(person: PersonId, contact: PersonId) -> DropContact:
    return DropContact(person=person, contact=contact, at=NOON)


def put(desk: Desk, write: ContactWrite) -> ContactPut:
    outcome = desk.do(write)
    assert isinstance(outcome, ContactPut), outcome
    return outcome


def befriend(desk: Desk, one: PersonId, other: PersonId) -> None:
    put(desk, asks(one, other))
    put(desk, accepts(other, one))


def known(desk: Desk, person: PersonId, *, at: int = NOON, mark: int = 0) -> ContactsReply:
    return desk.read.contacts(person, mark, at=at, limit=100)


def stands(desk: Desk, person: PersonId, contact: PersonId, *, at: int = NOON) -> ContactState:
    """Return how `contact` stands to `person`, as their devices read it."""
    return {each.person: each.state for each in known(desk, person, at=at).contacts}.get(contact, NONE)


def pair(desk: Desk, one: PersonId, other: PersonId, *, at: int = NOON) -> tuple[ContactState, ContactState]:
    return stands(desk, one, other, at=at), stands(desk, other, one, at=at)


@pytest.fixture
def ann(private_desk: Desk) -> PersonId:
    return private_desk.person("ann")


@pytest.fixture
def ben(private_desk: Desk) -> PersonId:
    return private_desk.person("ben")


# Asking.


def test_who_is_asked_is_shown_who_asks_and_what_they_say(private_desk: Desk, ann: PersonId, ben: PersonId) -> None:
    outcome = put(private_desk, asks(ann, ben))
    asked = Contact(person=ben, handle="ben", state=ASKED, at=NOON, until=NOON + WEEK, greeting=b"hi")
    asking = Contact(person=ann, handle="ann", state=ASKING, at=NOON, until=NOON + WEEK, greeting=b"hi")
    own = Stands(person=ann, contact=asked, mark=1)
    assert outcome == ContactPut(own=own, changed=(own, Stands(person=ben, contact=asking, mark=1)))
    assert known(private_desk, ann) == ContactsReply(contacts=(asked,), mark=1)
    assert known(private_desk, ben) == ContactsReply(contacts=(asking,), mark=1)


def test_asking_again_changes_nothing(private_desk: Desk, ann: PersonId, ben: PersonId) -> None:
    first = put(private_desk, asks(ann, ben))
    assert put(private_desk, asks(ann, ben, b"please", at=NOON + 1)) == ContactPut(own=first.own, changed=())
    assert known(private_desk, ben).mark == 1


def test_who_asks_somebody_who_asks_them_accepts(private_desk: Desk, ann: PersonId, ben: PersonId) -> None:
    put(private_desk, asks(ann, ben))
    outcome = put(private_desk, asks(ben, ann, b"me too", at=NOON + 5))
    assert outcome.own.contact == Contact(person=ann, handle="ann", state=CONTACT, at=NOON + 5)
    assert pair(private_desk, ann, ben) == (CONTACT, CONTACT)


def test_nobody_is_asked_who_is_not_there(private_desk: Desk, ann: PersonId) -> None:
    assert private_desk.do(asks(ann, PersonId(new_id()))) == TargetGone()


def test_who_is_blocked_is_answered_as_ever_and_shown_to_nobody(
    private_desk: Desk, ann: PersonId, ben: PersonId
) -> None:
    private_desk.block(ben, ann)
    outcome = put(private_desk, asks(ann, ben))
    assert outcome.own.contact.state is ASKED
    assert outcome.changed == (outcome.own,)
    assert known(private_desk, ben) == ContactsReply(contacts=(), mark=0)


def test_a_block_takes_a_request_from_ones_list_and_tells_who_asks_nothing(
    private_desk: Desk, ann: PersonId, ben: PersonId
) -> None:
    put(private_desk, asks(ann, ben))
    outcome = private_desk.block(ben, ann)
    assert isinstance(outcome, BlockPut)
    gone = Contact(person=ann, handle="ann", state=NONE, at=NOON)
    assert outcome.ended == (Stands(person=ben, contact=gone, mark=2),)
    assert known(private_desk, ben, mark=1).contacts == (gone,)
    assert known(private_desk, ann).mark == 1
    private_desk.block(ben, ann, blocked=False)
    assert pair(private_desk, ann, ben) == (ASKED, NONE)


def test_a_block_leaves_contacts_what_they_are(private_desk: Desk, ann: PersonId, ben: PersonId) -> None:
    befriend(private_desk, ann, ben)
    outcome = private_desk.block(ben, ann)
    assert isinstance(outcome, BlockPut)
    assert outcome.ended == ()
    assert pair(private_desk, ann, ben) == (CONTACT, CONTACT)


def test_who_has_removed_somebody_and_is_still_their_contact_has_them_again_at_once(
    private_desk: Desk, ann: PersonId, ben: PersonId
) -> None:
    befriend(private_desk, ann, ben)
    put(private_desk, drops(ann, ben))
    before = known(private_desk, ben)
    outcome = put(private_desk, asks(ann, ben, at=NOON + 9))
    assert outcome.own.contact == Contact(person=ben, handle="ben", state=CONTACT, at=NOON + 9)
    assert outcome.changed == (outcome.own,)
    assert known(private_desk, ben) == before


def test_and_whether_that_one_blocks_them_makes_no_difference(private_desk: Desk, ann: PersonId, ben: PersonId) -> None:
    befriend(private_desk, ann, ben)
    put(private_desk, drops(ann, ben))
    private_desk.block(ben, ann)
    assert put(private_desk, asks(ann, ben)).own.contact.state is CONTACT
    assert pair(private_desk, ann, ben) == (CONTACT, CONTACT)


def test_who_is_removed_asks_anew(private_desk: Desk, ann: PersonId, ben: PersonId) -> None:
    befriend(private_desk, ann, ben)
    put(private_desk, drops(ben, ann))
    assert put(private_desk, asks(ann, ben)).own.contact.state is CONTACT
    assert put(private_desk, asks(ben, ann)).own.contact.state is CONTACT


def test_who_refuses_and_then_asks_has_them_as_a_contact_while_they_wait(
    private_desk: Desk, ann: PersonId, ben: PersonId
) -> None:
    put(private_desk, asks(ann, ben))
    put(private_desk, refuses(ben, ann))
    assert put(private_desk, asks(ben, ann)).own.contact.state is CONTACT
    assert pair(private_desk, ann, ben) == (CONTACT, CONTACT)


# Answering.


def test_who_accepts_and_who_asked_are_contacts(private_desk: Desk, ann: PersonId, ben: PersonId) -> None:
    put(private_desk, asks(ann, ben))
    outcome = put(private_desk, accepts(ben, ann, at=NOON + 5))
    own, other = outcome.changed
    assert (own.contact, own.mark) == (Contact(person=ann, handle="ann", state=CONTACT, at=NOON + 5), 2)
    assert (other.contact, other.mark) == (Contact(person=ben, handle="ben", state=CONTACT, at=NOON + 5), 2)
    assert put(private_desk, accepts(ben, ann, at=NOON + 6)) == ContactPut(own=own, changed=())


def test_who_refuses_is_asked_no_more_and_who_asks_does_not_learn_of_it(
    private_desk: Desk, ann: PersonId, ben: PersonId
) -> None:
    put(private_desk, asks(ann, ben))
    before = known(private_desk, ann)
    outcome = put(private_desk, refuses(ben, ann))
    assert outcome.changed == (outcome.own,)
    assert put(private_desk, refuses(ben, ann)) == ContactPut(own=outcome.own, changed=())
    assert known(private_desk, ann) == before
    assert pair(private_desk, ann, ben) == (ASKED, NONE)


def test_while_they_wait_nothing_that_they_ask_is_shown_to_who_refused(
    private_desk: Desk, ann: PersonId, ben: PersonId
) -> None:
    put(private_desk, asks(ann, ben))
    put(private_desk, refuses(ben, ann))
    put(private_desk, asks(ann, ben, b"please"))
    assert stands(private_desk, ben, ann) is NONE


def test_who_withdraws_leaves_nothing_to_accept(private_desk: Desk, ann: PersonId, ben: PersonId) -> None:
    put(private_desk, asks(ann, ben))
    outcome = put(private_desk, withdraws(ann, ben))
    assert [(each.person, each.contact.state, each.contact.greeting) for each in outcome.changed] == [
        (ann, NONE, b""), (ben, NONE, b""),
    ]  # fmt: skip
    assert private_desk.do(accepts(ben, ann)) == TargetGone()
    assert put(private_desk, withdraws(ann, ben)).changed == ()


@pytest.mark.parametrize("write", [withdraws, refuses, drops])
def test_what_is_not_so_is_not_ended(
    private_desk: Desk, ann: PersonId, ben: PersonId, write: Callable[[PersonId, PersonId], ContactWrite]
) -> None:
    nothing = Stands(person=ann, contact=Contact(person=ben, handle="ben", state=NONE, at=0), mark=0)
    assert put(private_desk, write(ann, ben)) == ContactPut(own=nothing, changed=())
    assert private_desk.do(write(ann, PersonId(new_id()))) == TargetGone()
    assert known(private_desk, ann) == ContactsReply(contacts=(), mark=0)


def test_a_contact_is_neither_withdrawn_nor_refused(private_desk: Desk, ann: PersonId, ben: PersonId) -> None:
    befriend(private_desk, ann, ben)
    assert put(private_desk, withdraws(ann, ben)).own.contact.state is CONTACT
    assert put(private_desk, refuses(ben, ann)).own.contact.state is CONTACT


def test_a_request_is_not_removed(private_desk: Desk, ann: PersonId, ben: PersonId) -> None:
    put(private_desk, asks(ann, ben))
    assert put(private_desk, drops(ann, ben)).own.contact.state is ASKED
    assert put(private_desk, drops(ben, ann)).own.contact.state is ASKING


@pytest.mark.parametrize("who", ["who asks", "a stranger"])
def test_only_who_is_asked_accepts(private_desk: Desk, ann: PersonId, ben: PersonId, who: str) -> None:
    if who == "who asks":
        put(private_desk, asks(ann, ben))
    assert private_desk.do(accepts(ann, ben)) == TargetGone()


# What one keeps.


def test_what_one_notes_is_kept_through_the_answer_and_gone_with_the_contact(
    private_desk: Desk, ann: PersonId, ben: PersonId
) -> None:
    put(private_desk, asks(ann, ben))
    put(private_desk, PutRemark(person=ann, contact=ben, remark=b"work", at=NOON))
    put(private_desk, PutHiding(person=ann, contact=ben, mine=True, theirs=None, at=NOON))
    put(private_desk, accepts(ben, ann))
    (contact,) = known(private_desk, ann).contacts
    assert (contact.remark, contact.hides_mine, contact.hides_theirs) == (b"work", True, False)
    (other,) = known(private_desk, ben).contacts
    assert (other.remark, other.hides_mine) == (b"", False)
    put(private_desk, drops(ann, ben))
    assert known(private_desk, ann).contacts == (Contact(person=ben, handle="ben", state=NONE, at=NOON),)


def test_none_leaves_what_is_hidden_as_it_is(private_desk: Desk, ann: PersonId, ben: PersonId) -> None:
    befriend(private_desk, ann, ben)
    put(private_desk, PutHiding(person=ann, contact=ben, mine=True, theirs=True, at=NOON))
    outcome = put(private_desk, PutHiding(person=ann, contact=ben, mine=False, theirs=None, at=NOON))
    assert (outcome.own.contact.hides_mine, outcome.own.contact.hides_theirs) == (False, True)


@pytest.mark.parametrize("what", [{"mine": True, "theirs": False}, {"mine": None, "theirs": None}])
def test_to_say_the_same_again_changes_nothing(
    private_desk: Desk, ann: PersonId, ben: PersonId, what: dict[str, bool | None]
) -> None:
    befriend(private_desk, ann, ben)
    first = put(private_desk, PutHiding(person=ann, contact=ben, mine=True, theirs=False, at=NOON))
    again = put(private_desk, PutHiding(person=ann, contact=ben, at=NOON, **what))
    assert again == ContactPut(own=first.own, changed=())


def test_nothing_is_noted_about_who_is_nothing_to_one(private_desk: Desk, ann: PersonId, ben: PersonId) -> None:
    assert private_desk.do(PutRemark(person=ann, contact=ben, remark=b"x", at=NOON)) == TargetGone()
    befriend(private_desk, ann, ben)
    put(private_desk, drops(ben, ann))
    hiding = PutHiding(person=ben, contact=ann, mine=True, theirs=None, at=NOON)
    assert private_desk.do(hiding) == TargetGone()
    assert put(private_desk, PutHiding(person=ann, contact=ben, mine=True, theirs=None, at=NOON)).changed


# What ends by itself.


def test_a_request_that_has_ended_is_none(private_desk: Desk, ann: PersonId, ben: PersonId) -> None:
    put(private_desk, asks(ann, ben))
    ended = NOON + WEEK
    assert pair(private_desk, ann, ben, at=ended - 1) == (ASKED, ASKING)
    assert known(private_desk, ben, at=ended).contacts == (Contact(person=ann, handle="ann", state=NONE, at=ended),)
    assert private_desk.do(accepts(ben, ann, at=ended)) == TargetGone()
    assert put(private_desk, asks(ann, ben, at=ended)).own.mark == 2
    assert pair(private_desk, ann, ben, at=ended) == (ASKED, ASKING)


def test_it_is_written_down_that_requests_have_ended_some_at_a_time(private_desk: Desk, ann: PersonId) -> None:
    for number in range(2):
        put(private_desk, asks(private_desk.person(f"p{number}"), ann, at=NOON + number))
    assert private_desk.do(EndRequests(at=NOON + WEEK - 1, most=9)) == RequestsEnded(ended=(), more=False)
    first = private_desk.do(EndRequests(at=NOON + WEEK + 1, most=3))
    assert isinstance(first, RequestsEnded)
    assert (len(first.ended), first.more) == (3, True)
    assert (first.ended[0].person, first.ended[0].mark) == (ann, 3)
    assert first.ended[0].contact.at == NOON + WEEK
    rest = private_desk.do(EndRequests(at=NOON + WEEK + 1, most=3))
    assert isinstance(rest, RequestsEnded)
    assert (len(rest.ended), rest.more) == (1, False)
    assert [each.state for each in known(private_desk, ann, mark=2).contacts] == [NONE, NONE]


# How many.


def test_one_may_wait_for_so_many_at_a_time(private_desk: Desk, ann: PersonId, ben: PersonId) -> None:
    others = [private_desk.person(f"p{number}") for number in range(3)]
    for other in others:
        put(private_desk, asks(ann, other))
    assert private_desk.do(asks(ann, ben)) == TooMany()
    assert put(private_desk, asks(ann, others[0])).changed == ()
    put(private_desk, withdraws(ann, others[0]))
    assert put(private_desk, asks(ann, ben)).changed


def test_one_may_have_so_many_contacts(private_desk: Desk, ann: PersonId, ben: PersonId) -> None:
    befriend(private_desk, ann, private_desk.person("cyd"))
    put(private_desk, asks(ben, ann))
    assert private_desk.do(accepts(ann, ben, most=1)) == TooMany()
    assert private_desk.do(asks(ann, private_desk.person("dan"), most=1)) == TooMany()
    assert put(private_desk, accepts(ann, ben, most=2)).changed


def test_more_people_than_that_may_not_ask_one_at_a_time_and_do_not_learn_of_it(
    private_desk: Desk, ann: PersonId, ben: PersonId
) -> None:
    put(private_desk, asks(private_desk.person("cyd"), ann, most=1))
    outcome = put(private_desk, asks(ben, ann, most=1))
    assert (outcome.own.contact.state, len(outcome.changed)) == (ASKED, 1)
    assert stands(private_desk, ann, ben) is NONE


# Reading.


def test_contacts_come_in_the_order_they_changed_a_page_at_a_time(private_desk: Desk, ann: PersonId) -> None:
    others = [private_desk.person(f"p{number}") for number in range(3)]
    for other in others:
        put(private_desk, asks(other, ann))
    put(private_desk, accepts(ann, others[0]))
    page = private_desk.read.contacts(ann, 0, at=NOON, limit=2)
    assert ([each.person for each in page.contacts], page.mark, page.more) == (others[1:], 3, True)
    rest = private_desk.read.contacts(ann, page.mark, at=NOON, limit=2)
    assert ([each.person for each in rest.contacts], rest.mark, rest.more) == (others[:1], 4, False)
    assert private_desk.read.contacts(ann, rest.mark, at=NOON, limit=2) == ContactsReply(contacts=(), mark=4)


# Whatever people do.

PEOPLE = tuple(PersonId(name * 16) for name in "abc")
ACTS = st.lists(
    st.tuples(
        st.sampled_from(PEOPLE),
        st.sampled_from(PEOPLE),
        st.sampled_from(["ask", "accept", "withdraw", "refuse", "drop", "remark", "block", "unblock", "end"]),
        st.integers(0, WEEK),
    ),
    max_size=30,
)


def write_of(act: str, one: PersonId, other: PersonId, at: int) -> ContactWrite | PutBlock:
    match act:
        case "ask":
            return PutRequest(person=one, contact=other, greeting=b"hi", at=at, until=at + WEEK, most=2, most_asked=1)
        case "accept":
            return AcceptRequest(person=one, contact=other, at=at, most=2)
        case "withdraw":
            return WithdrawRequest(person=one, contact=other, at=at)
        case "refuse":
            return RefuseRequest(person=one, contact=other, at=at)
        case "drop":
            return DropContact(person=one, contact=other, at=at)
        case "remark":
            return PutRemark(person=one, contact=other, remark=b"known", at=at)
        case "end":
            return EndRequests(at=at, most=1)
    return PutBlock(person=one, other=other, blocked=act == "block", at=at)


@given(acts=ACTS)
def test_the_doctor_finds_nothing_and_a_device_that_reads_what_changed_knows_all(
    acts: list[tuple[PersonId, PersonId, str, int]],
) -> None:
    desk = Desk(SqliteStore.in_memory(Side.PRIVATE))
    try:
        connection = desk.store._writer._connection  # type: ignore[attr-defined]
        for person in PEOPLE:
            row = (person, person, person, "", NOON)
            connection.execute(
                "INSERT INTO people (person, handle, skeleton, password, created_at) VALUES (?, ?, ?, ?, ?)", row
            )
        device: dict[PersonId, Contact] = {}
        mark, at = 0, NOON
        for one, other, act, later in acts:
            at += later
            if one != other:
                desk.do(write_of(act, one, other, at))
            new = desk.read.contacts(PEOPLE[0], mark, at=at, limit=2)
            device |= {contact.person: contact for contact in new.contacts}
            mark = new.mark
        whole = desk.read.contacts(PEOPLE[0], 0, at=NOON, limit=9).contacts
        assert device == {contact.person: contact for contact in whole}
        assert list(findings(connection, *PRIVATE_INVARIANTS)) == []
    finally:
        desk.close()
