"""Reading contacts, and what people show to those they know. Each call is one snapshot."""

from collections.abc import Sequence
from json import dumps

from protocol.contacts import ContactsReply, PrivateCard
from protocol.frames import Person
from protocol.ids import PersonId
from server.store import contacts
from server.store.circles import near
from server.store.snapshots import Snapshots

# By handle, who wants to be found; and whom one knows already, so that it does not show whether they still know one.
_FOUND = """
SELECT p.person, p.handle FROM people AS p
WHERE p.person IN (SELECT value FROM json_each(:persons)) OR p.handle IN (SELECT value FROM json_each(:handles)) AND (
    p.findable OR p.person = :viewer
    OR EXISTS (
        SELECT 1 FROM contacts AS c
        WHERE c.person = :viewer AND c.contact = p.person AND (c.state = 'contact' OR c.until > :at)
    )
    OR EXISTS (
        SELECT 1 FROM topics AS t JOIN members AS m ON m.topic = t.topic AND m.person = :viewer
        WHERE t.one_peer = min(p.person, :viewer) AND t.other_peer = max(p.person, :viewer)
    )
)
ORDER BY p.handle
"""
_CARDS = f"""
SELECT p.person, p.card FROM json_each(:persons) AS wanted JOIN people AS p ON p.person = wanted.value
WHERE p.card <> x'' AND (
    {near(":viewer", "p.person")}
    OR NOT EXISTS (SELECT 1 FROM blocks WHERE person = p.person AND blocked = :viewer) AND EXISTS (
        SELECT 1 FROM members AS me JOIN topics AS t ON t.topic = me.topic AND t.kind = 'group'
        JOIN members AS they ON they.topic = me.topic AND they.person = p.person AND they.standing = 'member'
        WHERE me.person = :viewer AND me.standing = 'member'
    )
)
ORDER BY wanted.key
"""


class ContactReads(Snapshots):
    """A part of a reader; see the port `ContactReader`."""

    def contacts(self, person: PersonId, mark: int, *, at: int, limit: int) -> ContactsReply:
        """Return those contacts of `person` that changed after `mark`."""
        with self._snapshot() as connection:
            return contacts.contacts_of(connection, person, mark, at=at, limit=limit)

    def found(
        self, viewer: PersonId, handles: Sequence[str], persons: Sequence[PersonId], *, at: int
    ) -> tuple[Person, ...]:
        """Return those of these people whom `viewer` finds."""
        asked = {"viewer": viewer, "handles": dumps(list(handles)), "persons": dumps(list(persons)), "at": at}
        return tuple(Person(person=person, handle=handle) for person, handle in self._rows(_FOUND, asked))

    def private_cards(self, viewer: PersonId, persons: Sequence[PersonId]) -> tuple[PrivateCard, ...]:
        """Return the cards of those of `persons` who show theirs to `viewer`."""
        rows = self._rows(_CARDS, {"viewer": viewer, "persons": dumps(list(dict.fromkeys(persons)))})
        return tuple(PrivateCard(person=person, card=card) for person, card in rows)
