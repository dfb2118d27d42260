"""A server with accounts that have as many followers as one likes, most of them as rows only."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from benchmarks.broadcast.accounts import Account, Review, lifted_pack, log_in
from benchmarks.broadcast.rows import add_follows, strangers
from benchmarks.figures import progress
from benchmarks.gate.hooks import Hooks, gated
from benchmarks.load.crowd import sign_up
from benchmarks.servers import Running


@dataclass(frozen=True, slots=True)
class World:
    """The server, where its stores are, and the accounts by what they were asked for as."""

    server: Running
    data: Path
    accounts: Mapping[str, Account]


@contextmanager
def world(followers: Mapping[str, int], *, hooks: Hooks, terms: int, seed: int) -> Iterator[World]:
    """Run one whose accounts have so many followers, none of them online."""
    with TemporaryDirectory(prefix="hutong-broadcast-") as folder:
        pack, data = str(lifted_pack(Path(folder))), Path(folder) / "data"
        owners = {name: f"owner-{number}" for number, name in enumerate(followers)}
        topics = {}
        with gated("none", terms=0, seed=seed, pack=pack, data=data) as server:
            review = Review(server, data)
            for name, handle in owners.items():
                owner, _ = sign_up(server.url, handle)
                topics[name] = review.open_account(owner, f"Account {handle}")
                owner.close()
            review.close()
        for name, count in followers.items():
            add_follows(data, [topics[name]], strangers(count, Random(f"{seed} {name}")))
            progress(f"{name}: {count:,} followers")
        with ExitStack() as stack:
            server = stack.enter_context(gated(hooks, terms=terms, seed=seed, pack=pack, data=data))
            accounts = {name: Account(topics[name], log_in(server.url, handle)) for name, handle in owners.items()}
            for account in accounts.values():
                stack.callback(account.mouth.close)  # A server that stops waits a while for those who do not.
            yield World(server, data, accounts)
