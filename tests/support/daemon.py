"""A real `hutongd serve` in a process of its own: started, stopped, killed and started again as an operator would."""

import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from subprocess import PIPE
from typing import Any

import trio

from server.commands.program import run as hutongd
from server.config import SETTINGS
from tests.support import packs

ROOT = Path(__file__).parent.parent.parent
PATIENCE_S = 30.0  # Nothing here takes a tenth of it; past that something hangs.
SERVE = ("-m", "server", "serve")
FAILURES = re.compile(r"\b((request|write|computation|link)\.failed|server\.\w*crashed|store\.broken|Traceback)\b")

# Cheap passwords, no rates: what stories are about is elsewhere, and those have tests of their own.
_SETTINGS = {
    **{name: "off" for name in SETTINGS if name.startswith("rates.")},
    "passwords.time_cost": "1",
    "passwords.memory_kib": "8",
    "passwords.parallelism": "1",
    "presence.quiet_s": "0",
    "server.log_level": "debug",
    "server.listen": "127.0.0.1:0",
}


def environment(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return this process's environment with `settings` (`section.key`) of the server, and no others."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith("HUTONG_")}
    inside = {SETTINGS[name].variable: str(value) for name, value in (_SETTINGS | dict(settings)).items()}
    return outside | inside


class Daemon:
    """One data directory and the server on it. After the first start it keeps its port."""

    def __init__(
        self, data: Path, settings: Mapping[str, Any] | None = None, *, program: Sequence[str] = SERVE
    ) -> None:
        self.data = data
        self.log_file = data.with_name(f"{data.name}.log")
        self.settings = packs.SETTINGS | dict(settings or {})
        self.said: dict[str, Any] = {}  # The first line on stdout.
        self._program = program
        self._process: trio.Process | None = None
        self._listens = False

    @property
    def url(self) -> str:
        url: str = self.said["listening"]
        return url

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def process(self) -> trio.Process:
        """The running server, or the one that ran last."""
        assert self._process is not None, "it was never started"
        return self._process

    @property
    def log(self) -> str:
        """All that every start of it has said on stderr."""
        return self.log_file.read_text(encoding="utf-8")

    async def launch(self) -> trio.Process:
        """Start the process, without waiting until it listens."""
        self._listens = False
        with self.log_file.open("ab") as log:
            self._process = await trio.lowlevel.open_process(
                [sys.executable, *self._program, "--data", str(self.data)],
                stdout=PIPE,
                stderr=log,
                cwd=ROOT,
                env=environment(self.settings),
            )
        return self._process

    async def start(self) -> None:
        """Start it and return when it listens."""
        process = await self.launch()
        assert process.stdout is not None
        line = b""
        with trio.fail_after(PATIENCE_S):
            while not line.endswith(b"\n"):
                got = await process.stdout.receive_some()
                assert got, f"it ended before it listened:\n{self.log[-2000:]}"
                line += got
        self.said = json.loads(line)
        self._listens = True
        self.settings["server.listen"] = f"127.0.0.1:{self.port}"

    async def ended(self) -> int:
        """Wait until the process ends; return its exit code. Its one line aside it has said nothing on stdout."""
        process = self.process
        assert process.stdout is not None
        with trio.fail_after(PATIENCE_S):
            code = await process.wait()
            async with process.stdout:
                rest = await process.stdout.receive_some()
        assert rest.count(b"\n") <= (0 if self._listens else 1), rest
        return code

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop, as an operator does; return the exit code."""
        self.process.send_signal(how)
        return await self.ended()

    async def kill(self) -> None:
        """Kill it where it stands: nothing is finished, flushed or said."""
        self.process.kill()
        assert await self.ended() == -signal.SIGKILL

    async def logged(self, event: str) -> None:
        """Wait until `event` is in the log."""
        with trio.fail_after(PATIENCE_S):
            while f'"{event}"' not in self.log:  # noqa: ASYNC110 - a file tells nobody that it grows.
                await trio.sleep(0.01)

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.returncode is None

    def failures(self) -> list[str]:
        """Return the lines of the log that a healthy server never writes."""
        return [line for line in self.log.splitlines() if FAILURES.search(line)]

    def peak_kib(self) -> int:
        """Return the most memory it has ever had resident (Linux)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(status.partition("VmHWM:")[2].split()[0])


@asynccontextmanager
async def serving(daemon: Daemon) -> AsyncIterator[Daemon]:
    """Run `daemon` for the length of the block. Whatever happens there, no process is left."""
    await daemon.start()
    try:
        yield daemon
    finally:
        if daemon.runs:
            with trio.CancelScope(shield=True):
                daemon.process.kill()
                await daemon.ended()


def operator(*arguments: str | Path) -> int:
    """Type `hutongd` with `arguments`, and return its exit code.

    On a thread of its own, for some commands run trio, which does not run inside itself. Stories stand still meanwhile.
    """
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(hutongd, [str(argument) for argument in arguments]).result()
