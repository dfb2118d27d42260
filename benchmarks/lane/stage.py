"""The stage of the second act: a server under the pack `cn-2014` with a licence, and five hooks in a file."""

import json
import sys
from contextlib import suppress
from pathlib import Path

import trio

from benchmarks.lane.record import Receiver
from benchmarks.town.host import LOG_NAME, Host
from protocol.staff import StaffRole

SECRET = "whsec_" + "ZGVtbyBvZiBodXRvbmcsIG5vIHNlY3JldCBhdCBhbGw="  # In base64: it says so itself.
HANG, COMPUTE = "please hang", "please compute"
RUMOUR, FRAUD = "spread this", "send me the code"
DEADLINE_MS = 400

_HOOKS = """\
[record]              # keeps everything it is ever given, and allows it
webhook = "{url}"
secret = "{secret}"
deadline_ms = 5000

[terms]               # built in: what is on these lists
check = "terms"
options = {{ lists = [
    {{ file = "rumours.txt", ground = "truthfulness", action = "hold" }},
    {{ file = "fraud.txt", ground = "public_order", action = "reject" }},
] }}

[spread]              # built in: what is passed on and on, nearly the same
check = "chain"

[hangs]               # a plugin that never answers when it reads "{hang}"
file = "hangs.py"
deadline_ms = {deadline_ms}
on_error = "hold"

[computes]            # a plugin that computes for ever when it reads "{compute}"
file = "computes.py"
deadline_ms = {deadline_ms}
on_error = "hold"
"""
_HANGS = f"""import time

from compliance.hooks import hookimpl


@hookimpl
def judge(publication):
    if "{HANG}" in publication.content.text:
        time.sleep(3600)
"""
_COMPUTES = f"""from compliance.hooks import hookimpl


@hookimpl
def judge(publication):
    while "{COMPUTE}" in publication.content.text:
        pass
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
    """The server, its hooks, and its operator's commands."""

    def __init__(self, folder: Path, receiver: Receiver, *, licence_kind: str) -> None:
        self._folder = folder
        hooks = folder / "hooks"
        hooks.mkdir()
        names = {"url": receiver.url, "secret": SECRET, "hang": HANG, "compute": COMPUTE, "deadline_ms": DEADLINE_MS}
        (hooks / "hooks.toml").write_text(_HOOKS.format(**names), encoding="utf-8")
        (hooks / "rumours.txt").write_text(f"{RUMOUR}\n", encoding="utf-8")
        (hooks / "fraud.txt").write_text(f"{FRAUD}\n", encoding="utf-8")
        (hooks / "hangs.py").write_text(_HANGS, encoding="utf-8")
        (hooks / "computes.py").write_text(_COMPUTES, encoding="utf-8")
        settings = _SETTINGS | {
            "HUTONG_LICENCE_KIND": licence_kind,
            "HUTONG_COMPLIANCE_HOOKS": str(hooks / "hooks.toml"),
        }
        self.host = Host(folder, settings)

    async def officer(self, code: str) -> str:
        """Make a reviewer's account while the server runs, and return the token."""
        said = await self._hutongd("staff", "add", code, "--role", StaffRole.REVIEWER.value, "--json")
        token: str = json.loads(said)["token"]
        return token

    async def audit_verifies(self) -> bool:
        """Say whether `hutongd audit verify` finds nothing wrong."""
        with suppress(OSError):
            found = await trio.run_process(
                self._command("audit", "verify"), capture_stdout=True, capture_stderr=True, check=False
            )
            return found.returncode == 0
        return False

    def files(self, name: str) -> bytes:
        """Return the bytes of a store and of the log beside it."""
        data = self._folder / "data"
        return b"".join(path.read_bytes() for path in sorted(data.glob(f"{name}.db*")))

    def log(self) -> bytes:
        """Return all that the server has logged."""
        return (self._folder / LOG_NAME).read_bytes()

    async def _hutongd(self, *arguments: str) -> bytes:
        done = await trio.run_process(self._command(*arguments), capture_stdout=True, capture_stderr=True)
        said: bytes = done.stdout
        return said

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "server", *arguments, "--data", str(self._folder / "data")]
