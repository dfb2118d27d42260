from collections.abc import Iterator
from pathlib import Path

import pytest

from protocol.entries import Side
from server.store.sqlite import SqliteStore
from tests.contracts.desk import Desk


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory that is not there yet."""
    return tmp_path / "data"


@pytest.fixture
def desk(data: Path) -> Iterator[Desk]:
    """A desk at a store on disk."""
    desk = Desk(SqliteStore.open(data, Side.PRIVATE))
    yield desk
    desk.close()
