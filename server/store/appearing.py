"""Where a publication appears, and as what, once the gate has let it through; and what that makes of its place.

Nothing is asked here: that it may appear is known, in the same transaction.
"""

import sqlite3

import msgspec

from protocol.entries import Kind, Side, TopicKind
from protocol.ids import Seq, TopicId, new_public_topic_id
from protocol.publications import ARTICLES, BROADCASTS, PERSONAL, Hop, Published, Surface
from server.store import accounts, articles, public_comments, public_threads, submissions
from server.store.square_writes import Stirred
from server.store.submissions import KINDS, Row
from server.store.writes import Draft, Founding
from server.topics import Change, SetListing, SetName, SetNotice, SetScreenName

_BY_TIME = frozenset({Surface.SQUARE, Surface.COMMENT})
_LAST = "SELECT at FROM entries WHERE topic = ? AND kind = ? ORDER BY seq DESC LIMIT 1"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A topic; `founding`: one that begins with what appears in it."""

    topic: TopicId
    founding: Founding | None = None


def place_of(connection: sqlite3.Connection, row: Row) -> Place:
    """Return where `row` appears. Its author's card or square, or the thread, may have begun meanwhile."""
    if row.surface in PERSONAL:
        topic = submissions.own_place(connection, row.surface, row.author)
        kind, peers = submissions.PLACES[row.surface], (row.author, row.author)
        return _begun(topic, Founding(kind=kind, side=Side.PUBLIC, peers=peers))
    if row.root is not None:
        thread = public_threads.thread_of(connection, *row.root)
        return _begun(thread, Founding(kind=TopicKind.THREAD, side=Side.PUBLIC))
    assert row.topic is not None
    return Place(topic=row.topic)


def _begun(topic: TopicId | None, founding: Founding) -> Place:
    return Place(topic=topic) if topic is not None else Place(topic=new_public_topic_id(), founding=founding)


def article_of(connection: sqlite3.Connection, row: Row, topic: TopicId, seq: Seq) -> articles.Root | None:
    """Return what the entry `seq`, which `row` becomes, will be a version of; None: of no article."""
    if row.surface not in ARTICLES:
        return None
    if row.target is not None:
        return articles.root_of(connection, topic, row.target)
    return articles.Root(seq=seq, broadcast=row.surface in BROADCASTS, tag=row.tag)


def draft_of(
    connection: sqlite3.Connection, row: Row, topic: TopicId, body: bytes, article: articles.Root | None, at: int
) -> Draft:
    """Return the entry that `row` becomes."""
    return Draft(
        kind=Kind.EDIT if row.target is not None else KINDS[row.surface],
        sender=submissions.speaker(row.surface, row.author, topic),
        cid=row.cid,
        digest=row.digest,
        at=_time_of(connection, row, topic, at),
        body=body,
        reply_to=row.reply_to,
        target=row.target,
        tag=article.tag or None if article is not None else None,
    )


def _time_of(connection: sqlite3.Connection, row: Row, topic: TopicId, at: int) -> int:
    """Return when it appears: in a square, or a thread, later than all said there, for lists of them go by time."""
    if row.surface not in _BY_TIME:
        return at
    last = connection.execute(_LAST, (topic, KINDS[row.surface].value)).fetchone()
    return at if last is None else max(at, last[0] + 1)


def shared_by(row: Row) -> Hop | None:
    """Return the article that a message brings into a group; None: it brings none, or brought it before."""
    if row.surface is not Surface.GROUP_MESSAGE or row.target is not None or row.source is None:
        return None
    return row.source.hops[-1]


def changes_by(row: Row, body: bytes) -> tuple[Change, ...]:
    """Return what `body`, empty for none, makes of the place it is said in."""
    match row.surface:
        case Surface.GROUP_NAME:
            return (SetName(name=body),)
        case Surface.GROUP_NOTICE:
            return (SetNotice(notice=body),)
        case Surface.GROUP_LISTING:
            return (SetListing(listing=body),)
        case Surface.GROUP_SCREEN_NAME:
            return (SetScreenName(person=row.author, name=body),)
        case _:
            return ()


def take_in(
    connection: sqlite3.Connection,
    row: Row,
    topic: TopicId,
    seq: Seq,
    published: Published,
    whole: bytes,
    *,
    article: articles.Root | None,
    at: int,
) -> Stirred | None:
    """Keep what stands behind the entry that `row` has become; return what is said under something by it, if it is."""
    if article is not None:
        articles.keep(connection, topic, seq, published, whole, root=article, at=at)
    if row.surface is Surface.ACCOUNT_PROFILE:
        accounts.open_(connection, topic)
    if row.root is None:
        return None
    return public_comments.keep(connection, topic, seq, root=row.root, author=row.author, at=at, answers=row.answers)
