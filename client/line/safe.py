"""People's words made safe for a terminal: what would steer it is shown instead of obeyed. Values in, values out."""

from datetime import datetime

# C0 as its Unicode pictures, DEL and C1 likewise; what turns the direction of text, or breaks lines, as �.
_PICTURES = {code: chr(0x2400 + code) for code in range(0x20)} | {0x7F: "␡", 0x09: "    "}
_PICTURES |= dict.fromkeys([*range(0x80, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x2028, 0x2029], "�")
JSON_ESCAPES = {code: f"\\u{code:04x}" for code in _PICTURES if code >= 0x7F}
_NEWLINE = "\n"


def visible(text: str) -> str:
    """Return `text` on one line, with every control character shown instead of obeyed by the terminal."""
    return text.translate(_PICTURES)


def visible_lines(text: str, indent: int) -> str:
    """Return `text` likewise, but with its line breaks, each line after the first indented."""
    return (_NEWLINE + " " * indent).join(map(visible, text.replace("\r\n", "\n").split("\n")))


def when(unix_ms: int) -> str:
    """Return a time, that of today without its day."""
    at = datetime.fromtimestamp(unix_ms / 1000).astimezone()
    return f"{at:%H:%M}" if at.date() == datetime.now().astimezone().date() else moment(unix_ms)


def moment(unix_ms: int) -> str:
    """Return a time as people here read it."""
    return f"{datetime.fromtimestamp(unix_ms / 1000).astimezone():%Y-%m-%d %H:%M}"
