"""hutong chat, on a pipe and at a terminal."""

import os
import pty
import select
import signal
import subprocess
import time

from tests.client.line.conftest import Meet


def test_on_a_pipe_every_line_is_said_and_history_comes_first(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    bob("send", alice.handle, "before")
    ran = alice("chat", bob.handle, stdin="hello\n//slash\n/quit\nnever said\n")
    assert ran.status == 0
    assert f"{bob.handle}: before" in ran.out
    texts = [entry["text"] for entry in bob("history", alice.handle, "--json").json]
    assert texts == ["before", "hello", "/slash"]


def test_the_first_line_to_somebody_begins_the_chat(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    assert "nothing has been said here yet" in alice("chat", bob.handle, stdin="/who\nhello\n").out
    assert bob("history", alice.handle, "--json").json[0]["text"] == "hello"


def test_messages_are_answered_edited_recalled_and_reacted_to(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    for text in ("one", "two"):
        alice("send", bob.handle, text)
    ran = alice("chat", bob.handle, stdin="/edit 1 ONE\n/recall 2\n/react 1 👍\n/reply 1 three\n")
    assert ran.status == 0
    shown = bob("history", alice.handle).out
    assert "ONE (edited)" in shown
    assert f"👍 {alice.handle}" in shown
    assert "(recalled)" in shown
    assert "(to [1]) three" in shown


def test_the_commands_explain_themselves(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    alice("send", bob.handle, "hello")
    ran = alice(
        "chat", bob.handle, stdin="/help\n/nope\n/edit one\n/recall 99\n/who\n/receipts 1\n/history\n/react 1 \n"
    )
    for words in (
        "/reply SEQ TEXT",
        "There is no /nope",
        "Usage: /edit SEQ TEXT",
        "Read by 0",
        "That is the beginning",
    ):
        assert words in ran.out
    assert f"- {bob.handle}" in ran.out.splitlines()


def test_without_a_server_what_is_said_is_kept(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    alice("send", bob.handle, "before")
    ran = alice("--server", "ws://127.0.0.1:1", "chat", bob.handle, stdin="later\n")
    assert (ran.status, "Kept" in ran.out) == (0, True)
    alice("topics")
    assert [entry["text"] for entry in bob("history", alice.handle, "--json").json] == ["before", "later"]


class Terminal:
    """A process at a terminal of its own."""

    def __init__(self, process_end: int, own_end: int) -> None:
        self._own = own_end
        self.process_end = process_end
        self._seen = ""

    def type(self, text: str) -> None:
        os.write(self._own, text.encode())

    def until(self, text: str) -> None:
        deadline = time.monotonic() + 15
        while text not in self._seen:
            assert select.select([self._own], [], [], max(0, deadline - time.monotonic()))[0], self._seen
            self._seen += os.read(self._own, 4096).decode(errors="replace")
        self._seen = self._seen.partition(text)[2]


def test_at_a_terminal_lines_arrive_above_the_one_being_typed_and_ctrl_c_leaves(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    alice("send", bob.handle, "before")
    own, process_end = pty.openpty()
    terminal = Terminal(process_end, own)
    with (
        bob.start("tail", "--json", stdout=subprocess.PIPE) as tail,
        alice.start("chat", bob.handle, stdin=process_end, stdout=process_end, stderr=process_end) as chat,
    ):
        terminal.until("Ctrl-D leaves")
        terminal.type("half a li")
        assert tail.stdout is not None
        assert any('"typing"' in line for line in tail.stdout)
        bob("send", alice.handle, "in between")
        terminal.until("in between")
        terminal.until("half a li")
        terminal.type("ne\r")
        assert any('"half a line"' in line for line in tail.stdout)
        terminal.until("half a line")
        bob("history", alice.handle)
        terminal.until("has read up to [3]")
        chat.send_signal(signal.SIGINT)
        assert chat.wait(10) == 130
        tail.send_signal(signal.SIGINT)
        assert tail.wait(10) == 130
    os.close(own)
    os.close(process_end)


def test_who_asks_to_be_a_contact_meanwhile_is_told(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    own, process_end = pty.openpty()
    terminal = Terminal(process_end, own)
    with alice.start("chat", bob.handle, stdin=process_end, stdout=process_end, stderr=process_end) as chat:
        terminal.until("Ctrl-D leaves")
        bob("contacts", "ask", alice.handle, "from the tea house")
        terminal.until(f"{bob.handle} asks to be your contact: from the tea house")
        chat.send_signal(signal.SIGINT)
        assert chat.wait(10) == 130
    os.close(own)
    os.close(process_end)
