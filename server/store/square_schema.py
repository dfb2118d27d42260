"""The tables of squares and of what is said under what is public. In the public store only.

What is said there are entries like all that is published, in a topic for each root, which no reader is told of. These
tables say under what a comment is, what it answers, and to whom it is shown.
"""

SQUARE_TABLES: tuple[str, ...] = (
    # Somebody has a card and a square, and each of them is theirs alone.
    "DROP INDEX chats",
    "CREATE UNIQUE INDEX chats ON topics (one_peer, other_peer, kind) WHERE one_peer IS NOT NULL",
    # What a timeline is made of: the posts in force, by author.
    """CREATE INDEX posts ON entries (sender, at, topic, seq)
    WHERE kind = 'post' AND NOT erased AND NOT withdrawn""",
    # `topic`: NULL until something is said there.
    """CREATE TABLE threads (
        root_topic TEXT NOT NULL,
        root_seq INTEGER NOT NULL,
        topic TEXT UNIQUE,
        choice TEXT NOT NULL DEFAULT 'everyone' CHECK (choice IN ('off', 'everyone', 'selected')),
        PRIMARY KEY (root_topic, root_seq)
    ) STRICT, WITHOUT ROWID""",
    # `answered`: who wrote what it answers. The last three are worked out from the others, and from the entries:
    # `in_force`: that it is, and all that it answers; `author_of_all`: who alone wrote it and all of that;
    # `unselected`: who alone wrote what of it and of that is not selected. '': nobody; '*': several.
    """CREATE TABLE comments (
        comment TEXT PRIMARY KEY,
        topic TEXT NOT NULL,
        seq INTEGER NOT NULL,
        root_topic TEXT NOT NULL,
        root_seq INTEGER NOT NULL,
        author TEXT NOT NULL,
        at INTEGER NOT NULL,
        answers TEXT REFERENCES comments (comment),
        answered TEXT,
        selected INTEGER NOT NULL DEFAULT 0,
        in_force INTEGER NOT NULL DEFAULT 1,
        author_of_all TEXT NOT NULL,
        unselected TEXT NOT NULL,
        UNIQUE (topic, seq),
        CHECK ((answers IS NULL) = (answered IS NULL))
    ) STRICT, WITHOUT ROWID""",
    # Whoever sees which of them, there is an index in which those and no others stand in order, and can be counted.
    "CREATE INDEX comments_in_force ON comments (topic, in_force, seq)",
    "CREATE INDEX comments_unselected ON comments (topic, in_force, unselected, seq)",
    "CREATE INDEX comments_of_one ON comments (topic, in_force, author_of_all, seq)",
    "CREATE INDEX comments_answering ON comments (answers) WHERE answers IS NOT NULL",
    "CREATE INDEX comments_on ON comments (root_topic, at, comment) WHERE in_force",
    "CREATE INDEX comments_to ON comments (answered, at, comment) WHERE in_force AND answered IS NOT NULL",
    """CREATE TRIGGER comments_are_entries BEFORE INSERT ON comments
    WHEN EXISTS (SELECT 1 FROM comments WHERE comment = NEW.comment OR (topic = NEW.topic AND seq = NEW.seq))
    OR NOT EXISTS (
        SELECT 1 FROM entries WHERE topic = NEW.topic AND seq = NEW.seq AND kind = 'comment' AND sender = NEW.author)
    OR NOT EXISTS (SELECT 1 FROM threads
        WHERE topic = NEW.topic AND root_topic = NEW.root_topic AND root_seq = NEW.root_seq)
    OR (NEW.answers IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM comments WHERE comment = NEW.answers AND topic = NEW.topic AND seq < NEW.seq))
    BEGIN SELECT RAISE(ABORT, 'a comment that was never published'); END""",
    """CREATE TRIGGER comments_stay_where_they_are BEFORE UPDATE OF comment, topic, seq, root_topic, root_seq, author,
    at, answers, answered, author_of_all ON comments
    BEGIN SELECT RAISE(ABORT, 'a comment does not change'); END""",
    """CREATE TRIGGER comments_are_kept BEFORE DELETE ON comments
    BEGIN SELECT RAISE(ABORT, 'a comment is erased, and its row is kept'); END""",
    "ALTER TABLE submissions ADD COLUMN root_topic TEXT",  # Of a comment: what it is under.
    "ALTER TABLE submissions ADD COLUMN root_seq INTEGER",
    "ALTER TABLE submissions ADD COLUMN answers TEXT",
)
