"""Public accounts as anybody reads them: their pages and articles. Inside the caller's snapshot."""

import sqlite3
from collections.abc import Sequence
from json import dumps

from compliance.rights import AccountFacts, label_of, may_publish_news
from protocol.account_states import AccountType, NewsRight
from protocol.entries import Kind
from protocol.following import AccountPage, ArticleReply
from protocol.ids import Cid, PersonId, Seq, TopicId
from server.store import articles
from server.store.account_facts import approvals_of, current, facts_of
from server.store.base import PostedBefore
from server.store.rows import ENTRY_COLUMNS, columns, entry_of

_ACTIVE = """
SELECT a.topic, a.type, a.body, a.category, (SELECT max(seq) FROM entries WHERE topic = a.topic)
FROM json_each(?) AS wanted JOIN accounts AS a ON a.topic = wanted.value AND a.state = 'active' ORDER BY wanted.key
"""
_ENTRY = f"SELECT {ENTRY_COLUMNS} FROM entries WHERE topic = ? AND seq = ?"
# A recall has the account as its sender; whose act it was stands in `acts`, by what was recalled.
_RECALLED = f"""
SELECT {columns("e")}, c.digest
FROM cids AS c JOIN entries AS e ON e.topic = c.topic AND e.seq = c.seq
JOIN acts AS a INDEXED BY acts_recalled ON a.topic = e.topic AND a.seq = e.target AND a.act = 'recalled' AND a.by = :by
WHERE c.cid = :cid AND e.kind = 'recall'
"""


def pages(connection: sqlite3.Connection, topics: Sequence[TopicId], *, at: int) -> tuple[AccountPage, ...]:
    """Return the pages of those of `topics` that are active, each once, in order; of a single one all its texts."""
    wanted = list(dict.fromkeys(topics))
    found = connection.execute(_ACTIVE, (dumps(wanted),)).fetchall()
    return tuple(
        AccountPage(
            topic=topic,
            type=AccountType(type_),
            body=body,
            category=category,
            head=head,
            label=label,
            approval=approval,
            profile=current(connection, topic, Kind.PROFILE),
            **(_texts(connection, topic) if len(wanted) == 1 else {}),
        )
        for topic, type_, body, category, head in found
        for label, approval in (_label(connection, topic, at),)
    )


def article(connection: sqlite3.Connection, topic: TopicId, seq: Seq) -> ArticleReply | None:
    """Return the article that the entry `seq` is a version of, as it stands; None: there is none in force."""
    found = articles.newest(connection, topic, seq)
    if found is None:
        return None
    entry = entry_of(connection.execute(_ENTRY, (topic, found.root)).fetchone())
    return ArticleReply(entry=entry, body=found.body, source_withdrawn=found.source_withdrawn)


def recalled_by(connection: sqlite3.Connection, person: PersonId, cid: Cid) -> PostedBefore | None:
    """Return the recall for which `person` used `cid` as an operator; None: there is none."""
    row = connection.execute(_RECALLED, {"by": person, "cid": cid}).fetchone()
    return None if row is None else PostedBefore(entry=entry_of(row[:-1]), digest=row[-1])


def _texts(connection: sqlite3.Connection, topic: TopicId) -> dict[str, bytes | None]:
    return {kind.value: current(connection, topic, kind) for kind in (Kind.MENU, Kind.WELCOME, Kind.REPLIES)}


def _label(connection: sqlite3.Connection, topic: TopicId, at: int) -> tuple[NewsRight, str]:
    """Return what the account may do with current-affairs news, and the approval that this stands on, if it does."""
    facts = facts_of(connection, topic, None, at=at)
    assert facts is not None
    by_itself = AccountFacts(state=facts.state, news=facts.news, approved=False)
    if not facts.approved or may_publish_news(by_itself):
        return label_of(facts), ""
    standing = next(approval for approval in approvals_of(connection, topic) if approval.covers(None, at=at))
    return label_of(facts), f"{standing.issuer}, {standing.reference}"
