"""Articles as plain text, there and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.manuscripts import ManuscriptError, check, parse, write
from protocol import limits
from protocol.publications import Content, Part

LETTER = """# The bridge is open

summary: Two years of work are over.
author: Lin
category: society
lang: en

It opened on Monday.

Nobody was late.

## What it cost

Less than was feared.

[The minutes](https://example.org/minutes)

## Thanks
To all.
"""


def test_title_headers_sections_and_links_are_read() -> None:
    assert parse(LETTER) == Content(
        title="The bridge is open",
        summary="Two years of work are over.",
        author="Lin",
        category="society",
        lang="en",
        text="It opened on Monday.\n\nNobody was late.",
        parts=(
            Part(
                heading="What it cost",
                text="Less than was feared.\n\nThe minutes",
                link="https://example.org/minutes",
            ),
            Part(heading="Thanks", text="To all."),
        ),
    )


def test_a_title_alone_is_an_article() -> None:
    assert parse("\n# 桥开通了\n") == Content(title="桥开通了")


def test_a_byte_order_mark_does_not_matter() -> None:
    assert parse("\ufeff# Tea") == Content(title="Tea")


@pytest.mark.parametrize("manuscript", ["", "\n\n", "Tea\n", "#\ntext", "## Tea", "summary: Tea\n# Tea"])
def test_without_a_title_it_is_none(manuscript: str) -> None:
    with pytest.raises(ManuscriptError, match="begins with its title"):
        parse(manuscript)


def test_a_link_ends_its_section_and_what_follows_is_another() -> None:
    content = parse("# Tea\n\nfirst\n[](https://a.example)\nsecond\n[https://b.example](https://b.example)\n[c](d)\n\n")
    assert content.text == "first"
    assert content.parts == (
        Part(link="https://a.example"),
        Part(text="second", link="https://b.example"),
        Part(text="c", link="d"),
    )


def test_a_link_inside_of_a_line_is_text() -> None:
    assert parse("# Tea\n\nsee [this](https://a.example), please").parts == ()


def test_a_header_further_down_is_text() -> None:
    assert parse("# Tea\n\nHello.\nauthor: Lin").text == "Hello.\nauthor: Lin"


def test_a_line_with_a_backslash_is_text_as_it_stands() -> None:
    said = parse("# Tea\n\n\\author: Lin\n\\## no heading\n\\[a](b)\n\\\\n\nend")
    assert said == Content(title="Tea", text="author: Lin\n## no heading\n[a](b)\n\\n\nend")


def test_two_hashes_alone_begin_a_section_without_a_heading() -> None:
    assert parse("# Tea\n\none\n##\ntwo").parts == (Part(text="two"),)


@pytest.mark.parametrize(
    ("manuscript", "words"),
    [
        ("# " + "a" * (limits.TITLE_CHARS + 1), "the title has 129 characters; at most 128"),
        ("# Tea\nsummary: " + "a" * (limits.SUMMARY_CHARS + 1), "the summary has 241"),
        ("# Tea\n\n" + "a" * (limits.TEXT_CHARS + 1), "at most 8000 are published; ## begins"),
        ("# Tea\n## one\n## " + "a" * (limits.TITLE_CHARS + 1), "section 2: the heading has 129"),
        ("# Tea\n[](" + "a" * (limits.URL_CHARS + 1) + ")", "section 1: the link has 2049"),
        ("# Tea\n" + "##\n" * (limits.PARTS + 1), "at most 32 sections; this has 33"),
        ("# Tea\n" + ("##\n" + "茶" * limits.TEXT_CHARS + "\n") * 3, "at most 49152 are published"),
    ],
)
def test_what_is_too_long_is_named(manuscript: str, words: str) -> None:
    with pytest.raises(ManuscriptError, match=words):
        parse(manuscript)


LINES = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp", "Zs")), max_size=20)
TEXTS = st.lists(st.one_of(LINES, st.sampled_from(["", " ", "## x", "\\", "[a](b)", "author: x", "# x"]))).map(
    "\n".join
)
ARTICLES = st.builds(
    Content,
    title=LINES.filter(bool),
    summary=LINES,
    author=LINES,
    category=LINES,
    lang=LINES,
    text=TEXTS,
    parts=st.lists(st.builds(Part, heading=LINES, text=TEXTS, link=LINES), max_size=4).map(tuple),
)


@given(ARTICLES)
def test_what_is_written_is_read_back(content: Content) -> None:
    check(content)
    assert parse(write(content)) == content


def test_a_line_break_where_none_can_be_becomes_a_space() -> None:
    assert parse(write(Content(title="a\nb", author="c\nd"))) == Content(title="a b", author="c d")
