"""contacts, private-card, and what preferences say about finding people and their moments."""

import signal
import subprocess
from collections.abc import Callable

import pytest

from client.events import ContactChanged
from client.line.contacts import contact_news
from protocol import content
from protocol.contacts import Contact, ContactState
from protocol.ids import PersonId
from tests.client.line.conftest import Meet, Someone

Befriend = Callable[[Someone, Someone], None]


@pytest.fixture
def befriend() -> Befriend:
    """Return what makes two people contacts of each other."""

    def make(one: Someone, other: Someone) -> None:
        assert one("contacts", "ask", other.handle).status == 0
        assert other("contacts", "accept", one.handle).status == 0

    return make


def states(someone: Someone) -> dict[str, str]:
    listed = someone("contacts", "--json").json + someone("contacts", "requests", "--json").json
    return {contact["handle"]: contact["state"] for contact in listed}


# Asking, and being asked.


def test_who_has_no_contacts_is_told_how_to_have_some(meet: Meet) -> None:
    alice = meet("alice")
    assert "You have no contacts yet" in alice("contacts").err
    assert alice("contacts", "requests").err == "Nobody asks you, and you wait for nobody.\n"
    assert "no tags yet" in alice("contacts", "tags").err
    assert alice("contacts", "--json").out == alice("contacts", "requests", "--json").out == ""


