"""A hook that keeps everything it is ever given: a webhook receiver in the demo's own process, which allows all."""

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

LONGEST = 1 << 20


@dataclass(slots=True)
class Record:
    """What has been given to the hook: every request whole, and the publications in them."""

    raw: list[bytes] = field(default_factory=list)
    publications: list[dict[str, Any]] = field(default_factory=list)

    def times_seen(self, text: str) -> int:
        """Return how many publications say exactly `text`."""
        return sum(text == _content(seen).get("text") for seen in self.publications)

    def holds(self, words: bytes) -> bool:
        """Say whether `words` are anywhere in what was received, headers included."""
        return any(words in request for request in self.raw)


class Receiver:
    """Serves on loopback for the length of a `with` block; `url` is where."""

    def __init__(self, record: Record) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(record))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="the record", daemon=True)

    @property
    def url(self) -> str:
        """The address hooks.toml names."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/record"

    def __enter__(self) -> Self:
        """Begin to serve."""
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        """Stop, and let go of the port."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _handler(record: Record) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # Connections are kept, as the server expects to use them again.
        disable_nagle_algorithm = True  # Or the answer's body would wait for the acknowledgement of its head.

        def do_POST(self) -> None:
            body = self.rfile.read(min(int(self.headers.get("Content-Length", "0")), LONGEST))
            record.raw.append(self.requestline.encode() + bytes(self.headers) + body)
            record.publications.append(json.loads(body))
            answer = b'{"verdict":"allow"}'
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing on stderr: what was received is in the record."""

    return Handler


def _content(publication: dict[str, Any]) -> dict[str, Any]:
    content = publication.get("data", {}).get("content", {})
    return content if isinstance(content, dict) else {}
