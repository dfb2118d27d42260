"""A group as a test stands around it: somebody of each role, and what becomes of what they ask."""

from typing import Any

from protocol.entries import Role, Standing
from protocol.frames import Request
from protocol.ids import TopicId
from protocol.limits import SEQ_MAX
from server.store.base import Reader
from tests.support.inline import Caller, InlineServer

FOREVER = SEQ_MAX  # Until when somebody is muted who stays so.


class Ranked:
    """A group with an owner, and two of each other role. `reader`: of the store that it is in."""

    server: InlineServer
    owner: Caller
    admins: list[Caller]
    members: list[Caller]
    topic: TopicId
    reader: Reader

    def of(self, role: Role) -> Caller:
        return {Role.OWNER: self.owner, Role.ADMIN: self.admins[0], Role.MEMBER: self.members[0]}[role]

    def another(self, role: Role) -> Caller:
        """Return somebody of `role` other than `of(role)`; there is one owner, who may only do things to themselves."""
        return {Role.OWNER: self.owner, Role.ADMIN: self.admins[1], Role.MEMBER: self.members[1]}[role]

    def outcome(self, caller: Caller, shape: type[Request[Any]], **fields: Any) -> str:
        """Return "done", or the code `caller` is refused with."""
        answer = caller.try_(caller.request(shape, topic=self.topic, **fields))
        return getattr(answer, "code", "done")

    def standing(self, caller: Caller) -> Standing | None:
        state = self.reader.topic(self.topic)
        assert state is not None
        member = state.members.get(caller.person)
        return member.standing if member else None
