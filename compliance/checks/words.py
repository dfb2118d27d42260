"""Where words begin and end in folded text, and which scripts show it.

Edges of words are marked in the text itself, so that whoever searches it needs no second look.
"""

import re

EDGE = "\x01"  # Never in folded text: controls are left out of it.

# Letters, as they are folded, of scripts that put spaces between words and do not grow words by endings without end.
LETTERS = "a-z\u00df-\u00f6\u00f8-\u02af\u0370-\u0481\u048a-\u0587\u10d0-\u10ff\u1e00-\u1fff\u2c60-\u2c7f\ua640-\ua7ff"
DIGITS = "0-9"
# Of scripts that write on without spaces, or with spaces and any ending: Chinese; kana and Hangul.
IDEOGRAPHS = "\u3005-\u3007\u3400-\u9fff\U00020000-\U0003ffff"
SYLLABLES = "\u1100-\u11ff\u3041-\u30fa\u30fc-\u30ff\uac00-\ud7a3"
# Of all others: Hebrew, Arabic, the Indian ones, Thai, Ethiopic and on.
OTHERS = "\u0590-\u10cf\u1200-\u1cff\ua800-\uabff"

_WORD = re.compile(f"([{DIGITS}{LETTERS}]+)")


def marked(folded: str) -> str:
    """Return `folded` with the edges of its words marked: runs of letters, as above, and digits."""
    return EDGE.join(_WORD.split(folded))
