"""The tables that only the public side has: submissions, decisions, rulings, signatures, staff; and what they forbid.

What must never happen is refused by the file itself, whatever the code above it does: an entry with a text that no
ruling let through, a binding state without its decision, a decision without one of its parts, a leaf that changes.
"""

from server.store.audit import AUDIT_TABLES
from server.store.decision_schema import decisions_table

_KINDS = ("hold", "reject", "label", "release", "lapse", "withdraw", "restore")
_ABOUT = "EXISTS (SELECT 1 FROM submissions WHERE submission = NEW.submission)"

PUBLIC_TABLES = (
    *AUDIT_TABLES,
    # What places and people in them are called, and whatever else is no message, without the messages between.
    "CREATE INDEX texts ON entries (topic, kind, sender, seq) WHERE kind <> 'message'",
    "CREATE INDEX findable ON topics (seats DESC, topic) WHERE listed",
    "CREATE INDEX leaves_of_kind ON leaves (kind, number) WHERE submission IS NULL",
    """CREATE TABLE submissions (
        number INTEGER PRIMARY KEY,
        submission TEXT NOT NULL UNIQUE,
        author TEXT NOT NULL,
        cid BLOB NOT NULL,
        digest BLOB NOT NULL, -- Keyed, of all that was asked for: tells a repeat from a conflict.
        surface TEXT NOT NULL,
        topic TEXT,
        reply_to INTEGER,
        target INTEGER,
        base INTEGER,
        content BLOB, -- Gone when it is erased.
        salt BLOB, -- Of its commitment in the audit log; gone with the content.
        state TEXT NOT NULL,
        at INTEGER NOT NULL,
        labels TEXT NOT NULL DEFAULT '[]',
        seq INTEGER,
        version INTEGER,
        until INTEGER,
        withdrawn INTEGER NOT NULL DEFAULT 0,
        decision TEXT,
        decided_at INTEGER, -- When it came into the state it is in.
        UNIQUE (cid, author),
        CHECK ((state = 'published') = (seq IS NOT NULL)),
        CHECK ((state = 'held') = (until IS NOT NULL))
    ) STRICT""",
    "CREATE INDEX submissions_of ON submissions (author, number)",
    # Asked at every hold: what else its author has ever submitted must not be gone through.
    "CREATE INDEX submissions_held ON submissions (author) WHERE state = 'held'",
    "CREATE INDEX submissions_waiting ON submissions (number) WHERE state = 'waiting'",
    "CREATE INDEX submissions_due ON submissions (until, number) WHERE state = 'held'",
    """CREATE INDEX submissions_kept ON submissions (decided_at)
    WHERE state IN ('rejected', 'lapsed') AND content IS NOT NULL""",
    "CREATE INDEX submissions_entry ON submissions (topic, seq) WHERE seq IS NOT NULL",
    *decisions_table(_KINDS, _ABOUT),
    """CREATE TRIGGER binding_states_are_decided BEFORE UPDATE OF state ON submissions
    WHEN NEW.state IN ('held', 'rejected', 'lapsed') AND NOT EXISTS (
        SELECT 1 FROM decisions WHERE decision = NEW.decision AND submission = NEW.submission
        AND kind = CASE NEW.state WHEN 'held' THEN 'hold' WHEN 'rejected' THEN 'reject' ELSE 'lapse' END)
    BEGIN SELECT RAISE(ABORT, 'a binding state without its decision'); END""",
    """CREATE TRIGGER submissions_begin_by_waiting BEFORE INSERT ON submissions
    WHEN NEW.state <> 'waiting' OR NEW.withdrawn OR EXISTS (
        SELECT 1 FROM submissions WHERE number = NEW.number OR submission = NEW.submission
        UNION ALL SELECT 1 FROM submissions WHERE cid = NEW.cid AND author = NEW.author)
    BEGIN SELECT RAISE(ABORT, 'a submission begins by waiting, once'); END""",
    """CREATE TRIGGER final_states_stay BEFORE UPDATE OF state ON submissions
    WHEN OLD.state NOT IN ('waiting', 'held') AND NEW.state <> OLD.state
    BEGIN SELECT RAISE(ABORT, 'a final state does not change'); END""",
    """CREATE TRIGGER publishing_is_ruled BEFORE UPDATE OF state ON submissions
    WHEN NEW.state = 'published' AND NOT EXISTS (
        SELECT 1 FROM rulings WHERE topic = NEW.topic AND seq = NEW.seq AND submission = NEW.submission)
    BEGIN SELECT RAISE(ABORT, 'published without a ruling'); END""",
    """CREATE TRIGGER withdrawals_are_decided BEFORE UPDATE OF withdrawn ON submissions
    WHEN NEW.withdrawn <> OLD.withdrawn AND NOT EXISTS (
        SELECT 1 FROM decisions WHERE decision = NEW.decision AND submission = NEW.submission
        AND kind = CASE NEW.withdrawn WHEN 1 THEN 'withdraw' ELSE 'restore' END)
    BEGIN SELECT RAISE(ABORT, 'a withdrawal without its decision'); END""",
    # One final verdict for each version that anybody sees; what is restored is seen by the decision that restored it.
    """CREATE TABLE rulings (
        topic TEXT NOT NULL,
        seq INTEGER NOT NULL,
        submission TEXT NOT NULL,
        decision TEXT,
        leaf INTEGER NOT NULL UNIQUE REFERENCES leaves (number),
        PRIMARY KEY (topic, seq)
    ) STRICT, WITHOUT ROWID""",
    "CREATE UNIQUE INDEX rulings_once ON rulings (submission) WHERE decision IS NULL",
    """CREATE TRIGGER rulings_have_a_leaf BEFORE INSERT ON rulings
    WHEN NOT EXISTS (
        SELECT 1 FROM leaves WHERE number = NEW.leaf AND submission = NEW.submission
        AND kind = CASE WHEN NEW.decision IS NULL THEN 'published' ELSE 'decision' END)
    BEGIN SELECT RAISE(ABORT, 'a ruling without its leaf'); END""",
    """CREATE TRIGGER rulings_once_for_all BEFORE INSERT ON rulings
    WHEN EXISTS (SELECT 1 FROM rulings WHERE (topic = NEW.topic AND seq = NEW.seq))
    OR (NEW.decision IS NULL AND EXISTS (SELECT 1 FROM rulings WHERE submission = NEW.submission AND decision IS NULL))
    BEGIN SELECT RAISE(ABORT, 'a ruling does not change'); END""",
    """CREATE TRIGGER rulings_stay BEFORE UPDATE ON rulings
    BEGIN SELECT RAISE(ABORT, 'a ruling does not change'); END""",
    """CREATE TRIGGER rulings_are_kept BEFORE DELETE ON rulings
    BEGIN SELECT RAISE(ABORT, 'a ruling is kept'); END""",
    """CREATE TRIGGER nothing_is_public_unruled BEFORE INSERT ON entries
    WHEN NEW.body IS NOT NULL AND NOT EXISTS (SELECT 1 FROM rulings WHERE topic = NEW.topic AND seq = NEW.seq)
    BEGIN SELECT RAISE(ABORT, 'a public text without a ruling'); END""",
    """CREATE TRIGGER public_entries_once BEFORE INSERT ON entries
    WHEN EXISTS (SELECT 1 FROM entries WHERE topic = NEW.topic AND seq = NEW.seq)
    BEGIN SELECT RAISE(ABORT, 'a public entry does not change'); END""",
    """CREATE TRIGGER public_texts_do_not_change BEFORE UPDATE OF body ON entries
    WHEN NEW.body IS NOT NULL
    BEGIN SELECT RAISE(ABORT, 'a public text does not change'); END""",
    # What a place or somebody in it is called is a copy of what stands in its log, and of nothing else.
    *(
        f"""CREATE TRIGGER {column}_was_published BEFORE UPDATE OF {column} ON {table}
        WHEN length(NEW.{column}) > 0 AND NOT EXISTS (
            SELECT 1 FROM entries INDEXED BY texts
            WHERE topic = NEW.topic AND kind = '{kind}' AND kind <> 'message' AND body = NEW.{column} AND {whose})
        BEGIN SELECT RAISE(ABORT, 'a {column} that was never published'); END"""
        for table, column, kind, whose in (
            ("topics", "name", "named", "NOT withdrawn"),
            ("topics", "notice", "notice", "NOT withdrawn"),
            ("topics", "listing", "listing", "NOT withdrawn"),
            ("members", "screen_name", "screen_name", "NOT withdrawn AND sender = NEW.person"),
        )
    ),
    # Whoever takes back what they published takes it back everywhere.
    """CREATE TRIGGER recalled_is_forgotten AFTER UPDATE OF erased ON entries WHEN NEW.erased
    BEGIN UPDATE submissions SET content = NULL, salt = NULL WHERE topic = NEW.topic AND seq = NEW.seq; END""",
    """CREATE TABLE signatures (
        person TEXT NOT NULL,
        digest BLOB NOT NULL,
        version TEXT NOT NULL,
        at INTEGER NOT NULL,
        leaf INTEGER NOT NULL UNIQUE REFERENCES leaves (number),
        PRIMARY KEY (person, digest)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE staff (
        code TEXT PRIMARY KEY,
        role TEXT NOT NULL CHECK (role IN ('reviewer', 'chief')),
        digest BLOB NOT NULL UNIQUE,
        added_at INTEGER NOT NULL,
        removed_at INTEGER
    ) STRICT, WITHOUT ROWID""",
)
