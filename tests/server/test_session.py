"""One connection's conversation: what is malformed, what is too much, and what a failure leaves behind."""

from contextlib import closing
from typing import Any

import msgpack
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from protocol.codec import encode_request
from protocol.frames import (
    REQUESTS,
    Devices,
    GroupName,
    Hello,
    History,
    Login,
    Register,
    Request,
    Send,
    ShowTopic,
    Sync,
    Typing,
)
from protocol.ids import new_cid, new_id
from server import session
from server.config import RateSettings
from server.outcomes import Answer
from server.settings import Rate
from server.store.base import StoreFullError
from tests.support.inline import OFF, PASSWORD, Caller, InlineServer, configured


def answer(caller: Caller, message: bytes) -> Any:
    """Return what is said to `message`, None when nothing is."""
    caller.collect()
    caller.say(message)
    replies = [reply for reply in caller.collect() if isinstance(reply, dict)]
    return replies[0] if replies else None


def rated(**rates: str) -> InlineServer:
    """Return a server with these rates and no others."""
    limited = {name: Rate.parse(text) for name, text in rates.items()}
    return InlineServer(configured(rates=dict.fromkeys(RateSettings.__struct_fields__, OFF) | limited))


# Hello.


@pytest.mark.parametrize("op", [op for op in REQUESTS if op != "hello"])
def test_before_hello_nothing_is_answered(server: InlineServer, op: str) -> None:
    caller = Caller(server)
    reply = answer(caller, msgpack.packb(VALID[op] | {"op": op, "id": 5}))
    assert reply == {"re": 5, "error": {"code": "hello_first", "message": "say hello first"}}
    assert caller.peer.closed is None


def test_the_deadline_for_signing_in_ends_with_signing_in(server: InlineServer) -> None:
    caller = server.connect()
    assert not caller.session.signed_in
    caller.do(Register, handle="alice", password=PASSWORD)
    assert caller.session.signed_in


# Malformed.

ID, CID = "a" * 16, new_cid(0)
VALID: dict[str, dict[str, Any]] = {
    "hello": {"versions": [1]},
    "register": {"handle": "alice", "password": "x" * 8},
    "login": {"handle": "alice", "password": "x"},
    "resume": {"token": "x"},
    "change_password": {"old": "x", "new": "x" * 8},
    "revoke_device": {"device": ID},
    "block": {"person": ID},
    "unblock": {"person": ID},
    "watch": {"persons": []},
    "sync": {"heads": {}},
    "send": {"body": b"x", "topic": ID},
    "edit": {"target": 1, "body": b"x"},
    "recall": {"target": 1},
    "react": {"target": 1, "body": b"x"},
    "clear": {"seq": 1},
    "read": {"seq": 1},
    "receipts": {"seq": 1},
    "group.ask": {"link": "x"},
    "group.invite": {"person": ID},
    "group.approve": {"person": ID},
    "group.refuse": {"person": ID},
    "group.remove": {"person": ID},
    "group.role": {"person": ID, "role": "admin"},
    "group.hand_over": {"person": ID},
    "group.mute": {"until": 0},
    "group.name": {"name": b"x"},
    "group.notice": {"notice": b"x"},
    "publish": {"surface": "group_message", "content": {"text": "x"}},
    "take_back": {"submission": ID},
    "receipt": {"submission": ID},
    "cards": {"persons": []},
    "agreement.sign": {"signature": {"digest": b"x" * 32, "lines": []}},
    "draft.save": {"draft": CID, "body": b"x"},
    "draft.drop": {"draft": CID},
    "schedule": {"due": 1, "content": {"text": "x"}},
    "unschedule": {"item": CID},
    "staff.login": {"code": "x", "token": "x"},
    "officer.decide": {"item": ID, "act": "release"},
    "account.apply": {
        "application": {
            "body": "person",
            "subject": "x",
            "name": "x",
            "category": "society",
            "scope": "x",
            "operator": "x",
        }
    },
    "account.operator": {"person": ID},
    "account": {"topics": [ID]},
    "article": {"seq": 1},
    "search": {"query": "x"},
    "inbox.show": {"dialogue": ID},
    "inbox.answer": {"dialogue": ID, "body": b"x"},
    "officer.review": {"act": "approve"},
    **{f"contact.{act}": {"person": ID} for act in ("ask", "withdraw", "accept", "refuse", "remove", "hide")},
    "contact.remark": {"person": ID, "remark": b"x"},
    "private_card": {"card": b"x"},
    "private_cards": {"persons": []},
    "moment.post": {"body": b"x"},
    "moment.narrow": {"moment": ID},
    "moment.delete": {"moment": ID},
    "moments": {"person": ID},
    "comment": {"moment": ID, "body": b"x"},
    "comment.delete": {"comment": ID},
    "comment.select": {"comment": ID},
    "thread.choose": {"seq": 1, "choice": "off"},
    "notices.read": {"at": 1},
}
for _op, _shape in REQUESTS.items():
    _names = _shape.__struct_fields__
    VALID[_op] = (
        VALID.get(_op, {})
        | ({"cid": CID} if "cid" in _names else {})
        | ({"topic": ID} if "topic" in _names and _op != "send" else {})
    )
