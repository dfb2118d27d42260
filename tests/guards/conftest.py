from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.guards.counting import SystemCalls
from tests.guards.works import Works


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Works]:
    """A whole server that takes turns when told to, with nobody on it yet."""
    with Works(tmp_path / "data") as works:
        yield works


@pytest.fixture
def calls() -> SystemCalls:
    """Counts what is asked of the system, when told to."""
    return SystemCalls()
