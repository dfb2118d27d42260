"""Servers with hooks: the files that name them, the lists they read, and the far end of a webhook."""

import base64
import json
import random
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from benchmarks.checks import list_of
from benchmarks.gate import hanging
from benchmarks.servers import Running, hutongd
from protocol.limits import PUBLIC_GROUP_MEMBERS

UNHEARD = "zyzzyva"  # In none of the texts; a term that ends in it is never found, however far it is followed.
PLUGIN = Path(hanging.__file__).resolve()
_SECRET = "whsec_" + base64.b64encode(bytes(32)).decode()

_BUILT_IN = """
[terms]
check = "terms"
options = {{ lists = [{{ file = "terms.txt", action = "label", label = "listed" }}] }}

[chain]
check = "chain"

[links]
check = "links"
options = {{ deny = ["example.com"] }}

[length]
check = "length"

[current_affairs]
check = "current_affairs"
"""
_PLUGIN = """
[{name}]
file = "{plugin}"
on_error = "reject"
deadline_ms = {deadline_ms}
"""
_WEBHOOK = """
[webhook]
webhook = "{url}"
secret = "{secret}"
deadline_ms = 5000
"""


@dataclass(slots=True)
class HooksFile:
    """A hooks file being written: what it names, in the order it was asked for."""

    folder: Path
    seed: int
    tables: list[str] = field(default_factory=list)

    def checks(self, count: int, *, found: bool = False) -> None:
        """Add all built-in checks, with a list of `count` terms; `found`: such as occur in the texts of the load."""
        listed = list_of(count, random.Random(self.seed)).splitlines()
        text = "\n".join(listed if found else [f"{term} {UNHEARD}" for term in listed])
        (self.folder / "terms.txt").write_text(text, encoding="utf-8")
        self.tables.append(_BUILT_IN.format())

    def plugins(self, *names: str, deadline_ms: int) -> None:
        """Add plugins, each in a host of its own."""
        for name in names:
            self.tables.append(_PLUGIN.format(name=name, plugin=PLUGIN, deadline_ms=deadline_ms))

    def webhook(self, url: str) -> None:
        """Add a webhook."""
        self.tables.append(_WEBHOOK.format(url=url, secret=_SECRET))

    def ten(self, count: int, url: str, *, deadline_ms: int) -> None:
        """Add hooks of every kind: the five checks, four plugins, and a webhook at `url`."""
        self.checks(count)
        self.plugins("one", "two", "three", "four", deadline_ms=deadline_ms)
        self.webhook(url)

    def write(self) -> Path:
        path = self.folder / "hooks.toml"
        path.write_text("".join(self.tables), encoding="utf-8")
        return path


Hooks = Literal["none", "checks", "checks that find", "a plugin", "ten"]


@contextmanager
def gated(
    hooks: Hooks,
    *,
    terms: int,
    seed: int,
    deadline_ms: int = 5000,
    pack: str = "open",
    data: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Running]:
    """Run hutongd with these hooks; `terms`: how many are on the list of its checks. The rest: as for `hutongd`.

    By default plugins have so much time that on a busy machine, too, none is late.
    """
    with TemporaryDirectory(prefix="hutong-hooks-") as folder, ExitStack() as stack:
        file = HooksFile(Path(folder), seed)
        match hooks:
            case "checks" | "checks that find":
                file.checks(terms, found=hooks == "checks that find")
            case "a plugin":
                file.plugins("plugin", deadline_ms=deadline_ms)
            case "ten":
                file.ten(terms, stack.enter_context(receiver()), deadline_ms=deadline_ms)
        named = {"HUTONG_COMPLIANCE_HOOKS": str(file.write())} if file.tables else {}
        settings = {
            "HUTONG_COMPLIANCE_PACK": pack,
            "HUTONG_LIMITS_CONNECTIONS": "1000000",
            "HUTONG_LIMITS_HEARTBEAT_S": "3600",  # Those who only listen answer no pings.
            "HUTONG_LIMITS_PUBLIC_GROUP_MEMBERS": str(PUBLIC_GROUP_MEMBERS),
            "HUTONG_RATES_PUBLISH": "off",
            "HUTONG_SERVER_LOG_LEVEL": "error",  # A hook that fails is a warning; the load counts them itself.
        }
        with hutongd(data, environment={**settings, **named, **(environment or {})}) as server:
            yield server


class _Allows(BaseHTTPRequestHandler):
    """Has nothing against anything."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        said = json.dumps({"verdict": "allow"}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def receiver() -> Iterator[str]:
    """Run the far end of a webhook, which allows everything; yield where it is."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Allows) as receiver:
        receiver.daemon_threads = True
        receiver.block_on_close = False
        thread = threading.Thread(target=receiver.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{receiver.server_port}/"
        finally:
            receiver.shutdown()
            thread.join()
