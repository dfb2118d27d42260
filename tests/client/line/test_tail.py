"""tail, told what happens by a server that then signs the device out: so that it ends by itself."""

import threading
from collections.abc import Awaitable, Callable

import trio

from protocol import content, publications
from protocol.decisions import SubmissionState
from protocol.entries import Kind
from protocol.frames import GonePush, ReadPush, Sync, TypingPush
from protocol.ids import Seq, TopicId
from protocol.publications import Content, Published
from tests.client.fake_public import Ruling
from tests.client.line.conftest import Meet, Ran, Someone, found
from tests.client.line.lane import Lane

PATIENCE_SECONDS = 10
SIGNED_OUT = 4501


def tailing(someone: Someone, lane: Lane, happens: Callable[[], Awaitable[object]], *options: str) -> Ran:
    """Run `tail` until `happens` is done and all it told has come; it listens before it connects."""
    synced = lane.fake.awaited[Sync] = trio.Event()

    async def happen() -> None:
        with trio.fail_after(PATIENCE_SECONDS):
            await synced.wait()
            await happens()
            await lane.fake.close_all(SIGNED_OUT)

    happening = threading.Thread(target=lane.does, args=(happen,), daemon=True)
    happening.start()
    ran = someone("tail", *options)
    happening.join(PATIENCE_SECONDS)
    assert ran.status == 4
    return ran


def body(text: str) -> bytes:
    return content.encode(content.Text(text=text))


def test_every_line_says_which_side_it_is_of(arrive: Meet, lane: Lane) -> None:
    alice, bob = arrive("alice"), arrive("bob")
    topic = found(alice)
    bob("group", "join", topic)

    async def happens() -> None:
        await lane.fake.say("bob", "alice", body("privately"))
        group = lane.fake.public.groups[topic]
        await lane.fake.public.append(group, lane.fake.people["bob"], Kind.MESSAGE, body=_published("publicly"))

    lines = tailing(alice, lane, happens).lines
    assert lines[-2].startswith("[private] bob [1] ")
    assert lines[-2].endswith("bob: privately")
    assert lines[-1].startswith("[public] Tea House [4] ")
    assert lines[-1].endswith("bob: publicly")


def test_what_becomes_of_ones_publications_is_told_in_full(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    topic = found(alice)
    lane.fake.public.rulings = [Ruling(SubmissionState.HELD)]
    [held] = alice("publish", topic, "maybe", "--json").json
    change = lane.fake.public.change
    shown = tailing(alice, lane, lambda: change(held["submission"], SubmissionState.REJECTED))
    assert "Rejected, not published: group message in [public] Tea House" in shown.out
    assert f"hutong submissions {held['submission']}" not in shown.err  # It is told once.


def test_what_was_withdrawn_and_restored_is_told(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    topic = found(alice)
    [published] = alice("publish", topic, "doubtful", "--json").json

    async def happens() -> None:
        await lane.fake.public.withdraw(published["submission"])
        await lane.fake.public.withdraw(published["submission"], restore=True)

    shown = tailing(alice, lane, happens).out
    assert "[3] was withdrawn from the public by a decision" in shown
    assert "[3] is public again: doubtful" in shown
    events = tailing(alice, lane, happens, "--json").json
    told = [event["withdrawn"] for event in events if event["event"] == "submission" and "withdrawn" in event]
    assert told == [True]
    assert [event.get("kind") for event in events if event["event"] == "entry"] == ["withdrawn", "restored"]


def test_with_json_every_event_is_an_object(arrive: Meet, lane: Lane) -> None:
    alice, bob = arrive("alice"), arrive("bob")
    alice("send", "bob", "before")
    [topic] = [TopicId(each["topic"]) for each in alice("topics", "--json").json]
    me, other = lane.fake.people["alice"], lane.fake.people["bob"]

    async def happens() -> None:
        await lane.fake._push((me,), TypingPush(topic=topic, person=other))
        await lane.fake._push((me,), ReadPush(topic=topic, person=other, seq=Seq(1)))
        await lane.fake.say("bob", "alice", body("now"))
        await lane.fake._push((me,), GonePush(topic=topic))

    ran = tailing(alice, lane, happens, "--json")
    told = [(event["event"], event.get("text") or event.get("handle")) for event in ran.json]
    assert ("online", None) in told
    assert told[-4:] == [("typing", "bob"), ("read", "bob"), ("entry", "now"), ("gone", None)]
    assert bob("topics").status == 0


def _published(text: str) -> bytes:
    return publications.encode(Published(content=Content(text=text)))
