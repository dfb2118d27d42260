"""What docs/PROTOCOL.md shows byte by byte, and what its code computes: the agreement, the example, the proof."""

import json
import re
from typing import Any

import msgspec
import pytest
from blake3 import blake3

from compliance import leaves
from compliance.leaves import read
from compliance.pack import AgreementText, load
from compliance.tree import Frontier, inclusion_path, leaf_hash, node_hash, root_at, verify_inclusion
from protocol import publications
from protocol.codec import decode_request, encode_push, encode_reply, encode_request
from protocol.content import Text, decode, encode
from protocol.decisions import Submission, SubmissionState
from protocol.entries import Entry, Kind, Side, side_of
from protocol.frames import SUBPROTOCOL, Announced, Appended, EntryPush, Hello, HelloReply, Send
from protocol.ids import Cid, Epoch, PersonId, Seq, SubmissionId, TopicId, is_cid
from protocol.public import Publish, SubmissionReply
from protocol.publications import Content, Part, Published, Surface, card_of, digest_of
from server.agreement import shown_agreement
from server.net.framing import binary_frame
from server.net.handshake import answer
from tests.docs.page import PROTOCOL, Page


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(PROTOCOL.read_text(encoding="utf-8"))


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
    (source,) = [block for block in code_on(page) if "def digest(" in block]
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
ACCOUNT, ARTICLE_CID = TopicId("05kzq2xw7fjm3hta"), Cid(bytes.fromhex("01a2130d5e707a1b8c44f0d2b7936ea5"))
ARTICLE = Published(content=Content(text="今天是晴天。", title="天气", category="life"))
BROADCAST = Entry(
    topic=ACCOUNT,
    seq=Seq(2),
    nth=1,
    at=1795614418500,
    kind=Kind.BROADCAST,
    sender=PersonId(ACCOUNT),
    cid=ARTICLE_CID,
    body=publications.encode(card_of(ARTICLE)),
)
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
    "broadcast-push": encode_push(EntryPush(entry=BROADCAST)),
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


def test_the_code_on_the_page_computes_the_digest_that_a_card_has(page: Page) -> None:
    (source,) = [block for block in code_on(page) if "def digest_in" in block]
    written: dict[str, Any] = {}
    exec(source, written)
    long = Content(text="长" * 8000, title="t", summary="s" * 240, parts=(Part(heading="h", text="x" * 300),) * 20)
    for published in (ARTICLE, Published(content=long, labels=("rumour",), version=7, reprintable=True)):
        said = card_of(published).digest
        assert said == written["digest_in"](publications.encode(published)) == digest_of(published.content)
    assert page.bytes_of("article-body") == publications.encode(ARTICLE)
    assert page.bytes_of("article-content") == publications.encode_content(ARTICLE.content)
    assert page.blocks["article-digest"].strip() == digest_of(ARTICLE.content).hex()


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
