"""What is written about who is whose contact, as values, and what comes of it.

Every one of them says how something is to be: writing it again changes nothing. A request that has ended by `at` is
none, whether or not that was written down.
"""

import msgspec

from protocol.contacts import Contact
from protocol.ids import PersonId


class PutRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`person` asks `contact`, until `until`. Who blocks them is not told, and never learns of it.

    If both of them want it now, or the other one has them as a contact still, they are contacts at once.
    `most`: contacts of one, those that are asked counted, and people who ask one; `most_asked`: that are waited for.
    Outcomes: ContactPut | TargetGone (no such person) | TooMany.
    """

    person: PersonId
    contact: PersonId
    greeting: bytes
    at: int
    until: int
    most: int
    most_asked: int


class WithdrawRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`person` does not ask `contact` any more, who is not asked any more. Outcomes: ContactPut | TargetGone."""

    person: PersonId
    contact: PersonId
    at: int


class AcceptRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`person` and `contact`, who asks them, are contacts.

    Outcomes: ContactPut | TargetGone (nobody asks; or there is no such person) | TooMany.
    """

    person: PersonId
    contact: PersonId
    at: int
    most: int


class RefuseRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`person` is not asked by `contact` any more, who goes on asking. Outcomes: ContactPut | TargetGone."""

    person: PersonId
    contact: PersonId
    at: int


class DropContact(msgspec.Struct, frozen=True, kw_only=True):
    """`person` has `contact` as a contact no longer. Outcomes: ContactPut | TargetGone."""

    person: PersonId
    contact: PersonId
    at: int


class PutRemark(msgspec.Struct, frozen=True, kw_only=True):
    """What `person` notes about a contact, or about somebody who asks or is asked.

    Outcomes: ContactPut | TargetGone (they are none of these).
    """

    person: PersonId
    contact: PersonId
    remark: bytes
    at: int


class PutHiding(msgspec.Struct, frozen=True, kw_only=True):
    """Whether moments are hidden between `person` and `contact`; None leaves it. Outcomes: as of PutRemark."""

    person: PersonId
    contact: PersonId
    mine: bool | None
    theirs: bool | None
    at: int


class PutPrivateCard(msgspec.Struct, frozen=True, kw_only=True):
    """`person`'s private card; empty: there is none. Outcome: Done."""

    person: PersonId
    card: bytes


class EndRequests(msgspec.Struct, frozen=True, kw_only=True):
    """Write down that requests have ended by `at`, `most` of them: what came with them is erased.

    Outcome: RequestsEnded.
    """

    at: int
    most: int


class Stands(msgspec.Struct, frozen=True, kw_only=True):
    """How `contact` stands to `person` now. `mark`: of all of `person`'s."""

    person: PersonId
    contact: Contact
    mark: int


class ContactPut(msgspec.Struct, frozen=True, kw_only=True):
    """`own`: how they stand to who did it. `changed`: whose rows are others than before, theirs or the other one's."""

    own: Stands
    changed: tuple[Stands, ...]


class RequestsEnded(msgspec.Struct, frozen=True, kw_only=True):
    """What has ended. `more`: there may be more of them."""

    ended: tuple[Stands, ...]
    more: bool


OfTwo = PutRequest | WithdrawRequest | AcceptRequest | RefuseRequest | DropContact | PutRemark | PutHiding
ContactWrite = OfTwo | PutPrivateCard | EndRequests
ContactOutcome = ContactPut | RequestsEnded
