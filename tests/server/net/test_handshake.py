"""The opening handshake: who is let in, and what the others are told."""

import logging
import re

import pytest

from server.net.handshake import SILENT, answer
from tests.server.net.support import REQUEST


def status(response: bytes) -> int:
    return int(response.split(b" ", 2)[1])


def ask(head: bytes, *, origins: tuple[str | None, ...] = (None,)) -> int:
    answered = answer(head, origins=origins)
    code = status(answered.response)
    assert answered.accepted == (code == 101)
    return code


def with_header(line: bytes) -> bytes:
    return REQUEST.replace(b"\r\n\r\n", b"\r\n" + line + b"\r\n\r\n")


def test_a_proper_request_is_accepted_with_the_accept_key_of_rfc_6455() -> None:
    answered = answer(REQUEST, origins=(None,))
    assert answered.accepted
    assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in answered.response
    assert b"Sec-WebSocket-Protocol: hutong.v1\r\n" in answered.response


def test_no_extension_is_accepted() -> None:
    answered = answer(with_header(b"Sec-WebSocket-Extensions: permessage-deflate"), origins=(None,))
    assert answered.accepted
    assert b"Extensions" not in answered.response


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (REQUEST.replace(b"Sec-WebSocket-Protocol: hutong.v1\r\n", b""), 400),
        (REQUEST.replace(b"hutong.v1", b"chat"), 400),
        (REQUEST.replace(b"Version: 13", b"Version: 8"), 400),
        (REQUEST.replace(b"dGhlIHNhbXBsZSBub25jZQ==", b"short"), 400),
        (REQUEST.replace(b"GET / ", b"GET /elsewhere "), 404),
        (REQUEST.replace(b"GET / ", b"POST / "), 405),
        (REQUEST.replace(b"HTTP/1.1", b"HTTP/1.0"), 505),
        (REQUEST.replace(b"websocket", b"h2c"), 426),
        (with_header(b"Content-Length: 5"), 400),
        (with_header(b"Long: " + b"x" * 9000), 431),
        (with_header(b"\r\n".join([b"Many: x"] * 200)), 431),
        (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400),
        (b"EHLO hutong\r\n\r\n", 400),
        (b"\r\n\r\n", 400),
    ],
)
def test_each_other_request_is_refused_with_its_status(head: bytes, code: int) -> None:
    assert ask(head) == code


def test_a_query_after_the_path_does_no_harm() -> None:
    assert ask(REQUEST.replace(b"GET / ", b"GET /?utm=1 ")) == 101


def test_a_browser_that_looks_in_is_told_what_this_is() -> None:
    response = answer(b"GET / HTTP/1.1\r\nHost: hutong\r\n\r\n", origins=(None,)).response
    assert status(response) == 426
    assert re.search(rb"^Upgrade: websocket\r$", response, re.MULTILINE)
    assert re.search(rb"^Connection: Upgrade, close\r$", response, re.MULTILINE)
    assert b"hutong.v1" in response.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize(
    ("origins", "origin", "code"),
    [
        ((None,), None, 101),
        ((None,), b"https://evil.example", 403),
        (("https://chat.example",), b"https://chat.example", 101),
        (("https://chat.example",), b"https://evil.example", 403),
        (("https://chat.example",), None, 403),
        (("*",), b"https://evil.example", 101),
        (("*",), None, 101),
    ],
)
def test_only_listed_origins_may_connect(origins: tuple[str | None, ...], origin: bytes | None, code: int) -> None:
    head = REQUEST if origin is None else with_header(b"Origin: " + origin)
    assert ask(head, origins=origins) == code


def test_the_librarys_logger_stays_silent_whatever_the_root_logger_says(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        answer(with_header(b"Cookie: canary"), origins=(None,))
    assert not SILENT.isEnabledFor(logging.CRITICAL)
    assert caplog.records == []
