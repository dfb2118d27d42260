"""An article and an account's page, as they are read: set for a terminal, plain on a pipe. Values in, lines out."""

from collections.abc import Iterator
from dataclasses import dataclass

from rich.text import Text

from client.articles import Article
from client.line.cards import uri
from client.line.own import NEWS_WORDS
from client.line.safe import moment, visible
from client.line.screen import Screen
from client.line.wrapping import wrap
from client.replies import menu_lines
from client.view import content_of
from protocol.account_states import NewsRight
from protocol.following import AccountPage
from protocol.publications import Content, Source

COLUMNS = 76  # A line that is longer than this reads badly, however wide the terminal is.


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, or an empty line between two. `style`: as rich has it."""

    text: str = ""
    style: str = ""


def lay_out(screen: Screen, blocks: Iterator[Block]) -> None:
    """Print `blocks`: wrapped at a terminal, a paragraph a line on a pipe."""
    width = min(screen.out.width, COLUMNS)
    for block in blocks:
        for line in wrap(block.text, width) if screen.out.is_terminal else [block.text]:
            screen.say(Text(line, style=block.style))


def article(screen: Screen, found: Article, page: AccountPage) -> Iterator[Block]:
    """Return an article under the heading of its account: its label, and where it comes from, before all else."""
    content, entry, published = found.content, found.entry, found.published
    yield Block(_heading(screen, page), "dim")
    yield Block()
    yield Block(visible(content.title), "bold")
    version = f"version {published.version}" if published.version > 1 else ""
    facts = (f"by {content.author}" if content.author else "", moment(entry.at), version, content.category)
    yield Block(visible(" · ".join(filter(None, facts))), "dim")
    if published.source is not None:
        yield Block(_source(screen, published.source), "dim")
    if found.source_withdrawn:
        yield Block("What it reprints is not public any more.", "yellow")
    if published.labels:
        yield Block(f"[{', '.join(map(visible, published.labels))}]", "bold yellow")
    if content.summary:
        yield Block()
        yield from _paragraphs(content.summary, "italic")
    yield from _body(content)


def account(screen: Screen, page: AccountPage, *, body: str, category: str) -> Iterator[Block]:
    """Return an account as anybody sees it. `body`, `category`: the titles of its codes."""
    profile = content_of(page.profile)
    yield Block(_heading(screen, page), "bold")
    yield Block(visible(f"{page.type} account · {body} · {category} · {page.topic}"), "dim")
    if page.approval:
        yield Block(visible(f"approved: {page.approval}"), "dim")
    yield from _paragraphs(profile.text)
    if profile.tags:
        yield Block(f"Its followers may choose one of: {', '.join(map(visible, profile.tags))}")
    menu = content_of(page.menu).menu
    if menu:
        yield Block("Menu:", "dim")
        yield from (Block(f"  {visible(line)}") for line in menu_lines(menu))


def _heading(screen: Screen, page: AccountPage) -> str:
    label = f" · {NEWS_WORDS[page.label]}" if page.label is not NewsRight.NONE else ""
    return f"{screen.somewhere(page.topic)}{label}"


def _source(screen: Screen, source: Source) -> str:
    first, last = source.hops[0], source.hops[-1]
    author = f" by {visible(source.author)}" if source.author else ""
    words = f"Reprint of “{visible(source.title)}”{author}, from {screen.somewhere(first.account)}"
    words += f" ({uri(first.account, first.seq)})"
    return words if first is last else f"{words}, by way of {screen.somewhere(last.account)}"


def _body(content: Content) -> Iterator[Block]:
    if content.text:
        yield Block()
        yield from _paragraphs(content.text)
    for part in content.parts:
        yield Block()
        if part.heading:
            yield Block(visible(part.heading), "bold")
        yield from _paragraphs(part.text)
        if part.link:
            yield Block(visible(part.link), "underline")


def _paragraphs(text: str, style: str = "") -> Iterator[Block]:
    return (Block(visible(line), style) for line in (text.split("\n") if text else []))
