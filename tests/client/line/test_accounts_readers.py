"""follow, unfollow, follows, feed, read, search, share: accounts as their readers have them."""

import signal
import subprocess
from pathlib import Path

import pytest

from tests.client.line.conftest import Meet, OpenAccount, Someone, found

LETTER = "# {title}\n\nsummary: All of it.\nauthor: Lin\n\nText of {title}.\n"


def publish(someone: Someone, title: str, *options: str) -> int:
    ran = someone("account", "publish", "-", "--json", *options, stdin=LETTER.format(title=title))
    assert ran.status == 0, ran.err
    return int(ran.json[0]["seq"])


def test_whoever_follows_nobody_is_told_how(meet: Meet) -> None:
    alice = meet("alice")
    for command in ("feed", "follows"):
        ran = alice(command)
        assert (ran.status, ran.out, "hutong search" in ran.err) == (0, "", True)
    ran = alice("follow", "No such account")
    assert (ran.status, "hutong search" in ran.err) == (2, True)
    assert alice("follow", "0" + "a" * 15).status == 1
    assert alice("read", "No such account").status == 2


def test_a_new_follower_is_welcomed_and_gets_what_is_broadcast_from_then_on(
    meet: Meet, open_account: OpenAccount
) -> None:
    alice, bob = meet("alice"), meet("bob")
    topic = open_account(alice, f"News of {alice.handle}", "--type", "service")
    alice("account", "welcome", "Welcome!")
    publish(alice, "before")
    ran = bob("follow", f"news of {alice.handle}")
    assert f"You follow [public] News of {alice.handle}." in ran.out
    assert f"News of {alice.handle}, by itself: Welcome!" in ran.out
    assert "Nothing has come yet." in bob("feed").err
    seq = publish(alice, "after")
    publish(alice, "quietly", "--quiet")
    first, *_, last = bob("feed").lines
    assert first.startswith("● ")
    assert first.endswith(f"News of {alice.handle}: after by Lin")
    assert last.strip() == f"hutong read {topic} {seq}"
    assert not bob("feed").out.startswith("●")  # It has been shown.
    [entry] = bob("feed", "--json").json
    assert (entry["title"], entry["summary"], entry["unread"], entry["side"]) == (
        "after",
        "All of it.",
        False,
        "public",
    )
    assert "Text of quietly." in bob("read", topic).out
    assert "Welcome!" not in bob("follow", topic, "--mute").out


def test_follows_are_listed_changed_and_ended(meet: Meet, open_account: OpenAccount) -> None:
    alice, bob = meet("alice"), meet("bob")
    topic = open_account(alice, f"News of {alice.handle}", tags=("tea", "coffee"))
    assert bob("follow", topic, "--tag", "milk").status == 1
    assert bob("follow", topic, "--tag", "tea", "--no-tag").status == 2
    assert "(for tea, muted)" in bob("follow", topic, "--tag", "tea", "--mute").out
    [follow] = bob("follows", "--json").json
    assert (follow["name"], follow["tag"], follow["muted"]) == (f"News of {alice.handle}", "tea", True)
    assert bob("topics", "unmute", topic).status == 0
    bob("follow", topic, "--no-tag")
    [row] = bob("follows").lines
    assert row.split("\t")[:4] == [f"News of {alice.handle}", "", "", ""]
    for command in ("pin", "clear"):
        assert bob("topics", command, topic).status == 2
    assert bob("unfollow", topic).status == 0
    assert "You do not follow" in bob("unfollow", topic).err
    assert bob("follows").out == ""


def test_what_is_for_a_tag_comes_to_those_who_chose_it(meet: Meet, open_account: OpenAccount) -> None:
    alice, bob, carol = meet("alice"), meet("bob"), meet("carol")
    topic = open_account(alice, f"News of {alice.handle}", "--type", "service", tags=("tea", "coffee"))
    bob("follow", topic, "--tag", "tea")
    carol("follow", topic)
    seq = publish(alice, "Green", "--tag", "tea")
    assert "Green" in bob("feed").out
    assert carol("feed").out == ""
    assert "Text of Green." in carol("read", topic, str(seq)).out
    assert carol("history", topic).status == 0
    assert carol("feed").out == ""  # Having looked at the page makes it no broadcast to oneself.


def test_another_device_has_the_same_follows_and_what_came_since(
    meet: Meet, open_account: OpenAccount, tmp_path: Path
) -> None:
    alice, bob = meet("alice"), meet("bob")
    topic = open_account(alice, f"News of {alice.handle}", "--type", "service")
    publish(alice, "before")
    bob("follow", topic)
    publish(alice, "since")
    other = {"HUTONG_HOME": str(tmp_path / "other device")}
    assert bob("login", bob.handle, **other).status == 0
    assert [entry["title"] for entry in bob("feed", "--json", **other).json] == ["since"]
    assert not bob("feed", **other).out.startswith("●")  # There it is nothing new.
    bob("follow", topic, "--mute", **other)
    assert bob("follows", "--json").json[0]["muted"]
    bob("unfollow", topic)
    assert bob("follows", **other).out == ""
    assert bob("feed", **other).out == ""


