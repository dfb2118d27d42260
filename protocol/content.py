"""What private bodies hold: a schema that clients encode and decode. The server never imports this for private text.

A body is one MessagePack map. Unknown keys are ignored; a body that does not decode is shown as unreadable, not
dropped: another client may have written it for a later version, or encrypted it.
"""

from typing import TypeVar

import msgpack
import msgspec

from protocol.ids import PersonId, PrivateBody, TopicId
from protocol.limits import BODY_BYTES, PRIVATE_CARD_BYTES, REMARK_BYTES

MENTIONS_MAX = 1024
C = TypeVar("C", bound=msgspec.Struct)


class ContentError(ValueError):
    """The bytes are no content of this schema; `size` is how many there were."""

    def __init__(self, size: int) -> None:
        super().__init__(f"{size} bytes that this client cannot read")
        self.size = size


class Text(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A message, a name, a notice, a greeting, or (one grapheme) a reaction.

    `lang` is a BCP 47 tag; `mentions` are the people named, counted by clients; `places` are public topics it points
    to, resolved by whoever reads it.
    """

    text: str
    lang: str | None = None
    mentions: tuple[PersonId, ...] = ()
    places: tuple[TopicId, ...] = ()


class Remark(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What one notes about a contact: what one calls them, and the tags they have. No bytes: nothing is noted."""

    text: str = ""
    tags: tuple[str, ...] = ()


class Card(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A private card: what one is called among one's contacts, and how one is. No bytes: there is none."""

    name: str = ""
    status: str = ""


def encode(content: Text) -> PrivateBody:
    """Return `content` as a private body.

    Raises:
        ValueError: It would be longer than a body may be (32 KiB).
    """
    body = _packed(content)
    if len(body) > BODY_BYTES:
        raise ValueError(f"the text takes {len(body)} bytes; at most {BODY_BYTES} fit in one message")
    return body


def decode(body: bytes) -> Text:
    """Return what `body` says.

    Raises:
        ContentError: It is not of this schema.
    """
    return _unpacked(body, Text)


def encode_remark(remark: Remark) -> PrivateBody:
    """Return `remark` as it is kept.

    Raises:
        ValueError: It would be longer than a remark may be (1 KiB).
    """
    body = PrivateBody(b"") if remark == Remark() else _packed(remark)
    if len(body) > REMARK_BYTES:
        raise ValueError(f"the remark takes {len(body)} bytes with its tags; at most {REMARK_BYTES} fit")
    return body


def decode_remark(body: bytes) -> Remark:
    """Return what is noted.

    Raises:
        ContentError: It is not of this schema.
    """
    return _unpacked(body, Remark) if body else Remark()


def encode_card(card: Card) -> PrivateBody:
    """Return `card` as it is kept.

    Raises:
        ValueError: It would be longer than a private card may be (4 KiB).
    """
    body = PrivateBody(b"") if card == Card() else _packed(card)
    if len(body) > PRIVATE_CARD_BYTES:
        raise ValueError(f"the card takes {len(body)} bytes; at most {PRIVATE_CARD_BYTES} fit")
    return body


def decode_card(body: bytes) -> Card:
    """Return what a private card says.

    Raises:
        ContentError: It is not of this schema.
    """
    return _unpacked(body, Card) if body else Card()


def _packed(content: msgspec.Struct) -> PrivateBody:
    body: bytes = msgpack.packb(msgspec.to_builtins(content))
    return PrivateBody(body)


def _unpacked(body: bytes, shape: type[C]) -> C:
    try:
        return msgspec.convert(msgpack.unpackb(body, max_array_len=MENTIONS_MAX), shape)
    except (ValueError, msgpack.UnpackException, RecursionError) as error:
        raise ContentError(len(body)) from error
