"""Posts: the only way anything enters a topic's log. Numbers, repeats, generations, erasure.

A message and nothing else, to a topic as it is known, is what a server mostly stores: two statements for each, none
for its topic. All other posts take the long way.
"""

import sqlite3
from dataclasses import dataclass

from protocol.entries import COUNTABLE, Entry, Kind, Role, Side, TopicKind
from protocol.ids import PersonId, Seq, TopicId
from server.store import standings
from server.store.rows import ENTRY_COLUMNS, LAST, Row, entry_of, row_of
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
from server.topics import Stand

OPEN_KINDS = frozenset({TopicKind.ACCOUNT, TopicKind.SQUARE})  # Whose pages anybody may read.
TIPS = 50_000  # Topics whose tip is remembered from one transaction to the next.

_TIP = f"""
SELECT ifnull(last.seq, 0), ifnull(last.nth, 0), t.generation, t.spoken, t.one_peer FROM topics AS t {LAST}
WHERE t.topic = ?
"""
_CLAIM = "INSERT OR IGNORE INTO cids (cid, sender, topic, seq, digest) VALUES (?, ?, ?, ?, ?)"
_CLAIMED = "SELECT topic, seq, digest FROM cids WHERE cid = ? AND sender = ?"
# With the columns a message has, and the database fills the rest: half the time of naming them all.
_SAY = """
INSERT INTO entries (topic, seq, nth, at, kind, sender, cid, body, reply_to) VALUES (?, ?, ?, ?, 'message', ?, ?, ?, ?)
"""
_APPEND = f"INSERT INTO entries ({ENTRY_COLUMNS}) VALUES ({', '.join('?' * 19)})"
_ENTRY = f"SELECT {ENTRY_COLUMNS} FROM entries WHERE topic = ? AND seq = ?"
_SETTLE = "UPDATE topics SET generation = ?, spoken = ? WHERE topic = ?"
_FOUND = """
INSERT INTO topics (topic, kind, side, spoken, founded_at, one_peer, other_peer, history_open)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
_CHAT = "SELECT topic FROM topics WHERE one_peer = ? AND other_peer = ?"
_BLOCKED = "SELECT 1 FROM blocks WHERE person = ? AND blocked = ?"
_THERE = "SELECT 1 FROM entries WHERE topic = ? AND seq = ? AND NOT erased"
_ROLE = "SELECT role FROM members WHERE topic = ? AND person = ? AND standing = 'member'"
_SEATED = "SELECT person FROM members WHERE topic = ? AND standing = 'member'"
_HIDE = "UPDATE members SET read_nth = read_nth + 1 WHERE topic = ? AND person = ?"
_ERASE = "UPDATE entries SET body = NULL, erased = 1 WHERE topic = ? AND seq = ?"
_ERASE_ABOUT = """
UPDATE entries SET body = NULL, erased = 1 WHERE topic = ? AND target = ? AND kind IN ('edit', 'reaction', 'restored')
"""

# Whoever takes their card back takes back what it said before, too.
_ERASE_CARDS = """
UPDATE entries SET body = NULL, erased = 1
WHERE topic = ? AND kind = 'card' AND kind <> 'message' AND seq < ? AND body IS NOT NULL
"""

_ONE_SPOKE, _OTHER_SPOKE, _ALL_SPOKE = 1, 2, 3


@dataclass(slots=True)
class _Tip:
    """Where a topic's log ends."""

    head: Seq
    nth: int
    generation: int
    spoken: int
    one_peer: PersonId | None


