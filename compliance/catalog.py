"""The parts of docs/COMPLIANCE.md that are made from the code: articles, promises, sides, states, stages, grounds.

`python -m compliance.catalog` writes them anew between their marks; a test fails when the page is not as written here.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from compliance import pack
from compliance.accounts import NEXT as OF_ACCOUNTS
from compliance.duties import DUTIES, PROMISES
from compliance.pack import Pack
from compliance.sides import CARRIERS, NO_TEXT, SIDES, Follows, Private, Published, Row, TextKind
from compliance.submissions import FINAL, NEXT
from protocol.decisions import SubmissionState
from protocol.publications import Surface

PAGE = Path("docs/COMPLIANCE.md")
S = TypeVar("S", bound=StrEnum)
M = TypeVar("M", bound=StrEnum)


class CatalogError(ValueError):
    """The page lacks the marks of a part, or has them twice."""


def written(page: str) -> str:
    """Return `page` with every part as it should be.

    Raises:
        CatalogError: A part is not there exactly once.
    """
    for name, part in PARTS.items():
        begin, end = f"<!-- {name}: made by python -m compliance.catalog -->", f"<!-- end of {name} -->"
        before, _, rest = page.partition(begin)
        _, closed, after = rest.partition(end)
        if page.count(begin) != 1 or page.count(end) != 1 or not closed:
            raise CatalogError(f"the page must have {begin} once, and {end} once behind it")
        page = "\n\n".join((before + begin, "\n".join(part()).strip(), end + after))
    return page


def articles() -> Iterator[str]:
    """The articles: what each asks, where it stands in the code, what tests it."""
    names = {path: promise.name for promise in PROMISES for path in promise.paths}
    rows = (
        (
            duty.article,
            duty.asks,
            duty.here,
            "; ".join(filter(None, [duty.stage or "", _codes(duty.grounds)])),
            _codes(duty.code),
            ", ".join(names.get(test, f"`{test}`") for test in duty.tests),
        )
        for duty in DUTIES
    )
    return _table(("article", "asks", "in the server", "stage; grounds", "code", "tests"), rows)


def promises() -> Iterator[str]:
    """The promises and their tests."""
    rows = ((promise.name, promise.says, ", ".join(f"`{path}`" for path in promise.paths)) for promise in PROMISES)
    return _table(("", "promise", "test"), rows)


def sides() -> Iterator[str]:
    """The closed table, a row a kind of text."""
    rows = ((kind, _side(SIDES[kind]), _carriers(kind), SIDES[kind].why) for kind in TextKind)
    return _table(("text", "side", "comes in by", "why"), rows)


def fields() -> Iterator[str]:
    """The fields of requests that hold no words of anybody's."""
    return _table(
        ("field", "is"), ((f"`{operation}.{field}`", what) for (operation, field), what in sorted(NO_TEXT.items()))
    )


def submissions() -> Iterator[str]:
    """The states of a submission, as a diagram."""
    yield "```"
    yield from drawn(NEXT)
    yield "```"
    yield ""
    yield f"Final: {_codes(state for state in SubmissionState if state in FINAL)}."


def accounts() -> Iterator[str]:
    """The states of a public account, as a diagram."""
    yield "```"
    yield from drawn(OF_ACCOUNTS)
    yield "```"


def bodies() -> Iterator[str]:
    """Whose accounts may be in each shipped pack, by when they are reviewed, and how often they broadcast."""
    for each in _packs():
        rules = each.accounts
        reviewed = f"Reviewed within {rules.review_h:g} h, encouraged bodies within {rules.encouraged_h:g} h"
        broadcasts = (
            f"Broadcasts: {rules.subscription_daily} a day, of a service account {rules.service_monthly} a month"
        )
        yield f"**`{each.name}`** {reviewed}. {broadcasts} to each follower."
        yield ""
        rows = (
            (f"`{code}`", body.titles["en"], "yes" if body.encouraged else "", f"`{body.news}`")
            for code, body in each.bodies.items()
        )
        yield from _table(("body", "is", "encouraged", "with current-affairs news"), rows)
        yield ""


def drawn(moves: Mapping[tuple[S, M], S]) -> Iterator[str]:
    """The table of what leads from which state to which, as a diagram."""
    begin = max(len(before) for before, _ in moves) + 2
    width = max(len(move) for _, move in moves) + 2
    for state in dict.fromkeys(before for before, _ in moves):
        found = [(move, after) for (before, move), after in moves.items() if before is state]
        for number, (move, after) in enumerate(found):
            fork = "───" if len(found) == 1 else "─┬─" if number == 0 else " └─" if number == len(found) - 1 else " ├─"
            start = f"{state} ".ljust(begin, "─") if number == 0 else " " * begin
            yield f"{start}{fork} {f'{move} '.ljust(width, '─')}► {after}"


def stages() -> Iterator[str]:
    """What each shipped pack asks, by surface."""
    for each in _packs():
        yield f"**`{each.name}`** {each.version} of {each.effective}. Licence: {_licence(each)}. {_holds(each)}."
        yield ""
        rules = ((surface, each.surfaces[surface]) for surface in Surface)
        rows = ((f"`{surface}`", " → ".join(its.stages), its.on_error) for surface, its in rules)
        yield from _table(("surface", "stages, in order", "when a hook fails"), rows)
        yield ""


def grounds() -> Iterator[str]:
    """The grounds of each shipped pack."""
    for each in _packs():
        yield f"**`{each.name}`**"
        yield ""
        rows = (
            (f"`{code}`", ground.clause, _codes([ground.bottom_line]), ground.titles["en"], ground.titles.get("zh", ""))
            for code, ground in each.grounds.items()
        )
        yield from _table(("ground", "stands on", "bottom line", "in English", "in Chinese"), rows)
        yield ""


PARTS: Mapping[str, Callable[[], Iterator[str]]] = {
    part.__name__: part for part in (articles, promises, sides, fields, submissions, accounts, bodies, stages, grounds)
}


def _packs() -> list[Pack]:
    return [pack.load(name) for name in pack.shipped()]


def _licence(each: Pack) -> str:
    return f"{_codes(each.licence.kinds)} ({each.licence.clause})" if each.licence else "none"


def _holds(each: Pack) -> str:
    holds = each.holds
    ends = f"then {holds.at_end}, at most {holds.per_author} at a time of one author"
    return f"Holds: {holds.review_h:g} h for review, {holds.failure_h:g} h after a failure, {ends}"


def _side(row: Row) -> str:
    if isinstance(row, Follows):
        said = f"that of its {row.leader}"
    elif isinstance(row, Published):
        said = f"public, as `{row.surface}`" if row.surface else "public"
    else:
        said = "private" if isinstance(row, Private) else "public, no publication"
    return said if row.here else f"{said} (later)"


def _carriers(kind: TextKind) -> str:
    return _codes(".".join(field) for field, kinds in CARRIERS.items() if kind in kinds)


def _codes(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words if word)


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    header = tuple(header)
    yield f"| {' | '.join(header)} |"
    yield "|" + " --- |" * len(header)
    yield from (f"| {' | '.join(cells)} |" for cells in rows)


def main(path: Path = PAGE) -> None:
    """Write the parts of the page at `path` anew."""
    path.write_text(written(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
