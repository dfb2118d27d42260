"""A session against a server that misbehaves: the outbox, the client's rule, coming back."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from client.account import Account, login, register
from client.cache import Cache
from client.errors import ConnectionLostError, NeedsError, RefusedError, SignedOutError, UnreachableError
from client.events import Arrived, Event, NotSent, Offline, Online, Resynced, Sent
from client.session import Session
from protocol import content, frames
from protocol.entries import Kind, Side
from protocol.errors import ErrorCode
from protocol.frames import Send
from protocol.ids import Cid, DeviceId, Epoch, PersonId, Seq
from tests.client.fake_server import PASSWORD, FakeServer, RefusingError, fake_server


class Swift(random.Random):
    """Chance that always says: at once."""

    def uniform(self, a: float, b: float) -> float:
        return a


@pytest.fixture
async def fake() -> AsyncIterator[FakeServer]:
    async with fake_server() as server:
        yield server


def account(fake: FakeServer, handle: str = "alice") -> Account:
    person = fake.has(handle)
    return Account(url=fake.url, handle=handle, person=person, device=DeviceId("d" * 16), token=fake.token(handle))


@asynccontextmanager
async def running(session: Session) -> AsyncIterator[Session]:
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(session.run)
            yield session
            session.stop()


def body(text: str) -> bytes:
    return content.encode(content.Text(text=text))


async def until(events: trio.MemoryReceiveChannel[Event], kind: type[Event]) -> Event:
    async for event in events:
        if isinstance(event, kind):
            return event
    raise AssertionError


def logged(session: Session) -> list[bytes | None]:
    return [line[3] for summary in session.cache.topics() for line in session.log(summary.topic)]


async def test_registering_gives_an_account_with_a_token(fake: FakeServer) -> None:
    made = await register(fake.url, "alice", PASSWORD)
    assert (made.handle, made.person) == ("alice", fake.people["alice"])
    assert made.token in fake.tokens


async def test_registering_says_what_the_server_needs(fake: FakeServer) -> None:
    fake.needs = ("invitation",)
    with pytest.raises(NeedsError) as caught:
        await register(fake.url, "alice", PASSWORD)
    assert caught.value.needs == ("invitation",)
    assert (await register(fake.url, "alice", PASSWORD, answers={"invitation": "CODE"})).handle == "alice"


async def test_a_wrong_password_is_refused(fake: FakeServer) -> None:
    fake.has("alice")
    with pytest.raises(RefusedError) as caught:
        await login(fake.url, "alice", "wrong")
    assert caught.value.code == ErrorCode.BAD_CREDENTIALS


async def test_where_nobody_listens_the_client_says_so() -> None:
    with pytest.raises(UnreachableError, match="nobody listens there"):
        await login("ws://127.0.0.1:1", "alice", PASSWORD)


async def test_a_text_said_to_a_person_is_in_the_log_and_counts_as_read(fake: FakeServer) -> None:
    bob = fake.has("bob")
    async with running(Session(account(fake), Cache())) as session:
        sent = await session.say("hello", to=bob)
        await session.until(lambda: session.cache.topic(sent.topic).unread == 0)  # type: ignore[union-attr]
        assert session.log(sent.topic) == ((1, session.account.person, Kind.MESSAGE, body("hello")),)
        await session.marks_sent()
        assert fake.marks[sent.topic, session.account.person] == 1


async def test_what_others_say_arrives_in_order(fake: FakeServer) -> None:
    session = Session(account(fake), Cache())
    with session.subscribe() as events:
        async with running(session):
            await session.caught_up()
            for text in ("one", "two", "three"):
                await fake.say("bob", "alice", body(text))
            arrived = [await until(events, Arrived) for _ in range(3)]
    assert [event.entry.seq for event in arrived if isinstance(event, Arrived)] == [1, 2, 3]
    [summary] = session.cache.topics()
    assert (summary.unread, summary.head) == (3, 3)


async def test_a_push_that_never_came_is_fetched_before_the_next_is_shown(fake: FakeServer) -> None:
    session = Session(account(fake), Cache())
    with session.subscribe() as events:
        async with running(session):
            await session.caught_up()
            await fake.say("bob", "alice", body("one"))
            fake.pushes_to_skip = 2
            for text in ("two", "three", "four"):
                await fake.say("bob", "alice", body(text))
            arrived = [await until(events, Arrived) for _ in range(4)]
    assert [event.entry.seq for event in arrived if isinstance(event, Arrived)] == [1, 2, 3, 4]


async def test_a_lost_ack_is_repeated_under_the_same_cid_and_stored_once(fake: FakeServer) -> None:
    bob = fake.has("bob")
    fake.acks_to_lose = 1
    async with running(Session(account(fake), Cache(), chance=Swift())) as session:
        sent = await session.say("once", to=bob)
        await session.outbox_empty()
    assert [entry.body for entry in fake.logs[sent.topic]] == [body("once")]


async def test_what_is_posted_offline_goes_out_in_order_when_the_server_is_back(fake: FakeServer) -> None:
    bob = fake.has("bob")
    session = Session(account(fake), Cache())
    cids = [
        session.post(Send(id=0, cid=session.new_cid(), body=body(text), to=bob)) for text in ("one", "two", "three")
    ]
    async with running(session):
        assert [(await session.delivered(cid)).seq for cid in cids] == [1, 2, 3]


async def test_the_outbox_survives_a_kill_between_ack_and_removal(fake: FakeServer, tmp_path: Path) -> None:
    bob, alice = fake.has("bob"), account(fake)
    cache = Cache(tmp_path / "cache.db")
    cid = Session(alice, cache).post(
        Send(id=0, cid=Cid(b"\0" * 6 + b"\x70\0\x80" + b"\0" * 7), body=body("once"), to=bob)
    )
    cache.outbox.claim("the one that was killed", Side.PRIVATE, now=0)
    [waiting] = cache.outbox.waiting()
    await fake._append(alice.person, waiting.request)  # It got through; the ack was the last thing the process saw.
    cache.close()
    async with running(Session(alice, Cache(tmp_path / "cache.db"))) as session:
        done = await session.delivered(cid)
        await session.outbox_empty()
    assert [entry.cid for entry in fake.logs[done.topic]] == [cid]


async def test_two_sessions_of_one_profile_send_each_message_once(fake: FakeServer, tmp_path: Path) -> None:
    bob, alice = fake.has("bob"), account(fake)
    one, other = Session(alice, Cache(tmp_path / "cache.db")), Session(alice, Cache(tmp_path / "cache.db"))
    async with running(one), running(other):
        cids = [
            session.post(Send(id=0, cid=session.new_cid(), body=body(str(number)), to=bob))
            for number, session in enumerate([one, other] * 5)
        ]
        done = [await session.delivered(cid) for session, cid in zip([one, other] * 5, cids, strict=True)]
        await one.until(lambda: len(one.log(done[0].topic)) == 10)
    assert [entry.body for entry in fake.logs[done[0].topic]] == [body(str(number)) for number in range(10)]


async def test_a_refused_message_is_told_kept_and_not_tried_again(fake: FakeServer) -> None:
    bob = fake.has("bob")
    fake.refusals = [RefusingError(ErrorCode.NOT_ACCEPTED)]
    session = Session(account(fake), Cache())
    with session.subscribe() as events:
        async with running(session):
            cid = session.post(Send(id=0, cid=session.new_cid(), body=body("hello"), to=bob))
            assert await until(events, NotSent) == NotSent(cid, "not_accepted", "no")
            with pytest.raises(RefusedError, match="not_accepted"):
                await session.delivered(cid)
            await session.say("again", to=bob)
    [refused] = session.cache.outbox.refused()
    assert refused.cid == cid
    assert sum(isinstance(request, Send) for request in fake.seen) == 2


async def test_a_message_refused_for_now_is_tried_again_after_the_time_named(fake: FakeServer) -> None:
    bob = fake.has("bob")
    fake.refusals = [RefusingError(ErrorCode.RATE_LIMITED, retry_after_ms=1)]
    async with running(Session(account(fake), Cache())) as session:
        assert (await session.say("patience", to=bob)).seq == 1


async def test_a_message_for_a_handle_nobody_has_is_refused_not_lost(fake: FakeServer) -> None:
    session = Session(account(fake), Cache())
    cid = session.post(Send(id=0, cid=session.new_cid(), body=body("hello")), handle="nobody")
    async with running(session):
        with pytest.raises(RefusedError, match="nobody is called nobody"):
            await session.delivered(cid)


async def test_a_message_for_a_handle_known_only_online_finds_its_person(fake: FakeServer) -> None:
    bob, session = fake.has("bob"), Session(account(fake), Cache())
    cid = session.post(Send(id=0, cid=session.new_cid(), body=body("hello")), handle="bob")
    async with running(session):
        done = await session.delivered(cid)
    assert bob in fake.chats[done.topic]


async def test_after_a_shutdown_the_client_comes_back_in_the_window_and_misses_nothing(fake: FakeServer) -> None:
    session = Session(account(fake), Cache())
    with session.subscribe() as events:
        async with running(session):
            await session.caught_up()
            await fake.close_all(4000, "reconnect in 1-2 ms")
            offline = await until(events, Offline)
            await fake.say("bob", "alice", body("meanwhile"))
            await until(events, Online)
            await until(events, Arrived)
    assert isinstance(offline, Offline)
    assert 0.001 <= offline.retry_in <= 0.002
    assert logged(session) == [body("meanwhile")]


async def test_a_stopped_session_comes_back_from_where_it_was(fake: FakeServer) -> None:
    session = Session(account(fake), Cache())
    async with running(session):
        await fake.say("bob", "alice", body("one"))
        await session.caught_up()
    assert not session.is_online
    await fake.say("bob", "alice", body("two"))
    async with running(session):
        await session.caught_up()
    assert logged(session) == [body("one"), body("two")]
    resume = next(request for request in reversed(fake.seen) if isinstance(request, frames.Resume))
    assert list((resume.heads or {}).values()) == [1]


async def test_closing_without_leave_to_return_ends_the_session(fake: FakeServer) -> None:
    session = Session(account(fake), Cache())
    with trio.fail_after(5), pytest.RaisesGroup(ConnectionLostError):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(session.run)
            await session.reach()
            await fake.close_all(4503, "abuse")


@pytest.mark.parametrize("how", ["resume refused", "signed out"])
async def test_a_dead_token_ends_the_session_and_says_so(fake: FakeServer, how: str) -> None:
    alice = account(fake)
    if how == "resume refused":
        fake.tokens.clear()
    session = Session(alice, Cache())
    with trio.fail_after(5), pytest.RaisesGroup(SignedOutError):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(session.run)
            if how == "signed out":
                await session.reach()
                await fake.close_all(4501)


async def test_another_epoch_makes_the_cache_forget_all_but_the_outbox(fake: FakeServer) -> None:
    session = Session(account(fake), Cache())
    async with running(session):
        await fake.say("bob", "alice", body("before"))
        await session.caught_up()
    cid = session.post(Send(id=0, cid=session.new_cid(), body=body("kept"), to=fake.has("bob")))
    fake.epoch, fake.chats, fake.logs = Epoch("second"), {}, {}
    with session.subscribe() as events:
        async with running(session):
            await until(events, Resynced)
            await session.delivered(cid)
            await until(events, Arrived)
    assert logged(session) == [body("kept")]
    assert session.cache.epoch(Side.PRIVATE) == "second"


async def test_a_server_that_knows_less_than_we_do_makes_us_start_anew(fake: FakeServer) -> None:
    session = Session(account(fake), Cache(), chance=Swift())
    async with running(session):
        entry = await fake.say("bob", "alice", body("one"))
        await fake.say("bob", "alice", body("two"))
        await session.caught_up()
    del fake.logs[entry.topic][1]
    async with running(session):
        await session.caught_up()
    assert logged(session) == [body("one")]


async def test_a_server_that_asks_for_patience_gets_it(fake: FakeServer) -> None:
    fake.resume_refusals = [RefusingError(ErrorCode.UNAVAILABLE, retry_after_ms=1)]
    async with running(Session(account(fake), Cache(), chance=Swift())) as session:
        await session.caught_up()


async def test_a_long_absence_is_synced_in_pages(fake: FakeServer) -> None:
    session = Session(account(fake), Cache())
    async with running(session):
        await fake.say("bob", "alice", body("0"))
        await session.caught_up()
    for number in range(1, 10):
        await fake.say("bob", "alice", body(str(number)))
        await fake.say("carol", "alice", body(str(number)))
    fake.slice_entries = 4
    async with running(session):
        await session.caught_up()
    assert sorted(len(session.log(topic.topic)) for topic in session.cache.topics()) == [9, 10]


async def test_a_new_device_gets_the_newest_and_knows_the_rest_as_a_gap_that_history_fills(fake: FakeServer) -> None:
    fake.newest = 3
    for number in range(1, 11):
        entry = await fake.say("bob", "alice", body(str(number)))
    async with running(Session(account(fake), Cache())) as session:
        await session.caught_up()
        assert len(session.log(entry.topic)) == 3
        assert session.cache.page(entry.topic, before=None, limit=5).missing
        page = await session.history(entry.topic, limit=5)
        assert ([found.seq for found in page.entries], page.missing) == ([6, 7, 8, 9, 10], False)
        page = await session.history(entry.topic, before=Seq(6), limit=50)
        assert ([found.seq for found in page.entries], page.complete) == ([1, 2, 3, 4, 5], True)
    assert session.cache.page(entry.topic, before=None, limit=50).complete


async def test_a_second_process_tells_what_the_first_had_stored_meanwhile(fake: FakeServer, tmp_path: Path) -> None:
    alice = account(fake)
    one, other = Session(alice, Cache(tmp_path / "cache.db")), Session(alice, Cache(tmp_path / "cache.db"))
    async with running(other):
        await fake.say("bob", "alice", body("one"))
        await other.caught_up()
    async with running(one):
        await fake.say("bob", "alice", body("two"))
        await one.caught_up()
    with other.subscribe() as events:
        async with running(other):
            arrived = await until(events, Arrived)
    assert isinstance(arrived, Arrived)
    assert arrived.entry.body == body("two")


async def test_a_request_outlives_the_connection_it_was_made_on(fake: FakeServer) -> None:
    fake.has("bob")
    async with running(Session(account(fake), Cache(), chance=Swift())) as session:
        await session.caught_up()
        await fake.close_all(4001)
        assert await session.find("Bob") == fake.people["bob"]


async def test_watching_goes_on_after_a_reconnect(fake: FakeServer) -> None:
    bob = account(fake, "bob")
    async with running(Session(bob, Cache())), running(Session(account(fake), Cache(), chance=Swift())) as session:
        assert await session.watch([bob.person, PersonId("z" * 16)]) in {(bob.person,), ()}
        fake.seen.clear()
        await fake.close_all(4001)
        await session.until(lambda: any(isinstance(request, frames.Watch) for request in fake.seen))


async def test_names_are_asked_for_once(fake: FakeServer) -> None:
    bob = fake.has("bob")
    async with running(Session(account(fake), Cache())) as session:
        await session.names([bob, PersonId("z" * 16)])
        await session.names([bob, PersonId("z" * 16)])
        assert session.cache.handle(bob) == "bob"
    assert sum(isinstance(request, frames.People) for request in fake.seen) == 1


async def test_sent_is_told_once_per_message(fake: FakeServer) -> None:
    session = Session(account(fake), Cache())
    with session.subscribe() as events:
        async with running(session):
            done = await session.say("hello", to=fake.has("bob"))
            await session.until(lambda: bool(session.log(done.topic)))
        told = [events.receive_nowait() for _ in range(events.statistics().current_buffer_used)]
    assert sum(isinstance(event, Sent) for event in told) == 1
