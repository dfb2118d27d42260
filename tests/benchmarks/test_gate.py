"""The private path makes no call to the gate or to a hook: counted, not measured. And the gate's benchmarks run."""

import json
import math
import signal
import sys
import threading
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import trio

from benchmarks import figures
from benchmarks.gate import hanging
from benchmarks.gate.hooks import HooksFile, receiver
from benchmarks.load.closed_loop import Ear
from benchmarks.load.wire import Wire
from client.account import acknowledge, register
from client.connection import Connection, open_connection
from compliance.checks.registry import CHECKS
from compliance.hooks import Content, Surface
from protocol.accounts import InboxAnswer, SaveDraft, Schedule
from protocol.following import FollowAccount, Unfollow
from protocol.frames import Edit, EntryPush, GroupName, Hello, Recall, Resume, Send, Sync
from protocol.ids import TopicId, new_cid
from protocol.public import GroupFoundPublic, Publish
from server.config import load
from server.serving import serve
from tests.support.accounts import Press
from tests.support.daemon import PATIENCE_S, environment
from tests.support.inline import InlineServer
from tests.support.measuring import Row, measured, notes, tables
from tests.support.packs import SETTINGS
from tests.support.panel import StaffedPanel, allows

GATE = (
    "benchmarks.gate.hanging",
    "compliance",
    "server.gatekeeper",
    "server.handlers.publishing",
    "server.hooks",
    "server.panel",
    "server.store.articles",
    "server.store.audit",
    "server.store.gate",
    "server.store.records",
    "server.store.reprints",
    "server.store.submissions",
    "tests.support.panel",
)
EVERY_SECOND = "server.gatekeeper.Gatekeeper.every_second"
TEN = 10


class Calls:
    """Counts the calls of functions of the gate, on this thread and on all that begin inside `watching`."""

    def __init__(self) -> None:
        self.found: Counter[str] = Counter()
        self.all = 0
        self._counts = False

    @contextmanager
    def watching(self) -> Iterator[None]:
        threading.setprofile(self._called)
        sys.setprofile(self._called)
        try:
            yield
        finally:
            sys.setprofile(None)
            threading.setprofile(None)

    @contextmanager
    def counting(self) -> Iterator[None]:
        self._counts = True
        try:
            yield
        finally:
            self._counts = False

    def _called(self, frame: FrameType, event: str, _: object) -> None:
        if event != "call" or not self._counts:
            return
        self.all += 1
        module = frame.f_globals.get("__name__", "")
        if any(module == name or module.startswith(f"{name}.") for name in GATE):
            self.found[f"{module}.{frame.f_code.co_qualname}"] += 1


@pytest.fixture
def calls() -> Iterator[Calls]:
    calls = Calls()
    with calls.watching():
        yield calls


# In one thread, without a clock: every call that a private operation makes is seen.


@pytest.fixture
def server() -> Iterator[InlineServer]:
    panel = StaffedPanel()
    panel.hooks = {f"hook {number}": allows for number in range(TEN)}
    server = InlineServer(panel=panel)
    yield server
    server.close()


PRIVATE: dict[str, Callable[[Any, TopicId, TopicId], object]] = {
    "a message in a chat": lambda alice, chat, _: alice.send(b"between us", topic=chat),
    "a message in a private group": lambda alice, _, group: alice.send(b"among us", topic=group),
    "an edit": lambda alice, chat, _: alice.do(Edit, topic=chat, target=1, body=b"better"),
    "a recall": lambda alice, chat, _: alice.do(Recall, topic=chat, target=1),
    "the name of a private group": lambda alice, _, group: alice.do(GroupName, topic=group, name=b"us"),
}


@pytest.mark.parametrize("what", PRIVATE)
def test_private_words_make_no_call_to_the_gate_or_a_hook(server: InlineServer, calls: Calls, what: str) -> None:
    alice, bob = server.people("alice", "bob")
    chat, group = server.chat(alice, bob), server.group(alice, bob)
    with calls.counting():
        PRIVATE[what](alice, chat, group)
        pushes = bob.pushes()
    assert [type(push) for push in pushes] == [EntryPush]
    assert calls.all > 50
    assert calls.found == {}


# What is private about a public account: `dialogue` is one in which its reader has asked something.
BEHIND_AN_ACCOUNT: dict[str, Callable[[Press, TopicId], object]] = {
    "a question to it": lambda press, _: press.reader.do(Send, to=press.topic, body=b"what about me"),
    "its answer": lambda press, dialogue: press.owner.do(
        InboxAnswer, topic=press.topic, dialogue=dialogue, body=b"nothing"
    ),
    "a draft": lambda press, _: press.editor.do(SaveDraft, topic=press.topic, draft=new_cid(1), body=b"not yet"),
    "what is scheduled": lambda press, _: press.editor.do(
        Schedule, topic=press.topic, due=press.server.clock.wall_ms() + 60_000, content=Content(title="Soon", text="!")
    ),
    "following it": lambda press, _: press.reader.do(FollowAccount, topic=press.topic, tag="north"),
    "following it no more": lambda press, _: press.reader.do(Unfollow, topic=press.topic),
}


