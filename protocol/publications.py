"""What is published: the schema of public text, the same for whoever writes, judges, stores or reads it.

Unlike a private body it is structured, and the server decodes it: once, when a `publish` comes in.
"""

import unicodedata
from enum import StrEnum
from typing import Annotated, TypeVar

import msgpack
import msgspec
from msgspec import Meta

from protocol import limits


class Surface(StrEnum):
    """Where a publication appears. Each is a row of `compliance.sides`; a pack says what the gate asks there."""

    GROUP_MESSAGE = "group_message"
    GROUP_NAME = "group_name"
    GROUP_NOTICE = "group_notice"
    GROUP_LISTING = "group_listing"
    GROUP_SCREEN_NAME = "group_screen_name"
    CARD = "card"


# Characters of the `text` of each. What stands in lists is short, or whole lists of it could not be sent.
TEXT_CHARS: dict[Surface, int] = {
    Surface.GROUP_MESSAGE: limits.TEXT_CHARS,
    Surface.GROUP_NAME: limits.PLACE_NAME_CHARS,
    Surface.GROUP_NOTICE: limits.PLACE_NOTICE_CHARS,
    Surface.GROUP_LISTING: limits.PLACE_LISTING_CHARS,
    Surface.GROUP_SCREEN_NAME: limits.PLACE_NAME_CHARS,
    Surface.CARD: limits.BIO_CHARS,
}


class PublishedError(ValueError):
    """The bytes are no published body; `size` is how many there were."""

    def __init__(self, size: int) -> None:
        super().__init__(f"{size} bytes that are no publication")
        self.size = size


class Part(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One section of a longer publication: a heading, a text, a link, or several of them."""

    heading: Annotated[str, Meta(max_length=limits.TITLE_CHARS)] = ""
    text: Annotated[str, Meta(max_length=limits.TEXT_CHARS)] = ""
    link: Annotated[str, Meta(max_length=limits.URL_CHARS)] = ""


class Content(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What an author says to the public.

    A message, a name, a notice, a listing or a screen name is its `text`; a card has the screen name as `title`, the
    bio as `text`. `category` is one of the pack's codes, or empty; `lang` is a BCP 47 tag.
    """

    text: Annotated[str, Meta(max_length=limits.TEXT_CHARS)] = ""
    title: Annotated[str, Meta(max_length=limits.TITLE_CHARS)] = ""
    parts: Annotated[tuple[Part, ...], Meta(max_length=limits.PARTS)] = ()
    category: Annotated[str, Meta(max_length=limits.CATEGORY_CHARS)] = ""
    lang: Annotated[str, Meta(max_length=limits.LANGUAGE_CHARS)] = ""


class Published(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The body of a public entry: the author's `content`, and the gate's `labels`, for every reader to see.

    `version` counts the versions of one text from 1; an edit is the next one.
    """

    content: Content
    labels: Annotated[tuple[str, ...], Meta(max_length=limits.LABELS)] = ()
    version: Annotated[int, Meta(ge=1)] = 1


def fields_of(content: Content) -> dict[str, str]:
    """Return every text in `content` by its path (`text`, `parts[2].heading`), empty ones left out, in order."""
    found = {"title": content.title, "text": content.text}
    for number, part in enumerate(content.parts):
        found |= {f"parts[{number}].{name}": getattr(part, name) for name in ("heading", "text", "link")}
    found["category"] = content.category
    return {path: text for path, text in found.items() if text}


def is_name(text: str) -> bool:
    """Say whether `text` can be what something is called: one line, and nothing that hides or turns what it says.

    No control or format characters (Unicode categories Cc and Cf), no line or paragraph separators; the joiners that
    emoji and some scripts are written with may stand in it.
    """
    return not any(unicodedata.category(character) in _NO_NAME and character not in _JOINERS for character in text)


def is_empty(content: Content) -> bool:
    """Say whether `content` shows nothing: no text anywhere but white space."""
    return not any(text.strip() for path, text in fields_of(content).items() if path != "category")


def encode_content(content: Content) -> bytes:
    """Return `content` as MessagePack; equal contents give equal bytes."""
    packed: bytes = msgpack.packb(msgspec.to_builtins(content))
    return packed


def decode_content(packed: bytes) -> Content:
    """Return the content that `packed` is.

    Raises:
        PublishedError: It is none.
    """
    return _decoded(packed, Content)


def encode(published: Published) -> bytes:
    """Return `published` as the body of a public entry."""
    body: bytes = msgpack.packb(msgspec.to_builtins(published))
    return body


def decode(body: bytes) -> Published:
    """Return what the body of a public entry says.

    Raises:
        PublishedError: It is of another schema, perhaps a later version's.
    """
    return _decoded(body, Published)


_NO_NAME = frozenset({"Cc", "Cf", "Zl", "Zp"})
_JOINERS = frozenset("\u200c\u200d")
S = TypeVar("S", bound=msgspec.Struct)


def _decoded(packed: bytes, shape: type[S]) -> S:
    try:
        return msgspec.convert(msgpack.unpackb(packed), shape)
    except (ValueError, msgpack.UnpackException, RecursionError) as error:
        raise PublishedError(len(packed)) from error
