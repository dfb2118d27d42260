"""Contacts: asking and being asked, and what one keeps about them. The other one learns what is meant for them alone.

Whether somebody blocks one or has refused shows in nothing here; whether they have one among their contacts still, to
those alone who have removed them and ask again.
"""

from dataclasses import dataclass

from protocol.contacts import (
    AcceptContact,
    AskContact,
    ContactReply,
    Contacts,
    HideContact,
    PrivateCards,
    PrivateCardsReply,
    RefuseContact,
    RemarkContact,
    RemoveContact,
    SetPrivateCard,
    WithdrawContact,
)
from protocol.errors import ErrorCode
from protocol.limits import CONTACTS, CONTACTS_ASKED, CONTACTS_SHOWN
from protocol.shapes import Done
from server.contacts import told
from server.outcomes import NOT_FOUND, Answer, Ask, Caller, Commit, Decision, Refuse
from server.store.contact_writes import (
    AcceptRequest,
    ContactPut,
    DropContact,
    OfTwo,
    PutHiding,
    PutPrivateCard,
    PutRemark,
    PutRequest,
    RefuseRequest,
    WithdrawRequest,
)
from server.store.writes import TargetGone, TooMany

ASKED_MS = 7 * 86_400_000  # For so long somebody is asked.

_ONESELF = Refuse(ErrorCode.BAD_REQUEST, "one is no contact of oneself", field="person")
_MANY = Refuse(
    ErrorCode.TOO_MANY, f"one can have {CONTACTS} contacts at most, and wait for {CONTACTS_ASKED} answers at a time"
)


@dataclass(frozen=True, slots=True)
class Acquaintances:
    """One's contacts."""

    def contacts(self, request: Contacts, caller: Caller, at: int) -> Decision:
        """List one's contacts and requests, as far as they have changed."""
        return Ask(lambda reader: reader.contacts(caller.person, request.mark, at=at, limit=CONTACTS_SHOWN), Answer)

    def ask(self, request: AskContact, caller: Caller, at: int) -> Decision:
        """Ask somebody to be a contact, unless they are one, or have been asked."""
        write = PutRequest(
            person=caller.person,
            contact=request.person,
            greeting=request.greeting,
            at=at,
            until=at + ASKED_MS,
            most=CONTACTS,
            most_asked=CONTACTS_ASKED,
        )
        return _put(write)

    def withdraw(self, request: WithdrawContact, caller: Caller, at: int) -> Decision:
        """Do not ask somebody any more."""
        return _put(WithdrawRequest(person=caller.person, contact=request.person, at=at))

    def accept(self, request: AcceptContact, caller: Caller, at: int) -> Decision:
        """Be contacts with somebody who asks."""
        return _put(AcceptRequest(person=caller.person, contact=request.person, at=at, most=CONTACTS))

    def refuse(self, request: RefuseContact, caller: Caller, at: int) -> Decision:
        """Do not; they are not told."""
        return _put(RefuseRequest(person=caller.person, contact=request.person, at=at))

    def remove(self, request: RemoveContact, caller: Caller, at: int) -> Decision:
        """Have somebody as a contact no longer; they are not told."""
        return _put(DropContact(person=caller.person, contact=request.person, at=at))

    def remark(self, request: RemarkContact, caller: Caller, at: int) -> Decision:
        """Note something about a contact."""
        return _put(PutRemark(person=caller.person, contact=request.person, remark=request.remark, at=at))

    def hide(self, request: HideContact, caller: Caller, at: int) -> Decision:
        """Say whose moments are hidden from whom."""
        write = PutHiding(person=caller.person, contact=request.person, mine=request.mine, theirs=request.theirs, at=at)
        return _put(write)

    def set_card(self, request: SetPrivateCard, caller: Caller, at: int) -> Decision:
        """Say something of oneself to those one knows."""
        return Commit(PutPrivateCard(person=caller.person, card=request.card), lambda _: Answer(Done()))

    def cards(self, request: PrivateCards, caller: Caller, at: int) -> Decision:
        """Look at what people say of themselves to those they know."""
        return Ask(
            lambda reader: reader.private_cards(caller.person, request.persons),
            lambda cards: Answer(PrivateCardsReply(cards=cards)),
        )


def _put(write: OfTwo) -> Decision:
    if write.contact == write.person:
        return _ONESELF

    def then(outcome: ContactPut | TargetGone | TooMany) -> Decision:
        match outcome:
            case ContactPut():
                own = outcome.own
                return Answer(ContactReply(contact=own.contact, mark=own.mark), tuple(map(told, outcome.changed)))
            case TargetGone():
                return NOT_FOUND
            case TooMany():
                return _MANY

    return Commit(write, then)