WRONG: list[Any] = [None, True, -1, 2**53, 2**64 - 1, 1.5, "", "\u0000", "x" * 5000]
WRONG += [b"", b"x" * 40_000, [], [[]], {}, {"a": []}]
FIELDS = [(op, name) for op, shape in REQUESTS.items() for name in shape.__struct_fields__ if name != "id"]


def test_what_is_called_valid_here_is() -> None:
    for op, fields in VALID.items():
        msgspec.convert(fields | {"op": op, "id": 1}, REQUESTS[op], builtin_types=(bytes,))


def wrong_for(op: str, name: str) -> list[Any]:
    """Return values that the shape of `op` does not take for `name`."""
    wrong = []
    for value in WRONG:
        try:
            msgspec.convert(VALID[op] | {"op": op, "id": 1, name: value}, REQUESTS[op], builtin_types=(bytes,))
        except msgspec.ValidationError:
            wrong.append(value)
    return wrong


@pytest.mark.parametrize(("op", "name"), FIELDS)
def test_a_field_of_the_wrong_type_is_named_and_stores_nothing(op: str, name: str) -> None:
    values = wrong_for(op, name)
    assert len(values) >= 6
    with closing(InlineServer()) as server:
        (caller,) = server.people("alice")
        before = server.dump()
        for value in values:
            error = answer(caller, msgpack.packb(VALID[op] | {"op": op, "id": 9, name: value}))["error"]
            assert error["code"] == "bad_request"
            assert error["field"].startswith(name)
        assert server.dump() == before
        assert caller.peer.closed is None


@pytest.mark.parametrize("op", REQUESTS)
def test_a_field_that_is_missing_is_named(server: InlineServer, op: str) -> None:
    (caller,) = server.people("alice")
    needed = [field.encode_name for field in msgspec.structs.fields(REQUESTS[op]) if field.required]
    for name in set(needed) - {"id"}:
        fields = {key: value for key, value in VALID[op].items() if key != name}
        error = answer(caller, msgpack.packb(fields | {"op": op, "id": 9}))["error"]
        assert (error["code"], error["field"]) == ("bad_request", name)


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\xc1",
        b"\x81",
        b"\xa1\xff",
        msgpack.packb([1]),
        msgpack.packb(7),
        msgpack.packb({"op": "devices", "id": 1}) + b"\x00",
        msgpack.packb({"op": "devices"}),
        msgpack.packb({"op": "devices", "id": -1}),
        msgpack.packb({"op": "devices", "id": True}),
        msgpack.packb({"op": "devices", "id": 2**53}),
        msgpack.packb({"op": "devices", "id": 2**64 - 1}),
        msgpack.packb({"op": "devices", "id": "1"}),
        msgpack.packb({"op": "devices", "id": 1, "x": msgpack.ExtType(5, b"x")}),
        msgpack.packb({"op": "devices", "id": 1, "x": [0] * 5000}),
        msgpack.packb({"op": "devices", "id": 1} | {f"k{n}": n for n in range(5000)}),
        msgpack.packb({"op": "devices", "id": 1, "x": "y" * 70_000}),
        b"\x83\xa2op\xa7devices\xa2id\x01\xa1x" + b"\x91" * 1500 + b"\xc0",
        b"\x83\xa2op\xa7devices\xa2id\x01\xa1x\xa2\xff\xfe",
    ],
)
def test_what_is_no_message_closes_for_good_and_the_neighbours_live_on(server: InlineServer, message: bytes) -> None:
    alice, bob = server.people("alice", "bob")
    before = server.dump()
    assert answer(alice, message) is None
    assert alice.peer.closed is not None
    assert alice.peer.closed[0] == 4500
    assert server.dump() == before
    bob.do(Devices)


