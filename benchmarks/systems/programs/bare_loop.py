"""The bare loop: what is read from one socket is written to many. The least that telling many can cost here.

The first line of stdout says where it listens. Who connects first says how many they are, speaks, and hears as all do.
"""

import json
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress

from benchmarks.systems.base import BODY_BYTES

COUNT_BYTES = 4
BACKLOG = 4096


def tell(speaker: socket.socket, hearers: Sequence[socket.socket]) -> None:
    """Write what `speaker` says to all `hearers` until it hangs up: messages read in one go are written in one go."""
    rest = b""
    while received := speaker.recv(1 << 18):
        rest += received
        whole = len(rest) - len(rest) % BODY_BYTES
        messages, rest = rest[:whole], rest[whole:]
        for hearer in hearers:
            try:
                sent = hearer.send(messages, socket.MSG_DONTWAIT)
            except BlockingIOError:
                sent = 0
            if sent < whole:
                hearer.sendall(messages[sent:])  # It has fallen behind; all wait for it, so that nothing is lost.


def main() -> None:
    """Serve one room."""
    with socket.create_server(("127.0.0.1", 0), backlog=BACKLOG) as listener:
        host, port = listener.getsockname()
        sys.stdout.write(json.dumps({"listening": f"tcp://{host}:{port}"}) + "\n")
        sys.stdout.flush()
        speaker, _ = listener.accept()
        count = int.from_bytes(speaker.recv(COUNT_BYTES), "big")
        hearers = [speaker, *(listener.accept()[0] for _ in range(count - 1))]
        for hearer in hearers:
            hearer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(ConnectionError):  # Those who measure hang up when they are done.
            tell(speaker, hearers)


if __name__ == "__main__":
    main()
