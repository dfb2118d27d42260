"""I9: every text has exactly one row in the closed table of sides, and every way in for words is in it."""

from collections.abc import Iterator, Mapping
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from compliance.sides import (
    CARRIERS,
    NO_TEXT,
    SIDES,
    Apart,
    Follows,
    Private,
    Published,
    TextKind,
    UnknownFieldError,
    carried,
    side_of_text,
)
from protocol.accounts import Application
from protocol.entries import Side, TopicKind
from protocol.frames import REQUESTS
from protocol.ids import CID_BYTES, ID_CHARS, Cid, CommentId, DeviceId, MomentId, PersonId, SubmissionId, TopicId
from protocol.publications import Content, Surface

NAMES = (PersonId, TopicId, DeviceId, SubmissionId, MomentId, CommentId)
IDS = dict.fromkeys(NAMES, ID_CHARS) | {Cid: CID_BYTES}
PRIVATE = tuple(kind for kind, row in SIDES.items() if isinstance(row, Private))
FOLLOWING = tuple(kind for kind, row in SIDES.items() if isinstance(row, Follows))
FIXED = tuple(kind for kind in TextKind if kind not in FOLLOWING)
# Private, and the server has to read them: what it looks for, shows as they were given, or will publish when it is due.
SPOKEN_TO_THE_SERVER = {TextKind.SEARCH_QUERY, TextKind.DEVICE_NAME, TextKind.SCHEDULED_ITEM}
WHOLE = {Content, Application}  # One text each, whatever fields it has.


