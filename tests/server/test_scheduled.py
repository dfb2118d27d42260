"""What is scheduled: it waits on the private side, is judged when it is due, and appears once, whatever happens."""

from contextlib import closing
from typing import Any

import pytest

from compliance.verdicts import Failure, OnError, Reject
from protocol.accounts import ActPush, SetOperator, Unschedule
from protocol.decisions import SubmissionState
from protocol.entries import Kind, Role
from protocol.following import FollowAccount
from protocol.ids import PersonId, TopicId
from protocol.public import SubmissionPush, Submissions
from protocol.publications import Content, decode
from server.store.base import StoreFullError
from tests.support.accounts import active, broadcast, operator, profile, service, words
from tests.support.inline import Caller, InlineServer
from tests.support.panel import StaffedPanel, allows
from tests.support.scheduling import HOUR_MS, pass_time, said, schedule, scheduled, titles

# When it is due.


def test_it_appears_when_it_is_due_and_not_before(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic = active(server, ann)
    ben.do(FollowAccount, topic=topic)
    schedule(ann, topic)
    pass_time(server, HOUR_MS - 1000)
    assert ben.entries() == []
    server.every_second()
    (entry,) = ben.entries()
    assert (entry.kind, entry.sender, entry.at) == (Kind.BROADCAST, PersonId(topic), server.clock.ms)
    assert scheduled(ann, topic) == []


def test_an_article_appears_on_the_page_with_all_that_was_chosen_for_it(server: InlineServer) -> None:
    (ann,) = server.people("ann")
    topic = active(server, ann)
    schedule(ann, topic, broadcast=False, reprintable=True)
    pass_time(server)
    (entry,) = said(server, topic)
    assert entry.kind is Kind.ARTICLE
    assert entry.body is not None
    assert decode(entry.body).reprintable


def test_a_broadcast_to_a_tag_goes_to_that_tag(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic = service(server, ann, tags=("north", "south"))
    ben.do(FollowAccount, topic=topic, tag="south")
    schedule(ann, topic, tag="north")
    pass_time(server)
    (entry,) = ben.entries()
    assert entry.elided
    assert said(server, topic)[0].tag == "north"


def test_its_author_and_the_other_operators_are_told_as_of_any_other(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic = active(server, ann)
    operator(ann, topic, ben)
    item = schedule(ann, topic)
    pass_time(server)
    (told,) = [push for push in ann.pushes() if isinstance(push, SubmissionPush)]
    assert (told.submission.state, told.submission.cid) == (SubmissionState.PUBLISHED, item.item)
    (act,) = [push for push in ben.pushes() if isinstance(push, ActPush)]
    assert (act.act.by, act.act.act, act.act.seq) == (ann.person, "published", told.submission.seq)


def test_what_is_due_at_once_comes_in_its_order(server: InlineServer) -> None:
    (ann,) = server.people("ann")
    topic = active(server, ann)
    for number in (3, 1, 2):
        schedule(ann, topic, words("news", title=str(number)), in_ms=HOUR_MS + number, broadcast=False)
    pass_time(server, HOUR_MS + 1000)
    assert titles(server, topic) == ["1", "2", "3"]


def test_it_is_judged_when_due_and_seen_by_nobody_before(server: InlineServer) -> None:
    (ann,) = server.people("ann")
    topic = active(server, ann)
    seen = len(server.panel.seen)
    schedule(ann, topic)
    assert len(server.panel.seen) == seen
    ground = next(iter(server.bench.pack.grounds))
    server.panel.hooks["strict"] = lambda _: Reject(ground=ground, text="no")
    pass_time(server)
    assert said(server, topic) == []
    (submission,) = ann.do(Submissions, topic=topic, limit=1).submissions
    assert submission.state is SubmissionState.REJECTED
    assert scheduled(ann, topic) == []


# What it fails with.


def failed(caller: Caller, topic: TopicId) -> list[str]:
    """Return what the items of an account failed with, when they were due."""
    return [item.failed for item in scheduled(caller, topic)]


def test_over_the_quota_it_fails_is_shown_and_is_not_tried_again(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic = active(server, ann)
    operator(ann, topic, ben)
    item = schedule(ann, topic)
    broadcast(ann, topic, "the one of today")
    pass_time(server)
    assert failed(ann, topic) == failed(ben, topic) == ["too_many"]
    pass_time(server, 48 * HOUR_MS)
    assert len(said(server, topic)) == 1
    ben.do(Unschedule, topic=topic, item=item.item)
    assert scheduled(ann, topic) == []


def test_to_a_tag_that_is_offered_no_more_it_fails(server: InlineServer) -> None:
    (ann,) = server.people("ann")
    topic = service(server, ann, tags=("north",))
    schedule(ann, topic, tag="north")
    profile(ann, topic)
    pass_time(server)
    assert failed(ann, topic) == ["bad_request"]


@pytest.mark.parametrize("role", [Role.ANALYST, None])
def test_of_an_operator_who_may_no_longer_publish_it_fails(server: InlineServer, role: Role | None) -> None:
    ann, ben = server.people("ann", "ben")
    topic = active(server, ann)
    operator(ann, topic, ben)
    schedule(ben, topic)
    ann.do(SetOperator, topic=topic, person=ben.person, role=role)
    pass_time(server)
    assert failed(ann, topic) == ["not_allowed"]
    assert said(server, topic) == []


def test_with_a_cid_that_was_used_for_something_else_it_fails(server: InlineServer) -> None:
    (ann,) = server.people("ann")
    topic = active(server, ann)
    item = schedule(ann, topic)
    broadcast(ann, topic, "something else", cid=item.item)
    pass_time(server)
    assert failed(ann, topic) == ["conflict"]


def test_what_this_version_cannot_read_fails_and_is_shown_without_its_words(server: InlineServer) -> None:
    (ann,) = server.people("ann")
    topic = active(server, ann)
    item = schedule(ann, topic)
    server.store._writer._connection.execute("UPDATE scheduled SET request = x'80'")
    assert [(kept.item, kept.content) for kept in scheduled(ann, topic)] == [(item.item, Content())]
    pass_time(server)
    assert failed(ann, topic) == ["bad_request"]
    ann.do(Unschedule, topic=topic, item=item.item)


def test_a_gate_that_is_out_of_order_is_asked_again_for_an_hour() -> None:
    with closing(InlineServer(panel=StaffedPanel(on_error=OnError.REJECT, hook=allows))) as server:
        (ann,) = server.people("ann")
        topic = active(server, ann)
        seen = len(server.panel.seen)
        server.panel.hooks["hook"] = lambda _: Failure.CRASHED
        schedule(ann, topic)
        pass_time(server)
        assert (failed(ann, topic), len(server.panel.seen)) == ([""], seen + 1)
        for _ in range(59):
            server.every_second()
        assert len(server.panel.seen) == seen + 1
        server.every_second()
        assert len(server.panel.seen) == seen + 2
        server.panel.hooks["hook"] = allows
        pass_time(server, 60_000)
        assert len(said(server, topic)) == 1
        assert scheduled(ann, topic) == []


def test_a_gate_that_stays_out_of_order_is_what_it_fails_with() -> None:
    with closing(InlineServer(panel=StaffedPanel(on_error=OnError.REJECT, hook=allows))) as server:
        (ann,) = server.people("ann")
        topic = active(server, ann)
        server.panel.hooks["hook"] = lambda _: Failure.CRASHED
        schedule(ann, topic)
        pass_time(server)
        pass_time(server, HOUR_MS - 1000)
        assert failed(ann, topic) == [""]
        pass_time(server, 61_000)
        assert failed(ann, topic) == ["gate_unavailable"]


# Crashes, and days without room.


class Full:
    """A writer whose disk is full."""

    def commit(self, writes: Any) -> Any:
        raise StoreFullError

    def close(self) -> None: ...


def test_what_became_due_while_nobody_served_appears_at_the_next_start(server: InlineServer) -> None:
    (ann,) = server.people("ann")
    topic = active(server, ann)
    schedule(ann, topic)
    server.clock.pass_time(48 * 3600)
    with closing(InlineServer(after=server)) as again:
        again.every_second()
        assert titles(again, topic) == ["From the lane"]


@pytest.mark.parametrize("moment", ["taken up", "submitted", "published"])
def test_a_server_that_dies_on_the_way_publishes_it_once(server: InlineServer, moment: str) -> None:
    (ann,) = server.people("ann")
    topic = active(server, ann)
    item = schedule(ann, topic)
    server.panel.is_slow = moment == "submitted"
    if moment == "taken up":
        server.public_commits.gather()
    if moment != "published":
        pass_time(server)
    else:
        good = server.commits.writer
        server.commits.writer = Closing(good)
        pass_time(server)
        server.commits.writer = good
    assert (len(said(server, topic)), failed(ann, topic)) == (int(moment == "published"), [""])
    with closing(InlineServer(after=server)) as again:
        cases, _ = again.public_reads.reader.waiting()
        again.gatekeeper.recover(cases)
        again.every_second()
        (owner,) = [again.login("ann")]
        assert [submission.cid for submission in owner.do(Submissions, topic=topic).submissions[:-1]] == [item.item]
        assert titles(again, topic) == ["From the lane"]
        assert scheduled(owner, topic) == []


class Closing:
    """A writer that takes an item up, and dies before it lets go of it."""

    def __init__(self, writer: Any) -> None:
        self._writer = writer

    def commit(self, writes: Any) -> Any:
        if any(type(write).__name__ == "CloseItem" for write in writes):
            raise StoreFullError
        return self._writer.commit(writes)

    def close(self) -> None: ...


@pytest.mark.parametrize("side", ["commits", "public_commits"])
def test_on_a_day_without_room_it_waits_for_some(
    server: InlineServer, side: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ann,) = server.people("ann")
    topic = active(server, ann)
    schedule(ann, topic)
    with monkeypatch.context() as patch:
        patch.setattr(getattr(server, side), "writer", Full())
        pass_time(server)
        assert (said(server, topic), failed(ann, topic)) == ([], [""])
    pass_time(server, 60_000)
    assert titles(server, topic) == ["From the lane"]
    assert scheduled(ann, topic) == []


def test_a_store_that_cannot_be_read_for_a_while_holds_up_nothing_else(
    server: InlineServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ann,) = server.people("ann")
    topic = active(server, ann)
    schedule(ann, topic)
    with monkeypatch.context() as patch:
        patch.setattr(server.reads, "reader", None)
        pass_time(server)
    server.every_second()
    assert titles(server, topic) == ["From the lane"]


def test_more_than_are_looked_up_at_a_time_come_all_the_same(
    server: InlineServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.scheduler.AT_ONCE", 2)
    (ann,) = server.people("ann")
    topic = active(server, ann)
    for _ in range(5):
        schedule(ann, topic, broadcast=False)
    pass_time(server)
    assert len(said(server, topic)) == 2
    server.every_second()
    server.every_second()
    assert len(said(server, topic)) == 5


def test_what_is_on_its_way_is_not_taken_up_again_and_does_not_hide_what_comes_after(
    server: InlineServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.scheduler.AT_ONCE", 1)
    (ann,) = server.people("ann")
    topic = active(server, ann)
    for _ in range(2):
        schedule(ann, topic, broadcast=False)
    server.panel.is_slow = True
    pass_time(server)
    assert len(server.panel.waiting) == 1
    server.every_second()
    assert len(server.panel.waiting) == 2
    server.every_second()
    batches = server.commits.batches
    server.every_second()
    assert (server.commits.batches, len(scheduled(ann, topic))) == (batches, 2)
    server.panel.answer()
    server.panel.answer()
    assert (len(said(server, topic)), scheduled(ann, topic)) == (2, [])
