"""`hutong-bench idle`: what a device makes of what the server says, and a small run of the real thing."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import msgpack
import pytest

from benchmarks import grown_store
from benchmarks.broadcast.rows import AT
from benchmarks.command import run
from benchmarks.grown_store import Plan, Resident
from benchmarks.idle.device import Device
from benchmarks.idle.lines import address
from benchmarks.load.wire import Frames
from protocol.entries import Side
from protocol.ids import PersonId, Seq, TopicId
from tests.support.measuring import measured, notes, tables

CHAT, ACCOUNT = TopicId("a" * 16), TopicId("0" + "a" * 15)
EPOCHS = {"private": "p" * 16, "public": "q" * 16}


def said(**message: Any) -> bytes:
    """Return what the server sends: one frame, unmasked."""
    payload: bytes = msgpack.packb(message)
    return bytes((0x82, 126)) + len(payload).to_bytes(2, "big") + payload


def asked(data: bytes) -> dict[str, Any]:
    """Return the one request in `data`: the mask is nothing but zeros."""
    (payload,) = Frames().feed(bytes((data[0], data[1] & 0x7F)) + data[2:].replace(bytes(4), b"", 1))
    request: dict[str, Any] = msgpack.unpackb(payload)
    return request


def entry(seq: int, topic: TopicId = CHAT) -> dict[str, Any]:
    return {"topic": topic, "seq": seq, "body": b"hello"}


def piece(topic: TopicId, *seqs: int) -> dict[str, Any]:
    return {"topic": topic, "entries": [entry(seq, topic) for seq in seqs], "head": max(seqs, default=0), "live": True}


@pytest.fixture
def device() -> Device:
    """One that has three entries of a chat, and two of an account."""
    return Device(Resident(PersonId("p" * 16), {CHAT: Seq(3)}), {ACCOUNT: Seq(2)})


@pytest.fixture
def sign_in(device: Device) -> Callable[..., list[str]]:
    """Sign it in on a new connection, with what the syncs of both sides bring; return what it asked, in order."""

    def sign_in(private: Any = (), public: Any = (), **also: Any) -> list[str]:
        device.connected()
        answers: dict[str, dict[str, Any]] = {
            "hello": {"epochs": EPOCHS},
            "resume": {"sync": {"marks": 1, "slices": [piece(CHAT, *private)]}, **also},
            "follows": {"mark": 7},
            "sync": {"marks": 0, "slices": [piece(ACCOUNT, *public)]},
            "contacts": {"contacts": [], "mark": 0},
        }
        request = device.feed(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
        order = []
        while request:
            question = asked(request)
            order.append(question["op"])
            request = device.feed(said(re=question["id"], **answers[question["op"]]))
        return order

    return sign_in


SignIn = Callable[..., list[str]]


def test_a_device_asks_what_our_client_asks(device: Device, sign_in: SignIn) -> None:
    assert sign_in() == ["hello", "resume", "follows", "sync", "contacts"]
    assert device.live
    assert (device.taken, device.lost, device.duplicated) == (0, 0, 0)


def test_a_device_that_comes_back_goes_on_from_where_it_was(device: Device, sign_in: SignIn) -> None:
    sign_in(private=(4, 5))
    device.connected()
    assert not device.live
    hello = asked(device.feed(b"HTTP/1.1 101 Switching Protocols\r\n\r\n"))
    resume = asked(device.feed(said(re=hello["id"], epochs=EPOCHS)))
    assert (resume["heads"], resume["marks"], resume["epoch"]) == ({CHAT: 5}, 1, EPOCHS["private"])
    follows = asked(device.feed(said(re=resume["id"], sync={"marks": 1, "slices": [piece(CHAT)]})))
    assert follows["mark"] == 7


def test_what_is_missing_and_what_comes_again_is_counted(device: Device, sign_in: SignIn) -> None:
    sign_in(private=(4, 4), public=(3,))
    device.feed(said(ev="entry", entry=entry(5)))
    device.feed(said(ev="entry", entry=entry(8)))
    assert (device.taken, device.lost, device.duplicated) == (4, 2, 1)
    assert device.behind({CHAT: Seq(9), ACCOUNT: Seq(3)}) == 1


def test_a_gap_is_a_loss(device: Device, sign_in: SignIn) -> None:
    gap = {**piece(CHAT, 9), "gap": {"first": 4, "last": 8}}
    sign_in(sync={"marks": 1, "slices": [gap]})
    assert device.lost == 4


def test_a_sync_that_is_not_whole_is_gone_on_with(device: Device) -> None:
    hello = asked(device.feed(b"HTTP/1.1 101 Switching Protocols\r\n\r\n"))
    resume = asked(device.feed(said(re=hello["id"], epochs=EPOCHS)))
    begun = {**piece(CHAT, 4), "live": False}
    more = asked(device.feed(said(re=resume["id"], sync={"marks": 1, "slices": [begun], "more": True})))
    assert (more["op"], more["side"], more["heads"]) == ("sync", "private", {CHAT: 4})


def test_what_is_refused_ends_it_all(device: Device) -> None:
    device.feed(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
    with pytest.raises(RuntimeError, match="not_found"):
        device.feed(said(re=1, error={"code": "not_found", "message": "there is none"}))


def test_who_is_not_let_in_has_no_connection(device: Device) -> None:
    with pytest.raises(ConnectionError, match="503"):
        device.feed(b"HTTP/1.1 503 Service Unavailable\r\n\r\n")


def test_an_acknowledgement_says_where_something_is_stored(device: Device, sign_in: SignIn) -> None:
    sign_in()
    request = asked(device.say(CHAT, b"c" * 16, b"hello"))
    device.feed(said(re=request["id"], topic=CHAT, seq=4, nth=4, at=0))
    assert device.said == {b"c" * 16: (CHAT, 4)}


def test_a_thousand_devices_share_an_address() -> None:
    assert [address(number) for number in (0, 999, 1000, 9999)] == ["127.0.0.2", "127.0.0.2", "127.0.0.3", "127.0.0.11"]


def test_where_something_was_said_is_found_by_its_cid(tmp_path: Path) -> None:
    grown_store.write(tmp_path, Plan(people=12, chats=4, groups=1, entries=400), Random(3))
    heads = grown_store.heads(tmp_path, Side.PRIVATE)
    topic = min(heads)
    cid = grown_store.say_more(tmp_path, [topic], AT, Random(4))[0]
    assert grown_store.places(tmp_path, [cid, bytes(16)]) == {cid: (topic, heads[topic] + 1)}


@pytest.mark.slow
@pytest.mark.parametrize("how", ["--jitter", "--no-jitter"])
def test_all_are_back_after_a_restart_and_have_everything(tmp_path: Path, how: str) -> None:
    sizes = ("--connections=12", "--chats=4", "--groups=1", "--follows=3", "--accounts=5", "--drivers=2")
    found = measured(tmp_path, "idle", *sizes, how)
    memory, (back,) = tables(found)
    assert [row["connections"] for row in memory] == [3, 6, 12]
    assert all(row["memory_kib"] > row["anonymous_kib"] > 0 for row in memory)
    assert all("memory_kib_per_connection" in row for row in memory)
    assert back["members"] == back["connections"] == 12
    assert back["deliveries"] >= 2
    assert back["lost"] == back["duplicated"] == 0
    assert 0 < back["resume_s"] < 60
    assert back["p50_ms"] <= back["p99_ms"]
    assert "2 things were said" in notes(found)[0]


@pytest.mark.parametrize("wrong", ["--chats=3", "--connections=12", "--follows=101"])
def test_a_town_that_cannot_be_is_refused_in_one_line(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["idle", "--connections=30", "--chats=20", wrong]) == 2
    assert "Traceback" not in capsys.readouterr().err
