"""The hooks of a server, opened: the file read, checks made, hosts started; all problems told at once, or none left."""

import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

import trio

from compliance.pack import Pack
from server.clock import Clock
from server.errors import ConfigError
from server.hooks import settings
from server.hooks.check import CheckHook, CheckKind
from server.hooks.hosting import HostError
from server.hooks.panel import HookPanel, Post
from server.hooks.plugin import PluginHook
from server.hooks.settings import CheckSource, PluginSource, WebhookSource
from server.hooks.users import user_for
from server.hooks.webhook import WebhookHook


@asynccontextmanager
async def opened(
    path: Path | None,
    pack: Pack,
    *,
    today: date,
    hook_user: str,
    kinds: Mapping[str, CheckKind],
    clock: Clock,
    post: Post,
    output: int = subprocess.DEVNULL,
) -> AsyncIterator[HookPanel]:
    """Open the hooks that the file `path` names, none without one; they are closed at the end of the block.

    `hook_user`: whom plugins run as, empty: see `user_for`. `kinds`: the built-in checks, by name. `post`: see
    HookPanel. `output`: a descriptor for what plugins print; a server drops it, as nobody bounds it.

    Raises:
        ConfigError: With every problem there is; nothing is left running.
    """
    problems: list[str] = []

    async def start(plugin: PluginHook) -> None:
        try:
            await plugin.start()
        except HostError as error:
            problems.append(f"{path}: [{plugin.name}]: the plugin cannot be used: {error}")
        except OSError as error:
            problems.append(f"{path}: [{plugin.name}]: its host cannot be started: {error.strerror or error}")

    checks: list[CheckHook] = []
    remotes: list[PluginHook | WebhookHook] = []
    if path is not None:
        for hook in _built(path, pack, problems, today, hook_user, kinds, clock, output):
            if isinstance(hook, CheckHook):
                checks.append(hook)
            else:
                remotes.append(hook)
    panel = HookPanel(checks, remotes, clock=clock, post=post)
    try:
        if not problems:
            async with trio.open_nursery() as nursery:
                for hook in remotes:
                    if isinstance(hook, PluginHook):
                        nursery.start_soon(start, hook)
        if problems:
            raise ConfigError(sorted(set(problems)))
        yield panel
    finally:
        await panel.close()


def _built(
    path: Path,
    pack: Pack,
    problems: list[str],
    today: date,
    hook_user: str,
    kinds: Mapping[str, CheckKind],
    clock: Clock,
    output: int,
) -> Iterator[CheckHook | PluginHook | WebhookHook]:
    folder = path.absolute().parent
    for each in settings.read(path, pack, today=today):
        try:
            match each.source:
                case CheckSource():
                    yield CheckHook(each, each.source, kinds=kinds, grounds=pack.grounds, folder=folder)
                case PluginSource():
                    user = user_for(hook_user)
                    yield PluginHook(each, each.source, grounds=pack.grounds, user=user, output=output)
                case WebhookSource():
                    yield WebhookHook(each, each.source, grounds=pack.grounds, clock=clock)
        except ConfigError as error:
            problems += [f"{path}: {problem}" if problem.startswith("[") else problem for problem in error.problems]
