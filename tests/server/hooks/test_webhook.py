"""Webhooks over real connections: what is posted, what is believed, and every way in which one can fail."""

import base64
import hashlib
import hmac
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
import trio
import trustme

from compliance.publication import publication
from compliance.verdicts import Allow, Failure, Reject
from protocol.publications import Content, Part, Surface
from server.clock import Clock, SystemClock
from server.hooks.circuit import State
from server.hooks.settings import HookSettings, WebhookSource
from server.hooks.webhook import RESPONSE_BYTES, WebhookHook
from tests.server.hooks.support import GROUND, NOW_MS, PACK, StillClock, text, watching

PATIENCE_S = 30.0
SHORT_S = 0.2
SECRET = b"s" * 32
ALLOW = b'{"verdict": "allow"}'


def http(body: bytes, status: str = "200 OK", *more: str) -> bytes:
    head = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", "content-type: application/json", *more]
    return "\r\n".join([*head, "", ""]).encode() + body


@dataclass
class Receiver:
    """A receiver that answers with bytes as it is told, and remembers what it was sent."""

    answer: Callable[[], bytes | None] = lambda: http(ALLOW)  # None: never.
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    async def serve(self, stream: trio.SocketStream) -> None:
        self.connections += 1
        buffered = b""
        async with stream:
            while piece := await stream.receive_some():
                buffered += piece
                head, found, body = buffered.partition(b"\r\n\r\n")
                if not found:
                    continue
                first, *lines = head.decode().split("\r\n")
                headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
                if len(body) < int(headers["content-length"]):
                    continue
                buffered = b""
                self.requests.append((first, headers, body))
                answer = self.answer()
                if answer is None:
                    await trio.sleep_forever()
                elif not answer:
                    return
                else:
                    await stream.send_all(answer)


@pytest.fixture
async def receiver(nursery: trio.Nursery) -> AsyncIterator[Receiver]:
    receiver = Receiver()

    async def serve(stream: trio.SocketStream) -> None:
        with suppress(trio.BrokenResourceError):  # Who asked has gone.
            await receiver.serve(stream)

    listeners = await nursery.start(partial(trio.serve_tcp, serve, 0, host="127.0.0.1"))
    receiver.port = listeners[0].socket.getsockname()[1]
    yield receiver
    nursery.cancel_scope.cancel()


Opener = Callable[..., WebhookHook]


@pytest.fixture
async def webhook(receiver: Receiver) -> AsyncIterator[Opener]:
    """Return what opens a webhook that asks the receiver."""
    hooks = []

    def open_it(clock: Clock | None = None, **changes: Any) -> WebhookHook:
        values: dict[str, Any] = {
            "url": f"http://127.0.0.1:{receiver.port}/judge?v=1", "secret": SECRET, "version": "3",
            "failures": 100, "rest_s": 10.0,
        }  # fmt: skip
        source = WebhookSource(**(values | changes))
        settings = HookSettings(name="far", source=source, watches=watching())
        hook = WebhookHook(settings, source, grounds=PACK.grounds, clock=clock or SystemClock())
        hooks.append(hook)
        return hook

    yield open_it
    for hook in hooks:
        await hook.close()


