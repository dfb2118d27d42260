"""One WebSocket connection without its socket: bytes in, messages to a receiver; frames in, bytes to an outbox.

    OPENING ──► OPEN ──► CLOSING ──► LEAVING ──► GONE
       │          └─────────────────────▲
       └────────────────────────────────┘

No I/O and no clock: the poller feeds it, empties its outbox and says what time it is.
"""

from collections import deque
from collections.abc import Callable
from enum import Enum, auto
from http import HTTPStatus
from typing import Protocol

from websockets.frames import BINARY, CONT, TEXT, Frame
from websockets.frames import CloseCode as StandardCode
from websockets.protocol import State
from websockets.server import ServerProtocol

from protocol.errors import CloseCode
from server.net.handshake import HEAD_BYTES, HEAD_END, answer, refusal
from server.net.outbox import Outbox
from server.net.protocols import Protocols, least_size
from server.net.settings import NetSettings

# Parsed in one go. A frame has 6 bytes or more, so this bounds what comes of one step of `deliver`.
_PARSED_BYTES = 2048
_REASON_BYTES = 123  # RFC 6455 §5.5: a control frame has at most 125; two of them are the code.


class Receiver(Protocol):
    """The session of one connection."""

    @property
    def signed_in(self) -> bool:
        """Whether the deadline for signing in no longer applies."""

    def receive(self, message: bytes) -> None:
        """Take one binary message. Never raises for what a peer did."""

    def disconnected(self) -> None:
        """Nothing more will come, and what is sent goes nowhere. Once, and never from inside another call."""


class Stage(Enum):
    """Where a connection stands; the drawing above is the whole of its ways."""

    OPENING = auto()  # The HTTP request is awaited.
    OPEN = auto()
    CLOSING = auto()  # Our close frame is queued, the peer's is awaited.
    LEAVING = auto()  # What is queued is the last; the peer's end of stream is awaited.
    GONE = auto()  # There is no socket any more.


OPENING, OPEN, CLOSING, LEAVING, GONE = Stage


class Agenda:
    """What links ask of their poller: `dirty` ones to be written out, `ready` ones to be read; a protocol to speak by.

    `now`: its clock.
    """

    __slots__ = ("dirty", "now", "protocols", "ready")

    def __init__(self) -> None:
        self.now = 0.0
        self.protocols = Protocols()
        self.dirty: list[Link] = []
        self.ready: deque[Link] = deque()


