"""One hook as the panel asks it: the port that plugins and webhooks are adapters of, and what any of them says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from compliance.publication import Publication
from compliance.verdicts import Failure, Verdict
from protocol.publications import Surface
from server.hooks.settings import Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a hook said, or how it failed. `why`: fit for the log; `quoted`: may quote the publication, for its author.

    `why` names types, places in code and sizes.
    """

    outcome: Verdict | Failure
    why: str = ""
    quoted: str = ""


class InstalledAs(Protocol):
    """What people and receipts are told of a hook. `kind`: as InstalledHook has it; `digest`: of its code and rules."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def digest(self) -> str: ...
    @property
    def watches(self) -> Mapping[Surface, Watch]:
        """How it watches each surface where it is asked."""


class RemoteHook(InstalledAs, Protocol):
    """A hook that judges outside of the server's process."""

    async def ask(self, publication: Publication, deadline_s: float) -> Said:
        """Return what it says, or how it failed, within `deadline_s`. Cancelled, it leaves nothing behind."""

    async def run(self) -> None:
        """Keep it going, until cancelled."""

    async def close(self) -> None:
        """Let go of what it holds."""
