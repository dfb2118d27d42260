"""Who gets what is committed, and from when: above all while a sync is being read."""

from collections.abc import Callable
from typing import Any

import pytest

from protocol.codec import encode_push
from protocol.entries import Kind, Standing
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
    Hello,
    Logout,
    Request,
    Resume,
    RevokeDevice,
    Send,
    SetTopic,
    Sync,
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
    gone, reply = end()
    assert gone == GonePush(topic=topic)
    assert "topics" not in reply
    assert "slices" not in reply


def test_an_invitation_accepted_while_a_sync_was_read_is_not_brought_back_by_its_reply(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic = server.group(ann)
    ann.do(GroupInvite, topic=topic, person=ben.person)
    phone = ben.resume()
    end = under_way(phone)
    ben.say(ben.request(GroupAccept, topic=topic))
    ann.say(ann.request(Send, topic=topic, body=b"welcome"))
    told, joined, welcome, reply = sorted(end(), key=lambda message: isinstance(message, dict))
    assert isinstance(told, TopicPush)
    assert told.summary.standing is Standing.MEMBER
    assert [push.entry.body for push in (joined, welcome)] == [None, b"welcome"]
    assert "topics" not in reply


def test_a_topic_one_comes_back_to_while_a_sync_is_read_is_not_gone_after_its_reply(server: InlineServer) -> None:
    ann, ben = server.people("ann", "ben")
    topic = server.group(ann)
    ann.do(GroupInvite, topic=topic, person=ben.person)
    ben.do(GroupDecline, topic=topic)
    phone = ben.resume()
    end = under_way(phone, {topic: 1})
    ann.say(ann.request(GroupInvite, topic=topic, person=ben.person))
    server.reads.hand_out(-1)
    (reply,) = [message for message in end() if isinstance(message, dict)]
    assert "gone" not in reply


def test_a_setting_changed_while_a_sync_is_read_is_not_set_back_by_its_reply(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    phone = bob.resume()
    end = under_way(phone)
    bob.do(SetTopic, topic=topic, pinned=True)
    told, reply = end()
    assert isinstance(told, TopicPush)
    assert told.summary.pinned
    assert "topics" not in reply
    assert reply["slices"]


def test_who_came_back_before_a_sync_began_follows_though_an_older_sync_saw_them_go(server: InlineServer) -> None:
    ann, ben, cyd = server.people("ann", "ben", "cyd")
    topic = server.group(ann, ben)
    slow = under_way(cyd)
    ben.say(ben.request(GroupLeave, topic=topic))
    ann.say(ann.request(GroupInvite, topic=topic, person=ben.person))
    server.reads.hand_out(-1)
    ben.say(ben.request(GroupAccept, topic=topic))
    phone = Caller(server)
    phone.say(phone.request(Hello, versions=(1,)))
    phone.say(phone.request(Resume, token=ben.token, heads={}))
    server.reads.hand_out(-1)
    server.reads.hand_out(-1)
    ann.say(ann.request(Send, topic=topic, body=b"welcome back"))
    assert b"welcome back" in said(phone.collect())
    slow()


def test_of_what_was_committed_only_what_a_running_sync_may_need_is_kept(server: InlineServer) -> None:
    ann, ben, cyd = server.people("ann", "ben", "cyd")
    topic = server.group(ann, ben, cyd)
    server.reads.delay()
    for round_ in range(5):  # There is always one under way, and none for long.
        for caller in (ben, cyd):
            caller.say(caller.request(Sync, heads={}))
            ann.say(ann.request(Send, topic=topic, body=b"x"))
            if (round_, caller) != (0, ben):
                server.reads.hand_out()
        assert len(server.hub._journal.notes) <= 2
    server.reads.catch_up()
    assert not server.hub._journal.notes


def test_a_sync_whose_connection_is_gone_leaves_nobody_following(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    phone = bob.resume()
    end = under_way(phone)
    server.reads.look()
    phone.session.disconnected()
    end()
    audience = server.hub._audiences.of(topic)
    assert audience is not None
    assert list(audience.subscribers) == [alice.session, bob.session]


def test_a_topic_nobody_follows_any_more_is_forgotten(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    server.chat(alice, bob)
    for caller in (alice, bob):
        caller.hang_up()
    assert (len(server.hub._audiences), server.hub._here) == (0, {})


def test_who_comes_back_before_the_last_fan_out_was_done_gets_what_follows(
    server: InlineServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fanout, "SHORT", 0)
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    bob.hang_up()
    alice.say(alice.request(Send, topic=topic, body=b"one"))
    alice.hang_up()
    back = Caller(server)
    back.say(back.request(Hello, versions=(1,)))
    back.say(back.request(Resume, token=alice.token, heads={topic: 3}))
    back.say(back.request(Send, topic=topic, body=b"two"))
    assert said(back.collect()) == [b"two"]


def test_who_comes_back_to_a_group_gets_nothing_said_between_however_late_it_is_sent_out(
    server: InlineServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fanout, "SHORT", 0)
    ann, ben = server.people("ann", "ben")
    topic = server.group(ann, ben)
    ann.do(GroupRemove, topic=topic, person=ben.person)
    ben.collect()
    ann.say(ann.request(Send, topic=topic, body=b"behind your back"))
    ann.say(ann.request(GroupInvite, topic=topic, person=ben.person))
    ben.say(ben.request(GroupAccept, topic=topic))
    for _ in range(5):
        server.every_second()
    assert [entry.kind for entry in ben.entries()] == [Kind.JOINED]


# Signing out.


@pytest.mark.parametrize(
    ("shape", "closes_it", "closes_others"),
    [(Logout, (1000, "signed out"), False), (ChangePassword, None, True)],
)
def test_signing_out_closes_whose_token_is_worthless(
    server: InlineServer, shape: type[Request[Any]], closes_it: tuple[int, str] | None, closes_others: bool
) -> None:
    (alice,) = server.people("alice")
    tablet, same = server.login("alice"), alice.resume()
    fields = {"old": PASSWORD, "new": "another horse"} if shape is ChangePassword else {}
    alice.do(shape, **fields)
    assert alice.peer.closed == closes_it
    assert same.peer.closed == (4501, "signed out")
    assert tablet.peer.closed == ((4501, "signed out") if closes_others else None)


def test_a_password_changed_by_who_hangs_up_at_once_closes_the_others_all_the_same(server: InlineServer) -> None:
    (alice,) = server.people("alice")
    tablet = server.login("alice")
    server.commits.gather()
    alice.say(alice.request(ChangePassword, old=PASSWORD, new="another horse"))
    alice.session.disconnected()
    server.commits.commit()
    assert tablet.peer.closed == (4501, "signed out")


def test_a_token_revoked_while_it_is_looked_up_lets_nobody_in(server: InlineServer) -> None:
    (alice,) = server.people("alice")
    tablet = server.login("alice")
    (device,) = [device for device in alice.do(Devices).devices if not device.current]
    late = Caller(server)
    late.say(late.request(Hello, versions=(1,)))
    server.reads.delay()
    late.say(late.request(Resume, token=tablet.token))
    server.reads.look()
    alice.do(RevokeDevice, device=device.device)
    server.reads.catch_up()
    assert late.peer.closed == (4501, "signed out")
    assert tablet.peer.closed == (4501, "signed out")


def test_only_so_many_signed_out_devices_are_remembered(server: InlineServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "LATELY", 2)
    server.people("alice")
    for _ in range(3):
        server.login("alice").do(Logout)
    assert len(server.hub._signed_out) == 2


# Pieces.


def test_an_entry_is_encoded_once_for_all_who_get_it(server: InlineServer, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, *members = server.people("ann", "ben", "cyd", "dee")
    topic = server.group(owner, *members)
    encoded = []

    def counting(push: Any) -> bytes:
        encoded.append(push)
        return encode_push(push)

    monkeypatch.setattr(hub, "encode_push", counting)
    owner.say(owner.request(Send, topic=topic, body=b"x"))
    server.settle()
    assert len(encoded) == 1
    frames = [member.peer.frames[-1] for member in members]
    assert all(frame is frames[0] for frame in frames)


def test_entries_of_one_topic_that_wait_go_out_in_one_piece(
    server: InlineServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fanout, "SHORT", 0)
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    server.commits.gather()
    for body in (b"one", b"two", b"three"):
        alice.say(alice.request(Send, topic=topic, body=body))
    server.commits.commit()
    server.settle()
    assert len(bob.peer.frames) == 1
    assert said(bob.collect()) == [b"one", b"two", b"three"]
