"""What a built-in check is. It reads no file, no clock and no store: the caller brings what it asks for.

A check runs where everything else waits for it, so its work is bounded by the size of the text and nothing in a text
can make it worse: no pattern that backtracks, no loop over what an author chooses.
"""

from collections.abc import Callable, Iterable
from typing import Annotated, Literal, Protocol, Self

import msgspec
from blake3 import blake3
from msgspec import Meta

from compliance.checks import characters
from compliance.publication import Publication
from compliance.verdicts import LABEL, Allow, Hold, Label, Reject, Verdict
from protocol import limits
from protocol.decisions import Span

Read = Callable[[str], bytes]  # Gives the bytes of a file that the options name; the caller resolves the path.
Action = Literal["label", "hold", "reject"]
Ground = Annotated[
    str, Meta(pattern=r"^[a-z][a-z0-9_]*$", max_length=limits.CATEGORY_CHARS, description="One of the pack's grounds.")
]


class CheckError(ValueError):
    """The check cannot be used as it is configured; the message says what is wrong, and where."""


LabelName = Annotated[str, Meta(pattern=rf"^{LABEL.pattern}$", description="The label that every reader sees.")]
Reason = Annotated[
    str, Meta(min_length=1, max_length=limits.REASON_CHARS, description="What the author is told, for hold and reject.")
]


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may be said of a check in the configuration. Every field is bounded, described, and does something."""


class Check(Protocol):
    """One check, ready to judge. The same text, options and past give the same verdict.

    `version`: of its code; `digest`: hexadecimal BLAKE3 of its version and rules, so that a receipt says what judged;
    `grounds`: those its verdicts may name, all of which the pack must have.
    """

    version: str
    digest: str
    grounds: frozenset[str]

    @property
    def rules(self) -> frozenset[str]:
        """Its rules one by one, so that a reload can say how many came and went."""

    def judge(self, publication: Publication) -> Verdict:
        """Say what is to become of `publication`. It changes nothing."""

    def learn(self, publication: Publication) -> None:
        """Take notice that `publication` has become public; most checks need not know."""

    def succeed(self, before: Self) -> None:
        """Take over what `before`, the same check with other options, has learned; most checks have learned nothing."""


def digest_of(version: str, options: Options, *files: bytes) -> str:
    """Return the digest of a check: of its version, its options, its files, and of how characters fold.

    The table of characters is made by now, so that the first publication need not wait for it.
    """
    characters.characters()
    hashed = blake3(msgspec.json.encode([version, characters.VERSION, options]))
    for packed in files:
        hashed.update(blake3(packed).digest())
    return hashed.hexdigest()


def compare(before: Check, after: Check) -> tuple[int, int]:
    """Return how many rules came and how many went from `before` to `after`."""
    return len(after.rules - before.rules), len(before.rules - after.rules)


def verdict(action: Action, *, label: str, ground: str, text: str, where: Iterable[Span] = ()) -> Verdict:
    """Return the verdict that `action` stands for; it points at the first `limits.PLACES_FOUND` of `where`."""
    places = tuple(where)[: limits.PLACES_FOUND]
    if action == "label":
        return Label(labels=(label,), where=places)
    kind = Reject if action == "reject" else Hold
    return kind(ground=ground, text=text, where=places)


def strictest(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the strictest of `verdicts`, of equally strict ones the first; labels and their places are united."""
    given = list(verdicts)
    for kind in (Reject, Hold):
        for each in given:
            if isinstance(each, kind):
                return each
    labelled = [each for each in given if isinstance(each, Label)]
    if not labelled:
        return Allow()
    labels = {label for each in labelled for label in each.labels}
    places = tuple(dict.fromkeys(span for each in labelled for span in each.where))
    return Label(labels=tuple(sorted(labels))[: limits.LABELS], where=places[: limits.PLACES_FOUND])
