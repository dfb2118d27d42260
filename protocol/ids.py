"""Identifiers: what they look like and how they are made. Nothing here knows what they name."""

import base64
import secrets
from typing import NewType

PersonId = NewType("PersonId", str)
TopicId = NewType("TopicId", str)
DeviceId = NewType("DeviceId", str)
Cid = NewType("Cid", bytes)
Seq = NewType("Seq", int)
Epoch = NewType("Epoch", str)
SubmissionId = NewType("SubmissionId", str)
DecisionId = NewType("DecisionId", str)
MomentId = NewType("MomentId", str)
CommentId = NewType("CommentId", str)
PrivateBody = NewType("PrivateBody", bytes)  # What somebody says privately. There is no way from it to a publication.

ID_CHARS = 16  # 80 random bits in lower-case base32: short enough to read aloud, too many to guess.
CID_BYTES = 16
PUBLIC_MARK = "0"  # No letter of RFC 4648 base32: no private topic's id begins with it.


def new_id() -> str:
    """Return 80 random bits as 16 characters of RFC 4648 base32, in lower case (`[a-z2-7]`)."""
    return base64.b32encode(secrets.token_bytes(10)).decode().lower()


def new_public_topic_id() -> TopicId:
    """Return an id that says by its first character that its topic is public, with 75 random bits behind it.

    So the side of a topic is no row that could be read wrongly, late, or from the wrong store.
    """
    return TopicId(PUBLIC_MARK + new_id()[1:])


def new_public_comment_id() -> CommentId:
    """Return an id that says likewise that its comment is public."""
    return CommentId(new_public_topic_id())


def new_cid(unix_ms: int) -> Cid:
    """Return a UUIDv7 (RFC 9562 §5.7) as 16 bytes: 48 bits of `unix_ms`, then version, variant and 74 random bits.

    Being ordered by time keeps the server's index of them at its right edge.
    """
    value = (unix_ms & (1 << 48) - 1) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return Cid(value.to_bytes(CID_BYTES, "big"))


def is_cid(value: bytes) -> bool:
    """Say whether `value` has the length, version and variant of a UUIDv7."""
    return len(value) == CID_BYTES and value[6] >> 4 == 7 and value[8] >> 6 == 2
