"""A client written from docs/PROTOCOL.md alone: nothing of hutong's own code is used here.

    python -m tests.conformance.client ws://127.0.0.1:8440

One line a check; exit code 0 when all hold. The server needs no configuration, and keeps what is done here.
"""

import secrets
import sys
import traceback
from collections.abc import Callable
from typing import Any

import msgpack

from tests.conformance.device import PASSWORD, Device, Map, RefusedError, new_cid, text
from tests.conformance.rfc6455 import PING, PONG, TEXT, ClosedError, WebSocket, frame


class Stage:
    """Where a check plays: two new people, and what they need."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.names = [f"p{secrets.token_hex(6)}".translate({48: "a", 49: "b"}) for _ in range(2)]
        self.ann, self.bo = (Device(url).sign_in("register", name) for name in self.names)

    def chat(self) -> str:
        """Begin a chat in which both have spoken, and return its topic."""
        topic: str = self.ann.write("send", to=self.bo.person, body=text("你好"))["topic"]
        self.bo.wait_for("topic")
        self.bo.write("send", topic=topic, body=text("早"))
        for device in (self.ann, self.bo):
            device.wait_for_entry(topic, 2)
        return topic

    def group(self) -> str:
        """Return a group of the two, of which the first is the owner."""
        topic: str = self.ann.write("group.found", name=text("lane"), invite=[self.bo.person])["topic"]
        self.bo.wait_for("topic")
        self.bo.write("group.accept", topic=topic)
        self.ann.wait_for_entry(topic, 2)
        return topic


def refused(code: str, device: Device, op: str, **fields: Any) -> Map:
    """Ask for what must be refused with `code`, and return the error."""
    return refusal_of(code, lambda: device.ask(op, **fields))


def refusal_of(code: str, call: Callable[[], object]) -> Map:
    """Return the error with which `call` must be refused."""
    try:
        call()
    except RefusedError as refusal:
        error = refusal.error
    else:
        raise AssertionError(f"done instead of {code}")
    assert error["code"] == code, f"{error} instead of {code}"
    return error


def closed(code: int, line: WebSocket, *sent: bytes) -> None:
    """Send bytes after which the server must close with `code`."""
    line.socket.sendall(b"".join(sent))
    got = 0
    while not got:
        try:
            line.receive()
        except ClosedError as end:
            got = end.code
    assert got == code, f"closed with {got} instead of {code}"


def opening_handshake(stage: Stage) -> None:
    line = WebSocket(stage.url)
    assert line.accepted
    assert line.headers["sec-websocket-protocol"] == "hutong.v1"
    line.send(b"?", PING)
    assert line.receive(PONG) == b"?"
    for path, headers, status in (("/", "", "400"), ("/x", "Sec-WebSocket-Protocol: hutong.v1\r\n", "404")):
        assert WebSocket(stage.url, path=path, headers=headers).status.split()[1] == status


def signing_in(stage: Stage) -> None:
    device = Device(stage.url)
    device.line = WebSocket(stage.url)
    refused("hello_first", device, "devices")
    device.ask("hello", versions=[1])
    refused("not_signed_in", device, "devices")
    for handle, code in ((stage.names[0].upper(), "handle_taken"), ("9x", "bad_handle"), ("admin", "bad_handle")):
        refused(code, device, "register", handle=handle, password=PASSWORD)
    refused("bad_password", device, "register", handle="someone-else", password="short")
    refused("bad_credentials", device, "login", handle=stage.names[0], password="not the password")
    refused("bad_credentials", device, "resume", token="x" * 43)
    refused("already_signed_in", stage.ann, "login", handle=stage.names[0], password=PASSWORD)
    device.ask("login", handle=stage.names[0], password=PASSWORD)
    token = stage.ann.ask("change_password", old=PASSWORD, new=PASSWORD * 2)["token"]
    closed(4501, device.line)
    again = Device(stage.url)
    again.connect()
    again.ask("resume", token=token)
    assert [each["current"] for each in again.ask("devices")["devices"]] == [True]
    again.ask("logout")
    closed(1000, again.line)


def strict_shapes(stage: Stage) -> None:
    topic, ann = stage.chat(), stage.ann
    good = {"cid": new_cid(), "body": text("x"), "topic": topic}
    for field, wrong in (("cid", b"short"), ("cid", "x" * 16), ("body", ""), ("body", b""), ("body", b"x" * 32769)):
        assert refused("bad_request", ann, "send", **good | {field: wrong})["field"] == field
    assert refused("bad_request", ann, "send", cid=new_cid(), topic=topic)["field"] == "body"
    refused("bad_request", ann, "send", **good, to=stage.bo.person)
    for seq in (0, -1, 1.0, True, "1", None, 2**53, 2**64 - 1):
        refused("bad_request", ann, "read", topic=topic, seq=seq)
    refused("bad_request", ann, "history", topic=topic, limit=201)
    refused("bad_request", ann, "watch", persons=["a" * 16] * 501)
    refused("unknown_op", ann, "no.such.thing")
    for person in ("a" * 16, "?" * 16):
        refused("not_found", ann, "send", cid=new_cid(), body=b"x", to=person)
        refused("not_found", ann, "history", topic=person)
    assert ann.ask("send", **good, to=None, later="a key of a later version")["seq"] == 3


def broken_input(stage: Stage) -> None:
    whole = msgpack.packb({"op": "devices", "id": 1})
    hello = {"op": "hello", "id": 1}
    deep = b"\x83\xa2op\xa7devices\xa2id\x01\xa1x" + b"\x91" * 2000 + b"\x01"
    for message in (
        b"",
        b"\xc1",
        b"\x90",
        whole[:-1],
        whole + b"\x00",
        deep,
        b"\x82\xa2op\xa5hello\xa2id\xa1\xff",
        msgpack.packb({"op": "hello"}),
        msgpack.packb(hello | {"id": True}),
        msgpack.packb(hello | {"x": msgpack.ExtType(1, b"x")}),
        msgpack.packb(hello | {"x": [0] * 4097}),
    ):
        closed(4500, WebSocket(stage.url), frame(message))
    closed(1003, WebSocket(stage.url), frame(b"hello", TEXT))
    closed(1009, WebSocket(stage.url), frame(bytes(65537)))
    closed(1002, WebSocket(stage.url), frame(whole, masked=False))
    closed(4502, WebSocket(stage.url), frame(msgpack.packb({"op": "hello", "id": 1, "versions": [99]})))
    half = WebSocket(stage.url)
    half.socket.sendall(frame(whole)[:-3])
    half.drop()
    stage.ann.line.socket.sendall(frame(msgpack.packb({"op": "devices", "id": 999})[:5], fin=False))
    stage.ann.line.send(msgpack.packb({"op": "devices", "id": 999})[5:], 0)
    assert stage.ann.answer(999)["devices"]


def a_cid_is_done_once(stage: Stage) -> None:
    ann, bo, cid = stage.ann, stage.bo, new_cid()
    first = ann.write("send", cid=cid, to=bo.person, body=text("once"))
    assert (first["seq"], first["nth"]) == (1, 1)
    for repeat in ({"to": bo.person}, {"topic": first["topic"]}):
        again = ann.write("send", cid=cid, body=text("once"), **repeat)
        assert again | {"re": 0} == first | {"re": 0}
    refused("conflict", ann, "send", cid=cid, topic=first["topic"], body=text("other"))
    refused("conflict", ann, "recall", cid=cid, topic=first["topic"], target=1)
    bo.ask("block", person=ann.person)
    ann.ask("block", person=bo.person)
    assert ann.write("send", cid=cid, topic=first["topic"], body=text("once"))["seq"] == 1
    refused("not_accepted", ann, "send", cid=new_cid(), topic=first["topic"], body=text("new"))
    assert len(ann.ask("history", topic=first["topic"])["entries"]) == 1


def a_dropped_connection_loses_and_doubles_nothing(stage: Stage) -> None:
    topic, ann, bo, cid = stage.chat(), stage.ann, stage.bo, new_cid()
    ann.begin("send", cid=cid, topic=topic, body=text("was it stored?"))
    ann.line.drop()
    said = [bo.write("send", topic=topic, body=text(f"while you were away {n}"))["seq"] for n in range(5)]
    ann.resume()
    ann.write("send", cid=cid, topic=topic, body=text("was it stored?"))
    last = bo.write("send", topic=topic, body=text("live again"))["seq"]
    ann.wait_for_entry(topic, last)
    bo.wait_for_entry(topic, last)
    assert ann.topics[topic].entries == bo.topics[topic].entries
    assert sorted(ann.topics[topic].entries) == list(range(1, last + 1))
    assert set(said) < set(range(last))
    assert [entry["cid"] for entry in ann.topics[topic].entries.values()].count(cid) == 1


def a_gap_is_found_and_filled(stage: Stage) -> None:
    topic, ann, bo = stage.chat(), stage.ann, stage.bo
    ann.deaf_to = {3, 4}
    for n in range(3, 6):
        bo.write("send", topic=topic, body=text(str(n)))
    assert ann.wait_for_entry(topic, 5)["body"] == text("5")
    assert sorted(ann.topics[topic].entries) == [1, 2, 3, 4, 5]
    for n in range(6, 71):
        (ann, bo)[n % 2].write("send", topic=topic, body=text(str(n)))
    new = Device(stage.url).sign_in("login", stage.names[0])
    assert new.topics[topic].gaps == [(1, 20)]
    assert sorted(new.topics[topic].entries) == list(range(21, 71))
    new.fill(topic)
    bo.wait_for_entry(topic, 70)
    assert new.topics[topic].entries == bo.topics[topic].entries
    refused("resync", new, "sync", heads={}, epoch="another")
    new.line.drop()
    new.topics[topic].have += 100
    new.resume()
    assert new.topics[topic].have == 70


def edits_reactions_and_recalls(stage: Stage) -> None:
    topic, ann, bo = stage.chat(), stage.ann, stage.bo
    ann.write("edit", topic=topic, target=1, body=text("您好"))
    sign = bo.write("react", topic=topic, target=1, body=text("👍"))
    assert sign["nth"] == 2
    refused("not_allowed", bo, "edit", cid=new_cid(), topic=topic, target=1, body=text("?"))
    related = ann.ask("history", topic=topic, before=2)["related"]
    assert [entry["kind"] for entry in related] == ["reaction", "edit"]
    ann.write("recall", topic=topic, target=1)
    assert bo.wait_for_entry(topic, 5)["kind"] == "recall"
    first, _, edit, reaction, _ = bo.ask("history", topic=topic)["entries"]
    assert all(entry["erased"] and "body" not in entry for entry in (first, edit, reaction))
    refused("not_found", bo, "react", cid=new_cid(), topic=topic, target=1, body=text("👍"))


def marks_typing_and_presence(stage: Stage) -> None:
    topic, ann, bo = stage.chat(), stage.ann, stage.bo
    assert ann.ask("topic", topic=topic)["summary"]["unread"] == 2
    ann.ask("read", topic=topic, seq=2)
    assert bo.wait_for("read", lambda push: push["person"] == ann.person)["seq"] == 2
    assert bo.ask("receipts", topic=topic, seq=2)["readers"] == [ann.person]
    refused("not_allowed", ann, "receipts", topic=topic, seq=2)
    ann.ask("typing", topic=topic)
    assert bo.wait_for("typing")["person"] == ann.person
    assert ann.ask("watch", persons=[bo.person])["online"] == [bo.person]
    ann.ask("block", person=bo.person)
    assert bo.write("send", topic=topic, body=text("unseen"))["nth"] == 3
    assert ann.wait_for_entry(topic, 3) == {"topic": topic, "seq": 3, "elided": True}


def groups(stage: Stage) -> None:
    group, ann, bo = stage.group(), stage.ann, stage.bo
    bo.wait_for_entry(group, 2)
    assert sorted(bo.topics[group].entries) == [2]
    ann.write("group.name", topic=group, name=text("hutong"))
    ann.write("group.mute", topic=group, person=bo.person, until=2**53 - 1)
    refused("muted", bo, "send", cid=new_cid(), topic=group, body=text("mmm"))
    refused("not_allowed", bo, "group.name", cid=new_cid(), topic=group, name=b"")
    refused("not_allowed", ann, "group.leave", cid=new_cid(), topic=group)
    link = ann.ask("group.link", topic=group)["link"]
    bo.write("group.leave", topic=group)
    bo.wait_for("gone")
    refused("not_found", bo, "history", topic=group)
    bo.ask("group.ask", link=link, greeting=text("again?"))
    ann.wait_for("requests")
    ann.write("group.approve", topic=group, person=bo.person)
    joined = bo.wait_for_entry(group, 6)
    assert (joined["kind"], joined["sender"], joined["person"]) == ("joined", ann.person, bo.person)


CHECKS = (
    opening_handshake, signing_in, strict_shapes, broken_input, a_cid_is_done_once,
    a_dropped_connection_loses_and_doubles_nothing, a_gap_is_found_and_filled, edits_reactions_and_recalls,
    marks_typing_and_presence, groups,
)  # fmt: skip


def main(url: str) -> int:
    failures = 0
    for check in CHECKS:
        name = check.__name__.replace("_", " ")
        try:
            check(Stage(url))
        except Exception as error:
            failures += 1
            line = traceback.extract_tb(error.__traceback__)[-1].lineno
            print(f"FAIL {name}: {type(error).__name__} {error} (line {line})", flush=True)
        else:
            print(f"ok   {name}", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
