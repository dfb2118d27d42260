"""What must always hold of the search index: it says what is in force, all of it, and nothing else."""

from server.store.doctor import Invariant

# What the writer has yet to look at may be otherwise until its next commit.
_KNOWN = "SELECT 1 FROM {0} WHERE topic = {1}.topic AND kind = '{2}' AND seq = {3}"
_IN_FORCE = """
SELECT a.topic, a.root FROM articles AS a JOIN entries AS e ON e.topic = a.topic AND e.seq = a.seq
JOIN accounts AS o ON o.topic = a.topic AND o.state = 'active'
WHERE NOT e.erased AND NOT e.withdrawn
"""


def _known(row: str, kind: str, seq: str = "0") -> str:
    return " OR ".join(f"EXISTS ({_KNOWN.format(table, row, kind, seq)})" for table in ("searched", "unsearched"))


SEARCH_INVARIANTS = (
    Invariant(
        "article {1} of account {0} is in force, but no search finds it",
        f"SELECT DISTINCT a.topic, a.root FROM ({_IN_FORCE}) AS a WHERE NOT ({_known('a', 'article', 'a.root')})",
    ),
    Invariant(
        "article {1} of account {0} is found, but is not in force",
        f"""
        SELECT s.topic, s.seq FROM searched AS s WHERE s.kind = 'article'
            AND NOT EXISTS (SELECT 1 FROM ({_IN_FORCE}) AS a WHERE a.topic = s.topic AND a.root = s.seq)
            AND NOT EXISTS (SELECT 1 FROM unsearched AS u WHERE u.topic = s.topic AND u.kind = s.kind AND u.seq = s.seq)
        """,
    ),
    Invariant(
        "account {0} is active, but no search finds it",
        f"""
        SELECT o.topic FROM accounts AS o JOIN entries AS e ON e.topic = o.topic AND e.seq = (
            SELECT max(seq) FROM entries WHERE topic = o.topic AND kind = 'profile' AND kind <> 'message')
        WHERE o.state = 'active' AND e.body IS NOT NULL AND NOT e.withdrawn AND NOT ({_known("o", "account")})
        """,
    ),
    Invariant(
        "group {0} is listed and says what it is, but no search finds it",
        f"""
        SELECT t.topic FROM topics AS t WHERE t.kind = 'group' AND t.listed AND t.seats > 0
            AND (length(t.name) > 0 OR length(t.listing) > 0) AND NOT ({_known("t", "group")})
        """,
    ),
    Invariant(
        "{1} {0} is found, but is not there to be found",
        """
        SELECT s.topic, s.kind FROM searched AS s WHERE s.kind <> 'article'
            AND NOT EXISTS (SELECT 1 FROM topics AS t WHERE s.kind = 'group' AND t.topic = s.topic AND t.listed
                AND t.seats > 0)
            AND NOT EXISTS (SELECT 1 FROM accounts AS o WHERE s.kind = 'account' AND o.topic = s.topic
                AND o.state = 'active')
            AND NOT EXISTS (SELECT 1 FROM unsearched AS u WHERE u.topic = s.topic AND u.kind = s.kind)
        """,
    ),
    Invariant(
        "document {0} of the search index is of nothing, or nothing is in the index of it",
        """
        SELECT doc FROM searched WHERE doc NOT IN (SELECT id FROM trigrams_docsize)
        UNION ALL SELECT id FROM trigrams_docsize WHERE id NOT IN (SELECT doc FROM searched)
        """,
    ),
)
