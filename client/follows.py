"""Whom one follows, and what this device knows of accounts: their names, and the pages of those it hears of.

Following is private: that table goes with what the server tells of the private side. What accounts say is public, and
is in the cache's logs; a page is kept up to date by them, so it is known only of accounts whose log comes here.
"""

import sqlite3

import msgspec

from client.view import account_name
from protocol.entries import COUNTABLE, Entry, Kind, Role, Side, Standing, TopicKind
from protocol.following import AccountPage, Follow
from protocol.frames import Summary
from protocol.ids import Seq, TopicId

FEED = frozenset({Kind.BROADCAST})  # What comes to followers; the rest of an account's log they find on its page.
_PAGE = {Kind.PROFILE: "profile", Kind.MENU: "menu", Kind.WELCOME: "welcome", Kind.REPLIES: "replies"}
_MARK = "follows"


def is_followed(summary: Summary) -> bool:
    """Say whether the topic is an account one follows, and runs no part of. How far one has read stays here then."""
    return summary.kind is TopicKind.ACCOUNT and summary.role is Role.MEMBER


def countable(summary: Summary) -> frozenset[Kind]:
    """Return what unread counts in a topic."""
    return FEED if is_followed(summary) else COUNTABLE


def is_for(follow: Follow, entry: Entry) -> bool:
    """Say whether a broadcast is for this follower; what is not, and what was before, they find on the page."""
    return entry.at >= follow.at and entry.tag in {None, "", follow.tag}


def as_topic(follow: Follow, head: Seq) -> Summary:
    """Return how a follower stands to an account that is followed from `head` on; what is before can be had."""
    return Summary(
        topic=follow.topic, kind=TopicKind.ACCOUNT, side=Side.PUBLIC, standing=Standing.MEMBER, role=Role.MEMBER,
        head=head, start=Seq(head + 1), read=head, unread=0, muted=follow.muted, history_open=True,
    )  # fmt: skip


class Follows:
    """The follows and the accounts of one profile, in the cache's database."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._follows = msgspec.msgpack.Decoder(Follow)
        self._pages = msgspec.msgpack.Decoder(AccountPage)

    # Following.

    @property
    def mark(self) -> int | None:
        """Up to where the changes of what one follows are known; None: nothing is."""
        row = self._database.execute("SELECT value FROM notes WHERE key = ?", (_MARK,)).fetchone()
        return int(row[0]) if row else None

    @mark.setter
    def mark(self, mark: int) -> None:
        self._database.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (_MARK, str(mark)))

    def all(self) -> list[Follow]:
        """Return all that one follows, the newest first."""
        rows = self._database.execute("SELECT follow FROM follows")
        return sorted((self._follows.decode(row[0]) for row in rows), key=lambda follow: (-follow.at, follow.topic))

    def of(self, topic: TopicId) -> Follow | None:
        """Return how one follows `topic`, if one does."""
        row = self._database.execute("SELECT follow FROM follows WHERE topic = ?", (topic,)).fetchone()
        return self._follows.decode(row[0]) if row else None

    def put(self, follow: Follow) -> None:
        """One follows an account, in this way."""
        self._database.execute(
            "INSERT OR REPLACE INTO follows VALUES (?, ?)", (follow.topic, msgspec.msgpack.encode(follow))
        )

    def drop(self, topic: TopicId) -> None:
        """One follows it no more."""
        self._database.execute("DELETE FROM follows WHERE topic = ?", (topic,))

    def forget(self) -> None:
        """Forget all that one follows: the server will say it anew."""
        self._database.execute("DELETE FROM follows")
        self._database.execute("DELETE FROM notes WHERE key = ?", (_MARK,))

    # Accounts.

    def name(self, topic: TopicId) -> str | None:
        """Return what the account was last known to be called."""
        row = self._database.execute("SELECT name FROM accounts WHERE topic = ?", (topic,)).fetchone()
        return row[0] if row else None

    def learn(self, topic: TopicId, name: str) -> None:
        """Remember what an account is called."""
        if name:
            self._database.execute(
                "INSERT INTO accounts (topic, name) VALUES (?, ?) ON CONFLICT DO UPDATE SET name = excluded.name",
                (topic, name),
            )

    def page(self, topic: TopicId) -> AccountPage | None:
        """Return the page of an account, if it is known as it is now."""
        row = self._database.execute("SELECT page FROM accounts WHERE topic = ?", (topic,)).fetchone()
        return self._pages.decode(row[0]) if row and row[0] is not None else None

    def put_page(self, page: AccountPage, *, keep: bool) -> None:
        """Take in a page; `keep`: its account's log comes here, so that it will not be out of date unnoticed."""
        self.learn(page.topic, account_name(page.profile))
        if keep:
            self._database.execute(
                "INSERT INTO accounts (topic, page) VALUES (?, ?) ON CONFLICT DO UPDATE SET page = excluded.page",
                (page.topic, msgspec.msgpack.encode(page)),
            )

    def leaf(self, entry: Entry, *, about: Entry | None) -> None:
        """Take in an entry of an account's log that says something of its page. `about`: what it decides about."""
        field = _PAGE.get(entry.kind) if entry.kind is not None else None
        page = self.page(entry.topic)
        if page is None or entry.seq <= page.head:
            return
        if field is not None and entry.body is not None:
            self.put_page(msgspec.structs.replace(page, head=entry.seq, **{field: entry.body}), keep=True)
        elif field is not None or (about is not None and about.kind in _PAGE):
            self.forget_page(entry.topic)

    def forget_page(self, topic: TopicId) -> None:
        """Something about it may have changed: it is to be asked for again. What the account is called stays known."""
        self._database.execute("UPDATE accounts SET page = NULL WHERE topic = ?", (topic,))

    def forget_accounts(self) -> None:
        """Forget all that is known of accounts."""
        self._database.execute("DELETE FROM accounts")
