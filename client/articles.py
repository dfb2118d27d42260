"""Articles as readers get them: opened, and checked against the card that names them. Values in, values out."""

from collections.abc import Sequence
from dataclasses import dataclass

from client.errors import ClientError
from client.view import in_force
from protocol import publications
from protocol.entries import Entry, Kind
from protocol.following import ArticleReply
from protocol.ids import Seq, TopicId
from protocol.public import Origin
from protocol.publications import Content, Published, PublishedError, digest_of

ARTICLES = frozenset({Kind.ARTICLE, Kind.BROADCAST})


class AlteredError(ClientError):
    """What the server gave as an article is not what its card names, or no article at all: it is not shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What an article is named by. `entry`: the one it was first published by; `published`: the version in force."""

    entry: Entry
    published: Published


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """An article, whole. `entry`: the one it was first published by. `source_withdrawn`: of a reprint."""

    entry: Entry
    published: Published
    source_withdrawn: bool = False

    @property
    def content(self) -> Content:
        """What its author says in it."""
        return self.published.content

    @property
    def origin(self) -> Origin:
        """What names exactly this version of it, for a reprint or a public share."""
        return Origin(account=self.entry.topic, seq=self.entry.seq, digest=digest_of(self.content))


def opened(reply: ArticleReply) -> Article:
    """Return the article that the server gave.

    Raises:
        AlteredError: Its body cannot be read.
    """
    try:
        published = publications.decode(reply.body)
    except PublishedError as error:
        raise AlteredError(f"the server gave {error}") from error
    return Article(entry=reply.entry, published=published, source_withdrawn=reply.source_withdrawn)


def card_among(entries: Sequence[Entry], topic: TopicId, seq: Seq) -> Card | None:
    """Return the card in force of article `seq`, as far as `entries` know; None: they do not have it."""
    entry = next((entry for entry in entries if (entry.topic, entry.seq) == (topic, seq)), None)
    about = sorted((other for other in entries if (other.topic, other.target) == (topic, seq)), key=lambda e: e.seq)
    published = None if entry is None else in_force(entry, about)
    return Card(entry=entry, published=published) if entry is not None and published is not None else None


def vouches(card: Card | None, article: Article) -> bool:
    """Say whether `card` is of this version of the article, and so vouches for it.

    Raises:
        AlteredError: It is of this version, and names another text.
    """
    if card is None or card.published.version != article.published.version:
        return False
    if card.published.digest != digest_of(article.content):
        raise AlteredError("what the server gave as this article is not what its card names; it is not shown")
    return True
