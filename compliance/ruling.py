"""From what the hooks answered to what becomes of a publication. Deterministic: the same answers, the same ruling."""

from collections.abc import Sequence
from dataclasses import dataclass

from compliance.pack import GATE_FAILURE, HOUR_MS, UNDECLARED_NEWS, Pack
from compliance.verdicts import Answer, Failure, Hold, OnError, Reject, labels_of, places_of, strictest
from protocol.decisions import Span
from protocol.publications import OF_ACCOUNTS, Surface

RETRY_MS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """Why, as a decision needs it. `by`: who decided; `facts`: in words, for the author."""

    ground: str
    facts: str
    by: str
    where: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Publishes:
    """It appears, with `labels`. `labelled_by`: the hooks that gave them, each with its version; `where`: for what."""

    labels: tuple[str, ...]
    labelled_by: str = ""
    where: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Holds:
    """It waits for a person, for `length_ms` from when that is written down. `labels` are for when it is released."""

    why: Grounds
    length_ms: int
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejects:
    """It does not appear."""

    why: Grounds


@dataclass(frozen=True, slots=True)
class Unavailable:
    """A hook failed whose policy is to reject: nothing is kept, and the author may try again."""

    retry_after_ms: int


Ruling = Publishes | Holds | Rejects | Unavailable


def rule(answers: Sequence[Answer], pack: Pack, *, surface: Surface, category: str) -> Ruling:
    """Return what becomes of a publication that the hooks gave `answers` about.

    The strictest wins: a rejection, then a failure whose policy is to reject, then a hold, then current-affairs news
    that its author did not declare as its `category`, then a failure whose policy is to hold; labels are united. A
    failure whose policy is to allow counts as if the hook were not there.
    """
    binding = strictest(answers)
    labels = labels_of(answers)
    if binding is not None and isinstance(binding.outcome, Reject):
        return Rejects(why=_why(binding, binding.outcome))
    failed = sorted((answer for answer in answers if isinstance(answer.outcome, Failure)), key=lambda it: it.hook)
    if any(answer.on_error is OnError.REJECT for answer in failed):
        return Unavailable(RETRY_MS)
    if binding is not None and isinstance(binding.outcome, Hold):
        length_ms = int(pack.holds.review_h * HOUR_MS)
        return Holds(why=_why(binding, binding.outcome), length_ms=length_ms, labels=labels)
    if undeclared := _undeclared_news(answers, pack, surface, category):
        return Holds(why=undeclared, length_ms=int(pack.holds.review_h * HOUR_MS), labels=labels)
    held = next((answer for answer in failed if answer.on_error is OnError.HOLD), None)
    if held is not None:
        why = Grounds(
            ground=GATE_FAILURE,
            facts=f"The hook {held.hook} gave no verdict ({held.outcome}); nothing was found against what you wrote.",
            by=by_hook(held),
        )
        return Holds(why=why, length_ms=int(pack.holds.failure_h * HOUR_MS), labels=labels)
    givers = sorted({f"{answer.hook} {answer.version}" for answer in answers if labels_of([answer])})
    return Publishes(labels=labels, labelled_by=", ".join(givers), where=places_of(answers))


def unjudged(pack: Pack, facts: str, *, by: str) -> Holds:
    """Return the hold of what could not be judged, or concluded, and whose author is not there to try again."""
    why = Grounds(ground=GATE_FAILURE, facts=facts, by=by)
    return Holds(why=why, length_ms=int(pack.holds.failure_h * HOUR_MS), labels=())


def by_hook(answer: Answer) -> str:
    """Return how a decision names the hook it was made by."""
    return f"hook {answer.hook} {answer.version}"


def _undeclared_news(answers: Sequence[Answer], pack: Pack, surface: Surface, category: str) -> Grounds | None:
    """Return why it is held that hooks assert current-affairs news where its author declares something else (Art. 7).

    Neither is believed: the right hangs on it. Of public accounts only; nobody else needs a right.
    """
    if pack.news is None or surface not in OF_ACCOUNTS or category == pack.news.category:
        return None
    asserting = [answer for answer in answers if pack.news.label in labels_of([answer])]
    if not asserting:
        return None
    facts = (
        "It is taken for current-affairs news and not declared as such. If it is, take it back and declare it; if it"
        " is not, a reviewer releases it."
    )
    by = "hook " + ", ".join(sorted(f"{answer.hook} {answer.version}" for answer in asserting))
    return Grounds(ground=UNDECLARED_NEWS, facts=facts, by=by, where=places_of(asserting))


def _why(answer: Answer, verdict: Hold | Reject) -> Grounds:
    return Grounds(ground=verdict.ground, facts=verdict.text, by=by_hook(answer), where=verdict.where)
