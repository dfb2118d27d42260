"""A stage: a server under the pack `cn-2014` with a licence, its hooks, and its operator's commands."""

import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from benchmarks.playhouse.host import LOG_NAME, Host
from benchmarks.playhouse.record import Receiver, Record
from compliance.pack import load
from protocol.staff import StaffRole

LONGEST_S = 120.0
SECRET = "whsec_" + "ZGVtbyBvZiBodXRvbmcsIG5vIHNlY3JldCBhdCBhbGw="  # In base64: it says so itself.

_RECORD = """\
[record]              # keeps everything it is ever given, and allows it
webhook = "{url}"
secret = "{secret}"
deadline_ms = 5000

"""
_SETTINGS = {
    "HUTONG_COMPLIANCE_PACK": "cn-2014",
    "HUTONG_LICENCE_NUMBER": "DEMO-0001",
    "HUTONG_LICENCE_ISSUER": "nobody: this is a demo",
    "HUTONG_LICENCE_VALID_FROM": "2000-01-01",
    "HUTONG_LICENCE_VALID_UNTIL": "2999-12-31",
    "HUTONG_SERVER_LOG_LEVEL": "debug",
}


class Stage:
    """The server, what one of its hooks was given (`record`), and its operator's commands."""

    def __init__(self, folder: Path, record: Record, settings: Mapping[str, str]) -> None:
        self._folder = folder
        self.record = record
        self.host = Host(folder, settings)

    async def officer(self, code: str, role: StaffRole = StaffRole.REVIEWER) -> str:
        """Make an officer's account while the server runs, and return the token."""
        said = await self.hutongd("staff", "add", code, "--role", role.value, "--json")
        token: str = json.loads(said)["token"]
        return token

    async def audit_verifies(self) -> bool:
        """Say whether `hutongd audit verify` finds nothing wrong."""
        found = await trio.run_process(
            self._command("audit", "verify"), capture_stdout=True, capture_stderr=True, check=False
        )
        return found.returncode == 0

    async def hutongd(self, *arguments: str) -> bytes:
        """Run a command of the operator's, and return what it said.

        Raises:
            subprocess.CalledProcessError: It failed.
        """
        done = await trio.run_process(self._command(*arguments), capture_stdout=True, capture_stderr=True)
        said: bytes = done.stdout
        return said

    def files(self, name: str) -> bytes:
        """Return the bytes of a store and of the log beside it."""
        data = self._folder / "data"
        return b"".join(path.read_bytes() for path in sorted(data.glob(f"{name}.db*")))

    def log(self) -> bytes:
        """Return all that the server has logged."""
        return (self._folder / LOG_NAME).read_bytes()

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "server", *arguments, "--data", str(self._folder / "data")]


@asynccontextmanager
async def stage(
    folder: Path, *, hooks: str, files: Mapping[str, str], settings: Mapping[str, str] | None = None
) -> AsyncIterator[Stage]:
    """Set one up in `folder` and start its server; both are gone when the block ends.

    `hooks`: what hooks.toml says beside the record, `files`: what it names, by name.

    Raises:
        HostError: The server did not start.
        trio.TooSlowError: Something that was to come never came.
    """
    licence = load("cn-2014").licence
    assert licence is not None
    beside = folder / "hooks"
    beside.mkdir()
    for name, text in files.items():
        (beside / name).write_text(text, encoding="utf-8")
    record = Record()
    with Receiver(record) as receiver:
        named = beside / "hooks.toml"
        named.write_text(_RECORD.format(url=receiver.url, secret=SECRET) + hooks, encoding="utf-8")
        own = {"HUTONG_LICENCE_KIND": licence.kinds[0], "HUTONG_COMPLIANCE_HOOKS": str(named)}
        set_up = Stage(folder, record, _SETTINGS | own | dict(settings or {}))
        try:
            with trio.fail_after(LONGEST_S):
                await set_up.host.start()
                yield set_up
        finally:
            with trio.CancelScope(shield=True):
                await set_up.host.stop()
