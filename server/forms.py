"""What a publication has to look like on its surface: which texts it has, which it needs, and how long they may be.

Shapes only. Who may publish it where, and whether it fits what is public there by now, is asked elsewhere.
"""

from collections.abc import Callable, Iterator

from compliance.pack import Pack
from protocol import publications
from protocol.errors import ErrorCode
from protocol.limits import ARTICLE_BYTES, BODY_BYTES
from protocol.limits import PLACE_NAME_CHARS as NAME_CHARS
from protocol.public import Publish
from protocol.publications import (
    ARTICLES,
    BROADCASTS,
    EDITABLE,
    PERSONAL,
    TEXT_CHARS,
    TEXTS,
    Content,
    MenuEntry,
    MenuItem,
    Surface,
    is_name,
)
from server.outcomes import Refuse

ENVELOPE_BYTES = 1024  # What the labels and the version may add to the content in an entry's body.
SOURCE_BYTES = 1536  # And where it comes from, by as many hops as there may be.
FORWARDS = frozenset({Surface.GROUP_MESSAGE, Surface.REPRINT})  # What may have a source.

_TEXT = frozenset({"text"})
_ARTICLE = frozenset({"title", "text", "parts", "category", "summary", "author"})
# The texts that each surface shows; `lang` says of all of them what they are written in.
TAKES: dict[Surface, frozenset[str]] = {
    Surface.GROUP_MESSAGE: frozenset({"title", "text", "parts", "category"}),
    Surface.GROUP_NAME: _TEXT,
    Surface.GROUP_NOTICE: _TEXT,
    Surface.GROUP_LISTING: _TEXT,
    Surface.GROUP_SCREEN_NAME: _TEXT,
    Surface.CARD: frozenset({"title", "text"}),
    Surface.ARTICLE: _ARTICLE,
    Surface.BROADCAST: _ARTICLE,
    Surface.REPRINT: _ARTICLE,
    Surface.ACCOUNT_PROFILE: frozenset({"title", "text", "tags"}),
    Surface.ACCOUNT_MENU: frozenset({"menu"}),
    Surface.ACCOUNT_WELCOME: _TEXT,
    Surface.ACCOUNT_REPLIES: frozenset({"replies"}),
    Surface.SQUARE: frozenset({"title", "text", "parts", "category"}),
    Surface.COMMENT: _TEXT,
}
_ALL = frozenset(Content.__struct_fields__) - {"lang"}


def _bad(field: str, message: str) -> Refuse:
    return Refuse(ErrorCode.BAD_REQUEST, message, field=field)


_EMPTY = _bad("content", "there is nothing in it to publish")
_LONG = _bad("content", "it is too long for one publication of its kind")
_NAME = _bad("content", "a name is one line, without control or format characters")
_CATEGORY = _bad("content.category", "the pack has no such category; `gate` lists them")
_TITLE = _bad("content.title", "a title is one line, without control or format characters")
_CARD_TITLE = _bad("content.title", "a card has a `title`, the screen name")
_OWN_PLACE = _bad("topic", "a card, or what is on one's square, is published without a `topic`")
_NO_ROOT = _bad("root", "a comment names its `root`, the entry that it is under; nothing else has one")
_ANSWERS = _bad("answers", "only a comment `answers` another one")
_NO_TOPIC = _bad("topic", "name the `topic`")
_ARTICLE_TITLE = _bad("content.title", "an article has a `title`")
_BYLINE = _bad("content.author", "a byline is one line, without control or format characters")
_PROFILE_TITLE = _bad("content.title", "a profile has a `title`: the name that the account was approved with")
_TAGS = _bad("content.tags", "a tag is one line that is not blank, and stands there once")
_LABEL = _bad("content.menu", "a menu's labels are one line each, and not blank")
_ENTRY = _bad("content.menu", "an entry of a menu has `items`, a `text` or a `link`: one of the three")
_ITEM = _bad("content.menu", "an item of a menu has a `text` or a `link`: one of the two")
_KEYWORDS = _bad("content.replies", "a reply has `keywords`, and none of them is blank")
_REPLY = _bad("content.replies", "a reply has a `text`")
_NO_TARGET = _bad("target", "only messages and articles have a `target`")
_NO_REPLY = _bad("reply_to", "only a message in a group answers another by `reply_to`")
_NO_EDIT = _bad("target", "a reprint says what its source says: recall it, and reprint the new version")
_BASE = _bad("base", "an edit names its `target` and the version it is made from")
_SOURCE = _bad("source", "a reprint names its `source`, and a message may; nothing else has one")
_TAG = _bad("tag", "only what is broadcast for the first time has a `tag`; its edits stay with it")
_REPRINTABLE = _bad("reprintable", "only an article may be reprinted")


def misshapen(request: Publish, pack: Pack) -> Refuse | None:
    """Return what is wrong with the shape of `request`, None when nothing is."""
    return next(_faults(request, pack), None)


