"""One room on `websockets.asyncio`: whatever anybody says, `broadcast()` sends to all.

Whoever has come in is told so with an empty message, so that a client knows that it is in.
"""

import asyncio
import json
from contextlib import suppress

from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed


async def main() -> None:
    """Listen on a free port and say where."""
    clients = set[ServerConnection]()

    async def handler(connection: ServerConnection) -> None:
        clients.add(connection)
        try:
            with suppress(ConnectionClosed):
                await connection.send(b"")
                async for message in connection:
                    broadcast(clients, message)
        finally:
            clients.remove(connection)

    async with serve(
        handler,
        "127.0.0.1",
        0,
        backlog=4096,
        compression=None,
        ping_interval=None,
        max_queue=None,
        write_limit=1 << 24,
    ) as server:
        port = server.sockets[0].getsockname()[1]
        print(json.dumps({"listening": f"ws://127.0.0.1:{port}"}), flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