async def test_a_publication_is_posted_signed_with_everything_in_it(receiver: Receiver, webhook: Opener) -> None:
    about = publication(
        Content(text="字", title="t", parts=(Part(link="l"),)),
        surface=Surface.CARD,
        version=2,
        previous=b"\1" * 32,
        at=NOW_MS,
    )
    clock = StillClock()
    assert (await webhook(clock).ask(about, PATIENCE_S)).outcome == Allow()
    ((first, headers, body),) = receiver.requests
    assert first == "POST /judge?v=1 HTTP/1.1"
    assert headers["content-type"] == "application/json"
    assert headers["webhook-id"] == about.id
    assert headers["webhook-timestamp"] == str(NOW_MS // 1000)
    signed = f"{about.id}.{NOW_MS // 1000}.".encode() + body
    assert (
        headers["webhook-signature"] == "v1," + base64.b64encode(hmac.digest(SECRET, signed, hashlib.sha256)).decode()
    )
    said = json.loads(body)
    assert said["type"] == "publication.judge"
    assert said["timestamp"] == "2026-11-25T09:46:00Z"
    assert said["data"] == {
        "id": about.id,
        "version": 2,
        "surface": "card",
        "content": {"text": "字", "title": "t", "parts": [{"link": "l"}]},
        "previous": "01" * 32,
        "minute": NOW_MS // 60_000,
        "account": None,
        "source": None,
    }


async def test_connections_are_used_again(receiver: Receiver, webhook: Opener) -> None:
    hook = webhook()
    for _ in range(5):
        assert (await hook.ask(text("words"), PATIENCE_S)).outcome == Allow()
    assert receiver.connections == 1


async def test_a_verdict_is_believed_with_its_places(receiver: Receiver, webhook: Opener) -> None:
    where = [{"path": "text", "start": 0, "end": 5}]
    said = {"verdict": "reject", "ground": GROUND, "text": "Why.", "where": where}
    receiver.answer = lambda: http(json.dumps(said).encode())
    outcome = (await webhook().ask(text("words"), PATIENCE_S)).outcome
    assert isinstance(outcome, Reject)
    assert (outcome.text, outcome.where[0].end) == ("Why.", 5)


CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("answer", "failure", "why"),
    [
        (b"", Failure.CRASHED, "RemoteProtocolError"),
        (b"nonsense\r\n\r\n", Failure.CRASHED, "RemoteProtocolError"),
        (http(ALLOW, "500 Oops"), Failure.REFUSED, "it answered 500"),
        (http(ALLOW, "201 Created"), Failure.REFUSED, "it answered 201"),
        (http(b"", "302 Found", "location: /elsewhere"), Failure.REFUSED, "it answered 302"),
        (http(b"allow"), Failure.MALFORMED, "it answered something else than JSON"),
        (http(b"[" * 10_000), Failure.MALFORMED, "it answered something else than JSON"),
        (http(b'{"verdict": "canary"}'), Failure.MALFORMED, "a verdict is allow, label, hold or reject"),
        (http(b'{"verdict": "hold", "ground": "x", "text": "x"}'), Failure.MALFORMED, "not one of the pack's codes"),
        (http(ALLOW, "200 OK", "content-encoding: gzip"), None, ""),
        (http(b"\x1f\x8b", "200 OK", "content-encoding: gzip"), Failure.MALFORMED, "something else than JSON"),
        (http(b" " * (RESPONSE_BYTES + 1)), Failure.OVERSIZE, "an answer of more than"),
        (CHUNKED + b"4000\r\n" + b" " * 0x4000 + b"\r\n" + b"ffff\r\n" + b" " * 0xFFFF, Failure.OVERSIZE, "more than"),
    ],
)
async def test_what_is_no_verdict_is_a_failure_of_its_kind(
    receiver: Receiver, webhook: Opener, answer: bytes, failure: Failure | None, why: str
) -> None:
    receiver.answer = lambda: answer
    hook = webhook()
    said = await hook.ask(text("words"), PATIENCE_S)
    assert said.outcome == (failure or Allow())
    assert why in said.why
    assert "canary" not in said.why
    receiver.answer = lambda: http(ALLOW)
    assert (await hook.ask(text("words"), PATIENCE_S)).outcome == Allow()


async def test_an_answer_that_does_not_come_is_late(receiver: Receiver, webhook: Opener) -> None:
    receiver.answer = lambda: None
    assert (await webhook().ask(text("words"), SHORT_S)).outcome is Failure.LATE


async def test_an_answer_that_does_not_end_is_late(receiver: Receiver, webhook: Opener) -> None:
    receiver.answer = lambda: b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"
    assert (await webhook().ask(text("words"), SHORT_S)).outcome is Failure.LATE


async def test_nobody_there_is_crashed(webhook: Opener) -> None:
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listener.socket.getsockname()[1]
    await listener.aclose()
    said = await webhook(url=f"http://127.0.0.1:{port}/").ask(text("words"), PATIENCE_S)
    assert (said.outcome, said.why) == (Failure.CRASHED, "ConnectError")


async def test_no_proxy_of_the_environment_is_used(
    receiver: Receiver, webhook: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert (await webhook().ask(text("words"), PATIENCE_S)).outcome == Allow()


async def test_a_webhook_that_fails_too_often_is_left_alone_and_then_tried_once(
    receiver: Receiver, webhook: Opener
) -> None:
    clock = StillClock()
    hook = webhook(clock, failures=2, rest_s=5.0)

    def state() -> State:
        return hook.circuit

    receiver.answer = lambda: http(b"nonsense")
    for _ in range(2):
        assert (await hook.ask(text("words"), PATIENCE_S)).outcome is Failure.MALFORMED
    assert state() is State.OPEN
    assert (await hook.ask(text("words"), PATIENCE_S)).outcome is Failure.REFUSED
    assert len(receiver.requests) == 2
    clock.now_s += 5.0
    receiver.answer = lambda: http(ALLOW)
    assert (await hook.ask(text("words"), PATIENCE_S)).outcome == Allow()
    assert state() is State.CLOSED


async def test_a_question_taken_back_is_no_failure(receiver: Receiver, webhook: Opener) -> None:
    hook = webhook(failures=1)
    receiver.answer = lambda: None
    with trio.move_on_after(SHORT_S):
        await hook.ask(text("words"), PATIENCE_S)
    assert hook.circuit is State.CLOSED


async def test_nothing_has_to_be_kept_going(webhook: Opener) -> None:
    with trio.move_on_after(0) as scope:
        await webhook().run()
    assert scope.cancelled_caught


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    receiver: Receiver, webhook: Opener, nursery: trio.Nursery
) -> None:
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("localhost").configure_cert(server)

    async def greet(stream: trio.SSLStream[trio.SocketStream]) -> None:
        with suppress(trio.BrokenResourceError):
            await stream.do_handshake()

    listeners = await nursery.start(partial(trio.serve_ssl_over_tcp, greet, 0, server, host="127.0.0.1"))
    port = listeners[0].transport_listener.socket.getsockname()[1]
    said = await webhook(url=f"https://localhost:{port}/").ask(text("words"), PATIENCE_S)
    assert (said.outcome, said.why) == (Failure.CRASHED, "ConnectError")
