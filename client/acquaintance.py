"""Makes the cache follow who one's contacts are: the server's list and its changes in, events out. Never asks anything.

Several processes share a cache. What another one has taken in first is news here all the same, once: so this one
remembers what it has told.
"""

from client.cache import Cache
from client.events import ContactChanged, Event
from protocol.contacts import Contact, ContactPush, ContactReply, ContactsReply
from protocol.frames import Person
from protocol.ids import PersonId


class Acquaintance:
    """The contacts of one session."""

    def __init__(self, cache: Cache) -> None:
        self._cache, self._contacts = cache, cache.contacts
        self._told: dict[PersonId, Contact] | None = None

    def begin(self) -> list[Event]:
        """A new connection: tell what other processes have learned since the last one."""
        known = {contact.person: contact for contact in self._contacts.every()}
        if self._told is None:
            self._told = known
        return self._news(*known)

    def listed(self, reply: ContactsReply) -> list[Event]:
        """Take in all that has changed up to a mark after what is known."""
        with self._cache.transaction():
            self._put(*reply.contacts, mark=reply.mark)
            self._contacts.reach(reply.mark)
        return self._news(*(contact.person for contact in reply.contacts))

    def changed(self, change: ContactReply | ContactPush) -> list[Event]:
        """Take in one change, made on this device or on another, or by somebody else."""
        with self._cache.transaction():
            self._put(change.contact, mark=change.mark)
            if change.mark == self._contacts.mark + 1:
                self._contacts.reach(change.mark)
        return self._news(change.contact.person)

    def _put(self, *contacts: Contact, mark: int) -> None:
        self._cache.learn(Person(person=contact.person, handle=contact.handle) for contact in contacts)
        for contact in contacts:
            self._contacts.put(contact, mark)

    def _news(self, *people: PersonId) -> list[Event]:
        told = self._told if self._told is not None else {}
        events: list[Event] = []
        for person in people:
            now, before = self._contacts.of(person), told.get(person)
            if now is not None and now != before:
                told[person] = now
                events.append(ContactChanged(now, before))
        return events
