"""One connection's conversation: messages in, frames out. Knows who is signed in and how much is under way."""

from dataclasses import replace
from itertools import count

from protocol.codec import decode_request, encode_refusal, encode_reply
from protocol.errors import CloseCode, CodecError, ErrorCode, ShapeError
from protocol.frames import REQUESTS, Hello, Login, Preferences, Reply, Request
from protocol.handles import HandleError, normalise
from protocol.ids import TopicId
from server.clock import Clock
from server.engine import Engine
from server.limits import Limits
from server.net.framing import binary_frame
from server.net.peer import Peer
from server.outcomes import Caller, OnDuty, Refuse

OFFENCES = 500  # Requests in a row that were malformed or too many: the peer does not listen, and is told to stay away.
OPERATIONS = {shape: name for name, shape in REQUESTS.items()}
_HELLO_FIRST = Refuse(ErrorCode.HELLO_FIRST, "say hello first")
_numbers = count(1)


class Session:
    """`in_flight`: requests of this connection under way at a time; at that many, it is not read."""

    __slots__ = (
        "_clock",
        "_engine",
        "_greeted",
        "_held",
        "_in_flight",
        "_limits",
        "_most",
        "_number",
        "_offences",
        "_waits",
        "caller",
        "gone",
        "live",
        "officer",
        "peer",
    )

    def __init__(self, peer: Peer, *, engine: Engine, limits: Limits, clock: Clock, in_flight: int) -> None:
        self.peer = peer
        self._engine = engine
        self._limits = limits
        self._clock = clock
        self._most = in_flight
        self._number = next(_numbers)
        self._greeted = False
        self.gone = False
        self._held = False
        self._in_flight = 0
        self._waits = 0
        self._offences = 0
        self.caller: Caller | None = None
        self.officer: OnDuty | None = None
        self.live: list[TopicId] = []

    @property
    def signed_in(self) -> bool:
        """Whether the deadline for signing in no longer applies."""
        return self.caller is not None or self.officer is not None

    # Called by the link.

    def receive(self, message: bytes) -> None:
        """Take one binary message."""
        if self.gone:
            return
        try:
            request = decode_request(message)
        except CodecError as error:
            self.peer.close(CloseCode.MALFORMED, str(error))
            return
        except ShapeError as error:
            self._misshapen(error)
            return
        self._in_flight += 1
        refusal = self._too_often(request) or self._out_of_order(request)
        if refusal is not None:
            self.refuse(request, refusal)
        else:
            self._engine.begin(self, request)
        self._regulate()

    def disconnected(self) -> None:
        """The connection is gone."""
        self.gone = True
        self._engine.depart(self)

    # Called by the engine and the hub.

    def push(self, frame: bytes) -> None:
        """Queue a WebSocket frame."""
        self.peer.send(frame)

    def push_ephemeral(self, frame: bytes) -> None:
        """Queue a WebSocket frame unless this connection lags behind."""
        self.peer.send_ephemeral(frame)

    def sign_out(self) -> None:
        """Close: the device's token is worthless now."""
        self.close(CloseCode.SIGNED_OUT, "signed out")

    def reply(self, request: Request[Reply], reply: Reply) -> None:
        """Send the reply; the request is over."""
        self._greeted = self._greeted or isinstance(request, Hello)
        self._offences = 0
        self.peer.send(binary_frame(encode_reply(request.id, reply)))
        self._over()

    def refuse(self, request: Request[Reply], refusal: Refuse) -> None:
        """Send the refusal; the request is over."""
        self._send_refusal(request.id, refusal)
        if refusal.close is not None:
            self.peer.close(refusal.close, refusal.code.value)
        self._over()

    def enter(self, caller: Caller) -> bool:
        """Sign `caller` in, unless the connection is gone; say whether it is done."""
        if not self.gone:
            self.caller = caller
        return not self.gone

    def go_on_duty(self, officer: OnDuty) -> None:
        """Sign `officer` in."""
        self.officer = officer

    def prefer(self, preferences: Preferences) -> None:
        """The preferences of whoever is signed in are these now."""
        if self.caller is not None:
            self.caller = replace(self.caller, preferences=preferences)

    def wait(self) -> None:
        """Let later requests wait until `go_on`."""
        self._waits += 1
        self._regulate()

    def go_on(self) -> None:
        """Undo `wait`."""
        self._waits -= 1
        self._regulate()

    def close(self, code: int, reason: str) -> None:
        """Close the connection after what is queued; nothing more is taken from it."""
        self.peer.close(code, reason)

    def _out_of_order(self, request: Request[Reply]) -> Refuse | None:
        return None if self._greeted or isinstance(request, Hello) else _HELLO_FIRST

    def _too_often(self, request: Request[Reply] | None) -> Refuse | None:
        """Count one request, None for one without a shape; return the refusal if it is one too many."""
        handle = None
        if isinstance(request, Login):
            try:
                handle = normalise(request.handle)
            except HandleError:
                handle = None
        wait_ms = self._limits.admit(
            OPERATIONS[type(request)] if request is not None else "",
            connection=self._number,
            person=self.caller.person if self.caller else None,
            address=self.peer.address,
            now=self._clock.monotonic(),
            handle=handle,
        )
        if not wait_ms:
            return None
        self._offend()
        return Refuse(ErrorCode.RATE_LIMITED, "too many requests", retry_after_ms=wait_ms)

    def _misshapen(self, error: ShapeError) -> None:
        if error.request_id is None:
            self.peer.close(CloseCode.MALFORMED, str(error))
            return
        refusal = self._too_often(None)
        if refusal is None:
            refusal = Refuse(error.code, str(error), field=error.field)
            self._offend()
        self._send_refusal(error.request_id, refusal)

    def _offend(self) -> None:
        self._offences += 1
        if self._offences == OFFENCES:
            self.peer.close(CloseCode.ABUSE, "too many requests that cannot be served")

    def _send_refusal(self, request_id: int, refusal: Refuse) -> None:
        message = encode_refusal(
            request_id,
            refusal.code,
            refusal.message,
            retry_after_ms=refusal.retry_after_ms,
            field=refusal.field,
        )
        self.peer.send(binary_frame(message))

    def _over(self) -> None:
        self._in_flight -= 1
        self._regulate()

    def _regulate(self) -> None:
        """Read on only while there is room, so that the peer feels the pressure and nothing piles up here."""
        full = self._waits > 0 or self._in_flight >= self._most
        if full is self._held:
            return
        self._held = full
        if full:
            self.peer.hold()
        else:
            self.peer.release()
