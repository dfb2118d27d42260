"""One room on `websockets.trio`: whatever anybody says, `broadcast()` sends to all.

Whoever has come in is told so with an empty message, so that a client knows that it is in.
"""

import json
from contextlib import suppress
from functools import partial

import trio
from websockets.exceptions import ConnectionClosed
from websockets.trio.server import ServerConnection, broadcast, serve


async def main() -> None:
    """Listen on a free port and say where."""
    clients = set[ServerConnection]()

    async def handler(connection: ServerConnection) -> None:
        clients.add(connection)
        try:
            with suppress(ConnectionClosed):
                await connection.send(b"")
                async for message in connection:
                    await broadcast(clients, message)
        finally:
            clients.remove(connection)

    listen = partial(
        serve,
        handler,
        0,
        host="127.0.0.1",
        backlog=4096,
        compression=None,
        ping_interval=None,
        max_queue=None,
    )
    async with trio.open_nursery() as nursery:
        server = await nursery.start(listen)
        port = server.listeners[0].socket.getsockname()[1]
        print(json.dumps({"listening": f"ws://127.0.0.1:{port}"}), flush=True)


if __name__ == "__main__":
    trio.run(main)
