"""account apply, submit, take-back, list, operators, operator, acts; and the officers who review applications."""

from pathlib import Path

from tests.client.line.conftest import APPLICATION, Meet, OpenAccount, Someone

FORM = """
name = "Tea of {handle}"
subject = "Lin Mei"
body = "person"
category = "life"
scope = "Tea, daily."
operator = "Lin Mei"
type = "service"
[[qualifications]]
kind = "licence"
number = "AB-12"
issuer = "City Hall"
"""


def test_whoever_has_applied_for_nothing_is_told_how(meet: Meet) -> None:
    alice = meet("alice")
    ran = alice("account", "list")
    assert (ran.status, ran.out, "hutong account apply" in ran.err) == (0, "", True)
    for command in (("submit",), ("profile", "--text", "tea"), ("inbox",), ("figures",), ("draft", "list")):
        ran = alice("account", *command)
        assert (ran.status, "hutong account apply" in ran.err) == (2, True), command


def test_what_is_missing_is_said_with_the_codes_one_may_choose_from(meet: Meet) -> None:
    ran = meet("alice")("account", "apply", "--name", "Tea", "--body", "cat")
    assert (ran.status, ran.out) == (2, "")
    for words in ("--subject", "--category", "--scope", "--operator", "there is no 'cat'", "A person", "Daily life"):
        assert words in ran.err
    assert "--name " not in ran.err


def test_an_application_comes_from_a_file_and_options_win(meet: Meet, tmp_path: Path) -> None:
    alice = meet("alice")
    form = tmp_path / "application.toml"
    form.write_text(FORM.format(handle=alice.handle), encoding="utf-8")
    [draft] = alice("account", "apply", "--file", str(form), "--scope", "Coffee.", "--json").json
    said = draft["application"]
    assert (draft["state"], draft["role"], said["scope"], said["type"]) == ("draft", "owner", "Coffee.", "service")
    assert said["qualifications"] == [{"kind": "licence", "number": "AB-12", "issuer": "City Hall"}]
    shown = alice("account", "list").out
    for words in ("draft", "licence AB-12 City Hall", "hutong account submit"):
        assert words in shown
    ran = alice("account", "apply", "--account", "tea of", "--paper", "permit:7", "--json")
    assert ran.json[0]["application"]["qualifications"] == [{"kind": "permit", "number": "7"}]
    assert ran.json[0]["application"]["scope"] == "Coffee."  # What is not said stays as it was.


def test_a_file_that_says_something_else_is_wrong_usage(meet: Meet, tmp_path: Path) -> None:
    alice = meet("alice")
    bad = tmp_path / "bad.toml"
    for text, words in (
        ("colour = 1", "nothing is called 'colour' there"),
        ("name = 1", "name: it is to be a text, and is a number"),
        ("type = 'daily'", "Broadcasts a few times a month"),
        ("name =", "bad.toml"),
        ("name = '\xff'", "it is not in UTF-8"),
    ):
        bad.write_bytes(text.encode("latin-1"))
        ran = alice("account", "apply", "--file", str(bad))
        assert (ran.status, words in ran.err) == (2, True), text
    assert alice("account", "apply", "--file", str(tmp_path / "none.toml")).status == 2
    assert alice("account", "apply", "--name", "Tea", *APPLICATION, "--paper", "licence").status == 2
    ran = alice("account", "apply", "--name", "a" * 33, *APPLICATION)
    assert (ran.status, "name: at most 32 characters fit" in ran.err) == (2, True)


