"""The parts of docs/COMPLIANCE.md that are made from the code: articles, promises, sides, states, stages, grounds.

`python -m compliance.catalog` writes them anew between their marks; a test fails when the page is not as written here.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from compliance import pack
from compliance.duties import DUTIES, PROMISES
from compliance.pack import Pack
from compliance.sides import CARRIERS, NO_TEXT, SIDES, Follows, Private, Published, Row, TextKind
from compliance.submissions import FINAL, NEXT
from protocol.decisions import SubmissionState
from protocol.publications import Surface

PAGE = Path("docs/COMPLIANCE.md")


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
    names = {promise.path: promise.name for promise in PROMISES}
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
    rows = ((promise.name, promise.says, f"`{promise.path}`") for promise in PROMISES)
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
    width = max(len(move) for _, move in NEXT) + 2
    yield "```"
    for state in SubmissionState:
        moves = [(move, after) for (before, move), after in NEXT.items() if before is state]
        for number, (move, after) in enumerate(moves):
            fork = "─┬─" if number == 0 else " └─" if number == len(moves) - 1 else " ├─"
            begin = f"{state} ".ljust(9, "─") if number == 0 else " " * 9
            yield f"{begin}{fork} {f'{move} '.ljust(width, '─')}► {after}"
    yield "```"
    yield ""
    yield f"Final: {_codes(state for state in SubmissionState if state in FINAL)}."


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
    part.__name__: part for part in (articles, promises, sides, fields, submissions, stages, grounds)
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
