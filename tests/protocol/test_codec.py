"""Bytes to messages and back, and what is no message."""

from typing import Any

import msgpack
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import limits
from protocol.codec import (
    Refusal,
    decode_from_server,
    decode_reply,
    decode_request,
    encode_push,
    encode_refusal,
    encode_reply,
    encode_request,
    read_map,
)
from protocol.entries import Admission, Entry, Kind, Role, Side
from protocol.errors import CodecError, ErrorCode, ProtocolError, ShapeError, UnknownOperationError
from protocol.following import SearchKind
from protocol.frames import PUSHES, REPLIES, REQUESTS, Devices, DevicesReply, EntryPush, MomentsDays, Send
from protocol.ids import PersonId, Seq, TopicId, new_cid
from protocol.moments import Choice
from protocol.publications import Surface
from protocol.staff import OfficerAct, ReviewAct

_BOUNDED = st.integers(0, limits.SEQ_MAX)
_POSITION = st.integers(1, limits.SEQ_MAX)
_ID = st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=16, max_size=16)


_WORDS = st.text(min_size=1, max_size=20)
_PART = st.fixed_dictionaries({"text": _WORDS}, optional={"heading": _WORDS, "link": _WORDS})
_PAPER = st.fixed_dictionaries({"kind": _WORDS, "number": _WORDS}, optional={"issuer": _WORDS})
_CID = st.integers(0, 2**48 - 1).map(new_cid)
_bytes = st.binary(min_size=1, max_size=64)
_FIELD: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("topic", "person", "to", "device", "submission", "item", "dialogue"), _ID),
    **dict.fromkeys(("moment", "comment", "answers"), _ID),
    **dict.fromkeys(("body", "name", "notice", "greeting", "remark", "card"), _bytes),
    **dict.fromkeys(("target", "seq", "reply_to", "before", "after", "around", "until", "marks", "root"), _POSITION),
    **dict.fromkeys(("muted", "pinned", "receipts", "presence", "listed", "history_open", "findable"), st.booleans()),
    **dict.fromkeys(("broadcast", "reprintable", "mine", "theirs", "liked", "selected", "live"), st.booleans()),
    **dict.fromkeys(("code", "ground", "facts", "tag"), st.text(max_size=20)),
    **dict.fromkeys(("since", "base", "mark", "due", "at"), _BOUNDED),
    **dict.fromkeys(("password", "old", "new", "handle", "token", "link", "epoch", "client"), st.text(max_size=20)),
    **dict.fromkeys(("persons", "invite", "topics", "only", "without"), st.lists(_ID, max_size=3)),
    "handles": st.lists(st.text(max_size=20), max_size=3),
    "heads": st.dictionaries(_ID, _BOUNDED, max_size=3),
    "versions": st.lists(st.integers(0, 9), max_size=3),
    "limit": st.integers(1, limits.LISTINGS),
    "offset": st.integers(0, 1000),
    "days": st.integers(1, limits.FIGURE_DAYS),
    "moments_days": st.sampled_from([int(days) for days in MomentsDays]),
    "query": st.text(min_size=1, max_size=20),
    "kinds": st.lists(st.sampled_from([str(kind) for kind in SearchKind]), max_size=3),
    "role": st.sampled_from([str(role) for role in Role]),
    "side": st.sampled_from([str(side) for side in Side]),
    "admission": st.sampled_from([str(admission) for admission in Admission]),
    "surface": st.sampled_from([str(surface) for surface in Surface]),
    "choice": st.sampled_from([str(choice) for choice in Choice]),
    "act": st.sampled_from([str(act) for act in OfficerAct]),
    "content": st.fixed_dictionaries(
        {"text": _WORDS},
        optional={"title": _WORDS, "category": _WORDS, "lang": _WORDS, "parts": st.lists(_PART, min_size=1)},
    ),
    "application": st.fixed_dictionaries(
        dict.fromkeys(("body", "subject", "name", "category", "scope", "operator"), _WORDS),
        optional={"type": st.just("service"), "qualifications": st.lists(_PAPER, min_size=1, max_size=2)},
    ),
    "source": st.fixed_dictionaries({"account": _ID, "seq": _POSITION, "digest": st.binary(min_size=32, max_size=32)}),
    "signature": st.fixed_dictionaries(
        {"digest": st.binary(min_size=32, max_size=32), "lines": st.lists(st.text(max_size=8), max_size=3)}
    ),
    "where": st.lists(
        st.fixed_dictionaries({"path": st.text(max_size=8), "start": st.integers(0, 99), "end": st.integers(0, 99)}),
        max_size=2,
    ),
    **dict.fromkeys(("cid", "draft"), _CID),
}