@pytest.mark.parametrize("what", BEHIND_AN_ACCOUNT)
def test_what_is_private_about_an_account_makes_no_call_to_the_gate_or_a_hook(
    server: InlineServer, calls: Calls, what: str
) -> None:
    press = Press(server)
    press.reader.do(FollowAccount, topic=press.topic)
    dialogue = press.reader.do(Send, to=press.topic, body=b"hello").topic
    with calls.counting():
        BEHIND_AN_ACCOUNT[what](press, dialogue)
    assert calls.all > 50
    assert calls.found == {}


def test_a_publication_does_make_such_calls(server: InlineServer, calls: Calls) -> None:
    alice = server.register("alice")
    topic = alice.do(GroupFoundPublic).topic
    with calls.counting():
        alice.do(Publish, topic=topic, surface=Surface.GROUP_MESSAGE, content=Content(text="to everybody"))
    assert calls.found["server.gatekeeper.Gatekeeper.judge"] == 1
    assert calls.found["tests.support.panel.allows"] == TEN


def test_a_publication_costs_the_store_no_more_for_all_that_its_author_published_before(server: InlineServer) -> None:
    alice = server.register("alice")
    topic = alice.do(GroupFoundPublic).topic
    connections = (
        server.public_store._writer._connection,
        server.public_reads.reader._connection,
    )
    steps = 0

    def stepped() -> None:
        nonlocal steps
        steps += 1

    def publishes(times: int) -> int:
        """Return how many instructions of SQLite's machine that took."""
        before = steps
        for _ in range(times):
            alice.do(Publish, topic=topic, surface=Surface.GROUP_MESSAGE, content=Content(text="to everybody"))
        return steps - before

    for connection in connections:
        connection.set_progress_handler(stepped, 1)
    first = publishes(20)
    publishes(200)
    assert publishes(20) < first * 1.1


# The real server with ten real hooks, in this process so that its threads can be watched.


async def _url(capsys: pytest.CaptureFixture[str]) -> str:
    """Return where the server listens, once it has said so."""
    said = ""
    with trio.fail_after(PATIENCE_S):
        while True:
            said += capsys.readouterr().out
            for line in said.splitlines():
                if line.startswith('{"listening"'):
                    url: str = json.loads(line)["listening"]
                    return url
            await trio.sleep(0.01)


async def _entry(connection: Connection) -> EntryPush:
    with trio.fail_after(PATIENCE_S):
        while True:
            push = await connection.pushes.receive()
            if isinstance(push, EntryPush):
                return push


def _ten_hooks(folder: Path, url: str) -> Path:
    file = HooksFile(folder, seed=3)
    file.ten(100, url, deadline_ms=10_000)
    return file.write()


def test_the_server_that_is_measured_has_every_check_there_is(tmp_path: Path) -> None:
    file = HooksFile(tmp_path, seed=3)
    file.checks(1)
    assert {table["check"] for table in tomllib.loads(file.write().read_text()).values()} == set(CHECKS)


@pytest.fixture
def webhook() -> Iterator[str]:
    with receiver() as url:
        yield url


@pytest.mark.slow
async def test_a_private_message_through_a_real_server_with_ten_hooks_makes_no_call_to_them(
    tmp_path: Path, webhook: str, capsys: pytest.CaptureFixture[str], calls: Calls
) -> None:
    hooks = _ten_hooks(tmp_path, webhook)
    settings = SETTINGS | {"server.data": tmp_path / "data", "compliance.hooks": hooks}
    config = load(None, {name: value for name, value in environment(settings).items() if name.startswith("HUTONG_")})
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve, config)
        url = await _url(capsys)
        bob = await register(url, "bob", "correct horse", sign=acknowledge)
        alice = await register(url, "alice", "correct horse", sign=acknowledge)
        async with open_connection(url) as hers, open_connection(url) as his:
            for connection, account in ((hers, alice), (his, bob)):
                await connection.request(Hello(id=0, versions=(1,)))
                await connection.request(Resume(id=0, token=account.token))
                await connection.request(Sync(id=0, heads={}))
            # Once a second the clock has the gate look whether a hold has ended, whoever talks: not counted below.
            with calls.counting(), trio.fail_after(PATIENCE_S):
                while calls.found[EVERY_SECOND] < 2:  # noqa: ASYNC110 - a profiler tells nobody what it has seen.
                    await trio.sleep(0.05)
            by_the_clock = set(calls.found)
            begun = await hers.request(Send(id=0, cid=new_cid(1), to=bob.person, body=b"hello"))
            assert (await _entry(his)).entry.body == b"hello"
            with calls.counting():
                await hers.request(Send(id=0, cid=new_cid(2), topic=begun.topic, body=b"between us"))
                heard = await _entry(his)
            private = set(calls.found) - by_the_clock
            group = await hers.request(GroupFoundPublic(id=0, cid=new_cid(3)))
            content = Content(text="to everybody")
            with calls.counting():
                await hers.request(
                    Publish(id=0, cid=new_cid(4), topic=group.topic, surface=Surface.GROUP_MESSAGE, content=content)
                )
        signal.raise_signal(signal.SIGTERM)
    assert heard.entry.body == b"between us"
    assert private == set()
    # What is published is asked about on this thread and written on another: both are watched.
    assert calls.found["server.hooks.panel.HookPanel.ask"] == 1
    assert calls.found["server.store.gate.Gate.conclude"] == 1


