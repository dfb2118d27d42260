"""Which threads are open where: a bounded number on each connection, and nothing left behind by those who are gone."""

from dataclasses import dataclass, field

import pytest

from protocol.frames import Preferences
from protocol.ids import DeviceId, MomentId, PersonId, TopicId
from protocol.moments import ThreadPush
from server.fanout import SHORT, FanOut
from server.outcomes import Caller, Stir
from server.roots import Root, public_root_of, root_of
from server.threads import OpenThreads

ANN, BEN = PersonId("ann"), PersonId("ben")
MOMENT, OTHER = Root("moment"), Root("other")
PUSH = ThreadPush(moment=MomentId("moment"))
SHOWN = Preferences(receipts=True, presence=True)


@dataclass(eq=False)
class Connection:
    """A connection that keeps what it is sent."""

    caller: Caller | None
    live: list[TopicId] = field(default_factory=list)
    frames: list[bytes] = field(default_factory=list)

    def push(self, frame: bytes) -> None:
        self.frames.append(frame)

    def push_ephemeral(self, frame: bytes) -> None: ...

    def prefer(self, preferences: Preferences) -> None: ...

    def sign_out(self) -> None: ...


def connection(person: PersonId = ANN) -> Connection:
    return Connection(Caller(person=person, handle=person, device=DeviceId(person), preferences=SHOWN))


@pytest.fixture
def threads() -> OpenThreads:
    return OpenThreads(FanOut(), most=2)


def test_a_moment_and_a_public_entry_never_have_the_same_root() -> None:
    assert root_of(MomentId("a" * 16)) == "a" * 16
    assert public_root_of(TopicId("0" * 16), 7) == "0" * 16 + ":7"  # type: ignore[arg-type]


def test_so_many_are_open_and_one_that_is_open_may_be_opened_again(threads: OpenThreads) -> None:
    phone, tablet = connection(), connection()
    assert threads.open(phone, MOMENT)
    assert threads.open(phone, OTHER)
    assert not threads.open(phone, Root("third"))
    assert threads.open(phone, MOMENT)
    assert threads.open(tablet, Root("third"))
    threads.close(phone, OTHER)
    assert threads.open(phone, Root("third"))


def test_closing_what_is_not_open_is_nothing(threads: OpenThreads) -> None:
    phone, tablet = connection(), connection()
    threads.open(phone, MOMENT)
    threads.close(phone, OTHER)
    threads.close(tablet, MOMENT)
    threads.forget(tablet)
    assert threads.listening(MOMENT) == (ANN,)


def test_who_is_gone_leaves_nothing_behind(threads: OpenThreads) -> None:
    phone, tablet = connection(), connection(BEN)
    for root in (MOMENT, OTHER):
        threads.open(phone, root)
    threads.open(tablet, OTHER)
    threads.forget(phone)
    assert (len(threads), threads.listening(MOMENT), threads.listening(OTHER)) == (1, (), (BEN,))
    threads.forget(tablet)
    assert (len(threads), threads._roots) == (0, {})


def test_a_person_listens_once_on_however_many_connections(threads: OpenThreads) -> None:
    for one in (connection(ANN), connection(BEN), connection(ANN)):
        threads.open(one, MOMENT)
    assert threads.listening(MOMENT) == (ANN, BEN)


def test_those_named_are_told_where_it_is_open_but_for_who_asked(threads: OpenThreads) -> None:
    phone, tablet, other, elsewhere = connection(), connection(), connection(BEN), connection()
    for one in (phone, tablet, other):
        threads.open(one, MOMENT)
    threads.open(elsewhere, OTHER)
    threads.stir(Stir(MOMENT, PUSH, (ANN,)), asked=phone)
    assert [len(one.frames) for one in (phone, tablet, other, elsewhere)] == [0, 1, 0, 0]
    threads.stir(Stir(Root("nobody's"), PUSH, (ANN,)))


def test_all_are_told_a_piece_at_a_time() -> None:
    fanout = FanOut()
    threads = OpenThreads(fanout)
    listeners = [connection() for _ in range(SHORT + 1)]
    for one in listeners:
        threads.open(one, MOMENT)
    threads.stir(Stir(MOMENT, PUSH, None))
    assert not any(one.frames for one in listeners)
    threads.close(listeners[0], MOMENT)
    while fanout.turn():
        pass
    assert [len(one.frames) for one in listeners] == [0] + [1] * SHORT
