"""The table of decisions, and how it comes to take more of them than it did.

SQLite changes no CHECK of a table that exists: the table is made anew, with its rows, and with all that it forbids.
"""

from collections.abc import Sequence


def decisions_table(kinds: Sequence[str], about: str) -> tuple[str, ...]:
    """Return the table of decisions with all that it forbids: of one of `kinds`, about what there is by `about`."""
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    return (
        f"""CREATE TABLE decisions (
            number INTEGER PRIMARY KEY,
            decision TEXT NOT NULL UNIQUE,
            submission TEXT NOT NULL,
            kind TEXT NOT NULL CHECK (kind IN ({listed})),
            ground TEXT NOT NULL CHECK (trim(ground) <> ''),
            clause TEXT NOT NULL CHECK (trim(clause) <> ''),
            bottom_line TEXT NOT NULL,
            agreement TEXT NOT NULL,
            places TEXT NOT NULL CHECK (json_valid(places) AND json_type(places) = 'array'),
            facts TEXT NOT NULL CHECK (trim(facts) <> ''),
            by TEXT NOT NULL CHECK (trim(by) <> ''),
            automated INTEGER NOT NULL CHECK (automated IN (0, 1)),
            at INTEGER NOT NULL,
            until INTEGER CHECK (kind <> 'hold' OR ifnull(until > at, 0)), -- What is NULL would pass a CHECK.
            appeal TEXT NOT NULL CHECK (trim(appeal) <> ''),
            leaf INTEGER NOT NULL UNIQUE REFERENCES leaves (number)
        ) STRICT""",
        "CREATE INDEX decisions_about ON decisions (submission, number)",
        # INSERT OR REPLACE deletes without asking the triggers of DELETE, so what is inserted is looked at, here and
        # wherever something stays.
        """CREATE TRIGGER decisions_once BEFORE INSERT ON decisions
        WHEN EXISTS (SELECT 1 FROM decisions WHERE number = NEW.number OR decision = NEW.decision OR leaf = NEW.leaf)
        BEGIN SELECT RAISE(ABORT, 'a decision does not change'); END""",
        f"""CREATE TRIGGER decisions_are_about_something BEFORE INSERT ON decisions
        WHEN NOT ({about})
        BEGIN SELECT RAISE(ABORT, 'a decision about nothing'); END""",
        # What a leaf says of a decision the decision says, too. Facts are only bound by it, and the appeal is not in
        # it.
        """CREATE TRIGGER decisions_have_a_leaf BEFORE INSERT ON decisions
        WHEN NOT EXISTS (
            SELECT 1 FROM (SELECT CAST(leaf AS TEXT) AS says FROM leaves
                WHERE number = NEW.leaf AND kind = 'decision' AND submission = NEW.submission)
            WHERE json_extract(says, '$.decision') IS NEW.decision
            AND json_extract(says, '$.kind') IS NEW.kind
            AND json_extract(says, '$.ground') IS NEW.ground
            AND json_extract(says, '$.clause') IS NEW.clause
            AND ifnull(json_extract(says, '$.bottom_line'), '') IS NEW.bottom_line
            AND ifnull(json_extract(says, '$.agreement'), '') IS NEW.agreement
            AND json_extract(says, '$.where') IS NEW.places
            AND json_extract(says, '$.by') IS NEW.by
            AND json_extract(says, '$.automated') IS NEW.automated
            AND json_extract(says, '$.at') IS NEW.at
            AND json_extract(says, '$.until') IS NEW.until
        )
        BEGIN SELECT RAISE(ABORT, 'a decision without its leaf'); END""",
        """CREATE TRIGGER decisions_stay BEFORE UPDATE ON decisions
        BEGIN SELECT RAISE(ABORT, 'a decision does not change'); END""",
        """CREATE TRIGGER decisions_are_kept BEFORE DELETE ON decisions
        BEGIN SELECT RAISE(ABORT, 'a decision is kept'); END""",
    )


def decisions_table_anew(kinds: Sequence[str], about: str) -> tuple[str, ...]:
    """Return what makes an older table of decisions take those of `kinds`, about what there is by `about`."""
    table, *forbidden = decisions_table(kinds, about)
    return (
        "CREATE TABLE decisions_before AS SELECT * FROM decisions",
        "DROP TABLE decisions",
        table,
        "INSERT INTO decisions SELECT * FROM decisions_before",
        "DROP TABLE decisions_before",
        *forbidden,
    )
