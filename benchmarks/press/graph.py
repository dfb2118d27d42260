"""Who follows whom in the third act, and changes their minds between two broadcasts. Seeded and pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from random import Random

FOLLOWS = 0.6  # How likely a reader follows an account at first.
MUTES = 0.2  # How likely a follower does not want to be alerted.
SECOND_THOUGHTS = 3  # Readers who change their minds between two broadcasts.


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A reader follows an account, or follows it in another way; or, without `follows`, does so no longer."""

    reader: str
    account: str
    follows: bool = True
    tag: str = ""
    muted: bool = False


class Graph:
    """Who follows whom, after the steps taken so far: what the server is held against. It never asks the server."""

    def __init__(self) -> None:
        self._edges: dict[tuple[str, str], Step] = {}

    def take(self, step: Step) -> None:
        """A reader has taken `step`."""
        if step.follows:
            self._edges[step.reader, step.account] = step
        else:
            self._edges.pop((step.reader, step.account), None)

    def followers(self, account: str) -> frozenset[str]:
        """Return who follows `account`."""
        return frozenset(reader for reader, followed in self._edges if followed == account)

    def audience(self, account: str, tag: str) -> frozenset[str]:
        """Return whom a broadcast of `account` to `tag` is for; an empty tag: for all of its followers."""
        return frozenset(
            edge.reader for edge in self._edges.values() if edge.account == account and tag in {"", edge.tag}
        )

    def followed_by(self, reader: str) -> set[tuple[str, str, bool]]:
        """Return what `reader` follows, each with its tag and whether it is muted."""
        return {(edge.account, edge.tag, edge.muted) for edge in self._edges.values() if edge.reader == reader}

    def by_tag(self, account: str) -> dict[str, int]:
        """Return how many followers of `account` have chosen each tag; those without one are left out."""
        chosen = [edge.tag for edge in self._edges.values() if edge.account == account and edge.tag]
        return {tag: chosen.count(tag) for tag in sorted(set(chosen))}

    def muted(self) -> int:
        """Return how often somebody follows and does not want to be alerted."""
        return sum(edge.muted for edge in self._edges.values())


def first_steps(readers: Sequence[str], tags: Mapping[str, Sequence[str]], chance: Random) -> list[Step]:
    """Return how the readers begin; `tags`: by account, those its followers choose from, each as often as no tag."""
    steps = []
    for account, offered in tags.items():
        followers = [reader for reader in readers if chance.random() < FOLLOWS]
        for reader, tag in zip(followers, cycle(("", *offered)), strict=False):
            steps.append(Step(reader=reader, account=account, tag=tag, muted=chance.random() < MUTES))
    return steps


def second_thoughts(
    graph: Graph, readers: Sequence[str], account: str, tags: Sequence[str], chance: Random
) -> list[Step]:
    """Return what some of `readers` do before the next broadcast of `account`: who follows stops, or takes another
    tag; who does not follow begins to.
    """
    followers = graph.followers(account)
    steps = []
    for reader in chance.sample(readers, SECOND_THOUGHTS):
        if reader in followers and (not tags or chance.random() < 0.5):
            steps.append(Step(reader=reader, account=account, follows=False))
        else:
            muted = chance.random() < MUTES
            steps.append(Step(reader=reader, account=account, tag=chance.choice(("", *tags)), muted=muted))
    return steps
