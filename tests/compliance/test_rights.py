"""Rights to current-affairs news (Art. 7 ¶2), and how long an approval counts."""

from datetime import UTC, date, datetime

import pytest

from compliance.rights import AccountFacts, Approval, label_of, may_publish_news, may_reprint_news
from protocol.account_states import AccountState, NewsRight

ITEM, OTHER = bytes(32), b"\1" * 32


def facts(news: NewsRight, *, approved: bool = False) -> AccountFacts:
    return AccountFacts(state=AccountState.ACTIVE, news=news, approved=approved)


def at(day: int, hour: int = 0, minute: int = 0, second: int = 0, us: int = 0) -> int:
    return int(datetime(2026, 12, day, hour, minute, second, us, tzinfo=UTC).timestamp() * 1000)


def approval(*, until: date | None = date(2026, 12, 20), item: bytes | None = None) -> Approval:
    return Approval(issuer="an authority", reference="2026-17", issued_on=date(2026, 12, 10), until=until, item=item)


@pytest.mark.parametrize(
    ("news", "publishes", "reprints", "label"),
    [
        (NewsRight.PUBLISH, True, True, NewsRight.PUBLISH),
        (NewsRight.REPRINT, False, True, NewsRight.REPRINT),
        (NewsRight.NONE, False, False, NewsRight.NONE),
    ],
)
def test_what_a_body_may_do_by_itself_is_what_it_is_labelled_with(
    news: NewsRight, label: NewsRight, *, publishes: bool, reprints: bool
) -> None:
    assert (may_publish_news(facts(news)), may_reprint_news(facts(news))) == (publishes, reprints)
    assert label_of(facts(news)) is label


@pytest.mark.parametrize("news", NewsRight)
def test_whom_the_authority_approved_may_publish_and_reprint_and_is_labelled(news: NewsRight) -> None:
    approved = facts(news, approved=True)
    assert may_publish_news(approved)
    assert may_reprint_news(approved)
    assert label_of(approved) is NewsRight.PUBLISH


@pytest.mark.parametrize(
    ("moment", "counts"),
    [
        (at(9, 23, 59, 59), False),
        (at(10), True),
        (at(15, 12), True),
        (at(20, 23, 59, 59, 999_000), True),
        (at(21), False),
    ],
)
def test_an_approval_counts_from_its_first_day_through_its_last_in_utc(moment: int, *, counts: bool) -> None:
    assert approval().covers(OTHER, at=moment) is counts
    assert approval().covers(None, at=moment) is counts
    assert approval(item=ITEM).covers(ITEM, at=moment) is counts


def test_without_a_last_day_it_has_no_end_and_still_a_beginning() -> None:
    endless = approval(until=None)
    assert endless.covers(None, at=at(31) * 100)
    assert not endless.covers(None, at=at(9))


def test_one_for_one_item_covers_exactly_that_content() -> None:
    assert approval(item=ITEM).covers(ITEM, at=at(15))
    assert not approval(item=ITEM).covers(OTHER, at=at(15))
    assert not approval(item=ITEM).covers(None, at=at(15))  # Not for whatever comes, so nothing to label an account by.
