"""`hutongd hooks list`, `check` and `try`: which hooks there are, whether they work, and what they say of a text."""

import json
import time
import tomllib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import click
import msgspec
import trio
from msgspec import Meta

from compliance.checks.registry import CHECKS
from compliance.pack import Pack, PackError
from compliance.pack import load as load_pack
from compliance.publication import Publication, publication
from compliance.ruling import Holds, Publishes, Rejects, Ruling, Unavailable, rule
from compliance.verdicts import Answer, Failure, Hold, Label, Reject
from protocol import limits
from protocol.decisions import Span
from protocol.publications import Content, Part, Surface, fields_of
from server.clock import Clock, SystemClock
from server.commands.options import config_option, effective, json_option
from server.errors import ConfigError
from server.hooks.check import CheckHook
from server.hooks.isolation import sentences
from server.hooks.opening import opened
from server.hooks.panel import HookPanel
from server.hooks.plugin import PluginHook
from server.hooks.users import user_for
from server.hooks.wire import plain_verdict

SHOWN_CHARS = 60  # Of a passage that a verdict points at.

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What one hook said of a text. `cpu_us`: of a check; what others use is not ours to see."""

    answer: Answer
    cpu_us: int | None
    why: str
    quoted: str


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
        click.echo(f"{installation.path or 'no hooks file'}: {len(names) or 'no'} hooks, nothing wrong", err=True)


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

    FILE is TOML or JSON: surface, and of text, title, parts, category and lang what there is. Nothing is published.
    What plugins print is shown.
    """
    installation = installed_with(config_file, hooks_file, pack_name)
    text = text_in(file, at=installation.clock.wall_ms())
    trials = trio.run(tried, installation, text)
    ruling = rule([trial.answer for trial in trials], installation.pack, at=installation.clock.wall_ms())
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
async def _open(
    installation: Installation, stderr: Literal["shown", "dropped"] = "dropped"
) -> AsyncIterator[HookPanel]:
    today = datetime.fromtimestamp(installation.clock.wall_ms() / 1000, UTC).date()
    async with opened(
        installation.path,
        installation.pack,
        today=today,
        hook_user=installation.hook_user,
        kinds=CHECKS,
        clock=installation.clock,
        post=_at_once,
        stderr=stderr,
    ) as panel:
        yield panel


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
    yield f"pack {facts['pack']}; {len(facts['hooks']) or 'no'} hooks"
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


