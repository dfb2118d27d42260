"""One room on picows: whatever anybody says, its `transport.send` sends to all, one after the other.

Whoever has come in is told so with an empty message, so that a client knows that it is in.
"""

import asyncio
import json

from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server


class Client(WSListener):
    """One who is in the room."""

    def __init__(self, clients: set[WSTransport]) -> None:
        self._clients = clients

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Let them in."""
        self._clients.add(transport)
        transport.send(WSMsgType.BINARY, b"")

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Let them go."""
        self._clients.discard(transport)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Send what they say to all."""
        if frame.msg_type is WSMsgType.CLOSE:
            transport.disconnect()
            return
        message, binary = frame.get_payload_as_bytes(), WSMsgType.BINARY
        for client in self._clients:
            client.send(binary, message)


async def main() -> None:
    """Listen on a free port and say where."""
    clients = set[WSTransport]()

    def admit(request: WSUpgradeRequest) -> Client:  # noqa: ARG001
        return Client(clients)

    server = await ws_create_server(admit, "127.0.0.1", 0, backlog=4096)
    port = server.sockets[0].getsockname()[1]
    print(json.dumps({"listening": f"ws://127.0.0.1:{port}"}), flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
