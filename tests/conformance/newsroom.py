"""A server under a pack, with staff and people, for the checks of public accounts. Nothing of hutong's own code."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgpack

from tests.conformance.client import refused
from tests.conformance.device import Device, Map, new_cid

ROOT = Path(__file__).parents[2]
HUTONGD = [sys.executable, "-m", "server"]
PATIENCE_S = 60.0
CONFIG = """
[server]
listen = "127.0.0.1:0"
[compliance]
pack = "{pack}"
[licence]
number = "1"
kind = "internet_news_information_service"
issuer = "an office"
valid_from = 2014-08-07
valid_until = 2999-12-31
[messages]
newest = 3
[passwords]
time_cost = 1
memory_kib = 8
parallelism = 1
"""


def shown(body: bytes) -> Map:
    """Return what a published body holds."""
    held: Map = msgpack.unpackb(body)
    return held


class Newsroom:
    """Who runs accounts, who reads them, and who reviews them, around a server that may be killed."""

    def __init__(self, home: Path, pack: str) -> None:
        self._home = home
        self._settings = ["--config", str(home / "hutong.toml"), "--data", str(home / "data")]
        (home / "hutong.toml").write_text(CONFIG.format(pack=pack), encoding="utf-8")
        self._devices: list[Device] = []
        self._tokens: dict[str, str] = {}
        self.start()

    def start(self) -> None:
        with (self._home / "log").open("ab") as log:
            serve = [*HUTONGD, "serve", *self._settings]
            self._server = subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=log, cwd=ROOT)
        assert self._server.stdout is not None
        self.url = json.loads(self._server.stdout.readline())["listening"]

    def kill(self) -> None:
        """Kill the server as a power cut would, and hang up."""
        self._server.kill()
        self.close()

    def close(self) -> None:
        """Hang up, and end the server."""
        for device in self._devices:
            device.line.socket.close()
        self._devices.clear()
        self._server.terminate()
        self._server.wait(PATIENCE_S)
        assert self._server.stdout is not None
        self._server.stdout.close()

    def command(self, *words: str) -> str:
        """Return what a command of the operator prints."""
        done = subprocess.run(
            [*HUTONGD, *words, *self._settings],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=True,
        )
        return done.stdout

    def person(self, handle: str) -> Device:
        """Register somebody, and return their device."""
        return self._kept(Device(self.url)).sign_in("register", handle)

    def another_device(self, handle: str) -> Device:
        return self._kept(Device(self.url)).sign_in("login", handle)

    def back(self, device: Device) -> Device:
        """Have a device come back to a server that was started again."""
        self._kept(device).url = self.url
        device.resume()
        return device

    def officer(self, role: str = "reviewer") -> Device:
        """Return a connection of an officer's."""
        if role not in self._tokens:
            self._tokens[role] = json.loads(self.command("staff", "add", role[0].upper(), "--role", role, "--json"))[
                "token"
            ]
        device = self._kept(Device(self.url))
        device.connect()
        assert device.ask("staff.login", code=role[0].upper(), token=self._tokens[role])["role"] == role
        return device

    def account(self, owner: Device, name: str, *, tags: tuple[str, ...] = (), **application: Any) -> str:
        """Return an account of `owner`, approved and open."""
        applied = owner.ask("account.apply", cid=new_cid(), application=self.application(name, **application))
        topic: str = applied["account"]["topic"]
        owner.ask("account.submit", topic=topic)
        self.officer().ask("officer.review", topic=topic, act="approve")
        owner.wait_for("topic", lambda push: push["summary"]["topic"] == topic)
        profile = {"title": name, "text": f"{name}的公众号", "tags": list(tags)}
        assert publish(owner, "account_profile", topic, profile)["state"] == "published"
        return topic

    def application(self, name: str, **said: Any) -> Map:
        """Return an application for an account called `name`."""
        return {
            "body": "person", "subject": "老王", "name": name, "category": "life", "scope": "What happens here.",
            "operator": "老王",
        } | said  # fmt: skip

    def _kept(self, device: Device) -> Device:
        self._devices.append(device)
        return device


def publish(device: Device, surface: str, topic: str, content: Map, **more: Any) -> Map:
    """Return the submission that `content` became."""
    submission: Map = device.write("publish", surface=surface, topic=topic, content=content, **more)["submission"]
    return submission


def not_published(code: str, device: Device, surface: str, topic: str, content: Map, **more: Any) -> Map:
    """Return the error with which `content` must be refused."""
    return refused(code, device, "publish", cid=new_cid(), surface=surface, topic=topic, content=content, **more)


def comes_to(wanted: Any, device: Device, op: str, part: str, **fields: Any) -> None:
    """Ask until the reply has `wanted` as this part of it."""
    end = time.monotonic() + PATIENCE_S
    while (got := device.patiently(op, **fields)[part]) != wanted:
        assert time.monotonic() < end, got
