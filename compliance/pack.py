"""A policy pack: what one law, or one house, asks of publishing. Data, read from TOML; the engine knows no law.

A deployment has one pack. What no pack can change is the boundary, the due process and the promises.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import msgspec
from blake3 import blake3
from msgspec import Meta

from compliance.verdicts import LABEL, OnError
from protocol import limits
from protocol.account_states import NewsRight
from protocol.publications import OF_ACCOUNTS, Surface

Said = Annotated[str, Meta(min_length=1, pattern=r"\S")]  # A decision quotes it: it cannot be blank.
Language = Annotated[str, Meta(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z")]
Texts = dict[Language, Said]  # By language (BCP 47). English is always there.
Code = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,63}\Z")]
PackName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,63}\Z")]
ENGLISH = "en"
HOUR_MS = 3_600_000


class PackError(ValueError):
    """The pack cannot be used; the message says what is wrong, and where."""


class Stage(StrEnum):
    """One thing the gate asks, in the order a pack lists them. All but the hooks are asked again at commit."""

    LICENCE = "licence"
    AGREEMENT = "agreement"
    ACCOUNT = "account"
    NEWS_RIGHT = "news_right"
    HOOKS = "hooks"


class AtEnd(StrEnum):
    """What becomes of a held item that nobody decided."""

    RELEASE = "release"
    REJECT = "reject"


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One table of the file."""


class Ground(_Table, frozen=True, kw_only=True):
    """A reason for a decision. `clause`: what it stands on; `bottom_line`: a line of the agreement, or none."""

    clause: Said
    titles: Texts
    bottom_line: str = ""


class Line(_Table, frozen=True, kw_only=True):
    """One line of the agreement, acknowledged apart."""

    code: Code
    titles: Texts


class AgreementText(_Table, frozen=True, kw_only=True):
    """What is signed (Art. 6). A changed text is another version, and is signed again.

    `clause`: what it stands on, for the page about the pack; no part of what is signed.
    """

    version: Said
    clause: Said
    lines: Annotated[tuple[Line, ...], Meta(min_length=1, max_length=limits.BOTTOM_LINES)]
    texts: Texts

    @property
    def digest(self) -> bytes:
        """BLAKE3 of version, lines and texts, as JSON with its keys in order and no spaces, in UTF-8: 32 bytes."""
        signed = {"version": self.version, "lines": self.lines, "texts": self.texts}
        return blake3(msgspec.json.encode(signed, order="sorted")).digest()


class SurfaceRules(_Table, frozen=True, kw_only=True):
    """What the gate asks on one surface, and what it does by default when a hook fails there."""

    stages: tuple[Stage, ...]
    on_error: OnError


class Holds(_Table, frozen=True, kw_only=True):
    """How long something may be held, in hours, what then, and how many items of one author at a time.

    `keep_d`: for how many days the words of what was rejected or lapsed are kept, so that one can object to it.
    """

    review_h: Annotated[float, Meta(ge=1 / 60, le=24 * 90)]
    failure_h: Annotated[float, Meta(ge=1 / 60, le=24 * 90)]
    keep_d: Annotated[float, Meta(ge=1 / 24, le=3650)]
    at_end: AtEnd
    per_author: Annotated[int, Meta(ge=1, le=10_000)]


class LicenceRule(_Table, frozen=True, kw_only=True):
    """That the provider needs a licence to serve the public (Art. 4), and of which kinds."""

    clause: Said
    kinds: Annotated[tuple[Said, ...], Meta(min_length=1)]


class AccountRules(_Table, frozen=True, kw_only=True):
    """How long an application for a public account may wait, in hours, and how often accounts broadcast (Art. 7).

    `encouraged_h`: of bodies that the pack encourages. `subscription_daily`: to all followers in a calendar day;
    `service_monthly`: to each follower in a calendar month.
    """

    review_h: Annotated[float, Meta(ge=1 / 60, le=24 * 90)]
    encouraged_h: Annotated[float, Meta(ge=1 / 60, le=24 * 90)]
    subscription_daily: Annotated[int, Meta(ge=1, le=1000)]
    service_monthly: Annotated[int, Meta(ge=1, le=1000)]


class Body(_Table, frozen=True, kw_only=True):
    """A kind of subject that an account may be of. `news`: what it may do with current-affairs news (Art. 7 ¶2).

    `encouraged`: its applications are decided sooner (Art. 7 ¶4).
    """

    titles: Texts
    encouraged: bool = False
    news: NewsRight = NewsRight.NONE


