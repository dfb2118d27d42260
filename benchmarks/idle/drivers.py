"""Processes that drive devices: each has its share of them, does what it is told, and tells what came of it."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from multiprocessing.connection import Connection
from typing import Any

from benchmarks.idle.device import Device
from benchmarks.idle.lines import Lines
from benchmarks.load.worker import Worker, worker

GLANCE_S = 0.05  # How long what is ordered may wait while there is nothing else to do.


class Drivers:
    """The processes, with how many devices each has. An order is the name of a method of `Lines`."""

    def __init__(self, shares: Sequence[tuple[Worker, int]]) -> None:
        self._shares = shares

    def all(self, order: str, **asked: Any) -> list[Any]:
        """Give the same order to each; return what they answer.

        Raises:
            RuntimeError: One of them failed.
        """
        for driver, _ in self._shares:
            driver.order((order, asked))
        return [driver.answer() for driver, _ in self._shares]

    def share(self, order: str, count: int, **asked: Any) -> list[Any]:
        """Order something that `count` devices are to do, each process its part of them; otherwise as `all`."""
        whole = sum(devices for _, devices in self._shares)
        for driver, devices in self._shares:
            driver.order((order, {"count": round(count * devices / whole), **asked}))
        return [driver.answer() for driver, _ in self._shares]


@contextmanager
def driving(url: str, devices: Sequence[Device], *, processes: int, jitter: bool, seed: int) -> Iterator[Drivers]:
    """Let `devices` be driven by so many processes for the length of the block."""
    bounds = [len(devices) * number // processes for number in range(processes + 1)]
    settings: dict[str, Any] = {"jitter": jitter, "seed": seed}
    with ExitStack() as stack:
        shares = []
        for first, last in pairwise(bounds):
            driver = stack.enter_context(worker(_drive, url, devices[first:last], {"first": first, **settings}))
            shares.append((driver, last - first))
        yield Drivers(shares)


def _drive(url: str, devices: Sequence[Device], settings: dict[str, Any], orders: Connection) -> None:
    lines = Lines(url, devices, **settings)
    lines.watch(orders)
    while True:
        while not orders.poll():
            lines.turn(GLANCE_S)
        order, asked = orders.recv()
        orders.send(getattr(lines, order)(**asked))