def test_what_is_refused_is_explained_changed_and_submitted_again(meet: Meet, chief: Someone) -> None:
    alice = meet("alice")
    [applied] = alice("account", "apply", "--name", f"Tea of {alice.handle}", *APPLICATION, "--json").json
    topic = applied["topic"]
    assert "to be decided by" in alice("account", "submit").out
    assert topic in [item.get("account") for item in chief("officer", "queue", "--json").json]
    assert "application" in chief("officer", "queue").out
    shown = chief("officer", "application", topic).out
    assert "Lin Mei" in shown
    assert alice.handle not in chief("officer", "application", topic, "--json").out.replace(
        f"Tea of {alice.handle}", ""
    )
    assert chief("officer", "review", topic, "refuse").status == 2
    refusal = ("--ground", "application_unclear", "--facts", "Whose tea?")
    [refused] = chief("officer", "review", topic, "refuse", *refusal, "--json").json
    assert (refused["state"], refused["decisions"][0]["facts"]) == ("refused", "Whose tea?")
    ran = alice("account", "list")
    for words in ("refused", "Whose tea?", "application_unclear", "appeal:", "submit it again"):
        assert words in ran.out
    assert alice("account", "apply", "--account", topic, "--scope", "My own tea.").status == 0
    assert alice("account", "submit", "--account", topic).status == 0
    assert chief("officer", "review", topic, "approve").status == 0
    assert "hutong account profile" in alice("account", "list").out
    assert alice("account", "submit", "--account", topic).status == 1
    assert chief("officer", "review", topic, "approve").status == 1
    assert chief("officer", "application", "0" + "a" * 15).status == 1
    assert chief("officer", "application", "nix").status == 2


def test_an_application_is_taken_back_until_it_is_decided(meet: Meet) -> None:
    alice = meet("alice")
    alice("account", "apply", "--name", f"Tea of {alice.handle}", *APPLICATION)
    alice("account", "submit")
    for command in (("publish", "-"), ("profile", "--text", "tea"), ("welcome", "Hello!")):
        ran = alice("account", *command, stdin="# Tea\n\nText.")
        assert (ran.status, "is not approved (submitted)" in ran.err, "Anybody may read" in ran.err) == (1, True, False)
    assert "is not open (submitted)" in alice("account", "show").err
    assert ": draft;" in alice("account", "take-back").out
    assert alice("account", "take-back").status == 0  # It is a draft, as was wanted.


def test_operators_share_an_account_and_tell_each_other_what_they_did(meet: Meet, open_account: OpenAccount) -> None:
    alice, bob, carol, dave = meet("alice"), meet("bob"), meet("carol"), meet("dave")
    topic = open_account(alice, f"Tea of {alice.handle}")
    assert alice("account", "operator", bob.handle, "--role", "editor").status == 0
    ran = alice("account", "operator", carol.handle, "--role", "analyst", "--json")
    assert [each["role"] for each in ran.json] == ["owner", "editor", "analyst"]
    assert bob("account", "welcome", "Hello!", "--yes").status == 0
    assert bob("account", "operator", dave.handle, "--role", "editor").status == 1
    assert carol("account", "welcome", "Hello!", "--yes").status == 1
    acts = carol("account", "acts").out
    for words in (f"{bob.handle}\tpublished the welcome", f"{alice.handle}\tmade {carol.handle} an analyst"):
        assert words in acts
    assert len(carol("account", "acts", "--limit", "1", "--json").json) == 1
    assert dave("account", "operators", "--account", topic).status == 2
    assert bob("account", "operator", bob.handle, "--role", "none").status in {0, 1}  # Whoever leaves sees no more.
    assert alice("account", "operators").out.splitlines() == [f"{alice.handle}\towner", f"{carol.handle}\tanalyst"]


def test_which_of_several_accounts_has_to_be_said(meet: Meet, open_account: OpenAccount) -> None:
    alice = meet("alice")
    first, second = (open_account(alice, f"{what} of {alice.handle}") for what in ("Tea", "Coffee"))
    ran = alice("account", "figures")
    assert (ran.status, first in ran.err, second in ran.err) == (2, True, True)
    for name in (first, first[:8], "tea", f"TEA OF {alice.handle}"):
        assert alice("account", "figures", "--account", name).status == 0
    assert alice("account", "figures", "--account", "cocoa").status == 2


def test_the_help_says_what_the_files_look_like(stranger: Someone) -> None:
    for command, words in (
        ("apply", "[[qualifications]]"),
        ("menu", "[[menu.items]]"),
        ("replies", "keywords ="),
        ("publish", "## A section"),
        ("schedule", "summary:"),
    ):
        ran = stranger("account", command, "--help")
        assert (ran.status, words in ran.out) == (0, True), command
