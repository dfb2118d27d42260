"""What the gate asks of a public account, as rows: where it stands, and whether a text fits it as it is now.

Asked when something is submitted, and in the transaction that would publish it.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import msgpack
import msgspec

from compliance.bench import Bench
from compliance.publication import Account
from compliance.rights import AccountFacts, Approval, label_of
from protocol.account_states import AccountState, AccountType, NewsRight
from protocol.accounts import Application
from protocol.entries import Kind
from protocol.errors import ErrorCode
from protocol.ids import Seq, TopicId
from protocol.publications import BROADCASTS, Content, PublishedError, Surface, decode
from server.store import articles
from server.store.public_writes import Unfit

_STATE = "SELECT state, news FROM accounts WHERE topic = ?"
_ACTIVE = f"SELECT 1 FROM accounts WHERE topic = ? AND state = '{AccountState.ACTIVE}'"
_CATEGORY = "SELECT category FROM accounts WHERE topic = ?"
_NAMED = "SELECT application FROM accounts WHERE topic = ?"
_TYPE = "SELECT type FROM accounts WHERE topic = ?"
_APPROVALS = """
SELECT issuer, reference, issued_on, until, item FROM approvals WHERE topic = ? AND ended_at IS NULL ORDER BY number
"""
# What stands in an account's profile and the like: the last of its kind, or nothing when that is withdrawn.
_CURRENT = """
SELECT CASE WHEN withdrawn THEN NULL ELSE body END FROM entries INDEXED BY texts
WHERE topic = ?1 AND kind = ?2 AND sender = ?1 AND kind <> 'message' ORDER BY seq DESC LIMIT 1
"""


def is_active(connection: sqlite3.Connection, topic: TopicId) -> bool:
    """Say whether there is such an account, and it is active."""
    return connection.execute(_ACTIVE, (topic,)).fetchone() is not None


def said_in(application: bytes) -> Application:
    """Return what somebody applied with, as the row has it."""
    return msgspec.convert(msgpack.unpackb(application), Application)


def facts_of(connection: sqlite3.Connection, topic: TopicId, digest: bytes | None, *, at: int) -> AccountFacts | None:
    """Return what counts of an account at `at` (Unix ms) for the content with this `digest`; None: there is none.

    Without `digest`: for whatever it publishes.
    """
    row = connection.execute(_STATE, (topic,)).fetchone()
    if row is None:
        return None
    approved = any(approval.covers(digest, at=at) for approval in approvals_of(connection, topic))
    return AccountFacts(state=AccountState(row[0]), news=NewsRight(row[1]), approved=approved)


def shown_to_hooks(connection: sqlite3.Connection, topic: TopicId, digest: bytes, *, at: int) -> Account | None:
    """Return what hooks are told of an account at `at` (Unix ms) beside the content with this `digest`."""
    facts = facts_of(connection, topic, digest, at=at)
    if facts is None:
        return None
    return Account(category=connection.execute(_CATEGORY, (topic,)).fetchone()[0], news=label_of(facts))


def approvals_of(connection: sqlite3.Connection, topic: TopicId) -> Iterable[Approval]:
    """Return the approvals on record that nobody has ended, in force or not."""
    return map(approval_of, connection.execute(_APPROVALS, (topic,)))


def approval_of(row: Sequence[Any]) -> Approval:
    """Return the approval of a row: issuer, reference, first and last day, and the digest of what it is for."""
    issuer, reference, issued_on, until, item = row
    return Approval(
        issuer=issuer,
        reference=reference,
        issued_on=date.fromisoformat(issued_on),
        until=date.fromisoformat(until) if until else None,
        item=item,
    )


def current(connection: sqlite3.Connection, topic: TopicId, kind: Kind) -> bytes | None:
    """Return the body that an account's text of this kind has now; None: it has none."""
    row = connection.execute(_CURRENT, (topic, kind.value)).fetchone()
    return None if row is None else row[0]


def unfit(
    connection: sqlite3.Connection,
    topic: TopicId,
    surface: Surface,
    content: Content,
    *,
    target: Seq | None,
    tag: str,
    at: int,
    bench: Bench,
) -> Unfit | None:
    """Return why a text does not fit the account as it is at `at` (Unix ms), None when it does.

    A profile has the approved name. A broadcast is to a tag of the profile, and within the quota; an edit is none.
    """
    if surface is Surface.ACCOUNT_PROFILE:
        name = _named(connection, topic)
        if content.title == name:
            return None
        text = f"the account was approved as {name!r}, and its profile has that name"
        return Unfit(code=ErrorCode.BAD_REQUEST, field="content.title", text=text)
    if surface not in BROADCASTS or target is not None:
        return None
    if tag and tag not in offered(connection, topic):
        return Unfit(code=ErrorCode.BAD_REQUEST, field="tag", text="the account's profile offers no such tag")
    return _over_quota(connection, topic, tag, at=at, bench=bench)


def _over_quota(connection: sqlite3.Connection, topic: TopicId, tag: str, *, at: int, bench: Bench) -> Unfit | None:
    of = AccountType(connection.execute(_TYPE, (topic,)).fetchone()[0])
    left, period = articles.left(connection, topic, of, at=at, bench=bench, tag=tag)
    if left:
        return None
    span = {AccountType.SUBSCRIPTION: "today", AccountType.SERVICE: "this month"}[of]
    return Unfit(
        code=ErrorCode.TOO_MANY,
        field=None,
        text=f"the account has broadcast as often as it may {span}; what is on its page only is not counted",
        retry_after_ms=max(1, period.ends - at),
    )


def _named(connection: sqlite3.Connection, topic: TopicId) -> str:
    return said_in(connection.execute(_NAMED, (topic,)).fetchone()[0]).name


def offered(connection: sqlite3.Connection, topic: TopicId) -> tuple[str, ...]:
    """Return the tags that an account's profile offers its followers now."""
    body = current(connection, topic, Kind.PROFILE)
    try:
        return decode(body).content.tags if body else ()
    except PublishedError:
        return ()
