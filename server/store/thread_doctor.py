"""What must always hold in the private store about what is said and liked under moments, and about notices of it."""

from server.store.doctor import Invariant

_IN_CHAIN = "IN (SELECT value FROM json_each(c.chain))"

THREAD_INVARIANTS = (
    Invariant(
        "comment {0} by {1} is there, but moment {2} is not",
        """
        SELECT c.comment, c.author, c.moment FROM comments AS c LEFT JOIN moments AS m ON m.moment = c.moment
        WHERE c.body IS NOT NULL AND m.body IS NULL
        """,
    ),
    Invariant(
        "comment {0} is there, but what it answers, comment {1} on the same moment, is not",
        """
        SELECT c.comment, c.answers FROM comments AS c
        LEFT JOIN comments AS a ON a.comment = c.answers AND a.moment = c.moment
        WHERE c.body IS NOT NULL AND c.answers IS NOT NULL AND a.body IS NULL
        """,
    ),
    Invariant(
        "comment {0} may be shown to strangers of {1}, who had a part in it",
        f"""
        SELECT c.comment, c.author FROM comments AS c WHERE c.author NOT {_IN_CHAIN}
        UNION ALL SELECT c.comment, link.value FROM comments AS c JOIN comments AS a ON a.comment = c.answers
        JOIN json_each(a.chain) AS link WHERE link.value NOT {_IN_CHAIN}
        """,
    ),
    Invariant(
        "person {1} likes moment {0}, but one of them is not there",
        """
        SELECT l.root, l.person FROM likes AS l LEFT JOIN moments AS m ON m.moment = l.root
        WHERE (instr(l.root, ':') = 0 AND m.body IS NULL) OR l.person NOT IN (SELECT person FROM people)
        """,
    ),
    Invariant(
        "person {0} is told that {1} likes moment {2}, which is not so, or not theirs",
        """
        SELECT n.person, n.by, n.moment FROM notices AS n LEFT JOIN moments AS m ON m.moment = n.moment
        LEFT JOIN likes AS l ON l.root = n.moment AND l.person = n.by
        WHERE n.kind = 'like' AND (l.person IS NULL OR m.author IS NOT n.person OR n.by = n.person)
        """,
    ),
    Invariant(
        "person {0} is told of comment {2} by {1}, which is not there, or nothing that concerns them",
        """
        SELECT n.person, n.by, n.comment FROM notices AS n
        LEFT JOIN comments AS c ON c.comment = n.comment AND c.moment = n.moment AND c.author = n.by
        LEFT JOIN comments AS a ON a.comment = c.answers LEFT JOIN moments AS m ON m.moment = c.moment
        WHERE n.kind <> 'like' AND (c.body IS NULL OR n.by = n.person
            OR CASE n.kind WHEN 'answer' THEN a.author ELSE m.author END IS NOT n.person
            OR (n.kind = 'comment' AND a.author IS n.person))
        """,
    ),
)
