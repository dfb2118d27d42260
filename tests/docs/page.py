"""docs/PROTOCOL.md as a reader of its tables sees it: sections, tables, links, and the bytes of its example."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.docs.wire import Field, Fields

PROTOCOL = Path(__file__).parents[2] / "docs" / "PROTOCOL.md"

Rows = list[list[str]]

_HEADING = re.compile(r"(#+) (.+)")
_LINK = re.compile(r"\[([^\]]+)\]\(#([^)]*)\)")
_CODE = re.compile(r"`([^`]+)`")
_REPLY = re.compile(r"^Reply: \[(\w+)\]", re.MULTILINE)
_HEX = re.compile(r"^((?:[0-9a-f]{2} )*[0-9a-f]{2})(?:  |$)", re.MULTILINE)
_BLOCK = re.compile(r"^```(\w+) ([\w-]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass
class Section:
    """What stands under one heading, up to the next one. `chapter` is the heading of level two above it."""

    chapter: str
    title: str
    level: int
    text: str = ""
    tables: dict[str, Rows] = field(default_factory=dict)  # By the first cell of the header.


class Page:
    """The page, parsed."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.sections = list(_sections(text))
        self.blocks = {name: body for _, name, body in _BLOCK.findall(text)}

    def chapter(self, title: str) -> Section:
        """Return the chapter called `title`."""
        return self._find(lambda section: section.level == 2 and section.title == title, title)

    def table(self, chapter: str, header: str) -> Rows:
        """Return the first table in `chapter` whose header begins with `header`."""
        owner = self._find(
            lambda section: section.chapter == chapter and header in section.tables, f"{chapter}: {header}"
        )
        return owner.tables[header]

    def text_of(self, title: str) -> str:
        """Return what stands under the heading `title`, tables aside."""
        return self._find(lambda section: section.title == title, title).text

    def requests(self) -> dict[str, Fields]:
        """Return the fields of each operation's request, as the page has them."""
        return {name: _fields(section.tables.get("request", [])) for name, section in self.operations().items()}

    def operations(self) -> dict[str, Section]:
        """Return the sections of the operations."""
        return {
            plain(each.title).removesuffix(" operation"): each  # Said where a structure has the same name.
            for each in self.sections
            if each.chapter == "Operations" and each.level == 4
        }

    def replies(self) -> dict[str, str | Fields]:
        """Return what each operation is answered with: the name of a structure, or fields."""
        found: dict[str, str | Fields] = {}
        for name, section in self.operations().items():
            named = _REPLY.search(section.text)
            found[name] = named[1] if named else _fields(section.tables.get("reply", []))
        return found

    def pushes(self) -> dict[str, Fields]:
        """Return the fields of each push."""
        return {
            plain(each.title).removesuffix(" push"): _fields(each.tables.get("push", []))
            for each in self.sections
            if each.chapter == "Pushes" and each.level == 3
        }

    def structures(self) -> dict[str, Fields]:
        """Return the fields of each structure; those that are choices have none here."""
        return {name: _fields(section.tables.get("field", [])) for name, section in self._structures().items()}

    def choices(self) -> dict[str, set[str]]:
        """Return the values of each choice: what stands in code in the text below its heading."""
        return {name: set(_CODE.findall(each.text)) for name, each in self._structures().items() if not each.tables}

    def errors_named(self) -> set[str]:
        """Return the error codes that some operation may give."""
        named = [row[0] for each in self.operations().values() for row in each.tables.get("error", [])]
        return {code for cell in named for code in _CODE.findall(cell)}

    def anchors(self) -> list[str]:
        """Return the anchor of every heading, made as GitHub makes them."""
        return [re.sub(r"[^\w\- ]", "", plain(each.title).lower()).replace(" ", "-") for each in self.sections]

    def links(self) -> set[str]:
        """Return the anchors that the page links to."""
        return {target for _, target in _LINK.findall(self.text)}

    def bytes_of(self, block: str) -> bytes:
        """Return the bytes of a block of the example: what stands on the left."""
        return bytes.fromhex(" ".join(_HEX.findall(self.blocks[block])))

    def _structures(self) -> dict[str, Section]:
        return {each.title: each for each in self.sections if each.chapter == "Structures" and each.level == 3}

    def _find(self, wanted: Callable[[Section], bool], name: str) -> Section:
        for section in self.sections:
            if wanted(section):
                return section
        raise LookupError(f"docs/PROTOCOL.md has no {name}")


def plain(cell: str) -> str:
    """Return `cell` without code marks and links."""
    return _CODE.sub(r"\1", _LINK.sub(r"\1", cell)).strip()


def codes(cell: str) -> list[str]:
    """Return what stands in code in `cell`."""
    return _CODE.findall(cell)


def _fields(rows: Rows) -> Fields:
    return {plain(row[0]): Field(plain(row[1]), plain(row[2])) for row in rows}


def _sections(text: str) -> Iterator[Section]:
    section, chapter, fenced = Section("", "", 0), "", False
    header: str | None = None
    for line in text.splitlines():
        fenced ^= line.startswith("```")
        heading = None if fenced else _HEADING.fullmatch(line)
        if heading:
            yield section
            level = len(heading[1])
            chapter = heading[2] if level == 2 else chapter
            section, header = Section(chapter, heading[2], level), None
        elif line.startswith("|") and not fenced:
            cells = [cell.strip() for cell in line.split("|")[1:-1]]
            if header is None:
                header = plain(cells[0])
                section.tables.setdefault(header, [])
            elif set(cells[0]) != {"-"}:
                section.tables[header].append(cells)
        else:
            header = None
            section.text += line + "\n"
    yield section
