"""What a public store answers about who runs accounts: a port, like those of `base`, that is part of PublicReader."""

from dataclasses import dataclass
from typing import Protocol

from compliance.bench import Bench
from compliance.rights import Approval
from protocol.accounts import ActsReply, Operator, OwnAccount
from protocol.ids import PersonId, TopicId


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedApproval:
    """An approval by the authority as it is on record. `added_at`, `ended_at`: Unix ms."""

    number: int
    account: TopicId
    approval: Approval
    added_at: int
    ended_at: int | None


class OperatorReader(Protocol):
    """Reads of who runs a public account, and what its operators see. Each call is one snapshot."""

    def own_accounts(self, person: PersonId, *, at: int, bench: Bench) -> tuple[OwnAccount, ...]:
        """Return the accounts that `person` has applied for or is an operator of, as they stand at `at` (Unix ms), the
        oldest application first.
        """

    def operators(self, account: TopicId) -> tuple[Operator, ...]:
        """Return who runs `account`, the owner first, then by handle in order; nobody before it is approved."""

    def acts(self, account: TopicId, *, before: int | None, limit: int) -> ActsReply:
        """Return what the operators of `account` did, newest first, before the act `before`."""

    def approvals(self, account: TopicId | None) -> tuple[RecordedApproval, ...]:
        """Return the authority's approvals of `account` (None: of all), the first put on record first."""
