"""What a decoder finds wrong, in words for whoever wrote it."""

import pytest

from client.line.mistakes import in_words


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ("Object contains unknown field `nmae`", "nothing is called 'nmae' there"),
        ("Object missing required field `label` - at `$.menu[0]`", "menu[0]: 'label' is missing"),
        ("Expected `str` of length <= 32 - at `$.name`", "name: at most 32 characters fit"),
        ("Expected `str` of length >= 1 - at `$.scope`", "scope: it is empty"),
        ("Expected `array` of length <= 3 - at `$.content.menu`", "menu: there may be 3 at most"),
        ("Expected `array` of length >= 1 - at `$.replies[2].keywords`", "replies[2].keywords: there is none"),
        ("Expected `array`, got `str` - at `$.menu`", "menu: it is to be a list, and is a text"),
        ("Expected `str`, got `null`", "it is to be a text, and is null"),
        ("Invalid value (at line 1, column 8)", "Invalid value (at line 1, column 8)"),
    ],
)
def test_it_says_what_is_wrong_and_where(found: str, words: str) -> None:
    assert in_words(ValueError(found)) == words
