"""The messages of who reads public accounts: their pages and articles, searching, following.

Shapes and bounds only; docs/PROTOCOL.md says what they do. `topic` is the account throughout: its page is its log.
"""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from protocol import limits
from protocol.account_states import AccountType, NewsRight
from protocol.entries import Entry
from protocol.ids import Seq, TopicId
from protocol.shapes import Number, Position, Push, Reply, Request, Tag, TopicRef

# Values inside requests and replies.


class AccountPage(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An account as anybody sees it. `profile`, `menu`, `welcome` and `replies` are published bodies.

    `label`: what it may do with current-affairs news, shown to every reader (Art. 7 ¶3); none when nothing.
    `approval`: that the right stands on an approval by the authority: its issuer and number.
    """

    topic: TopicId
    type: AccountType
    body: str
    category: str
    head: Seq
    label: NewsRight = NewsRight.NONE
    approval: str = ""
    profile: bytes | None = None
    menu: bytes | None = None
    welcome: bytes | None = None
    replies: bytes | None = None


class Follow(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """That one follows an account. `at`: since when, Unix ms."""

    topic: TopicId
    at: int
    tag: str = ""
    muted: bool = False


class SearchKind(StrEnum):
    """What can be searched for."""

    ACCOUNT = "account"
    ARTICLE = "article"
    GROUP = "group"


class Found(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Something that a search found: an account, an article of one (`seq`), or a listed group.

    `body`: what was published, as a card. `excerpt`: the words around what was looked for.
    """

    kind: str
    topic: TopicId
    seq: Seq | None = None
    body: bytes | None = None
    excerpt: str = ""


# Reading.


class PagesReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    """The pages of those that are active, in the order asked."""

    pages: tuple[AccountPage, ...]


class Pages(Request[PagesReply], frozen=True, omit_defaults=True, kw_only=True, tag="account"):
    """Look at accounts. Anybody may, and may read their pages with `history`.

    Menu, welcome and replies come with one that is asked for alone: of many at once they would be too long.
    """

    topics: Annotated[tuple[TopicRef, ...], Meta(max_length=limits.ACCOUNT_PAGES)]


class ArticleReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    """The article as it stands: its newest version. `entry`: the one it was first published by.

    `body`: a published body, whole. `source_withdrawn`: what it reprints has been withdrawn since.
    """

    entry: Entry
    body: bytes
    source_withdrawn: bool = False


class ReadArticle(Request[ArticleReply], frozen=True, omit_defaults=True, kw_only=True, tag="article"):
    """Open an article."""

    topic: TopicRef
    seq: Position


class SearchReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    """The best first. `complete`: there are no more."""

    found: tuple[Found, ...]
    complete: bool


class Search(Request[SearchReply], frozen=True, omit_defaults=True, kw_only=True, tag="search"):
    """Search what is public and in force. Queries are kept nowhere."""

    query: Annotated[str, Meta(min_length=1, max_length=limits.QUERY_CHARS)]
    kinds: Annotated[tuple[SearchKind, ...], Meta(max_length=len(SearchKind))] = ()
    offset: Annotated[int, Meta(ge=0, le=limits.SEARCH_OFFSET)] = 0
    limit: Annotated[int, Meta(ge=1, le=limits.SEARCH_RESULTS)] = 20


class FollowReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    """`head`: from the next entry on it is live. `mark`: rises with every change of what one follows."""

    follow: Follow
    head: Seq
    mark: int


class FollowAccount(Request[FollowReply], frozen=True, omit_defaults=True, kw_only=True, tag="follow"):
    """Follow an account, or change how: None leaves what it is. A tag is one of its profile's; empty: none."""

    topic: TopicRef
    tag: Tag | None = None
    muted: bool | None = None


class UnfollowReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    """`mark` rises with every change of what one follows."""

    mark: int


class Unfollow(Request[UnfollowReply], frozen=True, omit_defaults=True, kw_only=True, tag="unfollow"):
    topic: TopicRef


class FollowsReply(Reply, frozen=True, omit_defaults=True, kw_only=True):
    """`follows`: all of them; None when `mark` is the one that was asked with."""

    mark: int
    follows: tuple[Follow, ...] | None = None


class Follows(Request[FollowsReply], frozen=True, omit_defaults=True, kw_only=True, tag="follows"):
    """Whom one follows, if that has changed since `mark`."""

    mark: Number | None = None


# Pushes.


class FollowPush(Push, frozen=True, omit_defaults=True, kw_only=True, tag="follow"):
    """One follows an account, or in another way, on another of one's devices; it is live from `head` on."""

    follow: Follow
    head: Seq
    mark: int


class UnfollowPush(Push, frozen=True, omit_defaults=True, kw_only=True, tag="unfollow"):
    topic: TopicId
    mark: int
