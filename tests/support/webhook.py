"""A webhook whose answers wait until a test lets them go."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import trio

SECRET = "whsec_" + "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
Judges = Callable[[dict[str, Any]], dict[str, Any]]


def allows(publication: dict[str, Any]) -> dict[str, Any]:
    """Have nothing against anything."""
    return {"verdict": "allow"}


@dataclass
class Webhook:
    """`asked`: the publications it was posted, in order. What is `stuck` is answered once `gate` is set."""

    url: str = ""
    judges: Judges = allows
    stuck: Callable[[dict[str, Any]], bool] = lambda _: False
    asked: list[dict[str, Any]] = field(default_factory=list)
    gate: trio.Event = field(default_factory=trio.Event)
    news: trio.Event = field(default_factory=trio.Event)

    async def is_asked(self, words: str) -> None:
        """Wait until it has been asked about a publication with these words."""
        while not any(words in json.dumps(publication, ensure_ascii=False) for publication in self.asked):
            await self.news.wait()

    async def serve(self, stream: trio.SocketStream) -> None:
        """Answer one connection's requests, one after another."""
        async with stream:
            data = b""
            while True:
                while b"\r\n\r\n" not in data:
                    got = await stream.receive_some()
                    if not got:
                        return
                    data += got
                head, _, data = data.partition(b"\r\n\r\n")
                length = next(
                    int(line.partition(b":")[2])
                    for line in head.split(b"\r\n")
                    if line.lower().startswith(b"content-length:")
                )
                while len(data) < length:
                    data += await stream.receive_some()
                body, data = data[:length], data[length:]
                await stream.send_all(await self._answer(json.loads(body)))

    async def _answer(self, asked: dict[str, Any]) -> bytes:
        publication: dict[str, Any] = asked["data"]
        self.asked.append(publication)
        self.news.set()
        self.news = trio.Event()
        if self.stuck(publication):
            await self.gate.wait()
        body = json.dumps(self.judges(publication)).encode()
        return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)

    def settings(self, **keys: object) -> str:
        """Return a hooks file with this webhook and nothing else."""
        lines = {"webhook": self.url, "secret": SECRET, "deadline_ms": 60_000, "on_error": "hold"} | keys
        return "[far]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in lines.items())


@asynccontextmanager
async def webhook(judges: Judges = allows) -> AsyncIterator[Webhook]:
    """Serve one on loopback for the length of the block; at its end nobody waits any more."""
    hook = Webhook(judges=judges)
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, hook.serve, 0, host="127.0.0.1"))
        hook.url = f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}/"
        yield hook
        nursery.cancel_scope.cancel()
