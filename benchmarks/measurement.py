"""One measurement, as every benchmark gives it: the same keys for all, and what else applies."""

from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """`members`: connections that hear each message, or, where nothing is said, that are there.

    `window`: messages in flight; None: an open loop, or no loop.

    CPU is that of the server's processes, user and system, all threads, from the operating system. A latency is from
    the sending, in an open loop from the intended time, to the last one who hears it. `more`: what else applies.
    """

    benchmark: str
    system: str
    version: str
    members: int
    window: int | None
    deliveries: int
    deliveries_per_s: float
    cpu_us_per_delivery: float
    p50_ms: float
    p99_ms: float
    lost: int
    duplicated: int
    more: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return it as one flat object; a figure that there is none of is null."""
        figures = {name: getattr(self, name) for name in KEYS}
        return {name: None if figure != figure else figure for name, figure in (figures | self.more).items()}  # noqa: PLR0124 - NaN.


KEYS = tuple(each.name for each in fields(Measurement) if each.name != "more")
