"""The public side of the program against the real server, under the pack that the suite runs under."""

from tests.client.line.conftest import Meet, found


def test_what_is_said_in_a_public_group_is_public_from_the_founding_to_the_receipt(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    topic = found(alice, "--open-history", name="Tea for all")
    assert "hello" not in bob("history", topic).out
    [done] = alice("publish", topic, "hello, all", "--json").json
    assert (done["state"], done["topic"]) == ("published", topic)
    assert alice("publish", topic, "hello, everybody", "--edit", str(done["seq"])).status == 0
    assert "hello, everybody (edited, version 2)" in bob("history", topic).out
    assert bob("group", "join", topic).status == 0
    assert bob("send", topic, "hi").status == 2
    assert bob("publish", topic, "hi", "--yes").status == 0
    assert "hi" in alice("history", topic).out
    assert "hello, everybody" in bob("history", topic).out  # From before bob came: anybody may read it.
    assert alice("receipt", done["submission"]).status == 0
    for command in ("audit", "gate", "submissions"):
        assert alice(command).status == 0
    assert bob("group", "leave", topic).status == 0


def test_a_private_group_has_a_public_successor_and_a_card_is_shown(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    alice("group", "found", "Family", bob.handle)
    bob("group", "accept", "Family")
    ran = alice("group", "succeed", "Family", "Open Family", "--approval", "--yes")
    topic = ran.lines[0]
    assert bob("history", "Family", "--json").json[-1]["places"] == [topic]
    assert bob("group", "join", topic).out.startswith("Asked.")
    assert alice("group", "approve", topic, bob.handle).status == 0
    assert "Open Family\t" in bob("topics").out
    assert alice("card", "publish", "--name", "Ann", "--yes").status == 0
    assert "Screen name: Ann" in bob("card", "show", alice.handle).out


def test_what_a_group_says_of_itself_is_published(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    topic = found(alice, "--listed", name=f"Tea of {alice.handle}")
    for command, text in (("listing", "all teas"), ("notice", "be kind"), ("screen-name", "Ann"), ("name", "Chá")):
        assert alice("group", command, topic, text).status == 0
    [listing] = bob("group", "show", topic, "--json").json
    assert (listing["name"], listing["listing"]) == ("Chá", "all teas")
    assert alice("group", "notice", topic, "").status == 0
    assert "only members read it" in alice("group", "settings", topic, "--unlisted").out
