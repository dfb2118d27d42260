"""Servers under measurement, each a process of its own, and what the system says they cost."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

UNLIMITED = {
    f"HUTONG_RATES_{name}": "off"
    for name in (
        *("PER_CONNECTION", "PER_PERSON", "PER_ADDRESS", "REGISTER", "LOGIN", "RESUME"),
        *("SEND", "GROUP", "CONTACT", "LOOKUP", "FETCH", "MARKS", "TYPING"),
    )
}
CHEAP_PASSWORDS = {
    "HUTONG_PASSWORDS_TIME_COST": "1",
    "HUTONG_PASSWORDS_MEMORY_KIB": "8",
    "HUTONG_PASSWORDS_PARALLELISM": "1",
    "HUTONG_PASSWORDS_WAITING": "10000",
}
_TICKS_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Running:
    """A server that listens."""

    url: str
    pid: int

    def cpu_s(self) -> float:
        """Return the seconds of processor time it has used, user and system, all threads."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_S

    def hosts_cpu_s(self) -> float:
        """Return that of all processes below it, those included that have ended and were waited for."""
        parents: dict[int, int] = {}
        used: dict[int, int] = {}
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                try:
                    fields = (folder / "stat").read_text().rpartition(")")[2].split()
                except OSError:  # It has just ended.
                    continue
                parents[int(folder.name)] = int(fields[1])
                used[int(folder.name)] = sum(map(int, fields[11:15]))
        below, found = {self.pid}, 0
        while below:
            below = {pid for pid, parent in parents.items() if parent in below}
            found += sum(used[pid] for pid in below)
        return found / _TICKS_S

    def memory_kib(self) -> int:
        """Return its resident memory."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1])
        return 0


@contextmanager
def hutongd(data: Path | None = None, **environment: str) -> Iterator[Running]:
    """Run hutongd: durable, all checks on, no rate limits. Without `data`, on a store that is thrown away."""
    with TemporaryDirectory(prefix="hutong-bench-") as folder:
        where = str(data or folder)
        command = [sys.executable, "-m", "server", "serve", "--listen", "127.0.0.1:0", "--data", where]
        settings = {"HUTONG_SERVER_LOG_LEVEL": "warning", **UNLIMITED, **CHEAP_PASSWORDS, **environment}
        with _running(command, settings) as server:
            yield server


@contextmanager
def trio_echo() -> Iterator[Running]:
    """Run the echo server of `websockets.trio`: nothing stored, nothing checked, one task a connection."""
    with _running([sys.executable, "-m", "benchmarks.echo"], {}) as server:
        yield server


@contextmanager
def _running(command: list[str], environment: dict[str, str]) -> Iterator[Running]:
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, **environment}) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise RuntimeError(f"{command[2]} did not start")
            yield Running(json.loads(line)["listening"], process.pid)
        finally:
            process.terminate()
            process.wait(30)
