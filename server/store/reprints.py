"""What says again what a public account has published: reprints by other accounts, and forwards into public groups.

Where it comes from is looked up here and nowhere believed: the article is in force, and its digest is that of what was
read. A reprint says exactly what its source says; when that is gone it is marked, however many hops away.
"""

import sqlite3
from collections import deque

from protocol.entries import Kind
from protocol.errors import ErrorCode
from protocol.ids import PersonId, Seq, TopicId, new_cid
from protocol.limits import HOPS
from protocol.public import Origin
from protocol.publications import Content, Hop, PublishedError, Source, Surface, decode, digest_of
from server.store import articles
from server.store.account_facts import is_active
from server.store.articles import Article
from server.store.log import Log
from server.store.public_writes import Unfit
from server.store.writes import NO_DIGEST, Draft, Post, Posted

_REPRINTS = """
SELECT a.topic, a.seq, a.tag, a.source_withdrawn, e.erased FROM articles AS a INDEXED BY articles_sources
JOIN entries AS e ON e.topic = a.topic AND e.seq = a.seq
WHERE a.source_topic = ? AND a.source_seq = ? ORDER BY a.topic, a.seq
"""
_GONE = """
SELECT e.erased OR e.withdrawn OR a.source_withdrawn FROM articles AS a
JOIN entries AS e ON e.topic = a.topic AND e.seq = a.seq WHERE a.topic = ? AND a.seq = ?
"""
_MARK = "UPDATE articles SET source_withdrawn = ? WHERE topic = ? AND seq = ?"


def _unfit(code: ErrorCode, text: str) -> Unfit:
    return Unfit(code=code, field="source", text=text)


_NO_ARTICLE = _unfit(ErrorCode.NOT_FOUND, "there is no such article, or it is not public any more")
_CHANGED = _unfit(ErrorCode.CONFLICT, "the article has another version by now: read it first")
_TOO_FAR = _unfit(ErrorCode.TOO_MANY, f"it has come through {HOPS} accounts already: take it from one of them")
_OWN = _unfit(ErrorCode.BAD_REQUEST, "it is this account's own article: broadcast it anew instead")
_FORBIDDEN = _unfit(ErrorCode.NOT_ALLOWED, "the account that published it does not let others reprint it")
_WITHDRAWN = _unfit(ErrorCode.NOT_ALLOWED, "what it reprints has been withdrawn")
_ALTERED = _unfit(ErrorCode.CONFLICT, "a reprint says exactly what its source says")


def source_of(connection: sqlite3.Connection, origin: Origin) -> Source | Unfit:
    """Return where something comes from that is said again of `origin`: all hops of that article, and that itself."""
    article = _in_force(connection, origin.account, origin.seq)
    if article is None:
        return _NO_ARTICLE
    if article.digest != origin.digest:
        return _CHANGED
    try:
        published = decode(article.body)
    except PublishedError:  # Of a schema that this version cannot read.
        return _NO_ARTICLE
    before, content = published.source, published.content
    hops = before.hops if before is not None else ()
    if len(hops) >= HOPS:
        return _TOO_FAR
    hop = Hop(account=origin.account, seq=origin.seq, digest=article.digest)
    first = (before.author, before.title) if before is not None else (content.author, content.title)
    return Source(hops=(*hops, hop), author=first[0], title=first[1])


def unfit(
    connection: sqlite3.Connection, source: Source, *, surface: Surface, topic: TopicId | None, content: Content
) -> Unfit | None:
    """Return why `content` cannot be said again of `source` on `surface` by `topic`, None when it can.

    Asked when it is submitted, and again in the transaction that would publish it: the source is in force, and still
    says what it said. A reprint needs leave, and is not altered; what is forwarded is part of a text of one's own.
    """
    last = source.hops[-1]
    article = _in_force(connection, last.account, last.seq)
    if article is None:
        return _NO_ARTICLE
    if article.digest != last.digest:
        return _CHANGED
    if surface is not Surface.REPRINT:
        return None
    if last.account == topic:
        return _OWN
    if not article.reprintable:
        return _FORBIDDEN
    if article.source_withdrawn:
        return _WITHDRAWN
    return None if digest_of(content) == last.digest else _ALTERED


def mark(connection: sqlite3.Connection, log: Log, topic: TopicId, seq: Seq, *, at: int) -> tuple[Posted, ...]:
    """Mark what reprints the article `seq` of `topic`, which has just gone or come back, and what reprints that.

    In the transaction in which it does. A reprint is marked while anything it comes through is gone: one that another
    hop still keeps marked stays so. Each is looked at once, and below what does not change nothing does.
    """
    posted: list[Posted] = []
    changed = deque([(topic, seq)])
    while changed:
        source = changed.popleft()
        gone = connection.execute(_GONE, source).fetchone()
        if gone is None:
            continue  # It is no article.
        for account, reprint, tag, marked, erased in connection.execute(_REPRINTS, source).fetchall():
            if marked == gone[0]:
                continue
            connection.execute(_MARK, (gone[0], account, reprint))
            changed.append((account, reprint))
            if not erased:
                posted.append(_tell(log, account, reprint, tag, at, withdrawn=bool(gone[0])))
    return tuple(posted)


def _tell(log: Log, account: TopicId, reprint: Seq, tag: str, at: int, *, withdrawn: bool) -> Posted:
    """Tell those whom a reprint was for, in the log of its account. The entry says nothing but which one is meant."""
    draft = Draft(
        kind=Kind.SOURCE_WITHDRAWN if withdrawn else Kind.SOURCE_RESTORED,
        sender=PersonId(account),
        cid=new_cid(at),
        digest=NO_DIGEST,
        at=at,
        target=reprint,
        tag=tag or None,
    )
    return log.add(Post(topic=account, generation=0, draft=draft))


def _in_force(connection: sqlite3.Connection, account: TopicId, seq: Seq) -> Article | None:
    """Return the article that an account has published as `seq`, if both are in force."""
    article = articles.newest(connection, account, seq)
    if article is None or article.root != seq or not is_active(connection, account):
        return None
    return article
