"""The opening handshake (RFC 6455 §4.2): the head of one HTTP request in, one answer out. No socket."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol
from websockets.typing import Origin, Subprotocol

from server.net.settings import ANY_ORIGIN

SUBPROTOCOL = Subprotocol("hutong.v1")
HEAD_BYTES = 16 << 10
HEAD_END = b"\r\n\r\n"

# The library logs payloads at DEBUG. This logger is in nobody's tree, so no configuration can lower its level.
SILENT = logging.Logger("hutong.websocket", level=logging.CRITICAL + 1)  # noqa: LOG001

_WHAT_THIS_IS = "This is a hutong chat server. It speaks WebSocket, subprotocol hutong.v1, on path /.\n"


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the client; `accepted` if it is the switch to WebSocket."""

    response: bytes
    accepted: bool


def answer(head: bytes, *, origins: Sequence[str | None]) -> Answer:
    """Answer the request whose head, up to its blank line, is `head`.

    `origins` are the acceptable Origin headers: None for its absence, "*" for any.
    """
    protocol = ServerProtocol(
        origins=None if ANY_ORIGIN in origins else [None if each is None else Origin(each) for each in origins],
        subprotocols=[SUBPROTOCOL],
        logger=SILENT,
    )
    protocol.receive_data(head)
    requests = protocol.events_received()
    if not requests:
        # The library answers heads that are too long and is silent about those that are no HTTP.
        said = b"".join(protocol.data_to_send())
        return Answer(said or refusal(HTTPStatus.BAD_REQUEST, "This is no HTTP request.\n"), accepted=False)
    request = requests[0]
    assert isinstance(request, Request)
    response = _respond(protocol, request)
    return Answer(response.serialize(), accepted=response.status_code == HTTPStatus.SWITCHING_PROTOCOLS)


def _respond(protocol: ServerProtocol, request: Request) -> Response:
    if request.path.partition("?")[0] != "/":
        return protocol.reject(HTTPStatus.NOT_FOUND, _WHAT_THIS_IS)
    if request.method == "GET" and "Upgrade" not in request.headers:
        response = protocol.reject(HTTPStatus.UPGRADE_REQUIRED, _WHAT_THIS_IS)
        _name_the_upgrade(response.headers)
        return response
    response = protocol.accept(request)
    if response.status_code == HTTPStatus.UPGRADE_REQUIRED:
        _name_the_upgrade(response.headers)
    return response


def _name_the_upgrade(headers: Headers) -> None:
    """RFC 9110 §15.5.22: a 426 names what to upgrade to, and §7.8: as an option of the connection."""
    for name, value in (("Upgrade", "websocket"), ("Connection", "Upgrade, close")):
        if name in headers:
            del headers[name]
        headers[name] = value


def refusal(status: HTTPStatus, text: str) -> bytes:
    """Return an HTTP response that ends the connection, for requests that were not even read."""
    return ServerProtocol(logger=SILENT).reject(status, text).serialize()
