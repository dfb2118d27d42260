"""The bad line: what it lets through, what it loses, and that it recovers."""

import trio
import trio.testing

from benchmarks.town.badline import BadLine


async def heard(stream: trio.SocketStream) -> bytes:
    """Return what comes next; empty when the line is closed or broken."""
    try:
        return await stream.receive_some()
    except trio.BrokenResourceError:
        return b""


class Echo:
    """A server that notes what it is told, and says it back."""

    def __init__(self) -> None:
        self.told: list[bytes] = []

    async def serve(self, stream: trio.SocketStream) -> None:
        while said := await heard(stream):
            self.told.append(said)
            try:
                await stream.send_all(said)
            except trio.BrokenResourceError:
                return


async def open_line(nursery: trio.Nursery, echo: Echo) -> BadLine:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    nursery.start_soon(trio.serve_listeners, echo.serve, listeners)
    line = BadLine(("127.0.0.1", listeners[0].socket.getsockname()[1]))
    await nursery.start(line.run)
    return line


async def call(line: BadLine) -> trio.SocketStream:
    return await trio.open_tcp_stream("127.0.0.1", int(line.url.rpartition(":")[2]))


async def test_a_line_without_a_fault_brings_everything(nursery: trio.Nursery) -> None:
    async with await call(await open_line(nursery, Echo())) as device:
        await device.send_all(b"hello")
        assert await heard(device) == b"hello"


async def test_a_lost_answer_was_asked_for_all_the_same(nursery: trio.Nursery) -> None:
    echo = Echo()
    line = await open_line(nursery, echo)
    async with await call(line) as device:
        line.lose_next_answer()
        await device.send_all(b"hello")
        assert await heard(device) == b""
    assert echo.told == [b"hello"]
    assert line.answers_lost == 1


async def test_after_a_lost_answer_the_next_call_goes_through(nursery: trio.Nursery) -> None:
    line = await open_line(nursery, Echo())
    line.lose_next_answer()
    async with await call(line) as broken:
        await broken.send_all(b"hello")
        await heard(broken)
    async with await call(line) as device:
        await device.send_all(b"again")
        assert await heard(device) == b"again"


async def test_a_line_that_stood_still_brings_later_what_it_held_back(nursery: trio.Nursery) -> None:
    echo = Echo()
    line = await open_line(nursery, echo)
    came: list[bytes] = []
    async with await call(line) as device, trio.open_nursery() as listening:

        async def listen() -> None:
            came.append(await heard(device))

        line.stand_still()
        await device.send_all(b"hello")
        listening.start_soon(listen)
        await trio.testing.wait_all_tasks_blocked(0.05)
        assert echo.told == [b"hello"]
        assert came == []
        line.flow()
    assert came == [b"hello"]


async def test_a_line_to_a_server_that_is_not_there_closes(nursery: trio.Nursery) -> None:
    with trio.socket.socket() as nobody:
        await nobody.bind(("127.0.0.1", 0))  # And does not listen.
        line = BadLine(nobody.getsockname())
        await nursery.start(line.run)
        async with await call(line) as device:
            assert await heard(device) == b""
