"""A real server, or a fake one that obeys, and people who run `hutong` against it, each with a home of their own."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import pytest

from client.__main__ import run
from compliance.pack import load
from protocol.ids import TopicId
from tests.client.line.lane import Lane, LaneThread
from tests.support.packs import PACK, SETTINGS

PASSWORD = "correct horse"
_AGREEMENT = load(PACK).agreement
ACCEPT = ("--accept-agreement", _AGREEMENT.digest.hex()) if _AGREEMENT else ()  # What `register` takes, where asked.


@dataclass(frozen=True)
class Ran:
    """What a command came to."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def json(self) -> list[Any]:
        return [json.loads(line) for line in self.lines]


class Hutong:
    """A server that can be stopped and started again on the same port and data."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._officer = ""
        self._process: subprocess.Popen[bytes] | None = None
        self.url = "ws://127.0.0.1:0"

    def start(self) -> None:
        listen = self.url.removeprefix("ws://")
        command = [sys.executable, "-m", "server", "serve", "--listen", listen, "--data", str(self._data)]
        # One command comes after the other, quicker than anybody types them, and each signs in and catches up.
        asked = SETTINGS | {"rates.fetch": "5000/1s", "rates.per_person": "5000/1s"}
        settings = {f"HUTONG_{name.upper().replace('.', '_')}": value for name, value in asked.items()}
        with (self._data.parent / "server.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=os.environ | settings)
        assert self._process.stdout is not None
        self.url = json.loads(self._process.stdout.readline())["listening"]

    def officer(self) -> str:
        """Return the token of the officer `chief`, who is added the first time."""
        if not self._officer:
            command = [sys.executable, "-m", "server", "staff", "add", "chief", "--role", "chief"]
            ran = subprocess.run([*command, "--data", str(self._data)], capture_output=True, text=True, check=True)
            self._officer = ran.stdout.splitlines()[0]
        return self._officer

    def stop(self) -> None:
        if self._process is not None:
            assert self._process.stdout is not None
            self._process.terminate()
            self._process.wait(20)
            self._process.stdout.close()
            self._process = None


@pytest.fixture(scope="session")
def hutong(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hutong]:
    server = Hutong(tmp_path_factory.mktemp("server") / "data")
    server.start()
    yield server
    server.stop()


class Started(subprocess.Popen[str]):
    """A process that a failing test does not wait for."""

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        if failure is not None:
            self.kill()
        super().__exit__(kind, failure, trace)


class Typed(io.TextIOWrapper):
    """Standard input somebody types at: a pipe that says it is a terminal."""

    def __init__(self, text: str) -> None:
        reading, writing = os.pipe()
        with os.fdopen(writing, "w", encoding="utf-8") as typing:
            typing.write(text)
        super().__init__(os.fdopen(reading, "rb"), encoding="utf-8")

    def isatty(self) -> bool:
        return True


class Someone:
    """A person at a command line."""

    def __init__(self, handle: str, home: Path, at: "Desk") -> None:
        self.handle, self.home, self._at = handle, home, at

    def environment(self) -> dict[str, str]:
        return {"HUTONG_HOME": str(self.home), "HUTONG_SERVER": self._at.hutong.url, "HUTONG_PASSWORD": PASSWORD}

    def __call__(self, *arguments: str, stdin: str = "", **environment: str) -> Ran:
        return self._at.type(arguments, io.StringIO(stdin), self.environment() | environment)

    def answers(self, *answers: str, to: tuple[str, ...]) -> Ran:
        """Run a command that takes its standard input for a terminal, and answer what it asks."""
        with Typed("".join(f"{answer}\n" for answer in answers)) as typed:
            return self._at.type(to, typed, self.environment())

    def start(self, *arguments: str, **options: Any) -> Started:
        """Run `hutong` as a process of its own."""
        environment = os.environ | self.environment()
        command = [sys.executable, "-m", "client", *arguments]
        return Started(command, env=environment, text=True, **options)


class Desk:
    """Where commands are typed: in this process, with the environment of whoever types."""

    def __init__(self, hutong: Hutong | Lane, patch: pytest.MonkeyPatch, captured: pytest.CaptureFixture[str]) -> None:
        self.hutong, self._patch, self._captured = hutong, patch, captured

    def type(self, arguments: tuple[str, ...], stdin: TextIO, environment: dict[str, str]) -> Ran:
        with self._patch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            patch.setattr(sys, "stdin", stdin)
            self._captured.readouterr()
            status = run(arguments)
            out, err = self._captured.readouterr()
        assert "Traceback" not in err
        return Ran(status, out, err)


Meet = Callable[[str], Someone]
_met = 0


@pytest.fixture
def meet(hutong: Hutong, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Meet:
    """Return somebody registered, whose handle begins as asked and is nobody else's."""
    desk = Desk(hutong, monkeypatch, capsys)

    def meet_one(name: str) -> Someone:
        global _met  # noqa: PLW0603 - one server for all tests, so a handle is used once.
        _met += 1
        handle = f"{name}-{''.join('abcdefghjk'[int(digit)] for digit in str(_met))}"
        someone = Someone(handle, tmp_path / handle, desk)
        assert someone("register", handle, *ACCEPT).status == 0
        return someone

    return meet_one


@pytest.fixture
def stranger(
    hutong: Hutong, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Someone:
    """Return somebody who is not registered."""
    return Someone("stranger", tmp_path / "stranger", Desk(hutong, monkeypatch, capsys))


@pytest.fixture
def chief(
    hutong: Hutong, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Someone:
    """Return an officer on duty at the real server."""
    officer = Someone("chief", tmp_path / "chief", Desk(hutong, monkeypatch, capsys))
    assert officer("officer", "login", "chief", HUTONG_STAFF_TOKEN=hutong.officer()).status == 0
    return officer


OpenAccount = Callable[..., TopicId]
APPLICATION = ("--subject", "Lin Mei", "--body", "person", "--category", "life", "--scope", "tea", "--operator", "Lin")


@pytest.fixture
def open_account(chief: Someone) -> OpenAccount:
    """Return what opens a public account of somebody's: applied for, approved, its profile published."""

    def open_one(someone: Someone, name: str, *options: str, tags: tuple[str, ...] = ()) -> TopicId:
        [applied] = someone("account", "apply", "--name", name, *APPLICATION, *options, "--json").json
        topic = TopicId(applied["topic"])
        assert someone("account", "submit", "--account", topic).status == 0
        assert chief("officer", "review", topic, "approve").status == 0
        offered = [word for tag in tags for word in ("--tag", tag)]
        ran = someone("account", "profile", "--account", topic, "--text", f"All of {name}.", "--yes", *offered)
        assert ran.status == 0, ran.err
        return topic

    return open_one


def found(someone: Someone, *options: str, name: str = "Tea House") -> TopicId:
    """Found a public group, and return its id."""
    ran = someone("group", "found", name, "--public", "--yes", *options)
    assert ran.status == 0, ran.err
    return TopicId(ran.out.strip())


@pytest.fixture
def lane() -> Iterator[Lane]:
    """Give the fake server: it has a public side that decides as it is told."""
    thread = LaneThread()
    yield thread.start()
    thread.stop()


@pytest.fixture
def arrive(lane: Lane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Meet:
    """Return somebody registered with the fake server."""
    desk = Desk(lane, monkeypatch, capsys)

    def arrive_one(handle: str) -> Someone:
        someone = Someone(handle, tmp_path / handle, desk)
        assert someone("register", handle).status == 0
        return someone

    return arrive_one
