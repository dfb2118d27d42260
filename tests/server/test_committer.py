"""The writer thread: what it answers, and in how many pieces."""

from collections.abc import Callable, Sequence
from functools import partial
from queue import SimpleQueue
from typing import Any

from protocol.ids import DeviceId
from server.committer import ANSWERS, BATCH, Committer
from server.outcomes import Result
from server.store.public_writes import AnyWrite, Conclude
from server.store.writes import Done, SeeDevice


class Counting:
    """A writer that says yes to everything."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def commit(self, writes: Sequence[AnyWrite]) -> list[Done]:
        self.batches.append(len(writes))
        return [Done()] * len(writes)

    def close(self) -> None:
        pass


def write_all(*writes: AnyWrite) -> tuple[list[int], list[int], list[int]]:
    """Submit `writes` in one turn; return how many were in each commit, in each call, and which were answered."""
    writer, calls = Counting(), SimpleQueue[Callable[[], None]]()
    answered: list[int] = []

    def answer(number: int, _: Result) -> None:
        answered.append(number)

    committer = Committer(writer, post=calls.put, broken=lambda reason: None)  # type: ignore[arg-type]
    for number, write in enumerate(writes):
        committer.submit(write, partial(answer, number))
    committer.hand_over()
    committer.start()
    committer.close()
    sizes = []
    while not calls.empty():
        before = len(answered)
        calls.get()()
        sizes.append(len(answered) - before)
    return writer.batches, sizes, answered


def test_a_large_batch_is_one_commit_and_is_answered_in_order_in_several_calls() -> None:
    batches, sizes, answered = write_all(*[SeeDevice(device=DeviceId("d"), at=0)] * (3 * ANSWERS + 1))
    assert batches == [3 * ANSWERS + 1]
    assert sizes == [ANSWERS, ANSWERS, ANSWERS, 1]
    assert answered == list(range(3 * ANSWERS + 1))


def test_a_run_of_rulings_counts_for_all_of_them() -> None:
    one: Any = object()
    batches, sizes, answered = write_all(*[Conclude((one,) * ANSWERS)] * (BATCH // ANSWERS), Conclude((one,)))
    assert batches == [BATCH // ANSWERS, 1]
    assert sizes == [1] * (BATCH // ANSWERS + 1)
    assert answered == list(range(BATCH // ANSWERS + 1))
