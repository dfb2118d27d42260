"""The example receiver, asked by a real webhook: it judges what is signed and of now, once."""

import base64
import importlib.util
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import Any

import pytest

from compliance.verdicts import Allow, Reject
from server.clock import SystemClock
from server.hooks.settings import HookSettings, WebhookSource
from server.hooks.webhook import WebhookHook, body_of, signature
from tests.server.hooks.support import PACK, text, watching

FILE = Path(__file__).parents[2] / "examples" / "webhook_receiver.py"
KEY = b"k" * 32
SECRET = "whsec_" + base64.b64encode(KEY).decode()
PATIENCE_S = 30.0


@pytest.fixture
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("webhook_receiver", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def url(example: ModuleType) -> Iterator[str]:
    with example.Server(0, SECRET) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def posted(url: str, body: bytes, **headers: str) -> int:
    """Return the status that a message with these headers (`webhook_id` and so on) gets."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, data=body, headers=named, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:
            assert json.load(response)["verdict"]
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def signed(body: bytes, *, at: float, key: bytes = KEY, message: str = "one") -> dict[str, Any]:
    timestamp = str(int(at))
    return {
        "webhook_id": message,
        "webhook_timestamp": timestamp,
        "webhook_signature": f"v2,other {signature(key, message, timestamp, body)}",
    }


async def test_it_judges_what_a_server_asks(url: str) -> None:
    source = WebhookSource(url=url, secret=KEY, version="1", failures=5, rest_s=1.0)
    settings = HookSettings(name="far", source=source, watches=watching())
    hook = WebhookHook(settings, source, grounds=PACK.grounds, clock=SystemClock())
    try:
        assert (await hook.ask(text("hello"), PATIENCE_S)).outcome == Allow()
        said = (await hook.ask(text("Please SPREAD this!"), PATIENCE_S)).outcome
        assert isinstance(said, Reject)
        assert (said.where[0].start, said.where[0].end) == (7, 18)
    finally:
        await hook.close()


def test_it_believes_nothing_with_another_signature(url: str) -> None:
    body = body_of(text("hello"))
    assert posted(url, body, **signed(body, at=time.time(), key=b"x" * 32)) == 401
    assert posted(url, body) == 401
    assert posted(url, body + b" ", **signed(body, at=time.time())) == 401


def test_it_believes_nothing_old_and_nothing_from_the_future(url: str) -> None:
    body = body_of(text("hello"))
    assert posted(url, body, **signed(body, at=time.time() - 400)) == 409
    assert posted(url, body, **signed(body, at=time.time() + 400)) == 409


def test_it_believes_a_message_once(url: str) -> None:
    body = body_of(text("hello"))
    now = time.time()
    assert posted(url, body, **signed(body, at=now)) == 200
    assert posted(url, body, **signed(body, at=now)) == 409
    assert posted(url, body, **signed(body, at=now, message="two")) == 200


def test_it_reads_no_more_than_a_publication(url: str, example: ModuleType) -> None:
    assert posted(url, b"x" * (example.BODY_BYTES + 1)) == 413
