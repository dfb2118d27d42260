"""What the XMPP peers have in common: people who sign in anonymously, a room (XEP-0045), and messages one to one.

Signing in is RFC 6120 without TLS, with SASL ANONYMOUS; nobody sends a presence but to come into the room. What is
heard is not parsed as XML: bodies are digits and letters, and these servers nest no message in another.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.servers import Running
from benchmarks.systems.base import Seat
from benchmarks.systems.line import Line

HOST = "localhost"
ROOM = f"room@conference.{HOST}"
_AT_ONCE = 100  # Connections; fewer than servers let wait at their door.
_STREAM = (
    f"<?xml version='1.0'?><stream:stream to='{HOST}' version='1.0' xmlns='jabber:client'"
    " xmlns:stream='http://etherx.jabber.org/streams'>"
).encode()
_AUTH = b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>"
_BIND = b"<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"
_FEATURES, _SUCCESS, _BOUND = b"</stream:features>", b"<success", b"</iq>"
_REFUSALS = (b"<stream:error", b"</stream:stream", b"<failure", b"type='error'", b'type="error"')
_END = b"</message>"
_BODY = re.compile(rb"<body>([^<]*)</body>")


@dataclass(slots=True)
class Messages:
    """What is heard on a stream: the bodies of messages; nothing is acknowledged."""

    acks: int = 0
    _rest: bytes = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Take what was received; return the bodies of the messages that are complete with it.

        Raises:
            ConnectionError: The server refused something or closed the stream.
        """
        received = self._rest + data
        if any(refusal in received for refusal in _REFUSALS):
            raise ConnectionError(received.decode(errors="replace"))
        whole = received.rfind(_END) + len(_END) if _END in received else 0
        self._rest = received[whole:]
        return _BODY.findall(received, 0, whole)


@dataclass(frozen=True, slots=True)
class Writes:
    """Says things in messages that begin with `head`."""

    head: bytes

    def say(self, number: int, text: bytes) -> bytes:  # noqa: ARG002 - an id is not required.
        """Return the message."""
        return b"%b<body>%b</body></message>" % (self.head, text)


class Xmpp:
    """A server that is signed in to anonymously; it stores nothing here and acknowledges nothing."""

    name: str
    stores = acks = alike = own = False

    def room(self, server: Running, members: int) -> Sequence[Seat]:
        """Return `members` connections that are all occupants of one room and know its subject."""
        lines = [line for line, _ in _signed_in(server, members)]
        for begin in range(0, members, _AT_ONCE):
            for number, line in enumerate(lines[begin : begin + _AT_ONCE], begin):
                line.send(_joining(number))
            for line in lines[begin : begin + _AT_ONCE]:
                line.until(b"<subject")  # The last thing that one is told who comes in (XEP-0045, §7.1).
                line.until(_END)
        head = f"<message type='groupchat' to='{ROOM}'>".encode()
        return [line.seat(Messages(), Writes(head)) for line in lines]

    def pairs(self, server: Running, pairs: int) -> Sequence[tuple[Seat, Seat]]:
        """Return pairs of connections, each of which writes to the full address of the other."""
        people = _signed_in(server, 2 * pairs)
        others = [people[number ^ 1][1] for number in range(len(people))]
        seats = [
            line.seat(Messages(), Writes(b"<message type='chat' to='%b'>" % other))
            for (line, _), other in zip(people, others, strict=True)
        ]
        return list(zip(seats[::2], seats[1::2], strict=True))


def _joining(number: int) -> bytes:
    muc = "<x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x>"
    return f"<presence to='{ROOM}/m{number}'>{muc}</presence>".encode()


def _signed_in(server: Running, count: int) -> list[tuple[Line, bytes]]:
    """Return connections and their full addresses."""
    people = []
    for begin in range(0, count, _AT_ONCE):
        lines = [Line(server, _REFUSALS) for _ in range(min(_AT_ONCE, count - begin))]
        for asked, answer in ((_STREAM, _FEATURES), (_AUTH, _SUCCESS), (_STREAM, _FEATURES)):
            for line in lines:
                line.send(asked)
            for line in lines:
                line.until(answer)
        for line in lines:
            line.send(_BIND)
        people += [(line, line.until(_BOUND).partition(b"<jid>")[2].partition(b"</jid>")[0]) for line in lines]
    return people
