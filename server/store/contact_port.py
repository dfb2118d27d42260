"""The port of contacts: who is one, whom one finds, and what people show of themselves to those they know."""

from collections.abc import Sequence
from typing import Protocol

from protocol.contacts import ContactsReply, PrivateCard
from protocol.frames import Person
from protocol.ids import PersonId


class ContactReader(Protocol):
    """Reads of contacts; only the private store has any. Each call is one snapshot."""

    def contacts(self, person: PersonId, mark: int, *, at: int, limit: int) -> ContactsReply:
        """Return those contacts of `person` that changed after `mark`, `limit` of them at most, in that order.

        A request that has ended by `at` (Unix ms) is none.
        """

    def found(
        self, viewer: PersonId, handles: Sequence[str], persons: Sequence[PersonId], *, at: int
    ) -> tuple[Person, ...]:
        """Return those that exist, each once, by handle in order.

        By handle those alone who are findable, or are, at `at`, among `viewer`'s contacts and requests, or in a chat
        that `viewer` knows of. What the others have made of that does not matter.
        """

    def private_cards(self, viewer: PersonId, persons: Sequence[PersonId]) -> tuple[PrivateCard, ...]:
        """Return the private cards of those of `persons` who have one and show it to `viewer`, in the order asked.

        It is shown to friends, and to members of the same private groups whom its owner does not block.
        """
