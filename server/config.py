"""What an operator may set, and the reading of it: a file, the environment, the command line, in rising order.

Parsed once, into values that cannot be wrong: nothing later asks whether a setting makes sense. All defaults work.
docs/OPERATIONS.md lists every setting; a test compares it with this file.
"""

import reprlib
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from protocol import limits
from server.errors import ConfigError
from server.settings import ENVIRONMENT_PREFIX, Address, Rate, Setting

_SECONDS_MAX = 10 * 365 * 86400


def _count(least: int, most: int, description: str) -> Meta:
    return Meta(ge=least, le=most, description=description)


def _seconds(description: str, *, most: float = 86400) -> Meta:
    return Meta(gt=0, le=most, description=description)


def _says(description: str) -> Meta:
    return Meta(description=description)


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One table of the file."""


class ServerSettings(_Section, frozen=True, kw_only=True):
    listen: Annotated[
        Address, _says("Where to listen. Port 0 takes a free port; the first line of output names it.")
    ] = Address("127.0.0.1", 8440)
    data: Annotated[Path, _says("The data directory; made if it is not there.")] = Path("hutong-data")
    tls_cert: Annotated[
        Path | None, _says("PEM file: the server's certificate, then the intermediate ones. Together with `tls_key`.")
    ] = None
    tls_key: Annotated[Path | None, _says("PEM file: the private key of `tls_cert`, without a passphrase.")] = None
    origins: Annotated[
        tuple[str, ...],
        _says("Web origins whose pages may connect; `*`: all. Programs that send no `Origin` always may."),
    ] = ()
    drain_s: Annotated[
        float, Meta(ge=0, le=3600, description="How long a stopping server waits for what it began.")
    ] = 10
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], _says("The least important events that are logged.")
    ] = "info"


class LimitSettings(_Section, frozen=True, kw_only=True):
    connections: Annotated[int, _count(1, 1_000_000, "Connections at a time. `ulimit -n` must be higher.")] = 10_000
    connections_per_address: Annotated[
        int, _count(0, 1_000_000, "Connections at a time from one IP address (IPv6: one /64). 0: no limit.")
    ] = 0
    message_bytes: Annotated[
        int,
        _count(40_960, limits.MESSAGE_BYTES, "The longest message a client may send; a longer one closes with 1009."),
    ] = limits.MESSAGE_BYTES
    requests_in_flight: Annotated[
        int, _count(1, 10_000, "Requests of one connection under way at a time; at that many, its socket is not read.")
    ] = 32
    outbox_bytes: Annotated[
        int, _count(1 << 19, 1 << 30, "Unsent bytes of one connection; past that it is slow, and closed with 4001.")
    ] = 1 << 20
    outboxes_bytes: Annotated[
        int, _count(1 << 19, 1 << 40, "Unsent bytes of all connections; past that the slowest go first.")
    ] = 1 << 28
    handshake_s: Annotated[float, _seconds("From the connection to the end of the TLS and WebSocket handshakes.")] = 10
    hello_s: Annotated[float, _seconds("From the connection to being signed in.")] = 30
    heartbeat_s: Annotated[
        float, _seconds("A connection silent for so long is pinged; after as long again it is closed with 4002.")
    ] = 30
    devices: Annotated[int, _count(1, 1000, "Signed-in devices of one person.")] = 20
    public_group_members: Annotated[int, _count(2, limits.PUBLIC_GROUP_MEMBERS, "Members of one public group.")] = (
        10_000
    )
    group_members: Annotated[int, _count(2, limits.PRIVATE_GROUP_MEMBERS, "Members of one private group.")] = (
        limits.PRIVATE_GROUP_MEMBERS
    )


def _rate(text: str) -> Rate:
    return Rate.parse(text)


class RateSettings(_Section, frozen=True, kw_only=True):
    per_connection: Annotated[Rate, _says("All requests of one connection.")] = _rate("200/1s")
    per_person: Annotated[Rate, _says("All requests of one person, on all their devices.")] = _rate("400/1s")
    per_address: Annotated[
        Rate, _says("All requests from one IP address (IPv6: one /64; loopback is exempt, here and below).")
    ] = _rate("2000/1s")
    register: Annotated[Rate, _says("`register`, by address.")] = _rate("20/1h")
    login: Annotated[
        Rate, _says("`login`, by address and, apart from that, by handle; `change_password`, by person.")
    ] = _rate("10/1m")
    resume: Annotated[Rate, _says("`resume`, by address.")] = _rate("200/1s")
    send: Annotated[
        Rate, _says("`send`, `edit`, `recall`, `react`, `moment.post`, `comment` and `inbox.answer`, by person.")
    ] = _rate("50/1s")
    publish: Annotated[Rate, _says("`publish`, `schedule` and `take_back`, by person.")] = _rate("20/1s")
    group: Annotated[Rate, _says("Operations on groups (`group.…`), by person.")] = _rate("600/1m")
    contact: Annotated[Rate, _says("`contact.ask`, by person.")] = _rate("100/1h")
    lookup: Annotated[Rate, _says("`people` and `search`, by person.")] = _rate("300/1m")
    fetch: Annotated[
        Rate, _says("What is read from the store: `sync`, `history`, `topic`, `receipts`, `watch`, …, by person.")
    ] = _rate("50/1s")
    marks: Annotated[
        Rate,
        _says("One's own marks and settings: `read`, `set_topic`, `block`, `follow`, `draft.save`, …, by person."),
    ] = _rate("50/1s")
    typing: Annotated[Rate, _says("`typing`, by person.")] = _rate("5/1s")


class RegistrationSettings(_Section, frozen=True, kw_only=True):
    open: Annotated[bool, _says("Whether new people may register at all.")] = True
    invitation: Annotated[
        str,
        Meta(
            max_length=limits.CODE_CHARS, description="A code that `register` then asks for. Empty: none is asked for."
        ),
    ] = ""


class MessageSettings(_Section, frozen=True, kw_only=True):
    recall_s: Annotated[
        float, Meta(ge=0, le=_SECONDS_MAX, description="How long one may recall an entry of one's own.")
    ] = 120
    edit_s: Annotated[
        float, Meta(ge=0, le=_SECONDS_MAX, description="How long one may edit a message of one's own.")
    ] = 86_400
    reach: Annotated[
        int, _count(1, 1_000_000, "Entries of one topic that `sync` goes back; what is before is a gap.")
    ] = 1000
    newest: Annotated[int, _count(0, 10_000, "Entries of each topic that a new device gets first.")] = 50
    slice_bytes: Annotated[
        int, _count(65_536, limits.SLICE_BYTES, "Bytes of entries in one reply to `sync` or `history`.")
    ] = limits.SLICE_BYTES


class PresenceSettings(_Section, frozen=True, kw_only=True):
    quiet_s: Annotated[
        float, Meta(ge=0, le=3600, description="After a start, nobody is told who comes and goes for so long.")
    ] = 30


class ComplianceSettings(_Section, frozen=True, kw_only=True):
    pack: Annotated[
        str,
        Meta(max_length=4096, description="The policy pack: `open`, `cn-2014`, or the path of a file NAME.toml."),
    ] = "open"
    hooks: Annotated[Path | None, _says("TOML file with the hooks, a table each (docs/HOOKS.md). Empty: none.")] = None
    hook_user: Annotated[
        str,
        Meta(
            max_length=32,
            description="Whom plugins run as. Empty: `nobody` when the server was started as root, else its own user.",
        ),
    ] = ""
    language: Annotated[
        str,
        Meta(
            max_length=limits.LANGUAGE_CHARS,
            description="The language of titles and advice in decisions; English where the pack lacks it.",
        ),
    ] = "en"
    time_zone: Annotated[
        ZoneInfo, _says("Whose days and months the broadcasts of public accounts are counted in: a name of IANA's.")
    ] = ZoneInfo("UTC")


class LicenceSettings(_Section, frozen=True, kw_only=True):
    number: Annotated[
        str,
        Meta(max_length=200, description="The provider's licence, where the pack asks for one. Empty: there is none."),
    ] = ""
    kind: Annotated[
        str, Meta(max_length=200, description="What kind of licence it is: one of those the pack names.")
    ] = ""
    issuer: Annotated[str, Meta(max_length=200, description="The authority that issued it.")] = ""
    valid_from: Annotated[date | None, _says("Its first day (UTC).")] = None
    valid_until: Annotated[date | None, _says("Its last day (UTC), through which it counts.")] = None


class StoreSettings(_Section, frozen=True, kw_only=True):
    readers: Annotated[int, _count(1, 64, "Threads that read history and the like.")] = 2


class PasswordSettings(_Section, frozen=True, kw_only=True):
    time_cost: Annotated[int, _count(1, 1000, "Argon2id passes over the memory.")] = 3
    memory_kib: Annotated[int, _count(8, 1 << 22, "Argon2id memory of one hash, in KiB; at least 8 a lane.")] = 65_536
    parallelism: Annotated[int, _count(1, 64, "Argon2id lanes.")] = 4
    at_once: Annotated[int, _count(1, 64, "Passwords hashed at a time, each on its own thread.")] = 1
    waiting: Annotated[
        int, _count(1, 100_000, "Passwords waiting for a thread; past that, `unavailable` with `retry_after_ms`.")
    ] = 64


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings, by section."""

    server: ServerSettings = ServerSettings()
    limits: LimitSettings = LimitSettings()
    rates: RateSettings = RateSettings()
    registration: RegistrationSettings = RegistrationSettings()
    messages: MessageSettings = MessageSettings()
    compliance: ComplianceSettings = ComplianceSettings()
    licence: LicenceSettings = LicenceSettings()
    presence: PresenceSettings = PresenceSettings()
    store: StoreSettings = StoreSettings()
    passwords: PasswordSettings = PasswordSettings()


