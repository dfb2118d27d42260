"""Accounts and devices: coming in, staying in, being shown out."""

from contextlib import closing

import pytest

from protocol import limits
from protocol.frames import (
    ChangePassword,
    Devices,
    Hello,
    Login,
    Logout,
    People,
    Register,
    Request,
    Resume,
    RevokeDevice,
    Send,
    SetPreferences,
    SignedIn,
    Watch,
)
from protocol.ids import PersonId, new_id
from tests.support.inline import PASSWORD, InlineServer, configured

NEW = "battery staple"


# Registering.


def test_who_registers_is_signed_in_and_gets_a_token(server: InlineServer) -> None:
    caller = server.connect()
    signed = caller.do(Register, handle="Alice", password=PASSWORD, device="phone")
    assert (signed.handle, signed.needs, signed.sync) == ("alice", (), None)
    assert signed.token
    assert [(device.name, device.current) for device in caller.do(Devices).devices] == [("phone", True)]


def test_neither_token_nor_invitation_is_stored(server: InlineServer) -> None:
    (alice,) = server.people("alice")
    assert not any(alice.token in line for line in server.dump())


@pytest.mark.parametrize("handle", ["al", "1alice", "alice!", "аlice", "a" * 33, "", "al ice"])
def test_what_is_no_handle_is_refused(server: InlineServer, handle: str) -> None:
    refusal = server.connect().refusal(Register, handle=handle, password=PASSWORD)
    assert (refusal.code, refusal.field) == ("bad_handle", "handle")


@pytest.mark.parametrize("handle", ["admin", "ADMIN", "adm1n", "r00t", "root", "supp0rt"])
def test_reserved_handles_and_those_that_look_like_them_are_refused(server: InlineServer, handle: str) -> None:
    assert server.connect().refused(Register, handle=handle, password=PASSWORD) == "bad_handle"


@pytest.mark.parametrize("handle", ["maria_lopez", "MARIA_LOPEZ", "mar1a_lopez", "maria-lopez", "rnaria_1opez"])
def test_a_handle_that_somebody_has_or_that_looks_like_one_is_taken(server: InlineServer, handle: str) -> None:
    server.people("maria_lopez")
    refusal = server.connect().refusal(Register, handle=handle, password=PASSWORD)
    assert (refusal.code, refusal.field) == ("handle_taken", "handle")


def test_of_two_who_register_one_handle_at_once_one_gets_it(server: InlineServer) -> None:
    callers = [server.connect(), server.connect()]
    server.commits.gather()
    for caller in callers:
        caller.say(caller.request(Register, handle="alice", password=PASSWORD))
    server.commits.commit()
    replies = [message for caller in callers for message in caller.collect() if isinstance(message, dict)]
    assert [reply.get("error", {}).get("code") for reply in replies] == [None, "handle_taken"]


@pytest.mark.parametrize("password", ["", "1234567"])
def test_a_short_password_is_refused(server: InlineServer, password: str) -> None:
    refusal = server.connect().refusal(Register, handle="alice", password=password)
    assert (refusal.code, refusal.field) == ("bad_password", "password")
    assert len(password) < limits.PASSWORD_CHARS_MIN


def test_a_refused_registration_leaves_the_connection_free_to_try_again(server: InlineServer) -> None:
    caller = server.connect()
    caller.refused(Register, handle="admin", password=PASSWORD)
    caller.do(Register, handle="alice", password=PASSWORD)


def test_where_an_invitation_is_needed_register_says_so_and_creates_nothing() -> None:
    with closing(InlineServer(configured(registration={"invitation": "open sesame"}))) as server:
        caller = server.connect()
        assert caller.do(Register, handle="alice", password=PASSWORD) == SignedIn(needs=("invitation",))
        refusal = caller.refusal(Register, handle="alice", password=PASSWORD, answers={"invitation": "please"})
        assert (refusal.code, refusal.field) == ("not_accepted", "answers.invitation")
        assert caller.refused(Devices) == "not_signed_in"
        caller.do(Register, handle="alice", password=PASSWORD, answers={"invitation": "open sesame"})


def test_a_closed_server_takes_no_new_people() -> None:
    with closing(InlineServer(configured(registration={"open": False}))) as server:
        assert server.connect().refused(Register, handle="alice", password=PASSWORD) == "not_accepted"


# Signing in.


@pytest.mark.parametrize(
    ("handle", "password"), [("alice", "wrong horse"), ("nobody_here", PASSWORD), ("no handle!", PASSWORD)]
)
def test_a_wrong_login_does_not_say_what_was_wrong(server: InlineServer, handle: str, password: str) -> None:
    server.people("alice")
    refusal = server.connect().refusal(Login, handle=handle, password=password)
    assert (refusal.code, refusal.field) == ("bad_credentials", None)
    assert refusal.message == server.connect().refusal(Login, handle="alice", password="x").message