@pytest.mark.parametrize("op", ["", "nothing", "group.", "HELLO", 7, None, ["hello"], {"op": "hello"}, b"hello"])
def test_an_unknown_operation_is_refused_and_the_connection_goes_on(server: InlineServer, op: Any) -> None:
    (alice,) = server.people("alice")
    reply = answer(alice, msgpack.packb({"op": op, "id": 3}))
    assert (reply["re"], reply["error"]["code"]) == (3, "unknown_op")
    alice.do(Devices)


@pytest.mark.parametrize("cid", [bytes(16), b"\xff" * 16])
def test_a_cid_is_a_uuid_of_version_7(server: InlineServer, cid: bytes) -> None:
    alice, bob = server.people("alice", "bob")
    refusal = alice.refusal(Send, to=bob.person, cid=cid, body=b"x")
    assert (refusal.code, refusal.field) == ("bad_request", "cid")


def test_unknown_keys_are_ignored(server: InlineServer) -> None:
    (alice,) = server.people("alice")
    assert "error" not in answer(alice, msgpack.packb({"op": "devices", "id": 3, "later": [1, {"x": None}]}))


_numbers = st.integers(-(2**63), 2**64 - 1) | st.floats()
_texts = st.text(max_size=20) | st.binary(max_size=20) | st.sampled_from([ID, CID])
_leaves: st.SearchStrategy[Any] = st.none() | st.booleans() | _numbers | _texts
_keys = st.text(max_size=8) | st.binary(max_size=4)
_values = st.recursive(
    _leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_keys, inner, max_size=4),
    max_leaves=12,
)
_fields = st.sampled_from(sorted({name for shape in REQUESTS.values() for name in shape.__struct_fields__}))
_maps = st.fixed_dictionaries(
    {"op": st.sampled_from(sorted(REQUESTS)) | _values, "id": st.integers(0, 99) | _values},
).flatmap(lambda base: st.dictionaries(_fields, _values, max_size=5).map(lambda more: more | base))


@given(messages=st.lists(st.binary(max_size=80) | _values.map(msgpack.packb) | _maps.map(msgpack.packb), max_size=12))
def test_whatever_is_said_is_answered_or_closed_and_never_fails(messages: list[bytes]) -> None:
    with closing(InlineServer()) as server, capture_logs() as logs:
        for caller in (Caller(server), server.connect(), server.register("alice")):
            for message in messages:
                caller.say(message)
            server.settle()
        assert logs == []
        assert server.engine.under_way == 0


@given(fields=st.dictionaries(_fields, _values, max_size=4), op=st.sampled_from(sorted(REQUESTS)))
def test_a_refused_request_stores_nothing(fields: dict[str, Any], op: str) -> None:
    with closing(InlineServer()) as server:
        (alice,) = server.people("alice")
        before = server.dump()
        reply = answer(alice, msgpack.packb(VALID[op] | fields | {"op": op, "id": 9}))
        assert reply is not None
        if "error" in reply:
            assert server.dump() == before


def test_a_peer_that_does_not_listen_is_told_to_stay_away(
    server: InlineServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "OFFENCES", 3)
    (alice,) = server.people("alice")
    nonsense = msgpack.packb({"op": "nonsense", "id": 1})
    for _ in range(2):
        alice.say(nonsense)
    alice.do(Devices)
    for _ in range(2):
        alice.say(nonsense)
    assert not alice.peer.closed
    alice.say(nonsense)
    assert alice.peer.closed == (4503, "too many requests that cannot be served")


# Too much.