def _settings() -> dict[str, Setting]:
    found = {}
    for section in msgspec.structs.fields(Config):
        for field in msgspec.structs.fields(section.type):
            kind, bounds = get_args(field.type)
            setting = Setting(
                section=section.name, key=field.name, kind=kind, shape=field.type, bounds=bounds, default=field.default
            )
            found[setting.name] = setting
    return found


SETTINGS = _settings()
_SECTIONS = {field.name: field.type for field in msgspec.structs.fields(Config)}
_VARIABLES = {setting.variable: setting for setting in SETTINGS.values()}


def load(path: Path | None, environ: Mapping[str, str], overrides: Mapping[str, str | None] | None = None) -> Config:
    """Return the configuration: the defaults, over them the file, the environment, and `overrides`.

    `overrides` has `section.key` as keys; None changes nothing.

    Raises:
        ConfigError: With every problem there is: what cannot be read, is unknown, or cannot be.
    """
    problems: list[str] = []
    values: dict[str, Any] = {}

    def take(setting: Setting, value: object, where: str, *, text: bool) -> None:
        try:
            values[setting.name] = setting.parse(value, text=text)
        except ValueError:
            got = "" if setting.secret else f"; got {reprlib.repr(value)}"
            problems.append(f"{where}: {setting.name} is {setting.allowed}{got}")

    for name, value in _file(path, problems).items():
        take(SETTINGS[name], value, str(path), text=False)
    for variable, value in environ.items():
        if variable in _VARIABLES:
            take(_VARIABLES[variable], value, variable, text=True)
        elif variable.startswith(ENVIRONMENT_PREFIX) and "_" in variable.removeprefix(ENVIRONMENT_PREFIX):
            # One word after the prefix (HUTONG_CONFIG, HUTONG_HOME) is no setting but something of a program's own.
            problems.append(f"{variable}: there is no such setting{_meant(variable, _VARIABLES)}")
    for name, given in (overrides or {}).items():
        if given is not None:
            take(SETTINGS[name], given, "command line", text=True)

    config = Config(
        **{
            section: shape(**{setting.key: values[setting.name] for setting in _of(section) if setting.name in values})
            for section, shape in _SECTIONS.items()
        }
    )
    problems.extend(_contradictions(config))
    if problems:
        raise ConfigError(problems)
    return config