class Link:
    """The `Peer` of a session, and the poller's handle on the connection.

    The poller's marks on it: `stalled`, the socket takes no more for now; `dirty` and `queued`, it is on the agenda;
    `due`, where the wheel has it; `write`, how to write to its socket at once, where that can be done.
    """

    __slots__ = (
        "_agenda",
        "_begun",
        "_deaf",
        "_events",
        "_heard",
        "_open_session",
        "_partial",
        "_pinged",
        "_protocol",
        "_receiver",
        "_refused",
        "_settings",
        "_told",
        "_unread",
        "address",
        "deadline",
        "dirty",
        "due",
        "ended",
        "held",
        "outbox",
        "queued",
        "stage",
        "stalled",
        "write",
    )
    _receiver: Receiver  # From OPEN on.

    def __init__(
        self,
        address: str,
        *,
        agenda: Agenda,
        settings: NetSettings,
        open_session: "Callable[[Link], Receiver]",
        refused: HTTPStatus | None = None,
        write: Callable[[bytes], int] | None = None,
    ) -> None:
        """`refused` is the answer to the HTTP request, whatever it asks, when there is no room for one more."""
        self.address = address
        self.stage = OPENING
        self.outbox = Outbox()
        self.deadline = agenda.now + settings.handshake_s
        self.due = 0
        self.write = write
        self.stalled = self.dirty = self.queued = False
        self.held = False
        self.ended = False  # The peer's stream is.
        self._agenda = agenda
        self._settings = settings
        self._open_session = open_session
        self._refused = refused
        self._heard = agenda.now
        self._pinged = False
        self._unread = b""
        self._protocol: ServerProtocol | None = None  # From OPEN on, while there is something that only it knows.
        self._begun = 0  # Bytes that it was given beyond the last whole frame.
        self._events: list[Frame] = []
        self._partial: bytearray | None = None  # What has come of the HTTP head, later of a fragmented message.
        self._deaf = False  # No message reaches the receiver any more.
        self._told = True  # Of the disconnection; until there is a receiver there is nobody to tell.

    # What a session calls: see `Peer`.

    def send(self, frame: bytes) -> None:
        if self.stage is OPEN:
            self.outbox.put(frame)
            if not self.dirty:
                self.dirty = True
                self._agenda.dirty.append(self)

    def send_ephemeral(self, frame: bytes) -> None:
        if not self.stalled:
            self.send(frame)

    def close(self, code: int, reason: str) -> None:
        if self.stage is OPEN:
            self._speaking().send_close(code, reason.encode()[:_REASON_BYTES].decode(errors="ignore"))
            self._follow()
            self._fall_deaf()

    def hold(self) -> None:
        self.held = not self._deaf

    def release(self) -> None:
        if self.held:
            self.held = False
            self.enqueue()

    # What the poller calls.

    @property
    def behind(self) -> bool:
        """Whether the peer is behind with its reading. What it asks meanwhile waits, as do answers it does not take."""
        return self.stalled and self.stage is OPEN

    @property
    def hungry(self) -> bool:
        """Whether to read the socket: all that was read before is delivered."""
        return not (self.held or self.behind or self._events or self._unread or self.ended)

    @property
    def finished(self) -> bool:
        """Whether the receiver has heard the last message and said the last word."""
        return self.stage is not OPEN and not self._events

    def take(self, data: bytes) -> None:
        """Take what was read; `deliver` hands out what is in it."""
        self._heard = self._agenda.now
        self._pinged = False
        if self.stage is OPENING:
            self._open(data)
        elif self.stage is not LEAVING:
            self._unread = data

    def end(self) -> None:
        """Take notice that the peer's stream is at its end."""
        self.ended = True
        if self.stage is OPEN or self.stage is CLOSING:
            self._speaking().receive_eof()
            self._follow()
        else:
            self._leave()

    def deliver(self, steps: int) -> bool:
        """Hand over what was taken, a frame or a few parsed bytes a step; True if `steps` were too few."""
        while not (self.held or self.behind):
            if self._events:
                if not steps:
                    return True
                self._receive(self._events.pop(0))
            elif self._unread:
                if not steps:
                    return True
                self._parse()
            else:
                break
            steps -= 1
        if self.stage is not OPEN:
            self.stir()  # To be told, once it is finished.
        return False

    def drained(self) -> None:
        """Take notice that a peer that was behind has read on, which is a sign of life."""
        self._heard = self._agenda.now
        if not self.stalled:
            self.enqueue()

    def slow(self) -> None:
        """Give up on what is unsent: the peer reads too slowly. It connects again and gets it from the log."""
        self.outbox.drop_whole()
        self.close(CloseCode.SLOW, "slow")

    def refuse(self, status: HTTPStatus, text: str) -> None:
        """Answer the HTTP request, come or not, with `status`, and nothing else."""
        self.outbox.put(refusal(status, text))
        self._leave()

    def attend(self) -> float:
        """Do what time asks for: pings and the ends of patience. Return when to look again."""
        now, heartbeat = self._agenda.now, self._settings.heartbeat_s
        if self.held:
            self._heard = now  # The silence is ours.
        if self.stage is OPENING and now >= self.deadline:
            self.refuse(HTTPStatus.REQUEST_TIMEOUT, "The request took too long.\n")
        elif self.stage is OPEN and now >= self.deadline and not self._receiver.signed_in:
            self.close(CloseCode.HELLO_TIMEOUT, "not signed in in time")
        elif self.stage is OPEN and now >= self._heard + 2 * heartbeat:
            self.close(CloseCode.SILENT, "silent")
        elif self.stage is OPEN and now >= self._heard + heartbeat and not self._pinged:
            self._pinged = True
            self._speaking().send_ping(b"")
            self._follow()
            self._fall_silent()
        if self.stage is OPEN and self._receiver.signed_in:
            return self._heard + (2 if self._pinged else 1) * heartbeat
        return self.deadline

    @property
    def expired(self) -> bool:
        """Whether the peer had its time to answer our leave-taking."""
        return (self.stage is CLOSING or self.stage is LEAVING) and self._agenda.now >= self.deadline

    def tell(self) -> None:
        """Tell the receiver, once, that it is over."""
        if not self._told:
            self._told = self._deaf = True
            receiver = self._receiver
            del self._receiver  # No cycle with the session, so both go at once.
            receiver.disconnected()

    def gone(self) -> None:
        """Let go of everything: the socket is closed. Whoever still holds the link holds little."""
        self.stage = GONE
        self.write = None
        self.outbox.clear()
        self._events, self._unread, self._partial, self._protocol = [], b"", None, None

    def enqueue(self) -> None:
        """Ask for a turn of reading and delivering."""
        if not self.queued:
            self.queued = True
            self._agenda.ready.append(self)

    def stir(self) -> None:
        """Ask to be written out at the end of this turn."""
        if not self.dirty:
            self.dirty = True
            self._agenda.dirty.append(self)

    def _open(self, data: bytes) -> None:
        head = self._partial or bytearray()
        head += data
        end = head.find(HEAD_END) + len(HEAD_END)
        if len(head) > HEAD_BYTES and not len(HEAD_END) <= end <= HEAD_BYTES:
            self.refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The request is too long.\n")
        elif end < len(HEAD_END):
            self._partial = head
        elif self._refused is not None:
            self.refuse(self._refused, "There are too many connections. Try again later.\n")
        else:
            self._partial = None
            answered = answer(bytes(head[:end]), origins=self._settings.origins)
            self.outbox.put(answered.response)
            if answered.accepted:
                self._begin(bytes(head[end:]))
            else:
                self._leave()
            self.stir()

    def _begin(self, unread: bytes) -> None:
        self.stage = OPEN
        self.deadline += self._settings.hello_s - self._settings.handshake_s  # Both count from the accept.
        self._unread = unread
        self._receiver = self._open_session(self)
        self._told = False

    def _parse(self) -> None:
        data, self._unread = self._unread, b""
        if len(data) > _PARSED_BYTES:
            data, self._unread = data[:_PARSED_BYTES], data[_PARSED_BYTES:]
        protocol = self._speaking()
        protocol.receive_data(data)
        events: list[Frame] = protocol.events_received()  # type: ignore[assignment]  # No requests after the first.
        self._events = events
        self._begun += len(data) - least_size(events)
        self._follow()
        self._fall_silent()

    def _receive(self, frame: Frame) -> None:
        opcode = frame.opcode
        if self._deaf:
            return
        if opcode is BINARY:
            if frame.fin:
                self._receiver.receive(bytes(frame.data))
            else:
                self._partial = bytearray(frame.data)
        elif opcode is CONT and self._partial is not None:
            self._partial += frame.data  # Bounded: the library counts the bytes of the whole message.
            if frame.fin:
                message, self._partial = bytes(self._partial), None
                self._receiver.receive(message)
        elif opcode is TEXT:
            self._speaking().fail(StandardCode.UNSUPPORTED_DATA, "binary messages only")
            self._follow()
            self._fall_deaf()

    def _speaking(self) -> ServerProtocol:
        """Return the protocol of what is being said."""
        if self._protocol is None:
            self._protocol = self._agenda.protocols.borrow(self._settings.message_bytes)
        return self._protocol

    def _fall_silent(self) -> None:
        """Give the protocol back if it knows nothing any more that we do not."""
        protocol = self._protocol
        if protocol is not None and not self._begun and self.stage is OPEN and protocol.current_size is None:
            self._protocol = None
            self._agenda.protocols.give_back(protocol)

    def _follow(self) -> None:
        """Take over what the protocol wants to say, and the stage it has come to."""
        protocol = self._speaking()
        writes = protocol.data_to_send()
        if not writes:
            return  # It never moves on without a word.
        for data in writes:
            if data:
                self.outbox.put(data)
            else:  # The sentinel for the end of our stream.
                self._leave()
        if self.stage is OPEN and protocol.state is not State.OPEN:
            self.stage = CLOSING
            self.deadline = self._agenda.now + self._settings.closing_s
        self.stir()

    def _fall_deaf(self) -> None:
        """Ignore what else the peer says, but read on: its close frame is in there."""
        self._deaf = True
        self._events, self._partial = [], None
        self.held = False
        self.enqueue()

    def _leave(self) -> None:
        if self.stage is OPENING or self.stage is OPEN:
            self.deadline = self._agenda.now + self._settings.closing_s
        self.stage = LEAVING
        self._unread = b""
        self.stir()
