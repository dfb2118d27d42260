"""What must always hold in a store, as queries that find where it does not. One snapshot; nothing is changed."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from protocol.entries import COUNTABLE, Kind
from server.store.rows import LAST

MOST = 20  # Findings of one kind: after that, the rest is only counted.

_KINDS = ", ".join(f"'{kind.value}'" for kind in Kind)
_COUNTABLE = ", ".join(f"'{kind.value}'" for kind in sorted(COUNTABLE))


@dataclass(frozen=True, slots=True)
class Invariant:
    """`sql` finds the rows that break it; `sentence` says it of one row."""

    sentence: str
    sql: str


INVARIANTS = (
    Invariant(
        "topic {0} has {1} entries numbered {2} to {3}; they should run from 1 without a hole",
        """
        SELECT topic, count(*), min(seq), max(seq) FROM entries
        GROUP BY topic HAVING min(seq) <> 1 OR max(seq) <> count(*)
        """,
    ),
    Invariant(
        "topic {0}, entry {1}: nth is {2}, but {3} messages have been said by then",
        f"""
        SELECT topic, seq, nth, said FROM (
            SELECT topic, seq, nth, sum(kind IN ({_COUNTABLE})) OVER (PARTITION BY topic ORDER BY seq) AS said
            FROM entries
        ) WHERE nth <> said
        """,
    ),
    Invariant(
        "topic {0} has entries but does not exist",
        "SELECT DISTINCT topic FROM entries WHERE topic NOT IN (SELECT topic FROM topics)",
    ),
    Invariant(
        "topic {0} has no entry; a topic begins with one",
        f"SELECT t.topic FROM topics AS t {LAST} WHERE last.seq IS NULL AND t.kind <> 'account'",
    ),
    Invariant(
        "topic {0} is of the {1} side, which is not this store's",
        "SELECT topic, side FROM topics WHERE side <> (SELECT value FROM meta WHERE key = 'side')",
    ),
    Invariant("topic {0} has generation {1}", "SELECT topic, generation FROM topics WHERE generation < 1"),
    Invariant(
        "topic {0}, entry {1} is of an unknown kind",
        f"SELECT topic, seq FROM entries WHERE kind NOT IN ({_KINDS})",
    ),
    Invariant(
        "topic {0}, entry {1} is erased but has a body",
        "SELECT topic, seq FROM entries WHERE erased AND body IS NOT NULL",
    ),
    Invariant(
        "topic {0}, entry {1} is a message without a body",
        "SELECT topic, seq FROM entries WHERE kind = 'message' AND NOT erased AND body IS NULL",
    ),
    Invariant(
        "topic {0}, entry {1} was recalled, or is about one that was, but is not erased",
        """
        SELECT e.topic, e.seq FROM entries AS recall JOIN entries AS e ON e.topic = recall.topic
            AND (e.seq = recall.target OR (e.target = recall.target AND e.kind IN ('edit', 'reaction')))
        WHERE recall.kind = 'recall' AND NOT e.erased
        """,
    ),
    Invariant(
        "topic {0}, entry {1} is about entry {2}, which does not come before it",
        """
        SELECT topic, seq, target FROM entries WHERE target >= seq OR (target IS NOT NULL AND NOT EXISTS
            (SELECT 1 FROM entries AS about WHERE about.topic = entries.topic AND about.seq = entries.target))
        """,
    ),
    Invariant(
        "topic {0}, entry {1} is hidden from {2}, who is not the other one of a chat",
        """
        SELECT e.topic, e.seq, e.hidden_from FROM entries AS e JOIN topics AS t ON t.topic = e.topic
        WHERE e.hidden_from IS NOT NULL AND (e.hidden_from = e.sender OR t.one_peer IS NULL
            OR e.hidden_from NOT IN (t.one_peer, t.other_peer))
        """,
    ),
    Invariant(
        "topic {0}, entry {1}: its cid is not on record for its sender, so a repeat would be stored twice",
        """
        SELECT e.topic, e.seq FROM entries AS e LEFT JOIN cids AS c ON c.cid = e.cid AND c.sender = e.sender
        WHERE c.topic IS NOT e.topic OR c.seq IS NOT e.seq
        """,
    ),
    Invariant(
        "a cid of {0} is on record for topic {1}, entry {2}, which has another",
        """
        SELECT c.sender, c.topic, c.seq FROM cids AS c LEFT JOIN entries AS e ON e.topic = c.topic AND e.seq = c.seq
        WHERE c.seq > 0 AND (e.cid IS NOT c.cid OR e.sender IS NOT c.sender) -- 0: an application's, which has none.
        """,
    ),
    Invariant(
        "person {1} stands to topic {0}, which does not exist",
        "SELECT topic, person FROM members WHERE topic NOT IN (SELECT topic FROM topics)",
    ),
    Invariant(
        "person {1} of topic {0} does not exist",
        "SELECT topic, person FROM members WHERE person NOT IN (SELECT person FROM people)",
    ),
    Invariant(
        "person {1} of topic {0} sees it from {2} on and came with {3}, but it has {4} entries",
        f"""
        SELECT m.topic, m.person, m.start, m.since, last.seq
        FROM members AS m JOIN topics AS t ON t.topic = m.topic {LAST}
        WHERE m.start NOT BETWEEN 0 AND last.seq + 1 OR m.since NOT BETWEEN 0 AND last.seq
        """,
    ),
    Invariant(
        "person {1} of topic {0} has read to {2}, which is not between their start {3} and the head {4}",
        f"""
        SELECT m.topic, m.person, m.read, m.start, last.seq
        FROM members AS m JOIN topics AS t ON t.topic = m.topic {LAST}
        WHERE m.standing = 'member' AND m.read NOT BETWEEN max(m.start - 1, 0) AND last.seq
        """,
    ),
    Invariant(
        "person {1} of topic {0}: unread is counted from {2}, which should be {3}",
        """
        SELECT * FROM (SELECT topic, person, read_nth, ifnull(
            (SELECT nth FROM entries AS e WHERE e.topic = members.topic AND e.seq = members.read), 0
        ) + (
            SELECT count(*) FROM entries AS e WHERE e.topic = members.topic AND e.hidden_from = members.person
            AND e.seq > members.read AND e.kind = 'message'
        ) AS right FROM members WHERE standing = 'member') WHERE read_nth <> right
        """,
    ),
    Invariant(
        "person {1} of topic {0} is shown as having read to {2}, but has read to {3}, or blocks nobody there",
        """
        SELECT m.topic, m.person, m.shown_read, m.read FROM members AS m JOIN topics AS t ON t.topic = m.topic
        WHERE m.shown_read > m.read OR (m.shown_read IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM blocks AS b WHERE b.person = m.person
            AND b.blocked = CASE t.one_peer WHEN m.person THEN t.other_peer ELSE t.one_peer END))
        """,
    ),
    Invariant(
        "person {0} has marks {1}, but one of their topics changed at {2}",
        """
        SELECT p.person, p.marks, max(m.changed) FROM people AS p JOIN members AS m ON m.person = p.person
        GROUP BY p.person HAVING p.marks < max(m.changed)
        """,
    ),
    Invariant(
        "topic {0} counts {1} members and has {2}",
        """
        SELECT topic, seats, (SELECT count(*) FROM members AS m WHERE m.topic = t.topic AND m.standing = 'member')
        FROM topics AS t
        WHERE seats <> (SELECT count(*) FROM members AS m WHERE m.topic = t.topic AND m.standing = 'member')
        """,
    ),
    Invariant(
        "group {0} has members and {1} owners",
        """
        SELECT m.topic, sum(m.role = 'owner') FROM members AS m JOIN topics AS t ON t.topic = m.topic
        WHERE t.kind = 'group' AND m.standing = 'member' GROUP BY m.topic HAVING sum(m.role = 'owner') <> 1
        """,
    ),
    Invariant(
        "chat {0} is not of two people in order",
        """
        SELECT topic FROM topics WHERE (kind IN ('chat', 'dialogue', 'card', 'square')) IS NOT (one_peer IS NOT NULL)
            OR (one_peer IS NULL) IS NOT (other_peer IS NULL) OR one_peer > other_peer
        """,
    ),
    Invariant(
        "person {1} is in chat {0}, which is of two others",
        """
        SELECT m.topic, m.person FROM members AS m JOIN topics AS t ON t.topic = m.topic
        WHERE t.kind = 'chat' AND m.person NOT IN (t.one_peer, t.other_peer)
        """,
    ),
    Invariant(
        "chat {0} has {1} on record for who has spoken, which should be {2}",
        """
        SELECT * FROM (SELECT t.topic, t.spoken, CASE WHEN t.one_peer = t.other_peer THEN 3 ELSE
            EXISTS (SELECT 1 FROM entries AS e WHERE e.topic = t.topic AND e.sender = t.one_peer
                AND e.kind = 'message' AND e.hidden_from IS NULL)
            + 2 * EXISTS (SELECT 1 FROM entries AS e WHERE e.topic = t.topic AND e.sender = t.other_peer
                AND e.kind = 'message' AND e.hidden_from IS NULL)
        END AS right FROM topics AS t WHERE t.kind = 'chat') WHERE spoken <> right
        """,
    ),
    Invariant(
        "device {0} is of person {1}, who does not exist",
        "SELECT device, person FROM devices WHERE person NOT IN (SELECT person FROM people)",
    ),
    Invariant(
        "person {0} blocks {1}; one of them does not exist",
        """
        SELECT person, blocked FROM blocks
        WHERE person NOT IN (SELECT person FROM people) OR blocked NOT IN (SELECT person FROM people)
        """,
    ),
)


def findings(connection: sqlite3.Connection, *more_invariants: Invariant) -> Iterator[str]:
    """Yield a sentence for everything that must not be; `more_invariants`: of one side only."""
    connection.execute("BEGIN")
    for (line,) in connection.execute(f"PRAGMA integrity_check({MOST})"):
        if line != "ok":
            yield f"the file is damaged: {line}"
    for invariant in (*INVARIANTS, *more_invariants):
        more = 0
        for row in connection.execute(invariant.sql):
            more += 1
            if more <= MOST:
                yield invariant.sentence.format(*row)
        if more > MOST:
            yield f"and {more - MOST} more like the last one"
