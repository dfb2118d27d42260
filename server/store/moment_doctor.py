"""What must always hold in the private store about moments: that those see them whom they are for, and nobody else."""

from server.store.circles import named
from server.store.doctor import Invariant

# The stretch that the time of the moment `m` is in, of those that are not for the person `w`.
_STRETCH = "s.person = w.value AND s.author = m.author AND s.since <= m.at AND s.until >= m.at"

MOMENT_INVARIANTS = (
    Invariant(
        "moment {0} is by {1}, who does not exist",
        "SELECT moment, author FROM moments WHERE author NOT IN (SELECT person FROM people)",
    ),
    Invariant(
        "moment {0} is deleted, but whom it was for is still there",
        "SELECT moment FROM moments WHERE body IS NULL AND (listed IS NOT NULL OR without <> '[]')",
    ),
    Invariant(
        "moment {0} is for {1}, who is not shown it",
        f"""
        SELECT m.moment, w.value FROM moments AS m JOIN json_each(m.listed) AS w
        LEFT JOIN moments_for AS f ON f.person = w.value AND f.author = m.author AND f.at = m.at
        WHERE m.body IS NOT NULL AND NOT {named("m.without", "w.value")} AND f.moment IS NOT m.moment
        """,
    ),
    Invariant(
        "person {1} is shown moment {0}, which is not for them",
        f"""
        SELECT f.moment, f.person FROM moments_for AS f LEFT JOIN moments AS m ON m.moment = f.moment
            AND m.author = f.author AND m.at = f.at AND m.body IS NOT NULL
        WHERE m.listed IS NULL OR NOT {named("m.listed", "f.person")} OR {named("m.without", "f.person")}
        """,
    ),
    Invariant(
        "person {1} is shown moment {0}, which is for all but them",
        f"""
        SELECT m.moment, w.value FROM moments AS m JOIN json_each(m.without) AS w
        WHERE m.reach = 'all' AND NOT EXISTS (SELECT 1 FROM withheld AS s WHERE {_STRETCH})
        """,
    ),
    Invariant(
        "moment {0} is for all friends, but {1} is not shown it",
        f"""
        SELECT m.moment, s.person FROM withheld AS s JOIN moments AS m
            ON m.author = s.author AND m.reach = 'all' AND m.at BETWEEN s.since AND s.until
        WHERE NOT {named("m.without", "s.person")}
        """,
    ),
    Invariant(
        "of {1}, person {0} is not shown a stretch in which there is no moment",
        """
        SELECT s.person, s.author FROM withheld AS s WHERE NOT EXISTS (
            SELECT 1 FROM moments WHERE author = s.author AND reach = 'all' AND at BETWEEN s.since AND s.until
        )
        """,
    ),
    Invariant(
        "of {1}, person {0} is not shown two stretches that overlap, so what is in both may be shown",
        """
        SELECT s.person, s.author FROM withheld AS s JOIN withheld AS t
            ON t.person = s.person AND t.author = s.author AND t.since > s.since AND t.since <= s.until
        """,
    ),
)
