"""Chance that repeats itself: what `secrets` gives depends on who asks for it and how often they have, on nothing else.

So two servers that do the same make the same ids and salts; and what one room of the server asks for does not show in
what another one gets, as it would not with real chance.
"""

import secrets
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from blake3 import blake3

_PASSED_OVER = ("secrets.py", "seeded.py", "protocol/ids.py", "server/passwords.py")  # Who asks for somebody else.

_LEFT_ALONE = " SqliteStore.in_memory"  # Names a store in this process; two of one name would be one.


@contextmanager
def seeded(seed: str) -> Iterator[None]:
    """Have `secrets` repeat itself for the length of the block."""
    asked: Counter[str] = Counter()

    def token_bytes(nbytes: int | None = None) -> bytes:
        room = _room()
        if room.endswith(_LEFT_ALONE):
            return token(nbytes)
        asked[room] += 1
        return blake3(f"{seed} {room} {asked[room]}".encode()).digest(32 if nbytes is None else nbytes)

    def randbits(k: int) -> int:
        return int.from_bytes(token_bytes((k + 7) // 8), "big") >> (-k % 8)

    token, bits = secrets.token_bytes, secrets.randbits
    secrets.token_bytes, secrets.randbits = token_bytes, randbits
    try:
        yield
    finally:
        secrets.token_bytes, secrets.randbits = token, bits


def _room() -> str:
    """Return the function that asks, by its file and name."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.endswith(_PASSED_OVER):
        frame = frame.f_back
    return f"{frame.f_code.co_filename} {frame.f_code.co_qualname}"
