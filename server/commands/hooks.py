"""`hutongd hooks list`, `check` and `try`: which hooks there are, whether they work, and what they say of a text."""

import json
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import trio

from compliance.checks.registry import CHECKS
from compliance.pack import Pack, PackError
from compliance.pack import load as load_pack
from compliance.publication import Publication
from compliance.ruling import rule
from server.clock import Clock, SystemClock
from server.commands.options import config_option, effective, json_option
from server.commands.trial import Trial, plain_ruling, plain_trial, printed, shown, spoken, text_in, tried
from server.errors import ConfigError
from server.hooks.isolation import sentences
from server.hooks.opening import opened
from server.hooks.panel import HookPanel
from server.hooks.plugin import PluginHook
from server.hooks.users import user_for

_file_option = click.option(
    "--hooks", "hooks_file", type=click.Path(path_type=Path), metavar="FILE", help="The hooks file [compliance.hooks]."
)
_pack_option = click.option("--pack", "pack_name", metavar="PACK", help="The policy pack [compliance.pack].")


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """What the hooks of a server are opened with."""

    pack: Pack
    path: Path | None
    hook_user: str
    clock: Clock


@click.group()
def hooks() -> None:
    """See which hooks are installed, start them once, and try them on a text.

    The hooks file is that of the configuration, or of --hooks; docs/HOOKS.md says what is in it.
    """


@hooks.command("list")
@config_option
@_file_option
@_pack_option
@json_option
def list_(config_file: Path | None, hooks_file: Path | None, pack_name: str | None, *, as_json: bool) -> None:
    """Say which hooks there are, where they watch, and which isolation is in force for plugins."""
    installation = installed_with(config_file, hooks_file, pack_name)
    facts = trio.run(facts_of, installation)
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
        return
    for line in listing(facts):
        click.echo(line)


@hooks.command()
@config_option
@_file_option
@_pack_option
@json_option
def check(config_file: Path | None, hooks_file: Path | None, pack_name: str | None, *, as_json: bool) -> None:
    """Load and start every hook once; all that is wrong is told, and the exit code is 2."""
    installation = installed_with(config_file, hooks_file, pack_name)
    names = [hook["name"] for hook in trio.run(facts_of, installation)["hooks"]]
    if as_json:
        click.echo(json.dumps({"hooks": names, "problems": []}))
    else:
        click.echo(f"{installation.path or 'no hooks file'}: {_counted(names)}, nothing wrong", err=True)


@hooks.command("try")
@click.argument("file", type=click.Path(path_type=Path))
@config_option
@_file_option
@_pack_option
@json_option
def try_(
    file: Path, config_file: Path | None, hooks_file: Path | None, pack_name: str | None, *, as_json: bool
) -> None:
    """Show what each hook says of the text in FILE, how long it takes, and what would become of it.

    FILE is TOML or JSON: surface, of text, title, parts, category and the other texts what there is, and account
    (category, news) for what is said for a public account. Nothing is published. What plugins print is shown.
    """
    installation = installed_with(config_file, hooks_file, pack_name)
    text = text_in(file, at=installation.clock.wall_ms())
    with printed() as output:
        trials = trio.run(_trials, installation, text, output)
    answers = [trial.answer for trial in trials]
    ruling = rule(answers, installation.pack, surface=text.surface, category=text.content.category)
    if as_json:
        found = {"answers": [plain_trial(trial) for trial in trials], "ruling": plain_ruling(ruling)}
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for trial in trials:
        for line in shown(trial, text):
            click.echo(line)
    click.echo(f"→ {spoken(ruling)}")


def installed_with(config_file: Path | None, hooks_file: Path | None, pack_name: str | None) -> Installation:
    """Return what the configuration says of hooks, with what the command line says on top.

    Raises:
        ConfigError: It cannot be used.
    """
    settings = effective(config_file).compliance
    try:
        pack = load_pack(pack_name or settings.pack)
    except PackError as error:
        raise ConfigError([f"compliance.pack: {error}"]) from error
    return Installation(pack=pack, path=hooks_file or settings.hooks, hook_user=settings.hook_user, clock=SystemClock())


@asynccontextmanager
async def _open(installation: Installation, *, output: int = subprocess.DEVNULL) -> AsyncIterator[HookPanel]:
    today = datetime.fromtimestamp(installation.clock.wall_ms() / 1000, UTC).date()
    async with opened(
        installation.path,
        installation.pack,
        today=today,
        hook_user=installation.hook_user,
        kinds=CHECKS,
        clock=installation.clock,
        post=_at_once,
        output=output,
    ) as panel:
        yield panel


async def _trials(installation: Installation, text: Publication, output: int) -> list[Trial]:
    async with _open(installation, output=output) as panel:
        return await tried(panel, text)


def _counted(hooks: Sequence[object]) -> str:
    return f"{len(hooks) or 'no'} {'hook' if len(hooks) == 1 else 'hooks'}"


def _at_once(call: Callable[[], None]) -> None:
    call()


async def facts_of(installation: Installation) -> dict[str, Any]:
    """Return the hooks and the isolation in force, in plain values; every hook is started for it."""
    async with _open(installation) as panel:
        found = [
            {
                "name": hook.name,
                "kind": hook.kind,
                "version": hook.version,
                "digest": hook.digest,
                "surfaces": {
                    surface.value: {
                        "deadline_ms": watch.deadline_ms,
                        "on_error": watch.on_error.value,
                        **({"allow_until": str(watch.allow_until)} if watch.allow_until else {}),
                    }
                    for surface, watch in hook.watches.items()
                },
            }
            for hook in panel.hooks
        ]
        in_force = [hook.in_force for hook in panel.remotes if isinstance(hook, PluginHook) and hook.in_force]
    user = user_for(installation.hook_user)
    isolated = sentences(in_force[0], user) if in_force else []
    return {"pack": f"{installation.pack.name} {installation.pack.version}", "hooks": found, "isolation": isolated}


def listing(facts: dict[str, Any]) -> Iterator[str]:
    """Yield `facts_of` as lines for people."""
    yield f"pack {facts['pack']}; {_counted(facts['hooks'])}"
    for hook in facts["hooks"]:
        yield ""
        yield f"{hook['name']}  {hook['kind']} {hook['version']}  {hook['digest'][:16]}…"
        width = max(len(surface) for surface in hook["surfaces"])
        for surface, watch in hook["surfaces"].items():
            until = f" until {watch['allow_until']}" if "allow_until" in watch else ""
            yield f"  {surface:<{width}}  {watch['deadline_ms']} ms, on error {watch['on_error']}{until}"
    if facts["isolation"]:
        yield ""
        yield from facts["isolation"]
