"""Active accounts, made over the wire as anybody makes one: applied for, reviewed, opened by a profile."""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from importlib.resources import files
from math import ceil
from pathlib import Path

from benchmarks.figures import progress
from benchmarks.load.crowd import sign_up
from benchmarks.load.wire import Wire, now_cid
from benchmarks.servers import Running
from protocol.ids import TopicId
from protocol.limits import ACCOUNTS_OF_ONE

OFFICER = "B1"
STEP = 200  # Accounts between two lines of progress.
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

    def close(self) -> None:
        """Hang up."""
        self.wire.close()

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


def open_accounts(server: Running, data: Path, count: int) -> list[TopicId]:
    """Open `count` accounts, each with a profile and a broadcast: two entries."""
    review = Review(server, data)
    topics: list[TopicId] = []
    for number in range(ceil(count / ACCOUNTS_OF_ONE)):
        owner, _ = sign_up(server.url, f"owner-{number}")
        for _ in range(min(ACCOUNTS_OF_ONE, count - len(topics))):
            topic = review.open_account(owner, f"Account {len(topics)}")
            publish(owner, topic, "broadcast", {"title": f"The first of {len(topics)}", "text": "Good morning."})
            topics.append(topic)
            if len(topics) % STEP == 0:
                progress(f"{len(topics):,} of {count:,} accounts")
        owner.close()
    review.wire.close()
    return topics


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
