"""What the server itself raises, apart from the store's errors. A class per remedy.

ServerError
├── ConfigError     a setting is wrong: change it; every problem found is named at once
└── BusyError       too much is waiting already: come back in `retry_after_ms`
"""

from collections.abc import Sequence


class ServerError(Exception):
    """Root of what the server raises."""


class ConfigError(ServerError):
    """The configuration cannot be used; `problems` are sentences that say where, what, and what would be right."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class BusyError(ServerError):
    """Nothing was begun, because too much is waiting."""

    def __init__(self, *, retry_after_ms: int) -> None:
        super().__init__(f"too much is waiting; try again in {retry_after_ms} ms")
        self.retry_after_ms = retry_after_ms
