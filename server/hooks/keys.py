"""The keys of the hooks file: what each is for, what it may be, and what it is when it is left out.

docs/HOOKS.md lists them; a test compares it with this file.
"""

from collections.abc import Iterable
from datetime import date
from difflib import get_close_matches
from typing import Annotated, Any, get_args

import msgspec
from msgspec import Meta

from compliance.verdicts import OnError
from protocol.publications import Surface

KINDS = ("check", "plugin", "file", "webhook")  # The keys that say what a hook is: exactly one of them.


def _says(description: str, **bounds: Any) -> Meta:
    return Meta(description=description, **bounds)


class SurfaceKeys(msgspec.Struct, frozen=True, kw_only=True):
    """Keys of `[NAME]` that `[NAME.surface.SURFACE]` may have, too."""

    enabled: Annotated[bool, _says("Whether it is asked at all.")] = True
    deadline_ms: Annotated[
        int, _says("How long it has for one publication, waiting for its turn included.", ge=1, le=60_000)
    ] = 200
    on_error: Annotated[OnError | None, _says("What becomes of a publication that it fails on.")] = None
    allow_until: Annotated[
        date | None, _says('The last day, UTC, on which `on_error = "allow"` counts; needed with it.')
    ] = None


class HookKeys(SurfaceKeys, frozen=True, kw_only=True):
    surfaces: Annotated[tuple[Surface, ...], _says("Where it watches.", min_length=1)] = tuple(Surface)
    options: Annotated[dict[str, Any], _says("Its own settings, checked against its own schema.")] = {}


class PluginKeys(HookKeys, frozen=True, kw_only=True):
    workers: Annotated[int, _says("The most publications it judges at a time, each in a process.", ge=1, le=64)] = 8
    memory_mib: Annotated[int, _says("Address space of each of its processes, in MiB.", ge=128, le=65_536)] = 512
    cpu_s: Annotated[int, _says("Seconds of CPU after which a worker is replaced by a fresh one.", ge=1, le=86_400)] = (
        60
    )
    reads: Annotated[
        tuple[str, ...], _says("Files and folders that it may read, relative to the hooks file.", max_length=32)
    ] = ()


class WebhookKeys(SurfaceKeys, frozen=True, kw_only=True):
    surfaces: Annotated[tuple[Surface, ...], _says("Where it watches.", min_length=1)] = tuple(Surface)
    secret: Annotated[str, _says("`whsec_` and base64 of 24 to 64 bytes: signs what is sent.")] = ""
    secret_file: Annotated[str, _says("A file that holds the secret, relative to the hooks file.")] = ""
    version: Annotated[
        str, _says("What receipts call the version of the rules behind it.", min_length=1, max_length=64)
    ] = "0"
    failures: Annotated[
        int, _says("Failures one after the other after which it is left alone for a while.", ge=1, le=1000)
    ] = 5
    rest_s: Annotated[float, _says("For how long, in seconds.", gt=0, le=3600)] = 10.0


KEYS: dict[str, type[SurfaceKeys]] = {
    "check": HookKeys,
    "plugin": PluginKeys,
    "file": PluginKeys,
    "webhook": WebhookKeys,
}


def meant(word: str, words: Iterable[str]) -> str:
    """Return what a message about the unknown `word` ends with: the one it may have been, or all there are."""
    known = sorted(words)
    close = get_close_matches(word, known, n=1)
    return f"; did you mean {close[0]}?" if close else f"; there are {', '.join(known)}" if known else ""


def allowed(shape: type[SurfaceKeys], key: str) -> str:
    """Return what `key` may be, in words: for messages and for docs/HOOKS.md."""
    annotated = next(field.type for field in msgspec.structs.fields(shape) if field.name == key)
    kind, bounds = get_args(annotated)
    if kind is int:
        return f"a whole number from {bounds.ge} to {bounds.le}"
    if kind is str and bounds.max_length:
        return f"text of 1 to {bounds.max_length} characters"
    return _SPOKEN[kind]


_SPOKEN: dict[Any, str] = {
    bool: "true or false",
    float: "seconds, more than 0 and at most 3600",
    str: "text",
    OnError | None: "one of " + ", ".join(f'"{policy}"' for policy in OnError),
    date | None: "a date like 2027-01-31",
    dict[str, Any]: "a table",
    tuple[str, ...]: "a list of at most 32 paths",
    tuple[Surface, ...]: "a list of surfaces",
}
