"""Active accounts, made over the wire as anybody makes one: applied for, reviewed, opened by a profile."""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from benchmarks.beside import now_cid
from benchmarks.servers import Running
from benchmarks.wire import Wire
from protocol.ids import TopicId

OFFICER = "B1"
MOST = 1000  # Broadcasts a day and month: as many as a pack can allow.
_QUOTA = re.compile(r"^(subscription_daily|service_monthly) = \d+", re.MULTILINE)


@dataclass(frozen=True, slots=True, eq=False)
class Account:
    """A public account, and its owner's connection."""

    topic: TopicId
    mouth: Wire


class Review:
    """An officer who approves whatever is applied for."""

    def __init__(self, server: Running, data: Path) -> None:
        command = [sys.executable, "-m", "server", "staff", "add", OFFICER, "--json", "--data", str(data)]
        said = subprocess.run(command, check=True, capture_output=True)
        self.wire = Wire(server.url)
        self.wire.request("hello", versions=[1])
        self.wire.request("staff.login", code=OFFICER, token=json.loads(said.stdout)["token"])

    def open_account(self, owner: Wire, name: str) -> TopicId:
        """Have `owner` apply for an account, approve it, and have it opened."""
        application = {
            "body": "person",
            "subject": name,
            "name": name,
            "category": "life",
            "scope": "Whatever there is to broadcast.",
            "operator": name,
        }
        topic: TopicId = owner.request("account.apply", cid=now_cid(), application=application)["account"]["topic"]
        owner.request("account.submit", topic=topic)
        self.wire.request("officer.review", topic=topic, act="approve")
        publish(owner, topic, "account_profile", {"title": name, "text": "It is here to be measured."})
        return topic


def publish(wire: Wire, topic: TopicId | None, surface: str, content: dict[str, str]) -> int:
    """Publish, on one's own square or card without `topic`, and return the entry's number.

    Raises:
        RuntimeError: It is not published.
    """
    asked = {"surface": surface, "content": content, "topic": topic}
    submission = wire.request("publish", cid=now_cid(), **asked)["submission"]
    if submission["state"] != "published":
        raise RuntimeError(f"what was to be published is {submission['state']}: {submission.get('decision')}")
    seq: int = submission["seq"]
    return seq


def log_in(url: str, handle: str) -> Wire:
    """Return a new connection of somebody who has signed up before, live."""
    wire = Wire(url)
    wire.request("hello", versions=[1])
    wire.request("login", handle=handle, password="correct horse")  # noqa: S106
    wire.request("sync", heads={})
    wire.request("sync", heads={}, side="public")
    return wire


def lifted_pack(folder: Path) -> Path:
    """Write a copy of the pack `open` under which accounts broadcast as often as they like, nearly; return the file."""
    text = files("compliance").joinpath("packs", "open.toml").read_text(encoding="utf-8")
    lifted, changed = _QUOTA.subn(rf"\1 = {MOST}", text)
    if changed != 2:
        raise RuntimeError(f"the pack has {changed} quotas, not two")
    path = folder / "lifted.toml"
    path.write_text(lifted, encoding="utf-8")
    return path
