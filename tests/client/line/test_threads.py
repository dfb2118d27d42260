"""like, comment, comments ..., and what goes on live: the fake server, where everybody is a friend."""

import signal
import subprocess

import pytest

from protocol.content import Text, encode
from protocol.decisions import SubmissionState
from protocol.ids import MomentId
from tests.client.fake_public import Ruling
from tests.client.line.conftest import Meet, Someone
from tests.client.line.lane import Lane


def post(someone: Someone, text: str = "hello, all") -> str:
    """Publish on one's square, and return what names it."""
    [done] = someone("moments", "post", text, "--everyone", "--yes", "--json").json
    return f"{done['topic']}/{done['seq']}"


def says(lane: Lane, handle: str, text: str) -> MomentId:
    moment = lane.does(lambda: lane.fake.moments.says(lane.fake.has(handle), encode(Text(text=text)))).moment
    assert moment is not None
    return moment


def comments(someone: Someone, ref: str) -> list[str]:
    return [each["text"] for each in someone("comments", "show", ref, "--json").json if "comment" in each]


# Under what is public.


def test_a_comment_under_a_post_is_published_after_it_is_said_who_reads_it(arrive: Meet, lane: Lane) -> None:
    alice, bob = arrive("alice"), arrive("bob")
    ref = post(alice)
    bob("moments", "of", "alice")
    short = f"{ref[:5]}/1"
    ran = bob("comment", short, "hi")
    assert (ran.status, f"What is said under {short} is public." in ran.err, comments(bob, ref)) == (2, True, [])
    ran = bob("comment", short, "hi", "--yes")
    assert ran.out.startswith("Said, publicly: [0")
    assert bob("comment", short, "again").err == ""  # It has been said.
    [first, second] = bob("comments", "show", ref, "--json").json[1:]
    assert (first["text"], first["version"], first["selected"]) == ("hi", 1, False)
    assert bob("comment", ref, "and", "--answers", second["comment"][:6]).status == 0
    assert comments(alice, ref) == ["hi", "again", "and"]
    assert f"(to [{second['comment'][:5]}" in alice("comments", "show", ref).out
    assert bob("like", f"hutong:{ref}").out == "1 like, yours.\n"
    assert "    1 like · 3 comments" in alice("moments", "timeline").lines
    assert "    1 like, yours\n" in bob("comments", "show", ref).out
    assert "bob says something under your post [" in alice("moments", "notices").out


def test_what_is_held_or_rejected_is_told_with_what_it_is_under(arrive: Meet, lane: Lane) -> None:
    alice, bob = arrive("alice"), arrive("bob")
    ref = post(alice)
    lane.fake.public.rulings = [Ruling(SubmissionState.HELD), Ruling(SubmissionState.REJECTED)]
    ran = bob("comment", ref, "hi", "--yes")
    assert (ran.status, ran.out, f"comment under [public] {ref}" in ran.err) == (0, "", True)
    ran = bob("comment", ref, "hi")
    assert (ran.status, "Rejected, not published: comment under" in ran.err) == (1, True)
    lane.fake.public.rulings = [Ruling(SubmissionState.REJECTED)]
    ran = alice("moments", "post", "no", "--everyone", "--yes")
    assert (ran.status, "Rejected, not published: post on [public] your square" in ran.err) == (1, True)
    assert comments(alice, ref) == []


def test_its_author_chooses_which_comments_there_are(arrive: Meet, lane: Lane) -> None:
    alice, bob = arrive("alice"), arrive("bob")
    ref = post(alice)
    assert "only comments that you select" in alice("comments", "choose", ref, "selected").out.lower()
    ran = bob("comment", ref, "hi", "--yes")
    assert (ran.status, "when the author of what it is under has selected it" in ran.err) == (0, True)
    ran = alice("comments", "show", ref)
    assert ran.err == "Comments: selected.\n"
    [_, comment] = alice("comments", "show", ref, "--json").json
    assert "bob (selected)" in alice("comments", "select", comment["comment"]).out
    assert alice("comments", "show", ref, "--json").json[1]["selected"]
    assert alice("comments", "unselect", comment["comment"], "--json").json[0]["selected"] is False
    assert alice("comments", "choose", ref, "off", "--json").json == [{"reference": ref, "choice": "off"}]
    ran = bob("comment", ref, "hi")
    assert (ran.status, "its author wants no comments there" in ran.err) == (1, True)
    assert alice("comments", "choose", ref, "some").status == 2
    assert alice("comments", "choose", says(lane, "bob", "private"), "off").status == 2
    assert bob("comments", "choose", ref, "off").status == 1
    assert alice("comments", "select", "no-such-comment").status == 2
    assert alice("comments", "select", "a" * 16).status == 1


