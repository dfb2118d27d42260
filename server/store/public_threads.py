"""What may be commented that is public, and what counts of a comment. Writer and readers need it.

Who sees which comment is said in server.store.public_sight; of one comment it is asked here.
"""

import sqlite3

import msgspec

from protocol.errors import ErrorCode
from protocol.ids import CommentId, PersonId, Seq, TopicId
from protocol.moments import Choice, Comment
from server.store import articles
from server.store.public_sight import ALONE, NOBODY, ROLES, SEVERAL, has_say
from server.store.public_writes import Unfit
from server.store.rows import Row
from server.store.square_port import PublicRoot

COMMENT_COLUMNS = "c.comment, c.author, p.handle, c.at, e.body, c.answers, c.selected"
COMMENT_TABLES = """comments AS c JOIN entries AS e ON e.topic = c.topic AND e.seq = c.seq
JOIN people AS p ON p.person = c.author"""

_POST = "SELECT 1 FROM entries WHERE topic = ? AND seq = ? AND kind = 'post'"
_IN_FORCE = "SELECT 1 FROM entries WHERE topic = ? AND seq = ? AND NOT erased AND NOT withdrawn"
_CHOICE = "SELECT choice FROM threads WHERE root_topic = ? AND root_seq = ?"
_THREAD = "SELECT topic FROM threads WHERE root_topic = ? AND root_seq = ?"
_OWNER = "SELECT one_peer FROM topics WHERE topic = ? AND kind = 'square'"
_SAY = f"SELECT {has_say(':topic')}"
_SAYERS = f"""
SELECT person FROM members WHERE topic = ? AND standing = 'member' AND role IN ({ROLES}) ORDER BY since, person
"""
_FACTS = """
SELECT comment, topic, seq, root_topic, root_seq, author, answered, selected, in_force, author_of_all, unselected
FROM comments WHERE comment = ?
"""
_OF_ENTRY = "SELECT comment FROM comments WHERE topic = ? AND seq = ?"
_COMMENT = f"SELECT {COMMENT_COLUMNS} FROM {COMMENT_TABLES} WHERE c.comment = ?"


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What counts of a comment; `answered` and the last three as in the row."""

    comment: CommentId
    topic: TopicId
    seq: Seq
    root_topic: TopicId
    root_seq: Seq
    author: PersonId
    answered: PersonId | None
    selected: bool
    in_force: bool
    author_of_all: str
    unselected: str


_NO_ROOT = Unfit(
    code=ErrorCode.NOT_FOUND,
    field=None,
    text="there is no such thing to say something about, or it is not yours to see",
)
_OFF = Unfit(code=ErrorCode.NOT_ALLOWED, field=None, text="no comments are wanted there any more")


def root_of(connection: sqlite3.Connection, topic: TopicId, seq: Seq) -> Seq | None:
    """Return the entry that comments on the entry `seq` are under, in force or not; None: it is nothing of the kind."""
    if connection.execute(_POST, (topic, seq)).fetchone():
        return seq
    article = articles.root_of(connection, topic, seq)
    return None if article is None else article.seq


def public_root(connection: sqlite3.Connection, topic: TopicId, seq: Seq, viewer: PersonId) -> PublicRoot | None:
    """Return what comments on an entry are under; None: it is not in force, or nothing of the kind."""
    root = root_of(connection, topic, seq)
    if root is None or not connection.execute(_IN_FORCE, (topic, root)).fetchone():
        return None
    row = connection.execute(_CHOICE, (topic, root)).fetchone()
    choice = Choice.EVERYONE if row is None else Choice(row[0])
    return PublicRoot(topic=topic, seq=root, choice=choice, has_say=may_say(connection, topic, viewer))


def thread_of(connection: sqlite3.Connection, topic: TopicId, seq: Seq) -> TopicId | None:
    """Return the topic of what is said under a root; None: nothing has been yet."""
    row = connection.execute(_THREAD, (topic, seq)).fetchone()
    return None if row is None else row[0]


def may_say(connection: sqlite3.Connection, topic: TopicId, person: PersonId) -> bool:
    """Say whether `person` has the say about comments in a square or an account."""
    row = connection.execute(_SAY, {"topic": topic, "viewer": person}).fetchone()
    return bool(row[0])


def owner_of(connection: sqlite3.Connection, topic: TopicId) -> PersonId | None:
    """Return whose square it is; None: it is none."""
    row = connection.execute(_OWNER, (topic,)).fetchone()
    return None if row is None else PersonId(row[0])


def sayers(connection: sqlite3.Connection, topic: TopicId) -> tuple[PersonId, ...]:
    """Return all who have the say there."""
    owner = owner_of(connection, topic)
    return (owner,) if owner is not None else tuple(row[0] for row in connection.execute(_SAYERS, (topic,)))


def facts_of(connection: sqlite3.Connection, comment: CommentId) -> Facts | None:
    """Return what counts of a comment; None: there never was one."""
    row = connection.execute(_FACTS, (comment,)).fetchone()
    if row is None:
        return None
    comment, topic, seq, root_topic, root_seq, author, answered, selected, in_force, author_of_all, unselected = row
    return Facts(
        comment=comment,
        topic=topic,
        seq=seq,
        root_topic=root_topic,
        root_seq=root_seq,
        author=author,
        answered=answered,
        selected=bool(selected),
        in_force=bool(in_force),
        author_of_all=author_of_all,
        unselected=unselected,
    )


def is_shown(root: PublicRoot, facts: Facts, viewer: PersonId) -> bool:
    """Say whether `viewer` sees a comment on `root`, which is in force and is asked for by `viewer`."""
    return facts.in_force and (root.has_say or _alone(root.choice, facts) in {NOBODY, viewer})


def seen_by(connection: sqlite3.Connection, choice: Choice, facts: Facts) -> tuple[PersonId, ...] | None:
    """Return who sees a comment on a root that is in force; None: everybody."""
    if not facts.in_force:
        return ()
    one = _alone(choice, facts)
    if one == NOBODY:
        return None
    some = sayers(connection, facts.root_topic)
    return some if one == SEVERAL else tuple(dict.fromkeys((*some, PersonId(one))))


def _alone(choice: Choice, facts: Facts) -> str:
    column = ALONE[choice]
    person: str = NOBODY if column is None else getattr(facts, column)
    return person


def unfit(
    connection: sqlite3.Connection, topic: TopicId, seq: Seq, author: PersonId, *, answers: CommentId | None
) -> Unfit | None:
    """Return why `author` cannot say something under a public entry, in answer to a comment there; None when they can.

    Asked when it is submitted, and in the transaction that would publish it.
    """
    root = public_root(connection, topic, seq, author)
    if root is None:
        return _NO_ROOT
    if root.choice is Choice.OFF:
        return _OFF
    facts = facts_of(connection, answers) if answers is not None else None
    if facts is None:
        return None if answers is None else _NO_ROOT
    there = (facts.root_topic, facts.root_seq) == (root.topic, root.seq)
    return None if there and is_shown(root, facts, author) else _NO_ROOT


def name_of(connection: sqlite3.Connection, topic: TopicId | None, seq: Seq | None) -> CommentId | None:
    """Return the comment that an entry is; None: it is none."""
    row = connection.execute(_OF_ENTRY, (topic, seq)).fetchone()
    return None if row is None else CommentId(row[0])


def comment_of(connection: sqlite3.Connection, comment: CommentId) -> Comment:
    """Return one comment, which is there, whoever may see it."""
    return shown_comment(connection.execute(_COMMENT, (comment,)).fetchone())


def shown_comment(row: Row) -> Comment:
    """Return the comment that a row of COMMENT_COLUMNS is."""
    comment, author, handle, at, body, answers, selected = row
    return Comment(
        comment=comment, author=author, handle=handle, at=at, body=body, answers=answers, selected=bool(selected)
    )
