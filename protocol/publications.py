"""What is published: the schema of public text, the same for whoever writes, judges, stores or reads it.

Unlike a private body it is structured, and the server decodes it: once, when a `publish` comes in.
"""

import unicodedata
from enum import StrEnum
from typing import Annotated, TypeVar

import msgpack
import msgspec
from blake3 import blake3
from msgspec import Meta

from protocol import limits
from protocol.ids import Seq, TopicId
from protocol.shapes import Digest


class Surface(StrEnum):
    """Where a publication appears. Each is a row of `compliance.sides`; a pack says what the gate asks there."""

    GROUP_MESSAGE = "group_message"
    GROUP_NAME = "group_name"
    GROUP_NOTICE = "group_notice"
    GROUP_LISTING = "group_listing"
    GROUP_SCREEN_NAME = "group_screen_name"
    CARD = "card"
    ARTICLE = "article"
    BROADCAST = "broadcast"
    REPRINT = "reprint"
    ACCOUNT_PROFILE = "account_profile"
    ACCOUNT_MENU = "account_menu"
    ACCOUNT_WELCOME = "account_welcome"
    ACCOUNT_REPLIES = "account_replies"
    SQUARE = "square"
    COMMENT = "comment"


ARTICLES = frozenset({Surface.ARTICLE, Surface.BROADCAST, Surface.REPRINT})
PROFILES = frozenset({Surface.ACCOUNT_PROFILE, Surface.ACCOUNT_MENU, Surface.ACCOUNT_WELCOME, Surface.ACCOUNT_REPLIES})
OF_ACCOUNTS = ARTICLES | PROFILES
BROADCASTS = frozenset({Surface.BROADCAST, Surface.REPRINT})  # What followers get in their feeds.
EDITABLE = ARTICLES | {Surface.GROUP_MESSAGE}  # Whose edits name it.
# Each is a text of its own. Of all others a place has one, which the next replaces.
TEXTS = EDITABLE | {Surface.SQUARE, Surface.COMMENT}
# Of which everybody has one of their own, without naming it: it begins with what is first published there.
PERSONAL = frozenset({Surface.CARD, Surface.SQUARE})