def _said(op: str) -> st.SearchStrategy[dict[str, Any]]:
    fields = [field for field in msgspec.structs.fields(REQUESTS[op]) if field.name != "id"]
    chosen = {field.name: _OTHERWISE.get((op, field.name), _FIELD[field.name]) for field in fields}
    return st.fixed_dictionaries(
        {"op": st.just(op), "id": _BOUNDED} | {field.name: chosen[field.name] for field in fields if field.required},
        optional={field.name: chosen[field.name] for field in fields if not field.required},
    )


# The same word for something else.
_OTHERWISE: dict[tuple[str, str], st.SearchStrategy[Any]] = {
    ("register", "device"): st.text(max_size=20),
    ("login", "device"): st.text(max_size=20),
    ("register", "answers"): st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=2),
    **{(op, "before"): st.text(max_size=20) for op in ("moments", "timeline", "thread", "notices")},
    ("submissions", "before"): _ID,
    ("drafts", "before"): _CID,
    ("scheduled", "after"): _CID,
    ("unschedule", "item"): _CID,
    ("officer.review", "act"): st.sampled_from([str(act) for act in ReviewAct]),
}
_requests = st.sampled_from(sorted(REQUESTS)).flatmap(_said)


@given(_requests)
def test_a_request_comes_back_as_it_was_encoded(fields: dict[str, Any]) -> None:
    request = decode_request(msgpack.packb(fields))
    assert decode_request(encode_request(request)) == request
    assert type(request) is REQUESTS[fields["op"]]
    for name in fields.keys() - {"op"}:
        assert _plain(getattr(request, name)) == fields[name]


def _plain(value: Any) -> Any:
    """Return `value` as it is on the wire: maps for structs, arrays for tuples."""
    return msgpack.unpackb(msgpack.packb(msgspec.to_builtins(value, builtin_types=(bytes,))))


@given(_requests, st.dictionaries(st.text(min_size=1, max_size=5), st.integers(0, 9)))
def test_keys_we_do_not_know_change_nothing(fields: dict[str, Any], more: dict[str, int]) -> None:
    names = {name for shape in REQUESTS.values() for name in shape.__struct_fields__}
    unknown = {key: value for key, value in more.items() if key not in names | {"op"}}
    assert decode_request(msgpack.packb(fields | unknown)) == decode_request(msgpack.packb(fields))


def test_default_values_are_not_sent() -> None:
    request = Send(id=1, cid=new_cid(0), body=b"x", topic=TopicId("a" * 16))
    assert set(msgpack.unpackb(encode_request(request))) == {"op", "id", "cid", "body", "topic"}
    push = EntryPush(entry=Entry(topic=TopicId("a" * 16), seq=Seq(3), elided=True))
    assert msgpack.unpackb(encode_push(push)) == {
        "ev": "entry", "entry": {"topic": "a" * 16, "seq": 3, "elided": True},
    }  # fmt: skip


def test_a_body_is_bytes_on_the_wire_and_text_is_text() -> None:
    entry = Entry(
        topic=TopicId("a" * 16), seq=Seq(1), kind=Kind.MESSAGE, sender=PersonId("b" * 16), cid=new_cid(0), body=b"\xff"
    )
    message = encode_push(EntryPush(entry=entry))
    assert b"\xc4\x01\xff" in message
    assert decode_from_server(message) == EntryPush(entry=entry)


@given(st.integers(0, limits.SEQ_MAX), st.sampled_from(sorted(ErrorCode)), st.text(), st.none() | st.integers(0))
def test_a_refusal_comes_back_as_it_was_encoded(request_id: int, code: str, message: str, wait: int | None) -> None:
    if wait is not None:
        wait %= 2**53
    fields = decode_from_server(encode_refusal(request_id, ErrorCode(code), message, retry_after_ms=wait, field="x"))
    assert isinstance(fields, dict)
    assert fields["re"] == request_id
    refusal = decode_reply(fields, Devices(id=request_id))
    assert refusal == Refusal(code=code, message=message, retry_after_ms=wait, field="x")


def test_a_reply_comes_back_as_it_was_encoded() -> None:
    fields = decode_from_server(encode_reply(7, DevicesReply(devices=())))
    assert isinstance(fields, dict)
    assert decode_reply(fields, Devices(id=7)) == DevicesReply(devices=())


def test_a_reply_of_another_shape_is_refused() -> None:
    with pytest.raises(ShapeError):
        decode_reply({"re": 7, "devices": 5}, Devices(id=7))
    with pytest.raises(ShapeError):
        decode_reply({"re": 7, "error": "no"}, Devices(id=7))


# Asked for, and told.
_ONE_THING = {"topic", "read", "typing", "account", "follow", "unfollow", "inbox", "moment", "thread"}


def test_every_request_has_a_reply_and_every_name_is_one_of_a_kind() -> None:
    assert set(REPLIES) == set(REQUESTS.values())
    assert not set(REQUESTS) & set(PUSHES) - _ONE_THING


@given(st.binary(max_size=200))
def test_random_bytes_are_decoded_or_refused(message: bytes) -> None:
    for decode in (decode_request, decode_from_server):
        try:
            decode(message)
        except ProtocolError:
            continue


