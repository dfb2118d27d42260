"""`hutong-bench` itself: what it imports, what becomes of errors and of Ctrl-C, and the run of everything."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click
import pytest

from benchmarks import command, everything
from benchmarks.command import COMMANDS, bench, run
from benchmarks.servers import started
from benchmarks.systems import registry
from benchmarks.systems.limit import Limit
from tests.support.daemon import ROOT

SMALL = ("--members=3", "--window=1", "--rounds=1", "--seconds=0.1")
MARK = "HUTONGTEST_MARK"


class Absent(Limit):
    """A peer that is not installed."""

    def missing(self) -> str | None:
        return "not installed; try: pip install picows"


def test_the_list_of_commands_imports_none_of_them() -> None:
    program = (
        "import sys; from benchmarks.command import run; run(['--help']);"
        "print(*sorted(name for name in sys.modules if name.startswith(('benchmarks.', 'matplotlib'))))"
    )
    said = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert all(f"  {name} " in said for name in COMMANDS)
    assert said.splitlines()[-1] == "benchmarks.command"


def test_a_command_that_there_is_not_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["nothing"]) == 2
    assert "No such command 'nothing'" in capsys.readouterr().err


@click.command()
def broken() -> None:
    raise RuntimeError("the server did not start\nand this is why")


@pytest.mark.parametrize(("options", "traceback"), [((), False), (("--debug",), True)])
def test_an_error_is_one_line_unless_more_is_asked_for(
    options: Sequence[str], traceback: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(command.COMMANDS, "limit", (f"{__name__}:broken", "It breaks."))
    assert run([*options, "limit"]) == 1
    said = capsys.readouterr().err
    assert "hutong-bench: RuntimeError: the server did not start (--debug shows more)" in said.splitlines()
    assert ("Traceback" in said) is traceback
    assert len(said.splitlines()) == 1 or traceback


def marked(mark: str) -> list[int]:
    """Return the processes that have a mark in their environment."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and f"{MARK}={mark}".encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except OSError:  # It has just ended, or is somebody else's.
            continue
    return found


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_ctrl_c_and_sigterm_end_everything_that_was_started_and_say_nothing(
    number: signal.Signals, status: int, tmp_path: Path
) -> None:
    mark = tmp_path.name
    command = [sys.executable, "-m", "benchmarks.command", "limit", "--members=3", "--seconds=60"]
    with subprocess.Popen(
        command, cwd=ROOT, env=os.environ | {MARK: mark}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("round 1: limit")
        process.send_signal(number)
        _, said = process.communicate(timeout=30)
    assert process.returncode == status
    assert said.strip() == ""
    assert marked(mark) == []


def test_a_signal_that_comes_while_a_server_is_being_started_waits_until_it_can_be_ended() -> None:
    before, ended = signal.getsignal(signal.SIGINT), list[int]()

    def start() -> "subprocess.Popen[bytes]":
        signal.raise_signal(signal.SIGINT)
        return subprocess.Popen([sys.executable, "-c", ""])

    with pytest.raises(KeyboardInterrupt), started(start, lambda process: ended.append(process.wait())):
        raise AssertionError("it was interrupted")
    assert ended == [0]
    assert signal.getsignal(signal.SIGINT) is before


# Everything, in a short run.


@pytest.mark.parametrize("arguments", [*everything.RUNS.values(), *everything.QUICK.values()], ids=" ".join)
def test_each_benchmark_of_the_short_run_can_be_asked_what_it_is_asked(arguments: Sequence[str]) -> None:
    found: click.Command = bench
    context, rest = click.Context(bench), list(arguments)
    while isinstance(found, click.Group):
        _, below, rest = found.resolve_command(context, rest)
        assert below is not None
        found = below
    with found.make_context(found.name, [*rest, "--json", "found.json"], parent=context):
        pass


def test_both_short_runs_have_the_same_benchmarks() -> None:
    assert everything.RUNS.keys() == everything.QUICK.keys()


def test_a_run_of_everything_goes_on_after_a_benchmark_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    runs = {"fails": ("fanout", "--systems=icq"), "limit": ("limit", *SMALL)}
    monkeypatch.setattr(everything, "QUICK", runs)
    monkeypatch.setitem(registry.SYSTEMS, "picows", Absent)
    assert run(["all", "--quick", "--to", str(tmp_path)]) == 1
    assert {file.name for file in tmp_path.iterdir()} == {"limit.json", "limit-3.png"}
    said = capsys.readouterr()
    assert "there is no icq" in said.err
    assert said.err.splitlines()[-1] == "Error: broken, see above: fails"
    assert re.search(f"Figures of 1 benchmarks, in [0-9]+ s: {tmp_path}/.*json", said.out)
    assert f"1 plots: {tmp_path}/*.png" in said.out
    assert "  picows: not installed; try: pip install picows" in said.out


def interrupted(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_ctrl_c_in_the_middle_of_a_run_of_everything_ends_all_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(everything, "QUICK", {"first": ("limit", *SMALL), "second": ("limit", *SMALL)})
    monkeypatch.setattr("benchmarks.limit.tell", interrupted)
    assert run(["all", "--quick", "--to", str(tmp_path)]) == 130
    assert list(tmp_path.iterdir()) == []


# Files that cannot be written are said before anything is measured.


@pytest.mark.parametrize("name", ["missing/found.json", "file/found.json", "."])
def test_a_file_that_cannot_be_written_is_said_at_once(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr("benchmarks.limit.tell", interrupted)
    assert run(["limit", "--json", str(tmp_path / name)]) == 2
    assert "Invalid value for '--json'" in capsys.readouterr().err


def test_a_benchmark_that_measured_nothing_fails_and_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "found.json").write_text("[]", encoding="utf-8")
    monkeypatch.setitem(registry.SYSTEMS, "picows", Absent)
    assert run(["fanout", "--systems=picows", "--json", str(tmp_path / "found.json")]) == 1
    said = capsys.readouterr()
    assert "Left out: picows: not installed" in said.out
    assert "nothing was measured" in said.err
    assert (tmp_path / "found.json").read_text(encoding="utf-8") == "[]"
