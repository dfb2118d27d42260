"""docs/PROTOCOL.md and the code say the same, field by field, bound by bound, byte by byte."""

import re
from collections import Counter
from collections.abc import Iterator

import pytest

from protocol.codec import decode_request, encode_push, encode_reply, encode_request
from protocol.content import Text, decode, encode
from protocol.entries import Entry, Kind, Side
from protocol.errors import CloseCode, ErrorCode, may_reconnect
from protocol.frames import SUBPROTOCOL, Announced, Appended, EntryPush, Hello, HelloReply, Send
from protocol.ids import Cid, Epoch, PersonId, Seq, TopicId, is_cid
from server.config import RateSettings
from server.limits import BY_ADDRESS, BY_PERSON
from server.net.framing import binary_frame
from server.net.handshake import answer
from server.topics import MAY, Act
from tests.docs import wire
from tests.docs.page import PROTOCOL, Page, codes, plain
from tests.docs.wire import Fields


def differences(page: Page) -> list[str]:
    """Return, in words, where the page and the code differ."""
    return [
        *_fields_differ("request", page.requests(), wire.requests()),
        *_replies_differ(page),
        *_fields_differ("push", page.pushes(), wire.pushes()),
        *_fields_differ("structure", _shaped(page), _expected_structures(page)),
        *_sets_differ("choice", page.choices(), wire.choices()),
        *_sets_differ("table", _tables(page), _expected_tables()),
        *(f"error code {code}: unknown, but some operation gives it" for code in page.errors_named() - set(ErrorCode)),
        *(f"link to #{target}: no such heading" for target in page.links() - set(page.anchors())),
        *(f"heading #{anchor}: twice" for anchor, times in Counter(page.anchors()).items() if times > 1),
    ]


def _fields_differ(what: str, said: dict[str, Fields], real: dict[str, Fields]) -> Iterator[str]:
    yield from (f"{what} {name}: missing in the page" for name in real.keys() - said.keys())
    yield from (f"{what} {name}: not in the code" for name in said.keys() - real.keys())
    for name in said.keys() & real.keys():
        if said[name] != real[name]:
            for key in said[name].keys() | real[name].keys():
                ours, theirs = said[name].get(key), real[name].get(key)
                if ours != theirs:
                    yield f"{what} {name}.{key}: the page says {ours}, the code {theirs}"


def _replies_differ(page: Page) -> Iterator[str]:
    said, real = page.replies(), wire.replies()
    for op in said.keys() & real.keys():
        name, fields = real[op]
        reply = said[op]
        if isinstance(reply, str):
            if reply != name:
                yield f"reply of {op}: the page says {reply}, the code {name}"
        else:
            yield from _fields_differ("reply of", {op: reply}, {op: fields})


def _shaped(page: Page) -> dict[str, Fields]:
    choices = wire.choices()
    return {name: fields for name, fields in page.structures().items() if name not in choices}


def _expected_structures(page: Page) -> dict[str, Fields]:
    named = {reply for reply in page.replies().values() if isinstance(reply, str)}
    return wire.structures() | {name: fields for name, fields in wire.replies().values() if name in named}


def _sets_differ(what: str, said: dict[str, set[str]], real: dict[str, set[str]]) -> Iterator[str]:
    for name, expected in real.items():
        found = said.get(name, set())
        yield from (f"{what} {name}: {each} is missing in the page" for each in sorted(expected - found))
        yield from (f"{what} {name}: {each} is not in the code" for each in sorted(found - expected))


def _tables(page: Page) -> dict[str, set[str]]:
    """Return what the other tables of the page say, each row as one text."""
    roles = ("owner", "admin", "member")
    return {
        "kinds": {plain(row[0]) for row in page.table("Topics and entries", "kind")},
        "errors": {plain(row[0]) for row in page.table("Errors", "error")},
        "close codes": {" ".join(plain(cell) for cell in row[:3]) for row in page.table("Close codes", "code")},
        "bounds": {" ".join(plain(cell) for cell in row[:2]) for row in page.table("Bounds", "name")},
        "rates": {" ".join(plain(cell) for cell in row[:2]) for row in page.table("Rates", "name")},
        "counted": {f"{plain(row[0])} {op}" for row in page.table("Rates", "name") for op in _counted(row[2])},
        "may": {
            f"{role} {plain(row[0])}"
            for row in page.table("Private groups", "act")
            for role, cell in zip(roles, row[1:4], strict=True)
            if cell == "yes"
        },
    }


