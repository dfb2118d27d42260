"""`hutong-bench fanout`, `growth` and `limit`: what is said when, what keeps up, and small runs of the real thing."""

import inspect
import json
import math
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random

import msgpack
import pytest

from benchmarks.command import run
from benchmarks.fanout.loads import Load, Rounds, loads_of
from benchmarks.fanout.pace import Closed, Open
from benchmarks.fanout.room import Stretch
from benchmarks.servers import Running
from benchmarks.systems import registry
from benchmarks.systems.base import BODY_BYTES, Seat, body, said_by
from benchmarks.systems.hutong import PublicStream
from benchmarks.systems.limit import Limit
from benchmarks.systems.programs import bare_loop
from compliance.checks.sketch import resemblance, sketch
from tests.support.daemon import ROOT
from tests.support.measuring import Row, measured, notes

KEYS = {
    *("benchmark", "system", "version", "members", "window", "deliveries", "deliveries_per_s"),
    *("cpu_us_per_delivery", "p50_ms", "p99_ms", "lost", "duplicated", "rate", "sustained", "stores"),
    *("messages_per_s", "any_p50_ms", "any_p99_ms", "memory_kib", "driver_busy", "spread", "beside_limit", "machine"),
}
ACKED = {"ack_p50_ms", "ack_p99_ms"}


# What is said.


def test_a_body_says_who_said_it_and_the_how_manieth_thing_of_theirs_it_is() -> None:
    assert said_by(body(17, 123_456)) == (17, 123_456)
    assert len(body(1, 1)) == BODY_BYTES
    assert body(1, 1, size=31).isascii()


def test_no_body_is_so_like_another_that_the_check_of_chain_letters_would_take_it_for_one() -> None:
    sketches = [sketch(body(1, number).decode()) for number in range(1, 30)]
    assert max(resemblance(one, other) for one in sketches for other in sketches if one is not other) < 0.3


# When it is said.


def test_in_a_closed_loop_there_is_room_for_as_many_as_have_come() -> None:
    pace = Closed(16)
    assert pace.due(1.5, in_flight=14) == [1.5, 1.5]
    assert pace.due(1.5, in_flight=16) == []
    assert pace.next() == math.inf


def test_in_an_open_loop_nobody_waits_and_the_seed_fixes_the_times() -> None:
    times = Open(100, Random(3)).due(10.0, in_flight=1000)
    again = Open(100, Random(3))
    assert [time for tenth in range(1, 101) for time in again.due(tenth / 10, in_flight=0)] == times
    assert again.next() > 10.0
    assert len(times) == pytest.approx(1000, rel=0.1)
    assert times == sorted(times)


def test_the_highest_rate_comes_last() -> None:
    assert loads_of([16, 1], [1000, 10]) == [Load(window=16), Load(window=1), Load(rate=10), Load(rate=1000)]


def stretch(
    *, seconds: float = 1.0, kept_up: bool = True, cpu_s: float = 1.0, lost: int = 0, takes_s: float = 0.001
) -> Stretch:
    nothing: list[float] = []
    return Stretch(
        said=100,
        members=10,
        lost=lost,
        twice=0,
        late=0,
        odd=0,
        memory_kib=1,
        seconds=seconds,
        cpu_s=cpu_s,
        busy=0.5,
        kept_up=kept_up,
        to_last=[takes_s],
        to_any=[0.001],
        to_ack=nothing,
    )


def test_a_rate_is_sustained_if_nearly_all_is_done_in_time_and_nothing_is_late_or_lost() -> None:
    load = Load(rate=100)
    assert load.sustained(stretch(seconds=1.05), 1.0)
    assert not load.sustained(stretch(seconds=1.06), 1.0)
    assert load.sustained(stretch(seconds=1.3, takes_s=0.25), 1.0)
    assert not load.sustained(stretch(kept_up=False), 1.0)
    assert not load.sustained(stretch(lost=1), 1.0)
    assert Load(window=1).sustained(stretch(seconds=9.0), 1.0) is None


def rounds(load: Load, *stretches: Stretch | None) -> Rounds:
    return Rounds(system=Limit(), members=10, load=load, seconds=1.0, stretches=stretches)


def test_the_figure_of_a_system_is_the_median_of_its_rounds() -> None:
    found = rounds(Load(window=1), *(stretch(cpu_s=cpu_s) for cpu_s in (1.0, 5.0, 2.0))).measurement("fanout").as_json()
    assert found["cpu_us_per_delivery"] == 2000.0
    assert found["spread"]["cpu_us_per_delivery"] == [1000.0, 5000.0]
    assert found["deliveries"] == 3000


def test_a_ratio_is_of_the_same_rounds() -> None:
    limit = rounds(Load(window=1), stretch(cpu_s=1.0), stretch(cpu_s=10.0))
    assert rounds(Load(window=1), stretch(cpu_s=2.0), stretch(cpu_s=20.0)).beside(limit) == 2.0


def test_a_round_that_has_no_figure_is_beside_none() -> None:
    load = Load(rate=100)
    limit = rounds(load, stretch(cpu_s=7.0), stretch(cpu_s=1.0))
    assert rounds(load, None, stretch(cpu_s=3.0)).beside(limit) == 3.0
    assert rounds(load, None, None).beside(limit) is None


def test_what_was_not_tried_has_no_figures_and_was_not_sustained() -> None:
    found = rounds(Load(rate=1000), None).measurement("fanout").as_json()
    assert found["sustained"] is False
    assert found["p99_ms"] is None


# What hutong's driver makes of the server's answers.


