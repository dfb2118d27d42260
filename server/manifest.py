"""The coverage manifest: every operation there is, the words it brings in, and whether they pass the gate.

Made from the dispatch table, so that nothing can be left out. `python -m server.manifest` writes it into
docs/COMPLIANCE.md between its marks; a test fails when the page is not as written here.
"""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

from compliance.sides import CARRIERS, SIDES, Published, TextKind
from protocol.entries import Side
from protocol.frames import REQUESTS, Hello
from server.dispatch import Publishes, Rule, Rules, table
from server.outcomes import NOT_FOUND, Decision

PAGE = Path("docs/COMPLIANCE.md")
BEGIN = "<!-- manifest: made by python -m server.manifest -->"
END = "<!-- end of manifest -->"


class ManifestError(ValueError):
    """The page does not have the marks of the manifest exactly once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One operation. `words`: the fields that bring words in, each with the kinds they may be of.

    `sides`: of the topic it names, if it names one. `gated`: whether what it brings in is submitted to the gate.
    """

    operation: str
    rule: str
    sides: frozenset[Side]
    words: dict[str, tuple[TextKind, ...]]
    gated: bool

    @property
    def publishes(self) -> bool:
        """Whether any of its words would be public."""
        return any(isinstance(SIDES[kind], Published) for kinds in self.words.values() for kind in kinds)


def whole_table() -> Rules:
    """Return the dispatch table with handlers that are not furnished: it can be looked at, and nothing be asked."""
    shapes: dict[str, Any] = get_type_hints(table)
    handlers = {name: object.__new__(shape) for name, shape in shapes.items() if name not in {"hello", "return"}}
    return table(_hello, **handlers)


def ways(rules: Rules) -> tuple[Way, ...]:
    """Return every operation of the wire, by name, as `rules` have it.

    Raises:
        KeyError: The rules lack one.
    """
    return tuple(_way(operation, rules[shape]) for operation, shape in sorted(REQUESTS.items()))


def written(page: str) -> str:
    """Return `page` with the manifest as it should be.

    Raises:
        ManifestError: Its marks are not there exactly once.
    """
    before, _, rest = page.partition(BEGIN)
    _, closed, after = rest.partition(END)
    if page.count(BEGIN) != 1 or page.count(END) != 1 or not closed:
        raise ManifestError(f"the page must have {BEGIN} once, and {END} once behind it")
    return "\n\n".join((before + BEGIN, "\n".join(lines(ways(whole_table()))), END + after))


def lines(found: Iterable[Way]) -> Iterator[str]:
    """Return the lines of the table that the page shows."""
    yield "| operation | rule | sides | brings in | the gate |"
    yield "| --- | --- | --- | --- | --- |"
    for way in found:
        brings = "; ".join(f"`{field}`: {', '.join(kinds)}" for field, kinds in way.words.items())
        sides = ", ".join(sorted(way.sides))
        yield f"| `{way.operation}` | {way.rule} | {sides} | {brings} | {'every version' if way.gated else ''} |"


def main(path: Path = PAGE) -> None:
    """Write the manifest of the page at `path` anew."""
    path.write_text(written(path.read_text(encoding="utf-8")), encoding="utf-8")


def _way(operation: str, rule: Rule) -> Way:
    return Way(
        operation=operation,
        rule=type(rule).__name__,
        sides=rule.sides,
        words={field: kinds for (name, field), kinds in CARRIERS.items() if name == operation},
        gated=isinstance(rule, Publishes),
    )


def _hello(_request: Hello, _at: int) -> Decision:
    return NOT_FOUND


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
