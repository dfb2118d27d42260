"""A webhook that judges publications for hutong: what is needed on the other side, with the standard library alone.

    HUTONG_SECRET=whsec_… python examples/webhook_receiver.py 8460

It believes nothing that is not signed with the secret, of just now, and answers what `judge` says. Copy it, and write
a `judge` of your own. In front of the internet put something that ends TLS.
"""

import base64
import hashlib
import hmac
import json
import os
import re
import sys
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WINDOW_S = 300  # How old a message may be, and how far ahead its clock: what is older may be a replay.
BODY_BYTES = 256 * 1024


def judge(publication: dict[str, Any]) -> dict[str, Any]:
    """Return the verdict on `publication`: allow, label, hold or reject."""
    text = publication["content"].get("text", "")
    if found := re.search("spread this", text, re.IGNORECASE):
        return {
            "verdict": "reject",
            "ground": "truthfulness",  # One of the pack's codes.
            "text": "Chain letters are not published here.",
            "where": [{"path": "text", "start": found.start(), "end": found.end()}],
        }
    return {"verdict": "allow"}


class Seen:
    """The ids of the last messages: within the window, a message counts once."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def again(self, message: str, now: float) -> bool:
        """Say whether `message` has been there before, and remember it."""
        self._until = {known: until for known, until in self._until.items() if until > now}
        if message in self._until:
            return True
        self._until[message] = now + 2 * WINDOW_S
        return False


def is_signed(secret: str, message: str, timestamp: str, signatures: str, body: bytes) -> bool:
    """Say whether one of `signatures` is that of the message with this secret (Standard Webhooks, `v1`)."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message}.{timestamp}.".encode() + body
    wanted = "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    return any(hmac.compare_digest(wanted.encode(), given.encode()) for given in signatures.split())


def is_of_now(timestamp: str, now: float) -> bool:
    """Say whether `timestamp` (Unix seconds) lies within the window around `now`."""
    return timestamp.isdecimal() and abs(now - int(timestamp)) <= WINDOW_S


class Receiver(BaseHTTPRequestHandler):
    """Answers one connection after the other message by message."""

    protocol_version = "HTTP/1.1"  # Else hutong would have to connect anew for every publication.
    server: "Server"

    def do_POST(self) -> None:
        """Check who speaks, then judge."""
        length = self.headers.get("content-length", "")
        if not length.isdecimal() or int(length) > BODY_BYTES:
            self.close_connection = True
            self._answer(413, {"error": "a publication has a content-length, and not so much of it"})
            return
        body = self.rfile.read(int(length))
        message, timestamp = self.headers.get("webhook-id", ""), self.headers.get("webhook-timestamp", "")
        signatures, now = self.headers.get("webhook-signature", ""), time.time()
        if not is_signed(self.server.secret, message, timestamp, signatures, body):
            self._answer(401, {"error": "the signature is not that of this secret"})
        elif not is_of_now(timestamp, now) or self.server.seen.again(message, now):
            self._answer(409, {"error": "this message is too old, or was here before"})
        else:
            self._answer(200, {"id": message, **judge(json.loads(body)["data"])})  # Which one it is about.

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so.
        """Say nothing: hutong has a log of what it asked."""

    def _answer(self, status: int, plain: dict[str, Any]) -> None:
        body = json.dumps(plain).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """Listens on 127.0.0.1."""

    daemon_threads = True

    def __init__(self, port: int, secret: str) -> None:
        super().__init__(("127.0.0.1", port), Receiver)
        self.secret = secret
        self.seen = Seen()


def main() -> None:
    """Listen on the port of the command line until Ctrl-C."""
    with Server(int(sys.argv[1]), os.environ["HUTONG_SECRET"]) as server:
        print(f"judging on http://127.0.0.1:{server.server_port}/", flush=True)
        with suppress(KeyboardInterrupt):
            server.serve_forever()


if __name__ == "__main__":
    main()
