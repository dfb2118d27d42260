"""group ..., of public groups."""

from protocol.decisions import SubmissionState
from protocol.errors import ErrorCode
from protocol.ids import TopicId
from tests.client.fake_public import Ruling
from tests.client.fake_server import RefusingError
from tests.client.line.conftest import Meet, found
from tests.client.line.lane import Lane


def test_a_public_group_is_founded_found_shown_and_joined(arrive: Meet) -> None:
    alice, bob = arrive("alice"), arrive("bob")
    topic = found(alice, "--listed", "--open-history")
    assert topic.startswith("0")
    assert bob("group", "find", "tea").lines == [f"Tea House\t1\topen\tanybody reads\t{topic}"]
    [listing] = bob("group", "find", "--json").json
    assert (listing["name"], listing["members"], listing["topic"]) == ("Tea House", 1, topic)
    shown = bob("group", "show", topic).out
    for words in ("[public] Tea House", "1 member; anybody may come in; listed; anybody may read it", "group join"):
        assert words in shown
    assert bob("group", "show", topic, "--json").json[0]["history_open"]
    assert bob("group", "join", "tea house").status == 0
    assert "public group" in bob("topics").out
    assert "[public] Tea House" in bob("group", "show", "tea").out
    assert bob("group", "find", "coffee").err == "No listed group says so.\n"
    assert bob("group", "join", "coffee").status == 2


def test_what_several_listed_groups_may_be_is_told_apart(arrive: Meet) -> None:
    alice, bob = arrive("alice"), arrive("bob")
    ids = [found(alice, "--listed", name=name) for name in ("Tea one", "Tea two")]
    ran = bob("group", "join", "tea")
    assert (ran.status, all(topic in ran.err for topic in ids)) == (2, True)
    assert bob("group", "join", "tea TWO").status == 0


def test_a_place_that_is_private_is_not_looked_for_in_public(arrive: Meet, lane: Lane) -> None:
    alice, _ = arrive("alice"), arrive("bob")
    alice("send", "bob", "hello")
    lane.fake.seen.clear()
    assert alice("group", "join", "bob").status == 2
    assert alice("group", "show", "some private name").status == 2
    assert alice("history", "some private name").status == 2
    assert not any(type(request).__name__ == "GroupFind" for request in lane.fake.seen)


def test_admins_approve_where_they_have_to(arrive: Meet) -> None:
    alice, bob = arrive("alice"), arrive("bob")
    topic = found(alice, "--approval")
    assert bob("group", "join", topic).out.startswith("Asked.")
    assert bob("group", "list").out == ""
    assert alice("group", "approve", topic, "bob").status == 0
    assert "Tea House" in bob("group", "list").out
    assert "somebody joined" in alice("history", topic).out


def test_an_open_history_is_read_by_anybody_and_another_by_members_only(arrive: Meet, lane: Lane) -> None:
    alice, bob = arrive("alice"), arrive("bob")
    topic, closed = found(alice, "--open-history"), found(alice, name="Members")
    for text in ("one", "two", "three"):
        alice("publish", topic, text)
    alice("publish", topic, "two, corrected", "--edit", "4")
    assert "two, corrected (edited, version 2)" in bob("history", topic).out
    before = bob("history", topic, "--json", "--before", "5").json
    assert [entry.get("text") for entry in before] == [None, "Tea House", "one", "two"]
    assert [entry["seq"] for entry in bob("history", topic, "--json", "--after", "3", "--limit", "1").json] == [4]
    ran = bob("history", closed)
    assert (ran.status, "only members read it" in ran.err) == (2, True)
    assert bob("chat", topic).status == 2
    assert bob("topics").out == ""


def test_a_place_that_does_not_exist_is_wrong_usage(arrive: Meet) -> None:
    alice = arrive("alice")
    for command in (("group", "show"), ("history",), ("chat",)):
        assert alice(*command, "0" + "a" * 15).status == 2
    assert alice("group", "join", "0" + "a" * 15).status == 1