def test_a_login_by_any_spelling_of_the_handle_is_the_same_person(server: InlineServer) -> None:
    (alice,) = server.people("alice")
    assert server.connect().do(Login, handle="ＡＬＩＣＥ", password=PASSWORD).person == alice.person


def test_an_unknown_token_is_bad_credentials(server: InlineServer) -> None:
    assert server.connect().refused(Resume, token="x" * 43) == "bad_credentials"


def test_several_devices_are_signed_in_at_once_and_each_gets_what_comes(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    tablet = server.login("bob")
    alice.send(b"both of you", topic=topic)
    assert [[entry.body for entry in device.entries()] for device in (bob, tablet)] == [[b"both of you"]] * 2


def test_what_one_sends_reaches_ones_other_devices(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    tablet = server.login("alice")
    alice.send(b"from the phone", topic=topic)
    assert [entry.body for entry in tablet.entries()] == [b"from the phone"]


def test_more_devices_than_allowed_are_too_many_until_one_is_revoked() -> None:
    with closing(InlineServer(configured(limits={"devices": 2}))) as server:
        server.people("alice")
        tablet = server.login("alice")
        assert server.connect().refused(Login, handle="alice", password=PASSWORD) == "too_many"
        tablet.do(Logout)
        server.login("alice")


def test_what_comes_behind_a_login_is_asked_by_who_logs_in(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    caller = server.connect()
    server.commits.gather()
    caller.say(caller.request(Login, handle="alice", password=PASSWORD))
    caller.say(caller.request(Send, to=bob.person, body=b"at once"))
    server.commits.commit()
    sent = caller.collect()[-1]
    assert isinstance(sent, dict)
    assert (sent.get("error"), sent.get("seq")) == (None, 1)
    assert [entry.sender for entry in bob.entries()] == [alice.person]


def test_a_second_sign_in_on_one_connection_is_refused(server: InlineServer) -> None:
    (alice,) = server.people("alice")
    assert alice.refused(Login, handle="alice", password=PASSWORD) == "already_signed_in"
    assert alice.refused(Register, handle="other", password=PASSWORD) == "already_signed_in"
    assert alice.refused(Resume, token=alice.token) == "already_signed_in"


def test_a_second_sign_in_right_behind_the_first_is_refused(server: InlineServer) -> None:
    server.people("alice", "bob")
    caller = server.connect()
    server.reads.delay()
    for handle in ("alice", "bob"):
        caller.say(caller.request(Login, handle=handle, password=PASSWORD))
    server.reads.catch_up()
    first, second = [message for message in caller.collect() if isinstance(message, dict)]
    assert (first["handle"], second["error"]["code"]) == ("alice", "already_signed_in")


def test_who_is_gone_before_the_sign_in_is_done_is_not_here(server: InlineServer) -> None:
    (alice,) = server.people("alice")
    caller = server.connect()
    server.reads.delay()
    caller.say(caller.request(Resume, token=alice.token, heads={}))
    alice.hang_up()
    caller.hang_up()
    server.reads.catch_up()
    assert server.hub.connections(alice.person) == []
    assert server.engine.under_way == 0


@pytest.mark.parametrize("state", ["busy", "broken"])
@pytest.mark.parametrize(
    ("shape", "fields"),
    [
        (Login, {"handle": "alice", "password": PASSWORD}),
        (Register, {"handle": "bob", "password": PASSWORD}),
    ],
)
def test_when_passwords_cannot_be_hashed_the_request_is_refused_and_may_be_repeated(
    server: InlineServer, state: str, shape: type[Request[SignedIn]], fields: dict[str, str]
) -> None:
    server.people("alice")
    caller = server.connect()
    setattr(server.passwords, state, True)
    refusal = caller.refusal(shape, **fields)
    assert refusal.code == ("unavailable" if state == "busy" else "internal")
    assert (refusal.retry_after_ms is not None) == (state == "busy")
    setattr(server.passwords, state, False)
    caller.do(shape, **fields)


# Passwords and devices.


def test_a_changed_password_needs_the_old_one(server: InlineServer) -> None:
    (alice,) = server.people("alice")
    refusal = alice.refusal(ChangePassword, old="wrong horse", new=NEW)
    assert (refusal.code, refusal.field) == ("bad_credentials", "old")
    refusal = alice.refusal(ChangePassword, old=PASSWORD, new="short")
    assert (refusal.code, refusal.field) == ("bad_password", "new")
    alice.do(ChangePassword, old=PASSWORD, new=NEW)
    assert server.connect().refused(Login, handle="alice", password=PASSWORD) == "bad_credentials"
    server.connect().do(Login, handle="alice", password=NEW)


def test_after_a_change_of_password_the_new_token_is_good_and_the_old_ones_are_not(server: InlineServer) -> None:
    (alice,) = server.people("alice")
    tablet = server.login("alice")
    token = alice.do(ChangePassword, old=PASSWORD, new=NEW).token
    for old in (alice.token, tablet.token):
        assert server.connect().refused(Resume, token=old) == "bad_credentials"
    assert server.connect().do(Resume, token=token).person == alice.person
    assert [device.current for device in alice.do(Devices).devices] == [True]


def test_a_password_changed_meanwhile_makes_the_second_change_start_anew(server: InlineServer) -> None:
    (alice,) = server.people("alice")
    tablet = server.login("alice")
    server.commits.gather()
    alice.say(alice.request(ChangePassword, old=PASSWORD, new=NEW))
    tablet.say(second := tablet.request(ChangePassword, old=PASSWORD, new="third horse"))
    server.commits.commit()
    assert tablet.peer.closed == (4501, "signed out")
    replies = [message for message in tablet.collect() if isinstance(message, dict)]
    assert all(reply["re"] != second.id or "error" in reply for reply in replies)
    server.connect().do(Login, handle="alice", password=NEW)


def test_a_login_with_the_old_password_that_is_overtaken_by_its_change_is_refused(server: InlineServer) -> None:
    (alice,) = server.people("alice")
    late = server.connect()
    server.commits.gather()
    alice.say(alice.request(ChangePassword, old=PASSWORD, new=NEW))
    late.say(late.request(Login, handle="alice", password=PASSWORD))
    server.commits.commit()
    (reply,) = [message for message in late.collect() if isinstance(message, dict)]
    assert reply["error"]["code"] == "bad_credentials"


def test_a_revoked_device_is_shown_out_and_its_token_is_worthless(server: InlineServer) -> None:
    (alice,) = server.people("alice")
    tablet = server.login("alice")
    (other,) = [device.device for device in alice.do(Devices).devices if not device.current]
    alice.do(RevokeDevice, device=other)
    assert tablet.peer.closed == (4501, "signed out")
    assert server.connect().refused(Resume, token=tablet.token) == "bad_credentials"
    assert alice.peer.closed is None


def test_ones_own_device_may_be_revoked_and_is_answered_before_it_is_closed(server: InlineServer) -> None:
    (alice,) = server.people("alice")
    (own,) = [device.device for device in alice.do(Devices).devices]
    alice.do(RevokeDevice, device=own)
    assert alice.peer.closed == (4501, "signed out")


def test_other_peoples_devices_are_not_found(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    (device,) = bob.do(Devices).devices
    assert alice.refused(RevokeDevice, device=device.device) == "not_found"
    assert alice.refused(RevokeDevice, device=new_id()) == "not_found"
    assert bob.peer.closed is None


def test_who_logs_out_is_closed_and_their_token_is_worthless(server: InlineServer) -> None:
    (alice,) = server.people("alice")
    alice.do(Logout)
    assert alice.peer.closed == (1000, "signed out")
    assert server.connect().refused(Resume, token=alice.token) == "bad_credentials"


def test_when_a_device_was_last_here_is_noted(server: InlineServer) -> None:
    (alice,) = server.people("alice")
    server.clock.pass_time(60)
    (device,) = alice.resume().do(Devices).devices
    assert device.seen_at - device.created_at == 60_000


def test_preferences_outlive_the_connection(server: InlineServer) -> None:
    (alice,) = server.people("alice")
    alice.do(SetPreferences, presence=False)
    preferences = server.connect().do(Resume, token=alice.token).preferences
    assert preferences is not None
    assert (preferences.receipts, preferences.presence) == (True, False)


# Finding people.


def test_people_are_found_by_handle_and_by_id_and_who_does_not_exist_is_left_out(server: InlineServer) -> None:
    alice, _, cyd = server.people("alice", "bob", "cyd")
    found = alice.do(People, handles=("BOB", "nobody_here", "no handle!"), persons=(cyd.person, PersonId(new_id())))
    assert [person.handle for person in found.people] == ["bob", "cyd"]


# Greeting.


def test_hello_says_what_this_server_is(server: InlineServer) -> None:
    reply = server.connect().do(Hello, versions=(7, 1))
    assert (reply.version, reply.now, reply.limits.group_members) == (1, server.clock.ms, 500)


def test_a_version_the_server_does_not_speak_closes_for_good(server: InlineServer) -> None:
    caller = server.connect()
    assert caller.refused(Hello, versions=(2,)) == "unsupported_version"
    assert caller.peer.closed == (4502, "unsupported_version")


def test_who_is_not_signed_in_asks_for_nothing(server: InlineServer) -> None:
    caller = server.connect()
    for shape, fields in ((Devices, {}), (Watch, {"persons": ()}), (Send, {"body": b"x", "to": new_id()})):
        assert caller.refused(shape, **fields) == "not_signed_in"
