"""mosquitto: an MQTT broker. One topic is the room; everything is QoS 0, which is neither stored nor acknowledged.

No log, no persistence, no $SYS topics, Nagle's algorithm off; a client may owe as much as it likes.
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

PROGRAM = "mosquitto"
_SETTINGS = """
user root
allow_anonymous true
log_dest none
connection_messages false
persistence false
sys_interval 0
set_tcp_nodelay true
max_queued_messages 0
max_inflight_messages 0
listener {port} 127.0.0.1
max_connections -1
"""
_CONNECT, _PUBLISH, _SUBSCRIBE = 0x10, 0x30, 0x82  # MQTT 3.1.1, §2.2.
_CLEAN_SESSION = b"\x04\x02\x00\x00"  # §3.1: the protocol's level, the flag, and no keep-alive.
_CONNECTED, _SUBSCRIBED = b"\x20\x02\x00\x00", b"\x90\x03\x00\x01\x00"  # §3.2 and §3.9: no error.
_REFUSALS = (*(b"\x20\x02\x00%c" % code for code in range(1, 6)), b"\x90\x03\x00\x01\x80")


@dataclass(slots=True)
class Published:
    """What is heard on a connection: `PUBLISH` packets (MQTT 3.1.1, §3.3), of which none is acknowledged."""

    acks: int = 0
    _rest: bytes = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Take what was received; return the bodies that are complete with it.

        Raises:
            ConnectionError: The server sent something else.
        """
        received, at, bodies = self._rest + data, 0, []
        while True:
            length, begins = _length(received, at + 1)
            if begins + length > len(received) or not begins:
                break
            if received[at] != _PUBLISH:
                raise ConnectionError(f"not a publication: {received[at : begins + length]!r}")
            topic = int.from_bytes(received[begins : begins + 2], "big")
            at = begins + length
            bodies.append(received[begins + 2 + topic : at])
        self._rest = received[at:]
        return bodies


@dataclass(frozen=True, slots=True)
class Publishes:
    """Says things on a topic."""

    topic: bytes

    def say(self, number: int, text: bytes) -> bytes:  # noqa: ARG002 - publications of QoS 0 are not numbered.
        """Return the packet that publishes `text`."""
        return _packet(_PUBLISH, _string(self.topic) + text)


class Mosquitto(Broker):
    """mosquitto."""

    name = PROGRAM
    heard, publishes = Published, Publishes

    def version(self) -> str:
        """Return the version that would be run."""
        return said(program(PROGRAM) or PROGRAM, "-h").rpartition(" ")[2]

    def serve(self) -> AbstractContextManager[Running]:
        """Run it."""
        return hosted(_set_up)

    def subscribed(self, server: Running, subjects: Sequence[bytes]) -> list[Line]:
        """Return connections of clean sessions without pings."""
        lines = []
        for number, subject in enumerate(subjects):
            line = Line(server, _REFUSALS)
            line.send(_packet(_CONNECT, _string(b"MQTT") + _CLEAN_SESSION + _string(b"m%d" % number)))
            line.until(_CONNECTED)
            line.send(_packet(_SUBSCRIBE, b"\x00\x01" + _string(subject) + b"\x00"))
            line.until(_SUBSCRIBED)
            lines.append(line)
        return lines


def _set_up(folder: Path, port: int) -> Setup:
    settings = {"settings": _SETTINGS.format(port=port)}
    return Setup([program(PROGRAM) or PROGRAM, "-c", str(folder / "settings")], settings)


def _string(text: bytes) -> bytes:
    return len(text).to_bytes(2, "big") + text


def _packet(head: int, rest: bytes) -> bytes:
    length, digits = len(rest), bytearray()
    while True:  # MQTT 3.1.1, §2.2.3.
        length, digit = divmod(length, 128)
        digits.append(digit | (0x80 if length else 0))
        if not length:
            return bytes((head, *digits)) + rest


def _length(received: bytes, at: int) -> tuple[int, int]:
    """Return how long the rest of the packet is and where it begins; 0, 0 if that has not come yet."""
    length = shift = 0
    for place, digit in enumerate(received[at : at + 4], at):
        length |= (digit & 0x7F) << shift
        shift += 7
        if digit < 0x80:
            return length, place + 1
    return 0, 0
