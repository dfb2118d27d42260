"""Articles as their authors write them: plain text with a title, sections and links. Values in, values out.

    # The title

    summary: What its card says
    author: By whom
    category: society
    lang: en

    The text, in as many paragraphs as it takes.

    ## A section

    Its text. A link has a line of its own and ends its section; what it is called becomes the line above it:

    [The minutes](https://example.org/minutes)

The title comes first; of the four lines below it each may be missing. `##` alone begins a section without a heading. A
line that begins with a backslash is text, without that backslash, whatever it looks like.

`write` is the way back: `parse(write(content)) == content` for every article with a title.
"""

import re
from collections.abc import Sequence

import msgspec

from protocol import limits
from protocol.publications import Content, Part, encode_content

HEADERS = ("summary", "author", "category", "lang")
_HEADER = re.compile(rf"({'|'.join(HEADERS)}):(.*)", re.IGNORECASE)
_LINK = re.compile(r"\[([^\]]*)\]\((\S+)\)\s*")
_MOST = {
    "title": limits.TITLE_CHARS,
    "summary": limits.SUMMARY_CHARS,
    "author": limits.BYLINE_CHARS,
    "category": limits.CATEGORY_CHARS,
    "lang": limits.LANGUAGE_CHARS,
    "text": limits.TEXT_CHARS,
    "heading": limits.TITLE_CHARS,
    "link": limits.URL_CHARS,
}


class ManuscriptError(ValueError):
    """The text is no article; the message says what is wrong with it, and where that is one line, in which."""


class _Section:
    """A section while it is read."""

    def __init__(self, heading: str = "") -> None:
        self.heading, self.link = heading, ""
        self.lines: list[str] = []

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def strip(self) -> "_Section":
        """Leave out the empty lines around its text, which only set it apart; an escaped one stays."""
        while self.lines and not self.lines[0].strip():
            del self.lines[0]
        while self.lines and not self.lines[-1].strip():
            del self.lines[-1]
        self.lines = [line.removeprefix("\\") for line in self.lines]
        return self


def parse(manuscript: str) -> Content:
    """Return the article that `manuscript` is.

    Raises:
        ManuscriptError: It has no title, or something in it is longer than an article may have it.
    """
    lines = manuscript.removeprefix("\ufeff").split("\n")
    start = next((number for number, line in enumerate(lines) if line.strip()), 0)
    title = lines[start].removeprefix("#").strip() if _is_title(lines[start]) else ""
    if not title:
        raise ManuscriptError(f"line {start + 1}: an article begins with its title, as in: # The title")
    headers, body = _headers(lines, start + 1)
    first, *sections = [section.strip() for section in _sections(lines[body:])]
    parts = tuple(Part(heading=each.heading, text=each.text, link=each.link) for each in sections)
    content = Content(title=title, text=first.text, parts=parts)
    content = msgspec.structs.replace(content, **headers)
    check(content)
    return content


def write(content: Content) -> str:
    """Return the manuscript of an article, which `parse` reads back."""
    headers = [f"{name}: {_line(getattr(content, name))}" for name in HEADERS if getattr(content, name)]
    text = _escaped(content.text)
    blocks = [f"# {_line(content.title)}", "\n".join(headers), f"\\{text}" if _HEADER.match(text) else text]
    for part in content.parts:
        blocks += [f"## {_line(part.heading)}".rstrip(), _escaped(part.text), f"[]({part.link})" * bool(part.link)]
    return "\n\n".join(filter(None, blocks)) + "\n"


def check(content: Content) -> None:
    """See that the article is within the bounds of the wire.

    Raises:
        ManuscriptError: It is not, and where.
    """
    if len(content.parts) > limits.PARTS:
        raise ManuscriptError(f"an article has at most {limits.PARTS} sections; this has {len(content.parts)}")
    texts = [(name, getattr(content, name), "the") for name in ("title", *HEADERS, "text")]
    for number, part in enumerate(content.parts, 1):
        texts += [(name, getattr(part, name), f"section {number}: the") for name in ("heading", "text", "link")]
    for name, text, where in texts:
        if len(text) > _MOST[name]:
            most = f"at most {_MOST[name]} are published" + "; ## begins another section" * (name == "text")
            raise ManuscriptError(f"{where} {name} has {len(text)} characters; {most}")
    size = len(encode_content(content))
    if size > limits.ARTICLE_BYTES:
        raise ManuscriptError(f"the article takes {size} bytes; at most {limits.ARTICLE_BYTES} are published")


def _is_title(line: str) -> bool:
    return line.startswith("#") and not line.startswith("##")


def _headers(lines: Sequence[str], at: int) -> tuple[dict[str, str], int]:
    """Return what stands between title and text, and the line at which the text begins."""
    headers: dict[str, str] = {}
    while at < len(lines) and not lines[at].strip():
        at += 1
    while at < len(lines) and (match := _HEADER.fullmatch(lines[at])):
        headers[match[1].lower()] = match[2].strip()
        at += 1
    return headers, at


def _sections(lines: Sequence[str]) -> list[_Section]:
    """Return the sections, the first of which is what comes before any heading or link."""
    sections = [_Section()]
    closed = False  # By a link: what comes after it is another section.
    for line in lines:
        link = _LINK.fullmatch(line)
        if line.startswith("##"):
            sections.append(_Section(line.lstrip("#").strip()))
            closed = False
        elif link is not None:
            if closed or len(sections) == 1:
                sections.append(_Section())
            sections[-1].lines += [link[1]] * (link[1] not in {"", link[2]})
            sections[-1].link, closed = link[2], True
        elif closed and line.strip():
            sections.append(_Section())
            sections[-1].lines.append(line)
            closed = False
        else:
            sections[-1].lines.append(line)
    return sections


def _line(text: str) -> str:
    return " ".join(text.split("\n"))


def _escaped(text: str) -> str:
    """Return a text so that each of its lines is read as text, and the first and the last one even if empty."""
    lines = text.split("\n") if text else []
    ends = {0, len(lines) - 1}
    return "\n".join(
        f"\\{line}" if _is_taken(line) or (number in ends and not line.strip()) else line
        for number, line in enumerate(lines)
    )


def _is_taken(line: str) -> bool:
    return line.startswith(("\\", "##")) or _LINK.fullmatch(line) is not None