def _faults(request: Publish, pack: Pack) -> Iterator[Refuse]:
    content, surface = request.content, request.surface
    yield from _place(request)
    if any(getattr(content, name) for name in _ALL - TAKES[surface]):
        taken = " and ".join(f"`{name}`" for name in sorted(TAKES[surface]))
        yield _bad("content", f"this surface takes {taken}, and nothing else")
    if content.category and content.category not in pack.categories:
        yield _CATEGORY
    yield from _OF[surface](content)
    yield from _sizes(request)
    yield from _ties(request)


def _place(request: Publish) -> Iterator[Refuse]:
    if request.surface in PERSONAL and request.topic is not None:
        yield _OWN_PLACE
    if request.surface not in PERSONAL and request.topic is None:
        yield _NO_TOPIC
    if (request.root is not None) is not (request.surface is Surface.COMMENT):
        yield _NO_ROOT
    if request.answers is not None and request.surface is not Surface.COMMENT:
        yield _ANSWERS


def _sizes(request: Publish) -> Iterator[Refuse]:
    content, surface = request.content, request.surface
    if len(content.text) > TEXT_CHARS[surface]:
        yield _LONG
    beside = ENVELOPE_BYTES + (SOURCE_BYTES if request.source is not None else 0)
    most = ARTICLE_BYTES if surface in ARTICLES else BODY_BYTES - beside
    if len(publications.encode_content(content)) > most:
        yield _LONG


def _ties(request: Publish) -> Iterator[Refuse]:
    """What it names besides: what it changes or answers, where it comes from, whom it is for."""
    surface, edits = request.surface, request.target is not None
    if edits and surface not in EDITABLE:
        yield _NO_TARGET
    if request.reply_to is not None and surface is not Surface.GROUP_MESSAGE:
        yield _NO_REPLY
    if edits and surface is Surface.REPRINT:
        yield _NO_EDIT
    if surface in TEXTS and edits is (request.base is None):
        yield _BASE
    if (request.source is None) if surface is Surface.REPRINT else (request.source and surface not in FORWARDS):
        yield _SOURCE
    if request.tag and (edits or surface not in BROADCASTS):
        yield _TAG
    if request.reprintable and surface not in ARTICLES:
        yield _REPRINTABLE


# What each surface needs.


def _message(content: Content) -> Iterator[Refuse]:
    if publications.is_empty(content):
        yield _EMPTY


def _name(content: Content) -> Iterator[Refuse]:
    if not is_name(content.text):
        yield _NAME


def _card(content: Content) -> Iterator[Refuse]:
    if not content.title.strip():
        yield _CARD_TITLE
    if len(content.title) > NAME_CHARS:
        yield _LONG
    if not is_name(content.title):
        yield _NAME


def _article(content: Content) -> Iterator[Refuse]:
    if not content.title.strip():
        yield _ARTICLE_TITLE
    if not is_name(content.title):
        yield _TITLE
    if not is_name(content.author):
        yield _BYLINE
    if publications.is_empty(Content(text=content.text, parts=content.parts)):
        yield _EMPTY


def _profile(content: Content) -> Iterator[Refuse]:
    if not content.title.strip():
        yield _PROFILE_TITLE
    if not is_name(content.title):
        yield _TITLE
    if not all(map(_is_label, content.tags)) or len(set(content.tags)) < len(content.tags):
        yield _TAGS


def _menu(content: Content) -> Iterator[Refuse]:
    taps: list[MenuEntry | MenuItem] = [*content.menu, *(item for entry in content.menu for item in entry.items)]
    if not all(_is_label(tap.label) for tap in taps):
        yield _LABEL
    if any([bool(entry.items), bool(entry.text), bool(entry.link)].count(True) != 1 for entry in content.menu):
        yield _ENTRY
    if any(bool(item.text) is bool(item.link) for entry in content.menu for item in entry.items):
        yield _ITEM


def _replies(content: Content) -> Iterator[Refuse]:
    if not all(reply.keywords and all(map(str.strip, reply.keywords)) for reply in content.replies):
        yield _KEYWORDS
    if not all(reply.text.strip() for reply in content.replies):
        yield _REPLY


def _anything(_: Content) -> Iterator[Refuse]:
    """Nothing is needed: an empty text says that there is none any more."""
    return iter(())


def _is_label(text: str) -> bool:
    return bool(text.strip()) and text == text.strip() and is_name(text)


_OF: dict[Surface, Callable[[Content], Iterator[Refuse]]] = {
    Surface.GROUP_MESSAGE: _message,
    Surface.GROUP_NAME: _name,
    Surface.GROUP_NOTICE: _anything,
    Surface.GROUP_LISTING: _anything,
    Surface.GROUP_SCREEN_NAME: _name,
    Surface.CARD: _card,
    Surface.ARTICLE: _article,
    Surface.BROADCAST: _article,
    Surface.REPRINT: _article,
    Surface.ACCOUNT_PROFILE: _profile,
    Surface.ACCOUNT_MENU: _menu,
    Surface.ACCOUNT_WELCOME: _anything,
    Surface.ACCOUNT_REPLIES: _replies,
    Surface.SQUARE: _message,
    Surface.COMMENT: _message,
}
