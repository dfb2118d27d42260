"""Public comments as rows: how they come, go and come back, and what that makes of others. In the writer's transaction.

Their words are entries, in the log of a thread, as all that is published is. What happens to one happens to those that
answer it, too, so for these it is worked out at the same time.
"""

import sqlite3

from protocol.account_states import ActKind
from protocol.entries import Kind
from protocol.ids import CommentId, PersonId, Seq, TopicId, new_cid, new_public_comment_id
from server.store import acts
from server.store.log import Log
from server.store.public_sight import IN_FORCE, UNSELECTED, joint
from server.store.public_threads import (
    Facts,
    comment_of,
    facts_of,
    is_shown,
    may_say,
    owner_of,
    public_root,
    seen_by,
)
from server.store.square_writes import (
    Choose,
    Chosen,
    DropPublicComment,
    NoSuchThing,
    NotTheirs,
    PublicCommentDropped,
    Select,
    Selected,
    Stirred,
)
from server.store.writes import NO_DIGEST, Acted, Draft, Post

_OPEN = """
INSERT INTO threads (root_topic, root_seq, topic) VALUES (?, ?, ?)
ON CONFLICT (root_topic, root_seq) DO UPDATE SET topic = excluded.topic
"""
_CHOOSE = """
INSERT INTO threads (root_topic, root_seq, choice) VALUES (?, ?, ?)
ON CONFLICT (root_topic, root_seq) DO UPDATE SET choice = excluded.choice
"""
_KEEP = f"""
INSERT INTO comments (comment, topic, seq, root_topic, root_seq, author, at, answers, answered, author_of_all,
    unselected)
SELECT :comment, :topic, :seq, :root_topic, :root_seq, :author, :at, up.comment, up.author,
    {joint("ifnull(up.author_of_all, '')", ":author")}, {joint("ifnull(up.unselected, '')", ":author")}
FROM (SELECT 1) LEFT JOIN comments AS up ON up.comment = :answers
"""
_SELECT = "UPDATE comments SET selected = ? WHERE comment = ?"
_IS_ERASED = "SELECT erased FROM entries WHERE topic = ? AND seq = ?"
_ERASE_ANSWERS = """
WITH RECURSIVE below (comment, seq) AS (
    SELECT comment, seq FROM comments WHERE comment = :comment
    UNION ALL SELECT c.comment, c.seq FROM below JOIN comments AS c ON c.answers = below.comment
)
UPDATE entries SET body = NULL, erased = 1
WHERE topic = :topic AND NOT erased AND (seq IN (SELECT seq FROM below)
    OR (kind = 'restored' AND target IN (SELECT seq FROM below)))
"""
# Of a comment and all that answers it, from the top down.
_WORK_OUT = f"""
WITH RECURSIVE below (comment, in_force, unselected) AS (
    SELECT c.comment, {IN_FORCE} AND ifnull(up.in_force, 1), {joint("ifnull(up.unselected, '')", UNSELECTED)}
    FROM comments AS c JOIN entries AS e ON e.topic = c.topic AND e.seq = c.seq
    LEFT JOIN comments AS up ON up.comment = c.answers WHERE c.comment = ?
    UNION ALL
    SELECT c.comment, {IN_FORCE} AND below.in_force, {joint("below.unselected", UNSELECTED)}
    FROM below JOIN comments AS c ON c.answers = below.comment JOIN entries AS e ON e.topic = c.topic AND e.seq = c.seq
)
UPDATE comments SET in_force = below.in_force, unselected = below.unselected FROM below
WHERE comments.comment = below.comment
"""


