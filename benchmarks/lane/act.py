"""The second act as the demo calls it: a folder, a receiver, a server, the play, and everything ended again."""

from collections.abc import Callable
from pathlib import Path

import trio

from benchmarks.lane.play import Play
from benchmarks.lane.record import Receiver, Record
from benchmarks.lane.report import Report
from benchmarks.lane.stage import Stage
from compliance.pack import load

LONGEST_S = 120.0


async def second_act(folder: Path, tell: Callable[[str], None]) -> Report:
    """Play it in `folder` and return what it showed; `tell` says what goes on.

    Raises:
        HostError: The server did not start.
        trio.TooSlowError: Something that was to come never came.
    """
    licence = load("cn-2014").licence
    assert licence is not None
    record = Record()
    with Receiver(record) as receiver:
        stage = Stage(folder, receiver, licence_kind=licence.kinds[0])
        try:
            with trio.fail_after(LONGEST_S):
                return await Play(stage, record, tell).run()
        finally:
            with trio.CancelScope(shield=True):
                await stage.host.stop()