def test_topics_show_accounts_with_their_side_and_how_one_stands(meet: Meet, open_account: OpenAccount) -> None:
    alice, bob = meet("alice"), meet("bob")
    topic = open_account(alice, f"News of {alice.handle}")
    bob("follow", topic)
    publish(alice, "One")
    assert f"News of {alice.handle}\t1\tpublic account\tfollowing\t{topic}" in bob("topics").lines
    assert bob("topics", "read", topic).status == 0
    assert f"News of {alice.handle}\t\tpublic account\tfollowing\t{topic}" in bob("topics").lines
    assert f"News of {alice.handle}\t\tpublic account\towner\t{topic}" in alice("topics").lines
    lines = bob("history", topic).lines
    assert lines[0] == f"[public] News of {alice.handle}"
    assert "says anew what it is about" in bob("history", topic, "--limit", "9").out
    assert bob("publish", topic, "hello", "--yes").status == 2
    assert bob("group", "leave", topic).status == 2


def test_search_finds_accounts_articles_and_groups(meet: Meet, open_account: OpenAccount) -> None:
    alice, bob = meet("alice"), meet("bob")
    word = f"锦鲤{alice.handle}"
    topic = open_account(alice, f"{word}社")
    seq = publish(alice, f"{word}文章")
    group = found(bob, "--listed", name=f"{word}群")
    ran = bob("search", word)
    for words in (f"hutong follow {topic}", f"hutong read {topic} {seq}", f"hutong group join {group}"):
        assert words in ran.out
    [only] = bob("search", word, "--kind", "article", "--json").json
    assert (only["title"], only["account"], only["seq"]) == (f"{word}文章", f"{word}社", seq)
    assert {each["kind"] for each in bob("search", word, "--json").json} == {"account", "article", "group"}
    assert "More: --offset 1" in bob("search", word, "--limit", "1").err
    assert bob("search", "nothing-says-this").err == "Nothing that is public says so.\n"
    assert bob("search", "x" * 65).status == 2


def test_an_article_is_shared_as_a_reference_or_published_as_what_it_is(meet: Meet, open_account: OpenAccount) -> None:
    alice, bob, carol = meet("alice"), meet("bob"), meet("carol")
    topic = open_account(alice, f"News of {alice.handle}")
    seq = str(publish(alice, "Green"))
    assert "privately" in bob("share", topic, seq, carol.handle, "--say", "look:").out
    assert f"hutong read {topic} {seq}" in carol("history", bob.handle).out
    [entry] = carol("history", bob.handle, "--json").json
    assert (entry["text"], entry["articles"]) == (
        f"look: Green hutong:{topic}/{seq}",
        [{"account": topic, "seq": int(seq)}],
    )
    carol("follow", topic)
    carol("history", topic)
    assert f"[public] News of {alice.handle}: Green by Lin; hutong read" in carol("history", bob.handle).out
    assert "Text of Green." in carol("read", f"hutong:{topic}/{seq}").out
    ran = carol("read", f"hutong:{topic}/{seq}", seq)
    assert (ran.status, "leave out the other" in ran.err) == (2, True)
    lane = found(bob, "--open-history", name=f"Lane of {bob.handle}")
    [shared] = bob("share", topic, seq, lane, "--json").json
    assert shared["state"] == "published"
    assert bob("share", topic, seq, lane).out == f"Shared, publicly, in [public] Lane of {bob.handle}.\n"
    told = carol("history", lane).out
    assert f"{bob.handle}: Green" in told
    assert f"from [public] News of {alice.handle}, hutong read {topic} {seq}" in told
    assert carol("history", lane, "--json").json[-1]["source"]["hops"][0]["account"] == topic
    assert bob("share", topic, "99", carol.handle).status == 1


@pytest.mark.slow
def test_a_live_feed_shows_what_comes_until_it_is_interrupted(
    meet: Meet, open_account: OpenAccount, tmp_path: Path
) -> None:
    alice, bob = meet("alice"), meet("bob")
    topic = open_account(alice, f"News of {alice.handle}", "--type", "service")
    bob("follow", topic)
    seq = publish(alice, "One")
    with bob.start("feed", "--follow", stdout=subprocess.PIPE) as feed:
        assert feed.stdout is not None
        for words in ("One by Lin", "All of it.", "hutong read"):
            assert words in feed.stdout.readline()
        publish(alice, "Two")
        for words in ("● ", "All of it.", "hutong read"):
            assert words in feed.stdout.readline()
        alice("account", "recall", str(seq))
        assert f"recalled [{seq}]" in feed.stdout.readline()
        feed.send_signal(signal.SIGINT)
        assert feed.wait(10) == 130
