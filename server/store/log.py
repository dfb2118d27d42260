"""Posts: the only way anything enters a topic's log. Numbers, repeats, generations, erasure.

A message and nothing else, to a topic as it is known, is what a server mostly stores: two statements for each, and two
for its topic in a transaction. All other posts take the long way.
"""

import sqlite3
from dataclasses import dataclass

from protocol.entries import COUNTABLE, Entry, Kind, Side
from protocol.ids import PersonId, Seq, TopicId
from server.store import standings
from server.store.rows import ENTRY_COLUMNS, Row, entry_of, row_of
from server.store.writes import (
    Conflict,
    Done,
    Draft,
    Erase,
    Exists,
    Post,
    Posted,
    PostOutcome,
    Repeated,
    Stale,
    TargetGone,
)

_TIP = "SELECT head, nth, generation, spoken, one_peer FROM topics WHERE topic = ?"
_CLAIM = "INSERT OR IGNORE INTO cids (cid, sender, topic, seq, digest) VALUES (?, ?, ?, ?, ?)"
_CLAIMED = "SELECT topic, seq, digest FROM cids WHERE cid = ? AND sender = ?"
# With the columns a message has, and the database fills the rest: half the time of naming them all.
_SAY = """
INSERT INTO entries (topic, seq, nth, at, kind, sender, cid, body, reply_to) VALUES (?, ?, ?, ?, 'message', ?, ?, ?, ?)
"""
_APPEND = f"INSERT INTO entries ({ENTRY_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_ENTRY = f"SELECT {ENTRY_COLUMNS} FROM entries WHERE topic = ? AND seq = ?"
_SETTLE = "UPDATE topics SET head = ?, nth = ?, generation = ?, spoken = ? WHERE topic = ?"
_FOUND = """
INSERT INTO topics (topic, kind, side, spoken, founded_at, one_peer, other_peer) VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_CHAT = "SELECT topic FROM topics WHERE one_peer = ? AND other_peer = ?"
_THERE = "SELECT 1 FROM entries WHERE topic = ? AND seq = ? AND NOT erased"
_HIDE = "UPDATE members SET read_nth = read_nth + 1 WHERE topic = ? AND person = ?"
_ERASE = "UPDATE entries SET body = NULL, erased = 1 WHERE topic = ? AND seq = ?"
_ERASE_ABOUT = """
UPDATE entries SET body = NULL, erased = 1 WHERE topic = ? AND target = ? AND kind IN ('edit', 'reaction')
"""

_ONE_SPOKE, _OTHER_SPOKE, _ALL_SPOKE = 1, 2, 3


@dataclass(slots=True)
class _Tip:
    """Where a topic's log ends, as this transaction has it."""

    head: Seq
    nth: int
    generation: int
    spoken: int
    one_peer: PersonId | None
    moved: bool = False


