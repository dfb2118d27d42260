"""send and chat to an account, its inbox: what is private between a follower and an account."""

from pathlib import Path

import pytest

from tests.client.line.conftest import Meet, OpenAccount, Someone

MENU = '[[menu]]\nlabel = "About"\n[[menu.items]]\nlabel = "Who"\ntext = "Three people."\n'
REPLIES = '[[replies]]\nkeywords = ["hours", "营业时间"]\ntext = "Nine to five."\n'


@pytest.fixture
def news(meet: Meet, open_account: OpenAccount, tmp_path: Path) -> Someone:
    """Return somebody with an account that has a menu, a welcome and a keyword table."""
    alice = meet("alice")
    open_account(alice, f"News of {alice.handle}")
    for name, text in (("menu", MENU), ("replies", REPLIES)):
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
        assert alice("account", name, "--file", str(tmp_path / f"{name}.toml")).status == 0
    alice("account", "welcome", "Welcome!")
    return alice


def test_what_has_a_keyword_in_it_is_answered_at_once_and_all_of_it_is_in_the_inbox(meet: Meet, news: Someone) -> None:
    bob, name = meet("bob"), f"News of {news.handle}"
    assert "hutong follow" in bob("send", name, "hello").err
    assert "Nobody has written" in news("account", "inbox").err
    bob("follow", name)
    assert bob("send", name, "Your HOURS, please").out == f"{name}, by itself: Nine to five.\n"
    [sent] = bob("send", name, "营业时间？", "--json").json
    assert (sent["seq"], sent["answer"]) == (2, f"{name}, by itself: Nine to five.")
    assert bob("send", name, "Who are you?").out == ""
    assert f"{name}\t\tprivate dialogue" in bob("topics").out
    [row] = news("account", "inbox").lines
    assert row.startswith(f"{bob.handle}\twaits\t")
    told = news("account", "inbox", "show", bob.handle)
    assert [line.split(": ", 1)[1] for line in told.lines[1:]] == ["Your HOURS, please", "营业时间？", "Who are you?"]
    assert "may be answered until" in told.err


def test_operators_answer_in_the_accounts_name_and_know_which_of_them_did(meet: Meet, news: Someone) -> None:
    bob, carol, name = meet("bob"), meet("carol"), f"News of {news.handle}"
    news("account", "operator", carol.handle, "--role", "editor")
    bob("follow", name)
    bob("send", name, "Who are you?")
    [done] = carol("account", "inbox", "answer", bob.handle, "Three people.", "--json").json
    assert done["seq"] == 2
    assert bob("history", name).lines[-1].endswith(f"{name}: Three people.")
    assert carol.handle not in bob("history", name, "--json").out
    shown = news("account", "inbox", "show", done["topic"])
    assert shown.lines[-1].endswith(f"{name}: Three people.  (written by {carol.handle})")
    assert news("account", "inbox", "show", bob.handle, "--json").json[-1]["by_handle"] == carol.handle
    [dialogue] = news("account", "inbox", "--json").json
    assert (dialogue["waiting"], dialogue["last"]["text"]) == (False, "Three people.")
    assert "More: --before 2" in news("account", "inbox", "show", bob.handle, "--limit", "1").err
    assert news("account", "inbox", "answer", "nobody", "hello").status == 2
    assert news("account", "inbox", "answer", bob.handle, "-", stdin="").status == 2
    assert news("account", "inbox", "answer", bob.handle, "-", stdin="from a pipe\n").status == 0


def test_a_conversation_begins_with_the_welcome_and_has_the_menu(meet: Meet, news: Someone) -> None:
    bob, name = meet("bob"), f"News of {news.handle}"
    topic = bob("account", "show", name, "--json").json[0]["topic"]
    assert "hutong follow" in bob("chat", topic).err
    bob("follow", name)
    ran = bob("chat", name, stdin="/menu\n/menu 1\n/menu 1.1\n/menu 7\nyour hours?\n/help\n")
    assert ran.status == 0
    for words in (
        f"{name}, by itself: Welcome!",
        "1 About",
        "1.1 Who",
        "Three people.",
        "There is no 7 in its menu",
        f"{bob.handle}: your hours?\n{name}, by itself: Nine to five.",
        "/menu [NUMBER]",
    ):
        assert words in ran.out
    assert "/who" not in ran.out  # Nobody is told who is behind an account, or what they have read.
    assert "/receipts" not in ran.out
    again = bob("chat", name, stdin="")
    assert "Welcome!" not in again.out
    assert f"[private] {name}" in again.out
    assert "/menu" not in bob("chat", news.handle, stdin="/help\n").out


def test_an_inbox_says_when_it_is_too_late_to_answer(
    meet: Meet, news: Someone, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = meet("bob")
    bob("follow", f"News of {news.handle}")
    bob("send", f"News of {news.handle}", "Who are you?")
    [dialogue] = news("account", "inbox", "--json").json
    monkeypatch.setattr("client.line.times.now_ms", lambda: dialogue["answer_until"])
    assert "\ttoo late\t" in news("account", "inbox").out
    assert f"from when {bob.handle} writes again" in news("account", "inbox", "show", bob.handle).err


def test_an_account_of_ones_own_is_not_written_to(news: Someone) -> None:
    for command in (("send", f"News of {news.handle}", "hello"), ("chat", f"News of {news.handle}")):
        ran = news(*command)
        assert (ran.status, "hutong account inbox" in ran.err) == (2, True)


def test_whoever_does_not_follow_any_more_is_told_to(meet: Meet, news: Someone) -> None:
    bob, name = meet("bob"), f"News of {news.handle}"
    bob("follow", name)
    bob("send", name, "hello")
    bob("unfollow", name)
    ran = bob("send", name, "hello again")
    assert (ran.status, "follow the account" in ran.err) == (1, True)
