"""docs/PROTOCOL.md and the code say the same, field by field, bound by bound, byte by byte."""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from blake3 import blake3

from compliance import leaves
from compliance.leaves import read
from compliance.pack import AgreementText, load
from compliance.submissions import NEXT
from compliance.tree import Frontier, inclusion_path, leaf_hash, node_hash, root_at, verify_inclusion
from compliance.verdicts import Answer, Failure, Hold, Label, OnError
from protocol import publications
from protocol.codec import decode_request, encode_push, encode_reply, encode_request
from protocol.content import Text, decode, encode
from protocol.decisions import Decision, DecisionKind, Span, Submission, SubmissionState
from protocol.entries import Entry, Kind, Side, side_of
from protocol.errors import CloseCode, ErrorCode, may_reconnect
from protocol.frames import REQUESTS, SUBPROTOCOL, Announced, Appended, EntryPush, Hello, HelloReply, Send
from protocol.ids import Cid, DecisionId, Epoch, PersonId, Seq, SubmissionId, TopicId, is_cid
from protocol.public import Publish, SubmissionReply
from protocol.publications import TEXT_CHARS, Content, Published, Surface, is_name
from protocol.staff import StaffRole
from server.agreement import shown_agreement
from server.config import RateSettings
from server.dispatch import Staffed
from server.handlers.publishing import BASED
from server.limits import BY_ADDRESS, BY_PERSON
from server.manifest import whole_table
from server.net.framing import binary_frame
from server.net.handshake import answer
from server.store.submissions import DECISIONS_SHOWN, KINDS
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
        "sides": {f"{row[0]} {op}" for row in page.table("Private and public", "for topics") for op in codes(row[1])},
        "surfaces": {f"{plain(row[0])} {row[4]}: {plain(row[5])}" for row in page.table("Publishing", "surface")},
        "states": {plain(row[0]) for row in page.table("Publishing", "state")},
        "moves": set(_drawn(page.text_of("What becomes of it"))),
        "decisions": {plain(row[0]) for row in page.table("What is decided", "kind")},
        "parts of a decision": {code for row in page.table("What is decided", "field") for code in codes(row[0])},
        "leaves": {
            f"{plain(row[0])} {key}" for row in page.table("Receipts and proofs", "leaf") for key in codes(row[1])
        },
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
        "sides": set(_operations_by_side()),
        "surfaces": {f"{surface.value} {TEXT_CHARS[surface]}: {', '.join(_kinds_of(surface))}" for surface in Surface},
        "states": {state.value for state in SubmissionState},
        "moves": {f"{before} {after}" for (before, _), after in NEXT.items()},
        "decisions": {kind.value for kind in DecisionKind},
        "parts of a decision": set(Decision.__struct_fields__) - {"kind"},
        "leaves": {f"{leaf.kind} {key}" for leaf in LEAVES for key in read(leaf.says) if key not in {"leaf", "at"}},
        "may": {
            f"{role.value} {act.name.lower().replace('_', ' ')}" for role in MAY for act in Act if act in MAY[role]
        },
    }


def _operations_by_side() -> Iterator[str]:
    rules = whole_table()
    for op, shape in REQUESTS.items():
        rule = rules[shape]
        if "topic" in shape.__struct_fields__ and not isinstance(rule, Staffed):
            yield f"{'of both' if len(rule.sides) > 1 else next(iter(rule.sides)).value} {op}"


def _kinds_of(surface: Surface) -> list[str]:
    kinds = [KINDS[surface].value]
    return [*kinds, Kind.EDIT.value] if surface not in BASED else kinds


def _drawn(picture: str) -> Iterator[str]:
    """Yield what leads to what in the diagram of states: from the left, or from the middle."""
    left = middle = ""
    for line in picture.splitlines():
        found = re.findall(r"[a-z_]{4,}", re.split(r" {3,}(?=[a-z]+ [a-z])", line)[0])
        if "►" not in line:
            continue
        left = found.pop(0) if not line.startswith(" ") else left
        if line.count("►") == 2:
            middle = found[0]
            yield f"{left} {middle}"
            yield f"{middle} {found[1]}"
        else:
            yield f"{middle if line.startswith(' ' * 10 + '│') else left} {found[0]}"


