"""Token buckets: how much at once, how much over time, and how little is remembered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.frames import REQUESTS
from protocol.ids import PersonId
from server.addresses import network
from server.config import RateSettings
from server.limits import BY_ADDRESS, BY_PERSON, UNCLASSED, Limiter, Limits
from server.settings import Rate

ANNA, BELA = PersonId("annaannaannaanna"), PersonId("belabelabelabela")
OFF = Rate.parse("off")


def limits(**rates: str) -> Limits:
    """Return limits with these rates and no others."""
    chosen = dict.fromkeys(RateSettings.__struct_fields__, OFF) | {
        name: Rate.parse(text) for name, text in rates.items()
    }
    return Limits(RateSettings(**chosen))


def test_a_burst_of_n_is_allowed_and_the_next_one_is_told_when() -> None:
    limiter = Limiter(Rate.parse("5/1s"))
    assert [limiter.take("a", 100.0) for _ in range(6)] == [0, 0, 0, 0, 0, 200]


def test_after_the_time_it_was_told_a_request_is_allowed() -> None:
    limiter = Limiter(Rate.parse("3/1s"))
    for _ in range(3):
        limiter.take("a", 100.0)
    wait = limiter.take("a", 100.0)
    assert limiter.take("a", 100.0 + wait / 1000) == 0
    assert limiter.take("a", 100.0 + wait / 1000) > 0


def test_a_refused_request_takes_nothing() -> None:
    limiter = Limiter(Rate.parse("1/1s"))
    limiter.take("a", 100.0)
    for _ in range(50):
        assert limiter.take("a", 100.5) == 500
    assert limiter.take("a", 101.0) == 0


def test_keys_do_not_share_a_bucket() -> None:
    limiter = Limiter(Rate.parse("1/1h"))
    assert limiter.take("a", 0.0) == 0
    assert limiter.take("b", 0.0) == 0
    assert limiter.take("a", 1.0) > 0


def test_a_rate_that_is_off_refuses_nothing_and_remembers_nobody() -> None:
    limiter = Limiter(OFF)
    assert not any(limiter.take("a", 0.0) for _ in range(1000))
    assert len(limiter) == 0


@given(
    tokens=st.integers(1, 50),
    period_s=st.sampled_from([1, 60, 3600]),
    steps=st.lists(st.floats(0, 2).map(lambda share: round(share, 3)), max_size=120),
)
def test_it_allows_what_a_bucket_with_a_count_of_tokens_allows(tokens: int, period_s: int, steps: list[float]) -> None:
    limiter = Limiter(Rate.parse(f"{tokens}/{period_s}s"))
    now = last = 1000.0
    level = float(tokens)
    for step in steps:
        now += step * period_s / tokens
        level = min(float(tokens), level + (now - last) * tokens / period_s)
        last = now
        if abs(level - 1) < 1e-6:  # Rounding decides: take its word for it.
            level = 0.0 if limiter.take("a", now) == 0 else level
            continue
        allowed = level >= 1
        assert (limiter.take("a", now) == 0) is allowed
        level -= allowed


def test_full_buckets_are_forgotten() -> None:
    limiter = Limiter(Rate.parse("10/1s"))
    for key in range(1000):
        limiter.take(key, 100.0)
    assert len(limiter) == 1000
    limiter.take("a", 101.5)
    limiter.take("a", 103.0)
    assert len(limiter) == 2  # "a", twice.


def test_a_bucket_that_is_not_full_outlives_a_turn() -> None:
    limiter = Limiter(Rate.parse("10/10s"))
    limiter.take("early", 0.0)
    assert not any(limiter.take("a", 9.9) for _ in range(10))
    limiter.take("other", 10.1)
    assert limiter.take("a", 10.2) == 700


def test_more_keys_than_can_be_kept_forget_the_oldest_first() -> None:
    limiter = Limiter(Rate.parse("1/1h"), keys_max=100)
    for key in range(1000):
        assert limiter.take(key, 0.0) == 0
        assert len(limiter) <= 201
    assert limiter.take(999, 1.0) > 0


def test_every_operation_has_its_place() -> None:
    groups = [*BY_PERSON.values(), *BY_ADDRESS.values(), UNCLASSED]
    listed = [operation for group in groups for operation in group]
    assert sorted(listed) == sorted(REQUESTS)


def test_every_rate_is_used() -> None:
    general = {"per_connection", "per_person", "per_address"}
    assert general | set(BY_PERSON) | set(BY_ADDRESS) == set(RateSettings.__struct_fields__)


def test_requests_of_one_connection_are_counted_together() -> None:
    some = limits(per_connection="2/1s")
    waits = [some.admit(op, connection=1, person=ANNA, address="192.0.2.1", now=0.0) for op in ("send", "sync", "read")]
    assert waits == [0, 0, 500]
    assert some.admit("send", connection=2, person=ANNA, address="192.0.2.1", now=0.0) == 0


def test_requests_of_one_person_are_counted_over_all_their_devices() -> None:
    some = limits(per_person="2/1s")
    waits = [some.admit("send", connection=n, person=ANNA, address="192.0.2.1", now=0.0) for n in range(3)]
    assert waits == [0, 0, 500]
    assert some.admit("send", connection=9, person=BELA, address="192.0.2.1", now=0.0) == 0


def test_requests_from_one_address_are_counted_over_all_its_people() -> None:
    some = limits(per_address="1/1s")
    assert some.admit("send", connection=1, person=ANNA, address="192.0.2.1", now=0.0) == 0
    assert some.admit("send", connection=2, person=BELA, address="192.0.2.1", now=0.0) == 1000
    assert some.admit("send", connection=3, person=BELA, address="192.0.2.2", now=0.0) == 0


@pytest.mark.parametrize("name", sorted(BY_PERSON))
def test_operations_of_one_class_are_counted_together_by_person(name: str) -> None:
    some = limits(**{name: "1/1s"})
    for operation in sorted(BY_PERSON[name]):
        assert some.admit(operation, connection=1, person=BELA, address="192.0.2.1", now=0.0) in {0, 1000}
        assert some.admit(operation, connection=1, person=BELA, address="192.0.2.1", now=0.0) == 1000
    assert some.admit("hello", connection=1, person=BELA, address="192.0.2.1", now=0.0) == 0


@pytest.mark.parametrize("name", sorted(BY_ADDRESS))
def test_signing_in_is_counted_by_address(name: str) -> None:
    some = limits(**{name: "1/1s"})
    assert some.admit(name, connection=1, person=None, address="192.0.2.1", now=0.0) == 0
    assert some.admit(name, connection=2, person=None, address="192.0.2.1", now=0.0) == 1000
    assert some.admit(name, connection=3, person=None, address="192.0.2.2", now=0.0) == 0


def test_guesses_at_one_handle_are_counted_from_wherever_they_come() -> None:
    some = limits(login="2/1m")
    waits = [
        some.admit("login", connection=n, person=None, address=f"192.0.2.{n}", now=0.0, handle="anna") for n in range(3)
    ]
    assert waits == [0, 0, 30_000]
    assert some.admit("login", connection=9, person=None, address="192.0.2.9", now=0.0, handle="bela") == 0


def test_a_whole_ipv6_subnet_counts_as_one_address() -> None:
    some = limits(per_address="1/1s")
    assert some.admit("send", connection=1, person=None, address="2001:db8::1", now=0.0) == 0
    assert some.admit("send", connection=2, person=None, address="2001:db8::ffff:2", now=0.0) == 1000
    assert some.admit("send", connection=3, person=None, address="2001:db8:0:1::1", now=0.0) == 0


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::1", "loopback"),
    ],
)
def test_what_counts_as_one_address(address: str, counted: str) -> None:
    assert network(address) == counted


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1"])
def test_who_comes_from_this_machine_is_not_counted_by_address(address: str) -> None:
    few = limits(register="1/1h", per_address="1/1h")
    assert [admit(few, "register", address, number) for number in range(3)] == [0, 0, 0]
    assert [bool(admit(few, "register", "192.0.2.7", number)) for number in range(2)] == [False, True]


def admit(limits: Limits, operation: str, address: str, connection: int) -> int:
    return limits.admit(operation, connection=connection, person=None, address=address, now=100.0)
