"""Whether everybody saw what they were to see, and nobody anything else: the graph held against what was shown.

Pure: values in, rows and sentences out. A fault is a sentence about one root; no fault means that everything holds.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields

from benchmarks.neighbours.graph import NOTHING, Said, View

Views = Mapping[tuple[str, str], View]  # By who sees it, and what.
_WORDS = {
    "timeline": "in the timeline",
    "page": "on the author's page",
    "shown": "when asked for",
    "opens": "as a thread",
    "comments": "comments",
    "likers": "who likes it",
    "likes": "likes",
    "counted": "comments counted",
    "liked": "liked by themselves",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong about `key`."""

    key: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Everybody has looked, after `when`: what they were to see, and what they saw."""

    when: str
    due: Views
    seen: Views


@dataclass(slots=True)
class Pushes:
    """What was pushed to each, counted, by who got it and what it is about."""

    told: Counter[tuple[str, str]] = field(default_factory=Counter)  # That something is said.
    stirred: Counter[tuple[str, str]] = field(default_factory=Counter)  # That something in its thread has changed.
    noticed: Counter[str] = field(default_factory=Counter)  # That there is a notice; of nothing in particular.


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One root. `told`: to how many it was pushed; `due`: those are to be, by the graph. The rest is of the last look:
    how many see it, how many times a comment or a like of it is shown to somebody, and how many are to be.
    """

    what: str
    whom: str
    due: int
    told: int
    seen: int
    seen_due: int
    comments: int
    comments_due: int
    likes: int
    likes_due: int
    wrong: int


def misseen(looks: Sequence[Look]) -> list[Fault]:
    """Return everything that was shown and should not be, was not and should, or was more than once."""
    return [fault for look in looks for fault in _misseen(look)]


def mispushed(due: Pushes, got: Pushes) -> list[Fault]:
    """Return everything that was pushed to somebody whom it does not concern, was not and should, or came too often."""
    found = []
    for what, wanted, came in (
        ("told that it was said", due.told, got.told),
        ("told that its thread has changed", due.stirred, got.stirred),
    ):
        for person, key in sorted(wanted.keys() | came.keys()):
            if wanted[person, key] != came[person, key]:
                times = f"{came[person, key]} times, not {wanted[person, key]}"
                found.append(Fault(key, f"{key}: {person} was {what} {times}"))
    for person in sorted(due.noticed.keys() | got.noticed.keys()):
        if due.noticed[person] != got.noticed[person]:
            told = f"{person} was told of {got.noticed[person]} notices, not {due.noticed[person]}"
            found.append(Fault("notices", told))
    return found


def rows(
    roots: Sequence[Said], whom: Mapping[str, str], last: Look, due: Pushes, got: Pushes, wrong: list[Fault]
) -> list[Row]:
    """Return a row for each of `roots`; `whom`: in words, whom each is for."""
    about = Counter(fault.key for fault in wrong)
    return [
        Row(
            what=root.key,
            whom=whom[root.key],
            due=_people(due.told, root.key),
            told=_people(got.told, root.key),
            seen=sum(view.opens for view in _of(last.seen, root.key)),
            seen_due=sum(view.opens for view in _of(last.due, root.key)),
            comments=sum(len(view.comments) for view in _of(last.seen, root.key)),
            comments_due=sum(len(view.comments) for view in _of(last.due, root.key)),
            likes=sum(view.likes for view in _of(last.seen, root.key)),
            likes_due=sum(view.likes for view in _of(last.due, root.key)),
            wrong=about[root.key],
        )
        for root in roots
    ]


def _misseen(look: Look) -> Iterator[Fault]:
    for place in sorted(look.due.keys() | look.seen.keys()):
        viewer, key = place
        due, seen = (views.get(place, NOTHING) for views in (look.due, look.seen))
        for each in fields(View):
            wanted, shown = getattr(due, each.name), getattr(seen, each.name)
            if wanted != shown:
                said = f"{_WORDS[each.name]}: {_in_words(shown)}, not {_in_words(wanted)}"
                yield Fault(key, f"{key}, {look.when}, to {viewer}, {said}")


def _in_words(value: object) -> str:
    return ", ".join(sorted(value)) or "nothing" if isinstance(value, frozenset) else str(value)


def _people(counted: Counter[tuple[str, str]], key: str) -> int:
    return sum(bool(times) for (_, about), times in counted.items() if about == key)


def _of(views: Views, key: str) -> list[View]:
    return [view for (_, about), view in views.items() if about == key]
