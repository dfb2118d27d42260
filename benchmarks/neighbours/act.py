"""The fourth act as the demo calls it: a folder, a stage, the play, and everything ended again."""

from collections.abc import Callable
from pathlib import Path

from benchmarks.neighbours.hooks import FILES, HOOKS
from benchmarks.neighbours.play import Play
from benchmarks.neighbours.report import Report
from benchmarks.playhouse.stage import stage


async def fourth_act(folder: Path, tell: Callable[[str], None], *, seed: int) -> Report:
    """Play it in `folder` and return what it showed; `tell` says what goes on.

    Raises:
        HostError: The server did not start.
        ActError: Something did not happen that the rest stands on.
        trio.TooSlowError: Something that was to come never came.
    """
    async with stage(folder, hooks=HOOKS, files=FILES) as set_up:
        return await Play(set_up, tell, seed=seed).run()
