"""What is counted where nobody can measure: calls of the system, and of functions, on this thread."""

import socket
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import BuiltinMethodType, FrameType
from typing import Any

_SELECTOR = {"select", "register", "unregister", "modify"}
_WRITES = {"send", "sendall", "sendmsg", "sendto"}


class SystemCalls:
    """What this thread asks of the system while `counting`: of sockets, of a selector, of `os`.

    `made`: calls by name. `to`: of calls of sockets, by name and the socket's file descriptor.
    """

    def __init__(self) -> None:
        self.made: Counter[str] = Counter()
        self.to: Counter[tuple[str, int]] = Counter()

    @property
    def writes(self) -> dict[int, int]:
        """How many calls wrote to each file descriptor that anything was written to."""
        written: Counter[int] = Counter()
        for (name, fileno), times in self.to.items():
            if name in _WRITES:
                written[fileno] += times
        return dict(written)

    @contextmanager
    def counting(self) -> Iterator[None]:
        sys.setprofile(self._called)
        try:
            yield
        finally:
            sys.setprofile(None)

    def _called(self, frame: FrameType, event: str, called: Any) -> None:
        if event == "call" and frame.f_code.co_name in _SELECTOR and _module(frame) == "selectors":
            if frame.f_back is not None and _module(frame.f_back) != "selectors":  # One may be made of others.
                self.made[frame.f_code.co_name] += 1
        elif event == "c_call" and isinstance(called, BuiltinMethodType) and called.__name__ != "fileno":
            whose = called.__self__
            if isinstance(whose, socket.SocketType):
                self.made[called.__name__] += 1
                self.to[called.__name__, whose.fileno()] += 1
            elif getattr(whose, "__name__", "") in {"posix", "_socket", "select"} or _is_selector(whose, frame):
                self.made[called.__name__] += 1


@contextmanager
def calls_of(*functions: Callable[..., Any]) -> Iterator[Counter[str]]:
    """Count the calls of these, from wherever they are called and by whatever name, for the length of the block."""
    codes = {function.__code__: function.__name__ for function in functions}
    made: Counter[str] = Counter()

    def called(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code in codes:
            made[codes[frame.f_code]] += 1

    sys.setprofile(called)
    try:
        yield made
    finally:
        sys.setprofile(None)


def _module(frame: FrameType) -> str:
    name: str = frame.f_globals.get("__name__", "")
    return name


def _is_selector(whose: object, frame: FrameType) -> bool:
    """Say whether this is one of the system's, used past `selectors`."""
    return type(whose).__module__ == "select" and _module(frame) != "selectors"
