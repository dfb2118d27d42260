"""What must always hold of squares and public comments: what the doctor of the public store looks for besides."""

from server.store.doctor import Invariant
from server.store.public_sight import IN_FORCE, UNSELECTED, joint

_ENTRY = "JOIN entries AS e ON e.topic = c.topic AND e.seq = c.seq"
_UP = "LEFT JOIN comments AS up ON up.comment = c.answers"

SQUARE_INVARIANTS = (
    Invariant(
        "topic {0}, entry {1} is a post, but not by {2}, whose square it would be",
        """
        SELECT e.topic, e.seq, t.one_peer FROM entries AS e JOIN topics AS t ON t.topic = e.topic
        WHERE e.kind = 'post' AND (t.kind <> 'square' OR e.sender IS NOT t.one_peer)
        """,
    ),
    Invariant(
        "topic {0} is a thread under nothing that has one",
        """
        SELECT t.topic FROM topics AS t LEFT JOIN threads AS h ON h.topic = t.topic
        LEFT JOIN entries AS e ON e.topic = h.root_topic AND e.seq = h.root_seq
        WHERE t.kind = 'thread' AND ifnull(e.kind, '') NOT IN ('post', 'article', 'broadcast')
        """,
    ),
    Invariant(
        "topic {0}, entry {1} is a comment that is not known by any name",
        """
        SELECT e.topic, e.seq FROM entries AS e LEFT JOIN comments AS c ON c.topic = e.topic AND c.seq = e.seq
        WHERE e.kind = 'comment' AND c.comment IS NULL
        """,
    ),
    Invariant(
        "comment {0} is not there, or not its author's, or not in the thread of what it is under",
        """
        SELECT c.comment FROM comments AS c LEFT JOIN entries AS e ON e.topic = c.topic AND e.seq = c.seq
        LEFT JOIN threads AS t ON t.root_topic = c.root_topic AND t.root_seq = c.root_seq
        WHERE e.kind IS NOT 'comment' OR e.sender IS NOT c.author OR t.topic IS NOT c.topic
        """,
    ),
    Invariant(
        "comment {0} answers {1}, which does not come before it in the same thread, or is not {2}'s",
        f"""
        SELECT c.comment, c.answers, c.answered FROM comments AS c {_UP}
        WHERE c.answers IS NOT NULL AND (up.topic IS NOT c.topic OR up.seq >= c.seq OR up.author IS NOT c.answered)
        """,
    ),
    Invariant(
        "comment {0} is in force although it, or what it answers, is not; or the other way round",
        f"""
        SELECT c.comment FROM comments AS c {_ENTRY} {_UP}
        WHERE c.in_force <> ({IN_FORCE} AND ifnull(up.in_force, 1))
        """,
    ),
    Invariant(
        "comment {0} has {1!r} on record for who alone wrote what is not selected, which should be {2!r}",
        f"""
        SELECT * FROM (SELECT c.comment, c.unselected, {joint("ifnull(up.unselected, '')", UNSELECTED)} AS right
        FROM comments AS c {_UP}) WHERE unselected <> right
        """,
    ),
    Invariant(
        "comment {0} has {1!r} on record for who alone wrote it and all that it answers, which should be {2!r}",
        f"""
        SELECT * FROM (SELECT c.comment, c.author_of_all, {joint("ifnull(up.author_of_all, '')", "c.author")} AS right
        FROM comments AS c {_UP}) WHERE author_of_all <> right
        """,
    ),
)
