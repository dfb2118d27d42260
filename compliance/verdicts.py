"""What a hook may say of a publication, what can go wrong with it, and how several answers become one.

No rewriting: a server that changed what somebody said would become its author.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from protocol import limits
from protocol.decisions import Span

LABEL = re.compile(rf"[a-z0-9][a-z0-9_.-]{{0,{limits.LABEL_CHARS - 1}}}")


class VerdictError(ValueError):
    """What a hook gave is no verdict: a label of another form, a text too long, too many places."""


@dataclass(frozen=True, slots=True)
class Allow:
    """Nothing against it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """It may appear, with these labels, which every reader sees: 1 to 32 of a-z, 0-9, `_`, `.` and `-` each.

    `where`: what they are given for, for the author to see.
    """

    labels: tuple[str, ...]
    where: tuple[Span, ...] = ()

    def __post_init__(self) -> None:
        if not self.labels or len(self.labels) > limits.LABELS:
            raise VerdictError(f"a verdict has 1 to {limits.LABELS} labels")
        for label in self.labels:
            if type(label) is not str or not LABEL.fullmatch(label):
                raise VerdictError("a label is 1 to 32 of a-z, 0-9, _, . and -, a letter or digit first")
        _check_places(self.where)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A person should look at it first. `ground`: one of the pack's codes; `text`: why, for the author to read."""

    ground: str
    text: str
    where: tuple[Span, ...] = ()

    def __post_init__(self) -> None:
        _check(self.ground, self.text, self.where)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """It must not appear. `ground`: one of the pack's codes; `text`: why, for the author to read."""

    ground: str
    text: str
    where: tuple[Span, ...] = ()

    def __post_init__(self) -> None:
        _check(self.ground, self.text, self.where)


Verdict = Allow | Label | Hold | Reject


class Failure(StrEnum):
    """Why there is no verdict."""

    LATE = "late"
    CRASHED = "crashed"
    REFUSED = "refused"
    MALFORMED = "malformed"
    CANCELLED = "cancelled"
    OVERSIZE = "oversize"


class OnError(StrEnum):
    """What becomes of a publication when a hook fails: configured for each hook and surface, never guessed."""

    HOLD = "hold"
    REJECT = "reject"
    ALLOW = "allow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one hook said, or how it failed, of one publication; the receipt of it is written from this.

    `version` and `digest` (hexadecimal BLAKE3 of its code and rules) say which hook it was; `took_us`: microseconds of
    wall time. `on_error`: the policy in force for it here.
    """

    hook: str
    kind: str
    version: str
    digest: str
    took_us: int
    outcome: Verdict | Failure
    on_error: OnError


def labels_of(answers: Iterable[Answer]) -> tuple[str, ...]:
    """Return the labels of all `answers`, united and in order."""
    found = {label for answer in answers if isinstance(answer.outcome, Label) for label in answer.outcome.labels}
    return tuple(sorted(found))[: limits.LABELS]


def places_of(answers: Iterable[Answer]) -> tuple[Span, ...]:
    """Return what all `answers` gave their labels for: those of the hook first by name first."""
    by_hook = sorted(answers, key=lambda answer: answer.hook)
    given = (answer.outcome.where for answer in by_hook if isinstance(answer.outcome, Label))
    return tuple(dict.fromkeys(span for where in given for span in where))[: limits.PLACES_FOUND]


def strictest(answers: Iterable[Answer]) -> Answer | None:
    """Return the answer that binds: the strictest verdict, of equal ones that of the hook first by name.

    None when nothing speaks against it. Failures are no verdicts and are not looked at here.
    """
    against = [answer for answer in answers if isinstance(answer.outcome, Hold | Reject)]
    return min(against, key=lambda answer: (not isinstance(answer.outcome, Reject), answer.hook), default=None)


def _check(ground: str, text: str, where: tuple[Span, ...]) -> None:
    if type(ground) is not str or not ground or len(ground) > limits.CATEGORY_CHARS:
        raise VerdictError("a ground is one of the pack's codes")
    if type(text) is not str or not text.strip() or len(text) > limits.REASON_CHARS:
        raise VerdictError(f"a reason has 1 to {limits.REASON_CHARS} characters")  # No decision without facts.
    _check_places(where)


def _check_places(where: tuple[Span, ...]) -> None:
    if len(where) > limits.PLACES_FOUND or not all(type(span) is Span for span in where):
        raise VerdictError(f"a verdict points at {limits.PLACES_FOUND} places at most")
