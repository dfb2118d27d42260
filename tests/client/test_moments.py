"""Moments and threads by way of a session: said once, read in pages, told live."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from client.account import Account
from client.cache import Cache
from client.errors import RefusedError
from client.events import Event, MomentSaid, NoticesChanged, ThreadChanged
from client.moments import Moments, Root
from client.session import Session
from client.view import said
from protocol.content import Text, encode
from protocol.entries import Side
from protocol.errors import ErrorCode, ProtocolError
from protocol.ids import DeviceId, Epoch, Seq, TopicId
from protocol.limits import COMMENT_BYTES
from protocol.moments import Audience, Choice, Moment, NoticePush, PostMoment, SayComment, Timeline
from protocol.publications import Surface
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
async def running(session: Session) -> AsyncIterator[Moments]:
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(session.run)
            await session.caught_up()
            yield Moments(session)
            session.stop()


async def until(events: trio.MemoryReceiveChannel[Event], *kinds: type[Event]) -> Event:
    async for event in events:
        if isinstance(event, kinds):
            return event
    raise AssertionError


def words(moment: Moment) -> str | None:
    return said(moment.body, moment.side).text


# Saying.


async def test_a_moment_is_said_to_friends_and_comes_back_with_whom_it_is_for(fake: FakeServer) -> None:
    bob = fake.has("bob")
    async with running(Session(account(fake), Cache())) as moments:
        to_all = await moments.post("hello")
        to_bob = await moments.post("hello, Bob", only=(bob,))
        to_oneself = await moments.post("note", only=())
        but_bob = await moments.post("not Bob", without=(bob,))
    assert [each.audience for each in (to_all, to_bob, to_oneself, but_bob)] == [
        Audience(),
        Audience(only=(bob,)),
        Audience(only=()),
        Audience(without=(bob,)),
    ]
    assert (words(to_all), to_all.side) == ("hello", Side.PRIVATE)


@pytest.mark.parametrize("what", [PostMoment, SayComment])
async def test_what_is_said_is_said_once_though_its_answer_is_lost(fake: FakeServer, what: type) -> None:
    session = Session(account(fake), Cache())
    async with running(session) as moments:
        root = await moments.post("first")
        fake.acks_to_lose = 1
        if what is PostMoment:
            await moments.post("hello")
        else:
            assert root.moment is not None
            await moments.comment(root.moment, "hello")
        page, thread = await moments.timeline(), await moments.thread(Root.of(root))
    assert len([request for request in fake.seen if isinstance(request, what)]) == 2 + (what is PostMoment)
    assert len(page.moments) + len(thread.comments) == 2
    assert session.cache.outbox.is_empty()


async def test_what_was_cut_off_is_said_by_the_next_session_of_the_same_profile(
    fake: FakeServer, tmp_path: Path
) -> None:
    moment = PostMoment(id=0, cid=Session(account(fake), Cache()).new_cid(), body=encode(Text(text="later")))
    before = Cache(tmp_path / "cache")
    Session(account(fake), before).post(moment)
    before.close()
    session = Session(account(fake), Cache(tmp_path / "cache"))
    async with running(session) as moments:
        await session.outbox_empty()
        assert [words(each) for each in (await moments.timeline()).moments] == ["later"]


async def test_what_another_process_of_the_profile_has_sent_is_answered_likewise(
    fake: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = (Session(account(fake), Cache(tmp_path / "cache")) for _ in range(2))
    async with running(one) as moments, running(other):
        monkeypatch.setattr(one.cache.outbox, "claim", lambda *_, **__: None)  # The other one is always quicker.
        async with trio.open_nursery() as nursery:
            nursery.start_soon(moments.post, "hello")
            await one.until(lambda: not one.cache.outbox.is_empty())
            await other.request(Timeline(id=0))  # Which wakes it.
        assert [words(each) for each in (await moments.timeline()).moments] == ["hello"]


async def test_what_is_refused_is_out_of_the_outbox(fake: FakeServer) -> None:
    session = Session(account(fake), Cache())
    async with running(session) as moments:
        root = await moments.post("hello")
        assert root.moment is not None
        await moments.delete(root.moment)
        with pytest.raises(RefusedError) as refused:
            await moments.comment(root.moment, "too late")
        assert refused.value.code == ErrorCode.NOT_FOUND
        with pytest.raises(ProtocolError):
            await moments.comment(root.moment, "x" * COMMENT_BYTES)
    assert session.cache.outbox.refused() == []


async def test_a_moment_is_narrowed_and_deleted(fake: FakeServer) -> None:
    bob, carol = fake.has("bob"), fake.has("carol")
    async with running(Session(account(fake), Cache())) as moments:
        moment = (await moments.post("hello", only=(bob, carol))).moment
        assert moment is not None
        assert (await moments.narrow(moment, only=(bob,))).audience == Audience(only=(bob,))
        assert (await moments.narrow(moment, without=(bob,))).audience == Audience(only=(bob,), without=(bob,))
        await moments.delete(moment)
        with pytest.raises(RefusedError):
            await moments.show(Root(moment))


# Reading.


async def test_a_list_is_as_long_as_is_asked_for_in_as_many_pages_as_it_takes(fake: FakeServer) -> None:
    fake.moments.page, bob = 2, fake.has("bob")
    async with running(Session(account(fake), Cache())) as moments:
        for number in range(5):
            await fake.moments.says(bob, encode(Text(text=str(number))))
        three, all_of_them = await moments.timeline(3), await moments.of(bob, 100)
        assert [words(each) for each in three.moments] == ["4", "3", "2"]
        assert not three.complete
        assert [words(each) for each in all_of_them.moments] == ["4", "3", "2", "1", "0"]
        assert all_of_them.complete
        assert await moments.of(fake.has("carol")) == await moments.of(fake.has("dave"))


async def test_what_cannot_be_read_is_there_all_the_same(fake: FakeServer) -> None:
    async with running(Session(account(fake), Cache())) as moments:
        await moments.post(b"\xc1 of a later version")
        [moment] = (await moments.timeline()).moments
    assert (words(moment), said(moment.body, moment.side).unreadable) == (None, 20)


async def test_likes_comments_and_answers_make_a_thread(fake: FakeServer) -> None:
    bob = fake.has("bob")
    async with running(Session(account(fake), Cache())) as moments:
        root = Root.of(await fake.moments.says(bob, encode(Text(text="hello"))))
        assert root.moment is not None
        assert (await moments.like(root), await moments.like(root)) == (1, 1)
        first = await moments.comment(root.moment, "hi")
        second = await moments.comment(root.moment, "and", answers=first.comment)
        thread, shown = await moments.thread(root), await moments.show(root)
        assert [comment.comment for comment in thread.comments] == [second.comment, first.comment]
        assert (thread.comments[0].answers, thread.likes, thread.liked) == (first.comment, 1, True)
        assert (shown.likes, shown.liked, shown.comments) == (1, True, 2)
        assert await moments.like(root, liked=False) == 0
        await moments.delete_comment(first.comment)
        assert (await moments.thread(root)).comments == ()


async def test_under_what_is_public_one_publishes_and_its_author_chooses(fake: FakeServer) -> None:
    session = Session(account(fake), Cache())
    async with running(session) as moments:
        post = await session.publish("hello, all", surface=Surface.SQUARE)
        root = Root(None, post.topic, post.seq)
        assert (root.side, root.topic is not None) == (Side.PUBLIC, True)
        done = await session.publish("hi", surface=Surface.COMMENT, topic=root.topic, root=root.seq)
        assert done.comment is not None
        answer = await session.publish(
            "and", surface=Surface.COMMENT, topic=root.topic, root=root.seq, answers=done.comment
        )
        thread = await moments.thread(root)
        assert [(each.comment, each.answers) for each in thread.comments] == [
            (answer.comment, done.comment),
            (done.comment, None),
        ]
        assert (await moments.select(done.comment)).selected
        assert root.topic is not None
        assert root.seq is not None
        await moments.choose(root.topic, root.seq, Choice.SELECTED)
        assert (await moments.thread(root)).choice is Choice.SELECTED
        [moment] = (await moments.timeline()).moments
        assert (Root.of(moment), words(moment)) == (root, "hello, all")


async def test_notices_are_read_up_to_a_time(fake: FakeServer) -> None:
    bob = fake.has("bob")
    async with running(Session(account(fake), Cache())) as moments:
        root = Root.of(await moments.post("hello"))
        for text in ("one", "two"):
            await fake.moments.comments_on(bob, (root.moment, None, None), encode(Text(text=text)))
        notices = await moments.notices()
        assert (notices.unread, [notice.handle for notice in notices.notices]) == (2, ["bob", "bob"])
        assert Root.of(notices.notices[0]) == root
        await moments.read_notices(notices.notices[1].at)
        assert (await moments.notices()).unread == 1


# Live.


async def test_what_friends_say_and_what_changes_in_an_open_thread_is_told(fake: FakeServer) -> None:
    bob, session = fake.has("bob"), Session(account(fake), Cache())
    async with running(session) as moments:
        with session.subscribe() as arriving:
            moment = await fake.moments.says(bob, encode(Text(text="hello")))
            assert await until(arriving, MomentSaid) == MomentSaid(moment)
            await moments.thread(Root.of(moment), live=True)
            await fake.moments.comments_on(bob, (moment.moment, None, None), encode(Text(text="well?")))
            assert await until(arriving, ThreadChanged) == ThreadChanged(moment.moment, None, None)
            await moments.close(Root.of(moment))
            await fake.moments.comments_on(bob, (moment.moment, None, None), encode(Text(text="anybody?")))
            await fake._push((session.account.person,), NoticePush())
            assert await until(arriving, ThreadChanged, NoticesChanged) == NoticesChanged()


def test_a_root_is_public_if_it_is_no_moment() -> None:
    topic, seq = TopicId("0" + "a" * 15), Seq(3)
    assert Root(None, topic, seq).side is Side.PUBLIC
    assert Root(None, topic, seq).where == {"moment": None, "topic": topic, "seq": seq}


def test_the_cache_has_no_room_for_moments() -> None:
    """What is not for one any more is asked for again, and is not there: no copy of it is."""
    cache = Cache()
    tables = cache._database.execute("SELECT group_concat(name) FROM sqlite_schema WHERE type = 'table'").fetchone()
    cache.close()
    assert "moments" not in tables[0]
