"""Two clocks: a monotonic one for deadlines and a wall one for what people and the law read."""

import time
from typing import Protocol


class Clock(Protocol):
    """Where time comes from; tests bring their own."""

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""

    def wall_ms(self) -> int:
        """Return Unix time in whole milliseconds."""


class SystemClock:
    """The machine's clocks."""

    def monotonic(self) -> float:
        return time.monotonic()

    def wall_ms(self) -> int:
        return time.time_ns() // 1_000_000
