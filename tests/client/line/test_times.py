"""What people type to say when."""

import time
from datetime import datetime, timedelta

import click
import pytest

from client.line import times


def test_a_span_is_counted_from_now() -> None:
    now = time.time() * 1000
    assert abs(times.since("2h") - (now - 7_200_000)) < 5_000
    assert abs(times.until("3d") - (now + 3 * 86_400_000)) < 5_000


def test_a_time_is_read_in_the_zone_of_this_computer() -> None:
    at = datetime.now().astimezone().replace(microsecond=0) + timedelta(days=1)
    assert times.until(at.isoformat()) == at.timestamp() * 1000
    assert times.until(at.replace(tzinfo=None).isoformat()) == at.timestamp() * 1000
    assert times.since("2025-06-30T08:00+00:00") == 1_751_270_400_000


@pytest.mark.parametrize("text", ["", "soon", "5x", "-3h", "9999999d", "2025-13-01"])
def test_anything_else_is_wrong_usage(text: str) -> None:
    for read in (times.since, times.until):
        with pytest.raises(click.UsageError, match="not"):
            read(text)


def test_what_is_to_come_is_not_over() -> None:
    with pytest.raises(click.UsageError, match="is over"):
        times.until("2001-01-01")
