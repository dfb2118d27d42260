"""Who may do what with current-affairs news (Art. 7): of public accounts, and of nobody else.

In a group, or on a card, nobody needs a right for it: the article names accounts, and so does this page.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from protocol.account_states import AccountState, NewsRight


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """An approval by the authority, on record (Art. 7 ¶2).

    It counts from the day it was issued through the whole of its last day, UTC; without `until` it has no end.
    `item`: the 32-byte digest of the one content it is for; None: it is standing.
    """

    issuer: str
    reference: str
    issued_on: date
    until: date | None = None
    item: bytes | None = None

    def covers(self, digest: bytes | None, *, at: int) -> bool:
        """Say whether it is in force at `at` (Unix ms) for the content with this `digest`; None: for whatever comes."""
        day = datetime.fromtimestamp(at / 1000, UTC).date()
        if day < self.issued_on or (self.until is not None and day > self.until):
            return False
        return self.item is None or self.item == digest


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFacts:
    """A public account as the gate looks at it, at one moment and for one content.

    `news`: the right that its kind of subject has; `approved`: an approval covers the content.
    """

    state: AccountState
    news: NewsRight
    approved: bool


def may_publish_news(account: AccountFacts) -> bool:
    """Say whether `account` may publish current-affairs news (Art. 7 ¶2).

    News organisations and news sites may; others only with the authority's approval.
    """
    return account.approved or account.news is NewsRight.PUBLISH


def may_reprint_news(account: AccountFacts) -> bool:
    """Say whether `account` may reprint current-affairs news (Art. 7 ¶2).

    Who may publish it may, and so may who holds a news-information licence without being a news organisation; others
    only with the authority's approval.
    """
    return account.approved or account.news in {NewsRight.REPRINT, NewsRight.PUBLISH}


def label_of(account: AccountFacts) -> NewsRight:
    """Return what every reader is shown that `account` may do with current-affairs news (Art. 7 ¶3)."""
    if may_publish_news(account):
        return NewsRight.PUBLISH
    return NewsRight.REPRINT if may_reprint_news(account) else NewsRight.NONE
