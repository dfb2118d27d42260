"""group ..., by name."""

import re

from tests.client.line.conftest import Meet


def test_a_group_is_founded_joined_talked_in_and_left(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    assert alice("group", "list").err.startswith("No groups yet")
    founded = alice("group", "found", "Tea House", bob.handle)
    topic = founded.out.strip()
    assert re.fullmatch(r"[a-z2-7]{16}", topic)
    assert "invited" in bob("group", "list").out
    assert bob("chat", "tea").status == 2
    assert bob("group", "accept", "tea").status == 0
    assert bob("send", "TEA", "hello").status == 0
    lines = alice("history", topic).out
    assert f"{alice.handle} founded the group Tea House" in lines
    assert f"{bob.handle} joined" in lines
    assert f"{bob.handle}: hello" in lines
    assert alice("group", "leave", "tea").status == 1
    assert alice("group", "hand-over", "tea", bob.handle).status == 0
    assert alice("group", "leave", "tea").status == 0
    assert alice("topics").out == ""
    assert [person["role"] for person in bob("group", "show", "tea", "--json").json[0]["people"]] == ["owner"]


def test_a_link_lets_people_ask_and_admins_decide(meet: Meet) -> None:
    alice, bob, carol = meet("alice"), meet("bob"), meet("carol")
    alice("group", "found", "Tea")
    link = alice("group", "link", "Tea").out.strip()
    assert bob("group", "ask", link, "let me in").status == 0
    assert carol("group", "ask", link).status == 0
    assert "let me in" in alice("group", "requests", "Tea").out
    assert alice("group", "approve", "Tea", bob.handle).status == 0
    assert alice("group", "refuse", "Tea", carol.handle).status == 0
    assert f"{alice.handle} let {bob.handle} in" in alice("history", "Tea").out
    assert alice("group", "requests", "Tea").err == "Nobody asks to join, nobody is invited.\n"
    assert alice("group", "unlink", "Tea").status == 0
    assert carol("group", "ask", link).status == 1


def test_a_group_is_ruled(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    alice("group", "found", "Tea", bob.handle)
    bob("group", "accept", "Tea")
    assert alice("group", "role", "Tea", bob.handle, "admin").status == 0
    assert bob("group", "notice", "Tea", "be kind").status == 0
    assert bob("group", "name", "Tea", "Chá").status == 0
    assert alice("group", "role", "Chá", bob.handle, "member").status == 0
    assert alice("group", "mute", "Chá", bob.handle, "--minutes", "5").status == 0
    assert bob("send", "Chá", "hm").status == 1
    assert "muted until" in alice("group", "show", "Chá").out
    assert "Notice: be kind" in alice("group", "show", "Chá").out
    assert alice("group", "unmute", "Chá", bob.handle).status == 0
    assert alice("group", "mute", "Chá").status == 0
    assert bob("send", "Chá", "hm").status == 1
    assert alice("group", "unmute", "Chá").status == 0
    assert bob("send", "Chá", "thanks").status == 0
    assert alice("group", "remove", "Chá", bob.handle).status == 0
    assert bob("send", "Chá", "hm").status == 2
    told = alice("history", "Chá").out
    for words in (
        "made",
        "put up a notice: be kind",
        "named the group Chá",
        "muted everybody",
        f"removed {bob.handle}",
    ):
        assert words in told
    alice("group", "notice", "Chá", "")
    assert "took the notice down" in alice("history", "Chá").out


def test_an_invitation_is_declined_or_taken_back(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    alice("group", "found", "Tea")
    assert alice("group", "invite", "Tea", bob.handle).status == 0
    assert bob("group", "decline", "Tea").status == 0
    assert alice("group", "invite", "Tea", bob.handle).status == 0
    assert alice("group", "refuse", "Tea", bob.handle).status == 0
    assert bob("group", "list").out == ""


def test_a_name_of_several_groups_must_be_told_apart(meet: Meet) -> None:
    alice = meet("alice")
    one, other = (alice("group", "found", name).out.strip() for name in ("Tea one", "Tea two"))
    ran = alice("send", "tea", "hi")
    assert (ran.status, one in ran.err, other in ran.err) == (2, True, True)
    assert alice("send", other, "hi").status == 0
    assert alice("group", "found", "x" * 300).status == 2


def test_a_chat_is_no_group(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    alice("send", bob.handle, "hi")
    assert alice("group", "show", bob.handle).status == 2
