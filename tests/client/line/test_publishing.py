"""publish, and what every command says before and after something is said in public."""

import os
import signal
import subprocess

import pytest

from protocol.decisions import Span, SubmissionState
from protocol.errors import ErrorCode
from tests.client.fake_public import AGREEMENT, Ruling
from tests.client.fake_server import RefusingError
from tests.client.line.conftest import Meet, found
from tests.client.line.lane import Lane

HELD, REJECTED = Ruling(SubmissionState.HELD), Ruling(SubmissionState.REJECTED)


def test_what_is_published_is_read_by_others_with_its_side_and_labels(arrive: Meet, lane: Lane) -> None:
    alice, bob = arrive("alice"), arrive("bob")
    topic = found(alice)
    assert bob("group", "join", topic).out == "You are in [public] Tea House.\n"
    lane.fake.public.rulings = [Ruling(labels=("disputed",))]
    ran = alice("publish", "tea", "hello,", "all")
    assert (ran.status, ran.out) == (0, "")
    assert "Published with a label for its readers (disputed)" in ran.err  # A label is a decision, and is told.
    assert "everybody there sees it as [4]" in ran.err
    lines = bob("history", "tea").lines
    assert lines[0] == "[public] Tea House"
    assert lines[-1].endswith("alice: hello, all [disputed]")
    [entry] = bob("history", "tea", "--json", "--limit", "1").json
    assert (entry["text"], entry["side"], entry["labels"], entry["version"]) == (
        "hello, all",
        "public",
        ["disputed"],
        1,
    )


def test_before_the_first_time_it_says_who_will_see_it_and_what_looks_at_it(arrive: Meet, lane: Lane) -> None:
    alice, bob = arrive("alice"), arrive("bob")
    topic = found(alice, "--open-history")
    bob("group", "join", topic)
    ran = bob("publish", topic, "hello")
    assert (ran.status, ran.out) == (2, "")
    for words in ("[public] Tea House is public", "2 members", "anybody may read it", "terms 1.0 (check)", "--yes"):
        assert words in ran.err
    assert "far 2.1" not in ran.err  # It looks at cards only.
    assert [entry.kind for entry in lane.fake.public.groups[topic].log] == ["founded", "named", "joined"]
    assert "is public" in bob("publish", topic, "hello", "--yes").err
    assert bob("publish", topic, "hello again").err == ""


@pytest.mark.parametrize("change", ["hooks", "history"])
def test_when_what_was_agreed_to_changes_it_asks_again(arrive: Meet, lane: Lane, change: str) -> None:
    alice = arrive("alice")
    topic = found(alice)
    assert alice("publish", topic, "hello").status == 0
    if change == "hooks":
        lane.fake.public.hooks = ()
    else:
        alice("group", "settings", topic, "--open-history")
    ran = alice("publish", topic, "hello")
    assert ran.status == 2
    assert ("No hooks are installed here" if change == "hooks" else "anybody may read it") in ran.err


