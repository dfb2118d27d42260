"""A server put together as it is served, on loopback sockets, that stands still until a test has it take a turn.

All that a turn does is done on the test's thread, the commits among it, so what it costs can be counted.
"""

import socket
import time
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Self
from unittest.mock import patch

from msgspec.structs import replace

from protocol.codec import encode_request
from protocol.entries import Side
from protocol.frames import Hello, Request, Resume, Send
from protocol.ids import TopicId, new_cid
from server.app import Stores, build
from server.committer import Committer
from server.net.link import Link
from server.readers import Readers
from server.session import Session
from server.store.sqlite import PublicSqliteStore, SqliteStore
from tests.guards.people import AT, Account, Registry
from tests.server.net.support import PATIENCE_S, Client
from tests.support.adapters import HandClock
from tests.support.inline import bench_under_test, configured
from tests.support.panel import StaffedPanel

LARGE = 80  # Members of a group whose fan-out is more than a turn's; their sockets fit where 256 may be open.
ENDLESS = 1000  # Turns. Nothing here takes a tenth of it.


class CountedQueue(SimpleQueue[Any]):
    """A thread's queue. `puts`: how much was in each put, every one of which wakes a thread. `when_put` is called."""

    def __init__(self) -> None:
        self.puts: list[int] = []
        self.when_put: Callable[[], None] = lambda: None

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        super().put(item)
        if item is not None:  # Which is the end.
            self.puts.append(len(item))
            self.when_put()


class Member(Client):
    """A client that is signed in, with its end of the server: the link and the session."""

    def __init__(self, works: "Works", account: Account) -> None:
        super().__init__(works.address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # What is written is there at once.
        self.account = account
        self.works = works
        self._ids = count(1)
        self.link: Link
        self.session: Session

    @property
    def fileno(self) -> int:
        """The file descriptor of the server's end."""
        return self.works.poller._lines[self.link].transport.fileno()

    def asks(self, *requests: Request[Any]) -> None:
        """Write these, each with an id of its own, in one go."""
        for request in requests:
            self.send(encode_request(replace(request, id=next(self._ids))))
        self.write(b"".join(self.protocol.data_to_send()))
        self._write()

    def says(self, topic: TopicId, *bodies: bytes) -> None:
        """Write these messages to `topic`, in one go."""
        self.asks(*(Send(id=0, cid=new_cid(AT), topic=topic, body=body) for body in bodies))


class Works:
    """`service`: all of it. `registry`: writes what is there before anybody comes."""

    def __init__(self, data: Path, **sections: dict[str, Any]) -> None:
        private, public = SqliteStore.open(data, Side.PRIVATE), PublicSqliteStore.open(data, Side.PUBLIC)
        self.stores = Stores(private=private, public=public)
        self.registry = Registry(private.writer())
        listener = socket.create_server(("127.0.0.1", 0), backlog=LARGE)
        self.address: tuple[str, int] = listener.getsockname()
        self.clock = HandClock()
        self.members: list[Member] = []
        with patch("server.committer.SimpleQueue", CountedQueue), patch("server.readers.SimpleQueue", CountedQueue):
            self.service = build(
                configured(**sections),
                self.stores,
                [listener],
                bench=bench_under_test(),
                panel=StaffedPanel(),
                clock=self.clock,
                tls=None,
                broke=lambda: None,
            )
        self.poller = self.service.poller
        self.writes, self.reads = _queue(self.service.committers[0]), _queue(self.service.readers[0])

    def commit(self) -> None:
        """Do here and now what the private writer's thread would do when it is woken."""
        self.writes.put(None)
        self.service.committers[0]._run()

    def turns(self) -> None:
        """Have the poller take turns until it has nothing to do."""
        for _ in range(ENDLESS):
            if not self.poller.tick():
                return
        raise AssertionError("the poller always has something to do")

    def rest(self) -> None:
        """Take turns, commit and let clients read until nothing moves any more."""
        for _ in range(ENDLESS):
            if not self._moves():
                return
        raise AssertionError("it never comes to rest")

    def until(self, condition: Callable[[], object]) -> None:
        """Go on until `condition` holds, which other threads may have to do with."""
        give_up = time.monotonic() + PATIENCE_S
        while not condition():
            self.rest()
            assert time.monotonic() < give_up, "it never came"

    def sign_in(self, accounts: Sequence[Account]) -> list[Member]:
        """Return clients of these, signed in and up to date, at rest; the server has welcomed them in this order."""
        return [self._sign_in(account) for account in accounts]

    def group(self) -> tuple[TopicId, list[Member]]:
        """Return a large group whose members are all here, at rest. They have heard that it begins, and one message."""
        accounts = self.registry.people(LARGE)
        topic = self.registry.group(accounts)
        members = self.sign_in(accounts)
        self.wake_up((topic, members[0]))
        return topic, members

    def chats(self, how_many: int) -> list[tuple[TopicId, Member, Member]]:
        """Return chats between people who are all here, at rest. In each one message was said while both were."""
        accounts = self.registry.people(2 * how_many)
        pairs = list(zip(accounts[::2], accounts[1::2], strict=True))
        topics = [self.registry.chat(one, other) for one, other in pairs]
        members = self.sign_in(accounts)
        self.wake_up(*zip(topics, members[::2], strict=True))
        return list(zip(topics, members[::2], members[1::2], strict=True))

    def wake_up(self, *said: tuple[TopicId, Member]) -> None:
        """Have these say something, so that what is known of the topics is in memory, where it stays."""
        for topic, member in said:
            member.says(topic, b"good morning")
        self.until(lambda: all(len(member.frames) == 2 for _, member in said))
        self.rest()
        for member in self.members:
            member.frames.clear()
        self.writes.puts.clear()
        self.reads.puts.clear()

    def _moves(self) -> bool:
        moved = self.poller.tick() or bool(self.poller._posted)
        if not self.writes.empty():
            self.commit()
            moved = True
        for member in self.members:
            before = len(member.frames)
            member.pump()
            moved |= len(member.frames) > before
        return moved

    def _sign_in(self, account: Account) -> Member:
        member, known = Member(self, account), set(self.poller._lines)
        self.members.append(member)
        self.until(lambda: member.opened)
        (member.link,) = set(self.poller._lines) - known
        assert isinstance(member.link._receiver, Session)
        member.session = member.link._receiver
        member.asks(Hello(id=0, versions=(1,)))
        member.asks(Resume(id=0, token=account.token, heads={}))
        self.until(lambda: len(member.frames) == 2)
        self.rest()
        member.frames.clear()
        return member

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for member in self.members:
            member.close()
        self.poller._abandon()
        for readers in self.service.readers:
            readers.close()
        self.service.passwords.close()
        self.stores.private.close()
        self.stores.public.close()


def _queue(threads: Committer | Readers[Any]) -> CountedQueue:
    queue = threads._queue
    assert isinstance(queue, CountedQueue)
    return queue
