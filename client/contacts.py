"""Who one's contacts are, as far as this device knows them, and what one notes about them: names and tags.

Every change has a mark, one more than the last, and the server tells what has changed after one. All is known up to
the mark that is noted; a change that is not the next one says that another is missing, which is asked for at the next
sign-in. Each row keeps the mark it was told with, so that what is older and comes later changes nothing; that somebody
is no contact any more is a row for the same reason.

Tags are nobody's business but one's own: `audience` makes people of them, and the server is told the people.
"""

import sqlite3
import unicodedata
from collections.abc import Iterable, Sequence

import msgspec

from client.errors import ContactError
from protocol import limits
from protocol.contacts import Contact, ContactState
from protocol.content import ContentError, Remark, decode_remark
from protocol.ids import PersonId
from protocol.moments import Audience

_MARK = "contacts"
REQUESTS = frozenset({ContactState.ASKING, ContactState.ASKED})


class Contacts:
    """The contacts of one profile, in the cache's database."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._contacts = msgspec.msgpack.Decoder(Contact)

    @property
    def mark(self) -> int:
        """Up to where all that has changed is known."""
        row = self._database.execute("SELECT value FROM notes WHERE key = ?", (_MARK,)).fetchone()
        return int(row[0]) if row else 0

    def all(self) -> list[Contact]:
        """Return one's contacts, by their handles."""
        return [contact for contact in self.every() if contact.state is ContactState.CONTACT]

    def requests(self, *, at: int) -> list[Contact]:
        """Return who asks one and whom one has asked, and for whom that has not ended at `at`; the newest first."""
        waiting = [contact for contact in self.every() if is_waiting(contact, at=at)]
        return sorted(waiting, key=lambda contact: -contact.at)

    def of(self, person: PersonId) -> Contact | None:
        """Return how `person` stands to one, if they ever stood in any way."""
        row = self._database.execute("SELECT contact FROM contacts WHERE person = ?", (person,)).fetchone()
        return self._contacts.decode(row[0]) if row else None

    def every(self) -> list[Contact]:
        """Return all who ever stood to one in any way, by their handles."""
        rows = self._database.execute("SELECT contact FROM contacts")
        return sorted((self._contacts.decode(row[0]) for row in rows), key=lambda contact: contact.handle)

    def put(self, contact: Contact, mark: int) -> None:
        """Take in how somebody stood to one at `mark`, unless it is known how they did later."""
        self._database.execute(
            "INSERT INTO contacts (person, mark, contact) VALUES (?, ?, ?) ON CONFLICT (person) DO UPDATE"
            " SET mark = excluded.mark, contact = excluded.contact WHERE excluded.mark >= mark",
            (contact.person, mark, msgspec.msgpack.encode(contact)),
        )

    def reach(self, mark: int) -> None:
        """All is known up to `mark`."""
        if mark > self.mark:
            self._database.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (_MARK, str(mark)))

    def forget(self) -> None:
        """Forget them all: the server will tell of them anew."""
        self._database.execute("DELETE FROM contacts")
        self._database.execute("DELETE FROM notes WHERE key = ?", (_MARK,))


def is_waiting(contact: Contact, *, at: int) -> bool:
    """Say whether a request between the two is open at `at`; one ends by itself, whether or not this device is told."""
    return contact.state in REQUESTS and (contact.until is None or at < contact.until)


# What one notes.


def noted(contact: Contact) -> Remark | None:
    """Return what one notes about a contact; None: it cannot be read here."""
    try:
        return decode_remark(contact.remark)
    except ContentError:
        return None


def tags(contacts: Iterable[Contact]) -> dict[str, list[Contact]]:
    """Return every tag that is given, as it is spelled first, with those who have it."""
    spelled: dict[str, str] = {}
    having: dict[str, list[Contact]] = {}
    for contact in contacts:
        for tag in (noted(contact) or Remark()).tags:
            having.setdefault(spelled.setdefault(_folded(tag), tag), []).append(contact)
    return dict(sorted(having.items()))


def with_tag(contacts: Iterable[Contact], tag: str) -> list[Contact]:
    """Return those who have `tag`.

    Raises:
        ContactError: Nobody has.
    """
    having = tags(contacts)
    found = [people for other, people in having.items() if _folded(other) == _folded(tag)]
    if not found:
        given = f"those you have given: {', '.join(map(repr, having))}" if having else "you have given no tags yet"
        raise ContactError(f"none of your contacts has the tag {tag!r}; {given}")
    return found[0]


def tagged(remark: Remark, tag: str, contacts: Iterable[Contact]) -> Remark:
    """Return `remark` with `tag`, spelled as it is among `contacts`; width, case and spaces make no difference."""
    wanted = _folded(tag)
    if wanted in map(_folded, remark.tags):
        return remark
    known = {_folded(other): other for other in tags(contacts)}
    return msgspec.structs.replace(remark, tags=(*remark.tags, known.get(wanted, " ".join(tag.split()))))


def untagged(remark: Remark, tag: str) -> Remark:
    """Return `remark` without `tag`."""
    kept = tuple(other for other in remark.tags if _folded(other) != _folded(tag))
    return msgspec.structs.replace(remark, tags=kept)


def named(contacts: Iterable[Contact], name: str, *, nobody: str = "") -> Contact:
    """Return whom `name` means: their handle, their id, or what one calls them.

    Raises:
        ContactError: Nobody (what is said then is `nobody`), or several.
    """
    known, wanted = list(contacts), _folded(name)
    found = [each for each in known if name.removeprefix("@").lower() == each.handle or name == each.person]
    found = found or [each for each in known if wanted and _folded((noted(each) or Remark()).text) == wanted]
    if len(found) == 1:
        return found[0]
    if found:
        raise ContactError(f"{name!r} may be {', '.join(each.handle for each in found)}: use the handle")
    raise ContactError(nobody or f"nobody among your contacts is called {name!r}")


def audience(
    contacts: Sequence[Contact],
    *,
    only_people: Sequence[str] = (),
    only_tags: Sequence[str] = (),
    without_people: Sequence[str] = (),
    without_tags: Sequence[str] = (),
) -> Audience:
    """Return whom something is for: all `contacts`, or only these people and those with these tags; without some.

    It is fixed by this: who gets a tag later is not added, who loses it not taken away. Somebody whose remark cannot
    be read here may have any tag, so `without_tags` leaves them out.

    Raises:
        ContactError: Somebody is no contact; nobody has such a tag; nobody is left, or more than may be named.
    """
    only = {each.person for each in _meant(contacts, only_people, only_tags)}
    without = {each.person for each in _meant(contacts, without_people, without_tags)}
    if without_tags:
        without |= {contact.person for contact in contacts if noted(contact) is None}
    is_for_some = bool(only_people or only_tags)
    if is_for_some and only <= without:
        raise ContactError("nobody is left whom it would be for")
    people = sorted(only - without if is_for_some else without)
    if len(people) > limits.AUDIENCE_PEOPLE:
        raise ContactError(f"these are {len(people)} people; at most {limits.AUDIENCE_PEOPLE} can be named")
    return Audience(only=tuple(people)) if is_for_some else Audience(without=tuple(people))


def _meant(contacts: Sequence[Contact], people: Sequence[str], given: Sequence[str]) -> list[Contact]:
    return [*(named(contacts, name) for name in people), *(each for tag in given for each in with_tag(contacts, tag))]


def _folded(name: str) -> str:
    """Return what tags, and what one calls people, are compared by: width, case and spaces make no difference."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