# Characters of the `text` of each. What stands in lists is short, or whole lists of it could not be sent.
TEXT_CHARS: dict[Surface, int] = {
    Surface.GROUP_MESSAGE: limits.TEXT_CHARS,
    Surface.GROUP_NAME: limits.PLACE_NAME_CHARS,
    Surface.GROUP_NOTICE: limits.PLACE_NOTICE_CHARS,
    Surface.GROUP_LISTING: limits.PLACE_LISTING_CHARS,
    Surface.GROUP_SCREEN_NAME: limits.PLACE_NAME_CHARS,
    Surface.CARD: limits.BIO_CHARS,
    Surface.ARTICLE: limits.TEXT_CHARS,
    Surface.BROADCAST: limits.TEXT_CHARS,
    Surface.REPRINT: limits.TEXT_CHARS,
    Surface.ACCOUNT_PROFILE: limits.BIO_CHARS,
    Surface.ACCOUNT_MENU: 0,
    Surface.ACCOUNT_WELCOME: limits.REPLY_CHARS,
    Surface.ACCOUNT_REPLIES: 0,
    Surface.SQUARE: limits.TEXT_CHARS,
    Surface.COMMENT: limits.COMMENT_CHARS,
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


class MenuItem(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What one taps in an account's menu: it shows a text, or opens a link."""

    label: Annotated[str, Meta(max_length=limits.MENU_LABEL_CHARS)]
    text: Annotated[str, Meta(max_length=limits.REPLY_CHARS)] = ""
    link: Annotated[str, Meta(max_length=limits.URL_CHARS)] = ""


class MenuEntry(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One entry of an account's menu: it has items below it, or is itself what one taps."""

    label: Annotated[str, Meta(max_length=limits.MENU_LABEL_CHARS)]
    text: Annotated[str, Meta(max_length=limits.REPLY_CHARS)] = ""
    link: Annotated[str, Meta(max_length=limits.URL_CHARS)] = ""
    items: Annotated[tuple[MenuItem, ...], Meta(max_length=limits.MENU_ITEMS)] = ()


class AutoReply(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What a follower's client shows when they write one of `keywords` to the account. The server matches nothing."""

    keywords: Annotated[
        tuple[Annotated[str, Meta(max_length=limits.KEYWORD_CHARS)], ...], Meta(max_length=limits.KEYWORDS)
    ]
    text: Annotated[str, Meta(max_length=limits.REPLY_CHARS)]


class Content(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What an author says to the public.

    A message, a name, a notice, a listing, a screen name or a comment is its `text`; a post on a square may have a
    `title` and `parts` besides; a card has the screen name as `title`, the bio as `text`. An article has a `title`, a
    `summary` for its card, an `author` (a byline, not an id), `text` and `parts`; an account's profile has its name as
    `title`, what it is about as `text`, and the `tags` that followers may choose from; a menu is its `menu`, a keyword
    table its `replies`, a welcome its `text`. `category` is one of the pack's codes, or empty; `lang` is a BCP 47 tag.
    """

    text: Annotated[str, Meta(max_length=limits.TEXT_CHARS)] = ""
    title: Annotated[str, Meta(max_length=limits.TITLE_CHARS)] = ""
    parts: Annotated[tuple[Part, ...], Meta(max_length=limits.PARTS)] = ()
    category: Annotated[str, Meta(max_length=limits.CATEGORY_CHARS)] = ""
    lang: Annotated[str, Meta(max_length=limits.LANGUAGE_CHARS)] = ""
    summary: Annotated[str, Meta(max_length=limits.SUMMARY_CHARS)] = ""
    author: Annotated[str, Meta(max_length=limits.BYLINE_CHARS)] = ""
    tags: Annotated[tuple[Annotated[str, Meta(max_length=limits.TAG_CHARS)], ...], Meta(max_length=limits.TAGS)] = ()
    menu: Annotated[tuple[MenuEntry, ...], Meta(max_length=limits.MENU_ENTRIES)] = ()
    replies: Annotated[tuple[AutoReply, ...], Meta(max_length=limits.AUTO_REPLIES)] = ()


class Hop(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a public account that an article has come through, and the BLAKE3 digest of its content."""

    account: TopicId
    seq: Seq
    digest: Digest


class Source(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Where a publication comes from that says again what is public already.

    `hops`: from the original to the last one, in order. `author`, `title`: the original's.
    """

    hops: Annotated[tuple[Hop, ...], Meta(min_length=1, max_length=limits.HOPS)]
    author: str = ""
    title: str = ""


class Published(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The body of a public entry: the author's `content`, and the gate's `labels`, for every reader to see.

    `version` counts the versions of one text from 1; an edit is the next one. `source`: of a reprint, and of what was
    forwarded from an account. `reprintable`: whether other accounts may reprint it. `digest`: of a card, the 32-byte
    BLAKE3 of the article's content as encoded, which `article` fetches; a card leaves `text` and `parts` out.
    """

    content: Content
    labels: Annotated[tuple[str, ...], Meta(max_length=limits.LABELS)] = ()
    version: Annotated[int, Meta(ge=1)] = 1
    source: Source | None = None
    reprintable: bool = False
    digest: Digest | None = None


def fields_of(content: Content) -> dict[str, str]:
    """Return every text in `content` by its path (`text`, `parts[2].heading`), empty ones left out, in order."""
    found = {"title": content.title, "text": content.text}
    for number, part in enumerate(content.parts):
        found |= {f"parts[{number}].{name}": getattr(part, name) for name in ("heading", "text", "link")}
    found |= {"summary": content.summary, "author": content.author}
    found |= {f"tags[{number}]": tag for number, tag in enumerate(content.tags)}
    for number, entry in enumerate(content.menu):
        found |= {f"menu[{number}].{name}": getattr(entry, name) for name in _ITEM}
        for place, item in enumerate(entry.items):
            found |= {f"menu[{number}].items[{place}].{name}": getattr(item, name) for name in _ITEM}
    for number, reply in enumerate(content.replies):
        found |= {f"replies[{number}].keywords[{place}]": word for place, word in enumerate(reply.keywords)}
        found[f"replies[{number}].text"] = reply.text
    found["category"] = content.category
    return {path: text for path, text in found.items() if text}


def digest_of(content: Content) -> bytes:
    """Return the 32-byte BLAKE3 of `content` as it is encoded: what a card and a reprint name an article by."""
    return blake3(encode_content(content)).digest()


def card_of(published: Published) -> Published:
    """Return what is pushed of an article: all but its text, with the digest that the text is known by."""
    content = published.content
    shown = msgspec.structs.replace(content, text="", parts=())
    return msgspec.structs.replace(published, content=shown, digest=digest_of(content))


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
    body: bytes = msgpack.packb(msgspec.to_builtins(published, builtin_types=(bytes,)))
    return body


def decode(body: bytes) -> Published:
    """Return what the body of a public entry says.

    Raises:
        PublishedError: It is of another schema, perhaps a later version's.
    """
    return _decoded(body, Published)


_ITEM = ("label", "text", "link")
_NO_NAME = frozenset({"Cc", "Cf", "Zl", "Zp"})
_JOINERS = frozenset("\u200c\u200d")
S = TypeVar("S", bound=msgspec.Struct)


def _decoded(packed: bytes, shape: type[S]) -> S:
    try:
        return msgspec.convert(msgpack.unpackb(packed), shape)
    except (ValueError, msgpack.UnpackException, RecursionError) as error:
        raise PublishedError(len(packed)) from error
