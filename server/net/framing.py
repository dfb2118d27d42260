"""The one thing of WebSocket done by hand: the header of an outgoing frame, so that one encoding serves all readers."""

import struct

_FIN_BINARY = 0x82  # RFC 6455 §5.2: FIN, opcode 2.
_MEDIUM = struct.Struct("!BBH")
_LONG = struct.Struct("!BBQ")


def binary_frame(payload: bytes) -> bytes:
    """Return `payload` as one whole binary message, unmasked as a server's frames are (RFC 6455 §5.1, §5.2)."""
    length = len(payload)
    if length < 126:
        return bytes((_FIN_BINARY, length)) + payload
    if length < 1 << 16:
        return _MEDIUM.pack(_FIN_BINARY, 126, length) + payload
    return _LONG.pack(_FIN_BINARY, 127, length) + payload
