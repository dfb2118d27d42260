"""send, history, tail, topics."""

import signal
import subprocess

import pytest

from tests.client.line.conftest import Hutong, Meet


def test_what_one_sends_the_other_reads(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    [sent] = alice("send", bob.handle, "hello", "there", "--json").json
    assert sent["seq"] == 1
    assert bob("send", alice.handle, "-", "--reply-to", "1", stdin="two\nlines\n").status == 0
    lines = alice("history", bob.handle).out
    assert f"{alice.handle}: hello there" in lines
    assert f"{bob.handle}: (to [1]) two\n    lines" in lines


def test_history_is_paged_and_comes_as_json(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    for number in range(1, 8):
        alice("send", bob.handle, str(number))

    def seqs(*options: str) -> list[int]:
        return [entry["seq"] for entry in bob("history", alice.handle, "--json", *options).json]

    assert seqs() == [1, 2, 3, 4, 5, 6, 7]
    assert seqs("--limit", "2") == [6, 7]
    assert seqs("--before", "4") == [1, 2, 3]
    assert seqs("--after", "4") == [5, 6, 7]
    assert seqs("--after", "2", "--limit", "2") == [3, 4]
    assert seqs("--after", "2", "--before", "5") == [3, 4]
    [entry] = bob("history", alice.handle, "--json", "--limit", "1").json
    assert (entry["text"], entry["handle"], entry["kind"]) == ("7", alice.handle, "message")


def test_topics_show_what_is_unread_until_it_was_shown(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    alice("send", bob.handle, "one")
    alice("send", bob.handle, "two")
    [topic] = bob("topics", "--json").json
    assert (topic["title"], topic["unread"], topic["side"]) == (alice.handle, 2, "private")
    assert alice("topics", "--json").json[0]["unread"] == 0
    assert bob("topics").out.split("\t")[:3] == [alice.handle, "2", "private chat"]
    bob("history", alice.handle, "--json")
    assert bob("topics", "--json").json[0]["unread"] == 2
    bob("history", alice.handle)
    assert bob("topics", "--json").json[0]["unread"] == 0
    alice("send", bob.handle, "three")
    bob("topics", "read", alice.handle)
    assert bob("topics", "--json").json[0]["unread"] == 0


def test_a_topic_is_muted_pinned_and_cleared(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    alice("send", bob.handle, "one")
    for word in ("mute", "pin"):
        assert bob("topics", word, alice.handle).status == 0
    [topic] = bob("topics", "--json").json
    assert (topic["muted"], topic["pinned"]) == (True, True)
    for word in ("unmute", "unpin", "clear"):
        assert bob("topics", word, alice.handle).status == 0
    [topic] = bob("topics", "--json").json
    assert ("muted" in topic, "pinned" in topic) == (False, False)
    assert bob("history", alice.handle).err == "Nothing here yet.\n"


def test_names_that_mean_nothing_are_wrong_usage_or_refused(meet: Meet) -> None:
    alice = meet("alice")
    assert alice("history", "nothing").status == 2
    assert alice("send", "not a handle!", "hi").status == 2
    assert alice("send", "nobody-at-all", "hi").status == 1
    assert alice("send", "bob", "").status == 2
    assert alice("send", "bob", "x" * 40_000).status == 2
    assert alice("history", alice.handle, "--before", "x").status == 2


def test_a_server_that_is_away_keeps_the_message_for_the_next_command(meet: Meet, hutong: Hutong) -> None:
    alice, bob = meet("alice"), meet("bob")
    alice("send", bob.handle, "before")
    hutong.stop()
    try:
        ran = alice("send", bob.handle, "while away")
        assert (ran.status, "Kept" in ran.err, "--server" in ran.err) == (3, True, True)
        assert alice("topics").status == 0
        assert "before" in alice("history", bob.handle).out
        assert alice("blocks").status == 3
    finally:
        hutong.start()
    assert alice("topics").status == 0
    assert [entry["text"] for entry in bob("history", alice.handle, "--json").json] == ["before", "while away"]


def test_a_kept_message_the_server_then_refuses_is_told_and_dropped(meet: Meet) -> None:
    alice = meet("alice")
    assert alice("--server", "ws://127.0.0.1:1", "send", "nobody-at-all", "hello").status == 3
    assert "'hello' (not_found)" in alice("topics").err
    assert "not_found" not in alice("topics").err


@pytest.mark.parametrize("when", ["1h", "2000-01-01T00:00"])
def test_tail_tells_what_was_and_what_comes_and_ends_at_ctrl_c(meet: Meet, when: str) -> None:
    alice, bob = meet("alice"), meet("bob")
    alice("send", bob.handle, "before")
    with bob.start("tail", "--json", "--since", when, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as tail:
        assert '"before"' in _line_with(tail, '"entry"')
        alice("send", bob.handle, "live")
        assert '"live"' in _line_with(tail, '"entry"')
        tail.send_signal(signal.SIGINT)
        _, err = tail.communicate(timeout=10)
    assert (tail.returncode, err.strip()) == (130, "")


def test_tail_of_one_topic_leaves_the_others_out(meet: Meet) -> None:
    alice, bob, carol = meet("alice"), meet("bob"), meet("carol")
    for friend in (alice, carol):
        friend("send", bob.handle, "before")
    with bob.start("tail", "--topic", alice.handle, "--since", "1h", stdout=subprocess.PIPE) as tail:
        assert "before" in _line_with(tail, "[1]")
        carol("send", bob.handle, "elsewhere")
        alice("send", bob.handle, "here")
        assert tail.stdout is not None
        assert "here" in tail.stdout.readline()
        tail.send_signal(signal.SIGINT)
        tail.communicate(timeout=10)


def test_a_reader_who_leaves_ends_tail_quietly(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    with bob.start("tail", "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE) as tail:
        assert tail.stdout is not None
        _line_with(tail, '"online"')
        tail.stdout.close()
        alice("send", bob.handle, "unread")
        assert tail.stderr is not None
        assert (tail.wait(10), tail.stderr.read()) == (0, "")


def test_a_moment_that_is_none_is_wrong_usage(meet: Meet) -> None:
    assert meet("alice")("tail", "--since", "yesterday").status == 2


def test_a_device_signed_out_while_it_tails_says_so(meet: Meet) -> None:
    alice = meet("alice")
    with alice.start("tail", "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE) as tail:
        _line_with(tail, '"online"')
        other = alice("--profile", "other", "login", alice.handle)
        assert other.status == 0
        alice("--profile", "other", "passwd", HUTONG_NEW_PASSWORD="battery staple")
        _, err = tail.communicate(timeout=10)
    assert (tail.returncode, "hutong login" in err) == (4, True)


def _line_with(process: "subprocess.Popen[str]", text: str) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if text in line:
            return line
    raise AssertionError(f"it ended without {text}")
