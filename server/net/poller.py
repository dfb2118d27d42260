"""One task for all sockets: who may read, deliver and write, in turns with budgets.

A turn: what the selector reports is queued; the queued links read and deliver, each a few messages; posted calls run;
one piece of fan-out; then every link that was sent something is written out, in one call. Nothing in a turn waits.

What goes wrong on one connection ends that connection: its socket's errors quietly, an exception of its session with
1011. That is the one `except Exception` of this room. An exception of a posted call or of the fan-out is not one
connection's: it ends `run`, and with it the server, because nobody could say any more what has been told to whom.
"""

import socket
import ssl
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector

import structlog
import trio
from websockets.frames import CloseCode as StandardCode

from server.clock import Clock
from server.net.backlog import Backlog
from server.net.door import Door
from server.net.line import BrokenLineError, Line
from server.net.link import GONE, OPEN, OPENING, Agenda, Link, Receiver
from server.net.peer import Peer
from server.net.settings import NetSettings
from server.net.transport import Transport
from server.net.wheel import Wheel

SWEEP_S = 1.0
CALLS_A_TURN = 8  # Posted ones. A batch of commits is answered in several.
YIELD_S = 0.002  # Of turns on end, before trio's other tasks get theirs: asking trio costs more than a turn does.
READING_S = 0.005  # Of one turn. Then writes go out before the next links are read; handshakes cost most.

log = structlog.get_logger(__name__)