def fields(operations: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every field of every request that can hold words: an operation, and a path. Lists and maps do not show in it."""
    for operation, shape in operations.items():
        yield from ((operation, path) for path in _paths(shape, ""))


def _paths(hint: Any, path: str) -> Iterator[str]:
    meta: tuple[Any, ...] = ()
    if get_origin(hint) is Annotated:
        hint, *rest = get_args(hint)
        meta = tuple(rest)
    if hint in IDS and {(each.min_length, each.max_length) for each in meta} == {(IDS[hint], IDS[hint])}:
        return
    hint = getattr(hint, "__supertype__", hint)
    if hint in {str, bytes, Any, object, msgspec.Raw}:
        yield path
    elif get_origin(hint) in {tuple, list, set, frozenset, dict, Union, UnionType}:
        for inner in get_args(hint):
            yield from _paths(inner, path)
    elif isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        for name, inner in get_type_hints(hint, include_extras=True).items():
            yield from _paths(inner, f"{path}.{name}".lstrip("."))
    else:
        plain = {int, bool, float, type(None), Ellipsis}
        assert hint in plain or issubclass(hint, Enum), f"{path}: say what {hint} is"


def owner(operation: str, path: str) -> tuple[str, str] | None:
    """Which field of CARRIERS or NO_TEXT `path` belongs to; what is one text is one field."""
    whole = path.partition(".")[0]
    if (operation, whole) in CARRIERS and _shape(operation, whole) in WHOLE:
        return operation, whole
    return (operation, path) if (operation, path) in CARRIERS or (operation, path) in NO_TEXT else None


def _shape(operation: str, field: str) -> Any:
    return get_type_hints(REQUESTS[operation])[field]


def without_a_row(operations: Mapping[str, Any]) -> list[str]:
    """Name the fields that nobody has said anything about."""
    return [f"{operation}.{path}" for operation, path in fields(operations) if owner(operation, path) is None]


# The table is closed.


def test_every_kind_of_text_has_its_row_and_every_row_its_kind() -> None:
    assert list(SIDES) == list(TextKind)


@pytest.mark.parametrize("surface", Surface)
def test_every_surface_is_one_row(surface: Surface) -> None:
    rows = [kind for kind, row in SIDES.items() if isinstance(row, Published) and row.surface is surface]
    assert len(rows) == 1


@given(st.sampled_from(FIXED), st.none() | st.sampled_from(Side))
def test_a_kind_with_a_side_of_its_own_has_it_whatever_it_stands_beside(kind: TextKind, leader: Side | None) -> None:
    assert side_of_text(kind, leader=leader) is side_of_text(kind)
    assert side_of_text(kind) is (Side.PRIVATE if kind in PRIVATE else Side.PUBLIC)


@given(st.sampled_from(FOLLOWING), st.sampled_from(Side))
def test_a_kind_without_a_side_has_that_of_what_it_follows(kind: TextKind, leader: Side) -> None:
    assert side_of_text(kind, leader=leader) is leader


@pytest.mark.parametrize("kind", FOLLOWING)
def test_a_kind_without_a_side_has_none_by_itself(kind: TextKind) -> None:
    with pytest.raises(ValueError, match=r"has the side of its (target|place|entry); say which that is"):
        side_of_text(kind)


def test_only_a_handle_an_application_and_an_officers_reasons_are_public_without_the_gate() -> None:
    assert {kind for kind, row in SIDES.items() if isinstance(row, Apart)} == {
        TextKind.ACCOUNT_APPLICATION,
        TextKind.HANDLE,
        TextKind.OFFICER_FACTS,
    }


def test_every_row_says_why() -> None:
    assert [kind for kind, row in SIDES.items() if not row.why] == []


# Every way in for words is in it.


def test_every_field_of_every_request_that_can_hold_words_has_a_row_or_is_said_to_hold_none() -> None:
    assert without_a_row(REQUESTS) == []


def test_nothing_is_listed_that_no_request_has() -> None:
    there = {owner(operation, path) for operation, path in fields(REQUESTS)}
    assert CARRIERS.keys() | NO_TEXT.keys() == there


def test_no_field_both_carries_words_and_does_not() -> None:
    assert CARRIERS.keys() & NO_TEXT.keys() == set()


class Aside(msgspec.Struct, frozen=True):
    words: tuple[dict[str, int], ...]


class Shout(msgspec.Struct, frozen=True):
    topic: Annotated[TopicId, msgspec.Meta(min_length=ID_CHARS, max_length=ID_CHARS)]
    loudness: int
    side: Side
    body: bytes | None = None
    asides: tuple[Aside, ...] = ()
    loose: PersonId | None = None  # No bound: 80 bits, or a letter to somebody.


def test_a_new_request_with_words_is_noticed_until_it_has_a_row() -> None:
    assert without_a_row({"shout": Shout}) == ["shout.body", "shout.asides.words", "shout.loose"]


def test_a_new_field_of_a_known_request_is_noticed_too() -> None:
    longer = msgspec.defstruct("Longer", [("signature", msgspec.defstruct("S", [("digest", bytes), ("motto", str)]))])
    assert without_a_row({"agreement.sign": longer}) == ["agreement.sign.signature.motto"]


# And it is in it once.

PLACES = st.one_of(st.none(), st.sampled_from(Surface)), st.one_of(st.none(), st.sampled_from(TopicKind))


@given(st.sampled_from(sorted(CARRIERS)), *PLACES)
def test_whatever_comes_in_by_a_field_is_of_one_kind_or_of_none_that_is_known(
    field: tuple[str, str], surface: Surface | None, topic: TopicKind | None
) -> None:
    operation, name = field
    try:
        kind = carried(operation, name, surface=surface, topic=topic)
    except UnknownFieldError:
        assume(len(CARRIERS[field]) > 1)
        return
    assert kind in CARRIERS[field]
    assert SIDES[kind].here


@pytest.mark.parametrize("surface", Surface)
def test_what_is_published_is_of_the_kind_that_its_surface_says(surface: Surface) -> None:
    row = SIDES[carried("publish", "content", surface=surface)]
    assert isinstance(row, Published)
    assert row.surface is surface


@pytest.mark.parametrize("topic", [TopicKind.CHAT, TopicKind.DIALOGUE, TopicKind.GROUP])
def test_what_is_sent_is_of_the_kind_that_its_topic_says(topic: TopicKind) -> None:
    row = SIDES[carried("send", "body", topic=topic)]
    assert isinstance(row, Private)
    assert row.topic is topic


@pytest.mark.parametrize(
    ("operation", "field", "place"),
    [
        ("publish", "content", {}),
        ("publish", "body", {"surface": Surface.CARD}),
        ("send", "body", {}),
        ("send", "body", {"topic": TopicKind.CARD}),
        ("send", "body", {"topic": TopicKind.ACCOUNT}),
        ("send", "body", {"surface": Surface.GROUP_MESSAGE}),
        ("register", "password", {}),
    ],
)
def test_a_field_that_carries_no_known_text_is_an_error(operation: str, field: str, place: dict[str, Any]) -> None:
    with pytest.raises(UnknownFieldError, match=rf"{operation}\.{field} "):
        carried(operation, field, **place)


@pytest.mark.parametrize("field", CARRIERS, ids=".".join)
def test_a_publish_carries_public_text_and_nothing_else_does(field: tuple[str, str]) -> None:
    published = [kind for kind in CARRIERS[field] if isinstance(SIDES[kind], Published)]
    assert published == (list(CARRIERS[field]) if field == ("publish", "content") else [])


@pytest.mark.parametrize("field", CARRIERS, ids=".".join)
def test_private_text_for_other_people_is_bytes_to_the_server(field: tuple[str, str]) -> None:
    kinds = set(CARRIERS[field])
    to_people = kinds - SPOKEN_TO_THE_SERVER <= {*PRIVATE, TextKind.EDIT} and not kinds & SPOKEN_TO_THE_SERVER
    assert (_shape(*field) is bytes) is to_people


def test_every_published_kind_of_this_version_comes_in_by_publish() -> None:
    here = {kind for kind, row in SIDES.items() if isinstance(row, Published) and row.here}
    assert here == set(CARRIERS["publish", "content"])


def test_a_kind_of_a_later_version_comes_in_by_nothing() -> None:
    assert [kind for kinds in CARRIERS.values() for kind in kinds if not SIDES[kind].here] == []
