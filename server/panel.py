"""The port to the hooks: whoever asks them does not know what they are, where they run or how long they take."""

from collections.abc import Callable
from typing import Protocol

from compliance.publication import Publication
from compliance.verdicts import Answer
from protocol.public import InstalledHook

Answered = Callable[[list[Answer]], None]


class Panel(Protocol):
    """The hooks that are installed.

    Every hook that watches the publication's surface gives exactly one answer, a verdict or a failure, and none later
    than its deadline; answers come in the order of the hooks' names. A hook is given the publication and nothing else.
    """

    def installed(self) -> tuple[InstalledHook, ...]:
        """Return the hooks, by name."""

    def ask(self, publication: Publication, done: Answered) -> None:
        """Ask all hooks that watch its surface; call `done` once, on the poller's thread, perhaps before returning."""

    def published(self, publication: Publication) -> None:
        """Tell the built-in checks that learn from what is public that this is public now."""

    def rules(self) -> dict[str, str]:
        """Return, by hook, the version and digest of its rules: what a configuration leaf of the audit log records."""
