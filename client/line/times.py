"""What people type to say when: a span from now, or a time. Read with the clock and the zone of this computer."""

import re
from datetime import datetime, timedelta

import click

_SPAN = re.compile(r"(\d{1,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def now_ms() -> int:
    """Return the time now, in Unix milliseconds."""
    return int(datetime.now().astimezone().timestamp() * 1000)


def since(text: str) -> int:
    """Return the Unix milliseconds that `text` means: a span back from now, or a time."""
    return _moment(text, -1, "--since takes 10m, 2h, 3d, or a time like 2025-06-30T08:00")


def until(text: str) -> int:
    """Return the Unix milliseconds that `text` means: a span from now on, or a time.

    Raises:
        click.UsageError: It is neither, or over.
    """
    at = _moment(text, 1, "--at takes 10m, 2h, 3d (from now), or a time like 2027-06-30T08:00")
    if at <= now_ms():
        raise click.UsageError(f"{text} is over")
    return at


def _moment(text: str, sign: int, wanted: str) -> int:
    try:
        if span := _SPAN.fullmatch(text):
            at = datetime.now().astimezone() + sign * timedelta(**{_UNITS[span[2]]: int(span[1])})
        else:
            at = datetime.fromisoformat(text).astimezone()
        return int(at.timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        raise click.UsageError(f"{wanted}, not {text!r}") from error
