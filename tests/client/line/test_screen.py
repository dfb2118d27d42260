"""Other people's words on one's own terminal."""

import io
import json

import pytest
from rich.console import Console

from client.line.screen import Screen, visible, visible_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, 中文, 👩‍👩‍👧", "plain, 中文, 👩‍👩‍👧"),
        ("\x1b[31mred", "␛[31mred"),
        ("\x07\x00\x7f", "␇␀␡"),
        ("\x9b31m", "�31m"),
        ("a\u202eb\u2066c", "a�b�c"),
        ("a\r\nb\u2028c", "a␍␊b�c"),
        ("a\tb", "a    b"),
    ],
)
def test_control_characters_are_shown_not_obeyed(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_line_breaks_stay_line_breaks_where_they_may_and_are_indented() -> None:
    assert visible_lines("one\r\ntwo\n\x1bthree", 2) == "one\n  two\n  ␛three"


def test_a_table_leaves_nothing_out_however_narrow_the_terminal_is() -> None:
    screen, shown = Screen(), io.StringIO()
    screen.out = Console(file=shown, force_terminal=True, color_system=None, width=30)
    screen.table(["id", "title"], [["01a213e9221a7914", "胡同里的早晨，第一期"]])
    left, right = zip(*(line.split(maxsplit=1) for line in shown.getvalue().splitlines()[1:]), strict=True)
    assert "".join(left) == "01a213e9221a7914"
    assert "".join(right).replace(" ", "") == "胡同里的早晨，第一期"


def test_every_character_below_space_and_every_c1_is_neutralised() -> None:
    hostile = "".join(map(chr, [*range(0x20), *range(0x7F, 0xA0)]))
    assert not any(ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0 for char in visible(hostile))


def test_json_keeps_the_text_and_sends_no_control_character(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "中文\x1b\x7f\x9b\u202e"
    Screen().json({"text": hostile})
    out = capsys.readouterr().out
    assert json.loads(out) == {"text": hostile}
    assert "中文" in out
    assert not any(ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0 or char == "\u202e" for char in out.rstrip("\n"))
