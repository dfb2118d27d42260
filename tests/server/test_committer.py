"""The writer thread: what it answers, and in how many pieces."""

from collections.abc import Callable, Sequence
from functools import partial
from queue import SimpleQueue

from protocol.ids import DeviceId
from server.committer import ANSWERS, Committer
from server.outcomes import Result
from server.store.writes import Done, SeeDevice, Write


class Counting:
    """A writer that says yes to everything."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def commit(self, writes: Sequence[Write]) -> list[Done]:
        self.batches.append(len(writes))
        return [Done()] * len(writes)

    def close(self) -> None:
        pass


def test_a_large_batch_is_one_commit_and_is_answered_in_order_in_several_calls() -> None:
    writer, calls = Counting(), SimpleQueue[Callable[[], None]]()
    answered: list[int] = []

    def answer(number: int, _: Result) -> None:
        answered.append(number)

    committer = Committer(writer, post=calls.put, broken=lambda reason: None)  # type: ignore[arg-type]
    for number in range(3 * ANSWERS + 1):
        committer.submit(SeeDevice(device=DeviceId("d"), at=number), partial(answer, number))
    committer.hand_over()
    committer.start()
    committer.close()
    sizes = []
    while not calls.empty():
        before = len(answered)
        calls.get()()
        sizes.append(len(answered) - before)
    assert writer.batches == [3 * ANSWERS + 1]
    assert sizes == [ANSWERS, ANSWERS, ANSWERS, 1]
    assert answered == list(range(3 * ANSWERS + 1))
