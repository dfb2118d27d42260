"""ws: the WebSocket server of Node.js.

Its broadcast is its README's loop: `client.send` for each of `server.clients` that is open. Compression is off, and it
sends no pings by itself. Its optional `bufferutil` is left out: it speeds up unmasking, of which there is one here for
each message and not for each delivery.
"""

import json
from contextlib import AbstractContextManager
from pathlib import Path

from platformdirs import user_cache_path

from benchmarks.servers import Running, running
from benchmarks.systems.machine import missing, program, said
from benchmarks.systems.websocket import OneRoom

FOLDER = user_cache_path("hutong-bench") / "npm"
_MODULES = FOLDER / "node_modules"
_PROGRAM = Path(__file__).parent / "programs" / "ws_room.js"


class Ws(OneRoom):
    """A room of ws."""

    name = "ws"

    def version(self) -> str:
        """Return the version that would be run, and that of Node.js."""
        version = json.loads((_MODULES / "ws" / "package.json").read_text(encoding="utf-8"))["version"]
        return f"{version} (node {said('node', '--version').removeprefix('v')})"

    def missing(self) -> str | None:
        """Return why it cannot be run here; None if it can."""
        if program("node") is None:
            return missing(self.name, "node")
        return None if (_MODULES / "ws").is_dir() else missing(self.name, f"npm package ws in {FOLDER}")

    def serve(self) -> AbstractContextManager[Running]:
        """Run the room."""
        return running([program("node") or "node", str(_PROGRAM)], {"NODE_PATH": str(_MODULES)})