class Log:
    """The logs of all topics of a store, through the writer's connection, in the writer's transaction."""

    def __init__(self, connection: sqlite3.Connection, side: Side) -> None:
        self._connection = connection
        self._side = side
        self._claims = connection.cursor()
        self._tips: dict[TopicId, _Tip] = {}
        self._unsettled: list[TopicId] = []
        self._version = 0
        self._said: list[Row] = []

    def begin(self) -> None:
        """A transaction begins. What an operator's tool has written since the last one makes what is known stale."""
        version = self._connection.execute("PRAGMA data_version").fetchone()[0]
        if version != self._version or len(self._tips) > TIPS:
            self._tips.clear()
            self._version = version

    def forget(self) -> None:
        """What was done was undone: nothing is known."""
        self._tips.clear()
        self._unsettled.clear()
        self._said.clear()

    def settle(self) -> None:
        """Bring to the tables what has only been noted, for whoever reads them next."""
        if self._said:
            self._connection.executemany(_SAY, self._said)
            self._said.clear()
        if self._unsettled:
            tips = [(self._tips[topic], topic) for topic in self._unsettled]
            self._connection.executemany(_SETTLE, [(tip.generation, tip.spoken, topic) for tip, topic in tips])
            self._unsettled.clear()

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
        tip = self._tip(topic)
        if tip is None or tip.generation != post.generation:
            return self._earlier(draft) or Stale()
        seq = Seq(tip.head + 1)
        if not self._claims.execute(_CLAIM, (cid, sender, topic, seq, draft.digest)).rowcount:
            return self._earlier(draft) or Conflict()
        tip.head = seq
        tip.nth = nth = tip.nth + 1
        if tip.spoken != _ALL_SPOKE:
            self._note_spoken(topic, tip, sender)
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

    def add(self, post: Post) -> Posted:
        """Append what the gate has let through, or the server says by itself: whatever the topic's generation is.

        What must hold for it has been asked in this same transaction; it claims its cid, which nobody has used.
        """
        self.settle()
        tip = self._found(post) if post.founding is not None else self._tip(post.topic)
        if tip is None:
            raise ValueError("an entry for a topic that is not there")
        return self._enter(post, tip)

    def head(self, topic: TopicId) -> Seq:
        """Return the seq of the topic's last entry; 0 when there is none yet."""
        tip = self._tip(topic)
        return tip.head if tip is not None else Seq(0)

    def erase(self, erase: Erase) -> Done:
        """Blank the bodies of these entries for good."""
        self.settle()
        self._connection.executemany(_ERASE, [(erase.topic, seq) for seq in erase.seqs])
        return Done()

    def chat(self, one: PersonId, other: PersonId) -> TopicId | None:
        """Return the chat of these two."""
        row = self._connection.execute(_CHAT, (min(one, other), max(one, other))).fetchone()
        return None if row is None else TopicId(row[0])

    def raise_generation(self, topic: TopicId) -> int:
        """Note that decisions made for `topic` so far are stale; return its generation from now on."""
        tip = self._tip(topic)
        assert tip is not None
        tip.generation += 1
        self._unsettled.append(topic)
        return tip.generation

    def _tip(self, topic: TopicId) -> _Tip | None:
        tip = self._tips.get(topic)
        if tip is None:
            row = self._connection.execute(_TIP, (topic,)).fetchone()
            if row is not None:
                tip = self._tips[topic] = _Tip(*row)
        return tip

    def _note_spoken(self, topic: TopicId, tip: _Tip, sender: PersonId) -> None:
        spoken = tip.spoken | (_ONE_SPOKE if sender == tip.one_peer else _OTHER_SPOKE)
        if spoken != tip.spoken:
            tip.spoken = spoken
            self._unsettled.append(topic)

    def _append(self, topic: TopicId, tip: _Tip, draft: Draft) -> Entry:
        tip.head = seq = Seq(tip.head + 1)
        tip.nth += draft.kind in COUNTABLE
        if draft.kind in COUNTABLE and draft.hidden_from is None and tip.spoken != _ALL_SPOKE:
            self._note_spoken(topic, tip, draft.sender)
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
            count=draft.count,
            openness=draft.openness,
            tag=draft.tag,
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
            if post.founding.peers and self._is_blocked(post):
                return Stale()
        elif tip is None or (tip.generation != post.generation if post.generation is not None else self._stays(post)):
            return Stale()
        self.settle()
        if draft is not None and draft.target is not None and not self._is_there(post.topic, draft.target):
            return TargetGone()
        if post.founding is not None or tip is None:
            tip = self._found(post)
        return self._enter(post, tip)

    def _enter(self, post: Post, tip: _Tip) -> Posted:
        draft, entry = post.draft, None
        if draft is not None:
            self._claims.execute(_CLAIM, (draft.cid, draft.sender, post.topic, tip.head + 1, draft.digest))
            entry = self._append(post.topic, tip, draft)
            self._consequences(post.topic, draft)
        if not post.changes and post.founding is None:
            seated = self._seated(post.topic) if entry is not None and entry.tag is not None else ()
            return Posted(post=post, entry=entry, generation=tip.generation, whole_for=seated)
        generation = self.raise_generation(post.topic)
        self.settle()
        seen = standings.apply(self._connection, post.topic, post.changes, seq=tip.head)
        return Posted(post=post, entry=entry, generation=generation, standings=seen)

    def _found(self, post: Post) -> _Tip:
        founding = post.founding
        assert founding is not None
        if founding.side is not self._side:
            raise ValueError("a topic of one side was sent to the store of the other")
        one, other = founding.peers or (None, None)
        spoken = _ALL_SPOKE if one == other else 0  # In a group, and alone with oneself, nobody waits for an answer.
        at = post.draft.at if post.draft else founding.at
        history_open = founding.kind in OPEN_KINDS
        row = (post.topic, founding.kind.value, founding.side.value, spoken, at, one, other, history_open)
        self._connection.execute(_FOUND, row)
        tip = self._tips[post.topic] = _Tip(Seq(0), 0, 0, spoken, one)
        return tip

    def _is_blocked(self, post: Post) -> bool:
        """Say whether somebody would get a seat in this chat who blocks the other one by now."""
        assert post.founding is not None
        assert post.founding.peers is not None
        one, other = post.founding.peers
        seated = {change.person for change in post.changes if isinstance(change, Stand)}
        return any(
            person in seated and self._connection.execute(_BLOCKED, (person, whom)).fetchone()
            for person, whom in ((one, other), (other, one))
        )

    def _stays(self, post: Post) -> bool:
        """Say whether who would leave is none who may: no member, or the owner."""
        leaver = post.draft.sender if post.draft is not None else None
        row = self._connection.execute(_ROLE, (post.topic, leaver)).fetchone()
        return row is None or row[0] == Role.OWNER

    def _seated(self, topic: TopicId) -> tuple[PersonId, ...]:
        return tuple(row[0] for row in self._connection.execute(_SEATED, (topic,)))

    def _is_there(self, topic: TopicId, seq: Seq) -> bool:
        return self._connection.execute(_THERE, (topic, seq)).fetchone() is not None

    def _consequences(self, topic: TopicId, draft: Draft) -> None:
        if draft.hidden_from is not None and draft.kind in COUNTABLE:
            self._connection.execute(_HIDE, (topic, draft.hidden_from))
        if draft.kind is Kind.RECALL and draft.target is not None:
            self._connection.execute(_ERASE, (topic, draft.target))
            self._connection.execute(_ERASE_ABOUT, (topic, draft.target))
            if self._side is Side.PUBLIC:
                self._connection.execute(_ERASE_CARDS, (topic, draft.target))
