"""The articles of public accounts: what stands behind the cards in their logs, and how often each has broadcast.

Both writer and readers need it. A version of an article has the number of the entry that is its card; all versions
have one root, the entry of the first.
"""

import sqlite3

import msgspec

from compliance.bench import Bench
from compliance.quotas import Period, broadcasts_left, period_of
from protocol.account_states import AccountType
from protocol.ids import Seq, TopicId
from protocol.publications import Published, digest_of

_KEEP = """
INSERT INTO articles (topic, seq, root, digest, body, at, broadcast, tag, reprintable, category, source_topic,
    source_seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_ROOT = "SELECT root, broadcast, tag FROM articles WHERE topic = ? AND seq = ?"
# The last version that is neither erased nor withdrawn. A withdrawal takes all of them. Left to itself, SQLite would
# look through all articles of the account.
_NEWEST = """
SELECT a.seq, a.root, a.digest, a.body, a.reprintable, a.source_topic IS NOT NULL, a.source_withdrawn
FROM articles AS a INDEXED BY articles_versions JOIN entries AS e ON e.topic = a.topic AND e.seq = a.seq
WHERE a.topic = ? AND a.root = ? AND NOT e.erased AND NOT e.withdrawn ORDER BY a.seq DESC LIMIT 1
"""
_SENT = """
SELECT tag, count(*) FROM articles WHERE topic = ? AND broadcast AND root = seq AND at >= ? AND at < ? GROUP BY tag
"""


class Root(msgspec.Struct, frozen=True, kw_only=True):
    """What all versions of an article have in common."""

    seq: Seq
    broadcast: bool
    tag: str


class Article(msgspec.Struct, frozen=True, kw_only=True):
    """An article as it stands: its newest version in force. `digest`: of its content."""

    seq: Seq
    root: Seq
    digest: bytes
    body: bytes
    reprintable: bool
    reprint: bool
    source_withdrawn: bool


def keep(
    connection: sqlite3.Connection,
    topic: TopicId,
    seq: Seq,
    published: Published,
    body: bytes,
    *,
    root: Root,
    at: int,
) -> None:
    """Keep the article that the entry `seq` is the card of: `body` is `published`, whole. `root`: of its first."""
    last = published.source.hops[-1] if published.source is not None else None
    connection.execute(
        _KEEP,
        (
            topic,
            seq,
            root.seq,
            digest_of(published.content),
            body,
            at,
            root.broadcast,
            root.tag,
            published.reprintable,
            published.content.category,
            last and last.account,
            last and last.seq,
        ),
    )


def root_of(connection: sqlite3.Connection, topic: TopicId, seq: Seq) -> Root | None:
    """Return what the entry `seq` is a version of; None: of no article."""
    row = connection.execute(_ROOT, (topic, seq)).fetchone()
    return None if row is None else Root(seq=row[0], broadcast=bool(row[1]), tag=row[2])


def newest(connection: sqlite3.Connection, topic: TopicId, seq: Seq) -> Article | None:
    """Return the article that the entry `seq` is a version of; None: it is none, or none that is in force."""
    root = root_of(connection, topic, seq)
    row = connection.execute(_NEWEST, (topic, root.seq)).fetchone() if root is not None else None
    if row is None:
        return None
    return Article(
        seq=row[0],
        root=row[1],
        digest=row[2],
        body=row[3],
        reprintable=bool(row[4]),
        reprint=bool(row[5]),
        source_withdrawn=bool(row[6]),
    )


def left(
    connection: sqlite3.Connection, topic: TopicId, of: AccountType, *, at: int, bench: Bench, tag: str = ""
) -> tuple[int, Period]:
    """Return how many more the account may broadcast to those with `tag`, or to all, and in which period.

    What was recalled or withdrawn since was broadcast all the same.
    """
    period = period_of(of, at=at, zone=bench.zone)
    sent: dict[str, int] = dict(connection.execute(_SENT, (topic, period.begins, period.ends)).fetchall())
    return broadcasts_left(bench.pack.accounts, of, sent, tag=tag), period
