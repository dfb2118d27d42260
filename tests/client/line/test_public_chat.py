"""hutong chat in a public group: what one types is published."""

import os
import pty
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from protocol.decisions import Span, SubmissionState
from protocol.errors import ErrorCode
from tests.client.fake_public import Ruling
from tests.client.fake_server import RefusingError
from tests.client.line.conftest import Meet, found
from tests.client.line.lane import Lane
from tests.client.line.test_chat import Terminal


@contextmanager
def ended(process: "subprocess.Popen[str]") -> Iterator[None]:
    """End `process` if the test fails: nobody waits for it then."""
    try:
        yield
    except BaseException:
        process.kill()
        raise


def test_on_a_pipe_every_line_is_published_under_a_heading_that_says_public(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    topic = found(alice)
    ran = alice("chat", topic, stdin="hello\n//slash\n")
    assert ran.status == 0
    assert ran.lines[0] == "- [public] Tea House, 1 member"
    assert "alice: hello" in ran.out
    assert [entry["text"] for entry in alice("history", topic, "--json").json[2:]] == ["hello", "/slash"]


def test_on_a_pipe_nothing_is_published_that_nobody_agreed_to(arrive: Meet, lane: Lane) -> None:
    alice, bob = arrive("alice"), arrive("bob")
    topic = found(alice)
    bob("group", "join", topic)
    ran = bob("chat", topic, stdin="hello\n")
    assert (ran.status, "--yes" in ran.err) == (2, True)
    assert bob("chat", topic, "--yes", stdin="hello\n").status == 0
    assert len(lane.fake.public.groups[topic].log) == 4


def test_messages_are_answered_edited_from_their_base_and_recalled(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    topic = found(alice)
    for text in ("one", "two"):
        alice("publish", topic, text)
    ran = alice("chat", topic, stdin="/edit 3 ONE\n/recall 4\n/reply 3 three\n/edit 99 x\n/edit 3\n")
    assert ran.status == 0
    assert "no message [99] to edit" in ran.out
    assert "Usage: /edit SEQ TEXT" in ran.out
    shown = alice("history", topic).out
    for words in ("ONE (edited, version 2)", "(recalled)", "(to [3]) three"):
        assert words in shown


def test_what_makes_no_sense_in_public_is_not_offered(arrive: Meet) -> None:
    alice = arrive("alice")
    topic = found(alice)
    alice("publish", topic, "one")
    ran = alice("chat", topic, stdin="/help\n/react 3 👍\n/receipts 3\n/who\n")
    assert "/reply SEQ TEXT" in ran.out
    assert "/react SEQ" not in ran.out
    for word in ("react", "receipts"):
        assert f"There is no /{word}" in ran.out
    assert "- alice (owner)" in ran.out


def test_what_is_held_or_rejected_is_told_in_the_room(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    topic = found(alice)
    lane.fake.public.rulings = [
        Ruling(SubmissionState.REJECTED, where=(Span(path="text", start=0, end=2),)),
        Ruling(SubmissionState.HELD),
        RefusingError(ErrorCode.MUTED),
    ]
    ran = alice("chat", topic, stdin="no way\nmaybe\nmuted\n")
    for words in ("Rejected, not published", "⟦no⟧ way", "Spreading rumours", "Held until", "Refused: no (muted)"):
        assert words in ran.out
    assert ran.err == ""


def test_a_text_too_long_is_not_published(arrive: Meet, lane: Lane) -> None:
    alice = arrive("alice")
    topic = found(alice)
    assert "at most 8000 characters" in alice("chat", topic, stdin="x" * 8001 + "\n").out
    assert len(lane.fake.public.groups[topic].log) == 2


def test_without_a_server_only_who_agreed_before_publishes_later(arrive: Meet, lane: Lane) -> None:
    alice, bob = arrive("alice"), arrive("bob")
    topic = found(alice)
    bob("group", "join", topic)
    away = ("--server", "ws://127.0.0.1:1")
    assert "Kept until the server is back" in alice(*away, "chat", topic, stdin="later\n").out
    assert "cannot say who would see it" in bob(*away, "chat", topic, stdin="never\n").out
    alice("topics")
    bob("topics")
    assert [entry["text"] for entry in alice("history", topic, "--json").json[3:]] == ["later"]


def test_at_a_terminal_the_prompt_says_public_and_the_first_line_is_asked_about(arrive: Meet, lane: Lane) -> None:
    alice, bob = arrive("alice"), arrive("bob")
    topic = found(alice, "--open-history")
    bob("group", "join", topic)
    own, process_end = pty.openpty()
    terminal = Terminal(process_end, own)
    with bob.start("chat", topic, stdin=process_end, stdout=process_end, stderr=process_end) as chat, ended(chat):
        terminal.until("[public] Tea House> ")
        terminal.type("first\r")
        terminal.until("anybody may read it, member or not")
        terminal.until("looked at first by: terms 1.0 (check)")
        terminal.until("Publish there? y or n")
        terminal.type("n\r")
        terminal.until("nothing was published")
        terminal.type("second\r")
        terminal.until("Publish there? y or n")
        terminal.type("y\r")
        terminal.until(": second")
        terminal.type("third\r")
        terminal.until(": third")
        terminal.type("/quit\r")
        assert chat.wait(15) == 0
    os.close(own)
    os.close(process_end)
    assert [entry["text"] for entry in alice("history", topic, "--json").json[3:]] == ["second", "third"]


def test_at_a_terminal_publish_asks_and_no_is_no(arrive: Meet, lane: Lane) -> None:
    alice, bob = arrive("alice"), arrive("bob")
    topic = found(alice)
    bob("group", "join", topic)
    for answer, status in (("n", 1), ("y", 0)):
        own, process_end = pty.openpty()
        terminal = Terminal(process_end, own)
        ends = {"stdin": process_end, "stdout": process_end, "stderr": process_end}
        with bob.start("publish", topic, "hello", **ends) as publishing, ended(publishing):
            terminal.until("Publish there? [y/N]")
            terminal.type(f"{answer}\r")
            assert publishing.wait(15) == status
        os.close(own)
        os.close(process_end)
    assert len(lane.fake.public.groups[topic].log) == 4
