"""The keyword table and the menu, matched by the follower's own client."""

import pytest

from client.replies import answer, menu_lines, tapped
from protocol.publications import AutoReply, MenuEntry, MenuItem

TABLE = (
    AutoReply(keywords=("opening hours", "营业时间"), text="Nine to five."),
    AutoReply(keywords=("Tickets", "票"), text="At the door."),
    AutoReply(keywords=("hours",), text="Which ones?"),
    AutoReply(keywords=(" ", ""), text="never"),
)
MENU = (
    MenuEntry(label="About", items=(MenuItem(label="Who", text="We."), MenuItem(label="Where", link="https://a.b"))),
    MenuEntry(label="Shop", link="https://shop.example"),
)


@pytest.mark.parametrize(
    ("said", "answered"),
    [
        ("opening hours", "Nine to five."),
        ("  Opening Hours? ", "Nine to five."),
        ("请问营业时间是？", "Nine to five."),
        ("\uff34\uff29\uff23\uff2b\uff25\uff34\uff33", "At the door."),  # Full-width letters.
        ("买票", "At the door."),
        ("tickets and opening hours", "Nine to five."),
        ("which hours", "Which ones?"),
        ("hello", None),
        ("", None),
        (" ", None),
    ],
)
def test_the_first_reply_with_a_keyword_in_the_text_is_the_answer(said: str, answered: str | None) -> None:
    assert answer(said, TABLE) == answered


def test_without_a_table_nothing_is_answered() -> None:
    assert answer("hello", ()) is None


def test_a_menu_has_a_number_for_each_thing() -> None:
    assert menu_lines(MENU) == ["1 About", "  1.1 Who", "  1.2 Where", "2 Shop"]
    assert tapped(MENU, "1") is MENU[0]
    assert tapped(MENU, " 1.2 ") is MENU[0].items[1]
    assert tapped(MENU, "2") is MENU[1]


@pytest.mark.parametrize("number", ["", "0", "3", "1.3", "2.1", "1.0", "-1", "x", "1.x", "²"])
def test_a_number_that_nothing_has_is_nothing(number: str) -> None:
    assert tapped(MENU, number) is None
