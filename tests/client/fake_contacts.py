"""The contacts of the fake server: a row for each side, a mark for each change. Nobody blocks anybody here."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from protocol import contacts
from protocol.contacts import Contact, ContactState
from protocol.errors import ErrorCode
from protocol.frames import Push, Reply, Request
from protocol.ids import PersonId
from tests.client.fake_public import NOW, RefusingError

FOR_GOOD = 1 << 50  # When requests end, unless a test says otherwise.


class FakeContacts:
    """`tell` pushes to people; `handle` says what they are called. Its attributes are its switches."""

    def __init__(
        self, tell: Callable[[tuple[PersonId, ...], Push], Awaitable[None]], handle: Callable[[PersonId], str]
    ) -> None:
        self._tell, self._handle = tell, handle
        self.rows: dict[PersonId, dict[PersonId, tuple[int, Contact]]] = {}
        self.cards: dict[PersonId, bytes] = {}
        self.page = 100
        self.until = FOR_GOOD
        self.is_old = False  # From before there were contacts.
        self.on_list: Callable[[], Awaitable[object]] | None = None  # Before a list is answered, once it is read.

    def concerns(self, request: Request[Any]) -> bool:
        return type(request).__module__ == "protocol.contacts" and not self.is_old

    def mark(self, person: PersonId) -> int:
        return max((mark for mark, _ in self.rows.get(person, {}).values()), default=0)

    async def put(self, person: PersonId, other: PersonId, *, told: bool = True, **how: Any) -> contacts.ContactReply:
        """`other` stands to `person` so from now on; their devices are told, unless it is their own request."""
        mine = self.rows.setdefault(person, {})
        none = Contact(person=other, handle=self._handle(other), state=ContactState.NONE, at=NOW)
        before = mine.get(other, (0, none))[1]
        mark, now = self.mark(person) + 1, msgspec.structs.replace(before, **how)
        if now == before:
            return contacts.ContactReply(contact=now, mark=mark - 1)
        mine[other] = (mark, now)
        if told:
            await self._tell((person,), contacts.ContactPush(contact=now, mark=mark))
        return contacts.ContactReply(contact=now, mark=mark)

    async def befriend(self, person: PersonId, other: PersonId) -> None:
        for one, another in ((person, other), (other, person)):
            await self.put(one, another, state=ContactState.CONTACT)

    async def answer(self, me: PersonId, request: Request[Any]) -> Reply:
        match request:
            case contacts.Contacts(mark=mark):
                news = sorted(row for row in self.rows.get(me, {}).values() if row[0] > mark)
                shown, now = news[: self.page], self.mark(me)
                if self.on_list is not None:
                    act, self.on_list = self.on_list, None
                    await act()
                more = len(news) > len(shown)
                listed = tuple(contact for _, contact in shown)
                return contacts.ContactsReply(contacts=listed, mark=shown[-1][0] if more else now, more=more)
            case contacts.AskContact(person=other, greeting=greeting):
                await self.put(other, me, state=ContactState.ASKING, until=self.until, greeting=greeting)
                return await self.put(me, other, told=False, state=ContactState.ASKED, until=self.until)
            case contacts.RemarkContact(person=other, remark=remark):
                if other not in self.rows.get(me, {}):
                    raise RefusingError(ErrorCode.NOT_FOUND)
                return await self.put(me, other, told=False, remark=remark)
            case contacts.RemoveContact(person=other):
                return await self.put(me, other, told=False, state=ContactState.NONE, remark=b"")
            case _:
                raise RefusingError(ErrorCode.UNKNOWN_OP)
