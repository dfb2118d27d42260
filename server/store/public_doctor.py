"""What must always hold in the public store besides what holds in both: rulings, submissions, decisions, leaves."""

from protocol.publications import OF_ACCOUNTS
from server.store.doctor import Invariant

_OF_ACCOUNTS = ", ".join(f"'{surface.value}'" for surface in sorted(OF_ACCOUNTS))

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
        f"""
        SELECT s.submission FROM submissions AS s LEFT JOIN entries AS e ON e.topic = s.topic AND e.seq = s.seq
        WHERE s.state = 'published' AND (e.cid IS NOT s.cid
            OR e.sender IS NOT CASE WHEN s.surface IN ({_OF_ACCOUNTS}) THEN s.topic ELSE s.author END)
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
        "topic {0}, entry {1} is the card of an article that is not there",
        """
        SELECT e.topic, e.seq FROM entries AS e JOIN topics AS t ON t.topic = e.topic AND t.kind = 'account'
        LEFT JOIN articles AS a ON a.topic = e.topic AND a.seq = e.seq
        WHERE e.kind IN ('article', 'broadcast', 'edit') AND (e.body IS NULL) <> (a.body IS NULL)
        """,
    ),
    Invariant(
        "topic {0} has an article {1} whose card is not there",
        """
        SELECT a.topic, a.seq FROM articles AS a LEFT JOIN entries AS e ON e.topic = a.topic AND e.seq = a.seq
        WHERE e.seq IS NULL
        """,
    ),
    Invariant(
        "account {0} is {1} without a decision that says so",
        """
        SELECT a.topic, a.state FROM accounts AS a LEFT JOIN decisions AS d ON d.decision = a.decision
        WHERE a.state IN ('refused', 'approved', 'active') AND (d.submission IS NOT a.topic
            OR d.kind IS NOT CASE a.state WHEN 'refused' THEN 'refuse' ELSE 'approve' END)
        """,
    ),
    Invariant(
        "account {0} is {1}, but it has no log, or the other way round",
        """
        SELECT a.topic, a.state FROM accounts AS a LEFT JOIN topics AS t ON t.topic = a.topic
        WHERE (t.kind IS 'account') <> (a.state IN ('approved', 'active'))
        """,
    ),
    Invariant(
        "topic {0} is a public account that nobody applied for",
        "SELECT topic FROM topics WHERE kind = 'account' AND topic NOT IN (SELECT topic FROM accounts)",
    ),
    Invariant(
        "account {0} is {1}'s, who is not the owner among its operators",
        """
        SELECT a.topic, a.owner FROM accounts AS a JOIN topics AS t ON t.topic = a.topic
        WHERE (SELECT count(*) FROM members AS m WHERE m.topic = a.topic AND m.role = 'owner') <> 1
            OR NOT EXISTS (SELECT 1 FROM members AS m WHERE m.topic = a.topic AND m.person = a.owner
                AND m.role = 'owner' AND m.standing = 'member')
        """,
    ),
    Invariant(
        "account {0}, entry {1} reprints what is gone and is not marked, or the other way round",
        """
        SELECT r.topic, r.seq FROM articles AS r
        LEFT JOIN articles AS s ON s.topic = r.source_topic AND s.seq = r.source_seq
        LEFT JOIN entries AS e ON e.topic = s.topic AND e.seq = s.seq
        WHERE r.source_topic IS NOT NULL AND r.source_withdrawn IS NOT (e.erased OR e.withdrawn OR s.source_withdrawn)
        """,
    ),
    Invariant(
        "a cid of {0} is on record for the application {1}, which is not theirs, or not there",
        """
        SELECT c.sender, c.topic FROM cids AS c LEFT JOIN accounts AS a ON a.topic = c.topic
        WHERE c.seq = 0 AND a.owner IS NOT c.sender
        """,
    ),
    Invariant(
        "approval {0} names leaf {1} of the audit log, which is about something else, or missing",
        """
        SELECT p.number, p.leaf FROM approvals AS p LEFT JOIN leaves AS l ON l.number = p.leaf
        WHERE l.kind IS NOT 'approval'
        """,
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
