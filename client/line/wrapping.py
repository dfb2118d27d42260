"""Lines of a width, for scripts with and without spaces. Values in, values out.

A line breaks at a space, and beside any wide character (East Asian Width W or F): Chinese, Japanese and Korean are
written without spaces. No line begins with a mark that closes, or ends with one that opens. What has no place to break
(an address) stays whole, longer than the line: broken, it could not be copied.
"""

import unicodedata

from rich.cells import cell_len

_NOT_FIRST = frozenset("，。、；：？！）」』】》〉〕’”…—～·,.;:?!)]}")
_NOT_LAST = frozenset("（「『【《〈〔‘“([{")


def wrap(text: str, width: int) -> list[str]:
    """Return `text`, which is one paragraph, as lines of at most `width` cells; white space at line ends goes."""
    lines, line = [], ""
    for piece in _pieces(text):
        if line and cell_len(line + piece.rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
        line += piece.lstrip() if lines and not line else piece
    return [*lines, line.rstrip()]


def _pieces(text: str) -> list[str]:
    """Return `text` in pieces between which a line may break."""
    pieces: list[str] = []
    for character in text:
        if pieces and not _may_break(pieces[-1][-1], character):
            pieces[-1] += character
        else:
            pieces.append(character)
    return pieces


def _may_break(before: str, after: str) -> bool:
    if after.isspace() or after in _NOT_FIRST or before in _NOT_LAST or unicodedata.combining(after):
        return False
    return before.isspace() or _is_wide(before) or _is_wide(after)


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in {"W", "F"} and character.isprintable()
