"""account publish, reprint, recall, draft, schedule, figures: what an account says, and what it will."""

import time
from pathlib import Path

import pytest

from client.manuscripts import parse
from tests.client.line.conftest import Meet, OpenAccount, Someone

LETTER = """# The bridge is open

summary: Two years of work are over.
author: Lin
category: society

It opened on Monday. 大桥通车了。

## What it cost

Less than was feared.

[](https://example.org/minutes)
"""


@pytest.fixture
def letter(tmp_path: Path) -> str:
    path = tmp_path / "letter.md"
    path.write_text(LETTER, encoding="utf-8")
    return str(path)


def publish(someone: Someone, source: str, *options: str, stdin: str = "") -> int:
    """Publish for the only account of somebody's, and return the number of the article."""
    ran = someone("account", "publish", source, "--json", *options, stdin=stdin)
    assert ran.status == 0, ran.err
    [done] = ran.json
    assert done["state"] == "published"
    return int(done["target"] if "target" in done else done["seq"])


def test_what_is_published_is_read_as_it_was_written(meet: Meet, open_account: OpenAccount, letter: str) -> None:
    alice, bob = meet("alice"), meet("bob")
    topic = open_account(alice, f"News of {alice.handle}")
    ran = alice("account", "publish", letter)
    assert ran.out.startswith("[2] is broadcast: hutong read")
    said = bob("read", topic).out
    assert said.splitlines()[0] == f"[public] News of {alice.handle}"
    for words in (
        "The bridge is open",
        "by Lin",
        "society",
        "Two years",
        "大桥通车了。",
        "What it cost",
        "example.org",
    ):
        assert words in said
    [article] = bob("read", topic, "2", "--json").json
    content = parse(LETTER)
    assert (article["title"], article["text"], article["version"]) == (content.title, content.text, 1)
    assert article["parts"][0]["link"] == "https://example.org/minutes"


def test_an_edit_is_the_next_version(meet: Meet, open_account: OpenAccount, letter: str) -> None:
    alice, bob = meet("alice"), meet("bob")
    topic = open_account(alice, f"News of {alice.handle}")
    bob("follow", topic)
    quiet = publish(alice, letter, "--quiet", "--reprintable")
    loud = publish(alice, letter)
    for seq in (quiet, loud):
        ran = alice(
            "account", "publish", "-", "--edit", str(seq), stdin=LETTER.replace("Mon", "Tues").replace("Two", "Ten")
        )
        assert f"[{seq}] is changed" in ran.out
    [article] = bob("read", topic, str(quiet), "--json").json
    assert (article["version"], article["reprintable"], "Tuesday" in article["text"]) == (2, True, True)
    assert "version 2" in bob("read", topic, str(loud)).out
    [card] = bob("feed", "--json").json
    assert (card["seq"], card["version"], "Ten years" in card["text"]) == (loud, 2, True)
    assert bob("account", "show", topic, "--json").json[0]["articles"][1]["text"] == card["text"]
    assert alice("account", "publish", letter, "--edit", "99").status == 1
    assert alice("account", "publish", letter, "--edit", str(loud), "--quiet").status == 2


def test_what_is_no_article_is_wrong_usage(meet: Meet, open_account: OpenAccount, tmp_path: Path) -> None:
    alice = meet("alice")
    open_account(alice, f"News of {alice.handle}")
    (tmp_path / "latin.md").write_bytes(b"# \xff")
    for source, stdin, words in (
        ("-", "no title", "begins with its title"),
        (str(tmp_path / "none.md"), "", "No such file"),
        (str(tmp_path / "latin.md"), "", "UTF-8"),
        ("draft:nix", "", "no draft"),
    ):
        ran = alice("account", "publish", source, stdin=stdin)
        assert (ran.status, words in ran.err) == (2, True), source
    assert alice("account", "publish", "-", "--tag", "a", "--quiet", stdin=LETTER).status == 2


def test_what_is_broadcast_too_often_is_refused_at_once(meet: Meet, open_account: OpenAccount, letter: str) -> None:
    alice = meet("alice")
    open_account(alice, f"News of {alice.handle}")
    publish(alice, letter)
    started = time.monotonic()
    ran = alice("account", "publish", letter)
    assert time.monotonic() - started < 20  # It does not wait for tomorrow.
    assert (ran.status, "too_many" in ran.err, "on its page only is not counted" in ran.err) == (1, True, True)
    assert publish(alice, letter, "--quiet")
    assert "nothing more can be broadcast to all today" in alice("account", "list").out


def test_a_recalled_article_cannot_be_read_any_more(meet: Meet, open_account: OpenAccount, letter: str) -> None:
    alice, bob = meet("alice"), meet("bob")
    topic = open_account(alice, f"News of {alice.handle}")
    seq = publish(alice, letter)
    assert alice("account", "recall", str(seq), "--json").json[0]["seq"] == seq + 1
    ran = bob("read", topic, str(seq))
    assert (ran.status, f"there is no article [{seq}]" in ran.err) == (1, True)
    assert "text" not in bob("account", "show", topic, "--json").json[0]["articles"][0]
    ran = bob("read", topic)
    assert (ran.status, "no article that can be read" in ran.err) == (1, True)
    assert "(recalled)" in bob("account", "show", topic).out