# Under a moment.


def test_a_comment_is_deleted_with_what_answers_it(arrive: Meet, lane: Lane) -> None:
    alice, bob = arrive("alice"), arrive("bob")
    moment = says(lane, "bob", "hello")
    [comment] = alice("comment", moment, "one", "--json").json
    assert bob("comment", moment, "two", "--answers", comment["comment"]).status == 0
    assert comments(alice, moment) == ["one", "two"]
    assert "gone" in bob("comments", "delete", comment["comment"]).out
    assert comments(alice, moment) == []
    assert "Nobody has said anything there" in alice("comments", "show", moment).err
    assert bob("comments", "delete", comment["comment"], "--json").status == 1


def test_what_is_too_long_is_wrong_usage(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    moment, ref = says(lane, "bob", "hello"), post(alice)
    assert alice("comment", moment, "x" * 5000).status == 2
    assert alice("comment", ref, "x" * 9000, "--yes").status == 2
    assert alice("comment", moment, "").status == 2
    assert alice("comment", moment, "hi", "--answers", "nothing").status == 2


# Live.


@pytest.mark.slow
def test_a_live_timeline_shows_what_is_said_until_it_is_interrupted(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    says(lane, "bob", "one")
    with alice.start("moments", "timeline", "--follow", stdout=subprocess.PIPE, stderr=subprocess.PIPE) as timeline:
        assert timeline.stdout is not None
        assert "bob [private]" in timeline.stdout.readline()
        assert "one" in timeline.stdout.readline()
        says(lane, "bob", "two")
        assert "bob [private]" in timeline.stdout.readline()
        assert "two" in timeline.stdout.readline()

        async def cut_off() -> None:
            await lane.fake.moments.says(lane.fake.has("bob"), encode(Text(text="three")), told=False)
            await lane.fake.close_all(4000)

        lane.does(cut_off)
        assert "bob [private]" in timeline.stdout.readline()  # Asked for, since nobody was told.
        assert "three" in timeline.stdout.readline()
        timeline.send_signal(signal.SIGINT)
        assert timeline.wait(10) == 130


@pytest.mark.slow
def test_a_live_thread_shows_what_changes_there(arrive: Meet, lane: Lane) -> None:
    alice, bob = arrive("alice"), arrive("bob")
    moment = says(lane, "bob", "hello")
    root, bobs = (moment, None, None), lane.fake.has("bob")
    first = lane.does(lambda: lane.fake.moments.comments_on(bobs, root, encode(Text(text="one"))))
    with alice.start("comments", "show", moment, "--follow", stdout=subprocess.PIPE) as thread:
        assert thread.stdout is not None
        assert "bob" in thread.stdout.readline()
        assert "one" in thread.stdout.readline()
        bob("like", moment)
        assert thread.stdout.readline() == "    Liked by bob\n"
        lane.does(lambda: lane.fake.moments.comments_on(bobs, root, encode(Text(text="two"))))
        assert "bob" in thread.stdout.readline()
        assert "two" in thread.stdout.readline()
        bob("comments", "delete", first.comment)
        assert thread.stdout.readline() == f"  [{first.comment[:5]}] is not there any more\n"
        thread.send_signal(signal.SIGINT)
        assert thread.wait(10) == 130


def test_tail_tells_of_moments_and_notices(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    with alice.start("tail", "--json", stdout=subprocess.PIPE) as tail:
        assert tail.stdout is not None
        while '"online"' not in tail.stdout.readline():
            pass
        says(lane, "bob", "hello")
        assert '"event": "moment", "side": "private"' in tail.stdout.readline()
        tail.kill()
