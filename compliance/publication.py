"""What a hook is given: one publication, and nothing else that the server knows.

Everything here came in by a `publish`, or is public already. No field could hold a private body, and there is no way
to make one from it.
"""

from dataclasses import dataclass
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from protocol.account_states import NewsRight
from protocol.ids import new_id
from protocol.publications import AutoReply, Content, MenuEntry, MenuItem, Part, Source, Surface

MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a hook is told of the public account that something is said for: not which one it is.

    `category`: what the account is about; `news`: what it may do with current-affairs news, approvals counted.
    """

    category: str
    news: NewsRight


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One entry of a public account that an article came through. `digest`: hexadecimal BLAKE3 of its content."""

    account: str
    seq: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where something comes from that is public already: from the original to the last hop, in order.

    `author`, `title`: the original's, as they were published.
    """

    hops: tuple[Hop, ...]
    author: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """One version of one public text, as hooks see it. Made by `publication` only.

    `id` is random and of this one judgement. `previous`: hexadecimal BLAKE3 digest of the public version it would
    replace, empty when there is none. `minute`: Unix time in whole minutes. `account`: of what is said for a public
    account; `source`: of a reprint, and of what is forwarded from an account. There is no author: a hook judges what is
    said, not who says it.
    """

    id: str
    version: int
    surface: Surface
    content: Content
    previous: str
    minute: int
    account: Account | None = None
    source: Provenance | None = None

    def __post_init__(self) -> None:
        for name, shapes in _TYPES.items():
            if type(getattr(self, name)) not in shapes:
                raise TypeError(f"a publication's {name} is a {shapes[0].__name__}")
        for name in _DEEP:  # msgspec checks what it decodes, not what it is handed.
            value = getattr(self, name)
            if value is not None and not _is_exactly(value, type(value)):
                raise TypeError(f"a publication's {name} has text in all its fields")


_TYPES: dict[str, tuple[type, ...]] = {
    "id": (str,),
    "version": (int,),
    "surface": (Surface,),
    "content": (Content,),
    "previous": (str,),
    "minute": (int,),
    "account": (Account, NoneType),
    "source": (Provenance, NoneType),
}
_DEEP = ("content", "account", "source")
_FIELDS = {
    shape: get_type_hints(shape) for shape in (Content, Part, MenuEntry, MenuItem, AutoReply, Account, Provenance, Hop)
}


def _is_exactly(value: object, hint: Any) -> bool:
    """Say whether `value` is of the type `hint`, and so is everything in it: no bytes, no other type that passes."""
    if get_origin(hint) is tuple:
        return type(value) is tuple and all(_is_exactly(each, get_args(hint)[0]) for each in value)
    fields = _FIELDS.get(hint, {})
    return type(value) is hint and all(_is_exactly(getattr(value, name), inner) for name, inner in fields.items())


def provenance(source: Source) -> Provenance:
    """Return what hooks are given of where something comes from."""
    hops = tuple(Hop(account=hop.account, seq=hop.seq, digest=hop.digest.hex()) for hop in source.hops)
    return Provenance(hops=hops, author=source.author, title=source.title)


def publication(
    content: Content,
    *,
    surface: Surface,
    version: int,
    previous: bytes | None,
    at: int,
    account: Account | None = None,
    source: Source | None = None,
) -> Publication:
    """Return what hooks are given of a `publish` with `content`; `at`: Unix ms; `previous`: a 32-byte digest."""
    return Publication(
        id=new_id(),
        version=version,
        surface=surface,
        content=content,
        previous=previous.hex() if previous else "",
        minute=at // MINUTE_MS,
        account=account,
        source=provenance(source) if source is not None else None,
    )
