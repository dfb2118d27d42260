"""TLS in the same turns as everything else: ciphertext from the socket, plaintext to the link, all in memory."""

import socket
import ssl
from collections.abc import Iterable, Sequence
from contextlib import suppress

from server.net.outbox import Piece

_RECORD_BYTES = 16 << 10  # RFC 8446 §5.1: the most that one record holds.


class TLSTransport:
    """A `Transport` over a `connection` that does not block. `send` encrypts a record a call, once the last is gone."""

    write = None  # Nothing goes there as it is.
    __slots__ = ("_ciphertext", "_incoming", "_outgoing", "_ready", "_socket", "_tls")

    def __init__(self, connection: socket.socket, context: ssl.SSLContext) -> None:
        self._socket = connection
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._ciphertext = b""  # What the socket would not take yet.
        self._ready = False  # The TLS handshake is done.

    @property
    def unsent(self) -> bool:
        return bool(self._ciphertext)

    def fileno(self) -> int:
        return self._socket.fileno()

    def receive(self, most: int) -> bytes | None:
        try:
            ciphertext = self._socket.recv(most)
        except BlockingIOError:
            return None
        if not ciphertext:
            return b""  # With or without a close_notify: WebSocket has a close frame of its own.
        self._incoming.write(ciphertext)
        try:
            return self._decrypt()
        finally:
            self._push()  # Handshakes, key updates and alerts, which say why it failed.

    def _decrypt(self) -> bytes | None:
        chunks = []
        try:
            if not self._ready:
                self._tls.do_handshake()
                self._ready = True
            while chunk := self._tls.read(_RECORD_BYTES):
                chunks.append(chunk)
        except ssl.SSLWantReadError:
            return b"".join(chunks) or None
        return b"".join(chunks)  # The peer's close_notify; nothing can follow it.

    def send(self, pieces: Sequence[Piece]) -> int:
        if not self._push() or not pieces:
            return 0
        if not self._ready:
            raise ssl.SSLError("nothing can be said before the handshake")
        count = self._tls.write(_first_record(pieces))
        self._push()
        return count

    def _push(self) -> bool:
        """Write ciphertext out; say whether that was all."""
        self._ciphertext += self._outgoing.read()
        try:
            while self._ciphertext:
                self._ciphertext = self._ciphertext[self._socket.send(self._ciphertext) :]
        except BlockingIOError:
            return False
        return True

    def end(self) -> None:
        with suppress(ssl.SSLError):  # Our close_notify is written; the peer's is not waited for.
            self._tls.unwrap()
        if self._push():  # A socket that is full to the brim just now is left to the deadline.
            self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self._socket.close()


def _first_record(pieces: Iterable[Piece]) -> bytes:
    record, room = [], _RECORD_BYTES
    for piece in pieces:
        record.append(memoryview(piece)[:room])
        room -= len(record[-1])
        if not room:
            break
    return b"".join(record)
