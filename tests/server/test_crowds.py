"""Many who come and go at once, and what stands in lists that many get."""

from typing import Any

import msgspec
import pytest

from protocol.entries import Kind, Role
from protocol.frames import GroupHandOver, GroupLeave, Resume, ShowTopic
from protocol.ids import TopicId
from protocol.public import GroupFind, GroupFoundPublic, GroupJoin, Publish
from protocol.publications import TEXT_CHARS, Content, Surface
from tests.support.inline import Caller, InlineServer
from tests.support.places import place

CROWD = 30
APART = frozenset({Surface.CARD, Surface.REPRINT})  # A card has a test of its own; a reprint is as long as its source.


def founded(server: InlineServer, **openness: bool) -> tuple[Caller, TopicId]:
    owner = server.register("owner")
    return owner, owner.do(GroupFoundPublic, **openness).topic


def all_at_once(server: InlineServer, crowd: list[Caller], shape: type, topic: TopicId) -> list[object]:
    """Have everybody ask before anything is committed; return their answers."""
    server.public_commits.gather()
    requests: list[Any] = [caller.request(shape, topic=topic) for caller in crowd]
    for caller, request in zip(crowd, requests, strict=True):
        caller.say(request)
    server.public_commits.commit()
    return [message for caller in crowd for message in caller.collect() if isinstance(message, dict)]


def test_a_crowd_comes_in_at_once_and_is_spoken_of_once(server: InlineServer) -> None:
    owner, lane = founded(server)
    crowd = server.people(*(f"guest{number}" for number in range(CROWD)))
    answers = all_at_once(server, crowd, GroupJoin, lane)
    assert all("error" not in answer for answer in answers if isinstance(answer, dict))
    for _ in range(6):
        server.every_second()
    assert owner.do(ShowTopic, topic=lane).summary.members == CROWD + 1
    assert [entry.count for entry in server.log(lane) if entry.kind is Kind.JOINED] == [CROWD]


def test_a_crowd_leaves_at_once(server: InlineServer) -> None:
    owner, lane = founded(server)
    crowd = server.people(*(f"guest{number}" for number in range(CROWD)))
    for guest in crowd:
        guest.do(GroupJoin, topic=lane)
    answers = all_at_once(server, crowd, GroupLeave, lane)
    assert all("error" not in answer for answer in answers if isinstance(answer, dict))
    assert owner.do(ShowTopic, topic=lane).summary.members == 1


def test_who_becomes_the_owner_while_leaving_stays(server: InlineServer) -> None:
    owner, lane = founded(server)
    heir = server.register("heir")
    heir.do(GroupJoin, topic=lane)
    server.public_commits.gather()
    owner.say(owner.request(GroupHandOver, topic=lane, person=heir.person))
    leaving = heir.request(GroupLeave, topic=lane)
    heir.say(leaving)
    server.public_commits.commit()
    assert [message["error"]["code"] for message in heir.collect() if isinstance(message, dict)] == ["not_allowed"]
    members = owner.do(ShowTopic, topic=lane).members
    assert {member.person: member.role for member in members}[heir.person] is Role.OWNER


@pytest.mark.parametrize("surface", [surface for surface in Surface if TEXT_CHARS[surface] and surface not in APART])
def test_a_text_is_as_long_as_its_surface_lets_it_be(server: InlineServer, surface: Surface) -> None:
    (owner,) = server.people("ann")
    fields = place(server, surface, owner).fields("x")
    content, most = fields.pop("content"), TEXT_CHARS[surface]
    if most < 8000:
        too_long = msgspec.structs.replace(content, text="x" * (most + 1))
        assert owner.refused(Publish, **fields, content=too_long) == "bad_request"
    content = msgspec.structs.replace(content, text="x" * most)
    assert owner.do(Publish, **fields, content=content).submission.state == "published"


@pytest.mark.parametrize("name", ["two\nlines", "tab\there", "turned \u202e round", "hidden\u200b", "line\u2028sep"])
@pytest.mark.parametrize("surface", [Surface.GROUP_NAME, Surface.GROUP_SCREEN_NAME])
def test_a_name_is_one_line_that_says_what_it_shows(server: InlineServer, surface: Surface, name: str) -> None:
    owner, lane = founded(server)
    assert owner.refused(Publish, topic=lane, surface=surface, content=Content(text=name)) == "bad_request"


@pytest.mark.parametrize("name", ["夜市", "Café ☕", "👩\u200d🍳 cooks", "می\u200cخواهم"])
def test_names_of_all_scripts_are_names(server: InlineServer, name: str) -> None:
    owner, lane = founded(server)
    assert owner.do(Publish, topic=lane, surface=Surface.GROUP_NAME, content=Content(text=name)).submission.seq == 2


@pytest.mark.parametrize("query", ["night", "NIGHT", "market", "夜市", "ß"])
def test_a_group_is_found_by_what_it_is_called_whatever_the_case(server: InlineServer, query: str) -> None:
    owner, lane = founded(server, listed=True)
    content = Content(text="Night Market 夜市 Straße")
    owner.do(Publish, topic=lane, surface=Surface.GROUP_NAME, content=content)
    assert [found.topic for found in owner.do(GroupFind, query=query).listings] == [lane]
    assert owner.do(GroupFind, query="labels").listings == ()


def test_public_places_are_not_taken_along_when_signing_in(server: InlineServer) -> None:
    owner, lane = founded(server)
    connection = server.connect()
    assert connection.refused(Resume, token=owner.token, heads={lane: 1}) == "wrong_side"
