"""moments ..., as people type it: the fake server, where everybody is a friend."""

import pytest

from protocol.contacts import ContactState
from protocol.content import Remark, Text, encode, encode_remark
from protocol.errors import ErrorCode
from protocol.ids import PersonId
from protocol.moments import Audience
from tests.client.fake_server import RefusingError
from tests.client.line.conftest import Meet
from tests.client.line.lane import Lane


def befriend(lane: Lane, *pairs: tuple[str, str], tags: tuple[str, ...] = ()) -> None:
    for one, other in pairs:
        remark = encode_remark(Remark(tags=tags))
        me, them = lane.fake.has(one), lane.fake.has(other)

        async def put(me: PersonId = me, them: PersonId = them, remark: bytes = remark) -> None:
            await lane.fake.contacts.put(me, them, state=ContactState.CONTACT, remark=remark)

        lane.does(put)


def says(lane: Lane, handle: str, text: str) -> str:
    """Let somebody say something, from elsewhere, and return its id."""
    moment = lane.does(lambda: lane.fake.moments.says(lane.fake.has(handle), encode(Text(text=text)))).moment
    assert moment is not None
    return moment


def audiences(lane: Lane) -> list[Audience | None]:
    return [moment.audience for moment in lane.fake.moments.known.values()]


# Posting.


