"""A webhook's far end: keeps each request it gets, head and body, and has nothing against anything."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
_ALLOW = b'{"verdict": "allow"}'


class Receiver(ThreadingHTTPServer):
    """`got`: all requests so far. `url`: where it listens."""

    daemon_threads = True

    def __init__(self) -> None:
        self.got: list[bytes] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/judge"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append(f"{self.requestline}\n{self.headers}".encode() + body)
        self.send_response(200)
        self.send_header("content-length", str(len(_ALLOW)))
        self.end_headers()
        self.wfile.write(_ALLOW)

    def log_message(self, *_: object) -> None:
        """Say nothing: what is tested is what the server says."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Receive for the length of the block."""
    with Receiver() as receiver:
        thread = Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield receiver
        finally:
            receiver.shutdown()
            thread.join()
