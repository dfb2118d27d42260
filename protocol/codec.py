"""Bytes to typed messages and back: msgpack for the bytes, msgspec for the shapes. Bounded before anything is built.

Two layers, so that a client can find the request a reply belongs to before it knows the reply's shape:
`read_map` gives one bounded map, the `decode_...` functions give it a type.
"""

import re
from typing import Any, TypeVar

import msgpack
import msgspec

from protocol import limits
from protocol.errors import CodecError, ErrorCode, ShapeError, UnknownOperationError
from protocol.frames import PUSHES, REPLIES, REQUESTS, Push, Reply, Request

R = TypeVar("R", bound=Reply)
Fields = dict[Any, Any]

_FIELD = re.compile(r"(?:(?:at|in) `\$\.|field `)([^`]+)`$")
_SERVER_MESSAGE_BYTES = 4 * limits.SLICE_BYTES


class Refusal(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The `error` of a reply. `field` names what was wrong with the request, where one field was."""

    code: str
    message: str
    retry_after_ms: int | None = None
    field: str | None = None


def read_map(message: bytes, *, limit: int = limits.MESSAGE_BYTES) -> Fields:
    """Return the one MessagePack map that `message` is; keys are text, extension types are refused.

    Raises:
        CodecError: It is longer than `limit` bytes, no single map, not UTF-8 where text should be, nested deeper
            than 1,024, or one of its collections has more items than `limits.COLLECTION_ITEMS`.
    """
    if len(message) > limit:
        raise CodecError(f"a message has at most {limit} bytes")
    try:
        value = msgpack.unpackb(
            message,
            max_array_len=limits.COLLECTION_ITEMS,
            max_map_len=limits.COLLECTION_ITEMS,
            max_ext_len=0,
            ext_hook=_refuse_extension,
        )
    except (ValueError, TypeError, msgpack.UnpackException, RecursionError) as error:
        raise CodecError("not one well-formed MessagePack map") from error
    if type(value) is not dict:
        raise CodecError("a message is a map")
    return value


def decode_request(message: bytes) -> Request[Reply]:
    """Return the request that `message` is. Keys we do not know are ignored.

    Raises:
        CodecError: It is not one bounded map.
        UnknownOperationError: Its `op` is none of ours.
        ShapeError: A field is missing, of the wrong type or out of bounds, or there is no usable `id`.
    """
    fields = read_map(message)
    request_id = fields.get("id")
    if type(request_id) is not int or not 0 <= request_id <= limits.SEQ_MAX:
        raise ShapeError("a request has an `id`: an integer from 0 to 2^53-1")
    op = fields.get("op")
    shape = REQUESTS.get(op) if type(op) is str else None
    if shape is None:
        raise UnknownOperationError("no such operation in hutong.v1", request_id=request_id)
    try:
        return msgspec.convert(fields, shape, builtin_types=(bytes,))
    except msgspec.ValidationError as error:
        raise ShapeError(str(error), request_id=request_id, field=_field_of(str(error))) from None


def encode_request(request: Request[R]) -> bytes:
    """Return `request` as a message."""
    return _pack(request)


def encode_reply(request_id: int, reply: Reply) -> bytes:
    """Return `reply` to the request `request_id` as a message."""
    fields = {"re": request_id}
    fields.update(msgspec.to_builtins(reply, builtin_types=(bytes,)))
    packed: bytes = msgpack.packb(fields)
    return packed


def encode_refusal(
    request_id: int,
    code: ErrorCode,
    message: str,
    *,
    retry_after_ms: int | None = None,
    field: str | None = None,
) -> bytes:
    """Return the refusal of the request `request_id` as a message; `retry_after_ms` None: repeating will not help."""
    refusal = Refusal(code=code.value, message=message, retry_after_ms=retry_after_ms, field=field)
    packed: bytes = msgpack.packb({"re": request_id, "error": msgspec.to_builtins(refusal)})
    return packed


def encode_push(push: Push) -> bytes:
    """Return `push` as a message; the same bytes serve every recipient."""
    return _pack(push)


def decode_from_server(message: bytes) -> Fields | Push:
    """Return a push, typed; or the fields of a reply, for `decode_reply`.

    Raises:
        CodecError: It is not one bounded map.
        ShapeError: It is neither a reply nor a push we know.
    """
    fields = read_map(message, limit=_SERVER_MESSAGE_BYTES)
    if "re" in fields:
        return fields
    ev = fields.get("ev")
    shape = PUSHES.get(ev) if type(ev) is str else None
    if shape is None:
        raise UnknownOperationError("no such push in hutong.v1")
    return _shaped(fields, shape)


def decode_reply(fields: Fields, request: Request[R]) -> R | Refusal:
    """Return what the server answered to `request`.

    Raises:
        ShapeError: The reply has not the shape it should have.
    """
    if "error" in fields:
        return _shaped(fields["error"], Refusal)
    reply: R = _shaped(fields, REPLIES[type(request)])  # type: ignore[assignment]
    return reply


S = TypeVar("S", bound=msgspec.Struct)


def _shaped(fields: Any, shape: type[S]) -> S:
    try:
        return msgspec.convert(fields, shape, builtin_types=(bytes,))
    except msgspec.ValidationError as error:
        raise ShapeError(str(error)) from None


def _refuse_extension(code: int, data: bytes) -> None:
    """Refuse what has no bytes, and so passes the bound on them."""
    raise ValueError(f"extension type {code} of {len(data)} bytes")


def _field_of(message: str) -> str | None:
    """Return the path msgspec names at the end of its message: "... - at `$.cid`", or "... field `cid`"."""
    match = _FIELD.search(message)
    return match[1] if match else None


def _pack(value: msgspec.Struct) -> bytes:
    packed: bytes = msgpack.packb(msgspec.to_builtins(value, builtin_types=(bytes,)))
    return packed
