"""Servers under measurement, each a process of its own, and what the system says they cost."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import current_thread, main_thread

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
_ENDING = (signal.SIGINT, signal.SIGTERM)
_CPUCLOCK_SCHED = 2  # Of a process: what clock_getcpuclockid(3) makes of its number.
_STOP_S = 30.0
_TICKS_S = os.sysconf("SC_CLK_TCK")
_PAGE_KIB = os.sysconf("SC_PAGE_SIZE") // 1024


def raise_limit(files: int) -> None:
    """Let this process, and the server it starts, have so many files open, as far as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < files:
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (min(files, hard) if hard != resource.RLIM_INFINITY else files, hard)
        )


@dataclass(frozen=True, slots=True)
class Running:
    """A server that listens."""

    url: str
    pid: int

    def cpu_s(self) -> float:
        """Return the seconds of processor time it has used, user and system, all threads, to the nanosecond.

        Raises:
            ConnectionError: It has ended.
        """
        try:
            return time.clock_gettime(~self.pid << 3 | _CPUCLOCK_SCHED)
        except OSError:
            raise ConnectionError("its server has ended") from None

    def hosts_cpu_s(self) -> float:
        """Return that of all processes below it, those included that have ended and were waited for, to 10 ms."""
        its_own = _stat(self.pid)[13:15]  # Of children that it waited for.
        return sum(map(int, [*its_own, *(ticks for fields in self._below() for ticks in fields[11:15])])) / _TICKS_S

    def whole_cpu_s(self) -> float:
        """Return that of the process and of all below it."""
        return self.cpu_s() + self.hosts_cpu_s()

    def memory_kib(self) -> int:
        """Return its resident memory, in KiB."""
        return int(_stat(self.pid)[21]) * _PAGE_KIB

    def whole_memory_kib(self) -> int:
        """Return that of the process and of all below it, in KiB; what they share counts for each."""
        return self.memory_kib() + sum(int(fields[21]) for fields in self._below()) * _PAGE_KIB

    def _below(self) -> Iterator[list[str]]:
        """Yield what the system says of each process below it."""
        found: dict[int, list[str]] = {}
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                with suppress(ConnectionError):  # It has just ended.
                    found[int(folder.name)] = _stat(int(folder.name))
        below = {self.pid}
        while below:
            below = {pid for pid, fields in found.items() if int(fields[1]) in below}
            yield from (found[pid] for pid in below)


def _stat(pid: int) -> list[str]:
    """Return what the system says of a process: proc(5), `stat`, from the third field on.

    Raises:
        ConnectionError: It has ended.
    """
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        raise ConnectionError("its server has ended") from None


@contextmanager
def hutongd(
    data: Path | None = None, *, port: int = 0, environment: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """Run hutongd: durable, all checks on, no rate limits. Without `data`, on a store that is thrown away."""
    with TemporaryDirectory(prefix="hutong-bench-") as folder:
        where = str(data or folder)
        command = [sys.executable, "-m", "server", "serve", "--listen", f"127.0.0.1:{port}", "--data", where]
        settings = {"HUTONG_SERVER_LOG_LEVEL": "warning", **UNLIMITED, **CHEAP_PASSWORDS, **(environment or {})}
        with running(command, settings) as server:
            yield server


@contextmanager
def started(
    start: Callable[[], "subprocess.Popen[bytes]"], end: Callable[["subprocess.Popen[bytes]"], None]
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the process that `start` starts for the length of the block; `end` ends it, whatever happens.

    Signals that come while it is being started wait until it can be ended: else Ctrl-C in that moment would leave a
    server that nobody knows of. The system tells a new program to end at signals which were caught here; away from the
    main thread none come.
    """
    came: list[int] = []
    in_main = current_thread() is main_thread()
    handlers = {number: signal.signal(number, lambda got, _: came.append(got)) for number in _ENDING if in_main}
    try:
        process = start()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    with process:
        try:
            for each in came:
                signal.raise_signal(each)
            yield process
        finally:
            end(process)


@contextmanager
def running(command: list[str], environment: dict[str, str]) -> Iterator[Running]:
    """Run a server that says on the first line of stdout where it listens, with `environment` on top.

    It is in a process group of its own: Ctrl-C reaches whoever measures, and they end it.
    """
    everything = {**os.environ, **environment}
    with started(
        lambda: subprocess.Popen(command, stdout=subprocess.PIPE, env=everything, process_group=0), _stop
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"{' '.join(command)} did not start")
        yield Running(json.loads(line)["listening"], process.pid)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
