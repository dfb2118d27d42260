"""`hutongd` as an operator types it: what comes out, where, and with which exit code."""

import json
import os
import re
import resource
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib.metadata import EntryPoint
from pathlib import Path

import click
import pytest
import structlog
import trustme

from protocol.entries import Side
from server.commands import program as program_module
from server.commands.maintenance import progress
from server.commands.program import program, run
from server.commands.running import allow_open_files, toml_lines
from server.config import Config, load
from server.errors import BusyError, ConfigError
from server.store.base import StoreBrokenError
from server.store.lock import DataLock
from server.store.sqlite import SqliteStore

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test runs in a directory of its own, without settings in the environment."""
    monkeypatch.chdir(tmp_path)
    for section in Config.__struct_fields__:
        monkeypatch.delenv(f"HUTONG_{section.upper()}_DATA", raising=False)
    monkeypatch.delenv("HUTONG_CONFIG", raising=False)
    return tmp_path


@pytest.fixture
def added(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return where to put entry points, by name."""
    points: dict[str, str] = {}

    def entry_points(*, group: str) -> tuple[EntryPoint, ...]:
        return tuple(EntryPoint(name, value, group) for name, value in points.items())

    monkeypatch.setattr(program_module, "entry_points", entry_points)
    return points


@click.command()
@click.option("--people", type=int, default=40)
def greet(people: int) -> int:
    """Greet some people."""
    click.echo(f"hello, {people}")
    return 3


NO_COMMAND = "not a command"


def raising(problem: BaseException) -> int:
    @click.command("fail")
    def fail() -> None:
        raise problem

    program.add_command(fail)
    try:
        return run(["fail"])
    finally:
        del program.commands["fail"]


def test_config_prints_what_can_be_read_as_a_configuration_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUTONG_LIMITS_HEARTBEAT_S", "0.25")
    monkeypatch.setenv("HUTONG_SERVER_ORIGINS", "https://a.example,https://b.example")
    assert run(["config", "--data", "in a “folder”\\x"]) == 0
    printed = tmp_path / "printed.toml"
    printed.write_text(capsys.readouterr().out, encoding="utf-8")
    monkeypatch.undo()
    again = load(printed, {})
    assert again.server.data == Path("in a “folder”\\x")
    assert again.server.origins == ("https://a.example", "https://b.example")
    assert again.limits.heartbeat_s == 0.25
    assert again.rates == Config().rates