_numbers = st.integers(-(2**63), 2**64 - 1) | st.floats()
_junk = st.recursive(
    st.none() | st.booleans() | _numbers | st.text(max_size=8) | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=15,
)


@given(st.dictionaries(st.sampled_from(["op", "ev", "re", "id", "entry", "topic", "error", "cid"]) | st.text(), _junk))
def test_random_maps_are_decoded_or_refused(fields: dict[str, Any]) -> None:
    for decode in (decode_request, decode_from_server):
        try:
            decode(msgpack.packb(fields))
        except ProtocolError:
            continue


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\xc1",
        b"\x81\xa1a",
        b"\x81\xa1\xff\x01",
        b"\x81\x01\x01",
        b"\x80\x80",
        msgpack.packb([]),
        msgpack.packb("x"),
        msgpack.packb(None),
        msgpack.packb({"x": msgpack.ExtType(1, b"12345678")}),
        msgpack.packb({"x": msgpack.ExtType(1, b"")}),
        msgpack.packb({"x": msgpack.Timestamp(1)}),
        msgpack.packb({"x": [0] * (limits.COLLECTION_ITEMS + 1)}),
        msgpack.packb(dict.fromkeys(map(str, range(limits.COLLECTION_ITEMS + 1)))),
        b"\x81\xa1x" + b"\x91" * 1100 + b"\xc0",
        b"\x81\xa1x\xdd\xff\xff\xff\xff",
        b"\x81\xa1x\xc6\xff\xff\xff\xff",
        msgpack.packb({"x": "y" * limits.MESSAGE_BYTES}),
    ],
)
def test_what_is_no_bounded_map_is_refused(message: bytes) -> None:
    with pytest.raises(CodecError):
        read_map(message)


def test_a_map_at_the_bounds_is_read() -> None:
    assert len(read_map(msgpack.packb({"x": [0] * limits.COLLECTION_ITEMS}))["x"]) == limits.COLLECTION_ITEMS
    deep = b"\x81\xa1x" + b"\x91" * (limits.NESTING_DEPTH - 1) + b"\xc0"
    assert list(read_map(deep)) == ["x"]
    room = limits.MESSAGE_BYTES - len(msgpack.packb({"x": b""})) - 2
    message = msgpack.packb({"x": b"y" * room})
    assert len(message) <= limits.MESSAGE_BYTES
    read_map(message)


@pytest.mark.parametrize("request_id", [None, -1, 2**53, 1.0, "1", True, [], b"1"])
def test_without_a_usable_id_there_is_nobody_to_answer(request_id: Any) -> None:
    with pytest.raises(ShapeError) as caught:
        decode_request(msgpack.packb({"op": "devices", "id": request_id}))
    assert caught.value.request_id is None


@pytest.mark.parametrize("op", ["", "nothing", 5, None, [], {}, b"devices"])
def test_an_unknown_operation_is_told_apart(op: Any) -> None:
    with pytest.raises(UnknownOperationError) as caught:
        decode_request(msgpack.packb({"op": op, "id": 3}))
    assert (caught.value.request_id, caught.value.code) == (3, ErrorCode.UNKNOWN_OP)


@pytest.mark.parametrize("ev", ["nothing", 5, None, [], {}, b"entry"])
def test_an_unknown_push_is_told_apart(ev: Any) -> None:
    with pytest.raises(UnknownOperationError):
        decode_from_server(msgpack.packb({"ev": ev}))


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"topic": 5}, "topic"),
        ({"topic": "short"}, "topic"),
        ({"topic": "a" * 16, "limit": 0}, "limit"),
        ({"topic": "a" * 16, "limit": limits.HISTORY_ENTRIES + 1}, "limit"),
        ({}, "topic"),
    ],
)
def test_the_field_at_fault_is_named(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(ShapeError) as caught:
        decode_request(msgpack.packb({"op": "history", "id": 3} | fields))
    assert (caught.value.field, caught.value.request_id, caught.value.code) == (field, 3, ErrorCode.BAD_REQUEST)


@pytest.mark.parametrize("heads", [{"short": 1}, {"a" * 16: -1}, {"a" * 16: "x"}])
def test_a_map_at_fault_is_named(heads: dict[str, Any]) -> None:
    with pytest.raises(ShapeError) as caught:
        decode_request(msgpack.packb({"op": "sync", "id": 3, "heads": heads}))
    assert (caught.value.field or "").startswith("heads")


def test_a_kind_of_a_later_version_is_an_entry_all_the_same() -> None:
    message = msgpack.packb({"ev": "entry", "entry": {"topic": "t" * 16, "seq": 3, "kind": "poll", "nth": 2}})
    push = decode_from_server(message)
    assert isinstance(push, EntryPush)
    assert (push.entry.seq, push.entry.kind) == (3, Kind.UNKNOWN)
