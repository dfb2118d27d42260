"""A plugin's host as the server has it: started before the stores open, watched, started again; and its workers.

A worker judges one publication at a time. One that is late is killed, with whatever it was stuck in, and so delays
nobody's publication but its own: SPARE workers always wait, and more are forked while all are busy.
"""

import os
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog
import trio

from server.hooks import errands
from server.hooks.errands import Fork, Kill, Ready, Setup, Unfit
from server.hooks.wire import ANSWER_BYTES

SPARE = 2  # Idle workers, warm.
START_S = 30.0  # To load and configure a plugin.
STOP_S = 2.0
BACKOFF_S = (0.1, 30.0)
STEADY_S = 60.0  # A host that lived so long starts again as if for the first time.
TRIM_S = 30.0  # After so long, what a rush has forked beyond SPARE is let go.
_BOOT = "import sys; sys.path[:] = sys.argv[2:]; from server.hooks.host import main; main(int(sys.argv[1]))"

log = structlog.get_logger("hutong.hooks")


def possible() -> bool:
    """Say whether this system can run hosts at all: Linux, 5.3 or newer."""
    return hasattr(os, "pidfd_open")


class HostError(Exception):
    """The plugin's host did not come up, or is not up; the message says why."""


class Worker:
    """The server's end of one worker."""

    def __init__(self, number: int, end: socket.socket) -> None:
        self.number = number
        self.kept = False  # Set when its answer was good: it may have the next publication.
        self.veteran = False  # It has judged before.
        self._end = end

    @property
    def sound(self) -> bool:
        """Whether it is there and has said nothing unasked."""
        try:
            self._end.recv(1)
        except BlockingIOError:
            return True
        except OSError:
            pass
        return False

    async def ask(self, request: bytes) -> bytes:
        """Return what it answers, cut off behind ANSWER_BYTES + 1.

        Raises:
            OSError: It is gone.
        """
        self._end.send(request)  # It is idle and has read all before: there is room.
        await trio.lowlevel.wait_readable(self._end)
        answer = self._end.recv(ANSWER_BYTES + 1)
        if not answer:
            raise ConnectionResetError
        return answer

    def close(self) -> None:
        self._end.close()


