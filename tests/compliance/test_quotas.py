"""How often an account may broadcast: the periods on the wall clock of a zone, and what is left of them."""

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.pack import AccountRules
from compliance.quotas import Period, broadcasts_left, period_of
from protocol.account_states import AccountType

SUBSCRIPTION, SERVICE = AccountType.SUBSCRIPTION, AccountType.SERVICE
RULES = AccountRules(review_h=72, encouraged_h=24, subscription_daily=1, service_monthly=4)
SHANGHAI, NEW_YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")
HOUR_MS = 3_600_000
TAGS = ("", "north", "south")


def ms(year: int, month: int, day: int, hour: int = 0, zone: tzinfo = UTC) -> int:
    return int(datetime(year, month, day, hour, tzinfo=zone).timestamp() * 1000)


def test_a_day_is_that_of_the_zone() -> None:
    at = ms(2026, 3, 1, 17)  # In Shanghai it is one o'clock in the night.
    assert period_of(SUBSCRIPTION, at=at, zone=UTC) == Period(begins=ms(2026, 3, 1), ends=ms(2026, 3, 2))
    there = Period(begins=ms(2026, 3, 2, zone=SHANGHAI), ends=ms(2026, 3, 3, zone=SHANGHAI))
    assert period_of(SUBSCRIPTION, at=at, zone=SHANGHAI) == there


def test_a_month_is_that_of_the_zone_and_goes_over_the_end_of_the_year() -> None:
    at = ms(2026, 11, 30, 23)
    assert period_of(SERVICE, at=at, zone=UTC) == Period(begins=ms(2026, 11, 1), ends=ms(2026, 12, 1))
    there = Period(begins=ms(2026, 12, 1, zone=SHANGHAI), ends=ms(2027, 1, 1, zone=SHANGHAI))
    assert period_of(SERVICE, at=at, zone=SHANGHAI) == there


@pytest.mark.parametrize(("month", "day", "hours"), [(3, 8, 23), (11, 1, 25), (7, 4, 24)])
def test_a_day_on_which_clocks_are_changed_is_shorter_or_longer(month: int, day: int, hours: int) -> None:
    period = period_of(SUBSCRIPTION, at=ms(2026, month, day, 12, zone=NEW_YORK), zone=NEW_YORK)
    assert period.ends - period.begins == hours * HOUR_MS


@given(
    at=st.integers(ms(2000, 1, 1), ms(2060, 1, 1)),
    of=st.sampled_from(AccountType),
    zone=st.sampled_from([UTC, SHANGHAI, NEW_YORK, ZoneInfo("Asia/Kathmandu"), ZoneInfo("Pacific/Apia")]),
)
def test_every_moment_is_in_its_period_and_its_last_one_too(at: int, of: AccountType, zone: tzinfo) -> None:
    period = period_of(of, at=at, zone=zone)
    assert period.begins <= at < period.ends
    assert period_of(of, at=period.begins, zone=zone) == period_of(of, at=period.ends - 1, zone=zone) == period
    assert period_of(of, at=period.ends, zone=zone).begins == period.ends


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("sent", [{"": 1}, {"north": 1}, {"south": 1}])
def test_a_subscription_account_has_its_number_in_all(sent: dict[str, int], tag: str) -> None:
    assert broadcasts_left(RULES, SUBSCRIPTION, {}, tag=tag) == 1
    assert broadcasts_left(RULES, SUBSCRIPTION, sent, tag=tag) == 0


@pytest.mark.parametrize(
    ("sent", "to_all", "north", "south"),
    [
        ({}, 4, 4, 4),
        ({"": 3}, 1, 1, 1),
        ({"": 4}, 0, 0, 0),
        ({"north": 4}, 0, 0, 4),
        ({"": 1, "north": 2}, 1, 1, 3),
        ({"": 1, "north": 2, "south": 3}, 0, 1, 0),
    ],
    ids=str,
)
def test_a_service_account_has_it_for_each_follower(sent: dict[str, int], to_all: int, north: int, south: int) -> None:
    assert [broadcasts_left(RULES, SERVICE, sent, tag=tag) for tag in TAGS] == [to_all, north, south]


@given(tags=st.lists(st.sampled_from(TAGS), max_size=40))
def test_whatever_a_service_account_tries_nobody_gets_more_than_the_number_and_somebody_gets_it(
    tags: list[str],
) -> None:
    """Followers are counted here one by one, as the account does not."""
    sent: dict[str, int] = {}
    got = dict.fromkeys(TAGS, 0)  # By one follower with each tag, and one with none.
    for tag in tags:
        reached = [follower for follower in TAGS if tag in {"", follower}]
        may = all(got[follower] < RULES.service_monthly for follower in reached)
        assert bool(broadcasts_left(RULES, SERVICE, sent, tag=tag)) is may
        if may:
            sent[tag] = sent.get(tag, 0) + 1
            for follower in reached:
                got[follower] += 1
    assert max(got.values()) <= RULES.service_monthly


def test_the_packs_numbers_are_the_ones() -> None:
    generous = AccountRules(review_h=72, encouraged_h=24, subscription_daily=3, service_monthly=1)
    assert broadcasts_left(generous, SUBSCRIPTION, {"": 1}) == 2
    assert broadcasts_left(generous, SERVICE, {"": 1}) == 0
