"""Carrying out what is decided: stopping, deciding again, and what the engine never does twice."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from protocol.entries import Kind
from protocol.frames import Devices, GroupMute, GroupName, Hello, Resume, Send, Sync, Typing
from protocol.ids import DeviceId, TopicId, new_id
from server import engine
from server.outcomes import UNAVAILABLE, Again
from server.posting import post
from server.store.writes import Done, Post
from tests.support.inline import Caller, InlineServer

FOREVER = 2**53 - 1


class Idle:
    """Counts how often it is said that all is done."""

    def __init__(self, server: InlineServer) -> None:
        self.times = 0
        server.engine.stop(self.note)

    def note(self) -> None:
        self.times += 1


def test_an_idle_server_stops_at_once(server: InlineServer) -> None:
    server.people("alice")
    assert Idle(server).times == 1


def test_a_stopping_server_finishes_what_was_begun_and_begins_nothing(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    server.commits.gather()
    alice.say(begun := alice.request(Send, topic=topic, body=b"begun"))
    idle = Idle(server)
    alice.say(alice.request(Send, topic=topic, body=b"too late"))
    assert idle.times == 0
    server.commits.commit()
    assert idle.times == 1
    assert [message["re"] for message in alice.collect() if isinstance(message, dict)] == [begun.id]
    assert [entry.body for entry in server.log(topic)][2:] == [b"begun"]


def test_a_stopping_server_waits_for_reads_and_for_those_who_are_gone(server: InlineServer) -> None:
    (alice,) = server.people("alice")
    server.reads.delay()
    alice.say(alice.request(Sync, heads={}))
    gone = Caller(server)
    gone.say(gone.request(Hello, versions=(1,)))
    gone.say(gone.request(Resume, token=alice.token))
    gone.hang_up()
    idle = Idle(server)
    server.reads.hand_out()
    assert idle.times == 0
    server.reads.catch_up()
    assert idle.times == 1


def test_what_was_decided_for_an_older_generation_is_decided_again(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic = server.group(ann, ben)
    server.commits.gather()
    ann.say(ann.request(GroupMute, topic=topic, until=FOREVER))
    ben.say(ben.request(Send, topic=topic, body=b"too late to say"))
    server.commits.commit()
    (reply,) = [message for message in ben.collect() if isinstance(message, dict)]
    assert reply["error"]["code"] == "muted"
    assert server.log(topic)[-1].kind is Kind.MUTED


def test_a_topic_that_never_stops_changing_is_unavailable(
    server: InlineServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    (alice,) = server.people("alice")
    asked = []

    def again(request: Any, *_: Any) -> Again:
        asked.append(request)
        return Again(request)

    monkeypatch.setattr(server.engine._dispatch, "decide", again)
    refusal = alice.refusal(GroupName, topic=new_id(), name=b"x")
    assert (refusal.code, refusal.retry_after_ms) == ("unavailable", UNAVAILABLE.retry_after_ms)
    assert len(asked) == engine.ATTEMPTS


def test_requests_of_many_about_a_topic_not_in_memory_are_all_answered(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    server.rooms._states.clear()
    server.reads.delay()
    for caller in (alice, bob):
        caller.say(caller.request(Typing, topic=topic))
    server.reads.catch_up()
    for caller in (alice, bob):
        assert {"re"} in [set(m) for m in caller.collect() if isinstance(m, dict)]


def test_after_all_is_answered_nothing_is_pinned_and_nothing_waits(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic = server.group(ann, ben)
    ben.send(b"x", topic=topic)
    ben.refused(GroupName, topic=topic, name=b"x")
    assert not server.rooms._pinned
    assert (ann.session._waits, ben.session._waits, server.engine.under_way) == (0, 0, 0)


def test_a_device_signed_out_by_nobody_in_particular_is_remembered_only(server: InlineServer) -> None:
    stranger = server.connect()
    device = DeviceId(new_id())
    server.hub.sign_out((device,), asked=stranger.session)
    assert server.hub.was_signed_out(device)


def test_an_outcome_that_no_post_has_is_a_failure_of_that_request(server: InlineServer) -> None:
    write = Post(topic=TopicId(new_id()), generation=0, draft=None)
    with pytest.raises(TypeError, match="Done"):
        post(Devices(id=1), write).then(Done())


def test_the_log_names_no_value_of_a_failed_request(server: InlineServer, monkeypatch: pytest.MonkeyPatch) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)

    def fail(*_: Any, **__: Any) -> None:
        raise KeyError(b"canary")

    monkeypatch.setattr(server.hub, "tell", fail)
    with capture_logs() as logs:
        assert alice.refused(Typing, topic=topic) == "internal"
    assert "canary" not in repr(logs)
    assert all(isinstance(place, str) for place in logs[0]["at"])
