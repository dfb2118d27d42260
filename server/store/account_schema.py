"""The tables of public accounts. What is said to everybody is on the public side; who follows, reads and asks is not.

Neither side names the other's rows but by an account's id: which accounts there are is public.
"""

from server.store.decision_schema import decisions_table_anew

_KINDS = ("hold", "reject", "label", "release", "lapse", "withdraw", "restore", "approve", "refuse")
_ABOUT = """EXISTS (SELECT 1 FROM submissions WHERE submission = NEW.submission)
    OR EXISTS (SELECT 1 FROM accounts WHERE topic = NEW.submission)"""

# In the public store. Applications are decided, too.
DECISIONS_ANEW = decisions_table_anew(_KINDS, _ABOUT)
ACCOUNT_TABLES = (
    # An account from its application on (Art. 7). What it is applied with is for reviewers: no reader sees this table.
    """CREATE TABLE accounts (
        topic TEXT PRIMARY KEY,
        owner TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('draft', 'submitted', 'refused', 'approved', 'active')),
        application BLOB NOT NULL, -- MessagePack of protocol.accounts.Application.
        salt BLOB NOT NULL, -- Of the application's commitment in the audit log.
        name_key TEXT NOT NULL, -- What its name is compared by.
        type TEXT NOT NULL,
        body TEXT NOT NULL,
        category TEXT NOT NULL,
        news TEXT NOT NULL DEFAULT 'none', -- The right that its kind of subject has, from its approval on.
        encouraged INTEGER NOT NULL DEFAULT 0,
        at INTEGER NOT NULL,
        due INTEGER, -- When the application is to be decided; set once, when it is submitted.
        decision TEXT, -- The last one about it.
        CHECK ((state = 'submitted') = (due IS NOT NULL))
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX accounts_of ON accounts (owner)",
    "CREATE INDEX accounts_due ON accounts (due) WHERE state = 'submitted'",
    "CREATE UNIQUE INDEX accounts_named ON accounts (name_key) WHERE state IN ('approved', 'active')",
    """CREATE TRIGGER accounts_begin_as_drafts BEFORE INSERT ON accounts
    WHEN NEW.state <> 'draft' OR NEW.news <> 'none' OR EXISTS (SELECT 1 FROM accounts WHERE topic = NEW.topic)
    BEGIN SELECT RAISE(ABORT, 'an account begins as a draft, once'); END""",
    # The moves of compliance.accounts, and no others.
    """CREATE TRIGGER accounts_move_step_by_step BEFORE UPDATE OF state ON accounts
    WHEN NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (VALUES ('draft', 'submitted'),
        ('submitted', 'draft'), ('submitted', 'refused'), ('refused', 'submitted'), ('submitted', 'approved'),
        ('approved', 'active'))
    BEGIN SELECT RAISE(ABORT, 'an account moves step by step'); END""",
    """CREATE TRIGGER accounts_are_decided BEFORE UPDATE OF state ON accounts
    WHEN NEW.state IN ('refused', 'approved') AND NEW.state <> OLD.state AND NOT EXISTS (
        SELECT 1 FROM decisions WHERE decision = NEW.decision AND submission = NEW.topic
        AND kind = CASE NEW.state WHEN 'refused' THEN 'refuse' ELSE 'approve' END)
    BEGIN SELECT RAISE(ABORT, 'an application is decided by a decision'); END""",
    """CREATE TRIGGER accounts_open_by_a_profile BEFORE UPDATE OF state ON accounts
    WHEN NEW.state = 'active' AND OLD.state <> 'active' AND NOT EXISTS (
        SELECT 1 FROM entries WHERE topic = NEW.topic AND kind = 'profile' AND kind <> 'message' AND body IS NOT NULL)
    BEGIN SELECT RAISE(ABORT, 'an account opens by its profile'); END""",
    # What is decided is what was submitted: its words, and whose account it is, stay from then on.
    """CREATE TRIGGER applications_stay_while_they_count
    BEFORE UPDATE OF topic, owner, application, salt, name_key, type, body, category ON accounts
    WHEN NEW.topic IS NOT OLD.topic OR NEW.owner IS NOT OLD.owner OR NEW.salt IS NOT OLD.salt
    OR (OLD.state NOT IN ('draft', 'refused') AND (NEW.application IS NOT OLD.application
        OR NEW.name_key IS NOT OLD.name_key OR NEW.type IS NOT OLD.type OR NEW.body IS NOT OLD.body
        OR NEW.category IS NOT OLD.category))
    BEGIN SELECT RAISE(ABORT, 'an application stays as it was submitted'); END""",
    # The right to news comes with the approval, and not otherwise.
    """CREATE TRIGGER rights_come_by_approval BEFORE UPDATE OF news ON accounts
    WHEN NEW.news <> OLD.news AND (OLD.state <> 'submitted' OR NEW.state <> 'approved')
    BEGIN SELECT RAISE(ABORT, 'a right without an approval'); END""",
    """CREATE TRIGGER accounts_are_kept BEFORE DELETE ON accounts
    BEGIN SELECT RAISE(ABORT, 'an account is kept'); END""",
    # The authority's approvals of current-affairs news (Art. 7 ¶2), put on record by who runs the server, not by staff.
    # `item`: digest of the one content it is for; NULL: standing.
    """CREATE TABLE approvals (
        number INTEGER PRIMARY KEY,
        topic TEXT NOT NULL,
        issuer TEXT NOT NULL CHECK (trim(issuer) <> ''),
        reference TEXT NOT NULL CHECK (trim(reference) <> ''),
        issued_on TEXT NOT NULL, -- YYYY-MM-DD, UTC, like `until`.
        until TEXT, -- The last day it counts.
        item BLOB,
        added_at INTEGER NOT NULL,
        ended_at INTEGER,
        leaf INTEGER NOT NULL UNIQUE REFERENCES leaves (number),
        CHECK (date(issued_on) IS issued_on AND (until IS NULL OR (date(until) IS until AND until >= issued_on))),
        CHECK (item IS NULL OR length(item) = 32)
    ) STRICT""",
    "CREATE INDEX approvals_of ON approvals (topic) WHERE ended_at IS NULL",
    """CREATE TRIGGER approvals_have_a_leaf BEFORE INSERT ON approvals
    WHEN NEW.ended_at IS NOT NULL
    OR EXISTS (SELECT 1 FROM approvals WHERE number = NEW.number OR leaf = NEW.leaf)
    OR NOT EXISTS (SELECT 1 FROM accounts WHERE topic = NEW.topic)
    OR NOT EXISTS (SELECT 1 FROM leaves WHERE number = NEW.leaf AND kind = 'approval')
    BEGIN SELECT RAISE(ABORT, 'an approval without its leaf, or of no account'); END""",
    """CREATE TRIGGER approvals_only_end BEFORE UPDATE ON approvals
    WHEN OLD.ended_at IS NOT NULL OR NEW.number IS NOT OLD.number OR NEW.topic IS NOT OLD.topic
    OR NEW.issuer IS NOT OLD.issuer OR NEW.reference IS NOT OLD.reference OR NEW.issued_on IS NOT OLD.issued_on
    OR NEW.until IS NOT OLD.until OR NEW.item IS NOT OLD.item OR NEW.added_at IS NOT OLD.added_at
    OR NEW.leaf IS NOT OLD.leaf
    BEGIN SELECT RAISE(ABORT, 'an approval does not change, it ends'); END""",
    """CREATE TRIGGER approvals_are_kept BEFORE DELETE ON approvals
    BEGIN SELECT RAISE(ABORT, 'an approval is kept'); END""",
    # What stands behind the cards in an account's log: every version of every article, under the entry it became.
    """CREATE TABLE articles (
        topic TEXT NOT NULL,
        seq INTEGER NOT NULL,
        root INTEGER NOT NULL, -- The entry it is a version of; of a first version, its own.
        digest BLOB NOT NULL, -- BLAKE3 of its content.
        body BLOB, -- A published body, whole; gone when it is erased.
        at INTEGER NOT NULL,
        broadcast INTEGER NOT NULL,
        tag TEXT NOT NULL,
        reprintable INTEGER NOT NULL,
        category TEXT NOT NULL,
        source_topic TEXT, -- Of a reprint: the entry it was made from.
        source_seq INTEGER,
        source_withdrawn INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (topic, seq)
    ) STRICT, WITHOUT ROWID""",
    # Where an account's log ends, for who follows many: nothing that is read of one is in it, and no group's messages.
    "CREATE INDEX heads ON entries (topic, seq, kind) WHERE kind <> 'message'",
    "CREATE INDEX articles_sources ON articles (source_topic, source_seq) WHERE source_topic IS NOT NULL",
    "CREATE INDEX articles_broadcast ON articles (topic, at) WHERE broadcast AND root = seq",
    "CREATE INDEX articles_versions ON articles (topic, root, seq)",
    """CREATE TRIGGER articles_are_ruled BEFORE INSERT ON articles
    WHEN NOT EXISTS (SELECT 1 FROM rulings WHERE topic = NEW.topic AND seq = NEW.seq)
    OR EXISTS (SELECT 1 FROM articles WHERE topic = NEW.topic AND seq = NEW.seq)
    BEGIN SELECT RAISE(ABORT, 'an article without a ruling'); END""",
    """CREATE TRIGGER articles_do_not_change BEFORE UPDATE OF body ON articles
    WHEN NEW.body IS NOT NULL
    BEGIN SELECT RAISE(ABORT, 'an article does not change'); END""",
    """CREATE TRIGGER articles_stay_what_they_are BEFORE UPDATE OF topic, seq, root, digest, at, broadcast, tag,
    reprintable, category, source_topic, source_seq ON articles
    BEGIN SELECT RAISE(ABORT, 'an article does not change'); END""",
    """CREATE TRIGGER articles_are_kept BEFORE DELETE ON articles
    BEGIN SELECT RAISE(ABORT, 'an article is erased, and its row is kept'); END""",
    """CREATE TRIGGER recalled_articles_are_erased AFTER UPDATE OF erased ON entries WHEN NEW.erased
    BEGIN UPDATE articles SET body = NULL WHERE topic = NEW.topic AND seq = NEW.seq; END""",
    # Who of the operators did what, for the other operators.
    """CREATE TABLE acts (
        topic TEXT NOT NULL,
        number INTEGER NOT NULL, -- 1, 2, 3, ... of each account: it tells nobody how much others do.
        at INTEGER NOT NULL,
        by TEXT NOT NULL,
        act TEXT NOT NULL,
        seq INTEGER,
        person TEXT,
        PRIMARY KEY (topic, number)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX acts_recalled ON acts (topic, seq) WHERE act = 'recalled'",
    "ALTER TABLE submissions ADD COLUMN tag TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE submissions ADD COLUMN reprintable INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE submissions ADD COLUMN source BLOB",  # MessagePack of protocol.publications.Source, as it was then.
    "CREATE INDEX submissions_for ON submissions (topic, number) WHERE surface NOT LIKE 'group%' AND surface <> 'card'",
)

# In the private store.
FOLLOWER_TABLES = (
    """CREATE TABLE follows (
        person TEXT NOT NULL,
        account TEXT NOT NULL,
        tag TEXT NOT NULL DEFAULT '',
        muted INTEGER NOT NULL DEFAULT 0,
        at INTEGER NOT NULL,
        PRIMARY KEY (person, account)
    ) STRICT, WITHOUT ROWID""",
    # How many there are of each, so that nobody counts a million rows.
    """CREATE TABLE followers (
        account TEXT NOT NULL,
        tag TEXT NOT NULL,
        people INTEGER NOT NULL,
        PRIMARY KEY (account, tag)
    ) STRICT, WITHOUT ROWID""",
    "ALTER TABLE people ADD COLUMN follow_mark INTEGER NOT NULL DEFAULT 0",  # Rises with every change of theirs.
    """CREATE TABLE drafts (
        account TEXT NOT NULL,
        draft BLOB NOT NULL,
        body BLOB NOT NULL, -- Opaque.
        by TEXT NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (account, draft)
    ) STRICT, WITHOUT ROWID""",
    # What is to be published when due: the request that will be, as its author made it. Not said yet, so not public.
    """CREATE TABLE scheduled (
        account TEXT NOT NULL,
        item BLOB NOT NULL,
        by TEXT NOT NULL,
        handle TEXT NOT NULL,
        digest BLOB NOT NULL,
        request BLOB NOT NULL, -- MessagePack of protocol.accounts.Schedule.
        due INTEGER NOT NULL,
        taken INTEGER NOT NULL DEFAULT 0, -- It is due, and being published: nobody can unschedule it any more.
        failed TEXT NOT NULL DEFAULT '', -- The code that it was refused with when due.
        PRIMARY KEY (account, item),
        CHECK (NOT taken OR failed = '')
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX scheduled_due ON scheduled (due, item) WHERE failed = ''",
    """CREATE TABLE dialogues (
        account TEXT NOT NULL,
        topic TEXT NOT NULL UNIQUE,
        person TEXT NOT NULL,
        asked_at INTEGER NOT NULL, -- The person's last message.
        waiting INTEGER NOT NULL,
        PRIMARY KEY (account, person)
    ) STRICT, WITHOUT ROWID""",
    # In the order of the inbox: who waits longest first, then those who do not wait, whoever wrote last first.
    """CREATE INDEX dialogues_inbox ON dialogues
    (account, waiting DESC, CASE waiting WHEN 1 THEN asked_at ELSE -asked_at END, person)""",
    """CREATE TABLE answers (
        topic TEXT NOT NULL,
        seq INTEGER NOT NULL,
        by TEXT NOT NULL,
        PRIMARY KEY (topic, seq)
    ) STRICT, WITHOUT ROWID""",
    # Reads and public shares are counted once a day for each person, by a keyed digest; the key lives as long as its
    # day, and the digests go with it. What stays are numbers.
    """CREATE TABLE day_keys (
        day TEXT PRIMARY KEY,
        key BLOB NOT NULL
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE counted (
        digest BLOB PRIMARY KEY
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE figures (
        account TEXT NOT NULL,
        day TEXT NOT NULL, -- YYYY-MM-DD, in the server's time zone.
        seq INTEGER NOT NULL,
        reads INTEGER NOT NULL DEFAULT 0,
        shares INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (account, day, seq)
    ) STRICT, WITHOUT ROWID""",
)