# The benchmarks themselves.


def _benchmark(command: str, tmp_path: Path, *arguments: str) -> list[Row]:
    """Run one of them, as small as it goes, and return what it wrote."""
    return measured(tmp_path, "gate", command, *arguments, "--rounds", "1")


@pytest.mark.slow
def test_the_benchmark_of_private_chats_finds_ten_hooks_and_no_leaf(tmp_path: Path) -> None:
    found = _benchmark("private", tmp_path, "--pairs", "2", "--seconds", "0.3", "--terms", "100")
    assert all(row["deliveries"] > 10 and row["lost"] == row["duplicated"] == row["audit leaves"] == 0 for row in found)
    assert "judged by 10 hooks" in notes(found)[0]


@pytest.mark.slow
def test_the_benchmark_of_publications_labels_where_terms_are_found_and_nowhere_else(tmp_path: Path) -> None:
    found = _benchmark("publish", tmp_path, "--authors", "2", "--seconds", "0.3", "--terms", "5000")
    labelled = {row["what is said"] for row in found if row["labelled"]}
    assert labelled == {"published, checks, labelled"}
    assert all(row["times"] > 0 and row["lost"] == row["duplicated"] == 0 for row in found)


@pytest.mark.slow
def test_the_benchmark_of_hooks_that_hang_has_them_hang(tmp_path: Path) -> None:
    found = _benchmark("beside", tmp_path, "--seconds", "0.6", "--every", "0.3")
    for table in tables(found):
        hung = {row["one more author"]: row["hung"] > 0 for row in table}
        assert hung == {
            "without": False,
            hanging.SLEEPS: True,
            hanging.LOOPS: True,
            hanging.STUCK: True,
            "without, but another program loops as long": False,
            "without, again": False,
        }


@pytest.mark.slow
def test_the_benchmark_of_crowds_delivers_to_every_member(tmp_path: Path) -> None:
    found = _benchmark("crowd", tmp_path, "--private", "3", "--public", "5", "--seconds", "0.3", "--terms", "100")
    assert [(row["group"], row["members"]) for row in found] == [("private, 3", 2), ("public, 5", 4)]
    for row in found:
        assert row["deliveries"] == row["entries"] * row["members"] > 0
        assert row["lost"] == row["duplicated"] == 0


def test_an_ear_counts_what_is_missing_and_what_comes_twice() -> None:
    ear, wire = Ear(), object.__new__(Wire)
    heard = [ear.entry(wire, {"topic": "t", "seq": seq, "body": b""}) for seq in (4, 5, 5, 8)]
    assert heard == [True, True, False, True]
    assert (ear.lost, ear.twice) == (2, 1)


def test_an_entry_without_a_body_is_nothing_said() -> None:
    assert not Ear().entry(object.__new__(Wire), {"topic": "t", "seq": 1, "count": 3})


def test_a_load_whose_publication_is_held_stops_the_benchmark() -> None:
    with pytest.raises(RuntimeError, match="is held"):
        Ear().reply({"re": 1, "submission": {"state": "held"}})


def test_a_load_that_is_refused_stops_the_benchmark() -> None:
    with pytest.raises(RuntimeError, match="rate_limited"):
        Ear().reply({"re": 1, "error": {"code": "rate_limited"}})


def test_a_quantile_of_nothing_is_no_number() -> None:
    assert math.isnan(figures.quantile([], 0.99))


def test_a_quantile_is_one_of_the_values() -> None:
    assert figures.quantile([3.0, 1.0, 2.0], 0.99) == 3.0
