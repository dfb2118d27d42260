"""A session and the public side: publishing, what comes of it, two sides that are synced apart."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
import trio

from client.account import Account, acknowledge, register
from client.cache import Cache
from client.errors import NeedsError, OffDutyError, RefusedError
from client.events import Arrived, Event, Held, Judged, NotSent, Postponed, Resynced, Sent
from client.session import Session
from client.staff import on_duty
from client.view import fold
from protocol import content
from protocol.decisions import DecisionKind, SubmissionState
from protocol.entries import Kind, Side, Standing
from protocol.errors import ErrorCode
from protocol.frames import Edit, Recall, Send
from protocol.ids import DeviceId, Epoch, Seq, TopicId
from protocol.public import Cards, GroupFoundPublic, GroupJoin, Publish
from protocol.publications import Content, Surface
from protocol.staff import OfficerQueue
from tests.client.fake_public import AGREEMENT, Ruling
from tests.client.fake_server import PASSWORD, FakeServer, RefusingError, fake_server

HELD, REJECTED = Ruling(SubmissionState.HELD), Ruling(SubmissionState.REJECTED)


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
            yield session
            session.stop()


async def lane(session: Session) -> TopicId:
    """Found a public group, and return its id once it is here."""
    founded = await session.request(GroupFoundPublic(id=0, cid=session.new_cid()))
    await session.until(lambda: session.cache.topic(founded.topic) is not None)
    return founded.topic


async def until(events: trio.MemoryReceiveChannel[Event], *kinds: type[Event]) -> Event:
    async for event in events:
        if isinstance(event, kinds):
            return event
    raise AssertionError


def texts(session: Session, topic: TopicId) -> list[str | None]:
    return [line.text for line in fold(session.cache.entries(topic)) if line.entry.kind is Kind.MESSAGE]


# Registering.


async def test_an_agreement_is_signed_by_whoever_is_asked_to_sign_it(fake: FakeServer) -> None:
    fake.public.agreement = AGREEMENT
    made = await register(fake.url, "alice", PASSWORD, sign=acknowledge)
    assert fake.public.signed[made.person] == AGREEMENT.digest


async def test_without_a_signature_the_error_brings_the_agreement(fake: FakeServer) -> None:
    fake.public.agreement = AGREEMENT
    for sign in (None, lambda _: None):
        with pytest.raises(NeedsError) as caught:
            await register(fake.url, "alice", PASSWORD, sign=sign)
        assert (caught.value.needs, caught.value.agreement) == (("agreement",), AGREEMENT)
    assert "alice" not in fake.people


# Publishing.


async def test_what_is_published_is_in_the_log_counts_as_read_and_settles(fake: FakeServer) -> None:
    session = Session(account(fake), Cache())
    with session.subscribe() as events:
        async with running(session):
            topic = await lane(session)
            done = await session.publish("hello, all", topic=topic)
            sent = await until(events, Sent)
            await session.until(lambda: session.cache.topic(topic).unread == 0)  # type: ignore[union-attr]
            await session.outbox_empty()
    assert (done.state, done.seq) == (SubmissionState.PUBLISHED, 2)
    assert isinstance(sent, Sent)
    assert (sent.topic, sent.seq) == (topic, 2)
    assert texts(session, topic) == ["hello, all"]


async def test_sent_is_told_once_per_publication(fake: FakeServer) -> None:
    session = Session(account(fake), Cache())
    with session.subscribe() as events:
        async with running(session):
            topic = await lane(session)
            await session.publish("hello", topic=topic)
            await session.until(lambda: bool(texts(session, topic)))
            await session.outbox_empty()
        told = [events.receive_nowait() for _ in range(events.statistics().current_buffer_used)]
    assert sum(isinstance(event, Sent) for event in told) == 1
    assert not any(isinstance(event, Held | Judged) for event in told)


async def test_a_held_item_is_told_and_its_release_later(fake: FakeServer) -> None:
    fake.public.rulings = [HELD]
    session = Session(account(fake), Cache())
    with session.subscribe() as events:
        async with running(session):
            topic = await lane(session)
            held = await session.publish("spread this!", topic=topic)
            assert await until(events, Held) == Held(held)
            await session.outbox_empty()
            released = await fake.public.change(held.submission, SubmissionState.PUBLISHED)
            assert await until(events, Judged) == Judged(released)
            await session.until(lambda: texts(session, topic) == ["spread this!"])
    assert held.decision is not None
    assert held.decision.kind is DecisionKind.HOLD


async def test_a_rejected_item_settles_and_is_told_with_its_decision(fake: FakeServer) -> None:
    fake.public.rulings = [REJECTED]
    session = Session(account(fake), Cache())
    with session.subscribe() as events:
        async with running(session):
            topic = await lane(session)
            rejected = await session.publish("no", topic=topic)
            assert await until(events, Judged) == Judged(rejected)
            await session.publish("yes", topic=topic)
    assert (rejected.state, rejected.seq) == (SubmissionState.REJECTED, None)
    assert texts(session, topic) == ["yes"]
    assert session.cache.outbox.refused() == []


async def test_a_label_is_told_beside_the_publication(fake: FakeServer) -> None:
    fake.public.rulings = [Ruling(labels=("disputed",))]
    session = Session(account(fake), Cache())
    with session.subscribe() as events:
        async with running(session):
            topic = await lane(session)
            done = await session.publish("herbs", topic=topic)
            assert await until(events, Judged) == Judged(done)
            await session.until(lambda: bool(texts(session, topic)))
    [line] = [line for line in fold(session.cache.entries(topic)) if line.entry.kind is Kind.MESSAGE]
    assert line.labels == ("disputed",)


async def test_what_lapses_while_one_is_away_is_told_on_coming_back(fake: FakeServer) -> None:
    fake.public.rulings = [HELD]
    session = Session(account(fake), Cache())
    async with running(session):
        topic = await lane(session)
        held = await session.publish("maybe", topic=topic)
    lapsed = await fake.public.change(held.submission, SubmissionState.LAPSED)
    with session.subscribe() as events:
        async with running(session):
            assert await until(events, Judged) == Judged(lapsed)
            await session.caught_up()
    assert session.cache.submissions.undecided() == []


async def test_what_can_be_taken_only_tomorrow_is_refused_and_holds_up_nothing(fake: FakeServer) -> None:
    session = Session(account(fake), Cache())
    async with running(session):
        topic = await lane(session)
        fake.public.rulings = [RefusingError(ErrorCode.TOO_MANY, retry_after_ms=8 * 3_600_000)]
        with pytest.raises(RefusedError, match="too_many"):
            await session.publish("today?", topic=topic)
        assert (await session.publish("something else", topic=topic)).state is SubmissionState.PUBLISHED
    assert [waiting.refused for waiting in session.cache.outbox.refused()] == [("too_many", "no")]


async def test_a_lost_answer_is_asked_for_again_under_the_same_cid_and_judged_once(fake: FakeServer) -> None:
    async with running(Session(account(fake), Cache())) as session:
        topic = await lane(session)
        fake.acks_to_lose = 1
        done = await session.publish("once", topic=topic)
        await session.until(lambda: texts(session, topic) == ["once"])
    assert done.state is SubmissionState.PUBLISHED
    assert len(fake.public.submissions) == 1
    assert sum(isinstance(request, Publish) for request in fake.seen) == 2


async def test_what_is_still_being_judged_is_settled_by_the_push(fake: FakeServer) -> None:
    fake.public.rulings = [Ruling(SubmissionState.WAITING)]
    async with running(Session(account(fake), Cache())) as session:
        topic = await lane(session)
        cid = session.post(Publish(
            id=0, cid=session.new_cid(), surface=Surface.GROUP_MESSAGE, content=Content(text="slow"), topic=topic
        ))  # fmt: skip
        await session.until(lambda: session.cache.submissions.of(cid) is not None)
        waiting = fake.public.submissions[cid][1]
        await fake.public.change(waiting.submission, SubmissionState.PUBLISHED)
        assert (await session.submitted(cid)).state is SubmissionState.PUBLISHED
        await session.outbox_empty()


async def test_a_gate_that_cannot_judge_is_asked_again_after_the_time_it_names(fake: FakeServer) -> None:
    fake.public.rulings = [RefusingError(ErrorCode.GATE_UNAVAILABLE, retry_after_ms=1)]
    session = Session(account(fake), Cache())
    with session.subscribe() as events:
        async with running(session):
            topic = await lane(session)
            assert (await session.publish("patience", topic=topic)).state is SubmissionState.PUBLISHED
            postponed = await until(events, Postponed)
    assert isinstance(postponed, Postponed)
    assert (postponed.code, postponed.retry_in) == ("gate_unavailable", 0.001)


async def test_a_gate_that_cannot_judge_holds_up_nothing_private(fake: FakeServer) -> None:
    fake.public.rulings = [RefusingError(ErrorCode.GATE_UNAVAILABLE, retry_after_ms=60_000)]
    async with running(Session(account(fake), Cache())) as session:
        topic = await lane(session)
        session.post(Publish(
            id=0, cid=session.new_cid(), surface=Surface.GROUP_MESSAGE, content=Content(text="stuck"), topic=topic
        ))  # fmt: skip
        assert (await session.say("hello", to=fake.has("bob"))).seq == 1
        assert not session.cache.outbox.is_empty(Side.PUBLIC)


async def test_a_publication_the_server_refuses_is_told_kept_and_not_tried_again(fake: FakeServer) -> None:
    session = Session(account(fake), Cache())
    with session.subscribe() as events:
        async with running(session):
            topic = await lane(session)
            fake.public.agreement = AGREEMENT
            with pytest.raises(RefusedError) as caught:
                await session.publish("hello", topic=topic)
            refused = await until(events, NotSent)
    assert caught.value.code == ErrorCode.NEEDS_AGREEMENT
    assert isinstance(refused, NotSent)
    assert [waiting.cid for waiting in session.cache.outbox.refused()] == [refused.cid]


async def test_an_edit_names_its_base_and_an_older_one_is_superseded(fake: FakeServer) -> None:
    async with running(Session(account(fake), Cache())) as session:
        topic = await lane(session)
        first = await session.publish("one", topic=topic)
        edited = await session.publish("two", topic=topic, target=first.seq, base=1)
        await session.until(lambda: session.cache.topic(topic).head == 3)  # type: ignore[union-attr]
        with pytest.raises(RefusedError, match="superseded"):
            await session.publish("three", topic=topic, target=first.seq, base=1)
    [line] = [line for line in fold(session.cache.entries(topic)) if line.entry.kind is Kind.MESSAGE]
    assert (edited.version, line.text, line.version, line.edited) == (2, "two", 2, True)


async def test_a_card_is_published_without_a_topic(fake: FakeServer) -> None:
    session = Session(account(fake), Cache())
    async with running(session):
        done = await session.publish(Content(title="Ann", text="hi"), surface=Surface.CARD)
        [card] = (await session.request(Cards(id=0, persons=(session.account.person,)))).cards
    assert (done.topic, done.seq) == (card.topic, card.seq)


async def test_what_was_withdrawn_is_told_and_its_words_leave_until_it_is_restored(fake: FakeServer) -> None:
    session = Session(account(fake), Cache())
    with session.subscribe() as events:
        async with running(session):
            topic = await lane(session)
            done = await session.publish("doubtful", topic=topic)
            await fake.public.withdraw(done.submission)
            withdrawn = await until(events, Judged)
            await session.until(lambda: texts(session, topic) == [None])
            assert not any(line[3] for line in session.log(topic))
            await fake.public.withdraw(done.submission, restore=True)
            restored = await until(events, Judged)
            await session.until(lambda: texts(session, topic) == ["doubtful"])
    assert isinstance(withdrawn, Judged)
    assert isinstance(restored, Judged)
    assert (withdrawn.submission.withdrawn, restored.submission.withdrawn) == (True, False)


# The wrong side.


async def test_nothing_private_waits_to_be_said_in_public_nor_the_reverse(fake: FakeServer) -> None:
    session = Session(account(fake), Cache())
    here, private = TopicId("0" + "a" * 15), TopicId("a" * 16)
    body = content.encode(content.Text(text="secret"))
    postings: list[Send | Edit | Publish] = [
        Send(id=0, cid=session.new_cid(), body=body, topic=here),
        Edit(id=0, cid=session.new_cid(), body=body, topic=here, target=Seq(1)),
        Publish(id=0, cid=session.new_cid(), surface=Surface.GROUP_MESSAGE, content=Content(text="x"), topic=private),
    ]
    for posting in postings:
        with pytest.raises(RefusedError, match="wrong_side"):
            session.post(posting)
    assert session.cache.outbox.is_empty()


async def test_a_publication_that_waited_offline_is_published_and_never_sent(fake: FakeServer, tmp_path: Path) -> None:
    alice = account(fake)
    session = Session(alice, Cache(tmp_path / "cache.db"))
    async with running(session):
        topic = await lane(session)
    publish = Publish(
        id=0, cid=session.new_cid(), surface=Surface.GROUP_MESSAGE, content=Content(text="later"), topic=topic
    )
    session.post(publish)
    session.cache.close()
    fake.seen.clear()
    later = Session(alice, Cache(tmp_path / "cache.db"))
    async with running(later):
        assert (await later.submitted(publish.cid)).state is SubmissionState.PUBLISHED
        await later.outbox_empty()
    assert [msgspec.structs.replace(each, id=0) for each in fake.seen if isinstance(each, Publish)] == [publish]
    assert not any(isinstance(request, Send) for request in fake.seen)


async def test_a_recall_in_public_is_a_recall(fake: FakeServer) -> None:
    async with running(Session(account(fake), Cache())) as session:
        topic = await lane(session)
        done = await session.publish("oops", topic=topic)
        assert done.seq is not None
        cid = session.post(Recall(id=0, cid=session.new_cid(), topic=topic, target=done.seq))
        assert (await session.delivered(cid)).seq == 3
        await session.until(lambda: texts(session, topic) == [None])


# Two sides, synced apart.


async def test_what_happened_on_the_public_side_while_away_is_synced(fake: FakeServer) -> None:
    session, other = Session(account(fake), Cache()), Session(account(fake, "bob"), Cache())
    async with running(other):
        topic = await lane(other)
        async with running(session):
            assert (await session.request(GroupJoin(id=0, topic=topic))).standing is Standing.MEMBER
            await session.until(lambda: session.cache.topic(topic) is not None)
        await other.publish("meanwhile", topic=topic)
        async with running(session):
            await session.caught_up()
    assert texts(session, topic) == ["meanwhile"]


async def test_a_public_push_that_never_came_is_fetched_from_the_public_side(fake: FakeServer) -> None:
    session = Session(account(fake), Cache())
    async with running(session):
        topic = await lane(session)
        await session.caught_up()
        group = fake.public.groups[topic]
        group.members, members = {}, group.members
        await fake.public.append(group, None, Kind.JOINED, count=3)
        group.members = members
        await session.publish("after the gap", topic=topic)
        await session.until(lambda: len(session.log(topic)) == 3)


async def test_another_public_epoch_leaves_the_private_side_as_it_was(fake: FakeServer) -> None:
    session = Session(account(fake), Cache())
    async with running(session):
        await fake.say("bob", "alice", content.encode(content.Text(text="private")))
        topic = await lane(session)
        await session.caught_up()
    fake.public.epoch, fake.public.groups = Epoch("public two"), {}
    with session.subscribe() as events:
        async with running(session):
            resynced = await until(events, Resynced)
            await session.caught_up()
    assert resynced == Resynced(Side.PUBLIC)
    assert [summary.side for summary in session.cache.topics()] == [Side.PRIVATE]
    assert session.cache.topic(topic) is None
    assert (session.cache.epoch(Side.PRIVATE), session.cache.epoch(Side.PUBLIC)) == ("first", "public two")


async def test_a_public_log_that_was_set_back_is_synced_from_nothing(fake: FakeServer) -> None:
    session = Session(account(fake), Cache())
    async with running(session):
        topic = await lane(session)
        await session.publish("lost", topic=topic)
        await session.until(lambda: bool(texts(session, topic)))
        await fake.say("bob", "alice", content.encode(content.Text(text="private")))
        await session.caught_up()
    del fake.public.groups[topic].log[1]
    async with running(session):
        await session.caught_up()
    assert texts(session, topic) == []
    assert len(session.cache.topics()) == 2


async def test_a_server_without_a_public_side_is_asked_nothing_of_it(fake: FakeServer) -> None:
    fake.public.epoch = None
    async with running(Session(account(fake), Cache())) as session:
        await session.caught_up()
        assert session.cache.epoch(Side.PUBLIC) is None
    assert not any(getattr(request, "side", None) is Side.PUBLIC for request in fake.seen)


async def test_two_processes_of_one_profile_both_learn_what_came_of_a_publication(
    fake: FakeServer, tmp_path: Path
) -> None:
    alice = account(fake)
    one, other = Session(alice, Cache(tmp_path / "cache.db")), Session(alice, Cache(tmp_path / "cache.db"))
    async with running(one), running(other):
        topic = await lane(one)
        await other.until(lambda: other.cache.topic(topic) is not None)
        fake.public.rulings = [HELD, REJECTED] * 3
        for number, session in enumerate([one, other] * 3):
            done = await session.publish(str(number), topic=topic)
            assert done.state is (SubmissionState.REJECTED if number % 2 else SubmissionState.HELD)
    assert len(fake.public.submissions) == 6


async def test_entries_arrive_in_order_on_both_sides(fake: FakeServer) -> None:
    session = Session(account(fake), Cache())
    with session.subscribe() as events:
        async with running(session):
            topic = await lane(session)
            await session.publish("one", topic=topic)
            await session.say("two", to=fake.has("bob"))
            arrived = [await until(events, Arrived) for _ in range(3)]
    seqs = [event.entry.seq for event in arrived if isinstance(event, Arrived) and event.entry.topic == topic]
    assert seqs == [1, 2]


# Staff.


async def test_an_officer_has_a_connection_of_their_own_and_no_wrong_token(fake: FakeServer) -> None:
    async with on_duty(fake.url, "r1", "officer-token") as (connection, duty):
        assert duty.code == "r1"
        assert (await connection.request(OfficerQueue(id=0))).total == 0
    with pytest.raises(OffDutyError):
        async with on_duty(fake.url, "r1", "wrong"):
            pass