def _expected_tables() -> dict[str, set[str]]:
    standard = {*range(1000, 1004), *range(1006, 1016)}
    named = {code.value: code.name.lower() for code in CloseCode}
    rates = {name: getattr(RateSettings(), name) for name in RateSettings.__struct_fields__}
    by_class = [*BY_PERSON.items(), *BY_ADDRESS.items()]
    return {
        "kinds": {kind.value for kind in Kind if kind is not Kind.UNKNOWN},
        "errors": {code.value for code in ErrorCode},
        "close codes": {
            f"{code} {named.get(code, '')} {'yes' if may_reconnect(code) else 'no'}" for code in standard | named.keys()
        },
        "bounds": {f"{name} {value}" for name, value in wire.bounds().items()},
        "rates": {f"{name} {rate}" for name, rate in rates.items()},
        "counted": {f"{name} {op}" for name, operations in by_class for op in operations},
        "may": {
            f"{role.value} {act.name.lower().replace('_', ' ')}" for role in MAY for act in Act if act in MAY[role]
        },
    }


def _counted(cell: str) -> Iterator[str]:
    for code in codes(cell):
        if code.endswith("*"):
            yield from (op for op in wire.requests() if op.startswith(code[:-1]))
        else:
            yield code


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(PROTOCOL.read_text(encoding="utf-8"))


def test_the_page_and_the_code_say_the_same(page: Page) -> None:
    assert differences(page) == []


@pytest.mark.parametrize(
    ("found", "instead", "complaint"),
    [
        ("#### `unblock`", "#### `pardon`", "request unblock: missing in the page"),
        ("#### `unblock`", "#### `pardon`", "request pardon: not in the code"),
        ("| `reply_to` | `seq` | — | An entry of", "| `re_to` | `seq` | — | Of", "request send.reply_to: the page"),
        ("`bin 1 to 32768` | required | Opaque", "`bin 1 to 32767` | required | Opaque", "request send.body: the page"),
        ("`int 1 to 200` | `50`", "`int 1 to 200` | `20`", "request history.limit: the page says"),
        ("| `[]` | Came. |", "| always there | Came. |", "push presence.online: the page says"),
        ("Reply: [SyncReply](#syncreply)", "Reply: [Appended](#appended)", "reply of sync: the page says Appended"),
        ("| `complete` | `bool` | always there |", "| `whole` | `bool` | always there |", "reply of history.complete"),
        ("### `gone` push", "### `away` push", "push gone: missing in the page"),
        ("### Gap", "### Hole", "structure Gap: missing in the page"),
        ("| `peer_read` |", "| `peer_saw` |", "structure Summary.peer_read"),
        ("`owner`, `admin` or `member`.", "`owner` or `member`.", "choice Role: admin is missing"),
        ("| `too_late` | no |", "| `too_soon` | no |", "table errors: too_late is missing"),
        ("| 4001 | `slow` | yes |", "| 4001 | `slow` | no |", "table close codes: 4001 slow yes is missing"),
        ("| 4503 | `abuse` | no |", "| 4504 | `abuse` | no |", "table close codes: 4504 abuse no is not in the code"),
        ("| `handed_over` |", "| `given_over` |", "table kinds: handed_over is missing"),
        ("| `heads` | 2000 |", "| `heads` | 3000 |", "table bounds: heads 2000 is missing"),
        ("| `typing` | 5/1s |", "| `typing` | 6/1s |", "table rates: typing 5/1s is missing"),
        ("`lookup` | 300/1m | `people` |", "`lookup` | 300/1m | `blocks` |", "table counted: lookup people is missing"),
        ("| appoint | yes | no |", "| appoint | yes | yes |", "table may: admin appoint is not in the code"),
        ("| `handle_taken` | Somebody", "| `handle_gone` | Somebody", "error code handle_gone: unknown"),
        ("](#syncing)", "](#synching)", "link to #synching"),
        ("### Slice", "### Summary", "heading #summary: twice"),
    ],
)  # fmt: skip
def test_a_difference_is_found(page: Page, found: str, instead: str, complaint: str) -> None:
    assert found in page.text
    changed = Page(page.text.replace(found, instead))
    assert any(each.startswith(complaint) for each in differences(changed)), differences(changed)


