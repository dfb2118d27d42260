"""A session and the accounts it follows: one list on all devices, their broadcasts in order, articles that are true."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
import trio

from client.account import Account
from client.articles import AlteredError
from client.cache import Cache
from client.errors import RefusedError
from client.events import AccountChanged, Arrived, Event, Followed, Gone, InboxChanged, OperatorActed, Unfollowed
from client.following import Following
from client.session import Session
from protocol import accounts
from protocol import following as wire
from protocol.account_states import AccountState, AccountType
from protocol.entries import Kind, Role, Side, Standing, TopicKind
from protocol.frames import GonePush, Read, Summary, Sync, TopicPush
from protocol.ids import DeviceId, Epoch, PersonId, Seq, TopicId
from protocol.publications import Content, Part
from tests.client.fake_server import FakeServer, fake_server


@pytest.fixture
async def fake() -> AsyncIterator[FakeServer]:
    async with fake_server() as server:
        server.public.epoch = Epoch("public one")
        yield server


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


async def until(events: trio.MemoryReceiveChannel[Event], *kinds: type[Event]) -> Event:
    async for event in events:
        if isinstance(event, kinds):
            return event
    raise AssertionError


async def broadcast(fake: FakeServer, topic: TopicId, title: str, tag: str = "") -> Seq:
    return (await fake.accounts.says(topic, Kind.BROADCAST, Content(title=title, text=f"{title}."), tag=tag)).seq


def seqs(session: Session, topic: TopicId) -> list[int]:
    return [entry.seq for entry in session.cache.entries(topic)]


def stand(session: Session, topic: TopicId) -> Summary:
    summary = session.cache.topic(topic)
    assert summary is not None
    return summary


def seat(topic: TopicId, head: int, role: Role = Role.EDITOR) -> Summary:
    return Summary(
        topic=topic, kind=TopicKind.ACCOUNT, side=Side.PUBLIC, standing=Standing.MEMBER, role=role, head=Seq(head),
        start=Seq(1), read=Seq(0), unread=0, history_open=True,
    )  # fmt: skip


# Following.


async def test_what_an_account_says_arrives_from_the_follow_on(fake: FakeServer) -> None:
    topic = await fake.accounts.open("City News", "sports")
    await broadcast(fake, topic, "before")
    session = Session(account(fake), Cache())
    with session.subscribe() as events:
        async with running(session):
            follow = await session.follow(topic, tag="sports")
            assert await until(events, Followed) == Followed(follow)
            seq = await broadcast(fake, topic, "after")
            arrived = await until(events, Arrived)
            assert isinstance(arrived, Arrived)
            assert arrived.entry.seq == seq
            assert (follow.tag, session.cache.follows.all()) == ("sports", [follow])
            summary = stand(session, topic)
            assert (summary.kind, summary.side, summary.unread, summary.head) == (
                TopicKind.ACCOUNT,
                Side.PUBLIC,
                1,
                seq,
            )
            assert len((await session.history(topic)).entries) == 3  # What was before can be had.


async def test_what_is_said_while_the_answer_is_under_way_is_not_missed(fake: FakeServer) -> None:
    topic = await fake.accounts.open("City News")
    fake.accounts.on_follow = lambda: broadcast(fake, topic, "just now")
    async with running(Session(account(fake), Cache())) as session:
        await session.follow(topic)
        await session.until(lambda: seqs(session, topic) == [2])


async def test_an_account_that_is_not_there_cannot_be_followed(fake: FakeServer) -> None:
    async with running(Session(account(fake), Cache())) as session:
        with pytest.raises(RefusedError, match="not_found"):
            await session.follow(TopicId("0" + "a" * 15))
        assert session.cache.follows.all() == []


async def test_unfollowing_takes_it_out_of_the_cache(fake: FakeServer) -> None:
    topic = await fake.accounts.open("City News")
    session = Session(account(fake), Cache())
    with session.subscribe() as events:
        async with running(session):
            await session.follow(topic)
            await broadcast(fake, topic, "one")
            await until(events, Arrived)
            await session.unfollow(topic)
            assert await until(events, Unfollowed) == Unfollowed(topic)
            assert await until(events, Gone) == Gone(topic)
            assert (session.cache.topics(), session.cache.entries(topic)) == ([], [])


async def test_after_unfollowing_the_list_is_known_and_is_not_sent_again(fake: FakeServer) -> None:
    topic = await fake.accounts.open("City News")
    me, cache = account(fake), Cache()
    async with running(Session(me, cache)) as session:
        await session.follow(topic)
        await session.unfollow(topic)
    async with running(Session(me, cache)):
        assert [it.mark for it in fake.seen if isinstance(it, wire.Follows)] == [None, 2]


async def test_who_was_dismissed_while_away_has_the_account_as_its_follower(fake: FakeServer) -> None:
    topic = await fake.accounts.open("City News")
    me, cache = account(fake), Cache()
    await fake.accounts.follow(me.person, topic)
    async with running(Session(me, cache)) as session:
        await fake._push((me.person,), TopicPush(summary=seat(topic, 1)))
        await session.until(lambda: stand(session, topic).role is Role.EDITOR)
    session = Session(me, cache)
    with session.subscribe() as events:
        async with running(session):
            assert await until(events, Gone) == Gone(topic)
            assert stand(session, topic).role is Role.MEMBER


async def test_how_one_follows_is_the_same_on_all_devices(fake: FakeServer) -> None:
    topic = await fake.accounts.open("City News")
    me = account(fake)
    session = Session(me, Cache())
    with session.subscribe() as events:
        async with running(session):
            follow = (await fake.accounts.follow(me.person, topic)).follow
            assert await until(events, Followed) == Followed(follow)
            await broadcast(fake, topic, "one")
            await until(events, Arrived)
            await fake.accounts.follow(me.person, topic, muted=True)
            await until(events, Followed)
            assert stand(session, topic).muted
            await fake.accounts.unfollow(me.person, topic)
            assert await until(events, Gone) == Gone(topic)
            assert session.cache.follows.mark == 3


async def test_what_changed_while_away_comes_with_the_sign_in(fake: FakeServer) -> None:
    kept, dropped, new = [await fake.accounts.open(name) for name in ("Kept", "Dropped", "New")]
    me, cache = account(fake), Cache()
    async with running(Session(me, cache)) as session:
        await session.follow(kept)
        await session.follow(dropped)
    await fake.accounts.unfollow(me.person, dropped)
    await fake.accounts.follow(me.person, new)
    seq = await broadcast(fake, kept, "one")
    session = Session(me, cache)
    with session.subscribe() as events:
        async with running(session):
            assert await until(events, Unfollowed) == Unfollowed(dropped)
            assert {follow.topic for follow in cache.follows.all()} == {kept, new}
            assert seqs(session, kept) == [seq]
            assert cache.topic(dropped) is None


async def test_a_list_that_did_not_change_is_not_sent_again(fake: FakeServer) -> None:
    topic = await fake.accounts.open("City News")
    me, cache = account(fake), Cache()
    for _ in range(2):
        async with running(Session(me, cache)) as session:
            await session.follow(topic)
    async with running(Session(me, cache)):
        pass
    asked = [request.mark for request in fake.seen if isinstance(request, wire.Follows)]
    assert asked == [None, 1, 2]


async def test_a_change_that_overtakes_the_list_is_not_lost(fake: FakeServer) -> None:
    first, second, third = [await fake.accounts.open(name) for name in ("One", "Two", "Three")]
    me = account(fake)
    await fake.accounts.follow(me.person, first)
    await fake.accounts.follow(me.person, second)
    fake.accounts.on_list = lambda: fake.accounts.follow(me.person, third)
    async with running(Session(me, Cache())) as session:
        assert {follow.topic for follow in session.cache.follows.all()} == {first, second, third}
        await broadcast(fake, third, "one")
        await session.until(lambda: 2 in seqs(session, third))


async def test_a_new_device_gets_the_newest_and_none_of_it_is_unread(fake: FakeServer) -> None:
    topic = await fake.accounts.open("City News")
    me = account(fake)
    for number in range(6):
        await broadcast(fake, topic, str(number))
    await fake.accounts.follow(me.person, topic)
    async with running(Session(me, Cache())) as session:
        assert seqs(session, topic) == [5, 6, 7]
        assert stand(session, topic).unread == 0
        await broadcast(fake, topic, "new")
        await session.until(lambda: stand(session, topic).unread == 1)
        assert len((await session.history(topic)).entries) == 8


async def test_what_is_for_others_is_a_number_only_and_is_not_unread(fake: FakeServer) -> None:
    topic = await fake.accounts.open("City News", "sports", "arts")
    async with running(Session(account(fake), Cache())) as session:
        await session.follow(topic, tag="arts")
        await broadcast(fake, topic, "goal", tag="sports")
        seq = await broadcast(fake, topic, "opera", tag="arts")
        await session.until(lambda: stand(session, topic).head == seq)
        assert [entry.elided for entry in session.cache.entries(topic)] == [True, False]
        assert stand(session, topic).unread == 1


async def test_how_far_one_has_read_stays_on_the_device(fake: FakeServer) -> None:
    topic = await fake.accounts.open("City News")
    async with running(Session(account(fake), Cache())) as session:
        await session.follow(topic)
        seen = [await broadcast(fake, topic, str(number)) for number in range(3)]
        await session.until(lambda: stand(session, topic).unread == 3)
        session.mark_read(topic, seen[1])
        assert stand(session, topic).unread == 1
        await session.marks_sent()
    assert not [request for request in fake.seen if isinstance(request, Read)]


async def test_of_more_than_one_sync_can_name_all_are_caught_up(
    fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("protocol.limits.HEADS", 2)
    me = account(fake)
    topics = [await fake.accounts.open(str(number)) for number in range(5)]
    for topic in topics:
        await fake.accounts.follow(me.person, topic)
    async with running(Session(me, Cache())) as session:
        assert all(seqs(session, topic) == [1] for topic in topics)
    assert max(len(request.heads) for request in fake.seen if isinstance(request, Sync)) == 2


async def test_another_public_log_begins_anew_with_the_same_list(fake: FakeServer) -> None:
    topic = await fake.accounts.open("City News")
    me, cache = account(fake), Cache()
    async with running(Session(me, cache)) as session:
        await session.follow(topic)
        await broadcast(fake, topic, "one")
        await session.until(lambda: seqs(session, topic) == [2])
    fake.public.epoch = Epoch("public two")
    async with running(Session(me, cache)) as session:
        assert seqs(session, topic) == [1, 2]
        assert len(cache.follows.all()) == 1


async def test_another_private_log_brings_the_list_anew(fake: FakeServer) -> None:
    kept, dropped = [await fake.accounts.open(name) for name in ("Kept", "Dropped")]
    me, cache = account(fake), Cache()
    async with running(Session(me, cache)) as session:
        await session.follow(kept)
        await session.follow(dropped)
    fake.epoch = Epoch("second")
    del fake.accounts.follows[me.person][dropped]
    async with running(Session(me, cache)):
        assert [follow.topic for follow in cache.follows.all()] == [kept]
        assert [summary.topic for summary in cache.topics()] == [kept]


async def test_a_server_without_accounts_is_no_trouble(fake: FakeServer) -> None:
    fake.accounts.is_old = True
    async with running(Session(account(fake), Cache())) as session:
        assert session.cache.follows.all() == []


async def test_another_persons_cache_follows_nobody(fake: FakeServer, tmp_path: Path) -> None:
    topic = await fake.accounts.open("City News")
    cache = Cache(tmp_path / "cache.db")
    async with running(Session(account(fake), cache)) as session:
        await session.follow(topic)
        await session.page(topic)
    cache.belongs_to(PersonId("z" * 16))
    assert (cache.follows.all(), cache.follows.mark, cache.follows.name(topic)) == ([], None, None)


def test_a_change_that_another_process_has_taken_in_changes_nothing() -> None:
    cache, topic = Cache(), TopicId("0" + "a" * 15)
    following = Following(cache)
    cache.follows.mark = 7
    push = wire.FollowPush(follow=wire.Follow(topic=topic, at=1), head=Seq(3), mark=6)
    assert following.followed(push) == []
    assert following.unfollowed(topic, 6) == []
    assert (cache.follows.all(), cache.follows.mark) == ([], 7)


def test_after_a_change_that_never_came_the_list_is_not_taken_for_whole() -> None:
    cache, topic = Cache(), TopicId("0" + "a" * 15)
    following = Following(cache)
    cache.follows.mark = 3
    push = wire.FollowPush(follow=wire.Follow(topic=topic, at=1), head=Seq(3), mark=5)
    assert following.followed(push) == [Followed(push.follow)]
    assert cache.follows.mark == 3
    assert following.is_late(wire.FollowsReply(mark=4, follows=()))
    assert following.listed(wire.FollowsReply(mark=2, follows=())) == []
    assert len(cache.follows.all()) == 1


# Running an account.


async def test_who_runs_an_account_and_who_only_follows_it_are_told_apart(fake: FakeServer) -> None:
    topic = await fake.accounts.open("City News")
    me = account(fake)
    session = Session(me, Cache())
    with session.subscribe() as events:
        async with running(session):
            await session.follow(topic)
            await fake._push((me.person,), TopicPush(summary=seat(topic, 1)))
            await session.until(lambda: stand(session, topic).role is Role.EDITOR)
            await session.unfollow(topic)
            assert await until(events, Unfollowed) == Unfollowed(topic)
            assert stand(session, topic).role is Role.EDITOR  # It stays one's own.


async def test_who_runs_an_account_no_more_still_follows_it(fake: FakeServer) -> None:
    topic = await fake.accounts.open("City News")
    me = account(fake)
    async with running(Session(me, Cache())) as session:
        await fake._push((me.person,), TopicPush(summary=seat(topic, 1)))
        await session.until(lambda: session.cache.topic(topic) is not None)
        await session.follow(topic)
        await fake._push((me.person,), GonePush(topic=topic))
        await session.until(lambda: stand(session, topic).role is Role.MEMBER and bool(seqs(session, topic)))
        await broadcast(fake, topic, "one")
        await session.until(lambda: stand(session, topic).unread == 1)


async def test_what_operators_are_told_becomes_events(fake: FakeServer) -> None:
    me, topic = account(fake), TopicId("0" + "a" * 15)
    mine = accounts.OwnAccount(
        topic=topic, state=AccountState.APPROVED, role=Role.OWNER, name="City News", type=AccountType.SERVICE,
        category="life", at=1,
    )  # fmt: skip
    act = accounts.Act(number=1, at=2, by=PersonId("b" * 16), act="published")
    session = Session(me, Cache())
    with session.subscribe() as events:
        async with running(session):
            await fake._push((me.person,), accounts.AccountPush(account=mine))
            assert await until(events, AccountChanged) == AccountChanged(mine)
            await fake._push((me.person,), accounts.ActPush(topic=topic, act=act))
            assert await until(events, OperatorActed) == OperatorActed(topic, act)
            await fake._push((me.person,), accounts.InboxPush(topic=topic, dialogue=TopicId("d" * 16)))
            assert await until(events, InboxChanged) == InboxChanged(topic, TopicId("d" * 16))
    assert session.cache.follows.name(topic) == "City News"


# Pages and articles.


async def test_a_page_is_kept_up_to_date_by_what_the_account_says(fake: FakeServer) -> None:
    topic = await fake.accounts.open("City News")
    async with running(Session(account(fake), Cache())) as session:
        await session.follow(topic)
        await session.until(lambda: not session._mirror.lacking)
        assert (await session.page(topic)).welcome is None
        await fake.accounts.says(topic, Kind.WELCOME, Content(text="Welcome!"))
        await session.until(lambda: seqs(session, topic) == [2])
        fake.seen.clear()
        assert (await session.page(topic)).welcome == fake.accounts.known[topic].page.welcome
        await fake.accounts.says(topic, Kind.PROFILE, Content(title="City Daily"))
        await session.until(lambda: session.cache.follows.name(topic) == "City Daily")
        assert fake.seen == []


async def test_a_page_that_may_be_out_of_date_is_asked_for_again(fake: FakeServer) -> None:
    topic = await fake.accounts.open("City News")
    me, cache = account(fake), Cache()
    async with running(Session(me, cache)) as session:
        await session.follow(topic)
        await session.page(topic)
    await fake.accounts.says(topic, Kind.WELCOME, Content(text="Welcome!"))
    for number in range(6):
        await broadcast(fake, topic, str(number))
    async with running(Session(me, cache)) as session:
        assert (await session.page(topic)).welcome is not None


async def test_the_page_of_an_account_one_does_not_follow_is_asked_for_each_time(fake: FakeServer) -> None:
    topic = await fake.accounts.open("City News")
    async with running(Session(account(fake), Cache())) as session:
        await session.page(topic)
        await fake.accounts.says(topic, Kind.WELCOME, Content(text="Welcome!"))
        assert (await session.page(topic)).welcome is not None
        with pytest.raises(RefusedError, match="not_found"):
            await session.page(TopicId("0" + "b" * 15))


async def test_names_of_accounts_are_learned_like_those_of_people(fake: FakeServer) -> None:
    topic = await fake.accounts.open("City News")
    bob = fake.has("bob")
    async with running(Session(account(fake), Cache())) as session:
        await session.names([PersonId(topic), bob, PersonId(topic)])
        assert (session.cache.follows.name(topic), session.cache.handle(bob)) == ("City News", "bob")


TEXT = Content(title="Tea", summary="All of it.", text="Green.", parts=(Part(heading="More", text="Black."),))


@pytest.mark.parametrize("follows", [True, False])
async def test_an_article_is_what_its_card_names(fake: FakeServer, *, follows: bool) -> None:
    topic = await fake.accounts.open("City News")
    async with running(Session(account(fake), Cache())) as session:
        if follows:
            await session.follow(topic)
        seq = (await fake.accounts.says(topic, Kind.BROADCAST, TEXT)).seq
        opened = await session.article(topic, seq)
        assert (opened.content, opened.origin.digest) == (TEXT, opened.origin.digest)
        edited = msgspec.structs.replace(TEXT, text="Green, corrected.")
        await fake.accounts.says(topic, Kind.EDIT, edited, target=seq)
        newest = await session.article(topic, seq)
        assert (newest.content, newest.published.version, newest.entry.seq) == (edited, 2, seq)


async def test_another_text_than_the_card_names_is_not_shown(fake: FakeServer) -> None:
    topic = await fake.accounts.open("City News")
    seq = (await fake.accounts.says(topic, Kind.BROADCAST, TEXT)).seq
    fake.accounts.swapped = Content(title="Tea", summary="All of it.", text="Poison.")
    async with running(Session(account(fake), Cache())) as session:
        with pytest.raises(AlteredError, match="not what its card names"):
            await session.article(topic, seq)
        fake.accounts.swapped = None
        fake.accounts.known[topic].articles[seq] = msgspec.structs.replace(
            fake.accounts.known[topic].articles[seq], version=3
        )
        with pytest.raises(AlteredError, match="no card"):
            await session.article(topic, seq)
        with pytest.raises(RefusedError, match="not_found"):
            await session.article(topic, Seq(99))


async def test_searching_asks_the_server_and_keeps_nothing(fake: FakeServer) -> None:
    fake.accounts.found = (wire.Found(kind="account", topic=TopicId("0" + "a" * 15)),)
    async with running(Session(account(fake), Cache())) as session:
        reply = await session.search("茶", wire.SearchKind.ACCOUNT, limit=5)
        assert (reply.found, reply.complete) == (fake.accounts.found, True)
