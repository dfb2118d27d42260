from collections.abc import Iterator
from pathlib import Path

import pytest

from protocol.entries import Side
from server.store.base import Store
from server.store.sqlite import SqliteStore
from tests.contracts.desk import Desk


def _open(adapter: str, directory: Path) -> Store:
    match adapter:
        case "on disk":
            return SqliteStore.open(directory, Side.PRIVATE)
        case "in memory":
            return SqliteStore.in_memory(Side.PRIVATE)
    raise AssertionError(adapter)


@pytest.fixture(params=["on disk", "in memory"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """A desk at an empty store of every adapter."""
    desk = Desk(_open(request.param, tmp_path))
    yield desk
    desk.close()
