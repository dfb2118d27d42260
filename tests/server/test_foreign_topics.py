"""Topics of others: whatever is asked about them, it is as if they were not there."""

from typing import Any

import pytest

from protocol.accounts import Schedule, Unschedule
from protocol.entries import side_of
from protocol.following import FollowAccount
from protocol.frames import REQUESTS, Request, Sync
from protocol.ids import PersonId, TopicId, new_id, new_public_topic_id
from protocol.moments import Choice
from protocol.publications import Content, Surface
from protocol.staff import ReviewAct
from server.dispatch import Staffed
from tests.support.accounts import active, application, approved, words
from tests.support.adapters import payloads
from tests.support.inline import Caller, InlineServer
from tests.support.public import rows
from tests.support.rules import RULES


def naming_a_topic() -> list[str]:
    return [op for op, shape in REQUESTS.items() if "topic" in shape.__struct_fields__]


def filled(shape: type[Request[Any]], caller: Caller, topic: TopicId, other: PersonId) -> Request[Any]:
    """Return a request of `shape` about `topic`, with whatever else it must say."""
    values: dict[str, Any] = {
        "topic": topic, "seq": 1, "target": 1, "body": b"x", "person": other, "role": "admin", "until": 0,
        "name": b"x", "notice": b"x", "id": 7, "surface": "group_message", "content": Content(text="x"), "base": 1,
        "application": application(caller.server), "draft": caller.cid(), "dialogue": TopicId(other),
        "due": caller.server.clock.ms + 3_600_000, "act": ReviewAct.APPROVE,
        "choice": Choice.OFF,
    }  # fmt: skip
    fields = {name: values[name] for name in shape.__struct_fields__ if name in values}
    if shape is Unschedule:
        fields["item"] = caller.cid()
    if shape is Schedule:
        fields["content"] = words("x")
    if "cid" in shape.__struct_fields__:
        fields["cid"] = caller.cid()
    return shape(**fields)


def test_there_are_operations_that_name_a_topic() -> None:
    assert {"send", "history", "topic", "read", "group.accept", "group.mute"} <= set(naming_a_topic())


def refusal_of(op: str, topic: TopicId) -> str:
    """Return the code with which strangers to `topic` are refused `op`, whether or not it exists; or none."""
    rule = RULES[REQUESTS[op]]
    if isinstance(rule, Staffed):
        return "not_signed_in"
    if side_of(topic) not in rule.sides:
        return "wrong_side"
    return "" if op in {"unfollow", "thread.close"} else "not_found"  # Of what one has not, one is rid.


FOREIGN = ("chat", "group", "dialogue", "public group", "card", "account", "approved account", "square", "thread")


def foreign_topics(server: InlineServer, kind: str, alice: Caller, bob: Caller) -> tuple[TopicId, TopicId]:
    """Return a topic of `alice`, and one of nobody on the same side."""
    match kind:
        case "chat":
            return server.chat(alice, bob), TopicId(new_id())
        case "group":
            return server.group(alice, bob), TopicId(new_id())
        case "public group":
            return server.lane(alice, bob), new_public_topic_id()
        case "approved account":
            return approved(server, alice), new_public_topic_id()  # It says nothing yet, so nobody knows of it.
        case "dialogue" | "account":
            account = active(server, bob)
            alice.do(FollowAccount, topic=account)
            dialogue = alice.send(b"hello", to=PersonId(account)).topic
            return (dialogue, TopicId(new_id())) if kind == "dialogue" else (account, new_public_topic_id())
        case "square" | "thread":
            post = alice.publish("hello", surface=Surface.SQUARE)
            assert post.topic is not None
            bob.publish("hello yourself", post.topic, Surface.COMMENT, root=post.seq)
            alice.collect()
            (row,) = rows(server, "SELECT topic FROM threads")  # Nobody is told of it.
            return (post.topic if kind == "square" else row["topic"]), new_public_topic_id()
        case _:
            card = alice.publish(Content(title="Alice"), surface=Surface.CARD).topic
            assert card is not None
            alice.collect()
            return card, new_public_topic_id()


# Whoever can name something public may look at it and come in, or follow it: that is what public means.
FOR_STRANGERS = {
    "public group": {"group.join", "group.listing"},
    "account": {"history", "follow"},
    "square": {"history", "moment", "thread", "like", "thread.choose"},
}


@pytest.mark.parametrize("op", naming_a_topic())
@pytest.mark.parametrize("foreign", FOREIGN)
def test_other_peoples_topics_are_refused_like_those_that_do_not_exist(
    server: InlineServer, op: str, foreign: str
) -> None:
    alice, bob, eve = server.people("alice", "bob", "eve")
    there, nowhere = foreign_topics(server, foreign, alice, bob)
    answers = []
    for topic in (there, nowhere):
        eve.say(filled(REQUESTS[op], eve, topic, bob.person))
        server.settle()
        answers.append(list(payloads(b"".join(eve.peer.frames))))
        eve.peer.frames = []
    assert [refusal_of(op, there).encode() in answer for answer in answers[1]] == [True]
    assert (answers[0] == answers[1]) is (op not in FOR_STRANGERS.get(foreign, ()))


def test_a_sync_of_somebody_elses_topic_is_answered_like_one_of_none(server: InlineServer) -> None:
    alice, bob, eve = server.people("alice", "bob", "eve")
    there, nowhere = server.chat(alice, bob), TopicId(new_id())
    for heads in ({there: 0}, {there: 99}):
        reply = eve.do(Sync, heads=heads | {nowhere: 1})
        assert sorted(reply.gone) == sorted([there, nowhere])
        assert (reply.slices, reply.topics) == ((), ())


@pytest.mark.parametrize("foreign", FOREIGN)
def test_what_is_refused_stores_nothing(server: InlineServer, foreign: str) -> None:
    alice, bob, eve = server.people("alice", "bob", "eve")
    there, nowhere = foreign_topics(server, foreign, alice, bob)
    before = server.dump()
    for op in naming_a_topic():
        eve.try_(filled(REQUESTS[op], eve, nowhere, bob.person))
        if op not in FOR_STRANGERS.get(foreign, ()):
            eve.try_(filled(REQUESTS[op], eve, there, bob.person))
    assert server.dump() == before