def test_a_request_is_read_and_accepted(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    ran = alice("contacts", "ask", bob.handle, "It is\nme")
    assert ran.out.startswith(f"{bob.handle} is asked until 20")
    assert f"hutong contacts withdraw {bob.handle}" in ran.err
    assert "1 asks to be your contact: hutong contacts requests" in bob("contacts").err
    ran = bob("contacts", "requests")
    assert ran.out.split("\t")[:2] == [alice.handle, "asks you"]
    assert ran.out.endswith("\tIt is␊me\n")
    assert f"hutong contacts accept {alice.handle}" in ran.err
    [asking] = bob("contacts", "requests", "--json").json
    assert (asking["state"], asking["greeting"], asking["until"] > asking["at"]) == ("asking", "It is\nme", True)
    assert bob("contacts", "accept", alice.handle).out.startswith(f"{alice.handle} is your contact now")
    assert states(alice) == {bob.handle: "contact"}
    assert states(bob) == {alice.handle: "contact"}
    assert alice("contacts", "ask", bob.handle).out == f"{bob.handle} is your contact already.\n"


def test_who_asks_somebody_that_asks_them_accepts_it(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    alice("contacts", "ask", bob.handle)
    assert bob("contacts", "ask", alice.handle).out == f"{alice.handle} is your contact now.\n"
    assert states(alice) == {bob.handle: "contact"}


def test_who_is_refused_goes_on_waiting(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    alice("contacts", "ask", bob.handle)
    before = alice("contacts", "requests").out
    assert "is not told" in bob("contacts", "refuse", alice.handle).out
    assert (states(bob), alice("contacts", "requests").out) == ({}, before)


def test_a_request_taken_back_is_gone_on_both_sides(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    alice("contacts", "ask", bob.handle)
    assert alice("contacts", "withdraw", bob.handle).out == f"{bob.handle} is not asked any more.\n"
    assert (states(alice), states(bob)) == ({}, {})


def test_who_is_removed_is_not_told(meet: Meet, befriend: Befriend) -> None:
    alice, bob = meet("alice"), meet("bob")
    befriend(alice, bob)
    alice("contacts", "remark", bob.handle, "Bobby")
    assert "They are not told" in alice("contacts", "remove", "bobby").out
    assert (states(alice), states(bob)) == ({}, {alice.handle: "contact"})
    assert alice("contacts", "ask", bob.handle).out == f"{bob.handle} is your contact now.\n"
    [contact] = alice("contacts", "list", "--json").json
    assert contact["remark"] == ""  # It was erased.


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("accept",), "asks to be your contact"),
        (("refuse",), "asks to be your contact"),
        (("withdraw",), "you wait for nobody"),
        (("remove",), "nobody among your contacts"),
        (("remark", "Bobby"), "nobody among your contacts"),
        (("tag", "tea"), "nobody among your contacts"),
        (("untag", "tea"), "nobody among your contacts"),
        (("hide", "--mine"), "nobody among your contacts"),
    ],
)
def test_who_does_not_stand_to_one_so_is_no_contact_to_do_it_with(
    meet: Meet, command: tuple[str, ...], words: str
) -> None:
    alice, bob = meet("alice"), meet("bob")
    ran = alice("contacts", command[0], bob.handle, *command[1:])
    assert (ran.status, words in ran.err, "hutong contacts" in ran.err) == (2, True, True)


def test_one_asks_somebody_that_there_is_and_not_oneself(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    assert alice("contacts", "ask", alice.handle).status == 2
    assert alice("contacts", "ask", "nobody-at-all").status == 1
    assert "too long by" in alice("contacts", "ask", bob.handle, "x" * 2000).err


def test_who_is_blocked_asks_in_vain_and_sees_no_difference(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    bob("block", alice.handle)
    assert alice("contacts", "ask", bob.handle).out.startswith(f"{bob.handle} is asked until")
    assert (states(alice), states(bob)) == ({bob.handle: "asked"}, {})


# Remarks and tags.


def test_what_one_notes_is_ones_own_and_names_them(meet: Meet, befriend: Befriend) -> None:
    alice, bob, carol = meet("alice"), meet("bob"), meet("carol")
    befriend(alice, bob)
    befriend(alice, carol)
    assert alice("contacts", "remark", bob.handle, "Uncle Bob").out.startswith(f"{bob.handle}: you call them Uncle Bob")
    assert alice("contacts", "tag", "uncle bob", "Family", "tea").status == 0
    assert "tagged Family. Only you see it." in alice("contacts", "tag", carol.handle, "family").out
    assert alice("contacts", "tags").lines == [f"Family\t{bob.handle}, {carol.handle}", f"tea\t{bob.handle}"]
    [family, _] = alice("contacts", "tags", "--json").json
    assert (family["tag"], [each["handle"] for each in family["people"]]) == ("Family", [bob.handle, carol.handle])
    assert alice("contacts").lines[0].split("\t")[:3] == [bob.handle, "Uncle Bob", "Family, tea"]
    [only] = alice("contacts", "list", "--tag", "TEA", "--json").json
    assert (only["handle"], only["remark"], only["tags"]) == (bob.handle, "Uncle Bob", ["Family", "tea"])
    assert alice("contacts", "untag", bob.handle, "TEA").out.endswith("tagged Family. Only you see it.\n")
    assert (
        alice("contacts", "remark", bob.handle, "").out == f"{bob.handle}: no remark; tagged Family. Only you see it.\n"
    )
    [seen] = bob("contacts", "list", "--json").json
    assert (seen["remark"], seen["tags"]) == ("", [])


def test_a_remark_that_cannot_be(meet: Meet, befriend: Befriend) -> None:
    alice, bob = meet("alice"), meet("bob")
    befriend(alice, bob)
    for command in (
        ("remark", bob.handle, "x" * 2000), ("tag", bob.handle, " "), ("untag", bob.handle, "none"),
        ("list", "--tag", "none"), ("hide", bob.handle), ("show", bob.handle),
    ):  # fmt: skip
        assert alice("contacts", *command).status == 2


def test_a_remark_of_another_client_is_shown_as_bytes_and_not_overwritten(
    meet: Meet, befriend: Befriend, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = meet("alice"), meet("bob")
    befriend(alice, bob)
    with monkeypatch.context() as patch:
        patch.setattr(content, "encode_remark", lambda remark: b"\xc1")
        alice("contacts", "remark", bob.handle, "later")
    assert "(1 unreadable bytes)" in alice("contacts").out
    assert alice("contacts", "--json").json[0]["remark_hex"] == "c1"
    ran = alice("contacts", "tag", bob.handle, "tea")
    assert (ran.status, "cannot be read here" in ran.err) == (1, True)


def test_what_is_hidden_is_said(meet: Meet, befriend: Befriend) -> None:
    alice, bob = meet("alice"), meet("bob")
    befriend(alice, bob)
    assert alice("contacts", "hide", bob.handle, "--mine").out.endswith("your moments are hidden from them.\n")
    both = alice("contacts", "hide", bob.handle, "--theirs").out
    assert both == f"{bob.handle}: your moments are hidden from them, and theirs from you.\n"
    assert "your moments are hidden from them" in alice("contacts").out
    assert alice("contacts", "show", bob.handle, "--mine").out.endswith("their moments are hidden from you.\n")
    [contact] = alice("contacts", "show", bob.handle, "--theirs", "--json").json
    assert (contact["hides_mine"], contact["hides_theirs"]) == (False, False)
    assert alice("contacts", "show", bob.handle, "--theirs").out == f"{bob.handle}: nothing is hidden.\n"


# Live.


def test_tail_tells_of_requests_and_of_who_accepts(meet: Meet) -> None:
    alice, bob, carol = meet("alice"), meet("bob"), meet("carol")
    alice("contacts", "ask", carol.handle)
    with alice.start("tail", stdout=subprocess.PIPE) as tail:
        assert tail.stdout is not None
        bob("contacts", "ask", alice.handle, "hello")
        asked = f"{bob.handle} asks to be your contact: hello (hutong contacts accept {bob.handle})\n"
        assert tail.stdout.readline() == asked
        alice("contacts", "accept", bob.handle)
        carol("contacts", "accept", alice.handle)
        assert tail.stdout.readline() == f"{carol.handle} is your contact now.\n"
        tail.send_signal(signal.SIGINT)
        tail.communicate(timeout=10)
    with alice.start("tail", "--json", stdout=subprocess.PIPE) as tail:
        assert tail.stdout is not None
        assert any('"online"' in line for line in tail.stdout)
        alice("contacts", "remark", bob.handle, "Bobby")
        line = next(line for line in tail.stdout if '"contact"' in line)
        assert ('"event": "contact"' in line, '"remark": "Bobby"' in line) == (True, True)
        tail.send_signal(signal.SIGINT)
        tail.communicate(timeout=10)


@pytest.mark.parametrize("before", [None, ContactState.ASKED, ContactState.CONTACT, ContactState.ASKING])
def test_what_one_has_done_oneself_is_no_news(before: ContactState | None) -> None:
    def stands(state: ContactState, until: int | None = None) -> Contact:
        return Contact(person=PersonId("b" * 16), handle="bob", state=state, at=1, until=until)

    was = stands(before) if before is not None else None
    for state in set(ContactState) - {ContactState.ASKING}:
        news = contact_news(ContactChanged(stands(state), was))
        assert (news is not None) is (before is ContactState.ASKED and state is ContactState.CONTACT)
    assert contact_news(ContactChanged(stands(ContactState.ASKING, until=2), None)) is None  # It has ended.


# The private card, and preferences.


def test_a_private_card_is_shown_to_friends(meet: Meet, befriend: Befriend) -> None:
    alice, bob, carol = meet("alice"), meet("bob"), meet("carol")
    befriend(alice, bob)
    assert "You have no private card" in alice("private-card", "show").err
    assert alice("private-card", "set").status == 2
    assert alice("private-card", "set", "--name", "Ann", "--status", "drinks\ntea").status == 0
    assert bob("private-card", "show", alice.handle).lines == [
        f"[private] {alice.handle}",
        "Name: Ann",
        "drinks",
        "tea",
    ]
    assert carol("private-card", "show", alice.handle).err == f"{alice.handle} shows you none.\n"
    [card] = alice("private-card", "set", "--name", "", "--json").json
    assert (card["name"], card["status"], card["handle"]) == ("", "drinks\ntea", alice.handle)
    [card] = bob("private-card", "show", alice.handle, "--json").json
    assert card["status"] == "drinks\ntea"
    assert alice("private-card", "set", "--status", "").out == "You have no private card any more.\n"
    assert alice("private-card", "set", "--name", "x" * 5000).status == 2


def test_a_card_of_another_client_is_shown_as_bytes_and_replaced_only_in_whole(
    meet: Meet, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = meet("alice")
    with monkeypatch.context() as patch:
        patch.setattr(content, "encode_card", lambda card: b"\xc1")
        alice("private-card", "set", "--name", "later")
    assert "(1 unreadable bytes)" in alice("private-card", "show").out
    assert alice("private-card", "show", "--json").json[0]["card_hex"] == "c1"
    assert alice("private-card", "set", "--name", "Ann").status == 1
    assert alice("private-card", "set", "--name", "Ann", "--status", "here").status == 0


def test_who_does_not_want_to_be_found_is_found_by_contacts_alone(meet: Meet, befriend: Befriend) -> None:
    alice, bob, carol = meet("alice"), meet("bob"), meet("carol")
    befriend(alice, bob)
    assert "findable\toff" in alice("preferences", "--findable", "off").out
    ran = carol("contacts", "ask", alice.handle)
    assert (ran.status, ran.err.replace(alice.handle, "X")) == (
        1,
        carol("contacts", "ask", "nobody-at-all").err.replace("nobody-at-all", "X"),
    )
    assert bob("contacts", "ask", alice.handle).status == 0


def test_preferences_are_shown_as_they_are_on_every_device(meet: Meet) -> None:
    alice = meet("alice")
    [known] = alice("preferences", "--json").json
    assert known == {"receipts": True, "presence": True, "findable": True, "moments_days": 0}
    assert alice("preferences", "--moments-days", "3", "--receipts", "off").lines == [
        "receipts\toff",
        "presence\ton",
        "findable\ton",
        "moments-days\t3",
    ]
    assert alice("--profile", "other", "login", alice.handle).status == 0
    [known] = alice("--profile", "other", "preferences", "--json").json
    assert (known["receipts"], known["moments_days"]) == (False, 3)
    assert "moments-days\tall" in alice("preferences", "--moments-days", "all").out
    assert alice("preferences", "--moments-days", "4").status == 2
