"""The listening sockets: who comes in, from where, and how many at most."""

import errno
import socket
import ssl
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from http import HTTPStatus
from selectors import EVENT_READ, BaseSelector

import structlog

from server.addresses import network
from server.net.settings import NetSettings
from server.net.tls import TLSTransport
from server.net.transport import PlainTransport, Transport

_REFUSED = 64  # Connections past a cap that still get an answer; further ones are dropped unheard.
_SHORT_OF = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

log = structlog.get_logger(__name__)


class Door:
    """`welcome` gets the address, the transport, and the HTTP status to refuse with where there is no room."""

    def __init__(
        self,
        listeners: Sequence[socket.socket],
        *,
        selector: BaseSelector,
        tls: ssl.SSLContext | None,
        settings: NetSettings,
        welcome: Callable[[str, Transport, HTTPStatus | None], None],
    ) -> None:
        self._listeners = list(listeners)
        self._selector = selector
        self._tls = tls
        self._settings = settings
        self._welcome = welcome
        self._guests = 0
        self._addresses: Counter[str] = Counter()  # Theirs.
        self._closed = False
        if tls is not None:
            tls.options |= ssl.OP_NO_RENEGOTIATION  # A write would have to wait for a read.
        for listener in self._listeners:
            listener.settimeout(0)

    def open(self) -> None:
        """Accept whoever comes, from the selector's next report on; nothing if that is so already, or never again."""
        for listener in self._listeners:
            if not self._closed and listener not in self._selector.get_map():
                self._selector.register(listener, EVENT_READ, partial(self._accept, listener))

    def close(self) -> None:
        """Close the listeners for good; who comes now is refused by the system."""
        self._shut()
        self._closed = True
        for listener in self._listeners:
            listener.close()

    def left(self, address: str) -> None:
        """Take note that one who was welcomed from `address` is gone."""
        self._guests -= 1
        counted = network(address)
        self._addresses[counted] -= 1
        if not self._addresses[counted]:
            del self._addresses[counted]

    def _shut(self) -> None:
        for listener in self._listeners:
            if not self._closed and listener in self._selector.get_map():
                self._selector.unregister(listener)

    def _accept(self, listener: socket.socket) -> None:
        for _ in range(self._settings.accepts_per_turn):
            try:
                connection, name = listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _SHORT_OF:
                    # It would be reported again and again; the next sweep tries anew.
                    log.warning("accept.paused", error=errno.errorcode[error.errno], guests=self._guests)
                    self._shut()
                    return
                continue  # accept(2): errors of the new connection are reported here, and are its own affair.
            try:
                self._let_in(connection, name[0] if isinstance(name, tuple) else "")
            except OSError:
                connection.close()  # Gone again already.

    def _let_in(self, connection: socket.socket, address: str) -> None:
        too_many = self._guests - self._settings.connections
        counted = network(address)
        too_many_here = self._addresses[counted] - self._settings.per_address
        if max(too_many, too_many_here) >= _REFUSED:
            connection.close()
            return
        refused = None
        if too_many >= 0:
            refused = HTTPStatus.SERVICE_UNAVAILABLE
        elif too_many_here >= 0:
            refused = HTTPStatus.TOO_MANY_REQUESTS
        connection.settimeout(0)
        if connection.family in {socket.AF_INET, socket.AF_INET6}:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # Turns coalesce better than Nagle.
        transport = PlainTransport(connection) if self._tls is None else TLSTransport(connection, self._tls)
        self._welcome(address, transport, refused)
        self._guests += 1
        self._addresses[counted] += 1