def test_a_reprint_says_where_it_comes_from_and_that_it_is_gone_there(
    meet: Meet, open_account: OpenAccount, letter: str
) -> None:
    alice, bob, carol = meet("alice"), meet("bob"), meet("carol")
    first, second = (open_account(each, f"News of {each.handle}") for each in (alice, bob))
    closed, seq = publish(alice, letter, "--quiet"), publish(alice, letter, "--reprintable")
    ran = bob("account", "reprint", first, str(closed))
    assert (ran.status, "does not allow" in ran.err) == (1, True)
    assert bob("account", "reprint", first).status == 2
    ran = bob("account", "reprint", f"hutong:{first}/{seq}", "--as", second)
    assert (ran.status, "is a reprint of it" in ran.out) == (0, True)
    said = carol("read", second).out
    assert f"Reprint of “The bridge is open” by Lin, from [public] News of {alice.handle}" in said
    assert f"hutong:{first}/{seq}" in said
    number = str(carol("read", second, "--json").json[0]["seq"])
    assert bob("account", "publish", letter, "--edit", number).status == 2
    alice("account", "recall", str(seq))
    assert "not public any more" in carol("read", second).out
    assert "not public any more" in carol("account", "show", second).out


def test_drafts_are_shared_shown_as_written_published_and_dropped(
    meet: Meet, open_account: OpenAccount, letter: str
) -> None:
    alice, bob = meet("alice"), meet("bob")
    topic = open_account(alice, f"News of {alice.handle}")
    alice("account", "operator", bob.handle, "--role", "editor")
    assert "no drafts" in alice("account", "draft", "list").err
    draft = alice("account", "draft", "save", letter).out.strip()
    assert (
        alice("account", "draft", "save", "-", "--draft", draft[:20], stdin="# Another\n\nText.").out.strip() == draft
    )
    assert bob("account", "draft", "show", draft).out == "# Another\n\nText.\n"
    bob("account", "draft", "save", letter, "--draft", draft)
    [item] = alice("account", "draft", "list", "--json").json
    assert (item["draft"], item["title"], item["handle"]) == (draft, "The bridge is open", bob.handle)
    assert parse(alice("account", "draft", "show", draft).out) == parse(LETTER)
    assert publish(alice, f"draft:{draft}")
    assert topic in bob("read", topic, "--json").out
    assert alice("account", "draft", "drop", draft).status == 0
    assert alice("account", "draft", "drop", draft).status == 2


def test_a_draft_is_shown_with_the_digest_that_an_approval_and_the_article_name_it_by(
    meet: Meet, open_account: OpenAccount, letter: str
) -> None:
    alice, bob = meet("alice"), meet("bob")
    topic = open_account(alice, f"News of {alice.handle}")
    [saved] = alice("account", "draft", "save", letter, "--json").json
    assert alice("account", "draft", "show", saved["draft"]).err == f"Digest: {saved['digest']}\n"
    [shown] = alice("account", "draft", "show", saved["draft"], "--json").json
    assert (shown["digest"], parse(shown["manuscript"])) == (saved["digest"], parse(LETTER))
    seq = publish(alice, f"draft:{saved['draft']}")
    assert bob("read", topic, str(seq), "--json").json[0]["digest"] == saved["digest"]
    assert alice("account", "draft", "drop", saved["draft"], "--json").json == [{"draft": saved["draft"]}]


def test_what_is_scheduled_is_listed_and_taken_back(meet: Meet, open_account: OpenAccount, letter: str) -> None:
    alice = meet("alice")
    open_account(alice, f"News of {alice.handle}", tags=("tea",))
    assert "Nothing is scheduled." in alice("account", "scheduled").err
    [item] = alice("account", "schedule", letter, "--at", "2h", "--tag", "tea", "--json").json
    assert (item["title"], item["tag"], item["handle"]) == ("The bridge is open", "tea", alice.handle)
    alice("account", "schedule", letter, "--at", "20d", "--quiet")
    first, second = alice("account", "scheduled").lines
    assert "broadcast to tea" in first
    assert "page only" in second
    for wrong in ("yesterday", "2001-01-01", "5x"):
        assert alice("account", "schedule", letter, "--at", wrong).status == 2
    assert alice("account", "unschedule", item["item"]).status == 0
    [left] = alice("account", "scheduled", "--json").json
    assert alice("account", "unschedule", left["item"], "--json").json == [{"item": left["item"]}]
    assert alice("account", "unschedule", item["item"]).status == 2


def test_figures_are_numbers_day_by_day(meet: Meet, open_account: OpenAccount, letter: str) -> None:
    alice, bob, carol = meet("alice"), meet("bob"), meet("carol")
    topic = open_account(alice, f"News of {alice.handle}", tags=("tea",))
    assert "Nobody has read" in alice("account", "figures").err
    seq = publish(alice, letter)
    bob("follow", topic, "--tag", "tea")
    for reader in (bob, bob, carol):
        reader("read", topic)
    ran = alice("account", "figures", "--article", str(seq))
    tries = 20
    while f"[{seq}]\t2\t0" not in ran.out and tries:  # A read is counted a moment after it is answered.
        ran, tries = alice("account", "figures", "--article", str(seq)), tries - 1
    assert ran.lines[0] == "Followers: 1; tea: 1"
    assert f"[{seq}]\t2\t0" in ran.lines[1]
    assert bob.handle not in alice("account", "figures", "--json").out


def test_operators_see_what_all_of_them_submitted(meet: Meet, open_account: OpenAccount, letter: str) -> None:
    alice, bob = meet("alice"), meet("bob")
    topic = open_account(alice, f"News of {alice.handle}")
    alice("account", "operator", bob.handle, "--role", "editor")
    publish(bob, letter, "--yes")
    [newest, *_] = alice("submissions", "--account", topic, "--json").json
    assert (newest["surface"], newest["state"]) == ("broadcast", "published")
    assert bob.handle in alice("submissions", "--account", topic).lines[0]
    assert "broadcast in [public] News of" in alice("submissions", newest["submission"], "--account", topic).out