def test_the_environment_may_say_yes(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    ran = alice("group", "found", "Tea", "--public", HUTONG_YES="1")
    assert ran.status == 0
    assert ran.out.strip() in lane.fake.public.groups


def test_nothing_is_founded_before_somebody_said_yes(arrive: Meet, lane: Lane) -> None:
    assert arrive("alice")("group", "found", "Tea", "--public").status == 2
    assert lane.fake.public.groups == {}


def test_whoever_is_asked_and_says_no_publishes_nothing(arrive: Meet, lane: Lane) -> None:
    alice, bob = arrive("alice"), arrive("bob")
    topic = found(alice)
    bob("group", "join", topic)
    ran = bob.answers("n", to=("publish", topic, "hello"))
    assert (ran.status, "nothing was published" in ran.err) == (1, True)
    assert bob.answers("y", to=("publish", topic, "hello")).status == 0
    assert len(lane.fake.public.groups[topic].log) == 4


def test_whoever_is_asked_may_answer_anew_and_no_more_lines_are_no_answer(arrive: Meet, lane: Lane) -> None:
    alice, bob = arrive("alice"), arrive("bob")
    topic = found(alice)
    bob("group", "join", topic)
    ran = bob.answers("perhaps", to=("publish", topic, "hello"))
    assert (ran.status, "The answer is y or n." in ran.err) == (130, True)
    assert bob.answers("perhaps", "YES", to=("publish", topic, "hello")).status == 0


@pytest.mark.slow
def test_whoever_interrupts_the_question_publishes_nothing(arrive: Meet, lane: Lane) -> None:
    alice, bob = arrive("alice"), arrive("bob")
    topic = found(alice)
    bob("group", "join", topic)
    keys, terminal = os.openpty()
    with bob.start("publish", topic, "hello", stdin=terminal, stderr=subprocess.PIPE) as asking:
        os.close(terminal)
        assert asking.stderr is not None
        said = ""
        while (character := asking.stderr.read(1)) and not said.endswith("[y/N]:"):
            said += character
        asking.send_signal(signal.SIGINT)
        assert (asking.wait(20), asking.stderr.read()) == (130, "\n")
    os.close(keys)
    assert len(lane.fake.public.groups[topic].log) == 3


def test_send_never_publishes(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    topic = found(alice)
    ran = alice("send", "tea", "a secret")
    assert (ran.status, "hutong publish tea TEXT" in ran.err) == (2, True)
    assert len(lane.fake.public.groups[topic].log) == 2


def test_publish_never_sends(arrive: Meet, lane: Lane) -> None:
    alice, bob = arrive("alice"), arrive("bob")
    alice("send", "bob", "hello")
    ran = alice("publish", "bob", "hello, all", "--yes")
    assert (ran.status, "[private] bob is private" in ran.err) == (2, True)
    assert bob("history", "alice", "--json").json[0]["text"] == "hello"


def test_a_rejected_item_tells_its_author_everything_and_is_a_refusal(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    topic = found(alice)
    text = "Microwaved food causes cancer, spread this!"
    lane.fake.public.rulings = [Ruling(SubmissionState.REJECTED, where=(Span(path="text", start=16, end=29),))]
    ran = alice("publish", topic, text)
    assert ran.status == 1
    for words in (
        "Rejected, not published: group message in [public] Tea House",
        "Microwaved food ⟦causes cancer⟧, spread this!  (text)",
        "Spreading rumours (rumour)",
        "Provisions, Art. 6",
        "truthfulness of information (agreement 1)",
        "It says something nobody has shown.",
        "hook terms 1.0, automatically",
        "Write to appeals@example.org.",
        "publish again",
    ):
        assert words in ran.err
    assert len(lane.fake.public.groups[topic].log) == 2


def test_a_held_item_says_until_when_and_how_to_take_it_back_and_is_done(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    topic = found(alice)
    lane.fake.public.rulings = [HELD]
    ran = alice("publish", topic, "maybe")
    assert ran.status == 0
    [submission] = alice("submissions", "--json", "--limit", "1").json
    for words in ("Held until 2025-06-18", f"hutong take-back {submission['submission']}"):
        assert words in ran.err


def test_what_became_of_it_comes_as_json(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    topic = found(alice)
    lane.fake.public.rulings = [HELD, REJECTED]
    held = alice("publish", topic, "maybe", "--title", "T", "--category", "news", "--lang", "en", "--json")
    assert (held.status, held.json[0]["state"], held.json[0]["decision"]["ground"]) == (0, "held", "rumour")
    content = {"text": "maybe", "title": "T", "category": "news", "lang": "en"}
    assert held.json[0]["content"] == content
    rejected = alice("publish", topic, "no", "--json")
    assert (rejected.status, rejected.json[0]["state"]) == (1, "rejected")
    [published] = alice("publish", topic, "yes", "--json", "--reply-to", "2").json
    assert (published["state"], published["seq"]) == ("published", 3)
    assert lane.fake.public.groups[topic].log[-1].reply_to == 2


def test_what_was_held_and_is_decided_meanwhile_is_told_by_the_next_command(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    topic = found(alice)
    lane.fake.public.rulings = [HELD]
    [held] = alice("publish", topic, "maybe", "--json").json
    lane.does(lambda: lane.fake.public.change(held["submission"], SubmissionState.REJECTED))
    ran = alice("topics")
    assert (ran.status, ran.err.count(f"hutong submissions {held['submission']}")) == (0, 1)
    assert "Rejected, not published" in ran.err
    assert alice("topics").err == ""


def test_an_edit_is_a_new_version_made_from_the_one_shown(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    topic = found(alice)
    alice("publish", topic, "one")
    for text in ("two", "three"):
        assert alice("publish", topic, text, "--edit", "3").status == 0
    assert "three (edited, version 3)" in alice("history", topic).out
    ran = alice("publish", topic, "x", "--edit", "99")
    assert (ran.status, "no message [99]" in ran.err) == (1, True)


def test_a_closed_public_side_is_said_and_leaves_private_chats_alone(arrive: Meet, lane: Lane) -> None:
    alice, _ = arrive("alice"), arrive("bob")
    topic = found(alice)
    lane.fake.public.closed = "the public side is closed: the provider's licence is not in force (Art. 4)"
    ran = alice("publish", topic, "hello")
    assert (ran.status, "licence is not in force" in ran.err, "Private chats" in ran.err) == (1, True, True)
    assert alice("send", "bob", "hello").status == 0
    assert alice("group", "found", "More", "--public", "--yes").status == 1
    assert len(lane.fake.public.groups) == 1


def test_an_agreement_that_is_not_signed_is_asked_for_and_nothing_waits(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    topic = found(alice)
    lane.fake.public.agreement = AGREEMENT
    ran = alice("publish", topic, "hello")
    assert (ran.status, "hutong agreement sign" in ran.err) == (1, True)
    assert alice("topics").err == ""
    assert len(lane.fake.public.groups[topic].log) == 2


def test_a_gate_that_cannot_judge_is_waited_for_and_then_given_up_with_nothing_published(
    arrive: Meet, lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = arrive("alice")
    topic = found(alice)
    lane.fake.public.rulings = [RefusingError(ErrorCode.GATE_UNAVAILABLE, retry_after_ms=1, message="a hook is late")]
    ran = alice("publish", topic, "hello")
    assert (ran.status, "Not yet: a hook is late" in ran.err) == (0, True)
    monkeypatch.setattr("client.line.publishing.PATIENCE_SECONDS", 0.2)
    lane.fake.public.rulings = [RefusingError(ErrorCode.GATE_UNAVAILABLE, retry_after_ms=60_000, message="late")]
    ran = alice("publish", topic, "lost")
    assert (ran.status, "nothing was published, try again later" in ran.err) == (1, True)
    alice("topics")
    assert len(lane.fake.public.groups[topic].log) == 3


def test_without_a_server_what_may_be_published_is_kept_and_published_later(arrive: Meet, lane: Lane) -> None:
    alice, bob = arrive("alice"), arrive("bob")
    topic = found(alice)
    bob("group", "join", topic)
    away = ("--server", "ws://127.0.0.1:1")
    assert alice(*away, "publish", topic, "later").status == 3
    ran = bob(*away, "publish", topic, "never", "--yes")
    assert (ran.status, "Kept" in ran.err) == (3, False)  # Nobody has told bob who would see it.
    for someone in (alice, bob):
        someone("topics")
    assert [line.rpartition(": ")[2] for line in alice("history", topic).lines[1:]][-1] == "later"


def test_what_cannot_be_published_is_wrong_usage(arrive: Meet) -> None:
    alice = arrive("alice")
    topic = found(alice)
    assert alice("publish", topic, " ").status == 2
    assert alice("publish", topic, "x" * 8001).status == 2
    assert alice("publish", topic, "-", stdin="").status == 2
    assert alice("publish", "nowhere", "hello").status == 2
    assert alice("publish", topic, "-", stdin="from a file\n").status == 0


def test_tail_tells_what_becomes_of_what_one_published(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    topic = found(alice)
    lane.fake.public.rulings = [HELD]
    [held] = alice("publish", topic, "maybe", "--json").json
    with alice.start("tail", "--json", stdout=subprocess.PIPE) as tail:
        assert tail.stdout is not None
        assert any('"online"' in line for line in tail.stdout)
        lane.does(lambda: lane.fake.public.change(held["submission"], SubmissionState.PUBLISHED))
        line = next(line for line in tail.stdout if '"submission"' in line and '"event": "submission"' in line)
        assert '"published"' in line
        tail.terminate()
        tail.communicate(timeout=10)
