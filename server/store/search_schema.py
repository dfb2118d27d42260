"""The index of the public side: what can be found, and the triggers by which it learns that something has changed.

Whatever code changes a row, the file notes what may be found otherwise now; the writer looks at what is noted before it
commits (server.store.search), so the index says what is in force, never more, in every snapshot.
"""

SEARCH_TABLES = (
    # What there is to find, in the words it is compared by. `seq`: of an article, its first version's; else 0.
    """CREATE TABLE searched (
        doc INTEGER PRIMARY KEY,
        kind TEXT NOT NULL CHECK (kind IN ('account', 'article', 'group')),
        topic TEXT NOT NULL,
        seq INTEGER NOT NULL,
        name TEXT NOT NULL,
        words TEXT NOT NULL,
        UNIQUE (topic, kind, seq)
    ) STRICT""",
    # The same, in threes of characters (server.store.trigrams). What FTS5 keeps of their beginnings answers for queries
    # of one and of two characters.
    """CREATE VIRTUAL TABLE trigrams USING fts5(
        name, words, kind, content = '', tokenize = 'ascii', prefix = '1 2'
    )""",
    """CREATE TABLE unsearched (
        kind TEXT NOT NULL,
        topic TEXT NOT NULL,
        seq INTEGER NOT NULL,
        PRIMARY KEY (topic, kind, seq)
    ) STRICT, WITHOUT ROWID""",
    # That the index still holds what has been erased, until it is rewritten: something was erased, perhaps just now; it
    # was in a commit that is over; the index is being rewritten because of it. Any of them may be so at the same time.
    """CREATE TABLE scrubbing (
        state TEXT PRIMARY KEY CHECK (state IN ('erased', 'due', 'under way'))
    ) STRICT, WITHOUT ROWID""",
    """CREATE TRIGGER profiles_are_searched AFTER INSERT ON entries WHEN NEW.kind = 'profile'
    BEGIN INSERT OR IGNORE INTO unsearched VALUES ('account', NEW.topic, 0); END""",
    """CREATE TRIGGER articles_are_searched AFTER INSERT ON articles
    BEGIN INSERT OR IGNORE INTO unsearched VALUES ('article', NEW.topic, NEW.root); END""",
    """CREATE TRIGGER groups_are_searched AFTER UPDATE OF listed, name, listing, seats ON topics
    WHEN NEW.kind = 'group' AND (NEW.listed OR OLD.listed) AND (NEW.listed <> OLD.listed OR NEW.name IS NOT OLD.name
        OR NEW.listing IS NOT OLD.listing OR (NEW.seats > 0) <> (OLD.seats > 0))
    BEGIN INSERT OR IGNORE INTO unsearched VALUES ('group', NEW.topic, 0); END""",
    """CREATE TRIGGER states_are_searched AFTER UPDATE OF state ON accounts WHEN NEW.state <> OLD.state
    BEGIN
        INSERT OR IGNORE INTO unsearched VALUES ('account', NEW.topic, 0);
        INSERT OR IGNORE INTO unsearched SELECT 'article', topic, root FROM articles WHERE topic = NEW.topic;
    END""",
    """CREATE TRIGGER what_is_taken_away_is_searched AFTER UPDATE OF withdrawn, erased ON entries
    WHEN NEW.withdrawn <> OLD.withdrawn OR NEW.erased <> OLD.erased
    BEGIN
        INSERT OR IGNORE INTO unsearched SELECT 'account', NEW.topic, 0 WHERE NEW.kind = 'profile';
        INSERT OR IGNORE INTO unsearched
            SELECT 'article', topic, root FROM articles WHERE topic = NEW.topic AND seq = NEW.seq;
        INSERT OR IGNORE INTO scrubbing SELECT 'erased' WHERE NEW.erased AND EXISTS (
            SELECT 1 FROM searched WHERE topic = NEW.topic AND kind IN ('account', 'article'));
    END""",
    # What there is already, in a store from before.
    "INSERT INTO unsearched SELECT 'account', topic, 0 FROM accounts",
    "INSERT OR IGNORE INTO unsearched SELECT 'article', topic, root FROM articles",
    "INSERT INTO unsearched SELECT 'group', topic, 0 FROM topics WHERE kind = 'group' AND listed",
)