def test_at_so_many_requests_in_flight_the_connection_is_not_read() -> None:
    with closing(InlineServer(configured(limits={"requests_in_flight": 3}))) as server:
        alice, bob = server.people("alice", "bob")
        topic = server.chat(alice, bob)
        server.commits.gather()
        for number in range(5):
            alice.say(alice.request(Send, topic=topic, body=bytes([number])))
        assert (alice.peer.held, len(alice.peer.coming)) == (True, 2)
        server.commits.commit()
        assert not alice.peer.held
        assert [entry.body for entry in bob.entries()] == [bytes([number]) for number in range(5)]


def test_while_something_is_read_for_a_connection_it_is_not_read_and_its_neighbour_is(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    server.reads.delay()
    alice.say(alice.request(History, topic=topic))
    alice.say(alice.request(Send, topic=topic, body=b"after the page"))
    assert (alice.peer.held, len(alice.peer.coming)) == (True, 1)
    bob.say(bob.request(Send, topic=topic, body=b"not held up"))
    server.reads.catch_up()
    page, sent = [message for message in alice.collect() if isinstance(message, dict)]
    assert [entry["seq"] for entry in page["entries"]][:2] == [1, 2]
    assert sent["seq"] == 4


def test_nothing_is_taken_from_a_connection_that_is_gone(server: InlineServer) -> None:
    (alice,) = server.people("alice")
    alice.session.disconnected()
    alice.session.receive(encode_request(alice.request(Devices)))
    assert alice.collect() == []


def test_what_was_asked_by_a_connection_that_is_gone_is_done_all_the_same(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    server.commits.gather()
    alice.say(alice.request(Send, topic=topic, body=b"last words"))
    alice.hang_up()
    server.commits.commit()
    assert [entry.body for entry in bob.entries()] == [b"last words"]
    assert server.engine.under_way == 0


@pytest.mark.parametrize("by", ["per_connection", "per_person", "fetch"])
def test_too_many_requests_are_refused_until_it_is_time_again(by: str) -> None:
    with closing(rated(**{by: "4/1s"})) as server:
        caller = server.connect()
        caller.do(Register, handle="alice", password=PASSWORD)
        server.clock.pass_time(10)
        for _ in range(4):
            caller.do(Devices)
        refusal = caller.refusal(Devices)
        assert refusal.code == "rate_limited"
        assert refusal.retry_after_ms is not None
        server.clock.pass_time(refusal.retry_after_ms / 1000)
        caller.do(Devices)


def test_guesses_at_one_password_are_counted_together_however_the_handle_is_written() -> None:
    with closing(rated(login="2/1h")) as server:
        server.connect().do(Register, handle="alice", password=PASSWORD)
        outcomes = []
        for number, handle in enumerate(("alice", "ALICE", "Alice", "not a handle")):
            caller = server.connect()
            caller.peer.address = f"192.0.2.{number}"
            outcomes.append(caller.refused(Login, handle=handle, password="x" * 8))
        assert outcomes == ["bad_credentials", "bad_credentials", "rate_limited", "bad_credentials"]


def test_who_goes_on_though_refused_by_rates_is_told_to_stay_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "OFFENCES", 3)
    with closing(rated(per_connection="1/1h")) as server:
        caller = Caller(server)
        for _ in range(4):
            caller.say(caller.request(Hello, versions=(1,)))
        assert caller.peer.closed is not None
        assert caller.peer.closed[0] == 4503


# Failures.


def test_a_handler_that_fails_is_answered_logged_without_its_words_and_closed(
    server: InlineServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = server.people("alice", "bob")

    def fail(*_: Any) -> None:
        raise ValueError("canary in the message")

    monkeypatch.setattr(server.engine._dispatch, "decide", fail)
    with capture_logs() as logs:
        refusal = alice.refusal(GroupName, topic=new_id(), name=b"canary in the name")
    assert (refusal.code, refusal.retry_after_ms) == ("internal", None)
    assert alice.peer.closed is not None
    assert alice.peer.closed[0] == 1011
    (line,) = logs
    assert (line["event"], line["op"], line["error"]) == ("request.failed", "GroupName", "ValueError")
    assert "canary" not in repr(logs)
    assert "canary" not in refusal.message
    monkeypatch.undo()
    bob.do(Devices)
    assert server.engine.under_way == 0


@pytest.mark.parametrize(("shape", "fields"), [(History, {}), (Typing, {}), (Sync, {"heads": {}}), (ShowTopic, {})])
def test_a_read_that_fails_is_answered_and_closed_and_leaves_nothing_behind(
    server: InlineServer, monkeypatch: pytest.MonkeyPatch, shape: type[Request[Any]], fields: dict[str, Any]
) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    server.rooms._states.clear()

    class Broken:
        def __getattr__(self, name: str) -> Any:
            raise OSError("canary")

    good = server.reads.reader
    monkeypatch.setattr(server.reads, "reader", Broken())
    if shape is not Sync:
        fields = {"topic": topic}
    with capture_logs() as logs:
        assert alice.refused(shape, **fields) == "internal"
    assert alice.peer.closed is not None
    assert "canary" not in repr(logs)
    monkeypatch.setattr(server.reads, "reader", good)
    bob.send(b"x", topic=topic)
    bob.sync({topic: 3})
    assert (server.engine.under_way, server.hub._journal.begun, server.rooms._loading, server.rooms._pinned) == (
        0,
        {},
        {},
        {},
    )


def test_a_write_that_fails_fails_alone(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    connection = server.store._writer._connection
    connection.execute(
        "CREATE TRIGGER planted BEFORE INSERT ON entries WHEN NEW.body = x'bad0' BEGIN SELECT raise(ABORT, 'no'); END"
    )
    server.commits.gather()
    requests = [alice.request(Send, topic=topic, body=body) for body in (b"one", b"\xba\xd0", b"two")]
    for request in requests:
        alice.say(request)
    with capture_logs() as logs:
        server.commits.commit()
    replies = {message["re"]: message for message in alice.collect() if isinstance(message, dict)}
    assert [replies[request.id].get("seq") for request in requests] == [3, None, 4]
    assert replies[requests[1].id]["error"]["code"] == "internal"
    assert [entry.body for entry in bob.entries()] == [b"one", b"two"]
    assert [line["event"] for line in logs] == ["write.failed"]
    assert alice.peer.closed is None


def test_when_the_store_is_full_nothing_is_stored_and_later_it_is(
    server: InlineServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)

    class Full:
        def commit(self, writes: Any) -> Any:
            raise StoreFullError

        def close(self) -> None:
            pass

    before = server.dump()
    cid = alice.cid()
    with monkeypatch.context() as patch:
        patch.setattr(server.commits, "writer", Full())
        patch.setattr(server.public_commits, "writer", Full())
        refusal = alice.refusal(Send, topic=topic, cid=cid, body=b"x")
        assert refusal.code == "unavailable"
        assert refusal.retry_after_ms
        assert server.connect().refused(Register, handle="carol", password=PASSWORD) == "unavailable"
        alice.resume({topic: 2})
    assert server.dump() == before
    assert alice.do(Send, topic=topic, cid=cid, body=b"x").seq == 3
    assert len(bob.entries()) == 1


def test_a_disk_without_room_is_unavailable(server: InlineServer) -> None:
    alice, bob = server.people("alice", "bob")
    topic = server.chat(alice, bob)
    connection = server.store._writer._connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    refused = None
    for _ in range(20):
        reply = alice.try_(alice.request(Send, topic=topic, body=b"x" * 30_000))
        refused = getattr(reply, "code", None)
        if refused:
            break
    assert refused == "unavailable"
    stored = len(server.log(topic))
    connection.execute("PRAGMA max_page_count = 1000000")
    assert alice.send(b"now", topic=topic).seq == stored + 1


def test_an_answer_that_cannot_be_sent_is_a_failure_of_its_request_alone(
    server: InlineServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = server.people("alice", "bob")

    def unsendable(*_: Any) -> Answer:
        return Answer(object())  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(server.engine._dispatch, "decide", unsendable)
        with capture_logs():
            assert alice.refused(Devices) == "internal"
    assert server.engine.under_way == 0
    bob.do(Devices)


def test_requests_before_hello_count_like_any_other() -> None:
    caller = Caller(rated(per_connection="3/1h"))
    codes = [answer(caller, encode_request(Devices(id=number)))["error"]["code"] for number in range(5)]
    assert codes == ["hello_first"] * 3 + ["rate_limited"] * 2