def test_config_does_not_print_secrets(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUTONG_REGISTRATION_INVITATION", "canary")
    assert run(["config"]) == 0
    out = capsys.readouterr().out
    assert "canary" not in out
    assert "invitation is set" in out


def test_the_configuration_file_can_be_named_in_the_environment(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hutong.toml").write_text("[limits]\ndevices = 3")
    monkeypatch.setenv("HUTONG_CONFIG", str(tmp_path / "hutong.toml"))
    assert run(["config"]) == 0
    assert tomllib.loads(capsys.readouterr().out)["limits"]["devices"] == 3


def test_a_wrong_setting_ends_with_2_and_names_every_problem(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "hutong.toml").write_text("[limits]\nconections = 3\ndevices = 0")
    assert run(["serve", "--config", "hutong.toml", "--listen", "here"]) == 2
    err = capsys.readouterr().err
    assert "hutong.toml: there is no setting limits.conections; did you mean connections?" in err
    assert "hutong.toml: limits.devices is" in err
    assert "command line: server.listen is" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("arguments", [["nonsense"], ["serve", "--nonsense"], ["backup"], ["config", "extra"]])
def test_a_wrong_command_line_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    assert "Usage: hutongd" in capsys.readouterr().err


def test_help_names_every_command(capsys: pytest.CaptureFixture[str], added: dict[str, str]) -> None:
    added["greet"] = f"{__name__}:greet"
    assert run(["--help"]) == 0
    out = capsys.readouterr().out
    for name in ("serve", "config", "backup", "restore", "stats", "doctor", "greet"):
        assert f"\n  {name} " in out


def test_a_command_of_another_package_runs_as_if_it_were_ours(
    capsys: pytest.CaptureFixture[str], added: dict[str, str]
) -> None:
    added["greet"] = f"{__name__}:greet"
    assert run(["greet", "--people", "3"]) == 3
    assert capsys.readouterr().out == "hello, 3\n"


@pytest.mark.parametrize("value", ["nowhere.at.all:demo", f"{__name__}:missing", f"{__name__}:NO_COMMAND"])
def test_a_command_that_cannot_be_loaded_says_so_when_it_is_called(
    capsys: pytest.CaptureFixture[str], added: dict[str, str], value: str
) -> None:
    added["demo"] = value
    assert run(["demo", "--people", "3", "--help"]) == 1
    assert f"`hutongd demo` is not available: {value}" in capsys.readouterr().err
    assert run(["config"]) == 0


def test_a_command_of_another_package_cannot_take_the_place_of_ours(
    capsys: pytest.CaptureFixture[str], added: dict[str, str]
) -> None:
    added["config"] = f"{__name__}:greet"
    assert run(["config"]) == 0
    assert "[server]" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("problem", "code", "said"),
    [
        (ConfigError(["one", "two"]), 2, "hutongd: one\nhutongd: two\n"),
        (StoreBrokenError("the disk failed"), 1, "hutongd: the disk failed\n"),
        (BusyError(retry_after_ms=5), 1, "hutongd: too much is waiting"),
        (FileNotFoundError(2, "No such file or directory", "/x"), 1, "hutongd: /x: No such file or directory\n"),
        (OSError("odd"), 1, "hutongd: odd\n"),
        (KeyboardInterrupt(), 130, "hutongd: interrupted\n"),
        (ExceptionGroup("", [ExceptionGroup("", [ConfigError(["one"])])]), 2, "hutongd: one\n"),
        (BaseExceptionGroup("", [KeyboardInterrupt()]), 130, "hutongd: interrupted\n"),
    ],
)
def test_what_goes_wrong_is_one_line_and_an_exit_code(
    problem: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert raising(problem) == code
    assert said in capsys.readouterr().err


def test_what_nobody_expected_is_raised() -> None:
    with pytest.raises(ExceptionGroup):
        raising(ExceptionGroup("", [ConfigError(["one"]), ZeroDivisionError()]))


@pytest.fixture
def open_files(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Return the limits of open files, last the current ones, which are not the machine's."""
    limits = [(1024, 4096)]
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _, pair: limits.append(pair))
    return limits


def test_the_limit_of_open_files_rises_to_what_connections_need(open_files: list[tuple[int, int]]) -> None:
    allow_open_files(2000)
    assert open_files[-1] == (2128, 4096)


def test_the_limit_of_open_files_is_never_lowered(open_files: list[tuple[int, int]]) -> None:
    allow_open_files(10)
    assert open_files == [(1024, 4096)]


def test_too_few_open_files_are_told_and_not_refused(open_files: list[tuple[int, int]]) -> None:
    with structlog.testing.capture_logs() as events:
        allow_open_files(20_000)
    assert open_files[-1] == (4096, 4096)
    (event,) = events
    assert event["event"] == "server.few_open_files"
    assert event["open_files"] == 4096


def test_toml_lines_of_the_defaults_are_json_free_of_surprises() -> None:
    tables = tomllib.loads("\n".join(toml_lines(Config())))
    assert list(tables) == list(Config.__struct_fields__)
    assert json.dumps(tables)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a data directory with an empty store."""
    SqliteStore.open(tmp_path / "data", Side.PRIVATE).close()
    return tmp_path / "data"


def store_epoch(directory: Path) -> str:
    store = SqliteStore.open(directory, Side.PRIVATE)
    store.close()
    return store.epoch


def test_a_backup_restored_elsewhere_is_the_same_data_in_another_epoch(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["backup", "saved", "--data", str(data)]) == 0
    assert run(["restore", "saved", "--data", "again"]) == 0
    assert run(["doctor", "--data", "again"]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "backed up" in captured.err
    assert "restored saved to again" in captured.err
    assert "again: nothing found" in captured.err
    assert store_epoch(Path("again")) != store_epoch(data)


def test_restore_replaces_data_only_when_forced(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["backup", "saved", "--data", str(data)]) == 0
    assert run(["restore", "saved", "--data", str(data)]) == 1
    assert "--force" in capsys.readouterr().err
    assert run(["restore", "saved", "--data", str(data), "--force"]) == 0


def test_restore_is_refused_while_a_server_runs(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["backup", "saved", "--data", str(data)]) == 0
    with DataLock(data):
        assert run(["restore", "saved", "--data", str(data), "--force"]) == 1
    assert f"process {os.getpid()}" in capsys.readouterr().err


def test_stats_are_lines_for_people_and_one_object_for_programs(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["stats", "--data", str(data)]) == 0
    lines = dict(line.split() for line in capsys.readouterr().out.splitlines())
    assert run(["stats", "--json", "--data", str(data)]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert lines == {name: str(figure) for name, figure in figures.items()}
    assert figures["private.people"] == 0


def test_doctor_ends_with_1_when_it_finds_something(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(sqlite3.connect(data / "private.db")) as connection, connection:
        connection.execute("INSERT INTO devices VALUES ('d', 'nobody', '', x'00', 0, 0)")
    assert run(["doctor", "--data", str(data)]) == 1
    captured = capsys.readouterr()
    assert run(["doctor", "--json", "--data", str(data)]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["data"] == str(data)
    assert report["findings"] == captured.out.splitlines()
    assert f"{data}: {len(report['findings'])} found" in captured.err


@pytest.mark.parametrize("arguments", [["stats"], ["doctor"], ["doctor", "--json"], ["backup", "saved"]])
def test_where_there_is_no_data_that_is_said(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*arguments, "--data", "nowhere"]) == 1
    captured = capsys.readouterr()
    assert "there is no data of hutong in nowhere" in captured.err
    assert captured.out == ""
    assert not Path("nowhere").exists()


@pytest.mark.parametrize("arguments", [["stats"], ["doctor"], ["backup", "saved"], ["restore", "data", "--force"]])
def test_damaged_data_is_said_to_be_damaged(
    arguments: list[str], data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = data / "private.db"
    file.write_bytes(file.read_bytes()[:3000])
    target = ["--data", "elsewhere"] if arguments[0] == "restore" else ["--data", str(data)]
    assert run([*arguments, *target]) == 1
    err = capsys.readouterr().err
    assert "the file is damaged (" in err
    assert "restore a backup" in err


def test_progress_is_shown_on_a_terminal_only(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("copying") as report:
        report(1, 2)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


class Running:
    """A server in a process of its own."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "server", "serve", "--listen", "127.0.0.1:0", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )

    def first_line(self) -> dict[str, str]:
        """Return the first line of output, waiting for it."""
        assert self.process.stdout is not None
        line: dict[str, str] = json.loads(self.process.stdout.readline())
        return line

    def end(self, *signals: signal.Signals) -> tuple[int, str, str]:
        """Send `signals`, wait for the end, and return the exit code, the rest of stdout, and stderr."""
        for each in signals:
            self.process.send_signal(each)
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out, err


@pytest.fixture
def start() -> Iterator[Callable[..., Running]]:
    """Return what starts a server; those that still run at the end are killed."""
    started: list[Running] = []

    def start(*arguments: str) -> Running:
        started.append(Running(*arguments))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.process.kill()
        each.process.communicate()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_serve_says_where_it_listens_and_ends_with_0_when_asked_to(
    start: Callable[..., Running], stop: signal.Signals
) -> None:
    server = start()
    assert re.fullmatch(r"ws://127\.0\.0\.1:[1-9][0-9]*", server.first_line()["listening"])
    code, out, err = server.end(stop)
    assert (code, out) == (0, "")
    assert [json.loads(line)["event"] for line in err.splitlines()][-1] == "server.stopped"


def test_serve_listens_on_ipv6(start: Callable[..., Running]) -> None:
    server = start("--listen", "[::1]:0")
    assert re.fullmatch(r"ws://\[::1\]:[1-9][0-9]*", server.first_line()["listening"])


def test_a_second_server_on_the_same_data_is_refused(start: Callable[..., Running]) -> None:
    first = start()
    first.first_line()
    code, out, err = start().end()
    assert (code, out) == (1, "")
    assert str(first.process.pid) in err
    assert "Traceback" not in err


def test_a_port_that_is_taken_is_a_wrong_setting(start: Callable[..., Running]) -> None:
    taken = start("--data", "one").first_line()["listening"].removeprefix("ws://")
    code, _, err = start("--data", "two", "--listen", taken).end()
    assert code == 2
    assert f"hutongd: cannot listen on {taken}" in err
    assert "Traceback" not in err


def test_a_certificate_that_is_not_there_is_a_wrong_setting(start: Callable[..., Running]) -> None:
    code, _, err = start("--tls-cert", "none.pem", "--tls-key", "none.key").end()
    assert code == 2
    assert "none.pem" in err
    assert "Traceback" not in err


def test_with_a_certificate_it_speaks_tls(start: Callable[..., Running], tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)

    url = start("--tls-cert", "cert.pem", "--tls-key", "key.pem").first_line()["listening"]
    match = re.fullmatch(r"wss://(127\.0\.0\.1):([0-9]+)", url)
    assert match is not None
    with (
        socket.create_connection((match[1], int(match[2])), timeout=30) as plain,
        trusting.wrap_socket(plain, server_hostname=match[1]) as secure,
    ):
        secure.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert secure.recv(4096).startswith(b"HTTP/1.1 4")
