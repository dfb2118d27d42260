"""Moments and threads of the program against the real server, under the pack that the suite runs under."""

import signal
import subprocess
from pathlib import Path

import pytest

from tests.client.line.conftest import Meet, OpenAccount, Someone


def befriend(one: Someone, *others: Someone) -> None:
    for other in others:
        assert one("contacts", "ask", other.handle).status == 0
        assert other("contacts", "accept", one.handle).status == 0


def post(someone: Someone, text: str, *options: str) -> str:
    ran = someone("moments", "post", text, *options, "--yes", "--json")
    assert ran.status == 0, ran.err
    [said] = ran.json
    return str(said.get("moment") or f"{said['topic']}/{said['seq']}")


def seen(someone: Someone, **environment: str) -> list[str]:
    ran = someone("moments", "timeline", "--json", **environment)
    assert ran.status == 0, ran.err
    return [each["text"] for each in ran.json]


def comments(someone: Someone, ref: str) -> list[str]:
    return [each["text"] for each in someone("comments", "show", ref, "--json").json if "comment" in each]


def test_each_sees_what_is_for_them_and_nobody_else_can_tell(meet: Meet) -> None:
    alice, bob, carol, dave = (meet(name) for name in ("alice", "bob", "carol", "dave"))
    befriend(alice, bob, carol)
    assert alice("contacts", "tag", carol.handle, "climbing").status == 0
    for_all = post(alice, "to all")
    post(alice, "to climbers", "--tag", "climbing")
    post(alice, "not to climbers", "--without-tag", "climbing")
    to_self = post(alice, "to myself", "--self")
    everyone = post(alice, "to everyone", "--everyone")
    assert seen(alice) == ["to everyone", "to myself", "not to climbers", "to climbers", "to all"]
    assert seen(bob) == ["to everyone", "not to climbers", "to all"]
    assert seen(carol) == ["to everyone", "to climbers", "to all"]
    assert seen(dave) == []
    assert [each["text"] for each in dave("moments", "of", alice.handle, "--json").json] == ["to everyone"]
    assert "to everyone" in dave("moments", "show", everyone).out
    for ref in (for_all, to_self):
        hidden, nothing = dave("moments", "show", ref), dave("moments", "show", "a" * 16)
        assert (hidden.status, hidden.out, hidden.err.replace(ref, "a" * 16)) == (1, "", nothing.err)
    assert alice("moments", "narrow", for_all, "--without", bob.handle, "--yes").status == 0
    assert "to all" not in seen(bob)
    assert alice("contacts", "remove", carol.handle).status == 0
    assert seen(carol) == []


def test_every_device_has_the_same_timeline(meet: Meet, tmp_path: Path) -> None:
    alice, bob = meet("alice"), meet("bob")
    befriend(alice, bob)
    for number in range(5):
        post(alice if number % 2 else bob, str(number), *(["--everyone"] if number % 3 == 0 else []))
    other = {"HUTONG_HOME": str(tmp_path / "other device")}
    assert bob("login", bob.handle, **other).status == 0
    assert seen(bob) == seen(bob, **other) == seen(alice) == ["4", "3", "2", "1", "0"]
    ran = bob("moments", "timeline", "--limit", "3", "--json")
    assert ([each["text"] for each in ran.json], "--limit 23" in ran.err) == (["4", "3", "2"], True)


def test_comments_are_between_friends_and_notices_lead_to_them(meet: Meet) -> None:
    alice, bob, carol = meet("alice"), meet("bob"), meet("carol")
    befriend(alice, bob, carol)  # Who are strangers to each other.
    ref = post(alice, "hello")
    [said] = bob("comment", ref, "hi", "--json").json
    assert carol("like", ref).out == "1 like, yours.\n"
    assert (comments(alice, ref), comments(bob, ref), comments(carol, ref)) == (["hi"], ["hi"], [])
    assert bob("moments", "show", ref, "--json").json[0]["likes"] == 0
    lines = alice("moments", "notices").lines
    assert [line.startswith("● ") for line in lines] == [True, True]
    assert f"{carol.handle} likes your moment [{ref[:5]}]" in lines[0]
    assert alice("comment", ref[:5], "hello, Bob", "--answers", said["comment"]).status == 0
    [notice] = bob("moments", "notices", "--json").json
    assert (notice["kind"], notice["comment"]["text"]) == ("answer", "hello, Bob")
    assert comments(carol, ref) == []  # It answers what carol does not see.
    assert bob("comments", "delete", said["comment"]).status == 0
    assert comments(alice, ref) == []
    assert not alice("moments", "notices").out.startswith("● ")
    assert alice("moments", "delete", ref).status == 0
    assert bob("moments", "show", ref).status == 1


