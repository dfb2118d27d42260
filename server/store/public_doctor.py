"""What must always hold in the public store besides what holds in both: rulings, submissions, decisions, leaves."""

from server.store.doctor import Invariant

PUBLIC_INVARIANTS = (
    Invariant(
        "topic {0}, entry {1} shows a text that no ruling let through",
        """
        SELECT e.topic, e.seq FROM entries AS e LEFT JOIN rulings AS r ON r.topic = e.topic AND r.seq = e.seq
        WHERE e.body IS NOT NULL AND r.leaf IS NULL
        """,
    ),
    Invariant(
        "topic {0}, entry {1} was ruled on but is not there",
        """
        SELECT r.topic, r.seq FROM rulings AS r LEFT JOIN entries AS e ON e.topic = r.topic AND e.seq = r.seq
        WHERE e.seq IS NULL
        """,
    ),
    Invariant(
        "topic {0}, entry {1}: the ruling names leaf {2} of the audit log, which is about something else, or missing",
        """
        SELECT r.topic, r.seq, r.leaf FROM rulings AS r LEFT JOIN leaves AS l ON l.number = r.leaf
        WHERE l.submission IS NOT r.submission
            OR l.kind <> CASE WHEN r.decision IS NULL THEN 'published' ELSE 'decision' END
        """,
    ),
    Invariant(
        "submission {0} is published, but its entry is not there or not its author's",
        """
        SELECT s.submission FROM submissions AS s LEFT JOIN entries AS e ON e.topic = s.topic AND e.seq = s.seq
        WHERE s.state = 'published' AND (e.sender IS NOT s.author OR e.cid IS NOT s.cid)
        """,
    ),
    Invariant(
        "submission {0} is {1} without a decision that says so",
        """
        SELECT s.submission, s.state FROM submissions AS s LEFT JOIN decisions AS d ON d.decision = s.decision
        WHERE s.state IN ('held', 'rejected', 'lapsed') AND d.submission IS NOT s.submission
        """,
    ),
    Invariant(
        "submission {0} is withdrawn, but topic {1}, entry {2} is not, or the other way round",
        """
        SELECT s.submission, s.topic, s.seq
        FROM submissions AS s JOIN entries AS e ON e.topic = s.topic AND e.seq = s.seq
        WHERE s.target IS NULL AND s.withdrawn <> e.withdrawn
        """,
    ),
    Invariant(
        "submission {0} of {1} is by somebody the public side does not know",
        "SELECT submission, author FROM submissions WHERE author NOT IN (SELECT person FROM people)",
    ),
    Invariant(
        "decision {0} names leaf {1} of the audit log, which is about something else, or missing",
        """
        SELECT d.decision, d.leaf FROM decisions AS d LEFT JOIN leaves AS l ON l.number = d.leaf
        WHERE l.kind IS NOT 'decision' OR l.submission IS NOT d.submission
        """,
    ),
    Invariant(
        "{0} signed agreement {1} without a leaf of the audit log",
        """
        SELECT s.person, s.version FROM signatures AS s LEFT JOIN leaves AS l ON l.number = s.leaf
        WHERE l.kind IS NOT 'agreement_signed'
        """,
    ),
    Invariant(
        "person {0} has a password in the public store",
        "SELECT person FROM people WHERE password <> ''",
    ),
)
