"""What the code says the wire is, in the words of docs/PROTOCOL.md: fields with type and default, by message.

The types are those of the table "Types" of the page: `id`, `cid`, `seq`, `number`, `text ≤ 64`, `list of id, ≤ 500`.
"""

import types
from collections.abc import Iterator
from enum import Enum
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from protocol import (
    account_states,
    codec,
    contacts,
    decisions,
    entries,
    following,
    frames,
    limits,
    moments,
    publications,
    staff,
)
from protocol.content import Card, Remark, Text
from protocol.ids import (
    CID_BYTES,
    ID_CHARS,
    Cid,
    CommentId,
    DecisionId,
    DeviceId,
    Epoch,
    MomentId,
    PersonId,
    Seq,
    SubmissionId,
    TopicId,
)
from protocol.publications import Published

REQUIRED = "required"
ALWAYS = "always there"
SHARED = frozenset({"id"})  # In every request, and told once.


class Field(NamedTuple):
    """One row of a table of the page."""

    type: str
    absent: str


Fields = dict[str, Field]

_IDS = {PersonId, TopicId, DeviceId, SubmissionId, DecisionId, MomentId, CommentId}


def requests() -> dict[str, Fields]:
    """Return the fields of each operation's request."""
    return {op: fields_of(shape, needed=REQUIRED) for op, shape in frames.REQUESTS.items()}


def replies() -> dict[str, tuple[str, Fields]]:
    """Return the name and the fields of each operation's reply."""
    return {
        op: (shape.__name__, fields_of(shape)) for op, request in frames.REQUESTS.items() for shape in [_reply(request)]
    }


def pushes() -> dict[str, Fields]:
    """Return the fields of each push."""
    return {ev: fields_of(shape) for ev, shape in frames.PUSHES.items()}


def structures() -> dict[str, Fields]:
    """Return the fields of whatever is inside of requests, replies and pushes, of an error, and of bodies."""
    found: dict[str, type[msgspec.Struct]] = {
        "Error": codec.Refusal,
        "Text": Text,
        "Remark": Remark,
        "PrivateCardBody": Card,
        "Published": Published,
    }
    waiting = [
        *found.values(),
        *frames.REQUESTS.values(),
        *map(_reply, frames.REQUESTS.values()),
        *frames.PUSHES.values(),
    ]
    seen: set[type] = set()
    while waiting:
        shape = waiting.pop()
        if shape in seen:
            continue
        seen.add(shape)
        for inner in _inner_types(shape):
            if issubclass(inner, msgspec.Struct):
                found[inner.__name__] = inner
                waiting.append(inner)
    return {name: fields_of(shape) for name, shape in found.items()}


def choices() -> dict[str, set[str]]:
    """Return the values of each enumeration of the wire; `unknown` is never on it."""
    enums = (
        *(entries.Admission, entries.Kind, entries.Role, entries.Side, entries.Standing, entries.TopicKind),
        *(publications.Surface, decisions.SubmissionState, decisions.DecisionKind),
        *(account_states.AccountState, account_states.AccountType, account_states.NewsRight, following.SearchKind),
        *(staff.StaffRole, staff.OfficerAct, staff.ReviewAct),
        *(contacts.ContactState, frames.MomentsDays, moments.Choice, moments.NoticeKind),
    )
    return {enum.__name__: {str(member.value) for member in enum} - {entries.Kind.UNKNOWN.value} for enum in enums}


def bounds() -> dict[str, int]:
    """Return the limits of the wire by their names in the page."""
    return {name.lower(): value for name, value in vars(limits).items() if name.isupper()}


def fields_of(shape: type[msgspec.Struct], *, needed: str = ALWAYS) -> Fields:
    """Return the fields of `shape`; one without a default is `needed`."""
    hints = get_type_hints(shape, include_extras=True)
    return {
        field.encode_name: Field(type_text(hints[field.name]), _absent(field, needed))
        for field in msgspec.structs.fields(shape)
        if field.encode_name not in SHARED
    }


def type_text(hint: Any) -> str:
    """Return the type as the page writes it."""
    meta: list[Meta] = []
    if get_origin(hint) is Annotated:
        hint, *meta = get_args(hint)
    if get_origin(hint) in {Union, types.UnionType}:
        (hint,) = (each for each in get_args(hint) if each is not type(None))
        return type_text(hint)
    low, high = _bounds(meta)
    if hint in _IDS:
        return "id" if (low, high) in {(None, None), (ID_CHARS, ID_CHARS)} else f"text{_range(low, high)}"
    if hint is Cid:
        return "cid" if (low, high) in {(None, None), (CID_BYTES, CID_BYTES)} else f"bin{_range(low, high)}"
    if hint is Seq:
        assert (low, high) in {(None, None), (0, limits.SEQ_MAX), (1, limits.SEQ_MAX)}, "a seq of another kind"
        return "seq or 0" if low == 0 else "seq"
    if hint is int:
        return "number" if (low, high) == (0, limits.SEQ_MAX) else f"int{_range(low, high)}"
    if get_origin(hint) is tuple:
        return f"list of {type_text(get_args(hint)[0])}{_range(low, high, sep=', ')}"
    if get_origin(hint) is dict:
        key, value = map(type_text, get_args(hint))
        return f"map of {key} to {value}{_range(low, high, sep=', ')}"
    plain = {str: "text", Epoch: "text", bytes: "bin", bool: "bool"}
    if hint in plain:
        return plain[hint] + _range(low, high)
    return str(hint.__name__)


def _absent(field: msgspec.structs.FieldInfo, needed: str) -> str:
    default = field.default
    if default is msgspec.NODEFAULT and field.default_factory is not msgspec.NODEFAULT:
        default = field.default_factory()
    if default is msgspec.NODEFAULT:
        return needed
    if default is None:
        return "—"
    if isinstance(default, bool):
        return "true" if default else "false"
    if isinstance(default, (tuple, list)):
        return "[]"
    return {"": '""', b"": "empty"}.get(default, str(default)) if isinstance(default, (str, bytes)) else str(default)


def _bounds(meta: list[Meta]) -> tuple[float | None, float | None]:
    low = [bound for each in meta for bound in (each.ge, each.min_length) if bound is not None]
    high = [bound for each in meta for bound in (each.le, each.max_length) if bound is not None]
    return next(iter(low), None), next(iter(high), None)


def _range(low: float | None, high: float | None, *, sep: str = " ") -> str:
    if low is None and high is None:
        return ""
    if low is None:
        return f"{sep}≤ {high}"
    return f"{sep}≥ {low}" if high is None else f"{sep}{low} to {high}"


def _reply(request: type[msgspec.Struct]) -> type[msgspec.Struct]:
    return frames.REPLIES[request]  # type: ignore[index]


def _inner_types(shape: type[msgspec.Struct]) -> Iterator[type]:
    for hint in get_type_hints(shape).values():
        waiting = [hint]
        while waiting:
            each = waiting.pop()
            if isinstance(each, type) and issubclass(each, (msgspec.Struct, Enum)):
                yield each
            if get_origin(each) is not Literal:
                waiting.extend(get_args(each))
