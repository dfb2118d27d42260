"""Outgoing headers, against the library's."""

import pytest
from websockets.frames import BINARY, Frame

from server.net.framing import binary_frame


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65535, 65536, 300_000])
def test_a_frame_is_what_the_library_would_write(length: int) -> None:
    payload = bytes(length)
    assert binary_frame(payload) == Frame(BINARY, payload).serialize(mask=False)