class PublicComments:
    """Executes what is done about comments, through the writer's connection, in the writer's transaction."""

    def __init__(self, connection: sqlite3.Connection, log: Log) -> None:
        self._connection = connection
        self._log = log

    def choose(self, choose: Choose) -> Chosen | NoSuchThing | NotTheirs:
        """Say which comments there are to be under something public."""
        root = public_root(self._connection, choose.topic, choose.seq, choose.person)
        if root is None:
            return NoSuchThing()
        if not root.has_say:
            return NotTheirs()
        if root.choice is choose.choice:
            return Chosen()
        self._connection.execute(_CHOOSE, (root.topic, root.seq, choose.choice.value))
        return Chosen(
            stirred=Stirred(topic=root.topic, seq=root.seq, seen_by=None),
            acted=self._acted(root.topic, root.seq, choose.person, ActKind.COMMENTS_CHOSEN, choose.at),
        )

    def select(self, select: Select) -> Selected | NoSuchThing | NotTheirs:
        """Select a comment, or no longer."""
        before = facts_of(self._connection, select.comment)
        if before is None or not self._sees(select.person, before):
            return NoSuchThing()
        if not may_say(self._connection, before.root_topic, select.person):
            return NotTheirs()
        if before.selected is select.selected:
            return Selected(comment=comment_of(self._connection, select.comment))
        self._connection.execute(_SELECT, (select.selected, select.comment))
        after = _worked_out(self._connection, before)
        act = ActKind.COMMENT_SELECTED if select.selected else ActKind.COMMENT_UNSELECTED
        return Selected(
            comment=comment_of(self._connection, select.comment),
            stirred=_stirred(self._connection, before, after),
            acted=self._acted(before.root_topic, before.root_seq, select.person, act, select.at),
        )

    def drop(self, drop: DropPublicComment) -> PublicCommentDropped | NoSuchThing | NotTheirs:
        """Erase a comment, and those that answer it. Its author may whatever has become of it; who may, may again."""
        facts = facts_of(self._connection, drop.comment)
        if facts is None:
            return NoSuchThing()
        own, has_say = facts.author == drop.person, may_say(self._connection, facts.root_topic, drop.person)
        if self._connection.execute(_IS_ERASED, (facts.topic, facts.seq)).fetchone()[0]:
            return PublicCommentDropped() if own or has_say else NoSuchThing()
        if not own and not self._sees(drop.person, facts):
            return NoSuchThing()
        if not own and not has_say:
            return NotTheirs()
        draft = Draft(
            kind=Kind.RECALL,
            sender=drop.person,
            cid=new_cid(drop.at),
            digest=NO_DIGEST,
            at=drop.at,
            target=facts.seq,
        )
        self._log.add(Post(topic=facts.topic, generation=0, draft=draft))
        self._connection.execute(_ERASE_ANSWERS, {"topic": facts.topic, "comment": facts.comment})
        _worked_out(self._connection, facts)
        acted = None
        if not own:
            acted = self._acted(facts.root_topic, facts.root_seq, drop.person, ActKind.COMMENT_DELETED, drop.at)
        return PublicCommentDropped(stirred=_stirred(self._connection, facts), acted=acted)

    def _sees(self, person: PersonId, facts: Facts) -> bool:
        root = public_root(self._connection, facts.root_topic, facts.root_seq, person)
        return root is not None and is_shown(root, facts, person)

    def _acted(self, topic: TopicId, seq: Seq, by: PersonId, act: ActKind, at: int) -> Acted | None:
        """Write down what an operator of an account has done; None: it is about a square."""
        if owner_of(self._connection, topic) is not None:
            return None
        return acts.acted(self._connection, topic, by, act, at, seq=seq)


def keep(
    connection: sqlite3.Connection,
    topic: TopicId,
    seq: Seq,
    *,
    root: tuple[TopicId, Seq],
    author: PersonId,
    at: int,
    answers: CommentId | None,
) -> Stirred:
    """Keep what the entry `seq` of the thread `topic` is that has just been stored: a comment on `root`."""
    comment = new_public_comment_id()
    connection.execute(_OPEN, (*root, topic))
    row = {"comment": comment, "topic": topic, "seq": seq, "author": author, "at": at, "answers": answers}
    connection.execute(_KEEP, row | {"root_topic": root[0], "root_seq": root[1]})
    facts, under = _found(connection, comment), public_root(connection, *root, author)
    assert under is not None  # It has just been asked whether something may be said there.
    seen = seen_by(connection, under.choice, facts)
    concerned = {owner_of(connection, facts.root_topic), facts.answered} - {None, author}
    noticed = tuple(sorted(person for person in concerned if person and (seen is None or person in seen)))
    return Stirred(topic=facts.root_topic, seq=facts.root_seq, seen_by=seen, noticed=noticed)


def reconsidered(connection: sqlite3.Connection, comment: CommentId) -> Stirred | None:
    """Work out what is in force, now that the entry of a comment has been withdrawn or restored."""
    before = _found(connection, comment)
    after = _worked_out(connection, before)
    return _stirred(connection, before, after)


def _worked_out(connection: sqlite3.Connection, facts: Facts) -> Facts:
    connection.execute(_WORK_OUT, (facts.comment,))
    return _found(connection, facts.comment)


def _found(connection: sqlite3.Connection, comment: CommentId) -> Facts:
    facts = facts_of(connection, comment)
    assert facts is not None
    return facts


def _stirred(connection: sqlite3.Connection, *stages: Facts) -> Stirred | None:
    """Return who sees that a comment is not what it was: who sees it at any of these stages. None: nobody."""
    root = public_root(connection, stages[0].root_topic, stages[0].root_seq, stages[0].author)
    if root is None:
        return None
    seen: dict[PersonId, None] = {}
    for facts in stages:
        persons = seen_by(connection, root.choice, facts)
        if persons is None:
            return Stirred(topic=root.topic, seq=root.seq, seen_by=None)
        seen |= dict.fromkeys(persons)
    return Stirred(topic=root.topic, seq=root.seq, seen_by=tuple(seen)) if seen else None
