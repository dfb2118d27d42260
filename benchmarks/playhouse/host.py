"""The server of the demo: `hutongd serve` as a process of its own on loopback, to be killed and started again."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import trio

from server.config import SETTINGS

START_SECONDS = 15.0
DRAIN_SECONDS = 5.0
LOG_NAME = "server.log"
OUTBOX_BYTES = 1 << 19  # The least there is, so that a slow reader is found out soon.


class HostError(Exception):
    """The server did not start; `Host.last_words` may say why."""


class Host:
    """One server on one data directory. Its first start takes a free port; the later ones take the same."""

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        self._settings = dict(settings or {})  # Environment variables of hutongd, beside the demo's own.
        self._data = folder / "data"
        self._log = folder / LOG_NAME
        self._process: trio.Process | None = None
        self._port = 0

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return "127.0.0.1", self._port

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"ws://127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Start the server and return when it listens.

        Raises:
            HostError: It does not.
        """
        command = [sys.executable, "-m", "server", "serve"]
        command += ["--listen", f"127.0.0.1:{self._port}", "--data", str(self._data)]
        with self._log.open("ab") as log:
            process = await trio.lowlevel.open_process(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env=_environment() | self._settings,
                start_new_session=True,  # Ctrl-C is for the demo, which then stops the server itself.
            )
        self._process = process
        assert process.stdout is not None
        line = b""
        with trio.move_on_after(START_SECONDS):
            async for piece in process.stdout:
                line += piece
                if b"\n" in line:
                    break
        if b"\n" not in line:
            await self.kill()
            raise HostError("the server did not start")
        self._port = int(json.loads(line)["listening"].rpartition(":")[2])

    async def kill(self) -> None:
        """Kill the server with SIGKILL: it gets no chance to finish anything."""
        if self._process is not None:
            self._process.kill()
            with trio.CancelScope(shield=True):
                await self._process.wait()

    async def stop(self) -> None:
        """Ask the server to drain and wait until it is gone; kill it when that takes too long."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            with trio.move_on_after(DRAIN_SECONDS, shield=True):
                await self._process.wait()
            await self.kill()

    def last_words(self) -> str:
        """Return the end of what the server logged."""
        return last_words(self._log.parent)


def last_words(folder: Path) -> str:
    """Return the end of what the server in `folder` logged."""
    log = folder / LOG_NAME
    if not log.exists():
        return "(none)"
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])


def _environment() -> dict[str, str]:
    """Return our own environment, with settings of hutongd replaced by the demo's: no rate limits, light passwords."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HUTONG_")}
    rates = {setting.variable: "off" for setting in SETTINGS.values() if setting.section == "rates"}
    return (
        kept
        | rates
        | {
            "HUTONG_LIMITS_OUTBOX_BYTES": str(OUTBOX_BYTES),
            "HUTONG_PASSWORDS_TIME_COST": "1",
            "HUTONG_PASSWORDS_MEMORY_KIB": "1024",
            "HUTONG_PASSWORDS_PARALLELISM": "1",
        }
    )
