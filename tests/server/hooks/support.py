"""What tests of hooks need: packs, publications, files, a clock that stands still, checks and hooks that do as told."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from textwrap import dedent
from typing import Any

import msgspec

from compliance.checks.base import Check, CheckError, Options, Read
from compliance.pack import Pack, load
from compliance.publication import Publication, publication
from compliance.verdicts import Answer, Failure, Hold, OnError, Reject, Verdict
from protocol.decisions import Span
from protocol.publications import Content, Surface
from server.clock import SystemClock
from server.hooks.check import CheckKind
from server.hooks.hook import Said
from server.hooks.opening import opened
from server.hooks.panel import HookPanel
from server.hooks.settings import HookSettings, PluginSource, Watch

PACK: Pack = load("open")
TODAY = date(2026, 11, 25)
NOW_MS = 1_795_600_000_000  # On that day.
GROUND = "house_rules"


def text(words: str, *, surface: Surface = Surface.GROUP_MESSAGE, at: int = NOW_MS) -> Publication:
    return publication(Content(text=words), surface=surface, version=1, previous=None, at=at)


def watching(**changes: Any) -> dict[Surface, Watch]:
    watch: dict[str, Any] = {
        "deadline_ms": 200,
        "on_error": OnError.HOLD,
        "allow_until": None,
        "otherwise": OnError.HOLD,
    } | changes
    return {surface: Watch(**watch) for surface in Surface}


def written(folder: Path, hooks: str, **plugins: str) -> Path:
    """Write a hooks file, and plugins beside it by their names."""
    for name, source in plugins.items():
        (folder / f"{name}.py").write_text(dedent(source), encoding="utf-8")
    path = folder / "hooks.toml"
    path.write_text(dedent(hooks), encoding="utf-8")
    return path


def plugin_settings(folder: Path, source: str, **changes: Any) -> tuple[HookSettings, PluginSource]:
    """Return what a plugin in one file with `source` is opened with."""
    file = folder / "plugin.py"
    file.write_text(dedent(source), encoding="utf-8")
    values: dict[str, Any] = {
        "entry": "", "file": file, "options": {}, "workers": 4, "memory_mib": 512, "cpu_s": 60, "reads": (),
    }  # fmt: skip
    plugin = PluginSource(**(values | changes))
    return HookSettings(name="plugin", source=plugin, watches=watching()), plugin


class Desk:
    """Stands for the poller: collects what is posted, or runs it at once."""

    def __init__(self) -> None:
        self.posted: list[Callable[[], None]] = []

    def post(self, call: Callable[[], None]) -> None:
        self.posted.append(call)

    def turn(self) -> None:
        posted, self.posted = self.posted, []
        for call in posted:
            call()


class StillClock:
    """Stands where it is put."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.now_ms = NOW_MS

    def monotonic(self) -> float:
        return self.now_s

    def wall_ms(self) -> int:
        return self.now_ms


class WordOptions(Options, frozen=True, kw_only=True):
    file: str
    ground: str = GROUND
    breaks: str = ""


class WordCheck:
    """A check that rejects what has one of the words of a file."""

    version = "7"

    def __init__(self, options: WordOptions, read: Read) -> None:
        self.grounds = frozenset({options.ground})
        self.rules = frozenset(read(options.file).decode().split())
        if "unusable" in self.rules:
            raise CheckError(f"{options.file}: a word is unusable")
        self.digest = "-".join(sorted(self.rules))
        self.learned: list[str] = []
        self._options = options

    def judge(self, publication: Publication) -> Verdict:
        words = publication.content.text
        if words == "break":
            raise RuntimeError(words)
        if words == "malformed":
            return Hold(ground="no_such_ground", text="no")
        for rule in self.rules:
            at = words.find(rule)
            if at >= 0:
                where = (Span(path="text", start=at, end=at + len(rule)),)
                return Reject(ground=self._options.ground, text="A word of the list.", where=where)
        return None  # type: ignore[return-value] # The panel takes it as Allow.

    def learn(self, publication: Publication) -> None:
        if publication.content.text == "break":
            raise RuntimeError
        self.learned.append(publication.content.text)

    def succeed(self, before: "WordCheck") -> None:
        self.learned = before.learned


@dataclass(frozen=True)
class Kind:
    options: type[msgspec.Struct]
    make: Callable[[Any, Read], Check]


KINDS: Mapping[str, CheckKind] = {"words": Kind(WordOptions, WordCheck)}


@dataclass
class Remote:
    """A hook elsewhere that does what it is told."""

    name: str
    behave: Callable[[Publication], Any]  # Gives an awaitable of Said.
    kind: str = "plugin"
    version: str = "1"
    digest: str = "d1"
    watches: Mapping[Surface, Watch] = field(default_factory=watching)
    ran: list[str] = field(default_factory=list)

    async def ask(self, publication: Publication, deadline_s: float) -> Said:
        said: Said = await self.behave(publication)
        return said

    async def run(self) -> None:
        self.ran.append("run")

    async def close(self) -> None:
        self.ran.append("close")


def hooks_of(path: Path | None, **changes: Any) -> AbstractAsyncContextManager[HookPanel]:
    """Open the hooks of `path` as a server would."""
    given: dict[str, Any] = {
        "today": TODAY, "hook_user": "", "kinds": KINDS, "clock": SystemClock(), "post": lambda call: call(),
    }  # fmt: skip
    return opened(path, PACK, **(given | changes))


def outcomes(answers: list[Answer]) -> dict[str, Verdict | Failure]:
    return {answer.hook: answer.outcome for answer in answers}
