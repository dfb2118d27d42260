from collections.abc import Iterator
from pathlib import Path

import pytest

from protocol.entries import Side
from server.store.sqlite import PublicSqliteStore, SqliteStore
from tests.contracts.desk import Desk

# What the public file refuses by itself: texts that no ruling let through. That has tests of its own; here is looked
# at what both sides have, which is all the rest.
RULED = (
    "nothing_is_public_unruled",
    "name_was_published",
    "notice_was_published",
    "listing_was_published",
    "screen_name_was_published",
)


def _open(adapter: str, directory: Path) -> Desk:
    match adapter:
        case "on disk":
            return Desk(SqliteStore.open(directory, Side.PRIVATE))
        case "in memory":
            return Desk(SqliteStore.in_memory(Side.PRIVATE))
        case "public":
            return public_desk()
    raise AssertionError(adapter)


def public_desk() -> Desk:
    """Return a desk at an empty store of the public side that takes texts without a ruling."""
    store = PublicSqliteStore.in_memory(Side.PUBLIC)
    for trigger in RULED:
        store._writer._connection.execute(f"DROP TRIGGER {trigger}")
    return Desk(store, Side.PUBLIC)


@pytest.fixture(params=["on disk", "in memory", "public"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """A desk at an empty store of every adapter, and of either side."""
    desk = _open(request.param, tmp_path)
    yield desk
    desk.close()


@pytest.fixture(params=["on disk", "in memory"])
def private_desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """A desk at an empty store of every adapter of the private side."""
    desk = _open(request.param, tmp_path)
    yield desk
    desk.close()
