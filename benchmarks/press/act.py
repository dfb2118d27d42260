"""The third act as the demo calls it: a folder, a stage, the play, and everything ended again."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.playhouse.stage import stage
from benchmarks.press.hooks import HOOKS
from benchmarks.press.play import Play
from benchmarks.press.report import Report


async def third_act(folder: Path, tell: Callable[[str], None], *, seed: int) -> Report:
    """Play it in `folder` and return what it showed; `tell` says what goes on.

    Raises:
        HostError: The server did not start.
        ActError: Something did not happen that the rest stands on.
        trio.TooSlowError: Something that was to come never came.
    """
    settings = {"HUTONG_COMPLIANCE_TIME_ZONE": noon(datetime.now(UTC).hour)}
    async with stage(folder, hooks=HOOKS, files={}, settings=settings) as set_up:
        return await Play(set_up, tell, seed=seed).run()


def noon(hour: int) -> str:
    """Return a time zone in which it is noon when it is `hour` in UTC, so that no day or month ends within the act."""
    return f"Etc/GMT{hour - 12:+d}"  # POSIX counts west of Greenwich.
