"""register, login, logout, passwd, devices, preferences, block."""

import io
import stat

from tests.client.line.conftest import ACCEPT, Hutong, Meet, Someone


def test_registering_says_who_one_is_and_keeps_the_token_to_its_owner(meet: Meet) -> None:
    alice = meet("alice")
    path = alice.home / alice.handle / "account.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert alice("topics").err == "No conversations yet. Begin one: hutong send bob 'hello'\n"


def test_whoever_is_not_signed_in_is_told_how(stranger: Someone) -> None:
    for command in (["topics"], ["send", "bob", "hi"], ["chat", "bob"], ["logout"], ["tail"]):
        ran = stranger(*command)
        assert ran.status == 4
        assert "hutong login" in ran.err


def test_a_taken_handle_and_a_bad_one_are_refused(meet: Meet, stranger: Someone) -> None:
    alice = meet("alice")
    ran = stranger("register", alice.handle, *ACCEPT)
    assert (ran.status, f"hutong login {alice.handle}" in ran.err) == (1, True)
    assert stranger("register", "x").status == 2
    assert stranger("register", "somebody-new", *ACCEPT, HUTONG_PASSWORD="short").status == 1


def test_a_password_comes_from_stdin_or_the_environment_never_silently(meet: Meet, stranger: Someone) -> None:
    alice = meet("alice")
    assert stranger("login", alice.handle, "--password-stdin", stdin="correct horse\n").status == 0
    assert stranger("login", alice.handle, HUTONG_PASSWORD="wrong horse").status == 1


def test_without_a_terminal_a_password_is_asked_of_nobody(stranger: Someone) -> None:
    ran = stranger._at.type(("login", "alice"), io.StringIO(), {"HUTONG_HOME": str(stranger.home)})
    assert (ran.status, "--password-stdin" in ran.err) == (2, True)


def test_an_answer_has_a_name(stranger: Someone) -> None:
    assert stranger("register", "alice-new", "--answer", "CODE").status == 2


def test_a_profile_is_not_overwritten_by_somebody_else(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    ran = alice("--profile", alice.handle, "login", bob.handle)
    assert (ran.status, "--profile" in ran.err) == (2, True)


def test_several_profiles_live_side_by_side(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    assert alice("login", bob.handle).status == 0
    assert alice("--profile", alice.handle, "send", bob.handle, "to the other me").status == 0
    assert "to the other me" in alice("--profile", bob.handle, "history", alice.handle).out


def test_logging_out_forgets_the_token_and_logging_in_needs_no_server_name(meet: Meet) -> None:
    alice = meet("alice")
    assert alice("logout").status == 0
    assert alice("topics").status == 4
    assert alice("login", alice.handle, HUTONG_SERVER="").status == 0
    assert alice("topics").status == 0


def test_logging_out_does_not_lose_unsent_messages_by_accident(meet: Meet) -> None:
    alice = meet("alice")
    assert alice("--server", "ws://127.0.0.1:1", "send", "bob", "kept").status == 3
    assert alice("logout").status == 2
    assert alice("logout", "--force").status == 0


def test_a_server_that_is_away_does_not_keep_one_from_leaving_by_force(meet: Meet) -> None:
    alice = meet("alice")
    assert alice("--server", "ws://127.0.0.1:1", "logout").status == 3
    assert alice("--server", "ws://127.0.0.1:1", "logout", "--force").status == 0


def test_changing_the_password_signs_other_devices_out(meet: Meet, stranger: Someone) -> None:
    alice = meet("alice")
    assert stranger("login", alice.handle).status == 0
    assert alice("passwd", HUTONG_NEW_PASSWORD="battery staple").status == 0
    assert alice("topics").status == 0
    assert stranger("topics").status == 4
    assert stranger("login", alice.handle).status == 1
    assert alice("passwd", "--password-stdin", stdin="battery staple\ncorrect horse\n").status == 0
    assert stranger("login", alice.handle).status == 0


def test_devices_are_listed_and_revoked(meet: Meet, stranger: Someone) -> None:
    alice = meet("alice")
    stranger("login", alice.handle)
    other = next(device for device in alice("devices", "--json").json if not device["current"])
    assert "this one" in alice("devices").out
    assert alice("devices", "revoke", other["device"][:8]).status == 0
    assert len(alice("devices", "--json").json) == 1
    assert stranger("topics").status == 4
    assert alice("devices", "revoke", "zzz").status == 2


def test_preferences_are_set(meet: Meet) -> None:
    alice = meet("alice")
    assert alice("preferences", "--receipts", "off", "--presence", "on").status == 0
    assert alice("preferences").lines[:2] == ["receipts\toff", "presence\ton"]


def test_a_blocked_person_is_listed_and_not_heard(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    alice("send", bob.handle, "hello")
    assert alice("block", bob.handle).status == 0
    assert alice("blocks").lines == [bob.handle]
    assert bob("send", alice.handle, "unheard").status == 0
    assert "unheard" not in alice("history", bob.handle).out
    assert alice("send", bob.handle, "hello?").status == 1
    assert alice("unblock", bob.handle).status == 0
    assert alice("blocks").err == "You block nobody.\n"


def test_help_says_what_the_exit_status_means(stranger: Someone) -> None:
    for command in ([], ["send"], ["topics"], ["group"], ["contacts"], ["register"], ["chat"]):
        ran = stranger(*command, "--help")
        assert (ran.status, "Exit status" in ran.out) == (0, True)


def test_an_address_that_is_none_is_wrong_usage(stranger: Someone, hutong: Hutong) -> None:
    assert stranger("--server", "http://127.0.0.1", "topics").status == 2
    assert stranger("--server", "ws://127.0.0.1:1", "login", "alice").status == 3
