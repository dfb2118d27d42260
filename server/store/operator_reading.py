"""Reading what the operators of public accounts see, and which approvals of the authority are on record."""

from compliance.bench import Bench
from protocol.accounts import ActsReply, Operator, OwnAccount
from protocol.entries import Role
from protocol.ids import PersonId, TopicId
from server.store import accounts, acts
from server.store.account_facts import approval_of
from server.store.operator_port import RecordedApproval
from server.store.rows import columns
from server.store.snapshots import Snapshots

# Those one has applied for, and those one has a seat in: an owner has both.
_OWN = f"""
SELECT {columns("a", accounts.COLUMNS)}, ifnull(m.role, 'owner')
FROM accounts AS a LEFT JOIN members AS m ON m.topic = a.topic AND m.person = :person AND m.standing = 'member'
WHERE a.owner = :person OR a.topic IN (SELECT topic FROM members WHERE person = :person)
ORDER BY a.at, a.topic
"""
_OPERATORS = """
SELECT m.person, p.handle, m.role FROM members AS m JOIN people AS p ON p.person = m.person
WHERE m.topic = ? AND m.standing = 'member' ORDER BY m.role <> 'owner', p.handle
"""
_APPROVALS = """
SELECT number, topic, added_at, ended_at, issuer, reference, issued_on, until, item FROM approvals
WHERE :account IS NULL OR topic = :account ORDER BY number
"""


class OperatorReads(Snapshots):
    """A part of a public reader; see the port `OperatorReader`."""

    def own_accounts(self, person: PersonId, *, at: int, bench: Bench) -> tuple[OwnAccount, ...]:
        """Return the accounts that `person` has applied for or is an operator of."""
        with self._snapshot() as connection:
            rows = connection.execute(_OWN, {"person": person}).fetchall()
            return tuple(
                accounts.own(connection, accounts.row_of(row[:-1]), Role(row[-1]), at=at, bench=bench) for row in rows
            )

    def operators(self, account: TopicId) -> tuple[Operator, ...]:
        """Return who runs `account`."""
        rows = self._rows(_OPERATORS, (account,))
        return tuple(Operator(person=person, handle=handle, role=Role(role)) for person, handle, role in rows)

    def acts(self, account: TopicId, *, before: int | None, limit: int) -> ActsReply:
        """Return what the operators of `account` did."""
        found, complete = acts.of(self._connection, account, before=before, limit=limit)
        return ActsReply(acts=found, complete=complete)

    def approvals(self, account: TopicId | None) -> tuple[RecordedApproval, ...]:
        """Return the authority's approvals of `account`, or all."""
        return tuple(
            RecordedApproval(number=number, account=topic, approval=approval_of(row), added_at=added, ended_at=ended)
            for number, topic, added, ended, *row in self._rows(_APPROVALS, {"account": account})
        )