def _counted(cell: str) -> Iterator[str]:
    for code in codes(cell):
        if code.endswith("*"):
            yield from (op for op in wire.requests() if op.startswith(code[:-1]))
        else:
            yield code


_AT, _ID, _SURFACE = 1, SubmissionId("s" * 16), Surface.GROUP_MESSAGE
_ANSWER = Answer(
    hook="h", kind="check", version="1", digest="d", took_us=1, outcome=Label(labels=("l",)), on_error=OnError.HOLD
)
_ABOUT = {"at": _AT, "submission": _ID, "version": 1, "surface": _SURFACE, "commitment": "c"}
_DECIDED = Decision(
    decision=DecisionId("d" * 16), kind=DecisionKind.HOLD, ground="g", clause="c", bottom_line="b", agreement="1",
    where=(Span(path="text", start=0, end=1),), facts="f", by="server", automated=True, at=_AT, until=2, appeal="a",
    leaf=0,
)  # fmt: skip
LEAVES = [
    *(
        leaves.answered(replace(_ANSWER, outcome=outcome), **_ABOUT)  # type: ignore[arg-type]
        for outcome in (Label(labels=("l",)), Hold(ground="g", text="t"), Failure.LATE)
    ),
    leaves.published(
        at=_AT, submission=_ID, version=1, topic=TopicId("0" * 16), seq=Seq(1), commitment="c", labels=("l",),
        pack="p", pack_version="1", body="b",
    ),
    leaves.decided(_DECIDED, submission=_ID, commitment="c", facts="f", topic=TopicId("0" * 16), seq=Seq(1)),
    leaves.taken_back(**_ABOUT),  # type: ignore[arg-type]
    leaves.agreement_signed(at=_AT, agreement=b"a", version="1"),
    leaves.configuration(at=_AT, what={"pack": "p"}),
    leaves.rules_reloaded(at=_AT, hook="h", came=1, went=1, digest="d"),
    leaves.staff(at=_AT, code="K7", role=StaffRole.CHIEF, act=leaves.StaffAct.ADDED),
]  # fmt: skip


def test_every_kind_of_leaf_is_among_those_compared() -> None:
    assert {leaf.kind for leaf in LEAVES} == set(leaves.LeafKind)


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
        ("`publish`, `group.join`,", "`group.join`,", "table sides: public publish is missing"),
        ("| `card` | no `topic` |", "| `cart` | no `topic` |", "table surfaces: card 500: card is missing"),
        ("| 2000 | `notice` |", "| 8000 | `notice` |", "table surfaces: group_notice 2000: notice is missing"),
        ("| `lapsed` | A stage", "| `elapsed` | A stage", "table states: lapsed is missing"),
        ("│           ├────► lapsed", "│           ├────► waiting", "table moves: held lapsed is missing"),
        ("| `restore` | what was", "| `undo` | what was", "table decisions: restore is missing"),
        ("| `appeal` | What one", "| `remedy` | What one", "table parts of a decision: appeal is missing"),
        ("`took_us`, `policy`, `failure`", "`took_us`, `failure`", "table leaves: failure policy is missing"),
    ],
)  # fmt: skip
def test_a_difference_is_found(page: Page, found: str, instead: str, complaint: str) -> None:
    assert found in page.text
    changed = Page(page.text.replace(found, instead))
    assert any(each.startswith(complaint) for each in differences(changed)), differences(changed)


@pytest.mark.parametrize("operation", ["officer.show", "officer.decide"])
def test_the_page_says_how_many_decisions_are_shown(page: Page, operation: str) -> None:
    (said,) = [row[3] for row in page.operations()[operation].tables["reply"] if row[0] == "`decisions`"]
    assert said.startswith(f"The last {DECISIONS_SHOWN} ")


def test_the_page_says_which_characters_a_name_cannot_have(page: Page) -> None:
    (categories,) = re.findall(r"categories (Cc[^(]*) \(", page.text.replace("\n", " "))
    (joiners,) = re.findall(r"but for the joiners (U\+[^,]*),", page.text.replace("\n", " "))
    allowed = {chr(int(code, 16)) for code in re.findall(r"U\+([0-9A-F]{4})", joiners)}
    refused = {
        character
        for character in map(chr, range(0x11_0000))
        if unicodedata.category(character) in re.findall(r"[A-Z][a-z]", categories) and character not in allowed
    }
    assert refused == {character for character in map(chr, range(0x11_0000)) if not is_name(character)}


