"""What private bodies hold: a schema that clients encode and decode. The server never imports this for private text.

A body is one MessagePack map. Unknown keys are ignored; a body that does not decode is shown as unreadable, not
dropped: another client may have written it for a later version, or encrypted it.
"""

import msgpack
import msgspec

from protocol.ids import PersonId, PrivateBody, TopicId
from protocol.limits import BODY_BYTES

MENTIONS_MAX = 1024


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


def encode(content: Text) -> PrivateBody:
    """Return `content` as a private body.

    Raises:
        ValueError: It would be longer than a body may be (32 KiB).
    """
    body: bytes = msgpack.packb(msgspec.to_builtins(content))
    if len(body) > BODY_BYTES:
        raise ValueError(f"the text takes {len(body)} bytes; at most {BODY_BYTES} fit in one message")
    return PrivateBody(body)


def decode(body: bytes) -> Text:
    """Return what `body` says.

    Raises:
        ContentError: It is not of this schema.
    """
    try:
        return msgspec.convert(msgpack.unpackb(body, max_array_len=MENTIONS_MAX), Text)
    except (ValueError, msgpack.UnpackException, RecursionError) as error:
        raise ContentError(len(body)) from error
