"""Who gets what is committed, and from when: above all while a sync is being read."""

from collections.abc import Callable
from typing import Any

import pytest

from protocol.codec import encode_push
from protocol.frames import (
    ChangePassword,
    Devices,
    EntryPush,
    GonePush,
    GroupAccept,
    GroupDecline,
    GroupInvite,
    GroupLeave,
    GroupRemove,
    Logout,
    Resume,
    RevokeDevice,
    Send,
    SetTopic,
    Sync,
    SyncReply,
    TopicPush,
)
from protocol.ids import TopicId
from server import fanout, hub
from tests.support.inline import PASSWORD, Caller, InlineServer


def under_way(caller: Caller, heads: dict[TopicId, int] | None = None) -> Callable[[], list[Any]]:
    """Begin a sync whose snapshot is taken now; calling what is returned ends it and gives all that came."""
    server = caller.server
    server.reads.delay()
    caller.say(caller.request(Sync, heads=heads or {}))
    server.reads.look()

    def end() -> list[Any]:
        server.reads.catch_up()
        return caller.collect()

    return end


def said(messages: list[Any]) -> list[bytes | None]:
    """Return the bodies of the entries in replies and pushes, in the order they came."""
    found: list[bytes | None] = []
    for message in messages:
        if isinstance(message, EntryPush):
            found.append(message.entry.body)
        elif isinstance(message, dict):
            found += [entry.get("body") for piece in message.get("slices", ()) for entry in piece["entries"]]
    return found


# A sync under way.


def test_what_is_committed_while_a_sync_is_read_comes_after_its_reply(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    phone = bob.resume()
    end = under_way(phone, {topic: 1})
    alice.send(b"meanwhile", topic=topic)
    assert said(end()) == [b"hello yourself", b"meanwhile"]


def test_what_is_committed_after_the_reply_comes_once(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    phone = bob.resume()
    end = under_way(phone, {topic: 2})
    alice.say(alice.request(Send, topic=topic, body=b"meanwhile"))
    server.reads.catch_up()
    alice.say(alice.request(Send, topic=topic, body=b"after"))
    assert said(end()) == [b"meanwhile", b"after"]


def test_nobody_follows_a_topic_they_were_removed_from_while_their_sync_was_read(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic = server.group(ann, ben)
    phone = ben.resume()
    end = under_way(phone)
    ann.do(GroupRemove, topic=topic, person=ben.person)
    end()
    ann.send(b"behind your back", topic=topic)
    assert phone.entries() == []


def test_a_topic_lost_while_a_sync_was_read_is_not_brought_back_by_its_reply(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic = server.group(ann, ben)
    phone = ben.resume()
    end = under_way(phone)
    ann.do(GroupRemove, topic=topic, person=ben.person)
    messages = end()
    reply = next(place for place, message in enumerate(messages) if isinstance(message, dict))
    assert GonePush(topic=topic) in messages[reply:]


def test_how_one_stands_since_the_snapshot_is_told_after_the_reply(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic = server.group(ann)
    ann.do(GroupInvite, topic=topic, person=ben.person)
    phone = ben.resume()
    end = under_way(phone)
    ben.do_while_reads_wait(GroupAccept, topic=topic)
    last = end()[-1]
    assert isinstance(last, TopicPush | EntryPush)
    told = [m.summary.standing for m in phone_messages(last, phone) if isinstance(m, TopicPush)]
    assert told in ([], ["member"])


def phone_messages(last: Any, phone: Caller) -> list[Any]:
    return [last, *phone.collect()]
