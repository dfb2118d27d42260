"""What `hutongd hooks try` shows: a text in a file, what each hook says of it, and what would become of it."""

import json
import os
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import click
import msgspec

from compliance.pack import HOUR_MS
from compliance.publication import Account, Publication, publication
from compliance.ruling import Holds, Publishes, Rejects, Ruling, Unavailable
from compliance.verdicts import Answer, Failure, Hold, Label, Reject
from protocol.decisions import Span
from protocol.publications import Content, Surface, fields_of
from server.hooks.check import CheckHook
from server.hooks.panel import HookPanel
from server.hooks.wire import plain_verdict

SHOWN_CHARS = 60  # Of a passage that a verdict points at.


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What one hook said of a text. `cpu_us`: of a check; what others use is not ours to see."""

    answer: Answer
    cpu_us: int | None
    why: str
    quoted: str


class _Text(Content, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A publication in a file: its content, and where it would appear."""

    surface: Surface
    account: Account | None = None


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
    content = Content(**{name: getattr(said, name) for name in Content.__struct_fields__})
    return publication(content, surface=said.surface, version=1, previous=None, at=at, account=said.account)


async def tried(panel: HookPanel, text: Publication) -> list[Trial]:
    """Return what each hook that watches its surface says of `text`, asked one after the other, by name."""
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
        case Label(labels=labels, where=where):
            yield f"{head} label {', '.join(labels)}"
            yield from _passages(where, text)
        case Hold() | Reject() as verdict:
            kind = "hold" if isinstance(verdict, Hold) else "reject"
            yield f"{head} {kind} ({verdict.ground}): {verdict.text}"
            yield from _passages(verdict.where, text)
        case _:
            yield f"{head} allow"


def _passages(where: tuple[Span, ...], text: Publication) -> Iterator[str]:
    return (f"    {passage(span, text)}" for span in where)


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
        case Holds(why=why, length_ms=length_ms, labels=labels):
            return {
                "ruling": "hold",
                "ground": why.ground,
                "facts": why.facts,
                "by": why.by,
                "hours": length_ms / HOUR_MS,
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
        case Holds(why=why, length_ms=length_ms):
            return f"It would be held for {length_ms / HOUR_MS:g} hours at most ({why.ground}, by {why.by})."
        case Rejects(why=why):
            return f"It would be rejected ({why.ground}, by {why.by})."
        case Unavailable(retry_after_ms=wait):
            return (
                f"It would be refused for now, to be tried again in {wait} ms: a hook failed, whose policy is reject."
            )


@contextmanager
def printed() -> Iterator[int]:
    """Give a descriptor, and show on stderr what is written to it.

    Not stderr itself: that may be a file, and a plugin may write to none.
    """
    reading, writing = os.pipe()
    copying = Thread(target=_copy, args=(reading,), daemon=True)
    copying.start()
    try:
        yield writing
    finally:
        os.close(writing)
        copying.join(timeout=1)  # Its plugins have ended; something that one has left behind may still hold the pipe.


def _copy(reading: int) -> None:
    with open(reading, "rb") as lines:
        for line in lines:
            click.echo(line, err=True, nl=False)
