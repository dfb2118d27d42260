"""`hutong-bench plots`: a picture of each thing that the files tell of."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.command import run

MACHINE = {"processor": "a processor", "processors": 2, "kernel": "Linux 6", "python": "3.11", "sqlite": "3.40"}
COSTS = {"limit": 3.4, "hutong": 4.3, "hutong-public": 5.1, "nats-server": 7.7}
PNG = b"\x89PNG"


def measurement(benchmark: str, system: str, **figures: Any) -> dict[str, Any]:
    every = {
        "members": 500,
        "window": 1,
        "rate": None,
        "deliveries": 1000,
        "lost": 0,
        "duplicated": 0,
        "version": "1.2",
    }
    return {"benchmark": benchmark, "system": system, "machine": MACHINE} | every | figures


def fanout() -> list[dict[str, Any]]:
    return [
        measurement(
            "fanout", system, window=window, cpu_us_per_delivery=cost / window, deliveries_per_s=1e6 * window / cost
        )
        for system, cost in COSTS.items()
        for window in (1, 16)
    ] + [
        measurement("fanout", system, window=None, rate=rate, sustained=rate < 1000, p99_ms=cost)
        for system, cost in COSTS.items()
        for rate in (10.0, 100.0, 1000.0)
    ]


RECORDED = {
    "fanout": (
        fanout(),
        {
            *("fanout-cpu-500-w1", "fanout-cpu-500-w16", "fanout-rate-500-w1", "fanout-rate-500-w16"),
            "fanout-open-500",
        },
    ),
    "growth": (
        [
            measurement("growth", system, members=members, cpu_us_per_delivery=4.0)
            for system in ("hutong", "limit")
            for members in (10, 100)
        ],
        {"growth"},
    ),
    "limit": (
        [measurement("limit", "limit", window=window, cpu_us_per_delivery=3 / window) for window in (1, 16)],
        {"limit-500"},
    ),
    "idle": ([measurement("idle", "hutong", connections=1000, memory_kib_per_connection=11.0)], {"idle"}),
    "chat": ([measurement("chat", "hutong", pairs=200, cpu_us_per_delivery=40.0)], {"chat-200-w1"}),
    "what there is no picture of": ([measurement("checks", "hutong")], set[str]()),
    "what failed": ([measurement("growth", "hutong", cpu_us_per_delivery=None)], set[str]()),
}


@pytest.mark.parametrize("what", RECORDED)
def test_there_is_a_picture_of_each_thing_that_was_measured(what: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    found, names = RECORDED[what]
    file = tmp_path / "found.json"
    file.write_text(json.dumps(found), encoding="utf-8")
    assert run(["plots", str(file), "--to", str(tmp_path / "pictures")]) == 0
    pictures = list((tmp_path / "pictures").iterdir())
    assert {picture.name for picture in pictures} == {f"{name}.png" for name in names}
    assert all(picture.read_bytes().startswith(PNG) for picture in pictures)


def test_without_matplotlib_one_line_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "benchmarks.plots.pictures", raising=False)
    for module in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    file = tmp_path / "found.json"
    file.write_text("[]", encoding="utf-8")
    assert run(["plots", str(file), "--to", str(tmp_path)]) == 1
    assert "pip install 'hutong[bench]'" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["{}", "[1]", "not JSON", '[{"system": "hutong"}]'])
def test_a_file_that_no_benchmark_wrote_is_refused(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "found.json"
    file.write_text(text, encoding="utf-8")
    assert run(["plots", str(file), "--to", str(tmp_path)]) == 1
    assert "is no list of measurements" in capsys.readouterr().err
