"""A private group and the people around it, each of whom stands to it in another way."""

from protocol.entries import Role
from protocol.frames import GroupAsk, GroupInvite, GroupLink
from tests.support.inline import Caller, InlineServer
from tests.support.ranked import Ranked


class Town(Ranked):
    """A group with two of each role; beside it one who is invited, one who asks, and one who is nothing to it."""

    def __init__(self, server: InlineServer) -> None:
        self.server, self.reader = server, server.reads.reader
        (self.owner, *self.admins) = server.people("ann", "ben", "bill")
        self.members = server.people("cyd", "cora")
        self.guest, self.asker, self.stranger = server.people("dee", "eve", "fay")
        self.topic = server.group(self.owner, *self.members, admins=tuple(self.admins))
        self.link = self.owner.do(GroupLink, topic=self.topic).link
        self.owner.do(GroupInvite, topic=self.topic, person=self.guest.person)
        self.asker.do(GroupAsk, link=self.link, greeting=b"please")
        for caller in server.callers:
            caller.collect()

    def role(self, caller: Caller) -> Role:
        state = self.reader.topic(self.topic)
        assert state is not None
        return state.members[caller.person].role
