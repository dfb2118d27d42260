"""How long a client waits before it comes back."""

import random

import pytest

from client.backoff import MOST_SECONDS, Backoff
from client.errors import ClientError, ConnectionLostError, NeedsError, RefusedError, SignedOutError, UnreachableError


class Most(random.Random):
    """Chance at its upper end."""

    def uniform(self, a: float, b: float) -> float:
        return b


UNREACHABLE = UnreachableError("ws://nowhere", "nobody listens there")


def test_waits_double_up_to_the_bound_and_begin_anew_after_success() -> None:
    backoff = Backoff(Most())
    assert [backoff.seconds(UNREACHABLE) for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, MOST_SECONDS, MOST_SECONDS]
    backoff.succeeded()
    assert backoff.seconds(UNREACHABLE) == 0.5


@pytest.mark.parametrize("code", [1000, 1001, 1006, 1011, 4001, 4002, 4003])
def test_the_jitter_is_full(code: int) -> None:
    waits = [Backoff(random.Random(seed)).seconds(ConnectionLostError(code, "")) or 0.0 for seed in range(200)]
    assert min(waits) < 0.05
    assert 0.45 < max(waits) <= 0.5


def test_short_waits_do_not_make_the_next_ones_long() -> None:
    for seed in range(200):
        backoff, waited = Backoff(random.Random(seed)), 0.0
        while waited < 1:
            wait = backoff.seconds(UNREACHABLE) or 0.0
            assert wait <= 0.5 + waited
            waited += wait


@pytest.mark.parametrize("code", [1002, 1003, 1007, 1009, 4500, 4501, 4503])
def test_a_close_that_says_never_means_never(code: int) -> None:
    assert Backoff(Most()).seconds(ConnectionLostError(code, "")) is None


def test_a_shutdown_names_the_window() -> None:
    lost = ConnectionLostError(4000, "reconnect in 500-5000 ms")
    waits = [Backoff(random.Random(seed)).seconds(lost) or 0.0 for seed in range(100)]
    assert 0.5 <= min(waits) < 1
    assert 4 < max(waits) <= 5


def test_a_shutdown_without_a_window_is_waited_for_like_a_broken_line() -> None:
    assert Backoff(Most()).seconds(ConnectionLostError(4000, "bye")) == 0.5


def test_a_server_that_names_a_time_gets_that_time_and_a_little_more() -> None:
    assert Backoff(Most()).seconds(RefusedError("unavailable", "", retry_after_ms=2000)) == 2.5


@pytest.mark.parametrize("error", [SignedOutError(), RefusedError("unsupported_version", "no"), NeedsError(("x",))])
def test_what_repeating_cannot_help_is_not_repeated(error: ClientError) -> None:
    assert Backoff(Most()).seconds(error) is None


@pytest.mark.parametrize("code", ["resync", "internal", "unavailable"])
def test_a_server_in_trouble_is_tried_again(code: str) -> None:
    assert Backoff(Most()).seconds(RefusedError(code, "")) == 0.5