def test_a_chapter_that_is_missing_is_an_error_not_a_pass(page: Page) -> None:
    with pytest.raises(LookupError):
        differences(Page(page.text.replace("## Close codes", "## Closing")))


def code_on(page: Page) -> list[str]:
    """Return the blocks of Python on the page."""
    return re.findall(r"```python\n(.*?)```", page.text, re.DOTALL)


# The agreement.


def signed(agreement: AgreementText) -> Any:
    """Return an agreement as a client has it that decoded the reply: maps and arrays."""
    return msgspec.to_builtins(shown_agreement(agreement), builtin_types=(bytes,))


@pytest.fixture(scope="module")
def agreement() -> AgreementText:
    found = load("cn-2014").agreement
    assert found is not None
    return found


def test_the_code_on_the_page_computes_the_digest_of_an_agreement(page: Page, agreement: AgreementText) -> None:
    (source,) = [block for block in code_on(page) if "def digest" in block]
    written: dict[str, Any] = {}
    exec(source, written)
    shown = page.blocks["agreement-digest"].strip()
    assert written["digest"](signed(agreement)).hex() == agreement.digest.hex() == shown
    odd = msgspec.structs.replace(agreement, texts={"en": "".join(map(chr, range(0x250))) + "\u2028😀", "zh-Hant": "/"})
    assert written["digest"](signed(odd)) == odd.digest


def test_what_is_digested_begins_and_ends_as_the_page_says(page: Page, agreement: AgreementText) -> None:
    parts = {key: value for key, value in signed(agreement).items() if key != "digest"}
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    (end,) = re.findall(r"It ends in `([^`]+)`", page.text)
    assert text.startswith(page.blocks["agreement-begins"].strip())
    assert text.endswith(end)
    assert f"({len(text.encode())} bytes)" in page.text


# The worked example.