def _file(path: Path | None, problems: list[str]) -> dict[str, object]:
    if path is None:
        return {}
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror}"]) from error
    except ValueError as error:  # Not UTF-8, or not TOML.
        raise ConfigError([f"{path}: not TOML: {error}"]) from error
    found: dict[str, object] = {}
    for section, table in tables.items():
        if section not in _SECTIONS:
            problems.append(f"{path}: there is no section [{section}]{_meant(section, _SECTIONS)}")
        elif not isinstance(table, dict):
            problems.append(f"{path}: {section} is a section: write [{section}] and its settings below")
        else:
            keys = [setting.key for setting in _of(section)]
            for key, value in table.items():
                if key in keys:
                    found[f"{section}.{key}"] = value
                else:
                    problems.append(
                        f"{path}: there is no setting {section}.{key}{_elsewhere(key) or _meant(key, keys)}"
                    )
    return found


def _of(section: str) -> list[Setting]:
    return [setting for setting in SETTINGS.values() if setting.section == section]


def _elsewhere(key: str) -> str:
    homes = [setting.section for setting in SETTINGS.values() if setting.key == key]
    return f"; {key} belongs to [{homes[0]}]" if homes else ""


def _meant(word: str, words: Iterable[str]) -> str:
    known = list(words)
    close = get_close_matches(word, known, n=1)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; there are {', '.join(sorted(known))}" if len(known) < 20 else ""


def _contradictions(config: Config) -> Iterator[str]:
    if (config.server.tls_cert is None) != (config.server.tls_key is None):
        yield "server.tls_cert and server.tls_key: give both, or neither"
    if config.limits.outboxes_bytes < config.limits.outbox_bytes:
        yield "limits.outboxes_bytes: at least limits.outbox_bytes, as it is for all connections together"
    if config.messages.newest > config.messages.reach:
        yield "messages.newest: at most messages.reach, beyond which nothing is synced"
    licence = config.licence
    if licence.number and not (licence.kind and licence.issuer and licence.valid_from and licence.valid_until):
        yield "licence: a licence has number, kind, issuer, valid_from and valid_until; give all, or none"
    if not licence.number and (licence.kind or licence.issuer or licence.valid_from or licence.valid_until):
        yield "licence.number: missing; without it there is no licence"
    if config.passwords.memory_kib < 8 * config.passwords.parallelism:
        yield "passwords.memory_kib: at least 8 for each lane of passwords.parallelism (RFC 9106 §3.1)"
