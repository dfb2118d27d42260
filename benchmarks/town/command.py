"""`hutongd demo`: the whole run, from a first server start to the verdict."""

import json
import signal
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click
import trio
from rich.console import Console

from benchmarks.town.host import Host, HostError
from benchmarks.town.ledger import Ledger
from benchmarks.town.life import Life
from benchmarks.town.people import LEAST_PEOPLE, MOST_PEOPLE, Town, build
from benchmarks.town.picture import Picture
from benchmarks.town.summary import Summary
from benchmarks.town.troubles import Troubles, crash, journeys, lose_answers, read_aloud
from benchmarks.town.verdict import judge
from benchmarks.town.witness import testify

HELD, FAILED, INTERRUPTED = 0, 1, 130
BOOK_AT, KILL_AFTER = 0.1, 0.2  # Shares of the talking: when the book begins; from its end to the kill.


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the command line asks for."""

    people: int
    seed: int
    seconds: float
    stay: bool
    report: Path | None


@click.command()
@click.option(
    "--people", type=click.IntRange(LEAST_PEOPLE, MOST_PEOPLE), default=40, show_default=True, help="Who live there."
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed: the same people, chats and lines.")
@click.option(
    "--seconds", type=click.FloatRange(4, 600), default=12, show_default=True, help="How long they talk, at least."
)
@click.option("--stay", is_flag=True, help="Leave the server up afterwards, and say how to join it.")
@click.option(
    "--json", "report", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write the figures there."
)
def demo(people: int, seed: int, seconds: float, stay: bool, report: Path | None) -> int:  # noqa: FBT001
    """Let a town of people chat through a real server, kill it in the middle, and prove that nothing was lost.

    The server is a process of its own on loopback with a store that is thrown away; the people are real clients.
    Exit codes: 0 nothing was lost, doubled or different; 1 something was; 130 interrupted.
    """
    wish = Wish(people=people, seed=seed, seconds=seconds, stay=stay, report=report)
    code = trio.run(_until_interrupted, wish)
    click.get_current_context().exit(code)
