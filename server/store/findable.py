"""What there is to find on the public side, as the rows have it now: accounts, articles, and groups that are listed."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from protocol.entries import Kind
from protocol.following import SearchKind
from protocol.ids import Seq, TopicId
from protocol.publications import Content, PublishedError, decode
from server.store import articles
from server.store.account_facts import current, is_active

_GROUP = "SELECT name, listing FROM topics WHERE topic = ? AND kind = 'group' AND listed AND seats > 0"
_CARD = "SELECT body FROM entries WHERE topic = ? AND seq = ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Findable:
    """What somebody published: what it is called, what it says besides, and the body that is shown of it."""

    name: str
    text: str
    body: bytes | None


def findable(connection: sqlite3.Connection, kind: SearchKind, topic: TopicId, seq: Seq) -> Findable | None:
    """Return what can be found as this; None: there is nothing in force. `seq`: of an article, its first version's."""
    return _FINDABLE[kind](connection, topic, seq)


def _account(connection: sqlite3.Connection, topic: TopicId, _: Seq) -> Findable | None:
    body = current(connection, topic, Kind.PROFILE) if is_active(connection, topic) else None
    content = _content(body)
    return None if content is None else Findable(name=content.title, text=content.text, body=body)


def _article(connection: sqlite3.Connection, topic: TopicId, seq: Seq) -> Findable | None:
    article = articles.newest(connection, topic, seq) if is_active(connection, topic) else None
    content = _content(article.body) if article is not None else None
    if article is None or content is None:
        return None
    parts = [text for part in content.parts for text in (part.heading, part.text)]
    text = "\n".join(filter(None, (content.summary, content.author, content.text, *parts)))
    card = connection.execute(_CARD, (topic, article.seq)).fetchone()
    return Findable(name=content.title, text=text, body=card[0])


def _group(connection: sqlite3.Connection, topic: TopicId, _: Seq) -> Findable | None:
    row = connection.execute(_GROUP, (topic,)).fetchone()
    name, listing = (_content(body) for body in row) if row is not None else (None, None)
    if name is None and listing is None:
        return None
    return Findable(name=name.text if name else "", text=listing.text if listing else "", body=row[0] or None)


_FINDABLE: dict[SearchKind, Callable[[sqlite3.Connection, TopicId, Seq], Findable | None]] = {
    SearchKind.ACCOUNT: _account,
    SearchKind.ARTICLE: _article,
    SearchKind.GROUP: _group,
}


def _content(body: bytes | None) -> Content | None:
    """Return what a published body says; None, too, when it is of a schema that this version cannot read."""
    try:
        return decode(body).content if body else None
    except PublishedError:
        return None
