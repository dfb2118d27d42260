"""account profile, menu, welcome, replies, show: what an account shows of itself."""

from pathlib import Path

import pytest

from tests.client.line.conftest import APPLICATION, Meet, OpenAccount, Someone

MENU = """
[[menu]]
label = "About"
[[menu.items]]
label = "Who we are"
text = "Three people."
[[menu]]
label = "Shop"
link = "https://shop.example"
"""
REPLIES = """
[[replies]]
keywords = ["hours", "营业时间"]
text = "Nine to five."
"""


def test_before_the_first_time_it_is_said_who_may_read_it(meet: Meet, chief: Someone) -> None:
    alice = meet("alice")
    [applied] = alice("account", "apply", "--name", f"Tea of {alice.handle}", *APPLICATION, "--json").json
    alice("account", "submit")
    chief("officer", "review", applied["topic"], "approve")
    assert alice("account", "profile").status == 2
    ran = alice("account", "profile", "--text", "Tea")
    assert (ran.status, ran.out) == (2, "")
    for words in (f"[public] Tea of {alice.handle} is public", "Anybody may read", "none yet", "--yes"):
        assert words in ran.err
    assert "for everybody" in alice("account", "profile", "--text", "Tea", "--yes").out
    assert alice("account", "welcome", "Hello!").err == ""  # It was agreed to.


def test_an_account_is_shown_as_anybody_sees_it(meet: Meet, open_account: OpenAccount, tmp_path: Path) -> None:
    alice, bob = meet("alice"), meet("bob")
    topic = open_account(alice, f"Tea of {alice.handle}", tags=("green", "black"))
    for name, text in (("menu", MENU), ("replies", REPLIES)):
        path = tmp_path / f"{name}.toml"
        path.write_text(text, encoding="utf-8")
        assert alice("account", name, "--file", str(path)).status == 0
    alice("account", "welcome", "Hello!")
    ran = bob("account", "show", f"tea of {alice.handle}")
    for words in (
        f"[public] Tea of {alice.handle}",
        "A person",
        "Daily life",
        "green, black",
        "1.1 Who we are",
        "2 Shop",
    ):
        assert words in ran.out
    assert "It has published nothing yet." in ran.err
    assert f"hutong follow {topic}" in ran.err
    [page] = bob("account", "show", topic, "--json").json
    assert (page["name"], page["welcome"], page["tags"], page["articles"]) == (
        f"Tea of {alice.handle}",
        "Hello!",
        ["green", "black"],
        [],
    )
    assert page["menu"][0]["items"] == [{"label": "Who we are", "text": "Three people."}]
    assert page["replies"] == [{"keywords": ["hours", "营业时间"], "text": "Nine to five."}]
    assert f"Tea of {alice.handle}" in alice("account", "show").out


def test_what_a_profile_does_not_say_anew_stays(meet: Meet, open_account: OpenAccount) -> None:
    alice = meet("alice")
    topic = open_account(alice, f"Tea of {alice.handle}", tags=("green",))
    alice("account", "profile", "--text", "Coffee, really.")
    assert alice("account", "show", topic, "--json").json[0]["tags"] == ["green"]
    alice("account", "profile", "--no-tags", "--lang", "en")
    [page] = alice("account", "show", topic, "--json").json
    assert (page["text"], page["tags"]) == ("Coffee, really.", [])
    assert alice("account", "profile", "--no-tags", "--tag", "green").status == 2


def test_what_is_emptied_is_gone(meet: Meet, open_account: OpenAccount, tmp_path: Path) -> None:
    alice = meet("alice")
    open_account(alice, f"Tea of {alice.handle}")
    alice("account", "welcome", "Hello!")
    assert "nothing any more" in alice("account", "welcome", "").out
    (tmp_path / "empty.toml").write_text("")
    assert "nothing any more" in alice("account", "menu", "--file", str(tmp_path / "empty.toml")).out


@pytest.mark.parametrize(
    ("command", "text", "words"),
    [
        ("menu", "[[menus]]", "menus"),
        ("menu", "[[menu]]\nlabel = 1", "menu[0].label: it is to be a text"),
        ("menu", "[[menu]]\nlabel = 'a'", "entry of a menu"),
        ("replies", "[[replies]]\ntext = 'a'", "keywords"),
        ("replies", "nonsense", "replies.toml"),
    ],
)
def test_a_bad_file_says_what_is_wrong_with_it(
    meet: Meet, open_account: OpenAccount, tmp_path: Path, command: str, text: str, words: str
) -> None:
    alice = meet("alice")
    open_account(alice, f"Tea of {alice.handle}")
    path = tmp_path / f"{command}.toml"
    path.write_text(text, encoding="utf-8")
    ran = alice("account", command, "--file", str(path))
    assert (ran.status in {1, 2}, words in ran.err) == (True, True), ran.err


def test_an_account_that_is_not_open_is_shown_to_nobody(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    [applied] = alice("account", "apply", "--name", f"Tea of {alice.handle}", *APPLICATION, "--json").json
    for someone in (alice, bob):
        assert someone("account", "show", applied["topic"]).status == 1
    assert bob("account", "show", "No such account").status == 2
