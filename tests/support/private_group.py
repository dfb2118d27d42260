"""A private group and the people around it, each of whom stands to it in another way."""

from typing import Any

from protocol.entries import Role, Standing
from protocol.frames import (
    GroupAsk,
    GroupInvite,
    GroupLink,
    Request,
)
from tests.support.inline import Caller, InlineServer


class Town:
    """A group with two of each role; beside it one who is invited, one who asks, and one who is nothing to it."""

    def __init__(self, server: InlineServer) -> None:
        self.server = server
        (self.owner, *self.admins) = server.people("ann", "ben", "bill")
        self.members = server.people("cyd", "cora")
        self.guest, self.asker, self.stranger = server.people("dee", "eve", "fay")
        self.topic = server.group(self.owner, *self.members, admins=tuple(self.admins))
        self.link = self.owner.do(GroupLink, topic=self.topic).link
        self.owner.do(GroupInvite, topic=self.topic, person=self.guest.person)
        self.asker.do(GroupAsk, link=self.link, greeting=b"please")
        for caller in server.callers:
            caller.collect()

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
        state = self.server.reads.reader.topic(self.topic)
        assert state is not None
        member = state.members.get(caller.person)
        return member.standing if member else None

    def role(self, caller: Caller) -> Role:
        state = self.server.reads.reader.topic(self.topic)
        assert state is not None
        return state.members[caller.person].role
