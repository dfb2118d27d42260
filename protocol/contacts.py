"""The messages of contacts: asking, accepting, remarks, whom one shows what, and the private card.

Shapes and bounds only; docs/PROTOCOL.md says what they do. All of it is private; greetings, remarks and cards are
opaque to the server. Each of these requests says how something is to be, so repeating one changes nothing.
"""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from protocol import limits
from protocol.ids import PersonId
from protocol.shapes import Done, Greeting, Number, PersonRef, PrivateCardBody, Push, Remark, Reply, Request


class ContactState(StrEnum):
    """How somebody stands to oneself, as one is shown it; what the other one has made of it does not change it."""

    NONE = "none"  # Not any more; or a request has ended.
    ASKED = "asked"  # One has asked them; until `until`, whatever they think of it.
    ASKING = "asking"  # They ask one.
    CONTACT = "contact"


class Contact(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Somebody among one's contacts. `at`: since when it is so, 0 for ever; `until`: when a request ends; Unix ms.

    `greeting`: of a request. `remark`: one's own about them, with their tags; nobody else sees it.
    `hides_mine`: they are not shown one's moments. `hides_theirs`: theirs are not in one's timeline.
    """

    person: PersonId
    handle: str
    state: ContactState
    at: int
    until: int | None = None
    greeting: bytes = b""
    remark: bytes = b""
    hides_mine: bool = False
    hides_theirs: bool = False


class PrivateCard(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody shows of themselves to their contacts, and in private groups. Opaque."""

    person: PersonId
    card: bytes


class ContactsReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    """What has changed, in that order, each with its last state. `mark`: up to where; `more`: ask on from there."""

    contacts: tuple[Contact, ...]
    mark: int
    more: bool = False


class Contacts(Request[ContactsReply], frozen=True, omit_defaults=True, kw_only=True, tag="contacts"):
    """One's contacts and requests, those that changed after `mark`."""

    mark: Number = 0


class ContactReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    """How they stand to one now. `mark` rises by one with every change of one's contacts."""

    contact: Contact
    mark: int


class AskContact(Request[ContactReply], frozen=True, omit_defaults=True, kw_only=True, tag="contact.ask"):
    """Ask somebody to be a contact. If they ask one already, this accepts it."""

    person: PersonRef
    greeting: Greeting = b""


class WithdrawContact(Request[ContactReply], frozen=True, omit_defaults=True, kw_only=True, tag="contact.withdraw"):
    """Do not ask them any more."""

    person: PersonRef


class AcceptContact(Request[ContactReply], frozen=True, omit_defaults=True, kw_only=True, tag="contact.accept"):
    """Be contacts with somebody who asks. They are told."""

    person: PersonRef


class RefuseContact(Request[ContactReply], frozen=True, omit_defaults=True, kw_only=True, tag="contact.refuse"):
    """Do not. They are not told: to them their request ends by itself."""

    person: PersonRef


class RemoveContact(Request[ContactReply], frozen=True, omit_defaults=True, kw_only=True, tag="contact.remove"):
    """Have them as a contact no longer. They are not told, and keep one in their own contacts."""

    person: PersonRef


class RemarkContact(Request[ContactReply], frozen=True, omit_defaults=True, kw_only=True, tag="contact.remark"):
    """Note something about a contact, or somebody who is asked or asks, tags among it: for oneself alone, on all one's
    devices.
    """

    person: PersonRef
    remark: Remark


class HideContact(Request[ContactReply], frozen=True, omit_defaults=True, kw_only=True, tag="contact.hide"):
    """Do not show a contact, or somebody who is asked or asks, one's moments (`mine`), or oneself theirs (`theirs`).

    None leaves what it is.
    """

    person: PersonRef
    mine: bool | None = None
    theirs: bool | None = None


class SetPrivateCard(Request[Done], frozen=True, omit_defaults=True, kw_only=True, tag="private_card"):
    """Set one's private card; empty: there is none."""

    card: PrivateCardBody


class PrivateCardsReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    """Of those asked for, those that one is shown."""

    cards: tuple[PrivateCard, ...]


class PrivateCards(Request[PrivateCardsReply], frozen=True, omit_defaults=True, kw_only=True, tag="private_cards"):
    """Look at private cards: of contacts, of people in private groups one is in, and one's own."""

    persons: Annotated[tuple[PersonRef, ...], Meta(max_length=limits.MOMENTS_SHOWN)]


class ContactPush(Push, frozen=True, omit_defaults=True, kw_only=True, tag="contact"):
    """How somebody stands to one has changed: on all one's connections, but the one that changed it."""

    contact: Contact
    mark: int