class Log:
    """The logs of all topics of a store, through the writer's connection, in the writer's transaction."""

    def __init__(self, connection: sqlite3.Connection, side: Side) -> None:
        self._connection = connection
        self._side = side
        self._claims = connection.cursor()
        self._tips: dict[TopicId, _Tip | None] = {}
        self._said: list[Row] = []

    def forget(self) -> None:
        """A transaction begins, or was undone: nothing is known."""
        self._tips.clear()
        self._said.clear()

    def settle(self) -> None:
        """Bring to the tables what has only been noted, for whoever reads them next."""
        if self._said:
            self._connection.executemany(_SAY, self._said)
            self._said.clear()
        moved = []
        for topic, tip in self._tips.items():
            if tip is not None and tip.moved:
                tip.moved = False
                moved.append((tip.head, tip.nth, tip.generation, tip.spoken, topic))
        if moved:
            self._connection.executemany(_SETTLE, moved)

    def post(self, post: Post) -> PostOutcome:
        """Append, change, or find out why not."""
        draft = post.draft
        if (
            draft is None
            or draft.kind is not Kind.MESSAGE
            or post.changes
            or post.founding is not None
            or draft.target is not None
            or draft.hidden_from is not None
        ):
            return self._post_with_more(post)
        topic, sender, cid = post.topic, draft.sender, draft.cid
        tip = self._tips.get(topic) or self._tip(topic)
        if tip is None or tip.generation != post.generation:
            return self._earlier(draft) or Stale()
        seq = Seq(tip.head + 1)
        if not self._claims.execute(_CLAIM, (cid, sender, topic, seq, draft.digest)).rowcount:
            return self._earlier(draft) or Conflict()
        tip.head = seq
        tip.nth = nth = tip.nth + 1
        tip.moved = True
        if tip.spoken != _ALL_SPOKE:
            tip.spoken |= _ONE_SPOKE if sender == tip.one_peer else _OTHER_SPOKE
        at, body, reply_to = draft.at, draft.body, draft.reply_to
        self._said.append((topic, seq, nth, at, sender, cid, body, reply_to))
        entry = Entry(
            topic=topic,
            seq=seq,
            nth=nth,
            at=at,
            kind=Kind.MESSAGE,
            sender=sender,
            cid=cid,
            body=body,
            reply_to=reply_to,
        )
        return Posted(post=post, entry=entry, generation=tip.generation)

    def erase(self, erase: Erase) -> Done:
        """Blank the bodies of these entries for good."""
        self.settle()
        self._connection.executemany(_ERASE, [(erase.topic, seq) for seq in erase.seqs])
        return Done()

    def chat(self, one: PersonId, other: PersonId) -> TopicId | None:
        """Return the chat of these two."""
        row = self._connection.execute(_CHAT, (min(one, other), max(one, other))).fetchone()
        return None if row is None else TopicId(row[0])

    def generation(self, topic: TopicId, *, raised: int) -> int:
        """Return the generation of `topic` after raising it by `raised`."""
        tip = self._tip(topic)
        assert tip is not None
        tip.generation += raised
        tip.moved = raised > 0 or tip.moved
        return tip.generation

    def _tip(self, topic: TopicId) -> _Tip | None:
        if topic in self._tips:
            return self._tips[topic]
        row = self._connection.execute(_TIP, (topic,)).fetchone()
        tip = self._tips[topic] = None if row is None else _Tip(*row)
        return tip

    def _append(self, topic: TopicId, tip: _Tip, draft: Draft) -> Entry:
        tip.head = seq = Seq(tip.head + 1)
        tip.nth += draft.kind in COUNTABLE
        tip.moved = True
        if draft.kind in COUNTABLE and draft.hidden_from is None and tip.spoken != _ALL_SPOKE:
            tip.spoken |= _ONE_SPOKE if draft.sender == tip.one_peer else _OTHER_SPOKE
        entry = Entry(
            topic=topic,
            seq=seq,
            nth=tip.nth,
            at=draft.at,
            kind=draft.kind,
            sender=draft.sender,
            cid=draft.cid,
            body=draft.body,
            reply_to=draft.reply_to,
            target=draft.target,
            person=draft.person,
            role=draft.role,
            until=draft.until,
        )
        self._connection.execute(_APPEND, row_of(entry, hidden_from=draft.hidden_from))
        return entry

    def _earlier(self, draft: Draft) -> Repeated | Conflict | None:
        """Return what the sender's earlier use of this cid makes of `draft`; None: it is new."""
        row = self._connection.execute(_CLAIMED, (draft.cid, draft.sender)).fetchone()
        if row is None:
            return None
        topic, seq, digest = row
        if digest != draft.digest:
            return Conflict()
        self.settle()
        return Repeated(entry_of(self._connection.execute(_ENTRY, (topic, seq)).fetchone()))

    def _post_with_more(self, post: Post) -> PostOutcome:
        draft = post.draft
        if draft is not None and (earlier := self._earlier(draft)):
            return earlier
        tip = self._tip(post.topic)
        if post.founding is not None:
            if post.founding.peers and (chat := self.chat(*post.founding.peers)):
                return Exists(chat)
        elif tip is None or tip.generation != post.generation:
            return Stale()
        self.settle()
        if draft is not None and draft.target is not None and not self._is_there(post.topic, draft.target):
            return TargetGone()
        if post.founding is not None or tip is None:
            tip = self._found(post)
        entry = None
        if draft is not None:
            self._claims.execute(_CLAIM, (draft.cid, draft.sender, post.topic, tip.head + 1, draft.digest))
            entry = self._append(post.topic, tip, draft)
            self.settle()
            self._consequences(post.topic, draft)
        if not post.changes:
            return Posted(post=post, entry=entry, generation=tip.generation)
        tip.generation += 1
        tip.moved = True
        self.settle()
        seen = standings.apply(self._connection, post.topic, post.changes, seq=tip.head)
        return Posted(post=post, entry=entry, generation=tip.generation, standings=seen)

    def _found(self, post: Post) -> _Tip:
        founding = post.founding
        assert founding is not None
        if founding.side is not self._side:
            raise ValueError("a topic of one side was sent to the store of the other")
        one, other = founding.peers or (None, None)
        spoken = _ALL_SPOKE if one == other else 0  # In a group, and alone with oneself, nobody waits for an answer.
        at = post.draft.at if post.draft else 0
        row = (post.topic, founding.kind.value, founding.side.value, spoken, at, one, other)
        self._connection.execute(_FOUND, row)
        tip = self._tips[post.topic] = _Tip(Seq(0), 0, 0, spoken, one)
        return tip

    def _is_there(self, topic: TopicId, seq: Seq) -> bool:
        return self._connection.execute(_THERE, (topic, seq)).fetchone() is not None

    def _consequences(self, topic: TopicId, draft: Draft) -> None:
        if draft.hidden_from is not None and draft.kind in COUNTABLE:
            self._connection.execute(_HIDE, (topic, draft.hidden_from))
        if draft.kind is Kind.RECALL and draft.target is not None:
            self._connection.execute(_ERASE, (topic, draft.target))
            self._connection.execute(_ERASE_ABOUT, (topic, draft.target))
