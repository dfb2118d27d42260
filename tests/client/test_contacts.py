"""One's contacts on this device: what changed comes once and in whole; tags become people, by this device alone."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from client.account import Account
from client.acquaintance import Acquaintance
from client.cache import Cache
from client.contacts import audience, named, noted, tagged, tags, untagged
from client.errors import ContactError, RefusedError
from client.events import CaughtUp, ContactChanged, Event
from client.session import Session
from protocol import contacts as wire
from protocol.contacts import Contact, ContactState
from protocol.content import Remark, encode_remark
from protocol.entries import Side
from protocol.ids import DeviceId, Epoch, PersonId
from protocol.moments import Audience
from tests.client.fake_server import FakeServer, fake_server


@pytest.fixture
async def fake() -> AsyncIterator[FakeServer]:
    async with fake_server() as server:
        yield server


@pytest.fixture
def cache() -> Iterator[Cache]:
    cache = Cache()
    yield cache
    cache.close()


def account(fake: FakeServer, handle: str = "alice") -> Account:
    person = fake.has(handle)
    return Account(url=fake.url, handle=handle, person=person, device=DeviceId("d" * 16), token=fake.token(handle))


@asynccontextmanager
async def running(session: Session) -> AsyncIterator[Session]:
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(session.run)
            await session.caught_up()
            yield session
            session.stop()


async def change(events: trio.MemoryReceiveChannel[Event]) -> tuple[str, ContactState | None, ContactState]:
    """Return whom the next change is of, how they stood, and how they stand."""
    async for event in events:
        if isinstance(event, ContactChanged):
            return event.contact.handle, event.before.state if event.before else None, event.contact.state
    raise AssertionError


def contact(handle: str, *given: str, text: str = "", state: ContactState = ContactState.CONTACT) -> Contact:
    remark = encode_remark(Remark(text=text, tags=given))
    return Contact(person=PersonId(handle * 16), handle=handle, state=state, at=1, remark=remark)


def pushed(handle: str, mark: int) -> wire.ContactPush:
    return wire.ContactPush(contact=contact(handle), mark=mark)


# What this device knows.


async def test_what_the_server_has_is_there_after_signing_in_however_many_pages_it_takes(fake: FakeServer) -> None:
    me = account(fake)
    fake.contacts.page = 2
    for handle in ("carol", "bob", "dan", "eve", "fay"):
        await fake.contacts.befriend(me.person, fake.has(handle))
    async with running(Session(me, Cache())) as session:
        assert [each.handle for each in session.cache.contacts.all()] == ["bob", "carol", "dan", "eve", "fay"]
        assert session.cache.person("fay") == fake.people["fay"]
    assert [it.mark for it in fake.seen if isinstance(it, wire.Contacts)] == [0, 2, 4]


async def test_what_changed_while_away_is_asked_for_alone_and_told(fake: FakeServer) -> None:
    me, bob, carol = account(fake), fake.has("bob"), fake.has("carol")
    await fake.contacts.befriend(me.person, bob)
    cache = Cache()
    async with running(Session(me, cache)):
        pass
    await fake.contacts.put(me.person, carol, state=ContactState.ASKING, until=1 << 50, greeting=b"hi")
    await fake.contacts.put(me.person, bob, state=ContactState.NONE)
    session = Session(me, cache)
    with session.subscribe() as events:
        async with running(session):
            assert await change(events) == ("carol", None, ContactState.ASKING)
            assert await change(events) == ("bob", ContactState.CONTACT, ContactState.NONE)
            assert cache.contacts.all() == []
            assert [(each.handle, each.greeting) for each in cache.contacts.requests(at=5)] == [("carol", b"hi")]
    assert [it.mark for it in fake.seen if isinstance(it, wire.Contacts)] == [0, 1]


async def test_what_is_pushed_and_what_one_does_oneself_are_known_at_once(fake: FakeServer) -> None:
    me, bob = account(fake), fake.has("bob")
    session = Session(me, Cache())
    with session.subscribe() as events:
        async with running(session):
            await session.request(wire.AskContact(id=0, person=bob))
            assert await change(events) == ("bob", None, ContactState.ASKED)
            await fake.contacts.put(me.person, bob, state=ContactState.CONTACT, until=None)
            assert await change(events) == ("bob", ContactState.ASKED, ContactState.CONTACT)
            remark = encode_remark(Remark(text="Bobby"))
            await session.request(wire.RemarkContact(id=0, person=bob, remark=remark))
            assert await change(events) == ("bob", ContactState.CONTACT, ContactState.CONTACT)
            assert [noted(each) for each in session.cache.contacts.all()] == [Remark(text="Bobby")]
    async with running(Session(me, session.cache)):
        pass
    assert [it.mark for it in fake.seen if isinstance(it, wire.Contacts)] == [0, 3]


async def test_repeating_what_is_so_already_is_no_news(fake: FakeServer) -> None:
    me, bob = account(fake), fake.has("bob")
    session = Session(me, Cache())
    with session.subscribe() as events:
        async with running(session):
            for _ in range(2):
                await session.request(wire.AskContact(id=0, person=bob))
            await session.request(wire.RemoveContact(id=0, person=bob))
            assert await change(events) == ("bob", None, ContactState.ASKED)
            assert await change(events) == ("bob", ContactState.ASKED, ContactState.NONE)


async def test_a_change_that_overtakes_the_list_is_not_undone_by_it(fake: FakeServer) -> None:
    me, bob = account(fake), fake.has("bob")
    await fake.contacts.befriend(me.person, bob)
    fake.contacts.on_list = lambda: fake.contacts.put(me.person, bob, state=ContactState.NONE)
    cache = Cache()
    async with running(Session(me, cache)):
        assert cache.contacts.all() == []
    assert cache.contacts.mark == 1  # The list was read up to there; what was pushed is told again the next time.


async def test_what_the_server_refuses_changes_nothing(fake: FakeServer) -> None:
    async with running(Session(account(fake), Cache())) as session:
        with pytest.raises(RefusedError, match="not_found"):
            await session.request(wire.RemarkContact(id=0, person=fake.has("bob"), remark=b""))
        assert session.cache.contacts.of(fake.people["bob"]) is None


async def test_another_private_log_brings_them_anew(fake: FakeServer) -> None:
    me, bob, carol = account(fake), fake.has("bob"), fake.has("carol")
    await fake.contacts.befriend(me.person, bob)
    cache = Cache()
    async with running(Session(me, cache)):
        pass
    fake.epoch, fake.contacts.rows = Epoch("second"), {}
    await fake.contacts.befriend(me.person, carol)
    async with running(Session(me, cache)):
        assert [each.handle for each in cache.contacts.all()] == ["carol"]


async def test_a_server_without_contacts_is_no_trouble(fake: FakeServer) -> None:
    fake.contacts.is_old = True
    session = Session(account(fake), Cache())
    with session.subscribe() as events:
        async with running(session):
            assert session.cache.contacts.all() == []
            assert CaughtUp() in [events.receive_nowait() for _ in range(events.statistics().current_buffer_used)]


async def test_what_another_process_has_taken_in_first_is_news_all_the_same(fake: FakeServer, tmp_path: Path) -> None:
    me, bob = account(fake), fake.has("bob")
    sessions = [Session(me, Cache(tmp_path / "cache.db")) for _ in range(2)]
    with sessions[0].subscribe() as first, sessions[1].subscribe() as second:
        async with running(sessions[0]), running(sessions[1]):
            await fake.contacts.put(me.person, bob, state=ContactState.ASKING, until=1 << 50)
            assert await change(first) == await change(second) == ("bob", None, ContactState.ASKING)


async def test_what_another_process_learned_while_this_one_was_away_is_told(fake: FakeServer, tmp_path: Path) -> None:
    me, bob = account(fake), fake.has("bob")
    mine, other = (Session(me, Cache(tmp_path / "cache.db")) for _ in range(2))
    async with running(mine):
        pass
    await fake.contacts.put(me.person, bob, state=ContactState.ASKING, until=1 << 50)
    async with running(other):
        pass
    with mine.subscribe() as events:
        async with running(mine):
            assert await change(events) == ("bob", None, ContactState.ASKING)


def test_after_a_change_that_never_came_what_is_known_is_not_taken_for_whole(cache: Cache) -> None:
    acquaintance, known = Acquaintance(cache), cache.contacts
    acquaintance.begin()
    assert acquaintance.changed(pushed("b", 1)) == [ContactChanged(contact("b"), None)]
    assert acquaintance.changed(pushed("c", 3)) == [ContactChanged(contact("c"), None)]
    assert known.mark == 1
    missed = wire.ContactsReply(contacts=(contact("d"), contact("c")), mark=3)
    assert acquaintance.listed(missed) == [ContactChanged(contact("d"), None)]
    assert known.mark == 3


def test_what_another_process_knows_newer_stays(cache: Cache) -> None:
    acquaintance, gone = Acquaintance(cache), contact("b", state=ContactState.NONE)
    cache.contacts.put(gone, 7)
    cache.contacts.reach(7)
    acquaintance.begin()
    assert acquaintance.changed(pushed("b", 6)) == []
    assert acquaintance.listed(wire.ContactsReply(contacts=(contact("b"),), mark=5)) == []
    assert (cache.contacts.all(), cache.contacts.mark, cache.contacts.of(gone.person)) == ([], 7, gone)


def test_a_request_ends_by_itself(cache: Cache) -> None:
    for state in (ContactState.ASKED, ContactState.ASKING):
        cache.contacts.put(msgspec.structs.replace(contact("b", state=state), until=100), 1)
        assert (len(cache.contacts.requests(at=99)), cache.contacts.requests(at=100)) == (1, [])


def test_requests_come_the_newest_first(cache: Cache) -> None:
    for at, handle in enumerate("bdc"):
        waiting = contact(handle, state=ContactState.ASKING)
        cache.contacts.put(msgspec.structs.replace(waiting, at=at, until=100), 1)
    assert [each.handle for each in cache.contacts.requests(at=50)] == ["c", "d", "b"]


def test_they_are_forgotten_with_the_private_side_alone_and_belong_to_one_person(cache: Cache) -> None:
    cache.belongs_to(PersonId("m" * 16))
    cache.contacts.put(contact("b"), 1)
    cache.contacts.reach(1)
    cache.forget(Side.PUBLIC, epoch=None)
    assert len(cache.contacts.all()) == 1
    cache.belongs_to(PersonId("z" * 16))
    assert (cache.contacts.all(), cache.contacts.mark) == ([], 0)


def test_a_cache_from_before_there_were_contacts_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    Cache(path).close()
    old = sqlite3.connect(path)
    old.execute("DROP TABLE contacts")
    old.close()
    cache = Cache(path)
    cache.contacts.put(contact("b"), 1)
    assert cache.contacts.all() == [contact("b")]


# Tags and names.

BOB = contact("b", "Family", "Tea", text="Uncle")
CAROL = contact("c", "tea")
DAN = contact("d", text="uncle")
UNREADABLE = msgspec.structs.replace(contact("e"), remark=b"\xc1")
ALL = [BOB, CAROL, DAN]


def test_a_tag_is_one_tag_however_it_is_spelled() -> None:
    assert tags(ALL) == {"Family": [BOB], "Tea": [BOB, CAROL]}
    assert tagged(Remark(text="x"), "ＴＥＡ", ALL) == Remark(text="x", tags=("Tea",))
    assert tagged(Remark(tags=("tea",)), "Tea", ALL) == Remark(tags=("tea",))
    assert tagged(Remark(), " New  one ", ALL) == Remark(tags=("New one",))
    assert untagged(Remark(text="x", tags=("Family", "Tea")), "TEA") == Remark(text="x", tags=("Family",))


@pytest.mark.parametrize("name", ["b", "@B", "b" * 16])
def test_somebody_is_named_by_handle_or_id_first(name: str) -> None:
    assert named([*ALL, contact("f", text="b")], name) == BOB


def test_somebody_is_named_by_what_one_calls_them_if_that_is_one_person() -> None:
    assert named([BOB, CAROL], " UNCLE ") == BOB
    with pytest.raises(ContactError, match="may be b, d: use the handle"):
        named(ALL, "uncle")
    for nobody in ("zoe", ""):
        with pytest.raises(ContactError, match="nobody among your contacts"):
            named(ALL, nobody)


@pytest.mark.parametrize(
    ("wanted", "people"),
    [
        ({}, Audience()),
        ({"only_people": ["c", "b"]}, "bc"),
        ({"only_tags": ["tea"]}, "bc"),
        ({"only_people": ["d"], "only_tags": ["family"]}, "bd"),
        ({"only_tags": ["tea"], "without_people": ["b"]}, "c"),
        ({"only_tags": ["tea"], "without_tags": ["Family"]}, "c"),
    ],
)
def test_people_and_tags_make_an_audience(wanted: dict[str, list[str]], people: str | Audience) -> None:
    named_so = Audience(only=tuple(PersonId(each * 16) for each in people)) if isinstance(people, str) else people
    assert audience(ALL, **wanted) == named_so


def test_all_but_some_stays_so() -> None:
    assert audience(ALL, without_people=["d"], without_tags=["family"]) == Audience(
        without=(BOB.person, DAN.person),
    )


def test_who_may_have_a_tag_that_cannot_be_read_is_left_out_and_never_let_in() -> None:
    everybody = [*ALL, UNREADABLE]
    assert audience(everybody, without_tags=["family"]) == Audience(without=(BOB.person, UNREADABLE.person))
    assert audience(everybody, only_tags=["tea"]) == Audience(only=(BOB.person, CAROL.person))
    assert audience(everybody, without_people=["d"]) == Audience(without=(DAN.person,))


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"only_people": ["zoe"]}, "'zoe'"),
        ({"without_people": ["uncle"]}, "may be b, d"),
        ({"only_tags": ["teas"]}, "has the tag .teas.; those you have given: .Family., .Tea."),
        ({"without_tags": [""]}, "has the tag ''"),
        ({"only_people": ["b"], "without_tags": ["family"]}, "nobody is left"),
    ],
)
def test_an_audience_that_cannot_be_is_refused_with_the_reason(wanted: dict[str, Any], words: str) -> None:
    with pytest.raises(ContactError, match=words):
        audience(ALL, **wanted)


def test_no_more_people_are_named_than_the_server_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("protocol.limits.AUDIENCE_PEOPLE", 1)
    with pytest.raises(ContactError, match="2 people; at most 1"):
        audience(ALL, only_tags=["tea"])