def test_whom_it_is_for_is_said_before_it_is_posted_and_asked(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    for name in ("bob", "carol", "dave"):
        befriend(lane, ("alice", name))
    ran = alice("moments", "post", "hello")
    assert (ran.status, "nothing was posted" in ran.err, audiences(lane)) == (2, True, [])
    ran = alice.answers("n", to=("moments", "post", "hello"))
    assert "[private] For your friends: 3 people, as long as" in ran.err
    assert "contact of theirs too: bob, carol, dave." in ran.err
    assert "Whoever becomes your friend later can see it too." in ran.err
    assert (ran.status, "nothing was posted" in ran.err, audiences(lane)) == (1, True, [])
    ran = alice.answers("y", to=("moments", "post", "hello"))
    assert ran.out.startswith("Posted, privately, for friends: [")
    assert audiences(lane) == [Audience()]


def test_it_is_for_some_for_all_but_some_or_for_oneself(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    befriend(lane, ("alice", "bob"))
    befriend(lane, ("alice", "carol"), ("alice", "dave"), tags=("climbing",))
    bob, carol, dave = map(lane.fake.has, ("bob", "carol", "dave"))
    told = {
        ("--only", "bob"): "For those you named: one person, as long as you are a contact of theirs too: bob.",
        ("--tag", "Climbing"): "2 people, as long as you are a contact of theirs too: carol, dave.",
        ("--tag", "climbing", "--without", "dave"): "For those you named: one person",
        ("--without", "bob"): "For your friends, without bob: 2 people",
        ("--without-tag", "climbing"): "For your friends, without carol, dave: one person",
        ("--self",): "[private] For yourself alone: nobody else sees it.",
    }
    for options, words in told.items():
        ran = alice("moments", "post", "hello", *options, "--yes")
        assert (ran.status, words in ran.err) == (0, True), ran.err
    both = tuple(sorted((carol, dave)))
    assert audiences(lane) == [
        Audience(only=(bob,)),
        Audience(only=both),
        Audience(only=(carol,)),
        Audience(without=(bob,)),
        Audience(without=both),
        Audience(only=()),
    ]
    posted = [line.split(" [")[0] for line in alice("moments", "of").lines if "[private]" in line]
    assert len(posted) == 6
    shown = alice("moments", "timeline").out
    for words in ("for bob\n", "for carol, dave\n", "for friends, without bob\n", "for yourself\n"):
        assert words in shown


def test_whom_nobody_is_meant_by_is_a_mistake_and_nothing_is_posted(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    befriend(lane, ("alice", "bob"))
    for options in (
        ("--only", "nobody"),
        ("--tag", "climbing"),
        ("--without-tag", "climbing"),
        ("--self", "--only", "bob"),
        ("--only", "bob", "--without", "bob"),
        ("--everyone", "--only", "bob"),
        ("--title", "A title"),
    ):
        assert alice("moments", "post", "hello", "--yes", *options).status == 2, options
    assert alice("moments", "post", "  ", "--yes").status == 2
    assert alice("moments", "post", "x" * 40_000, "--yes").status == 2
    assert audiences(lane) == []


def test_who_is_named_and_does_not_see_it_all_the_same_is_said(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    lane.fake.has("bob")

    async def hide() -> None:
        bob = lane.fake.has("bob")
        await lane.fake.contacts.put(lane.fake.has("alice"), bob, state=ContactState.CONTACT, hides_mine=True)

    lane.does(hide)
    ran = alice("moments", "post", "hello", "--only", "bob", "--yes")
    assert "For those you named: nobody can see it now." in ran.err
    assert "Not shown to bob: you hide your moments from them, or block them." in ran.err


def test_what_is_for_everyone_is_published_and_it_is_said_each_time(arrive: Meet, lane: Lane) -> None:
    alice, bob = arrive("alice"), arrive("bob")
    for text in ("hello, all", "hello again"):
        ran = alice.answers("y", to=("moments", "post", text, "--everyone"))
        assert "[public] Your square is public." in ran.err
        assert "Anybody may read it, and your friends have it in their timelines." in ran.err
        assert "It is looked at first by: terms 1.0 (check)." in ran.err
        assert ran.out.startswith("Posted, publicly, for everyone: [0"), ran.out
    ran = alice.answers("n", to=("moments", "post", "never mind", "--everyone"))
    assert (ran.status, "nothing was published" in ran.err) == (1, True)
    lines = bob("moments", "of", "alice").lines
    assert [line.strip() for line in lines if not line.startswith("[")] == ["hello again", "hello, all"]
    assert all("[public]" in line for line in lines if line.startswith("["))
    [first, *_] = alice("moments", "of", "--json").json
    assert (first["side"], first["text"], first["version"], first["labels"]) == ("public", "hello again", 1, [])
    assert first["reference"] == f"{first['topic']}/{first['seq']}"
    assert alice("moments", "delete", first["reference"]).status == 0
    assert len(bob("moments", "of", "alice", "--json").json) == 1


def test_json_says_what_it_is_and_whom_it_is_for(arrive: Meet, lane: Lane) -> None:
    alice, bob = arrive("alice"), lane.fake.has("bob")
    befriend(lane, ("alice", "bob"))
    [said] = alice("moments", "post", "-", "--only", "bob", "--yes", "--json", stdin="two\nlines\n").json
    assert said["text"] == "two\nlines"
    assert (said["side"], said["handle"], said["audience"]) == ("private", "alice", {"only": [bob]})
    assert (said["reference"], said["likes"], said["liked"], said["comments"]) == (said["moment"], 0, False, 0)
    [said] = alice("moments", "post", "all", "--without", "bob", "--yes", "--json").json
    assert said["audience"] == {"only": None, "without": [bob]}


# Reading.


def test_a_timeline_is_newest_first_with_what_one_may_type_before_each(arrive: Meet, lane: Lane) -> None:
    alice, bob = arrive("alice"), arrive("bob")
    assert "Nothing yet." in alice("moments", "timeline").err
    moment = says(lane, "bob", "first line\n\nthird line")
    says(lane, "carol", "later")
    bob("like", moment)
    lines = alice("moments", "timeline").lines
    assert lines[0].endswith(" carol [private]")
    assert lines[1] == "    later"
    assert lines[2].startswith(f"[{moment[:5]}] ")
    assert lines[3:] == ["    first line", "", "    third line", "    1 like"]
    assert [each["handle"] for each in alice("moments", "timeline", "--json").json] == ["carol", "bob"]
    ran = alice("moments", "timeline", "--limit", "1")
    assert (len(ran.lines), "There is more: --limit 21" in ran.err) == (2, True)
    assert "first line" in alice("moments", "of", "bob").out
    assert alice("moments", "of").err == "You have said nothing yet.\n"
    assert "nothing to show you" in alice("moments", "of", "alice").err


def test_what_is_unreadable_or_would_steer_the_terminal_is_shown_as_what_it_is(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    lane.does(lambda: lane.fake.moments.says(lane.fake.has("bob"), b"\xc1"))
    says(lane, "bob", "\x1b[2J")
    lines = alice("moments", "timeline").lines
    assert (lines[1], lines[3]) == ("    ␛[2J", "    (1 unreadable bytes)")
    assert alice("moments", "timeline", "--json").json[1]["body_hex"] == "c1"


def test_one_is_shown_with_who_likes_it_and_what_is_said(arrive: Meet, lane: Lane) -> None:
    alice, bob = arrive("alice"), arrive("bob")
    moment = says(lane, "bob", "hello")
    alice("moments", "timeline")
    for someone in (bob, alice):
        assert someone("moments", "like", moment).status == 0
    assert alice("comment", moment[:5], "well", "said").out.startswith("Said, privately, to friends of yours who see")
    [first] = [each for each in alice("moments", "show", moment, "--json").json if "comment" in each]
    assert first["text"] == "well said"
    ran = bob("comment", moment, "thanks", "--answers", first["comment"])
    assert (ran.status, "who see what it answers" in ran.out) == (0, True)
    out = alice("moments", "show", moment[:6]).out
    for words in ("bob [private]\n    hello\n    Liked by alice, bob\n", "alice\n      well said\n", "thanks"):
        assert words in out
    assert f"bob (to [{first['comment'][:5]}])" in out
    assert alice("unlike", moment).out == "1 like.\n"
    assert alice("like", moment).out == "2 likes, yours among them.\n"
    [likes] = alice("unlike", moment, "--json").json
    assert likes == {"reference": moment, "likes": 1, "liked": False}


def test_what_is_not_there_or_not_for_one_is_the_same(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    moment = says(lane, "bob", "hello")
    lane.fake.moments.hidden.add((moment, None, None))  # type: ignore[arg-type]
    told = set()
    for ref in (moment, "a" * 16):
        for command in (("moments", "show"), ("like",), ("comments", "show")):
            ran = alice(*command, ref)
            assert ran.status == 1
            told.add(ran.err.replace(ref, "REF"))
    assert len(told) == 1
    for ref in ("zzzzz", "[zzzzz]", "b", "nobody/3"):
        ran = alice("moments", "show", ref)
        assert (ran.status, ref.partition("/")[0] in ran.err) == (2, True)


def test_a_beginning_that_means_several_is_not_enough(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    moments = [says(lane, "bob", str(number)) for number in range(40)]
    alice("moments", "timeline", "--limit", "40")
    first = next(each[0] for each in moments if sum(other[0] == each[0] for other in moments) > 1)
    ran = alice("moments", "show", first)
    assert (ran.status, "type some more of it" in ran.err) == (2, True)


# Afterwards.


def test_a_moment_is_narrowed_after_it_is_said_to_whom(arrive: Meet, lane: Lane) -> None:
    alice, bob = arrive("alice"), arrive("bob")
    befriend(lane, ("alice", "bob"), ("alice", "carol"))
    [said] = alice("moments", "post", "hello", "--yes", "--json").json
    assert alice("moments", "narrow", said["moment"]).status == 2
    ran = alice.answers("y", to=("moments", "narrow", said["moment"], "--without", "bob"))
    assert ("without bob: one person" in ran.err, ran.out) == (True, "It is for friends, without bob now.\n")
    [now] = alice("moments", "narrow", said["moment"], "--only", "bob", "--only", "carol", "--yes", "--json").json
    assert set(now["audience"]["only"]) == {lane.fake.has("bob"), lane.fake.has("carol")}
    assert "for carol" in alice("moments", "show", said["moment"]).out
    assert "For yourself alone" in alice("moments", "narrow", said["moment"], "--self", "--yes").err
    ran = bob("moments", "narrow", said["moment"], "--self", "--yes")
    assert (ran.status, "not yours" in ran.err) == (2, True)


def test_a_moment_is_deleted(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    [said] = alice("moments", "post", "hello", "--self", "--yes", "--json").json
    assert "gone" in alice("moments", "delete", said["moment"]).out
    assert alice("moments", "show", said["moment"]).status == 1
    assert alice("moments", "delete", said["moment"]).status == 1


def test_notices_are_new_once_and_not_by_json(arrive: Meet, lane: Lane) -> None:
    alice, bob = arrive("alice"), arrive("bob")
    assert "Nobody has liked" in alice("moments", "notices").err
    [said] = alice("moments", "post", "hello", "--yes", "--json").json
    assert bob("comment", said["moment"], "hi\nthere").status == 0
    [notice] = alice("moments", "notices", "--json").json
    assert (notice["kind"], notice["unread"], notice["comment"]["text"]) == ("comment", True, "hi\nthere")
    [line] = alice("moments", "notices").lines
    assert line.startswith("● ")
    assert f"bob says something under your moment [{said['moment'][:5]}]: [" in line
    assert line.endswith("hi␊there")
    assert alice("moments", "notices").out.startswith("  ")


@pytest.mark.parametrize("command", ["post", "comment"])
def test_what_the_server_refuses_is_said_and_not_kept(arrive: Meet, lane: Lane, command: str) -> None:
    alice = arrive("alice")
    moment = says(lane, "bob", "hello")
    lane.fake.moments.refusals.append(RefusingError(ErrorCode.TOO_MANY, message="enough for today"))
    ran = alice("moments", "post", "one", "--yes") if command == "post" else alice("comment", moment, "one")
    assert (ran.status, ran.err.count("enough for today")) == (1, 1)
    assert "Not sent" not in alice("topics").err
