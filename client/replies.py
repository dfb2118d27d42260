"""What an account has ready: its keyword table and its menu. The follower's own client matches; the server does not.

Values in, values out. The table is read in its order: the first reply that has a keyword in the text is the answer,
so whoever writes one puts what is special before what is general.
"""

import unicodedata
from collections.abc import Sequence
from typing import TypeVar

from protocol.publications import AutoReply, MenuEntry, MenuItem

T = TypeVar("T")


def answer(text: str, replies: Sequence[AutoReply]) -> str | None:
    """Return what the table answers to `text`: it is a keyword, or has one in it; None: nothing.

    Width and case make no difference (Unicode NFKC, case folded), nor does white space at the ends.
    """
    said = _folded(text)
    for reply in replies:
        if any(keyword in said for keyword in map(_folded, reply.keywords) if keyword):
            return reply.text
    return None


def menu_lines(menu: Sequence[MenuEntry]) -> list[str]:
    """Return the menu as lines, each with the number that `tapped` takes: `2`, `2.1`."""
    lines = []
    for number, entry in enumerate(menu, 1):
        lines.append(f"{number} {entry.label}")
        lines += [f"  {number}.{place} {item.label}" for place, item in enumerate(entry.items, 1)]
    return lines


def tapped(menu: Sequence[MenuEntry], number: str) -> MenuEntry | MenuItem | None:
    """Return what has this number in the menu; None: nothing has."""
    entry, _, item = number.strip().partition(".")
    found = _at(menu, entry)
    return _at(found.items, item) if found is not None and item else found


def _at(items: Sequence[T], number: str) -> T | None:
    return items[int(number) - 1] if number.isascii() and number.isdecimal() and 0 < int(number) <= len(items) else None


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).strip()
