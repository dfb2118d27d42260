"""Work that goes on aside, in a process of its own, so that it does not delay the clock of what is timed here."""

import multiprocessing
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

_FORKING = multiprocessing.get_context("fork")  # It is there at once, and Ctrl-C cannot come while it is imported.


class Worker:
    """The near end of a process that works aside: orders go out, answers come back."""

    def __init__(self, orders: Connection) -> None:
        self._orders = orders

    def order(self, order: Any) -> None:
        """Say what is to be done next."""
        self._orders.send(order)

    def answer(self) -> Any:
        """Wait for what the other side says.

        Raises:
            RuntimeError: It has ended, or what went wrong there.
        """
        try:
            answer = self._orders.recv()
        except EOFError:
            raise RuntimeError("what went on aside has ended") from None
        if isinstance(answer, RuntimeError):
            raise answer
        return answer


@contextmanager
def worker(work: Callable[..., None], *arguments: Any) -> Iterator[Worker]:
    """Run `work` of these arguments and the far end of a pipe, for the length of the block.

    It reads orders from the pipe and sends an answer to each. Ctrl-C ends it with the block, as everything does.
    """
    ours, theirs = multiprocessing.Pipe()
    process = _FORKING.Process(target=_work, args=(work, arguments, ours, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Worker(ours)
    finally:
        process.terminate()
        process.join()
        ours.close()


def _work(work: Callable[..., None], arguments: tuple[Any, ...], near: Connection, orders: Connection) -> None:
    near.close()  # Else it would not be seen that nobody holds that end any more.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        work(*arguments, orders)
    except EOFError:  # Nobody wants anything any more.
        return
    except (OSError, RuntimeError) as error:
        orders.send(RuntimeError(str(error)))
