"""A town for devices that say nothing: people with chats and groups as rows, and accounts that they follow."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from benchmarks import grown_store
from benchmarks.broadcast.accounts import lifted_pack, open_accounts
from benchmarks.broadcast.rows import add_follows
from benchmarks.figures import progress
from benchmarks.grown_store import Plan
from benchmarks.idle.device import Device
from benchmarks.servers import Running, hutongd
from protocol.ids import Seq
from server.config import SETTINGS

COHORT = 50  # People who follow the same accounts.
TOLD = 2  # The entries of each account: a profile and a broadcast.
_SPARE = 10  # Connections that are none of the devices'.
_RATES = {each.variable: str(each.default) for each in SETTINGS.values() if each.section == "rates"}


@dataclass(frozen=True, slots=True)
class World:
    """`devices`: one of each person, as if each had been here before and missed nothing."""

    folder: Path
    devices: list[Device]

    @property
    def data(self) -> Path:
        """Where the stores are."""
        return self.folder / "data"

    @contextmanager
    def served(self, port: int = 0) -> Iterator[Running]:
        """Run the server: as it comes, but with room for all devices, and without pings, which none of them answers."""
        settings = {
            **_RATES,
            "HUTONG_LIMITS_CONNECTIONS": str(len(self.devices) + _SPARE),
            "HUTONG_LIMITS_HEARTBEAT_S": "3600",
            "HUTONG_COMPLIANCE_PACK": str(self.folder / "lifted.toml"),
        }
        with hutongd(self.data, port=port, environment=settings) as server:
            yield server


@contextmanager
def world(*, people: int, chats: int, groups: int, follows: int, accounts: int, seed: int) -> Iterator[World]:
    """Make one that is gone after the block.

    Raises:
        ValueError: So few people cannot have so many chats, or so few accounts so many followed.
    """
    if follows > accounts:
        raise ValueError(f"nobody can follow {follows} of {accounts} accounts")
    source = Random(seed)
    with TemporaryDirectory(prefix="hutong-idle-") as folder:
        there = World(Path(folder), [])
        lifted_pack(there.folder)
        plan = Plan(people=people, chats=chats, groups=groups, entries=people * 2 * (chats + groups))
        residents = grown_store.write(there.data, plan, source)
        with there.served() as server:
            topics = open_accounts(server, there.data, accounts)
        for begin in range(0, people, COHORT):
            cohort, followed = residents[begin : begin + COHORT], source.sample(topics, follows)
            add_follows(there.data, followed, [resident.person for resident in cohort])
            there.devices.extend(Device(resident, dict.fromkeys(followed, Seq(TOLD))) for resident in cohort)
        progress(f"{people:,} people follow {follows:,} of {accounts:,} accounts each")
        yield there
