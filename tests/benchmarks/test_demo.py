"""The demo as one runs it: a small town from the first server start to the exit code."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "server", "demo", "--people", "8", "--seconds", "4"]
ROOT = Path(__file__).parents[2]


def environment(folder: Path) -> dict[str, str]:
    """Return an environment in which everything temporary goes to `folder`."""
    return os.environ | {"TMPDIR": str(folder), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


@pytest.mark.slow
def test_a_small_town_loses_nothing_though_its_server_is_killed(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    done = subprocess.run(
        [*COMMAND, "--json", str(report)],
        env=environment(temporary),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(report.read_text(encoding="utf-8"))
    assert figures["holds"]
    assert figures["acked"] == figures["entries"] > 100
    assert (figures["lost"], figures["duplicated"]) == (0, 0)
    assert figures["devices_equal_to_the_log"] == figures["devices"] == 8
    assert figures["slow_reader_close_code"] == 4001
    assert figures["answers_lost"] > 0
    assert figures["under_way_at_kill"] > 0
    assert figures["everybody_back_ms"] > figures["listening_again_ms"] > 0
    assert "It held." in done.stdout
    assert list(temporary.iterdir()) == []


@pytest.mark.slow
def test_an_interrupted_demo_leaves_nothing_behind(tmp_path: Path) -> None:
    with subprocess.Popen(COMMAND, env=environment(tmp_path), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "phase 4" in line:
                break
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()  # To the end: the server has no hold on it.
    assert process.returncode == 130
    assert "Interrupted." in rest
    assert list(tmp_path.iterdir()) == []