class Host:
    """The host of one plugin. `start` it, then `run` it; `close` ends it, also when it is not run."""

    def __init__(self, setup: Setup, *, workers: int, output: int = subprocess.DEVNULL) -> None:
        """Start nothing yet. `output`: a descriptor for what the plugin prints."""
        self.ready: Ready | None = None
        self._setup = setup
        self._most = workers
        self._output = output
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None  # None: it is down.
        self._numbers = 0
        self._count = 0
        self._idle: deque[Worker] = deque()
        self._waiting = trio.lowlevel.ParkingLot()

    @property
    def up(self) -> bool:
        return self._control is not None

    @property
    def process_id(self) -> int:
        """The host's id as a process, 0 when it is down."""
        return self._process.pid if self._process is not None else 0

    async def start(self) -> Ready:
        """Start the process, wait until the plugin is configured, and have its first workers forked.

        Raises:
            HostError: The plugin cannot be loaded or configured, or took too long.
        """
        control = self._spawn()
        reply: Ready | Unfit = Unfit(problem=f"it was not ready after {START_S:g} s")
        try:
            with trio.move_on_after(START_S):
                reply = await self._introduce(control)
        finally:
            if not isinstance(reply, Ready):
                control.close()
                await self._reap()
        if isinstance(reply, Unfit):
            raise HostError(reply.problem)
        self.ready = reply
        self._control = control
        self._numbers = self._count = 0
        self._fill()
        return reply

    async def run(self) -> None:
        """Watch the process; when it ends, start it again, later each time it does not last."""
        least, most = BACKOFF_S
        pause = least
        while True:
            began = trio.current_time()
            await self._watch()
            log.error("hook.host_ended", hook=self._setup.hook)
            await self._down()
            pause = least if trio.current_time() - began > STEADY_S else pause
            while not self.up:
                await trio.sleep(pause)
                pause = min(pause * 2, most)
                try:
                    await self.start()
                except (HostError, OSError):
                    log.error("hook.host_failed", hook=self._setup.hook)  # noqa: TRY400 - no trace of ours says more.
            log.info("hook.host_restarted", hook=self._setup.hook)

    async def close(self) -> None:
        """End the host and all its workers."""
        await self._down()

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[Worker]:
        """Lend a worker; one that is not `kept` at the end, for whatever reason, is killed and replaced.

        Raises:
            HostError: The host is down.
        """
        worker = await self._take()
        life = self._control
        try:
            yield worker
        finally:
            if self._control is not life:  # The host has ended meanwhile, and its workers with it.
                worker.close()
            elif worker.kept:
                worker.kept, worker.veteran = False, True
                self._idle.append(worker)
            else:
                self._drop(worker)
            self._fill()
            self._waiting.unpark()

    async def _take(self) -> Worker:
        first = True
        while True:
            if self._control is None:
                raise HostError("its host is down")
            if not (first and self._waiting):  # Who came before goes first.
                self._fill()
                if worker := self._next():
                    self._fill()
                    return worker
            if self.up:
                await self._waiting.park()
            first = False

    def _next(self) -> Worker | None:
        while self._idle:
            worker = self._idle.popleft()
            if worker.sound:
                return worker
            self._drop(worker)
            self._fill()
        return None

    def _fill(self) -> None:
        while self._control is not None and len(self._idle) < SPARE and self._count < self._most:
            worker = self._fork()
            if worker is not None:
                self._idle.append(worker)

    def _fork(self) -> Worker | None:
        """Return a worker that can be asked at once, though it is only being made; None: the host is going down."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(0)
        self._numbers += 1
        sent = self._order(Fork(self._numbers), theirs)
        theirs.close()
        if not sent:
            ours.close()
            return None
        self._count += 1
        return Worker(self._numbers, ours)

    def _drop(self, worker: Worker) -> None:
        worker.close()
        self._count -= 1
        self._order(Kill(worker.number))

    def _order(self, order: Fork | Kill, *ends: socket.socket) -> bool:
        if self._control is None:
            return False
        try:
            socket.send_fds(self._control, [errands.packed(order)], [end.fileno() for end in ends])
        except OSError:  # It has ended, or takes no orders: `run` finds out, or is told so.
            self._kill()
            self._disconnect()
            return False
        return True

    def _disconnect(self) -> None:
        control, self._control = self._control, None
        if control is not None:
            trio.lowlevel.notify_closing(control)
            control.close()

    async def _watch(self) -> None:
        """Return when the host has ended or has broken its silence."""
        while (control := self._control) is not None:
            with trio.move_on_after(TRIM_S):
                with suppress(trio.ClosedResourceError, OSError):
                    await trio.lowlevel.wait_readable(control)
                    if control.recv(1):
                        log.error("hook.host_spoke", hook=self._setup.hook)
                return
            while len(self._idle) > SPARE:
                self._drop(self._idle.pop())

    def _spawn(self) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(0)
        path = [os.path.abspath(entry) for entry in sys.path if entry]  # noqa: PTH100 - no link may be followed.
        # Not trio's: it starts processes on a thread that ends soon, and a host dies with the thread that started it.
        with theirs:
            try:
                self._process = subprocess.Popen(  # noqa: S603 - our own program.
                    [sys.executable, "-I", "-u", "-c", _BOOT, str(theirs.fileno()), *path],
                    stdin=subprocess.DEVNULL,
                    stdout=self._output,
                    stderr=self._output,
                    pass_fds=[theirs.fileno()],
                    cwd="/",
                    env={},
                    umask=0o077,
                    start_new_session=True,  # Ctrl-C on the server's terminal is the server's.
                )
            except BaseException:
                ours.close()
                raise
        return ours

    async def _introduce(self, control: socket.socket) -> Ready | Unfit:
        try:
            for piece in errands.pieces(self._setup):
                await trio.lowlevel.wait_writable(control)
                control.send(piece)
            await trio.lowlevel.wait_readable(control)
            body = control.recv(errands.REPLY_BYTES)
        except OSError:
            body = b""
        if not body:
            raise HostError("its process ended while it was loaded")
        try:
            return errands.unpacked(body, Ready | Unfit)  # type: ignore[arg-type] # A union.
        except errands.MessageError as error:
            raise HostError("what it said when it was loaded is no answer") from error

    async def _down(self) -> None:
        self._disconnect()
        while self._idle:
            self._idle.popleft().close()
        self._waiting.unpark_all()
        await self._reap()

    async def _reap(self) -> None:
        """Wait until the process has ended, which it does without the control socket; or end it."""
        process = self._process
        if process is None:
            return
        with suppress(ProcessLookupError):  # It has ended: newer kernels give no descriptor then.
            ended = os.pidfd_open(process.pid)
            with trio.CancelScope(shield=True), trio.move_on_after(STOP_S):
                await trio.lowlevel.wait_readable(ended)
            os.close(ended)
        self._kill()  # Before `wait` gives its id away, to which what it left behind belongs.
        process.wait()
        self._process = None

    def _kill(self) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.kill()
