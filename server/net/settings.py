"""What an operator may set about connections. Filled from the configuration by `app`."""

from dataclasses import dataclass

from protocol import limits

ANY_ORIGIN = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class NetSettings:
    """Bounds of every connection and of all together. Bytes, and seconds where a name ends in `_s`."""

    message_bytes: int = limits.MESSAGE_BYTES
    outbox_bytes: int = 1 << 20  # 1 MiB unsent, as Centrifugo; past that the reader is slow, not unlucky.
    outboxes_bytes: int = 256 << 20  # All outboxes together; past that the fullest ones are slow.
    handshake_s: float = 10.0  # From the accept to the end of the WebSocket handshake, TLS included.
    hello_s: float = 10.0  # From there to being signed in.
    heartbeat_s: float = 30.0  # Silence before a ping, and once more before the close.
    closing_s: float = 5.0  # How long a close waits for the peer's.
    connections: int = 50_000
    per_address: int = 1_000  # Many people share one address behind a carrier's NAT.
    origins: tuple[str | None, ...] = (None,)  # None: no Origin header, so no browser. "*": any page may connect.
    frames_per_turn: int = 16  # Of one connection, before the others get theirs.
    read_bytes: int = 64 << 10
    accepts_per_turn: int = 64
