"""The town that most stories happen in."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.town import Town, open_town


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """A server with the settings of tests/support/daemon.py; nobody lives there yet."""
    async with open_town(tmp_path) as town:
        yield town
