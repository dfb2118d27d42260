"""What is asked alike of what is private and of what is public: which half decides. Neither half knows the other."""

from collections.abc import Callable
from typing import Any

from protocol.errors import ErrorCode
from protocol.ids import PUBLIC_MARK
from server.outcomes import NOT_FOUND, Caller, Decision, Refuse

Handler = Callable[[Any, Caller, int], Decision]

_ONE_THING = Refuse(ErrorCode.BAD_REQUEST, "name one thing: a `moment`; or `topic` and `seq` of what is public")


def nothing(_request: Any, _caller: Caller, _at: int) -> Decision:
    """Decide what is asked of a side that has no such thing."""
    return NOT_FOUND


def by_root(private: Handler, public: Handler) -> Handler:
    """Return what decides requests that name a `moment`, or a public entry by `topic` and `seq`."""

    def decide(request: Any, caller: Caller, at: int) -> Decision:
        match request.moment, request.topic, request.seq:
            case str(), None, None:
                return private(request, caller, at)
            case None, str(), int():
                return public(request, caller, at)
            case _:
                return _ONE_THING

    return decide


def by_comment(private: Handler, public: Handler) -> Handler:
    """Return what decides requests that name a `comment`: its id says on which side it is."""

    def decide(request: Any, caller: Caller, at: int) -> Decision:
        half = public if request.comment.startswith(PUBLIC_MARK) else private
        return half(request, caller, at)

    return decide
