"""What must always hold in the private store besides what holds in both: about who follows, reads, and asks."""

from server.store.doctor import Invariant

PRIVATE_INVARIANTS = (
    Invariant(
        "dialogue {0} is in the inbox of {1} as one with {2}, but is not between these two",
        """
        SELECT d.topic, d.account, d.person FROM dialogues AS d LEFT JOIN topics AS t ON t.topic = d.topic
        WHERE t.kind IS NOT 'dialogue' OR t.one_peer IS NOT min(d.account, d.person)
            OR t.other_peer IS NOT max(d.account, d.person)
        """,
    ),
    Invariant(
        "dialogue {0} is in no account's inbox",
        "SELECT topic FROM topics WHERE kind = 'dialogue' AND topic NOT IN (SELECT topic FROM dialogues)",
    ),
    Invariant(
        "dialogue {0}, entry {1} was answered by an operator, but is not the account's",
        """
        SELECT a.topic, a.seq FROM answers AS a LEFT JOIN dialogues AS d ON d.topic = a.topic
        LEFT JOIN entries AS e ON e.topic = a.topic AND e.seq = a.seq
        WHERE e.sender IS NOT d.account OR d.account IS NULL
        """,
    ),
    Invariant(
        "dialogue {0}, entry {1} is the account's, but no operator's",
        """
        SELECT e.topic, e.seq FROM dialogues AS d JOIN entries AS e ON e.topic = d.topic AND e.sender = d.account
        WHERE NOT EXISTS (SELECT 1 FROM answers AS a WHERE a.topic = e.topic AND a.seq = e.seq)
        """,
    ),
    Invariant(
        "account {0} counts {1} followers with the tag '{2}', but there are {3}",
        """
        SELECT account, sum(counted), tag, sum(there) FROM (
            SELECT account, tag, people AS counted, 0 AS there FROM followers
            UNION ALL SELECT account, tag, 0, count(*) FROM follows GROUP BY account, tag
        ) GROUP BY account, tag HAVING sum(counted) <> sum(there)
        """,
    ),
    Invariant(
        "account {1} is followed by {0}, who does not exist",
        "SELECT person, account FROM follows WHERE person NOT IN (SELECT person FROM people)",
    ),
    Invariant(
        "{0} readers are known, of {1} days; it should be one day, or nobody",
        """
        SELECT readers, days FROM (
            SELECT (SELECT count(*) FROM counted) AS readers, (SELECT count(*) FROM day_keys) AS days
        ) WHERE days > 1 OR (days = 0 AND readers > 0)
        """,
    ),
)