@pytest.mark.parametrize("state", ["held", "rejected"])
def test_a_publication_that_does_not_become_public_stops_the_benchmark(state: str) -> None:
    payload = msgpack.packb({"re": 1, "submission": {"state": state}})
    with pytest.raises(ConnectionError, match=state):
        PublicStream().feed(bytes((0x82, len(payload))) + payload)


# The bare loop.


def test_the_bare_loop_loses_nothing_when_somebody_is_slow_to_read() -> None:
    (mouth, speaker), (ear, hearer) = socket.socketpair(), socket.socketpair()
    said = b"".join(body(1, number) for number in range(1, 10_001))  # More than the buffers of both sockets hold.
    server = threading.Thread(target=bare_loop.tell, args=(speaker, [hearer]))
    speaking = threading.Thread(target=mouth.sendall, args=(said,))
    with mouth, speaker, ear, hearer:
        server.start()
        speaking.start()
        heard = b""
        while len(heard) < len(said):
            heard += ear.recv(1 << 16)
        speaking.join()
        mouth.shutdown(socket.SHUT_WR)
        server.join()
    assert heard == said


def test_the_documentation_shows_the_bare_loop_as_it_is() -> None:
    assert inspect.getsource(bare_loop.tell) in (ROOT / "docs" / "BENCHMARKS.md").read_text(encoding="utf-8")


# Which systems there are.


def test_a_system_that_nobody_knows_is_refused_and_the_known_ones_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fanout", "--systems", "limit,icq"]) == 2
    said = capsys.readouterr().err
    assert "there is no icq" in said
    assert "there are limit, hutong, hutong-public, picows" in said


def test_each_system_has_the_name_it_is_asked_for_by() -> None:
    assert {name: make().name for name, make in registry.SYSTEMS.items()} == {name: name for name in registry.SYSTEMS}


class Absent(Limit):
    """A peer that is not installed."""

    name = "picows"

    def missing(self) -> str | None:
        return "not installed; try: pip install picows"


class Broken(Limit):
    """A peer that hangs up as soon as anybody is there."""

    name = "ws"

    @contextmanager
    def serve(self) -> Iterator[Running]:
        with super().serve() as server:
            yield server

    def room(self, server: Running, members: int) -> Sequence[Seat]:
        raise ConnectionRefusedError("there is nobody there")


def in_process(folder: Path, *arguments: str) -> list[Row]:
    file = folder / "found.json"
    assert run([*arguments, "--json", str(file)]) == 0
    found: list[Row] = json.loads(file.read_text(encoding="utf-8"))
    return found


def test_what_is_missing_or_breaks_is_left_out_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.SYSTEMS, "picows", Absent)
    monkeypatch.setitem(registry.SYSTEMS, "ws", Broken)
    options = ["--systems=limit,picows,ws", "--members=3", "--window=1", "--rounds=1", "--seconds=0.1"]
    found = in_process(tmp_path, "fanout", *options)
    assert [each["system"] for each in found] == ["limit"]
    said = " ".join(notes(found))
    assert "Left out: picows: not installed; try: pip install picows" in said
    assert "Left out: ws, 3 members: it broke in round 1: there is nobody there" in said


def test_a_private_group_is_left_out_of_rooms_that_are_too_large_for_it(tmp_path: Path) -> None:
    options = ["--systems=limit,hutong", "--members=501", "--window=1", "--rounds=1", "--seconds=0.1"]
    found = in_process(tmp_path, "fanout", *options)
    assert [each["system"] for each in found] == ["limit"]
    assert "Left out: hutong: it has rooms of 500 at most" in notes(found)


# The real thing, as small as it goes.


def test_the_bare_loop_and_a_private_group_are_measured_with_nothing_lost(tmp_path: Path) -> None:
    options = ["--systems=limit,hutong", "--members=5", "--window=1", "--window=4", "--rate=50"]
    found = measured(tmp_path, "fanout", *options, "--rounds=1", "--seconds=0.3")
    assert [(each["system"], each["window"], each["rate"]) for each in found] == [
        *(("limit", 1, None), ("hutong", 1, None), ("limit", 4, None), ("hutong", 4, None)),
        *(("limit", None, 50.0), ("hutong", None, 50.0)),
    ]
    for each in found:
        assert each.keys() >= KEYS | (ACKED if each["system"] == "hutong" else set())
        assert each["deliveries"] > 0
        assert each["lost"] == each["duplicated"] == each["late"] == each["compared_otherwise"] == 0


@pytest.mark.slow
def test_rooms_grow_from_a_private_group_to_a_public_one(tmp_path: Path) -> None:
    options = ["--private=2", "--private=3", "--base=2", "--public=4", "--rounds=1", "--seconds=0.3"]
    found = measured(tmp_path, "growth", *options)
    assert [(each["system"], each["members"]) for each in found] == [
        *(("hutong", 2), ("hutong", 3), ("hutong-public", 4), ("limit", 2), ("limit", 3), ("limit", 4)),
    ]
    for each in found:
        assert each.keys() >= KEYS | {"beside_base"}
        assert each["deliveries"] > 0
        assert each["lost"] == each["duplicated"] == 0


def test_rooms_grow_beside_one_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["growth", "--private", "10"]) == 2
    assert "--base is one of the private groups" in capsys.readouterr().err


def test_the_limit_is_measured_single_and_coalesced(tmp_path: Path) -> None:
    found = measured(tmp_path, "limit", "--members=3", "--window=1", "--window=16", "--rounds=1", "--seconds=0.1")
    assert [each["window"] for each in found] == [1, 16]
    assert all(each["lost"] == each["duplicated"] == 0 for each in found)