TOPIC, SENDER = TopicId("gosozcnytgijcp4d"), PersonId("4qde4imr3wgdkxec")
CID = Cid(bytes.fromhex("019b76daa8007d3e8f526b1c9e04a7d3"))
BODY = encode(Text(text="你好"))
AT = 1795476952312
HELLO = encode_request(Hello(id=1, versions=(1,), client="example/1.0"))
SEND = encode_request(Send(id=5, cid=CID, body=BODY, topic=TOPIC))
PUBLIC_TOPIC, SUBMISSION = TopicId("0ohvudqzozmtlr35"), SubmissionId("dc4iruwnormtog4h")
PUBLIC_CID = Cid(bytes.fromhex("01a2130a1c407f2e9d51a7c3e8b06f42"))
CONTENT = Content(text="早上好")
PUBLISH = encode_request(
    Publish(id=9, cid=PUBLIC_CID, surface=Surface.GROUP_MESSAGE, content=CONTENT, topic=PUBLIC_TOPIC)
)
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
            epochs={Side.PRIVATE: Epoch("5s6lts2t35qnnsag"), Side.PUBLIC: Epoch("rue5dirqhkjqeuwe")},
        ),
    ),
    "publish-reply": encode_reply(
        9,
        SubmissionReply(
            submission=Submission(
                submission=SUBMISSION, cid=PUBLIC_CID, surface=Surface.GROUP_MESSAGE, state=SubmissionState.PUBLISHED,
                at=1795614205390, topic=PUBLIC_TOPIC, content=CONTENT, seq=Seq(3), version=1,
            )
        ),
    ),
    "published-push": encode_push(
        EntryPush(
            entry=Entry(
                topic=PUBLIC_TOPIC, seq=Seq(3), nth=1, at=1795614205392, kind=Kind.MESSAGE,
                sender=PersonId("bw7eigpsczpjecfs"), cid=PUBLIC_CID,
                body=publications.encode(Published(content=CONTENT)),
            )
        )
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


@pytest.mark.parametrize(("name", "message"), [("hello", HELLO), ("send", SEND), ("publish", PUBLISH)])
def test_the_payloads_of_the_example_are_what_the_codec_says_and_reads(page: Page, name: str, message: bytes) -> None:
    payload = page.bytes_of(f"{name}-payload")
    assert payload == message
    assert encode_request(decode_request(payload)) == payload


@pytest.mark.parametrize("name", SERVER_SAYS)
def test_the_server_says_the_frames_of_the_example(page: Page, name: str) -> None:
    assert page.bytes_of(name) == binary_frame(SERVER_SAYS[name])


def test_the_values_beside_the_bytes_of_the_example_are_theirs(page: Page) -> None:
    assert is_cid(CID)
    assert is_cid(PUBLIC_CID)
    assert side_of(PUBLIC_TOPIC) is Side.PUBLIC
    assert decode(BODY).text == "你好"
    for name in ("hello-payload", "send-payload", "publish-payload", *SERVER_SAYS):
        for line in page.blocks[name].splitlines():
            left, _, right = line.partition("  ")
            text = re.search(r'"([^"]+)"(?:: \d+|: map of \d+|: array of \d+)?$', right)
            if text and "你好" not in right and "早上好" not in right:
                assert text[1].encode() in bytes.fromhex(left) or not left.startswith("a"), line


def test_the_handshake_of_the_example_is_accepted_as_it_says(page: Page) -> None:
    head = page.blocks["upgrade"].replace("\n", "\r\n") + "\r\n"
    answered = answer(head.encode(), origins=(None,))
    assert answered.accepted

    def undated(lines: list[str]) -> list[str]:
        return [line for line in lines if line and not line.startswith("Date:")]

    assert undated(page.blocks["switched"].splitlines()) == undated(answered.response.decode().split("\r\n"))
    assert f"Sec-WebSocket-Protocol: {SUBPROTOCOL}" in page.blocks["switched"]


# The worked proof.


def proof(page: Page) -> tuple[bytes, bytes, list[bytes]]:
    """Return the leaf, the root and the path that the page shows."""
    leaf = page.blocks["proof-leaf"].replace("\\\n", "").strip().encode()
    root = bytes.fromhex(page.blocks["proof-root"])
    return leaf, root, [bytes.fromhex(line) for line in page.blocks["proof-path"].split()]


def test_the_proof_of_the_example_holds_and_no_other_number_does(page: Page) -> None:
    leaf, root, path = proof(page)
    assert f"({len(leaf)} bytes" in page.text
    assert verify_inclusion(leaf, number=3, size=5, root=root, path=path)
    assert not any(verify_inclusion(leaf, number=n, size=5, root=root, path=path) for n in (0, 1, 2, 4))


def test_the_steps_of_the_proof_are_those_of_its_path(page: Page) -> None:
    leaf, root, path = proof(page)
    steps = [bytes.fromhex(line.split()[0]) for line in page.blocks["proof-steps"].splitlines()]
    first = leaf_hash(leaf)
    second = node_hash(path[0], first)
    third = node_hash(path[1], second)
    assert steps == [first, second, third, node_hash(third, path[2])]
    assert steps[-1] == root


def test_the_leaf_of_the_example_is_about_the_text_of_the_example(page: Page) -> None:
    says = read(proof(page)[0])
    salt, content = bytes.fromhex(page.blocks["proof-salt"]), bytes.fromhex(page.blocks["proof-content"])
    assert says["submission"] == SUBMISSION
    assert says["commitment"] == leaves.commitment(salt, content)
    assert content == publications.encode_content(CONTENT)


def test_the_code_on_the_page_checks_proofs_as_ours_does(page: Page) -> None:
    (source,) = [block for block in code_on(page) if "def leads_to" in block]
    written: dict[str, Any] = {"blake3": lambda said: blake3(said).digest()}
    exec(source, written)
    said = [bytes([number]) for number in range(13)]
    nodes = {(0, number): leaf_hash(leaf) for number, leaf in enumerate(said)}
    frontier = Frontier()
    for leaf in said:
        nodes |= {(node.level, node.place): node.hash for node in frontier.append(leaf)}
    for size in range(1, len(said) + 1):
        root = root_at(size, lambda level, place: nodes[level, place])
        for number in range(size):
            path = inclusion_path(number, size, lambda level, place: nodes[level, place])
            for claimed in range(size):
                ours = verify_inclusion(said[number], number=claimed, size=size, root=root, path=path)
                assert written["leads_to"](root, said[number], claimed, size, path) is ours
                assert ours is (claimed == number)
