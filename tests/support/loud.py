"""`hutongd serve` as talkative as Python can be made, with faults that quote what people say: run as a module.

The root logger is at DEBUG, with a second handler that prints records as they are. Whoever writes one of FAULTS into a
body makes that place of the server raise an exception whose message is the whole of what it was given.
"""

import logging
import os
import sys
from collections.abc import Callable
from typing import Any

import trio

from server import logs, session
from server.config import load
from server.handlers.messages import Messages
from server.hub import Hub
from server.serving import serve
from server.store.log import Log

CONTROL = "the root logger is heard"
LINK, HANDLER, STORE, EVERYTHING = b"trip the link", b"trip the handler", b"trip the store", b"trip everything"
FAULTS = {
    LINK: (session, "decode_request"),
    HANDLER: (Messages, "send"),
    STORE: (Log, "post"),
    EVERYTHING: (Hub, "committed"),
}


def plant(place: Any, name: str, sign: bytes) -> None:
    """Make the function `name` of `place` raise when one of its arguments has `sign` in it."""
    healthy: Callable[..., Any] = getattr(place, name)

    def faulty(*arguments: Any, **more: Any) -> Any:
        said = repr((arguments, more))
        if sign.decode() in said:
            raise ValueError(said)
        return healthy(*arguments, **more)

    setattr(place, name, faulty)


def main() -> None:
    """Serve from the data directory that `--data` names until stopped."""
    _, flag, directory = sys.argv
    settings = load(None, os.environ, {"server.data": directory} if flag == "--data" else {})
    for sign, (place, name) in FAULTS.items():
        plant(place, name, sign)
    logs.configure("debug")
    root = logging.getLogger()
    plain = logging.StreamHandler()
    plain.setFormatter(logging.Formatter("%(name)s %(message)s %(args)s"))
    root.addHandler(plain)
    root.setLevel(logging.DEBUG)
    root.debug(CONTROL)
    logs.hook()
    trio.run(serve, settings)


if __name__ == "__main__":
    main()
