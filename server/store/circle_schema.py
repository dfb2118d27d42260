"""The tables of contacts, moments and what is said under them. In the private store only.

How two people stand to each other is two rows, one of each: what one of them does changes the other's row only where
the other is to learn of it.
"""

CIRCLE_TABLES = (
    "ALTER TABLE people ADD COLUMN card BLOB NOT NULL DEFAULT x''",
    "ALTER TABLE people ADD COLUMN contact_mark INTEGER NOT NULL DEFAULT 0",  # Rises with every change of theirs.
    "ALTER TABLE people ADD COLUMN notices_read INTEGER NOT NULL DEFAULT 0",
    """CREATE TABLE contacts (
        person TEXT NOT NULL,
        contact TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('none', 'asked', 'asking', 'contact')),
        at INTEGER NOT NULL,
        until INTEGER,
        greeting BLOB NOT NULL DEFAULT x'',
        remark BLOB NOT NULL DEFAULT x'',
        hides_mine INTEGER NOT NULL DEFAULT 0,
        hides_theirs INTEGER NOT NULL DEFAULT 0,
        changed INTEGER NOT NULL, -- people.contact_mark when this row last changed for its person.
        PRIMARY KEY (person, contact),
        CHECK ((state IN ('asked', 'asking')) = (until IS NOT NULL)),
        CHECK (person <> contact)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX contacts_changed ON contacts (person, changed)",
    "CREATE INDEX contacts_ending ON contacts (until, state DESC) WHERE until IS NOT NULL",
    # Whom a moment is for: `listed`, the ids of those friends as a JSON array, NULL for all; not for those in another,
    # `without`. It only ever becomes for fewer. One that is deleted keeps its row for a repeat of its cid, and no body.
    """CREATE TABLE moments (
        moment TEXT PRIMARY KEY,
        author TEXT NOT NULL,
        at INTEGER NOT NULL,
        cid BLOB NOT NULL,
        digest BLOB NOT NULL,
        body BLOB,
        listed TEXT,
        without TEXT NOT NULL DEFAULT '[]',
        reach TEXT NOT NULL, -- For an index: one that SQLite derives itself is not answered from.
        UNIQUE (cid, author),
        UNIQUE (author, at),
        CHECK (reach = CASE WHEN body IS NULL THEN 'none' WHEN listed IS NULL THEN 'all' ELSE 'some' END)
    ) STRICT, WITHOUT ROWID""",
    # Those of one author that are for all friends lie together, and what is asked of them is answered without the rows.
    "CREATE INDEX moments_of ON moments (author, reach, at)",
    # What follows from whom moments are for: those that name a person; and of those for all friends, stretches that are
    # not for a person.
    """CREATE TABLE moments_for (
        person TEXT NOT NULL,
        author TEXT NOT NULL,
        at INTEGER NOT NULL,
        moment TEXT NOT NULL,
        PRIMARY KEY (person, author, at)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE withheld (
        person TEXT NOT NULL,
        author TEXT NOT NULL,
        since INTEGER NOT NULL, -- The time of the first of them.
        until INTEGER NOT NULL, -- The time of the last.
        PRIMARY KEY (person, author, since),
        CHECK (since <= until)
    ) STRICT, WITHOUT ROWID""",
    # `chain`: the ids of all who wrote what it answers, and of its own author, as a JSON array; to a stranger to one of
    # them it is not shown.
    """CREATE TABLE comments (
        comment TEXT PRIMARY KEY,
        moment TEXT NOT NULL,
        author TEXT NOT NULL,
        at INTEGER NOT NULL,
        cid BLOB NOT NULL,
        digest BLOB NOT NULL,
        answers TEXT,
        chain TEXT NOT NULL,
        body BLOB,
        UNIQUE (cid, author)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX comments_of ON comments (moment, at, comment) WHERE body IS NOT NULL",
    "CREATE INDEX comments_answering ON comments (answers) WHERE answers IS NOT NULL",
    # Of what is private and of what is public alike: who likes what is told to nobody but their friends. `root`: the id
    # of a moment, or topic and seq of what is public, with a colon between.
    """CREATE TABLE likes (
        root TEXT NOT NULL,
        person TEXT NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (root, person)
    ) STRICT, WITHOUT ROWID""",
    # A reference: what it refers to is looked up, and whether one may see it, whenever it is read.
    """CREATE TABLE notices (
        person TEXT NOT NULL,
        at INTEGER NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('like', 'comment', 'answer')),
        moment TEXT NOT NULL,
        comment TEXT NOT NULL DEFAULT '',
        by TEXT NOT NULL,
        PRIMARY KEY (person, at, kind, moment, comment, by)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX notices_of ON notices (moment)",
)
