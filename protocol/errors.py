"""What can go wrong on the wire: error codes inside replies, and close codes of a connection.

ProtocolError
├── CodecError         the bytes are not one well-formed message
├── ShapeError         a well-formed message that is not one of ours
│   └── UnknownOperationError
└── GapError           entries before the one that came are missing
"""

from enum import IntEnum, StrEnum

from protocol.ids import Seq


class ErrorCode(StrEnum):
    """Why a request was refused. The code is stable; the message beside it is for people."""

    BAD_REQUEST = "bad_request"
    UNKNOWN_OP = "unknown_op"
    NOT_SIGNED_IN = "not_signed_in"
    ALREADY_SIGNED_IN = "already_signed_in"
    HELLO_FIRST = "hello_first"
    UNSUPPORTED_VERSION = "unsupported_version"
    BAD_CREDENTIALS = "bad_credentials"
    BAD_HANDLE = "bad_handle"
    HANDLE_TAKEN = "handle_taken"
    BAD_PASSWORD = "bad_password"  # noqa: S105 - a code, not a secret.
    NOT_FOUND = "not_found"
    NOT_ACCEPTED = "not_accepted"
    NOT_ALLOWED = "not_allowed"
    MUTED = "muted"
    CONFLICT = "conflict"
    TOO_LATE = "too_late"
    TOO_MANY = "too_many"
    RESYNC = "resync"
    WRONG_SIDE = "wrong_side"
    PUBLIC_CLOSED = "public_closed"
    NEEDS_AGREEMENT = "needs_agreement"
    SUPERSEDED = "superseded"
    GATE_UNAVAILABLE = "gate_unavailable"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"


class CloseCode(IntEnum):
    """Why the server closed. 4000-4499: connect again and resume. 4500-4999: do not."""

    SHUTDOWN = 4000
    SLOW = 4001
    SILENT = 4002
    HELLO_TIMEOUT = 4003
    MALFORMED = 4500
    SIGNED_OUT = 4501
    UNSUPPORTED = 4502
    ABUSE = 4503


def may_reconnect(close_code: int) -> bool:
    """Say whether a client should connect again after `close_code`.

    Besides hutong's own ranges: yes after 1000, 1001, 1006 (the line broke), 1011 to 1015; no after a protocol
    error that would only repeat itself (1002, 1003, 1007 to 1010).
    """
    if 4000 <= close_code < 5000:
        return close_code < 4500
    return close_code not in {1002, 1003, 1007, 1008, 1009, 1010}


class ProtocolError(Exception):
    """Root of what `protocol` raises."""


class CodecError(ProtocolError):
    """The bytes are not exactly one MessagePack map within the bounds; the server closes with MALFORMED."""


class ShapeError(ProtocolError):
    """A map that is not a request (or reply, or push) of hutong.v1.

    `request_id` is None when it has no usable id; `field` names the field at fault, where it is one.
    """

    code = ErrorCode.BAD_REQUEST

    def __init__(self, message: str, *, request_id: int | None = None, field: str | None = None) -> None:
        super().__init__(message)
        self.request_id, self.field = request_id, field


class UnknownOperationError(ShapeError):
    """`op` names nothing this version knows."""

    code = ErrorCode.UNKNOWN_OP


class GapError(ProtocolError):
    """Entries from `want` up to `got` are missing; the client syncs from `want`."""

    def __init__(self, *, want: Seq, got: Seq) -> None:
        super().__init__(f"want seq {want}, got {got}")
        self.want, self.got = want, got