class Poller:
    """All connections of a server.

    `open_session` is called once per connection, when its handshake is done. `turn` does one bounded piece of fan-out
    and says whether more is left. `every_second` is for whoever has something to do by the second.

    Listening begins at once, accepting with `run`. The listeners are the poller's from here on.
    """

    def __init__(
        self,
        *,
        listeners: Sequence[socket.socket],
        tls: ssl.SSLContext | None,
        open_session: Callable[[Peer], Receiver],
        turn: Callable[[], bool],
        every_second: Callable[[], None],
        settings: NetSettings,
        clock: Clock,
    ) -> None:
        self._open_session = open_session
        self._turn = turn
        self._every_second = every_second
        self._settings = settings
        self._clock = clock
        self._agenda = Agenda()
        self._agenda.now = clock.monotonic()
        self._unserved = 0  # Links on the agenda that were there when the selector was last asked.
        self._lines: dict[Link, Line] = {}
        self._wheel: Wheel[Link] = Wheel()
        self._backlog = Backlog(link_bytes=settings.outbox_bytes, all_bytes=settings.outboxes_bytes)
        self._finishing = False
        self._posted: deque[Callable[[], None]] = deque()
        self._rung = False
        self._ear, self._bell = socket.socketpair()
        self._ear.settimeout(0)
        self._bell.settimeout(0)
        self._selector = DefaultSelector()
        self._selector.register(self._ear, EVENT_READ, self._hear)
        self._door = Door(listeners, selector=self._selector, tls=tls, settings=settings, welcome=self._welcome)
        self._door.open()

    @property
    def links(self) -> int:
        """How many connections there are, those that are opening or closing among them."""
        return len(self._lines)

    def post(self, call: Callable[[], None]) -> None:
        """Run `call` in the next turn. From any thread; in the order posted."""
        self._posted.append(call)
        if not self._rung:  # It is cleared before the calls are run, so that none is left without a ring.
            self._rung = True
            with suppress(OSError):  # It rings already, or nobody listens any more.
                self._bell.send(b"\0")

    def stop_accepting(self) -> None:
        """Close the listeners; who comes now is refused by the system."""
        self._door.close()

    def close_all(self, code: int, reason: str) -> None:
        """Close every connection, after what is queued on it."""
        self.post(partial(self._close_all, code, reason))

    def finish(self) -> None:
        """Let `run` return as soon as there is no connection left; `stop_accepting` and `close_all` come before."""
        self.post(self._finish)

    async def run(self) -> None:
        """Poll until `finish`. Cancelled, it drops all connections at once."""
        try:
            while not self._finished:
                with trio.CancelScope(deadline=trio.current_time() + SWEEP_S):  # One a second, not one a wait.
                    yielded = self._clock.monotonic()
                    while not self._finished:
                        if self.tick():
                            if self._agenda.now - yielded > YIELD_S:
                                await trio.lowlevel.checkpoint()
                                yielded = self._agenda.now
                        elif not self._finished:  # Else nothing would wake us before the second is over.
                            await trio.lowlevel.wait_readable(self._selector.fileno())
                self.sweep()
        finally:
            self._abandon()

    def tick(self) -> bool:
        """Take one turn, without waiting; say whether there is more to do at once."""
        agenda = self._agenda
        agenda.now = self._clock.monotonic()
        if not self._unserved:
            self._ask()
            self._unserved = len(agenda.ready)
        while self._unserved:
            self._unserved -= 1
            link = agenda.ready.popleft()
            link.queued = False
            self._mind(link, self._serve)
            if self._clock.monotonic() - agenda.now > READING_S:
                break
        for _ in range(min(len(self._posted), CALLS_A_TURN)):
            self._posted.popleft()()
        more = self._turn()
        while more and not (agenda.ready or agenda.dirty or self._posted):
            # Nothing else to do, as far as was known when the turn began: look, and go on where nothing has come.
            self._ask()
            self._unserved = len(agenda.ready)
            if agenda.ready or self._posted or self._clock.monotonic() - agenda.now > YIELD_S:
                break
            more = self._turn()
        dirty, agenda.dirty = agenda.dirty, []
        for link in dirty:
            link.dirty = False
            self._mind(link, self._write_out)
        return bool(more or agenda.ready or agenda.dirty or self._posted)

    def sweep(self) -> None:
        """Do what is due by the second: deadlines, heartbeats, a new try at accepting."""
        self._agenda.now = self._clock.monotonic()
        for link in self._wheel.take_due(self._agenda.now):
            self._mind(link, self._attend)
        self._door.open()
        self._every_second()

    def _ask(self) -> None:
        """Put on the agenda what the selector reports."""
        for key, events in self._selector.select(0):
            line = key.data
            if type(line) is not Line:
                line()  # The bell or the door.
                continue
            if events & EVENT_WRITE:
                line.writable = True
                line.link.stir()
            if events & EVENT_READ:
                if line.link.held or line.link.behind:
                    self._watch(line)
                else:
                    line.link.enqueue()

    def _hear(self) -> None:
        with suppress(BlockingIOError):
            self._ear.recv(4096)
        self._rung = False

    # Steps with one link. What they raise is the end of that link only.

    def _mind(self, link: Link, step: Callable[[Line], None]) -> None:
        line = self._lines.get(link)
        if line is None:
            return
        try:
            try:
                step(line)
            except BrokenLineError:
                self._drop(line)
        except Exception as error:  # The edge that the module's docstring speaks of.
            place = traceback.extract_tb(error.__traceback__)[-1]
            # Not log.exception: the message of an error may quote what a person said.
            log.error("link.failed", error=type(error).__name__, file=place.filename, line=place.lineno)  # noqa: TRY400
            link.close(StandardCode.INTERNAL_ERROR, "")

    def _serve(self, line: Line) -> None:
        link = line.link
        if link.hungry:
            line.read(self._settings.read_bytes)
        if link.deliver(self._settings.frames_per_turn):
            link.enqueue()
        if line.watched != EVENT_READ or link.ended:
            self._watch(line)

    def _write_out(self, line: Line) -> None:
        link = line.link
        if line.writable or not link.stalled:
            line.flush()
        if link.stalled or self._backlog.total:
            self._weigh(link)
        if line.over:
            self._drop(line)
        elif link.stage is not GONE:
            if link.stalled or line.watched != EVENT_READ:
                self._watch(line)
            if link.stage is not OPEN:
                self._wheel.put(link, link.deadline)
                if link.finished:
                    link.tell()

    def _weigh(self, link: Link) -> None:
        """Count what a stalled link owes, and give up on who owes too much."""
        self._backlog.weigh(link)
        while slow := self._backlog.too_slow(link):
            log.info("link.slow", unsent=slow.outbox.unsent, all_unsent=self._backlog.total)
            if slow.stage is OPEN:
                slow.slow()
                self._backlog.weigh(slow)
            else:
                self._mind(slow, self._drop)  # It was told already, and went on asking for more.

    def _attend(self, line: Line) -> None:
        if line.link.expired:
            self._drop(line)
        else:
            self._wheel.put(line.link, line.link.attend())

    def _watch(self, line: Line) -> None:
        """Let the selector watch what the line wants watched."""
        wanted = line.wanted
        if wanted == line.watched:
            return
        if not line.watched:
            self._selector.register(line.transport, wanted, line)
        elif not wanted:
            self._selector.unregister(line.transport)
        else:
            self._selector.modify(line.transport, wanted, line)
        line.watched = wanted

    # Coming and going.

    def _welcome(self, address: str, transport: Transport, refused: HTTPStatus | None) -> None:
        link = Link(
            address,
            agenda=self._agenda,
            settings=self._settings,
            open_session=self._begin,
            refused=refused,
            write=transport.write,
        )
        line = Line(link, transport)
        self._watch(line)
        self._lines[link] = line
        self._wheel.put(link, link.attend())

    def _begin(self, link: Link) -> Receiver:
        self._wheel.put(link, link.deadline)  # That for signing in, which may be sooner than the handshake's was.
        return self._open_session(link)

    def _drop(self, line: Line) -> None:
        link = line.link
        if line.watched:
            self._selector.unregister(line.transport)
        line.transport.close()
        del self._lines[link]
        self._door.left(link.address)
        self._backlog.forget(link)
        self._wheel.remove(link)
        link.gone()
        link.tell()

    def _close_all(self, code: int, reason: str) -> None:
        for link in self._lines:
            if link.stage is OPENING:
                link.refuse(HTTPStatus.SERVICE_UNAVAILABLE, "The server is going down.\n")
            else:
                link.close(code, reason)

    def _finish(self) -> None:
        self._finishing = True

    @property
    def _finished(self) -> bool:
        return self._finishing and not self._lines

    def _abandon(self) -> None:
        self._door.close()
        for link in list(self._lines):
            self._mind(link, self._drop)
        self._selector.close()
        self._ear.close()
        self._bell.close()
