"""Servers that are programs of this machine: each runs with files of ours in a folder that is thrown away."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.servers import Running, started

_START_S = 30.0
_STOP_S = 10.0
_LOOK_S = 0.02


@dataclass(frozen=True, slots=True)
class Setup:
    """A server's command, what is added to its environment, and its files: text by name."""

    command: list[str]
    files: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def hosted(set_up: Callable[[Path, int], Setup]) -> Iterator[Running]:
    """Run the server that `set_up` describes, given its folder and its port; whatever it started ends with it.

    Raises:
        RuntimeError: It does not listen; with the last thing that it said.
    """
    with TemporaryDirectory(prefix="hutong-bench-") as name:
        folder, port = Path(name), _free_port()
        setup = set_up(folder, port)
        for file, text in setup.files.items():
            (folder / file).write_text(text, encoding="utf-8")
        environment = {**os.environ, "HOME": name, **setup.environment}
        with (
            (folder / "output").open("wb") as output,
            started(
                lambda: subprocess.Popen(
                    setup.command,
                    cwd=folder,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    process_group=0,
                ),
                _end,
            ) as process,
        ):
            if not _listens(process, port):
                said = (folder / "output").read_text(encoding="utf-8", errors="replace").split("\n")
                raise RuntimeError(f"{setup.command[0]} does not listen: {' '.join(said[-3:]) or 'no word'}")
            yield Running(f"tcp://127.0.0.1:{port}", process.pid)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def _listens(process: subprocess.Popen[bytes], port: int) -> bool:
    ends = time.monotonic() + _START_S
    while time.monotonic() < ends and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return True
        time.sleep(_LOOK_S)
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask it to end; end it and all that is left of its group."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_S)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
