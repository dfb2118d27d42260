"""Handles: the public spelling of a person. Syntax and likeness only; which are reserved is the server's choice."""

import re
import unicodedata

from protocol.limits import HANDLE_CHARS, HANDLE_CHARS_MIN

_SYNTAX = re.compile(rf"[a-z][a-z0-9_-]{{{HANDLE_CHARS_MIN - 1},{HANDLE_CHARS - 1}}}")
_LIKENESS = str.maketrans({"0": "o", "1": "l", "i": "l", "-": "_"})


class HandleError(ValueError):
    """The text cannot be a handle; the message says what a handle is."""


def normalise(text: str) -> str:
    """Return the one spelling of `text` (NFKC, case folded).

    Only ASCII letters, digits, `_` and `-` remain possible, so letters of other scripts that look alike (a Cyrillic
    `а`) cannot pass for Latin ones (Unicode TR 39 §5.1, single script).

    Raises:
        HandleError: 3 to 32 characters, a letter first, then letters, digits, `_` or `-`: this is something else.
    """
    if len(text) > 4 * HANDLE_CHARS:  # Normalising a long text would be work for nothing.
        raise HandleError(f"a handle has at most {HANDLE_CHARS} characters")
    handle = unicodedata.normalize("NFKC", text).casefold()
    if not _SYNTAX.fullmatch(handle):
        raise HandleError(
            f"a handle is {HANDLE_CHARS_MIN} to {HANDLE_CHARS} of a-z, 0-9, _ and -, and begins with a letter"
        )
    return handle


def skeleton(handle: str) -> str:
    """Return what `handle` looks like: two handles with one skeleton are not both allowed (TR 39 §4).

    `0` reads as `o`; `1` and `i` as `l`; `-` as `_`; `rn` as `m`; `vv` as `w`.
    """
    return handle.translate(_LIKENESS).replace("rn", "m").replace("vv", "w")
