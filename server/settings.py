"""What a setting is: its name, its bounds, and how a value of it is read. Which ones there are is in config."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal, Self, get_args, get_origin
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta

ENVIRONMENT_PREFIX = "HUTONG_"
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_RATE = re.compile(r"([1-9][0-9]{0,8})/([0-9]{0,6})(ms|s|m|h|d)")
_ADDRESS = re.compile(r"(?:\[([0-9A-Fa-f:.%\w]+)\]|([^\s:/\[\]]+)):([0-9]{1,5})")
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/?#]+")


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen. `host` is a name or an IP address without brackets; port 0 takes a free one."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return what `HOST:PORT` or `[IPv6]:PORT` says.

        Raises:
            ValueError: It is something else.
        """
        match = _ADDRESS.fullmatch(text)
        if match is None or int(match[3]) > 65535:
            raise ValueError(text)
        return cls(match[1] or match[2], int(match[3]))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket: `tokens` at once, and as many again over `period_s`. No tokens: no limit."""

    tokens: int
    period_s: float
    text: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return what `N/PERIOD` (`50/1s`, `20/1h`) or `off` says.

        Raises:
            ValueError: It is something else.
        """
        if text == "off":
            return cls(0, 0.0, text)
        match = _RATE.fullmatch(text)
        period_s = float(match[2] or 1) * _UNIT_S[match[3]] if match else 0.0
        if match is None or period_s == 0:
            raise ValueError(text)
        return cls(int(match[1]), period_s, text)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting as the documentation has it; `kind` is what its type says before any bounds."""

    section: str
    key: str
    kind: Any
    shape: Any
    bounds: Meta
    default: Any

    @property
    def name(self) -> str:
        """`section.key`, as messages and the documentation have it."""
        return f"{self.section}.{self.key}"

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return f"{ENVIRONMENT_PREFIX}{self.section}_{self.key}".upper()

    @property
    def secret(self) -> bool:
        """Whether it is kept out of messages and listings."""
        return self.key == "invitation"

    @property
    def allowed(self) -> str:
        """What it may be, in words."""
        if self.kind in _SPOKEN:
            return _SPOKEN[self.kind]
        if get_origin(self.kind) is Literal:
            return "one of " + ", ".join(f'"{choice}"' for choice in get_args(self.kind))
        if self.kind is str:
            return f"text of at most {self.bounds.max_length} characters"
        number = "a whole number" if self.kind is int else "seconds,"
        least = f"from {self.bounds.ge}" if self.bounds.ge is not None else f"more than {self.bounds.gt}"
        return f"{number} {least} {'to' if self.bounds.ge is not None else 'and at most'} {self.bounds.le}"

    def parse(self, value: object, *, text: bool) -> Any:
        """Return `value` as this setting has it; `text`: it comes from where there is nothing but text.

        Raises:
            ValueError: It cannot be that.
        """
        if self.kind == date | None:
            return _day(value)
        if self.kind in _PARSED:
            if not isinstance(value, str):
                raise ValueError(value)
            return _PARSED[self.kind](value)
        if self.kind == tuple[str, ...]:
            return _origins(value.split(",") if text and isinstance(value, str) else value)
        return msgspec.convert(value, self.shape, strict=not text)


def _path(text: str) -> Path:
    if not text:
        raise ValueError(text)
    return Path(text)


def _zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, OSError) as error:  # A folder of zones is found, and cannot be read as one.
        raise ValueError(text) from error


def _day(value: object) -> date | None:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        raise ValueError(value)  # noqa: TRY004 - what cannot be that is a ValueError, whatever it is.
    return date.fromisoformat(value) if value else None


def _origins(value: object) -> tuple[str, ...]:
    origins = msgspec.convert(value, tuple[str, ...])
    origins = tuple(stripped for origin in origins if (stripped := origin.strip()))
    for origin in origins:
        if origin != "*" and not _ORIGIN.fullmatch(origin):
            raise ValueError(origin)
    return origins


_PARSED: dict[Any, Callable[[str], Any]] = {
    Address: Address.parse,
    Rate: Rate.parse,
    Path: _path,
    ZoneInfo: _zone,
    Path | None: lambda text: _path(text) if text else None,
}
_SPOKEN: dict[Any, str] = {
    Address: '"HOST:PORT" or "[IPv6]:PORT"',
    Rate: 'a rate like "50/1s" or "20/1h", or "off"',
    Path: "a path",
    ZoneInfo: 'a time zone like "UTC" or "Asia/Shanghai"',
    Path | None: "a path, or empty",
    date | None: "a day like 2026-12-31, or empty",
    bool: "true or false",
    tuple[str, ...]: 'a list of origins like "https://chat.example.org", or ["*"]',
}
