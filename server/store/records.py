"""Decisions and leaves, written down: every decision with all its parts, each beside its leaf of the audit log."""

import sqlite3
from typing import Protocol

import msgspec

from compliance import leaves
from compliance.bench import Bench
from compliance.ruling import Grounds
from protocol.decisions import Decision, DecisionKind
from protocol.ids import DecisionId, Seq, SubmissionId, TopicId, new_id
from server.store.audit import AuditLog

_DECIDE = """
INSERT INTO decisions (decision, submission, kind, ground, clause, bottom_line, agreement, places, facts, by, automated,
    at, until, appeal, leaf) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_VERDICTS = "SELECT leaf FROM leaves WHERE submission = ? AND kind = 'verdict' ORDER BY number"
_TAKEN_BACK = "SELECT leaf FROM leaves WHERE submission = ? AND kind = 'taken_back'"


class Subject(Protocol):
    """What a decision is about: a submission, or the application for a public account."""

    @property
    def submission(self) -> SubmissionId:
        """What it is filed under."""

    @property
    def content(self) -> bytes | None:
        """The words that its leaf is bound to."""

    @property
    def salt(self) -> bytes | None:
        """What they are bound by."""

    @property
    def told(self) -> tuple[TopicId | None, Seq | None]:
        """The topic and the entry by which one is told where it is."""


class Records:
    """What is kept of what was said and decided, through the writer's connection, in the writer's transaction."""

    def __init__(self, connection: sqlite3.Connection, audit: AuditLog) -> None:
        self._connection = connection
        self._audit = audit

    def decide(
        self,
        row: Subject,
        kind: DecisionKind,
        why: Grounds,
        at: int,
        bench: Bench,
        *,
        automated: bool,
        until: int | None = None,
    ) -> DecisionId:
        """Write a decision down with all its parts, and its leaf; return its id."""
        ground = bench.ground(why.ground)
        decision = Decision(
            decision=DecisionId(new_id()),
            kind=kind,
            ground=why.ground,
            clause=ground.clause,
            bottom_line=bench.bottom_line(ground),
            agreement=bench.agreement.version if bench.agreement else "",
            where=why.where,
            facts=why.facts or bench.said(ground.titles),
            by=why.by,
            automated=automated,
            at=at,
            until=until,
            appeal=bench.said(bench.pack.appeal),
            leaf=0,
        )
        assert row.salt is not None
        leaf = self.leave(
            leaves.decided(
                decision,
                submission=row.submission,
                commitment=commitment(row),
                facts=leaves.commitment(row.salt, decision.facts.encode()),
                topic=row.told[0],
                seq=row.told[1],
            )
        )
        self._connection.execute(
            _DECIDE,
            (
                decision.decision,
                row.submission,
                decision.kind.value,
                decision.ground,
                decision.clause,
                decision.bottom_line,
                decision.agreement,
                msgspec.json.encode(decision.where, order="sorted").decode(),
                decision.facts,
                decision.by,
                decision.automated,
                decision.at,
                decision.until,
                decision.appeal,
                leaf,
            ),
        )
        return decision.decision

    def taken_back(self, submission: SubmissionId) -> str:
        """Return what binds leaves to the content of a submission whose words its author has taken back."""
        leaf: bytes = self._connection.execute(_TAKEN_BACK, (submission,)).fetchone()[0]
        bound: str = leaves.read(leaf)["commitment"]
        return bound

    def labelled_by(self, submission: SubmissionId) -> str:
        """Return the hooks that gave a submission labels, each with its version."""
        said = [leaves.read(row[0]) for row in self._connection.execute(_VERDICTS, (submission,))]
        return ", ".join(f"hook {leaf['hook']} {leaf['hook_version']}" for leaf in said if leaf["verdict"] == "label")

    def leave(self, leaf: leaves.Leaf) -> int:
        """Append a leaf to the audit log, and return its number."""
        return self._audit.append(leaf)


def commitment(row: Subject) -> str:
    """Return what binds leaves to the words of a submission, or of an application, without telling them."""
    assert row.salt is not None
    assert row.content is not None
    return leaves.commitment(row.salt, row.content)
