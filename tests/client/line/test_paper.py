"""An article and an account's page as they are read: at a terminal, and on a pipe."""

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from client.articles import Article
from client.cache import Cache
from client.line import paper
from client.line.screen import Screen
from protocol import publications
from protocol.account_states import AccountType, NewsRight
from protocol.entries import Entry, Kind
from protocol.following import AccountPage
from protocol.ids import Seq, TopicId
from protocol.publications import Content, Hop, MenuEntry, MenuItem, Part, Published, Source

TOPIC, OTHER, THIRD = (TopicId("0" + letter * 15) for letter in "abc")
TEXT = "It opened on Monday, and everybody who came got a cup of tea. 今天大桥正式通车，市民们从早上八点开始排队。"
CONTENT = Content(
    title="The bridge", summary="All of it.", author="Lin", category="news", text=f"{TEXT}\n\nEnd.",
    parts=(Part(heading="Costs", text="Few."), Part(link="https://example.org/a/very/long/address/indeed")),
)  # fmt: skip
SOURCE = Source(
    hops=(Hop(account=OTHER, seq=Seq(3), digest=b"a" * 32), Hop(account=THIRD, seq=Seq(4), digest=b"a" * 32)),
    author="Mei",
    title="Bridge",
)


def page(**fields: object) -> AccountPage:
    profile = publications.encode(Published(content=Content(title="City News", text="The city.", tags=("arts",))))
    known: dict[str, object] = {
        "topic": TOPIC, "type": AccountType.SERVICE, "body": "person", "category": "life", "head": Seq(1),
        "profile": profile,
    }  # fmt: skip
    return AccountPage(**(known | fields))  # type: ignore[arg-type]


def article(published: Published | None = None, *, source_withdrawn: bool = False) -> Article:
    entry = Entry(topic=TOPIC, seq=Seq(2), at=1_750_000_000_000, kind=Kind.BROADCAST)
    return Article(entry=entry, published=published or Published(content=CONTENT), source_withdrawn=source_withdrawn)


@pytest.fixture
def screen() -> Screen:
    cache = Cache()
    for topic, name in ((TOPIC, "City News"), (OTHER, "Daily"), (THIRD, "Weekly")):
        cache.follows.learn(topic, name)
    return Screen(cache)


def at_terminal(screen: Screen, width: int) -> io.StringIO:
    written = io.StringIO()
    screen.out = Console(file=written, width=width, force_terminal=True, no_color=True, soft_wrap=True, highlight=False)
    return written


def plain(screen: Screen) -> io.StringIO:
    written = io.StringIO()
    screen.out = Console(file=written, width=40, soft_wrap=True, highlight=False)
    return written


def test_on_a_pipe_a_paragraph_is_a_line_without_colours(screen: Screen) -> None:
    written = plain(screen)
    paper.lay_out(screen, paper.article(screen, article(), page()))
    lines = written.getvalue().splitlines()
    assert lines[0] == "[public] City News"
    assert TEXT in lines
    assert "\x1b" not in written.getvalue()
    assert lines[-6:] == ["End.", "", "Costs", "Few.", "", "https://example.org/a/very/long/address/indeed"]


def test_at_a_terminal_lines_are_as_wide_as_it_and_addresses_stay_whole(screen: Screen) -> None:
    written = at_terminal(screen, 30)
    paper.lay_out(screen, paper.article(screen, article(), page()))
    lines = _bare(written.getvalue()).splitlines()
    assert "https://example.org/a/very/long/address/indeed" in lines
    assert all(cell_len(line) <= 30 for line in lines if "https" not in line)
    assert max(cell_len(line) for line in lines if "大桥" in line) > 20


def test_however_wide_the_terminal_is_lines_stay_readable(screen: Screen) -> None:
    written = at_terminal(screen, 200)
    paper.lay_out(screen, paper.article(screen, article(), page()))
    assert max(cell_len(line) for line in _bare(written.getvalue()).splitlines()) <= paper.COLUMNS


def test_label_source_labels_and_version_stand_above_the_text(screen: Screen) -> None:
    written = plain(screen)
    published = Published(content=CONTENT, source=SOURCE, labels=("disputed",), version=3)
    found = article(published, source_withdrawn=True)
    paper.lay_out(screen, paper.article(screen, found, page(label=NewsRight.REPRINT)))
    head = written.getvalue().split("All of it.")[0]
    for words in (
        "[public] City News · may reprint current-affairs news",
        "by Lin",
        "version 3",
        f"Reprint of “Bridge” by Mei, from [public] Daily (hutong:{OTHER}/3), by way of [public] Weekly",
        "What it reprints is not public any more.",
        "[disputed]",
    ):
        assert words in head


def test_what_would_steer_a_terminal_is_shown_instead(screen: Screen) -> None:
    written = plain(screen)
    evil = Content(title="a\x1b[2Jb", text="c\x07d", parts=(Part(link="https://x\x1b]8;;y"),), author="\u202eevil")
    paper.lay_out(screen, paper.article(screen, article(Published(content=evil)), page()))
    assert not {"\x1b", "\x07", "\u202e"} & set(written.getvalue())


def test_an_account_is_shown_with_its_codes_in_words_and_its_menu(screen: Screen) -> None:
    written = plain(screen)
    menu = Content(menu=(MenuEntry(label="About", items=(MenuItem(label="Who", text="We."),)),))
    shown = page(approval="City Hall 7", menu=publications.encode(Published(content=menu)))
    paper.lay_out(screen, paper.account(screen, shown, body="A person", category="Daily life"))
    assert written.getvalue().splitlines() == [
        "[public] City News",
        f"service account · A person · Daily life · {TOPIC}",
        "approved: City Hall 7",
        "The city.",
        "Its followers may choose one of: arts",
        "Menu:",
        "  1 About",
        "    1.1 Who",
    ]


def test_a_page_that_cannot_be_read_is_an_empty_one(screen: Screen) -> None:
    written = plain(screen)
    paper.lay_out(screen, paper.account(screen, page(profile=b"\xff"), body="A person", category="Daily life"))
    assert len(written.getvalue().splitlines()) == 2


def _bare(text: str) -> str:
    """Return `text` without the terminal's escapes."""
    pieces = text.split("\x1b[")
    return pieces[0] + "".join(piece.partition("m")[2] for piece in pieces[1:])
