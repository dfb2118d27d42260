"""kill -9 while hooks judge: what was submitted is judged by the next server, once, and nobody has to say it again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import trio

from client.session import Session
from protocol.decisions import SubmissionState
from protocol.public import Submissions
from tests.support.daemon import PATIENCE_S
from tests.support.town import open_town

HOOKS = """
[far]
webhook = "http://127.0.0.1:{port}/judge"
secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
deadline_ms = 60000
"""


class Silent:
    """The far end of a webhook that is asked and never answers."""

    def __init__(self) -> None:
        self.port = 0
        self.asked = 0
        self._news = trio.Event()

    async def serve(self, task_status: trio.TaskStatus[None]) -> None:
        async with trio.open_nursery() as nursery:
            listener, *_ = await nursery.start(partial(trio.serve_tcp, self._hear, 0, host="127.0.0.1"))
            self.port = listener.socket.getsockname()[1]
            task_status.started()

    async def _hear(self, stream: trio.SocketStream) -> None:
        try:
            while data := await stream.receive_some():
                self.asked += data.count(b"POST /judge")
                self._news.set()
                self._news = trio.Event()
        except trio.BrokenResourceError:
            pass  # The server was killed.

    async def is_asked(self, times: int) -> None:
        with trio.fail_after(PATIENCE_S):
            while self.asked < times:
                await self._news.wait()


@asynccontextmanager
async def silence() -> AsyncIterator[Silent]:
    """Listen without a word for the length of the block."""
    silent = Silent()
    async with trio.open_nursery() as nursery:
        await nursery.start(silent.serve)
        yield silent
        nursery.cancel_scope.cancel()


async def test_what_is_being_judged_when_the_server_is_killed_is_judged_by_the_next_one(tmp_path: Path) -> None:
    file = tmp_path / "hooks.toml"
    async with silence() as far:
        file.write_text(HOOKS.format(port=far.port), encoding="utf-8")
        async with open_town(tmp_path, {"compliance.hooks": file}) as town:
            ann, ben = await town.settle("ann", "ben")
            lane = await ann.founds_public(ben)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(ben.publishes, "one of two", lane)
                await far.is_asked(1)
                await town.daemon.kill()
                file.write_text("", encoding="utf-8")  # The next server has no hooks: it decides at once.
                await town.daemon.start()
            await ann.reads("one of two")
            await ben.catches_up()
            assert ann.public_texts(lane) == ["one of two"]
            (own,) = (await ben.asks(Submissions(id=0))).submissions
            assert own.state is SubmissionState.PUBLISHED


async def test_nobody_needs_to_come_back_for_it(tmp_path: Path) -> None:
    """Its author is gone for good; it was durable before anybody judged it."""
    file = tmp_path / "hooks.toml"
    async with silence() as far:
        file.write_text(HOOKS.format(port=far.port), encoding="utf-8")
        async with open_town(tmp_path, {"compliance.hooks": file}) as town:
            ann, ben = await town.settle("ann", "ben")
            lane = await ann.founds_public(ben)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(published_into_the_void, ben.session, lane)
                await far.is_asked(1)
                await town.daemon.kill()
                nursery.cancel_scope.cancel()
            await ben.goes_offline()
            file.write_text("", encoding="utf-8")
            await town.daemon.start()
            await ann.reads("last words")
            await town.daemon.logged("gate.recovered")


async def published_into_the_void(session: Session, lane: str) -> None:
    await session.publish("last words", topic=lane)  # type: ignore[arg-type]


async def test_a_slow_hook_holds_up_nobody_who_chats(tmp_path: Path) -> None:
    file = tmp_path / "hooks.toml"
    async with silence() as far:
        file.write_text(HOOKS.format(port=far.port), encoding="utf-8")
        async with open_town(tmp_path, {"compliance.hooks": file, "server.drain_s": "0"}) as town:
            ann, ben = await town.settle("ann", "ben")
            lane = await ann.founds_public(ben)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(ben.publishes, "slowly", lane)
                await far.is_asked(1)
                for number in range(20):
                    await ben.says(f"quickly {number}", to=ann)
                await ann.hears("quickly 19")
                assert ann.public_texts(lane) == []
                nursery.cancel_scope.cancel()
