"""What must always hold in the private store besides what holds in both: about who follows, reads, and asks."""

from protocol.frames import MomentsDays
from server.store.doctor import Invariant

_DAYS = ", ".join(str(days.value) for days in MomentsDays)

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
    Invariant(
        "person {1} stands to {0} as '{2}'; one of them does not exist",
        """
        SELECT person, contact, state FROM contacts
        WHERE person NOT IN (SELECT person FROM people) OR contact NOT IN (SELECT person FROM people)
        """,
    ),
    Invariant(
        "person {0} is asked by {1}, who does not ask, or not for so long",
        """
        SELECT asked.person, asked.contact FROM contacts AS asked
        LEFT JOIN contacts AS asks ON asks.person = asked.contact AND asks.contact = asked.person
            AND asks.state = 'asked' AND asks.until >= asked.until
        WHERE asked.state = 'asking' AND asks.person IS NULL
        """,
    ),
    Invariant(
        "person {1} stands to {0} as '{2}', but something is kept that should have been erased",
        """
        SELECT person, contact, state FROM contacts WHERE (state = 'contact' AND greeting <> x'')
            OR (state = 'none' AND (greeting <> x'' OR remark <> x'' OR hides_mine OR hides_theirs))
        """,
    ),
    Invariant(
        "person {0} has contact mark {1}, but one of their contacts changed at {2}",
        """
        SELECT p.person, p.contact_mark, max(c.changed) FROM people AS p JOIN contacts AS c ON c.person = p.person
        GROUP BY p.person HAVING p.contact_mark < max(c.changed)
        """,
    ),
    Invariant(
        "{2} contacts of person {0} changed at {1} at once, so a device may miss one",
        "SELECT person, changed, count(*) FROM contacts GROUP BY person, changed HAVING count(*) > 1",
    ),
    Invariant(
        "person {0} shows moments for {1} days, which nobody can choose",
        f"SELECT person, moments_days FROM people WHERE moments_days NOT IN ({_DAYS})",
    ),
)
