"""Lines of a width, for scripts with and without spaces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from client.line.wrapping import wrap


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("short", ["short"]),
        ("one two three four", ["one two", "three four"]),
        ("exactly ten", ["exactly", "ten"]),
        ("0123456789", ["0123456789"]),
        ("今天天气很好", ["今天天气很", "好"]),
        ("今天天气好，走吧", ["今天天气", "好，走吧"]),  # No line begins with a comma.
        ("他说话：“你好呀”", ["他说话：", "“你好呀”"]),  # And none ends with a mark that opens.
        ("看 https://example.org 吧", ["看", "https://example.org", "吧"]),
        ("中文and text", ["中文and", "text"]),
        ("  indented a b", ["  indented", "a b"]),
        ("한국어 문장입니다", ["한국어 문", "장입니다"]),
    ],
)
def test_a_line_breaks_where_a_reader_expects_it(text: str, lines: list[str]) -> None:
    assert wrap(text, 10) == lines


@given(st.text(st.sampled_from("ab c茶，。（）“”x"), max_size=60), st.integers(4, 20))
def test_nothing_but_white_space_is_lost_and_long_lines_have_no_place_to_break(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    for line in lines:
        assert cell_len(line) <= width or len(wrap(line, 1)) < len(line)
