"""What one has submitted for publication from this device, and the last that is known of it.

All of it can be had from the server again; here it lets a process learn what came of what another one sent.
"""

import sqlite3

import msgspec

from protocol.decisions import Submission, SubmissionState
from protocol.ids import Cid
from protocol.public import Submitted

KEPT = 200  # The newest; the words of those before are not kept here.
_UNDECIDED = frozenset({SubmissionState.WAITING, SubmissionState.HELD})


def plain(submitted: Submitted) -> Submission:
    """Return what a list says of a submission as its author is told of it otherwise."""
    return Submission(**{name: getattr(submitted, name) for name in Submission.__struct_fields__})


class Submissions:
    """The submissions one profile knows of, in the cache's database."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._decoder = msgspec.msgpack.Decoder(Submission)

    def put(self, submission: Submission) -> bool:
        """Take in what is said of a submission; say whether it is news. What is decided is never undecided again."""
        before = self.of(submission.cid)
        if before == submission:
            return False
        if before is not None and submission.state in _UNDECIDED and _is_older(submission, before):
            return False
        self._database.execute(
            "INSERT INTO submissions (cid, number, submission)"
            " VALUES (?, (SELECT coalesce(max(number), 0) + 1 FROM submissions), ?)"
            " ON CONFLICT DO UPDATE SET submission = excluded.submission",
            (submission.cid, msgspec.msgpack.encode(submission)),
        )
        self._database.execute(
            "DELETE FROM submissions WHERE number <= (SELECT max(number) FROM submissions) - ?", (KEPT,)
        )
        return True

    def of(self, cid: Cid) -> Submission | None:
        """Return what is known of what was submitted as `cid`."""
        row = self._database.execute("SELECT submission FROM submissions WHERE cid = ?", (cid,)).fetchone()
        return self._decoder.decode(row[0]) if row else None

    def undecided(self) -> list[Submission]:
        """Return what waits for a decision, as far as this device knows, oldest first."""
        rows = self._database.execute("SELECT submission FROM submissions ORDER BY number")
        known = (self._decoder.decode(row[0]) for row in rows)
        return [submission for submission in known if submission.state in _UNDECIDED]


def _is_older(new: Submission, known: Submission) -> bool:
    """Say whether `new`, undecided, was said before `known`: it came late, by another way."""
    return known.state is not SubmissionState.WAITING and new.state is not known.state
