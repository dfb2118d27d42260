"""Folders that any user may read, and hosts that are gone when a test is over."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from server.hooks.plugin import PluginHook
from server.hooks.users import user_for
from tests.server.hooks.support import PACK, plugin_settings

Opener = Callable[..., Awaitable[PluginHook]]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that others than its owner can read, unlike those of pytest."""
    folder = Path(tempfile.mkdtemp(prefix="hutong-hooks-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
async def started(tmp_path: Path) -> AsyncIterator[Opener]:
    """Return what starts a plugin in its host, of its source and what differs from the defaults."""
    hooks: list[PluginHook] = []

    async def start(source: str, **changes: Any) -> PluginHook:
        settings, plugin = plugin_settings(tmp_path, source, **changes)
        hook = PluginHook(settings, plugin, grounds=PACK.grounds, user=user_for(""))
        hooks.append(hook)
        await hook.start()
        return hook

    yield start
    for hook in hooks:
        await hook.close()
