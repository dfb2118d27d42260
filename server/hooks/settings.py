"""The hooks file: which hooks there are, where they watch, how long they may take, and what if they fail.

Parsed once, into values that cannot be wrong. What a hook's own options may be is its own affair, and is checked where
the hook is opened.
"""

import base64
import binascii
import re
import reprlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec

from compliance.pack import Pack
from compliance.verdicts import OnError
from protocol.publications import Surface
from server.errors import ConfigError
from server.hooks.keys import KEYS, KINDS, PluginKeys, SurfaceKeys, WebhookKeys, allowed, meant

NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
SOURCE_BYTES = 1 << 20  # Of a plugin in one file.
_MINUTE = timedelta(minutes=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_SECRET_BYTES = (24, 64)  # Standard Webhooks, "Signature scheme".


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """How a hook watches one surface. `otherwise`: the pack's policy, which takes over when an `allow` has ended."""

    deadline_ms: int
    on_error: OnError
    allow_until: date | None
    otherwise: OnError

    def policy(self, minute: int) -> OnError:
        """Return what becomes of a publication of `minute` (Unix) that the hook fails on."""
        if self.on_error is OnError.ALLOW and self.allow_until is not None:
            today = (_EPOCH + minute * _MINUTE).date()
            return OnError.ALLOW if today <= self.allow_until else self.otherwise
        return self.on_error


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSource:
    """A built-in check, by its name in the registry."""

    check: str
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginSource:
    """A plugin: an entry point by its name, or the source of one file. `reads`: what it may read, absolute."""

    entry: str
    file: Path | None
    options: Mapping[str, Any]
    workers: int
    memory_mib: int
    cpu_s: int
    reads: tuple[Path, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class WebhookSource:
    """A webhook. `secret`: the bytes that sign."""

    url: str
    secret: bytes
    version: str
    failures: int
    rest_s: float


Source = CheckSource | PluginSource | WebhookSource


@dataclass(frozen=True, slots=True, kw_only=True)
class HookSettings:
    """One hook as the file has it. `watches`: only the surfaces where it is asked."""

    name: str
    source: Source
    watches: Mapping[Surface, Watch]


def read(path: Path, pack: Pack, *, today: date) -> tuple[HookSettings, ...]:
    """Return the hooks that the file `path` names, by name; disabled ones are checked and left out.

    Raises:
        ConfigError: With every problem there is, each with its file, table and key.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror}"]) from error
    except ValueError as error:  # Not UTF-8, or not TOML.
        raise ConfigError([f"{path}: not TOML: {error}"]) from error
    problems: list[str] = []
    found = [_Table(path, name, table, problems).settings(pack, today) for name, table in sorted(tables.items())]
    if problems:
        raise ConfigError(problems)
    return tuple(settings for settings in found if settings is not None and settings.watches)


class _Table:
    """One table of the file being read; what is wrong goes to `problems`."""

    def __init__(self, path: Path, name: str, table: object, problems: list[str]) -> None:
        self._path = path
        self._name = name
        self._table = table
        self._problems = problems

    def settings(self, pack: Pack, today: date) -> HookSettings | None:
        table, before = self._table, len(self._problems)
        if not isinstance(table, dict):
            self._problems.append(f"{self._path}: {self._name} is a hook: write [{self._name}] and its keys below")
            return None
        if not NAME.fullmatch(self._name):
            self._say("", "a hook's name is 1 to 32 of a-z, 0-9, _ and -, a letter first")
        kinds = [kind for kind in KINDS if kind in table]
        if len(kinds) != 1:
            self._say("", f"say what it is by exactly one of {', '.join(KINDS)}")
            return None
        kind = kinds[0]
        shape = KEYS[kind]
        subject = table[kind]
        if not isinstance(subject, str) or not subject:
            self._say(kind, f"is text; got {reprlib.repr(subject)}")
        keys = self._keys({key: value for key, value in table.items() if key not in (kind, "surface")}, shape, "")
        watches = self._watches(keys, table, pack, today)
        if len(self._problems) > before:
            return None
        source = self._source(kind, subject, keys)
        if source is None:
            return None
        return HookSettings(name=self._name, source=source, watches=watches if keys.get("enabled", True) else {})

    def _keys(self, table: Mapping[str, object], shape: type[SurfaceKeys], under: str) -> dict[str, Any]:
        """Return those keys of `table` that `shape` has, as it has them."""
        known = {field.name: field for field in msgspec.structs.fields(shape)}
        found = {}
        for key, value in table.items():
            if key not in known:
                self._say(
                    f"{under}{key}", f"there is no such key here{meant(key, [*known, *([] if under else KINDS)])}"
                )
                continue
            try:
                found[key] = msgspec.convert(value, known[key].type)
            except ValueError:
                got = "" if key == "secret" else f"; got {reprlib.repr(value)}"
                if key == "surfaces" and isinstance(value, list):
                    got = _unknown_surfaces(value) or got
                self._say(f"{under}{key}", f"is {allowed(shape, key)}{got}")
        return found

    def _watches(self, keys: dict[str, Any], given: dict[str, object], pack: Pack, today: date) -> dict[Surface, Watch]:
        below = given.get("surface", {})
        surfaces: tuple[Surface, ...] = keys.get("surfaces", tuple(Surface))
        if not isinstance(below, dict):
            self._say("surface", "has tables: write [NAME.surface.SURFACE] and its keys below")
            return {}
        apart: dict[Surface, dict[str, Any]] = {}
        for word, table in below.items():
            if word not in set(Surface):
                self._say(f"surface.{word}", f"there is no such surface{meant(word, Surface)}")
            elif word not in surfaces:
                self._say(f"surface.{word}", "it does not watch there; name it in surfaces, too, or leave it out here")
            elif not isinstance(table, dict):
                self._say(f"surface.{word}", f"is a table: write [{self._name}.surface.{word}] and its keys below")
            else:
                apart[Surface(word)] = self._keys(table, SurfaceKeys, f"surface.{word}.")
        found = {}
        common = {key: keys[key] for key in SurfaceKeys.__struct_fields__ if key in keys}
        self._check_allow(common, "", today, given)
        for surface in surfaces:
            own = apart.get(surface, {})
            if "on_error" in own or "allow_until" in own:
                inherited = {} if "on_error" in own else common
                self._check_allow(inherited | own, f"surface.{surface}.", today, below[surface])
            merged = SurfaceKeys(**(common | own))
            otherwise = pack.surfaces[surface].on_error
            if merged.enabled:
                found[surface] = Watch(
                    deadline_ms=merged.deadline_ms,
                    on_error=merged.on_error or otherwise,
                    allow_until=merged.allow_until,
                    otherwise=otherwise,
                )
        return found

    def _check_allow(self, keys: Mapping[str, Any], under: str, today: date, given: Mapping[str, object]) -> None:
        until = keys.get("allow_until")
        if "allow_until" in given and until is None:
            return  # It has been said what is wrong with it.
        if keys.get("on_error") is OnError.ALLOW:
            if until is None:
                self._say(f"{under}on_error", "allow needs an end: say allow_until = YYYY-MM-DD, its last day")
            elif until < today:
                self._say(f"{under}allow_until", f"ended on {until}; decide anew what becomes of what it fails on")
        elif until is not None:
            self._say(f"{under}allow_until", 'goes with on_error = "allow" only')

    def _source(self, kind: str, subject: str, keys: dict[str, Any]) -> Source | None:
        if kind == "webhook":
            return self._webhook(subject, keys)
        if kind == "check":
            return CheckSource(check=subject, options=keys.get("options", {}))
        plugin = PluginKeys(**keys)
        file = self._beside(subject) if kind == "file" else None
        if file is not None and not self._is_plugin(file):
            return None
        reads = tuple(self._beside(each) for each in plugin.reads)
        missing = [each for each in reads if not each.exists()]
        for each in missing:
            self._say("reads", f"there is no {each}")
        if missing:
            return None
        return PluginSource(
            entry="" if file else subject,
            file=file,
            options=plugin.options,
            workers=plugin.workers,
            memory_mib=plugin.memory_mib,
            cpu_s=plugin.cpu_s,
            reads=reads,
        )

    def _is_plugin(self, file: Path) -> bool:
        try:
            size = file.stat().st_size
            with file.open("rb"):
                pass
        except OSError as error:
            self._say("file", f"{file} cannot be read: {error.strerror}")
            return False
        if size > SOURCE_BYTES:
            self._say("file", f"{file} is larger than {SOURCE_BYTES} bytes: make it a package with an entry point")
        return size <= SOURCE_BYTES

    def _webhook(self, url: str, keys: dict[str, Any]) -> WebhookSource | None:
        webhook = WebhookKeys(**keys)
        secret = b""
        for problem in _wrong_with(url):
            self._say("webhook", problem)
            return None
        try:
            secret = self._secret(webhook)
        except OSError as error:
            self._say("secret_file", f"{error.filename} cannot be read: {error.strerror}")
            return None
        except ValueError as error:
            self._say("secret_file" if webhook.secret_file else "secret", str(error))
            return None
        return WebhookSource(
            url=url, secret=secret, version=webhook.version, failures=webhook.failures, rest_s=webhook.rest_s
        )

    def _secret(self, webhook: WebhookKeys) -> bytes:
        if bool(webhook.secret) == bool(webhook.secret_file):
            raise ValueError("say the secret by exactly one of secret, secret_file")
        text = webhook.secret or self._beside(webhook.secret_file).read_text(encoding="utf-8").strip()
        least, most = _SECRET_BYTES
        try:
            secret = base64.b64decode(text.removeprefix("whsec_"), validate=True)
        except (binascii.Error, ValueError):
            secret = b""
        if not text.startswith("whsec_") or not least <= len(secret) <= most:
            raise ValueError(f"is whsec_ and base64 of {least} to {most} bytes")
        return secret

    def _beside(self, name: str) -> Path:
        return self._path.absolute().parent / name

    def _say(self, key: str, problem: str) -> None:
        self._problems.append(f"{self._path}: [{self._name}]{f' {key}' if key else ''}: {problem}")


def _unknown_surfaces(words: list[Any]) -> str:
    unknown = [word for word in words if word not in set(Surface)]
    return f"; there is no {reprlib.repr(unknown[0])}{meant(str(unknown[0]), Surface)}" if unknown else ""


def _wrong_with(url: str) -> Iterator[str]:
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL as error:
        yield f"is no URL: {error}"
        return
    if parts.scheme not in ("https", "http") or not parts.host:
        yield "is a URL like https://host/path"
    elif parts.scheme == "http" and parts.host not in _LOOPBACK:
        yield "is https; http only on this machine (localhost, 127.0.0.1, [::1])"
    elif parts.userinfo or parts.fragment:
        yield "has no user, password or fragment: the signature says who sends it"
