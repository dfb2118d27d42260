"""How often a public account may broadcast: so often in a calendar day or month, in one time zone.

A subscription account broadcasts daily, a service account a few times a month to each follower; the numbers are the
pack's. A follower has one tag or none, so what reaches them is what went to all and what went to their tag: nothing
need be counted for each.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from compliance.pack import AccountRules
from protocol.account_states import AccountType

TO_ALL = ""  # The tag of what is for every follower.


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The time that broadcasts are counted in: from `begins` up to, not including, `ends`; Unix ms."""

    begins: int
    ends: int


def period_of(of: AccountType, *, at: int, zone: tzinfo) -> Period:
    """Return the day, for a service account the month, in which `at` (Unix ms) falls in `zone`."""
    begins = datetime.fromtimestamp(at / 1000, zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    match of:
        case AccountType.SUBSCRIPTION:
            ends = begins + timedelta(days=1)  # On the wall: a day may have 23 hours, or 25.
        case AccountType.SERVICE:
            begins = begins.replace(day=1)
            ends = (begins + timedelta(days=31)).replace(day=1)
    return Period(begins=_ms(begins), ends=_ms(ends))


def broadcasts_left(rules: AccountRules, of: AccountType, sent: Mapping[str, int], *, tag: str = TO_ALL) -> int:
    """Return how many more may be broadcast in the period that has seen `sent`, by tag; `tag`: whom it is for.

    A subscription account has its number in all. A service account has it for each follower, and the tag that has got
    most bounds what can still go to everybody.
    """
    match of:
        case AccountType.SUBSCRIPTION:
            spent, most = sum(sent.values()), rules.subscription_daily
        case AccountType.SERVICE:
            to_tags = {one: count for one, count in sent.items() if one != TO_ALL}
            beside = max(to_tags.values(), default=0) if tag == TO_ALL else to_tags.get(tag, 0)
            spent, most = sent.get(TO_ALL, 0) + beside, rules.service_monthly
    return max(0, most - spent)


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