def test_under_a_post_anybody_comments_and_its_author_chooses(meet: Meet) -> None:
    alice, bob, carol = meet("alice"), meet("bob"), meet("carol")
    ref = post(alice, "hello, all", "--everyone")
    ran = bob("comment", ref, "hi", "--yes")
    assert ran.out.startswith("Said, publicly: [0"), ran.err
    assert comments(carol, ref) == ["hi"]
    assert carol("like", ref).out == "1 like, yours.\n"
    assert alice("moments", "of", "--json").json[0]["comments"] == 1
    assert alice("comments", "choose", ref, "selected").status == 0
    assert (comments(carol, ref), comments(bob, ref), comments(alice, ref)) == ([], ["hi"], ["hi"])
    [_, comment] = alice("comments", "show", ref, "--json").json
    assert alice("comments", "select", comment["comment"][:6]).status == 0
    assert comments(carol, ref) == ["hi"]
    assert bob("comments", "choose", ref, "off").status == 1
    assert alice("comments", "choose", ref, "off").status == 0
    ran = carol("comment", ref, "too late", "--yes")
    assert (ran.status, "no comments" in ran.err) == (1, True)
    assert "under your post" in alice("moments", "notices").out
    assert alice("moments", "delete", ref).status == 0
    assert bob("moments", "show", ref).status == 1


def test_under_an_article_likewise(meet: Meet, open_account: OpenAccount) -> None:
    alice, bob = meet("alice"), meet("bob")
    topic = open_account(alice, f"News of {alice.handle}")
    [done] = alice("account", "publish", "-", "--json", stdin="# Green\n\nsummary: All of it.\n\nText.\n").json
    ref = f"News of {alice.handle}/{done['seq']}"
    assert bob("comment", ref, "well said", "--yes").status == 0
    assert bob("like", f"hutong:{topic}/{done['seq']}").out == "1 like, yours.\n"
    assert "well said" in alice("comments", "show", f"{topic}/{done['seq']}").out
    [_, comment] = alice("comments", "show", ref, "--json").json
    assert alice("comments", "delete", comment["comment"]).status == 0
    assert comments(bob, ref) == []


def test_an_officer_finds_a_comment_by_its_id_and_withdraws_it(meet: Meet, chief: Someone) -> None:
    alice, bob = meet("alice"), meet("bob")
    ref = post(alice, "hello, all", "--everyone")
    assert bob("comment", ref, "buy my tea", "--yes").status == 0
    [_, comment] = alice("comments", "show", ref, "--json").json
    [shown] = chief("officer", "show", comment["comment"], "--json").json
    against = ("--ground", "spam", "--facts", "An advertisement.")
    assert chief("officer", "decide", shown["submission"]["submission"], "withdraw", *against).status == 0
    assert comments(alice, ref) == comments(bob, ref) == []
    assert chief("officer", "show", "0" + "a" * 15).status == 1


@pytest.mark.slow
def test_what_friends_say_is_shown_live(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    befriend(alice, bob)
    post(alice, "before")
    with bob.start("moments", "timeline", "--follow", stdout=subprocess.PIPE) as timeline:
        assert timeline.stdout is not None
        assert [timeline.stdout.readline() for _ in range(2)][1] == "    before\n"
        ref = post(alice, "now")
        assert [timeline.stdout.readline() for _ in range(2)][1] == "    now\n"
        post(alice, "for everyone", "--everyone")
        assert [timeline.stdout.readline() for _ in range(2)][1] == "    for everyone\n"
        timeline.send_signal(signal.SIGINT)
        assert timeline.wait(10) == 130
    with bob.start("moments", "show", ref, "--follow", stdout=subprocess.PIPE) as thread:
        assert thread.stdout is not None
        assert [thread.stdout.readline() for _ in range(2)][1] == "    now\n"
        alice("comment", ref, "well?")
        assert [thread.stdout.readline() for _ in range(2)][1] == "      well?\n"
        alice("like", ref)
        assert thread.stdout.readline() == f"    Liked by {alice.handle}\n"
        thread.send_signal(signal.SIGINT)
        assert thread.wait(10) == 130