def test_settings_are_changed_and_shown(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    topic = found(alice)
    ran = alice("group", "settings", topic, "--approval", "--listed", "--open-history")
    assert "admins approve who comes in; listed; anybody may read it" in ran.out
    assert "not listed; only members read it" in alice("group", "settings", topic, "--unlisted", "--closed-history").out
    assert "admins approve" in alice("group", "settings", topic).out
    told = alice("history", topic).out
    assert "find it or read it: admins approve who comes in; listed; anybody may read it" in told
    assert alice("topics", "--json").json[0]["admission"] == "approval"


def test_what_a_public_group_is_called_and_says_is_published(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    topic = found(alice)
    for command, text in (("name", "Chá"), ("notice", "be kind"), ("listing", "all teas"), ("screen-name", "Ann")):
        assert alice("group", command, topic, text).status == 0
    shown = alice("group", "show", topic).out
    for words in ("[public] Chá", "Notice: be kind", "Listing: all teas", "alice\towner\t\tAnn"):
        assert words in shown
    [group] = alice("group", "show", topic, "--json").json
    assert (group["listing"], group["people"][0]["screen_name"]) == ("all teas", "Ann")
    told = alice("history", topic).out
    for words in (
        "founded the public group",
        "named the group Chá",
        "notice: be kind",
        "listing: all teas",
        "called Ann",
    ):
        assert words in told
    lane.fake.public.rulings = [Ruling(SubmissionState.REJECTED)]
    assert alice("group", "name", topic, "Bad").status == 1
    assert "Chá" in alice("topics").out


def test_a_name_that_is_held_leaves_a_group_without_one(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    lane.fake.public.rulings = [Ruling(SubmissionState.HELD)]
    ran = alice("group", "found", "Tea", "--public", "--yes")
    assert (ran.status, "without a name until that is decided" in ran.err) == (0, True)
    assert alice("topics").out.startswith(f"group {ran.out[:6]}")


def test_a_name_that_is_refused_says_what_to_do(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    lane.fake.public.rulings = [RefusingError(ErrorCode.RATE_LIMITED)]
    ran = alice("group", "found", "Tea", "--public", "--yes")
    assert (ran.status, f"hutong group name {ran.out.strip()} NAME" in ran.err) == (1, True)


def test_an_invitation_to_a_public_group_is_a_private_message_that_points_to_it(arrive: Meet, lane: Lane) -> None:
    alice, bob = arrive("alice"), arrive("bob")
    topic = found(alice)
    assert alice("group", "invite", topic, "bob").status == 0
    [entry] = bob("history", "alice", "--json").json
    assert (entry["side"], entry["places"]) == ("private", [topic])
    assert f"hutong group show {topic}" in bob("history", "alice").out
    ran = alice("group", "found", "More", "bob", "--public", "--yes")
    assert bob("history", "alice", "--json").json[-1]["places"] == [ran.lines[0]]


def test_a_public_group_has_no_link_and_a_private_one_no_openness(arrive: Meet) -> None:
    alice = arrive("alice")
    topic = found(alice)
    ran = alice("group", "link", topic)
    assert (ran.status, topic in ran.err) == (2, True)
    for option in ("--listed", "--approval", "--open-history"):
        assert alice("group", "found", "Tea", option).status == 2
    assert alice("group", "found", " ", "--public", "--yes").status == 2
    assert alice("group", "succeed", topic, "More", "--yes").status == 2


def test_a_private_group_is_told_of_its_public_successor_and_nothing_crosses(arrive: Meet, lane: Lane) -> None:
    alice, bob = arrive("alice"), arrive("bob")
    old = alice("group", "found", "Family", "bob").out.strip()
    alice("send", "Family", "only for us")
    ran = alice("group", "succeed", "Family", "Open House", "--open-history", "--yes")
    assert ran.status == 0, ran.err
    topic = TopicId(ran.lines[0])
    told = bob("history", old, "--json").json[-1]
    assert (told["side"], told["places"], f"hutong group join {topic}" in told["text"]) == ("private", [topic], True)
    group = lane.fake.public.groups[topic]
    assert [lane.fake.handle(person) for person in group.members] == ["alice"]
    assert not any(b"only for us" in (entry.body or b"") or b"Family" in (entry.body or b"") for entry in group.log)
    assert bob("group", "join", topic).status == 0


def test_only_the_owner_founds_a_successor(arrive: Meet, lane: Lane) -> None:
    alice, bob = arrive("alice"), arrive("bob")
    alice("group", "found", "Family", "bob")
    ran = bob("group", "succeed", "Family", "Mine", "--yes")
    assert (ran.status, "only the owner" in ran.err, lane.fake.public.groups) == (1, True, {})
