"""The second act as the demo calls it: a folder, a stage, the play, and everything ended again."""

from collections.abc import Callable
from pathlib import Path

from benchmarks.lane.hooks import FILES, HOOKS
from benchmarks.lane.play import Play
from benchmarks.lane.report import Report
from benchmarks.playhouse.stage import stage


async def second_act(folder: Path, tell: Callable[[str], None]) -> Report:
    """Play it in `folder` and return what it showed; `tell` says what goes on.

    Raises:
        HostError: The server did not start.
        trio.TooSlowError: Something that was to come never came.
    """
    async with stage(folder, hooks=HOOKS, files=FILES) as set_up:
        return await Play(set_up, tell).run()
