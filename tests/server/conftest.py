from collections.abc import Iterator

import pytest

from tests.support.inline import InlineServer


@pytest.fixture
def server() -> Iterator[InlineServer]:
    """A whole server, with nobody on it yet."""
    server = InlineServer()
    yield server
    server.close()
