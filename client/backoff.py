"""How long to wait before connecting again. Values in, seconds out; it never waits itself.

| what happened                                   | seconds                                          |
| ----------------------------------------------- | ------------------------------------------------ |
| nobody there, or the line broke                 | random in 0 … min(30, 0.5 + all waits before)    |
| the server shut down and named a window         | random in that window                            |
| the server asked to wait (retry_after_ms)       | that long, and random in 0 … 0.5 more             |
| the server said not to come back                | never: None                                      |
"""

import random
import re

from client.errors import ClientError, ConnectionLostError, RefusedError, SignedOutError, UnreachableError
from protocol.errors import CloseCode

FIRST_SECONDS = 0.5
MOST_SECONDS = 30.0
_WINDOW = re.compile(r"reconnect in (\d{1,7})-(\d{1,7}) ms")


class Backoff:
    """The waits of one session. Full jitter, so that clients that lost one server do not all come back at once.

    The bound grows with the time waited, not with the tries: a client whose first waits happen to be short would
    otherwise, in an outage of half a second, be sent away for eight.
    """

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._waited = 0.0

    def succeeded(self) -> None:
        """A connection was made and signed in: the next wait is short again."""
        self._waited = 0.0

    def seconds(self, error: ClientError) -> float | None:
        """Return how long to wait after `error`; None: connecting again is of no use."""
        match error:
            case SignedOutError() | ConnectionLostError(may_reconnect=False):
                return None
            case ConnectionLostError(close_code=CloseCode.SHUTDOWN, reason=reason) if window := _WINDOW.search(reason):
                least, most = sorted(int(bound) / 1000 for bound in window.groups())
                return self._chance.uniform(least, most)
            case RefusedError(retry_after_ms=int() as asked):
                return asked / 1000 + self._chance.uniform(0, FIRST_SECONDS)
            case RefusedError(code="resync" | "internal" | "unavailable") | ConnectionLostError() | UnreachableError():
                wait = self._chance.uniform(0, min(MOST_SECONDS, FIRST_SECONDS + self._waited))
                self._waited += wait
                return wait
            case _:
                return None