class _Text(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A publication in a file."""

    surface: Surface
    text: Annotated[str, Meta(max_length=limits.TEXT_CHARS)] = ""
    title: Annotated[str, Meta(max_length=limits.TITLE_CHARS)] = ""
    parts: Annotated[tuple[Part, ...], Meta(max_length=limits.PARTS)] = ()
    category: Annotated[str, Meta(max_length=limits.CATEGORY_CHARS)] = ""
    lang: Annotated[str, Meta(max_length=limits.LANGUAGE_CHARS)] = ""


def text_in(file: Path, *, at: int) -> Publication:
    """Return the publication that `file` says, as if published at `at` (Unix ms).

    Raises:
        ClickException: It says none.
    """
    try:
        text = file.read_text(encoding="utf-8")
        plain = tomllib.loads(text) if file.suffix == ".toml" else json.loads(text)
        said = msgspec.convert(plain, _Text)
    except OSError as error:
        raise click.ClickException(f"{file}: cannot be read: {error.strerror}") from error
    except msgspec.ValidationError as error:
        raise click.ClickException(f"{file}: {error}; surface is one of {', '.join(Surface)}") from error
    except ValueError as error:
        kind = "TOML" if file.suffix == ".toml" else "JSON (a TOML file is called NAME.toml)"
        raise click.ClickException(f"{file}: not {kind}: {error}") from error
    content = Content(text=said.text, title=said.title, parts=said.parts, category=said.category, lang=said.lang)
    return publication(content, surface=said.surface, version=1, previous=None, at=at)


async def tried(installation: Installation, text: Publication) -> list[Trial]:
    """Return what each hook that watches its surface says of `text`, one after the other, by name."""
    async with _open(installation, stderr="shown") as panel:
        found = [_checked(panel, hook, text) for hook in panel.checks if text.surface in hook.watches]
        for remote in panel.remotes:
            if text.surface in remote.watches:
                began = time.perf_counter()
                said = await remote.ask(text, remote.watches[text.surface].deadline_ms / 1000)
                answer = panel.answer(remote, text, said, time.perf_counter() - began)
                found.append(Trial(answer=answer, cpu_us=None, why=said.why, quoted=said.quoted))
    return sorted(found, key=lambda trial: trial.answer.hook)


def _checked(panel: HookPanel, hook: CheckHook, text: Publication) -> Trial:
    began, cpu_began = time.perf_counter(), time.thread_time()
    said = hook.judge(text)
    took_s, cpu_s = time.perf_counter() - began, time.thread_time() - cpu_began
    answer = panel.answer(hook, text, said, took_s)
    return Trial(answer=answer, cpu_us=round(cpu_s * 1_000_000), why=said.why, quoted=said.quoted)


def plain_trial(trial: Trial) -> dict[str, Any]:
    """Return `trial` in plain values."""
    answer = trial.answer
    outcome = answer.outcome
    return {
        "hook": answer.hook,
        "kind": answer.kind,
        "version": answer.version,
        "digest": answer.digest,
        "took_us": answer.took_us,
        "cpu_us": trial.cpu_us,
        **({"failure": outcome.value} if isinstance(outcome, Failure) else plain_verdict(outcome)),
        "on_error": answer.on_error.value,
        "why": trial.why,
        "detail": trial.quoted,
    }


def shown(trial: Trial, text: Publication) -> Iterator[str]:
    """Yield `trial` as lines for people, with the passages that it points at."""
    answer = trial.answer
    cpu = f", {trial.cpu_us / 1000:.3f} ms of CPU" if trial.cpu_us is not None else ""
    head = f"{answer.hook}  {answer.kind} {answer.version}  {answer.took_us / 1000:.3f} ms{cpu}:"
    match answer.outcome:
        case Failure() as failure:
            told = "; ".join(each for each in (trial.why, trial.quoted) if each)
            yield f"{head} failed ({failure.value}); the policy is to {answer.on_error.value}"
            if told:
                yield f"    {told}"
        case Label(labels=labels):
            yield f"{head} label {', '.join(labels)}"
        case Hold() | Reject() as verdict:
            kind = "hold" if isinstance(verdict, Hold) else "reject"
            yield f"{head} {kind} ({verdict.ground}): {verdict.text}"
            for span in verdict.where:
                yield f"    {passage(span, text)}"
        case _:
            yield f"{head} allow"


def passage(span: Span, text: Publication) -> str:
    """Return the passage of `text` at `span`, and where it is."""
    found = fields_of(text.content)[span.path][span.start : span.end]
    cut = found if len(found) <= SHOWN_CHARS else found[:SHOWN_CHARS] + "…"
    return f"{span.path}[{span.start}:{span.end}] “{cut}”"


def plain_ruling(ruling: Ruling) -> dict[str, Any]:
    """Return `ruling` in plain values."""
    match ruling:
        case Publishes(labels=labels):
            return {"ruling": "publish", "labels": list(labels)}
        case Holds(why=why, until=until, labels=labels):
            return {
                "ruling": "hold",
                "ground": why.ground,
                "facts": why.facts,
                "by": why.by,
                "until": until,
                "labels": list(labels),
            }
        case Rejects(why=why):
            return {"ruling": "reject", "ground": why.ground, "facts": why.facts, "by": why.by}
        case Unavailable(retry_after_ms=wait):
            return {"ruling": "unavailable", "retry_after_ms": wait}


def spoken(ruling: Ruling) -> str:
    """Return what becomes of the text, in a sentence."""
    match ruling:
        case Publishes(labels=labels):
            return f"It would be published, with {', '.join(labels)}." if labels else "It would be published."
        case Holds(why=why, until=until):
            end = datetime.fromtimestamp(until / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
            return f"It would be held until {end} at the latest ({why.ground}, by {why.by})."
        case Rejects(why=why):
            return f"It would be rejected ({why.ground}, by {why.by})."
        case Unavailable(retry_after_ms=wait):
            return (
                f"It would be refused for now, to be tried again in {wait} ms: a hook failed, whose policy is reject."
            )
