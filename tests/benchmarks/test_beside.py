"""Small chats are timed alone and beside a busy group, and what is lost or comes twice is counted."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import msgpack
import pytest

from benchmarks.load import open_loop
from benchmarks.load.open_loop import Flow, OpenLoop, Place, arrivals
from benchmarks.load.wire import Frames, Wire
from benchmarks.measurement import Measurement
from tests.support.measuring import measured, tables

KEYS = set(Measurement.__dataclass_fields__) - {"more"}


@pytest.mark.slow
@pytest.mark.parametrize(("members", "group"), [("20", "private"), ("501", "public")])
def test_chats_are_timed_alone_beside_a_group_and_with_the_machine_as_busy(
    tmp_path: Path, members: str, group: str
) -> None:
    sizes = ("--rate", "10", "--pairs", "2", "--pace", "50", "--terms", "100", "--rounds", "1", "--seconds", "0.5")
    found = measured(tmp_path, "beside", "--members", members, *sizes)
    assert all(set(each) >= KEYS and each["benchmark"] == "beside" for each in found)
    chats, (crowd,) = tables(found)
    assert [each["chats"] for each in chats] == ["alone", "beside the group", "alone, the machine as busy"]
    assert len({each["deliveries"] for each in chats}) == 1
    assert all(each["lost"] == each["duplicated"] == 0 for each in found)
    alone, beside, machine = (each["deliveries/s beside"] for each in chats)
    assert alone == 0
    # A bare loop sends to the speaker, too, and that counts there.
    assert machine / beside == pytest.approx(int(members) / (int(members) - 1))
    assert crowd["group"] == group
    assert crowd["deliveries"] == crowd["said"] * (int(members) - 1) > 0


def test_what_arrives_does_so_in_order_within_the_time_and_as_often_as_it_should() -> None:
    times = arrivals(Random(1), rate=100, seconds=50)
    assert times == sorted(times)
    assert 0 < times[0] < times[-1] < 50
    assert len(times) == pytest.approx(5000, rel=0.05)
    assert times == arrivals(Random(1), rate=100, seconds=50) != arrivals(Random(2), rate=100, seconds=50)


# A chat whose server is a thread that tells one side what the other says, in the ways below.


class Line(Wire):
    """One side, already connected."""

    def __init__(self, near: socket.socket) -> None:
        self.socket = near
        self.frames = Frames()


class Relay:
    """Passes each `send` on, as many entries as `copies` says, in turn, and acknowledges it if it does that."""

    def __init__(self, copies: Sequence[int], *, acknowledges: bool) -> None:
        self._copies, self._acknowledges = iter(copies), acknowledges
        (self._mouth, mouth), (self._ear, ear) = socket.socketpair(), socket.socketpair()
        self.mouth, self.ear = Line(mouth), Line(ear)
        self._thread = threading.Thread(target=self._relay)
        self._thread.start()

    def close(self) -> None:
        self.mouth.close()
        self.ear.close()
        self._thread.join()
        self._mouth.close()
        self._ear.close()

    def _relay(self) -> None:
        seq, said = 0, Said()
        while data := self._mouth.recv(1 << 16):
            for asked in said.feed(data):
                seq += 1
                entry = {"topic": asked["topic"], "seq": seq, "cid": asked["cid"], "body": asked["body"]}
                for _ in range(next(self._copies)):
                    self._ear.sendall(framed({"ev": "entry", "entry": entry}))
                if self._acknowledges:
                    self._mouth.sendall(framed({"re": asked["id"], "seq": seq}))


class Said:
    """Takes short requests out of the frames of a client whose mask is zero."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[dict[str, Any]]:
        self._rest += data
        while len(self._rest) >= 6 and len(self._rest) >= 6 + (self._rest[1] & 0x7F):
            end = 6 + (self._rest[1] & 0x7F)
            yield msgpack.unpackb(self._rest[6:end])
            self._rest = self._rest[end:]


def framed(message: dict[str, Any]) -> bytes:
    payload: bytes = msgpack.packb(message)
    return bytes((0x82, len(payload))) + payload


def flow_of(copies: Sequence[int], *, acknowledges: bool = True) -> Flow:
    """Have things be said of which the other side gets so many copies, one after the other, and then one of each."""
    with closing(Relay([*copies, *[1] * 1000], acknowledges=acknowledges)) as relay:
        place = Place("chats", "message", "topic", (relay.mouth,), hearers=1, share=1)
        with closing(OpenLoop([place], hearing=[relay.ear])) as loop:
            return loop.stretch(rate=400, seconds=0.05, source=Random(1), text=lambda _: "hello")["chats"]


def test_what_comes_once_is_delivered_and_timed() -> None:
    flow = flow_of([])
    assert flow.said == flow.deliveries == len(flow.last_ms) == len(flow.any_ms) > 10
    assert flow.lost == flow.duplicated == flow.held == 0


def test_what_comes_again_is_counted_as_that_and_not_as_a_delivery() -> None:
    flow = flow_of([1, 3, 1, 2])
    assert flow.said == flow.deliveries
    assert (flow.lost, flow.duplicated) == (0, 3)


def test_what_never_comes_is_waited_for_and_counted_as_lost_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_loop, "PATIENCE_S", 0.1)
    flow = flow_of([1, 0, 1, 0])
    assert flow.deliveries == flow.said - 2
    assert (flow.lost, flow.duplicated) == (2, 0)


def test_what_comes_and_is_never_acknowledged_stops_the_benchmark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_loop, "PATIENCE_S", 0.1)
    with pytest.raises(RuntimeError, match="never acknowledged"):
        flow_of([], acknowledges=False)