def test_a_chapter_that_is_missing_is_an_error_not_a_pass(page: Page) -> None:
    with pytest.raises(LookupError):
        differences(Page(page.text.replace("## Close codes", "## Closing")))


# The worked example.

TOPIC, SENDER = TopicId("gosozcnytgijcp4d"), PersonId("4qde4imr3wgdkxec")
CID = Cid(bytes.fromhex("019b76daa8007d3e8f526b1c9e04a7d3"))
BODY = encode(Text(text="你好"))
AT = 1795476952312
HELLO = encode_request(Hello(id=1, versions=(1,), client="example/1.0"))
SEND = encode_request(Send(id=5, cid=CID, body=BODY, topic=TOPIC))
SERVER_SAYS = {
    "hello-reply": encode_reply(
        1,
        HelloReply(
            version=1,
            server="hutong/0.1.0",
            now=1795476951669,
            heartbeat_ms=30_000,
            limits=Announced(
                message_bytes=65_536,
                body_bytes=32_768,
                slice_bytes=262_144,
                requests_in_flight=32,
                group_members=500,
                recall_ms=120_000,
                edit_ms=86_400_000,
            ),
            epochs={Side.PRIVATE: Epoch("5s6lts2t35qnnsag")},
        ),
    ),
    "send-reply": encode_reply(5, Appended(topic=TOPIC, seq=Seq(2), nth=2, at=AT)),
    "entry-push": encode_push(
        EntryPush(
            entry=Entry(
                topic=TOPIC, seq=Seq(2), nth=2, at=AT, kind=Kind.MESSAGE, sender=SENDER, cid=CID, body=BODY
            )
        )
    ),
}  # fmt: skip


def unmasked(frame: bytes) -> bytes:
    """Return the payload of a short masked binary frame (RFC 6455 §5.2, §5.3)."""
    assert frame[0] == 0x82
    assert frame[1] == 0x80 | len(frame) - 6
    return bytes(byte ^ frame[2 + index % 4] for index, byte in enumerate(frame[6:]))


@pytest.mark.parametrize("name", ["hello", "send"])
def test_the_frames_of_the_example_are_the_masked_payloads(page: Page, name: str) -> None:
    assert unmasked(page.bytes_of(f"{name}-frame")) == page.bytes_of(f"{name}-payload")


@pytest.mark.parametrize(("name", "message"), [("hello", HELLO), ("send", SEND)])
def test_the_payloads_of_the_example_are_what_the_codec_says_and_reads(page: Page, name: str, message: bytes) -> None:
    payload = page.bytes_of(f"{name}-payload")
    assert payload == message
    assert encode_request(decode_request(payload)) == payload


@pytest.mark.parametrize("name", SERVER_SAYS)
def test_the_server_says_the_frames_of_the_example(page: Page, name: str) -> None:
    assert page.bytes_of(name) == binary_frame(SERVER_SAYS[name])


def test_the_values_beside_the_bytes_of_the_example_are_theirs(page: Page) -> None:
    assert is_cid(CID)
    assert decode(BODY).text == "你好"
    for name in ("hello-payload", "send-payload", *SERVER_SAYS):
        for line in page.blocks[name].splitlines():
            left, _, right = line.partition("  ")
            text = re.search(r'"([^"]+)"(?:: \d+|: map of \d+|: array of \d+)?$', right)
            if text and "你好" not in right:
                assert text[1].encode() in bytes.fromhex(left) or not left.startswith("a"), line


def test_the_handshake_of_the_example_is_accepted_as_it_says(page: Page) -> None:
    head = page.blocks["upgrade"].replace("\n", "\r\n") + "\r\n"
    answered = answer(head.encode(), origins=(None,))
    assert answered.accepted

    def undated(lines: list[str]) -> list[str]:
        return [line for line in lines if line and not line.startswith("Date:")]

    assert undated(page.blocks["switched"].splitlines()) == undated(answered.response.decode().split("\r\n"))
    assert f"Sec-WebSocket-Protocol: {SUBPROTOCOL}" in page.blocks["switched"]
