"""What is kept for somebody who is here and says nothing, as most do: counted by type, and in bytes."""

import gc
import sys
from collections import Counter
from typing import cast

from websockets.server import ServerProtocol

from protocol.ids import Seq
from server.audience import FEW, Audience
from server.net.line import Line
from server.net.link import Link
from server.net.outbox import Outbox
from server.net.transport import PlainTransport
from server.outcomes import Caller, Subscriber
from server.session import Session
from server.topics import Member, TopicState
from tests.guards.works import Works

CONNECTION = (Line, Link, Outbox, PlainTransport, Session, Caller)  # One of each, and no more.
KIB = 1024


def _of_the_server() -> Counter[type]:
    """Return how many objects of each of the server's types there are, and how many protocols of the library's."""
    gc.collect()
    types = (type(each) for each in gc.get_objects())
    return Counter(kind for kind in types if kind is ServerProtocol or _module(kind).startswith("server."))


def _module(kind: type) -> str:
    return str(getattr(kind, "__module__", ""))


def _subscribers(how_many: int) -> list[Subscriber]:
    return [cast("Subscriber", object()) for _ in range(how_many)]


def test_a_pair_that_chats_is_six_objects_a_connection_and_what_is_known_of_the_chat(works: Works) -> None:
    """And no protocol: all that speak in turn share one of 2.6 KiB, so ten thousand idle ones need none.

    A chat has its audience, its state with two members, and where its log ends.
    """
    works.chats(1)
    before = _of_the_server()
    works.chats(10)
    more = _of_the_server() - before
    assert ServerProtocol not in more
    assert {kind: more.pop(kind) for kind in CONNECTION} == dict.fromkeys(CONNECTION, 20)
    assert (more.pop(Audience), more.pop(TopicState), more.pop(Member)) == (10, 10, 20)
    # A reader's thread keeps its last question until the next one comes: that is one of each, not one for each.
    assert {kind.__name__: times for kind, times in more.items() if times >= 10} == {"_Tip": 10}


def test_an_idle_connection_keeps_no_protocol_and_nothing_that_was_read_or_sent(works: Works) -> None:
    topic, members = works.group()
    for member in members[:8]:
        member.says(topic, b"x")
    works.rest()
    for member in members:
        link = member.link
        assert (link._protocol, link._partial, link._events, link._unread) == (None, None, [], b"")
        assert (link.outbox._frames, link.outbox.unsent) == ([], 0)


def test_no_part_of_a_connection_has_a_dict_of_its_own(works: Works) -> None:
    """Each would be 100 bytes and more, and some part has grown one whenever a class forgot its slots."""
    [(_, alice, _)] = works.chats(1)
    line = works.poller._lines[alice.link]
    parts = (line, alice.link, alice.link.outbox, line.transport, alice.session, alice.session.caller)
    assert [type(part).__name__ for part in parts if hasattr(part, "__dict__")] == []


def test_the_parts_of_an_idle_connection_are_less_than_a_kibibyte(works: Works) -> None:
    """Without its socket, the selector's key, and who is signed in on it: those are not ours to shrink."""
    [(_, alice, _)] = works.chats(1)
    link, session = alice.link, alice.session
    line = works.poller._lines[link]
    parts = [line, link, link.outbox, link.outbox._frames, link._events, line.transport, session, session.live]
    assert sum(sys.getsizeof(part) for part in parts) < KIB


def test_an_audience_of_two_is_two_references_and_no_dict() -> None:
    """A server has as many of those as people; one dict would be more than all the rest of it."""
    audience = Audience(_subscribers(2), topic="a topic")
    assert type(audience.subscribers) is tuple
    assert not hasattr(audience, "__dict__")
    assert [kept for kept in gc.get_referents(audience) if isinstance(kept, dict)] == []
    assert sys.getsizeof(audience) + sys.getsizeof(audience.subscribers) < 160


def test_what_few_audiences_need_is_shared_by_all_that_do_not() -> None:
    one, other = Audience(_subscribers(2)), Audience(_subscribers(FEW + 1))
    kept: list[object] = [one.late, one.tags, other.late, other.tags]
    assert len({id(each) for each in kept}) == 1


def test_an_audience_that_had_latecomers_once_keeps_nothing_of_them() -> None:
    one, other = _subscribers(2)
    audience = Audience([one, other])
    audience.note_late(one, Seq(5))
    audience.forget_late()
    audience.set_tag(other, "north")
    audience.remove(other)
    assert audience.late is Audience().late
    assert not audience.tags
