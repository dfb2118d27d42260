"""A group of any size on a server without sockets or threads, most of whose members were never asked for anything."""

from types import TracebackType
from typing import Self

from protocol.codec import encode_request
from protocol.frames import Resume, Send
from protocol.ids import Seq
from tests.guards.people import Account, Registry
from tests.support.inline import Caller, InlineServer


class Crowd:
    """`members`: connections of those who are here, the owner first. `said`: the seq of a message all of them know."""

    def __init__(self, size: int, *, here: int | None = None) -> None:
        self.server = InlineServer()
        self._registry = Registry(self.server.store.writer())
        accounts = self._registry.people(size)
        self.topic = self._registry.group(accounts)
        self.members = self._sign_in(accounts[:here])
        self.owner = self.members[0]
        self.said: Seq = self.owner.do(Send, topic=self.topic, body=b"good morning").seq
        self.forget()

    def newcomers(self, how_many: int) -> list[Caller]:
        """Seat so many more, who may see nothing that was said before, and sign them in."""
        accounts = self._registry.people(how_many)
        state = self.server.rooms.get(self.topic)
        assert state is not None
        for outcome in self._registry.join(self.topic, *accounts):
            self.server.committed(outcome)
        newcomers = self._sign_in(accounts)
        self.forget()
        return newcomers

    def says_together(self, how_many: int, body: bytes, *, speakers: int = 1) -> None:
        """Have the first members say `body`, in turns, so many times in all, and all of it committed in one batch."""
        self.server.commits.gather()
        for number in range(how_many):
            speaker = self.members[number % speakers]
            speaker.say(encode_request(speaker.request(Send, topic=self.topic, body=body)))
        self.server.commits.commit()
        self.server.settle()

    def forget(self) -> None:
        """Let nobody have heard anything."""
        self.server.settle()
        for caller in self.server.callers:
            caller.peer.frames.clear()

    def _sign_in(self, accounts: list[Account]) -> list[Caller]:
        return [self._signed_in(account) for account in accounts]

    def _signed_in(self, account: Account) -> Caller:
        caller = self.server.connect()
        caller.signed_in(caller.do(Resume, token=account.token, heads={}))
        return caller

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.close()