class NewsRule(_Table, frozen=True, kw_only=True):
    """That current-affairs news needs a right in public accounts (Art. 7 ¶2).

    `category`: the code by which an author declares it; `label`: the one by which a hook asserts it.
    """

    clause: Said
    category: Code
    label: Annotated[str, Meta(pattern=rf"^{LABEL.pattern}\Z")]


class Pack(_Table, frozen=True, kw_only=True):
    """One pack, whole. `appeal`: what every decision says one can do about it, by language."""

    name: PackName
    version: Said
    effective: date
    titles: Texts
    surfaces: dict[Surface, SurfaceRules]
    grounds: dict[Code, Ground]
    holds: Holds
    accounts: AccountRules
    bodies: dict[Code, Body]
    appeal: Texts
    categories: dict[Code, Texts] = {}
    agreement: AgreementText | None = None
    licence: LicenceRule | None = None
    news: NewsRule | None = None

    def asks(self, surface: Surface, stage: Stage) -> bool:
        """Say whether `stage` is asked on `surface`."""
        return stage in self.surfaces[surface].stages

    @property
    def digest(self) -> str:
        """Hexadecimal BLAKE3 of everything the pack says."""
        return blake3(msgspec.json.encode(self, order="sorted")).hexdigest()


# Grounds that the engine itself decides on; every pack says what they stand on.
GATE_FAILURE = "gate_failure"  # A hook failed, and its policy is to hold.
NO_LICENCE = "no_licence"
NO_AGREEMENT = "no_agreement"
NOT_ENTITLED = "not_entitled"  # By commit or release the author could no longer publish there.
OVERDUE = "overdue"  # A hold ended undecided: the provider's delay.
LABELLED = "labelled"  # It appears, with labels that every reader sees.
IN_ORDER = "in_order"  # An application was reviewed, and nothing speaks against it.
NOT_ACTIVE = "account_not_active"  # By commit or release the account is none that publishes.
NO_NEWS_RIGHT = "no_news_right"  # It is current-affairs news, and the account has no right to it.
UNDECLARED_NEWS = "undeclared_news"  # A hook says that it is current-affairs news, and its author does not.
ENGINE_GROUNDS = (
    GATE_FAILURE,
    NO_LICENCE,
    NO_AGREEMENT,
    NOT_ENTITLED,
    OVERDUE,
    LABELLED,
    IN_ORDER,
    NOT_ACTIVE,
    NO_NEWS_RIGHT,
    UNDECLARED_NEWS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """The provider's licence as the operator states it (Art. 4). It counts through the whole of its last day, UTC."""

    number: str
    kind: str
    issuer: str
    valid_from: date
    valid_until: date

    def in_force(self, at: int) -> bool:
        """Say whether it is valid at `at` (Unix ms)."""
        day = datetime.fromtimestamp(at / 1000, UTC).date()
        return self.valid_from <= day <= self.valid_until


def shipped() -> tuple[str, ...]:
    """Return the names of the packs that come with hutong."""
    found = (Path(str(entry)) for entry in files("compliance").joinpath("packs").iterdir())
    return tuple(sorted(path.stem for path in found if path.suffix == ".toml"))


def load(name: str) -> Pack:
    """Return the pack that is called `name` and comes with hutong, or the one in the file `name`.

    Raises:
        PackError: There is none, or it cannot be used.
    """
    if name in shipped():
        return parse(files("compliance").joinpath("packs", f"{name}.toml").read_text(encoding="utf-8"), name)
    path = Path(name)
    if path.suffix != ".toml":
        raise PackError(f"there is no pack {name!r}; there are {', '.join(shipped())}, or a file NAME.toml")
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise PackError(f"{name}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise PackError(f"{name}: is not UTF-8 at byte {error.start}") from error
    return parse(text, name)


def parse(text: str, where: str) -> Pack:
    """Return the pack that `text` (TOML) is; `where` names it in errors.

    Raises:
        PackError: It is none, or contradicts itself; the message names every place that is wrong.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PackError(f"{where}: is not TOML: {error}") from error
    try:
        pack = msgspec.convert(tables, Pack)
    except msgspec.ValidationError as error:
        raise PackError(f"{where}: " + "; ".join(_misshapen(tables) or [str(error)])) from error
    problems = _contradictions(pack)
    if problems:
        raise PackError(f"{where}: " + "; ".join(problems))
    return pack


def _misshapen(tables: dict[str, Any]) -> list[str]:
    """Return what is wrong with the entries of the tables that have names of the author's own.

    Of these msgspec says only `$.grounds[...]`, which names none of forty.
    """
    problems = []
    shapes: dict[str, tuple[Any, Any]] = {
        "surfaces": (Surface, SurfaceRules),
        "grounds": (Code, Ground),
        "categories": (Code, Texts),
        "bodies": (Code, Body),
    }
    for table, (name, shape) in shapes.items():
        entries = tables.get(table)
        for key, entry in entries.items() if isinstance(entries, dict) else ():
            try:
                msgspec.convert(key, name)
                msgspec.convert(entry, shape)
            except msgspec.ValidationError as error:
                problems.append(f"{table}.{key}: {error}")
    return problems


def _contradictions(pack: Pack) -> list[str]:
    return [*_gaps(pack), *_loose_ends(pack), *_confusions(pack), *_untold(pack)]


def _gaps(pack: Pack) -> Iterator[str]:
    """What the engine needs of every pack, and does not find."""
    yield from (f"surfaces.{surface}: missing" for surface in Surface if surface not in pack.surfaces)
    yield from (f"grounds.{ground}: missing" for ground in ENGINE_GROUNDS if ground not in pack.grounds)
    for surface, rules in pack.surfaces.items():
        if rules.on_error is OnError.ALLOW:
            yield f"surfaces.{surface}: on_error cannot be allow in a pack; a hook's own may be, with an end"
        if list(rules.stages) != [stage for stage in Stage if stage in rules.stages]:
            yield f"surfaces.{surface}: stages come in the order {', '.join(Stage)}, each once"
        if Stage.HOOKS not in rules.stages:  # Else a hook that is configured there would never be asked.
            yield f"surfaces.{surface}: hooks are a stage of every surface; with none installed they pass everything"


def _loose_ends(pack: Pack) -> Iterator[str]:
    """What one part names and another does not have, or has and nothing names."""
    parts: dict[Stage, tuple[str, object]] = {
        Stage.LICENCE: ("licence", pack.licence),
        Stage.AGREEMENT: ("agreement", pack.agreement),
        Stage.NEWS_RIGHT: ("news", pack.news),
    }
    for stage, (table, part) in parts.items():
        asking = [surface for surface, rules in pack.surfaces.items() if stage in rules.stages]
        if part is None:
            yield from (f"surfaces.{surface}: asks for the {stage}, but there is no [{table}]" for surface in asking)
        elif not asking:
            yield f"{table}: no surface asks for it"
    lines = [line.code for line in pack.agreement.lines] if pack.agreement else []
    yield from (f"agreement.lines: {code} stands there twice" for code in sorted(set(lines)) if lines.count(code) > 1)
    for code, ground in pack.grounds.items():
        if ground.bottom_line and ground.bottom_line not in lines:
            yield f"grounds.{code}: {ground.bottom_line} is no line of the agreement"
    if pack.news is not None and pack.news.category not in pack.categories:
        yield f"news.category: {pack.news.category} is none of the categories"
    if pack.news is None:
        having = [code for code, body in pack.bodies.items() if body.news is not NewsRight.NONE]
        yield from (f"bodies.{code}: has a right to news, but there is no [news]" for code in having)


def _confusions(pack: Pack) -> Iterator[str]:
    """What public accounts are asked that others must not be, or the other way round (Art. 7 names accounts only)."""
    for surface, rules in pack.surfaces.items():
        if surface in OF_ACCOUNTS and Stage.ACCOUNT not in rules.stages:
            yield f"surfaces.{surface}: account is a stage of every surface of a public account"
        if surface not in OF_ACCOUNTS and {Stage.ACCOUNT, Stage.NEWS_RIGHT} & set(rules.stages):
            yield f"surfaces.{surface}: account and news_right are asked of public accounts only"
    if not pack.bodies:
        yield "bodies: there is none, so nobody could apply for an account"
    if pack.accounts.encouraged_h > pack.accounts.review_h:
        yield "accounts: encouraged_h is longer than review_h"


def _untold(pack: Pack) -> Iterator[str]:
    """What is not there in English, which stands in for every other language."""
    texts = {"titles": pack.titles, "appeal": pack.appeal}
    texts |= {f"grounds.{code}.titles": ground.titles for code, ground in pack.grounds.items()}
    texts |= {f"categories.{code}": titles for code, titles in pack.categories.items()}
    texts |= {f"bodies.{code}.titles": body.titles for code, body in pack.bodies.items()}
    if pack.agreement is not None:
        texts["agreement.texts"] = pack.agreement.texts
        texts |= {f"agreement.lines.{line.code}.titles": line.titles for line in pack.agreement.lines}
    yield from (f"{where}: English (en) is missing" for where, said in texts.items() if ENGLISH not in said)
