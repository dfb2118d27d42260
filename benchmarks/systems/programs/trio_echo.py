"""The bare echo server of `websockets.trio`, as its documentation has it: what a plain handler per connection costs.

It sends no pings: who measures answers none.
"""

import json
from contextlib import suppress
from functools import partial

import trio
from websockets.exceptions import ConnectionClosed
from websockets.trio.server import ServerConnection, serve


async def echo(connection: ServerConnection) -> None:
    """Send back what comes."""
    with suppress(ConnectionClosed):
        async for message in connection:
            await connection.send(message)


async def main() -> None:
    """Listen on a free port and say where."""
    async with trio.open_nursery() as nursery:
        opened = partial(serve, echo, 0, host="127.0.0.1", compression=None, ping_interval=None)
        server = await nursery.start(opened)
        port = server.listeners[0].socket.getsockname()[1]
        print(json.dumps({"listening": f"ws://127.0.0.1:{port}"}), flush=True)


if __name__ == "__main__":
    trio.run(main)
