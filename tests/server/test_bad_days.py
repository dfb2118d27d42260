"""What was submitted on a day when the disk is full, or the server dies: nothing is lost, and order is kept."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from protocol.decisions import Submission, SubmissionState
from protocol.frames import GroupLeave
from protocol.public import Publish, Submissions, TakeBack
from protocol.publications import Content, Surface
from server.gatekeeper import TRIES
from server.store.base import StoreFullError
from server.store.log import Log
from server.store.public_writes import Forget
from server.store.writes import Done, Post, Posted
from tests.support.inline import InlineServer, published
from tests.support.public import rows
from tests.support.submitting import Lane, answered

HOUR_S = 3600


@pytest.fixture
def lane(server: InlineServer) -> Lane:
    return Lane(server)


# No room on the disk.


class Full:
    def commit(self, writes: Any) -> Any:
        raise StoreFullError

    def close(self) -> None:
        pass


def test_when_there_is_no_room_to_submit_nothing_is_kept(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(lane.server.public_commits, "writer", Full())
        refusal = lane.member.refusal(Publish, **published("hello", lane.topic, Surface.GROUP_MESSAGE))
    assert (refusal.code, lane.server.panel.seen) == ("unavailable", [])
    assert refusal.retry_after_ms
    assert rows(lane.server, "SELECT * FROM submissions") == []


def test_what_there_was_no_room_to_conclude_is_kept_and_concluded_later(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    lane.server.panel.is_slow = True
    request = lane.member.publishes("hello", lane.topic)
    with monkeypatch.context() as patch:
        patch.setattr(lane.server.public_commits, "writer", Full())
        lane.server.panel.answer()
        answer = answered(lane.member, request)
        assert isinstance(answer, Submission)
        assert answer.state is SubmissionState.WAITING
        lane.server.every_second()
    assert lane.texts() == []
    lane.server.every_second()
    assert lane.texts() == ["hello"]
    assert [told.state for told in lane.told(lane.member)] == [SubmissionState.PUBLISHED]
    assert len(lane.server.panel.seen) == 1


def test_what_there_was_no_room_for_comes_before_what_was_said_after_it(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    lane.server.panel.is_slow = True
    lane.member.publishes("one", lane.topic)
    lane.member.publishes("two", lane.topic)
    with monkeypatch.context() as patch:
        patch.setattr(lane.server.public_commits, "writer", Full())
        lane.server.panel.answer()
    lane.server.panel.answer()
    lane.server.every_second()
    assert lane.texts() == ["one", "two"]


def test_what_is_answered_while_the_disk_is_full_waits_behind_what_was_before_it(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    lane.server.panel.is_slow = True
    lane.member.publishes("one", lane.topic)
    lane.member.publishes("two", lane.topic)
    with monkeypatch.context() as patch:
        patch.setattr(lane.server.public_commits, "writer", Full())
        lane.server.panel.answer()
        lane.server.panel.answer()
        lane.server.every_second()
    lane.server.every_second()
    assert lane.texts() == ["one", "two"]


def test_what_waits_for_one_that_is_being_judged_is_one_commit_with_it(lane: Lane) -> None:
    lane.server.panel.is_slow = True
    texts = ["one", "two", "three"]
    requests = [lane.member.publishes(text, lane.topic) for text in texts]
    before = lane.server.public_commits.batches
    for which in (2, 1, 0):
        assert lane.texts() == []
        lane.server.panel.answer(which)
    assert lane.server.public_commits.batches == before + 1
    assert lane.texts() == texts
    assert all(lane.of(lane.member, request.cid).state is SubmissionState.PUBLISHED for request in requests)


def test_one_that_cannot_be_concluded_is_held_alone_and_what_was_said_around_it_comes_in_order(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = Log.add

    def add(log: Log, post: Post) -> Posted:
        posted = append(log, post)
        if post.draft is not None and b"guilty" in (post.draft.body or b""):
            raise ValueError("a mistake in the store, when it is nearly done")
        return posted

    monkeypatch.setattr(Log, "add", add)
    lane.server.panel.is_slow = True
    texts = ["one", "two", "guilty", "three", "four"]
    requests = [lane.member.publishes(text, lane.topic) for text in texts]
    with capture_logs():
        for _ in texts:
            lane.server.panel.answer(-1)
        for _ in range(TRIES):
            lane.server.every_second()
    assert lane.texts() == ["one", "two", "three", "four"]
    states = [lane.of(lane.member, request.cid).state for request in requests]
    published, held = SubmissionState.PUBLISHED, SubmissionState.HELD
    assert states == [published, published, held, published, published]


def test_versions_of_a_card_come_in_order_though_the_first_had_no_topic_yet(lane: Lane) -> None:
    lane.server.panel.is_slow = True
    for title in ("one", "two"):
        lane.member.publishes(Content(title=title), surface=Surface.CARD)
    lane.server.panel.answer(0)
    lane.member.publishes(Content(title="three"), surface=Surface.CARD)
    lane.server.panel.answer(1)
    lane.server.panel.answer(0)
    own = lane.member.do(Submissions).submissions
    assert [(said.content and said.content.title, said.version) for said in own] == [
        ("three", 3),
        ("two", 2),
        ("one", 1),
    ]


def test_a_hold_that_could_not_be_ended_for_want_of_room_ends_later(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    lane.held()
    lane.server.clock.pass_time(100 * HOUR_S)
    with monkeypatch.context() as patch:
        patch.setattr(lane.server.public_commits, "writer", Full())
        lane.server.every_second()
    assert lane.texts() == []
    lane.server.every_second()
    assert lane.texts() == ["hello"]


# After a restart.


def restarted(lane: Lane) -> Lane:
    """Return the same lane on a new server over the same stores; the old one is dead, and so are its hooks."""
    back = Lane.__new__(Lane)
    back.server, back.topic = InlineServer(after=lane.server), lane.topic
    back.owner, back.admin, back.member, back.other = map(back.server.login, ("ann", "ben", "cyd", "dee"))
    cases, unreadable = back.server.public_reads.reader.waiting()
    assert unreadable == ()
    back.server.gatekeeper.recover(cases)
    return back


def test_what_was_waiting_when_the_server_died_is_judged_by_the_next_one(lane: Lane) -> None:
    lane.server.panel.is_slow = True
    for text in ("one", "two"):
        lane.member.publishes(text, lane.topic)
    back = restarted(lane)
    assert back.texts() == ["one", "two"]
    assert [told.state for told in back.told(back.member)] == [SubmissionState.PUBLISHED] * 2
    assert [seen.content.text for seen in back.server.panel.seen] == ["one", "two"]


def test_a_repeat_after_the_restart_gets_what_has_become_of_it(lane: Lane) -> None:
    lane.server.panel.is_slow = True
    request = lane.member.publishes("hello", lane.topic)
    back = restarted(lane)
    fields = {name: getattr(request, name) for name in request.__struct_fields__ if name != "id"}
    assert back.member.do(Publish, **fields).submission.state is SubmissionState.PUBLISHED
    assert back.texts() == ["hello"]


def test_what_was_held_is_held_after_the_restart_and_ends_in_time(lane: Lane) -> None:
    said = lane.held()
    back = restarted(lane)
    assert back.of(back.member, said.cid) == said
    back.server.clock.pass_time(100 * HOUR_S)
    back.server.every_second()
    assert back.texts() == ["hello"]


def test_what_was_taken_back_while_it_was_judged_is_forgotten_though_nobody_concludes_it(lane: Lane) -> None:
    lane.server.panel.is_slow = True
    request = lane.member.publishes("hello", lane.topic)
    lane.member.do(TakeBack, submission=lane.of(lane.member, request.cid).submission)
    back = restarted(lane)
    assert rows(back.server, "SELECT content FROM submissions") == [{"content": None}]
    assert back.server.panel.seen == []


def test_who_may_not_publish_any_more_after_the_restart_is_told_so(lane: Lane) -> None:
    lane.server.panel.is_slow = True
    request = lane.member.publishes("hello", lane.topic)
    lane.member.do(GroupLeave, topic=lane.topic)
    back = restarted(lane)
    assert back.of(back.member, request.cid).state is SubmissionState.LAPSED


def test_a_forgetting_that_finds_nothing_is_done(lane: Lane) -> None:
    lane.held()
    assert isinstance(lane.server.write(Forget(before=lane.server.clock.ms + 1)), Done)
    assert rows(lane.server, "SELECT content IS NOT NULL AS kept FROM submissions") == [{"kept": 1}]
