"""Everything somebody needs who writes a hook: the specs, and the words a hook answers with.

from compliance.hooks import Reject, hookimpl

@hookimpl
def judge(publication):
    if "spread this" in publication.content.text.casefold():
        return Reject(ground="truthfulness", text="Chain letters are not published here.")
"""

from typing import Any

import pluggy

from compliance.publication import Account as Account
from compliance.publication import Hop as Hop
from compliance.publication import Provenance as Provenance
from compliance.publication import Publication as Publication
from compliance.verdicts import Allow as Allow
from compliance.verdicts import Hold as Hold
from compliance.verdicts import Label as Label
from compliance.verdicts import Reject as Reject
from compliance.verdicts import Verdict
from protocol.account_states import NewsRight as NewsRight
from protocol.decisions import Span as Span
from protocol.publications import Content as Content
from protocol.publications import Part as Part
from protocol.publications import Surface as Surface
from protocol.publications import fields_of as fields_of

PROJECT = "hutong"
GROUP = "hutong.hooks"  # The entry points by which installed plugins are found.

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec(firstresult=True)
def judge(publication: Publication) -> Verdict | None:
    """Say what is to become of `publication`; None is Allow."""


@hookspec(firstresult=True)
def version() -> str | None:
    """Return the version of the hook's rules, for receipts; by default that of its package, or "0"."""


@hookspec(firstresult=True)
def options() -> type | None:
    """Return the msgspec Struct or dataclass that the hook's options are checked against; by default none are taken."""


@hookspec
def configure(options: Any) -> None:
    """Take the options, of the type that `options` gave, once before the first publication."""
